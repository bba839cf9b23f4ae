//! What can be wrong with a key or a token.

use crate::Algorithm;

/// Why a key or a token is refused. Messages name the claim or the member; they never repeat a token or a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoseError {
    /// Larger than accepted.
    #[error("the {what} is larger than {limit} bytes")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Bytes accepted.
        limit: usize,
    },
    /// Not of the form `header.claims.signature` with JSON objects in base64url.
    #[error("not a signed token in compact form: {0}")]
    Malformed(&'static str),
    /// An algorithm that does not exist here.
    #[error("the algorithm '{0}' is not accepted: sign with RS256, RS384, PS256, ES256, ES384 or EdDSA")]
    Algorithm(String),
    /// An algorithm that exists, but not for this use.
    #[error("the algorithm {0} is not among those accepted here")]
    AlgorithmNotAllowed(Algorithm),
    /// The header asks for what is not understood here (`crit`, RFC 7515 section 4.1.11).
    #[error("the header's 'crit' names extensions that are not understood here")]
    Critical,
    /// `typ` is not the expected one.
    #[error("the token is of type '{found}', expected '{expected}'")]
    Type {
        /// Its `typ`.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// No key of the set can have made the token.
    #[error("no key '{kid}' for {algorithm} among the keys of the signer: has it published its keys?")]
    NoKey {
        /// `kid` of the header, or `-`.
        kid: String,
        /// `alg` of the header.
        algorithm: Algorithm,
    },
    /// The signature does not fit.
    #[error("the signature does not fit the token and the signer's key")]
    Signature,
    /// A claim is missing.
    #[error("the claim '{0}' is missing")]
    Missing(String),
    /// A claim has a value that is not accepted.
    #[error("the claim '{claim}' is not accepted: {why}")]
    Claim {
        /// Which.
        claim: String,
        /// Why, and what would be.
        why: String,
    },
    /// `exp` has passed.
    #[error("the token has expired ({ago_s} s ago)")]
    Expired {
        /// Seconds since it expired.
        ago_s: i64,
    },
    /// `nbf` or `iat` lie ahead.
    #[error("the token is not valid yet: '{claim}' is {ahead_s} s ahead of this clock")]
    NotYet {
        /// `nbf` or `iat`.
        claim: &'static str,
        /// Seconds ahead.
        ahead_s: i64,
    },
    /// A key cannot be used.
    #[error("the key cannot be used: {0}")]
    Key(String),
    /// Making a key or a signature failed.
    #[error("the cryptographic library failed to {0}")]
    Crypto(&'static str),
}

impl JoseError {
    pub(crate) fn claim(claim: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Claim {
            claim: claim.into(),
            why: why.into(),
        }
    }
}
