//! The internal identity token: who acts, signed with the key that the nodes of one installation share.
//! Form: `sit1.<base64url JSON>.<base64url HMAC-SHA256>`.

use crate::{Actor, SigningKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::sync::Arc;
use store::Clock;

/// How long a token is good for. It only has to survive one call between two nodes.
const LIFETIME: SignedDuration = SignedDuration::from_mins(5);
/// How far the clocks of two nodes may differ.
const SKEW: SignedDuration = SignedDuration::from_secs(30);
/// Longest token accepted, bytes.
const MAX_LEN: usize = 4096;
const PREFIX: &str = "sit1.";

#[derive(Serialize, Deserialize)]
struct Claims {
    actor: Actor,
    /// Issued at, seconds since epoch.
    iat: i64,
    /// Expires, seconds since epoch.
    exp: i64,
}

/// Makes and checks internal identity tokens.
#[derive(Clone)]
pub struct Tokens {
    mac: Hmac<Sha256>,
    clock: Arc<dyn Clock>,
}

/// Why a token was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token of ours.
    #[error("malformed token")]
    Malformed,
    /// Signed with another key, or changed.
    #[error("the token's signature is not ours: do all nodes share the same key file?")]
    Signature,
    /// Too old, or from the future.
    #[error("the token has expired or comes from a clock that is ahead")]
    Expired,
}

impl Tokens {
    /// Tokens signed with `key`.
    pub fn new(key: &SigningKey, clock: Arc<dyn Clock>) -> Self {
        let mac = Hmac::new_from_slice(key.bytes()).expect("HMAC takes a key of any length");
        Self { mac, clock }
    }

    /// A token that says `actor` acts.
    pub fn issue(&self, actor: &Actor) -> String {
        let now = self.clock.now().as_second();
        let claims = Claims {
            actor: actor.clone(),
            iat: now,
            exp: now + LIFETIME.as_secs(),
        };
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims).expect("claims serialise"));
        let signature = URL_SAFE_NO_PAD.encode(self.sign(payload.as_bytes()));
        format!("{PREFIX}{payload}.{signature}")
    }

    /// The actor of a token.
    pub fn verify(&self, token: &str) -> Result<Actor, TokenError> {
        if token.len() > MAX_LEN {
            return Err(TokenError::Malformed);
        }
        let rest = token.strip_prefix(PREFIX).ok_or(TokenError::Malformed)?;
        let (payload, signature) = rest.split_once('.').ok_or(TokenError::Malformed)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| TokenError::Malformed)?;
        let mut mac = self.mac.clone();
        mac.update(payload.as_bytes());
        mac.verify_slice(&signature).map_err(|_| TokenError::Signature)?;
        let json = URL_SAFE_NO_PAD.decode(payload).map_err(|_| TokenError::Malformed)?;
        let claims: Claims = serde_json::from_slice(&json).map_err(|_| TokenError::Malformed)?;
        let now = self.clock.now();
        let (issued, expires) = (second(claims.iat)?, second(claims.exp)?);
        if now > expires || issued > now + SKEW {
            return Err(TokenError::Expired);
        }
        Ok(claims.actor)
    }

    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let mut mac = self.mac.clone();
        mac.update(bytes);
        mac.finalize().into_bytes().to_vec()
    }
}

fn second(value: i64) -> Result<Timestamp, TokenError> {
    Timestamp::from_second(value).map_err(|_| TokenError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::ManualClock;

    fn tokens(key: u8) -> (Tokens, Arc<ManualClock>) {
        let clock = Arc::new(ManualClock::new("2026-11-21T08:00:00Z".parse().unwrap()));
        (Tokens::new(&SigningKey::from_bytes([key; 32]), clock.clone()), clock)
    }

    #[test]
    fn a_token_brings_the_actor_back() {
        let (tokens, _) = tokens(1);
        assert_eq!(tokens.verify(&tokens.issue(&Actor::system())).unwrap(), Actor::system());
    }

    #[test]
    fn it_expires_and_is_not_accepted_from_the_future() {
        let (tokens, clock) = tokens(1);
        let token = tokens.issue(&Actor::system());
        clock.advance(SignedDuration::from_mins(6));
        assert_eq!(tokens.verify(&token), Err(TokenError::Expired));
        clock.advance(SignedDuration::from_mins(-12));
        assert_eq!(tokens.verify(&token), Err(TokenError::Expired));
    }

    #[test]
    fn another_key_and_a_changed_payload_are_refused() {
        let (ours, _) = tokens(1);
        let (theirs, _) = tokens(2);
        let token = ours.issue(&Actor::system());
        assert_eq!(theirs.verify(&token), Err(TokenError::Signature));
        let other = ours.issue(&Actor {
            name: "Altro".into(),
            ..Actor::system()
        });
        let (_, signature) = token.rsplit_once('.').unwrap();
        let (body, _) = other.rsplit_once('.').unwrap();
        assert_eq!(ours.verify(&format!("{body}.{signature}")), Err(TokenError::Signature));
        assert_eq!(ours.verify("sit1.zzz"), Err(TokenError::Malformed));
        assert_eq!(ours.verify(&"x".repeat(5000)), Err(TokenError::Malformed));
    }
}
