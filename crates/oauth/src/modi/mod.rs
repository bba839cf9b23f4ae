//! The security patterns of ModI: who the sender is (ID_AUTH_REST_01, and _02 with each token good once), that the body is
//! what was sent (INTEGRITY_REST_01 with certificates, _02 with keys known by `kid`), who asked in the sender's own house
//! (AUDIT_REST_01; _02, with the digest in the voucher, is in [`crate::pdnd`]).
//!
//! Sources: Linee guida sull'interoperabilità tecnica delle Pubbliche Amministrazioni (AgID), document "Pattern di sicurezza",
//! for ID_AUTH_REST_01/02 and INTEGRITY_REST_01. INTEGRITY_REST_02 and AUDIT_REST_01/02 are of the later edition of that
//! document: their header and claim names are as PDND's public manual gives them, `unverified` against the text.
//!
//! Trust is direct: a partner's certificates (or keys) are listed; what is not in the list is nobody. `x5u` is never fetched.

mod evidence;
mod id_auth;
mod integrity;
mod layer;
mod partner;
mod sign;

pub use layer::layer;
pub use partner::{Partner, Trust};
pub use sign::ModiSigner;

use access::BearerError;
use jose::JoseError;

/// `Agid-JWT-Signature`.
pub const SIGNATURE_HEADER: &str = "agid-jwt-signature";
/// Longest life of a token of a partner, seconds: long enough for any request, short enough to remember its `jti`.
pub(crate) const MAX_LIFE_S: i64 = 300;

/// In a request's extensions: its body was signed and the signature fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBody {
    /// Id of the partner who signed it.
    pub partner: String,
}

/// Why a request by these patterns is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModiError {
    /// A header is missing.
    #[error("the header {0} is missing")]
    Missing(&'static str),
    /// A token is not good.
    #[error("{header}: {why}")]
    Token {
        /// Header it came in.
        header: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The body or a signed header is not what was signed.
    #[error("{0}")]
    Changed(String),
    /// The token was used before.
    #[error("{0}: its 'jti' was used before")]
    Replayed(&'static str),
    /// Something of ours failed.
    #[error("it cannot be checked at the moment")]
    Unavailable,
}

impl ModiError {
    pub(crate) fn token(header: &'static str) -> impl Fn(JoseError) -> Self {
        move |error| Self::Token {
            header,
            why: error.to_string(),
        }
    }
}

impl From<crate::OauthError> for ModiError {
    fn from(_: crate::OauthError) -> Self {
        Self::Unavailable
    }
}

impl From<ModiError> for BearerError {
    fn from(error: ModiError) -> Self {
        match error {
            ModiError::Unavailable => Self::Unavailable(error.to_string()),
            other => Self::Invalid(other.to_string()),
        }
    }
}
