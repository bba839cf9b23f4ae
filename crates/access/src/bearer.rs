//! Bearer tokens of clients, checked by whoever issues or knows them. The authorisation server stands above this floor; the
//! guard gets its verifiers as objects.

use crate::Actor;
use async_trait::async_trait;
use http::request::Parts;
use std::sync::Arc;

/// Why a bearer token is refused (RFC 6750 section 3.1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BearerError {
    /// Malformed, expired, revoked, not for us, or used by another than its owner. The text tells the client what to mend.
    #[error("{0}")]
    Invalid(String),
    /// Who could say so cannot be asked at the moment.
    #[error("{0}")]
    Unavailable(String),
}

/// Knows one kind of bearer token.
#[async_trait]
pub trait BearerVerifier: Send + Sync + 'static {
    /// The actor of a token. `Ok(None)`: not of the kind known here, ask the next.
    async fn verify(&self, token: &str, parts: &Parts) -> Result<Option<Actor>, BearerError>;
}

/// The certificate that the caller of this connection proved to hold (mutual TLS). Put into the request's extensions by
/// whoever ends TLS, never taken from a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// DER.
    pub der: Arc<[u8]>,
    /// base64url of its SHA-256 (`x5t#S256`, RFC 8705 section 3.1).
    pub thumbprint: String,
}

impl ClientCertificate {
    /// Of a certificate in DER.
    pub fn new(der: &[u8]) -> Self {
        Self {
            der: der.into(),
            thumbprint: jose::s256(der),
        }
    }
}
