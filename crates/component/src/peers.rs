//! Peers: the same call whether the other side runs in this process or on another machine.

use access::Actor;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where a peer is.
#[derive(Clone)]
pub enum Peer {
    /// In this process: the guarded router.
    Local(axum::Router),
    /// Elsewhere: base URL and client.
    Remote {
        /// Base URL without trailing slash.
        base: String,
        /// HTTP client.
        client: reqwest::Client,
    },
}

/// The known peers by name, and the key that signs the internal identity token.
#[derive(Clone)]
pub struct Peers {
    peers: Arc<BTreeMap<String, Peer>>,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// No such peer.
    #[error("the peer '{0}' is neither in this process nor addressed by --peer {0}=URL")]
    Unknown(String),
    /// It could not be reached.
    #[error("the peer '{peer}' did not answer: {message}")]
    Unreachable {
        /// Peer.
        peer: String,
        /// Reason.
        message: String,
    },
    /// It answered with an error status.
    #[error("{status}: {message}")]
    Status {
        /// HTTP status.
        status: http::StatusCode,
        /// Text for people, from OperationOutcome or problem+json.
        message: String,
    },
    /// It answered with something else than promised.
    #[error("unexpected answer: {0}")]
    Malformed(String),
}

impl Peers {
    /// Calls a peer as `actor` (identity travels as a signed internal token) and returns the whole response.
    pub async fn call(
        &self,
        _peer: &str,
        _actor: &Actor,
        _request: http::Request<Bytes>,
    ) -> Result<http::Response<Bytes>, PeerError> {
        let _ = &self.peers;
        unimplemented!("helper component")
    }
}
