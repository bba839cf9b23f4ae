//! Key sets.

use crate::{Algorithm, JoseError, Jwk};
use serde_json::{Value, json};

/// Largest key set read, bytes.
pub const MAX_JWKS_BYTES: usize = 256 * 1024;
/// Most keys of a set that are looked at.
pub const MAX_KEYS: usize = 100;

/// A JSON Web Key Set: the keys a signer has published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Jwks {
    /// The keys.
    pub keys: Vec<Jwk>,
}

impl Jwks {
    /// Reads a set from its bytes.
    ///
    /// # Errors
    /// See [`Jwks::from_json`].
    pub fn parse(bytes: &[u8]) -> Result<Self, JoseError> {
        if bytes.len() > MAX_JWKS_BYTES {
            return Err(JoseError::TooLarge {
                what: "key set",
                limit: MAX_JWKS_BYTES,
            });
        }
        let value = serde_json::from_slice(bytes).map_err(|_| JoseError::Key("the key set is not JSON".into()))?;
        Self::from_json(&value)
    }

    /// Reads a set. Keys of other kinds or for encryption are left out, as RFC 7517 section 5 asks.
    ///
    /// # Errors
    /// No array `keys`, more than [`MAX_KEYS`], a private key inside.
    pub fn from_json(value: &Value) -> Result<Self, JoseError> {
        let fail = |why: &str| JoseError::Key(why.into());
        let list = value.get("keys").and_then(Value::as_array);
        let list = list.ok_or_else(|| fail("a key set is an object with an array 'keys'"))?;
        if list.len() > MAX_KEYS {
            return Err(fail("a key set has 100 keys at most"));
        }
        let mut keys = vec![];
        for value in list {
            match Jwk::parse(value) {
                Ok(key) => keys.push(key),
                // A secret that was published must be noticed, not passed over.
                Err(error) if error.to_string().contains("private") => return Err(error),
                Err(_) => {}
            }
        }
        Ok(Self { keys })
    }

    /// As published.
    pub fn to_json(&self) -> Value {
        json!({ "keys": self.keys.iter().map(Jwk::to_json).collect::<Vec<_>>() })
    }

    /// Keys that can have made a token with this header.
    pub fn candidates<'a>(
        &'a self,
        algorithm: Algorithm,
        kid: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Jwk> + use<'a> {
        self.keys.iter().filter(move |key| key.may_have_made(algorithm, kid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PrivateKey;

    #[test]
    fn unknown_kinds_are_passed_over_but_secrets_are_not() {
        let good = PrivateKey::generate(Algorithm::ES256).unwrap().public().to_json();
        let set = json!({ "keys": [good, { "kty": "EC", "crv": "secp256k1" }, { "kty": "RSA", "use": "enc" }] });
        assert_eq!(Jwks::from_json(&set).unwrap().keys.len(), 1);
        assert!(Jwks::from_json(&json!({ "keys": [{ "kty": "oct", "k": "AAAA" }] })).is_err());
        assert!(Jwks::from_json(&json!({})).is_err());
        assert!(Jwks::parse(b"[").is_err());
        assert!(Jwks::parse(&vec![b' '; MAX_JWKS_BYTES + 1]).is_err());
        assert!(Jwks::from_json(&json!({ "keys": vec![good; MAX_KEYS + 1] })).is_err());
    }

    #[test]
    fn a_key_is_chosen_by_name_and_kind() {
        let (a, b) = (
            PrivateKey::generate(Algorithm::ES256).unwrap(),
            PrivateKey::generate(Algorithm::EdDSA).unwrap(),
        );
        let set = Jwks {
            keys: vec![a.public().clone(), b.public().clone()],
        };
        assert_eq!(set.candidates(Algorithm::ES256, None).count(), 1);
        assert_eq!(set.candidates(Algorithm::EdDSA, Some(b.kid())).count(), 1);
        assert_eq!(set.candidates(Algorithm::EdDSA, Some(a.kid())).count(), 0);
        assert_eq!(set.candidates(Algorithm::RS256, None).count(), 0);
    }
}
