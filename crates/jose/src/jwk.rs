//! One JSON Web Key (RFC 7517), its public part only.

use crate::{Algorithm, JoseError, PublicKey, base64url, from_base64url, s256};
use serde_json::{Map, Value, json};

/// Longest `kid` kept, bytes.
const MAX_KID: usize = 256;

/// A public key with its name and its use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jwk {
    /// The key.
    pub key: PublicKey,
    /// `kid`.
    pub kid: Option<String>,
    /// `alg`: the one algorithm it may be used with, if stated.
    pub alg: Option<Algorithm>,
}

impl Jwk {
    /// A key named by its thumbprint.
    pub fn new(key: PublicKey, alg: Option<Algorithm>) -> Self {
        let mut jwk = Self { key, kid: None, alg };
        jwk.kid = Some(jwk.thumbprint());
        jwk
    }

    /// Reads a key from JSON.
    ///
    /// # Errors
    /// [`JoseError::Key`]: a kind that is not known here, a private key or a secret (who sends one has made it public), one
    /// for encryption, sizes out of range, an `alg` that does not go with the key.
    pub fn parse(value: &Value) -> Result<Self, JoseError> {
        let fail = |why: &str| JoseError::Key(why.into());
        let members = value.as_object().ok_or_else(|| fail("a JWK is a JSON object"))?;
        for private in ["d", "p", "q", "k"] {
            if members.contains_key(private) {
                return Err(fail(
                    "it holds a private part: publish the public key only, and replace this one",
                ));
            }
        }
        if members.get("use").is_some_and(|v| v != "sig") {
            return Err(fail("its 'use' is not 'sig'"));
        }
        let key = public_key(members)?.checked()?;
        let alg = match members.get("alg").and_then(Value::as_str) {
            Some(name) => Some(Algorithm::named(name)?),
            None => None,
        };
        if alg.is_some_and(|alg| !key.fits(alg)) {
            return Err(fail("its 'alg' does not go with its 'kty'"));
        }
        let kid = members.get("kid").and_then(Value::as_str).map(str::to_owned);
        if kid.as_ref().is_some_and(|kid| kid.len() > MAX_KID) {
            return Err(fail("its 'kid' is longer than 256 bytes"));
        }
        Ok(Self { key, kid, alg })
    }

    /// As published.
    pub fn to_json(&self) -> Value {
        let mut members = self.required_members();
        members.insert("use".into(), json!("sig"));
        if let Some(kid) = &self.kid {
            members.insert("kid".into(), json!(kid));
        }
        if let Some(alg) = self.alg {
            members.insert("alg".into(), json!(alg.name()));
        }
        Value::Object(members)
    }

    /// The SHA-256 thumbprint of RFC 7638 in base64url.
    pub fn thumbprint(&self) -> String {
        // `required_members` puts them in lexicographic order, as section 3 asks; the text has no spaces.
        s256(Value::Object(self.required_members()).to_string())
    }

    /// Whether a token with this header can have been made with the key.
    pub(crate) fn may_have_made(&self, algorithm: Algorithm, kid: Option<&str>) -> bool {
        let named = kid.is_none() || self.kid.is_none() || self.kid.as_deref() == kid;
        named && self.key.fits(algorithm) && self.alg.is_none_or(|alg| alg == algorithm)
    }

    fn required_members(&self) -> Map<String, Value> {
        let pairs = match &self.key {
            PublicKey::Rsa { n, e } => vec![("e", base64url(e)), ("kty", "RSA".into()), ("n", base64url(n))],
            PublicKey::P256 { x, y } => curve("P-256", "EC", x, Some(y)),
            PublicKey::P384 { x, y } => curve("P-384", "EC", x, Some(y)),
            PublicKey::Ed25519 { x } => curve("Ed25519", "OKP", x, None),
        };
        pairs
            .into_iter()
            .map(|(name, text)| (name.to_owned(), json!(text)))
            .collect()
    }
}

fn curve(crv: &str, kty: &str, x: &[u8], y: Option<&Vec<u8>>) -> Vec<(&'static str, String)> {
    let mut pairs = vec![("crv", crv.to_owned()), ("kty", kty.to_owned()), ("x", base64url(x))];
    pairs.extend(y.map(|y| ("y", base64url(y))));
    pairs
}

fn public_key(members: &Map<String, Value>) -> Result<PublicKey, JoseError> {
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let bytes = |name: &str| {
        text(name)
            .and_then(from_base64url)
            .ok_or_else(|| JoseError::Key(format!("'{name}' is missing or not base64url")))
    };
    match (text("kty"), text("crv")) {
        (Some("RSA"), _) => Ok(PublicKey::Rsa {
            n: bytes("n")?,
            e: bytes("e")?,
        }),
        (Some("EC"), Some("P-256")) => Ok(PublicKey::P256 {
            x: bytes("x")?,
            y: bytes("y")?,
        }),
        (Some("EC"), Some("P-384")) => Ok(PublicKey::P384 {
            x: bytes("x")?,
            y: bytes("y")?,
        }),
        (Some("OKP"), Some("Ed25519")) => Ok(PublicKey::Ed25519 { x: bytes("x")? }),
        _ => Err(JoseError::Key(
            "it is neither RSA, nor EC on P-256 or P-384, nor Ed25519".into(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RFC7638_N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

    #[test]
    fn the_thumbprint_of_rfc_7638() {
        let key = json!({ "kty": "RSA", "n": RFC7638_N, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29" });
        let key = Jwk::parse(&key).unwrap();
        assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
        assert_eq!(Jwk::parse(&key.to_json()).unwrap(), key);
    }

    #[test]
    fn keys_that_cannot_serve_are_refused_with_the_reason() {
        let refused = |key: Value, says: &str| {
            let error = Jwk::parse(&key).unwrap_err().to_string();
            assert!(error.contains(says), "{error} does not say {says}");
        };
        refused(json!({ "kty": "oct", "k": "c2VjcmV0" }), "private");
        refused(
            json!({ "kty": "RSA", "n": RFC7638_N, "e": "AQAB", "d": "AQ" }),
            "private",
        );
        refused(json!({ "kty": "RSA", "n": "AQAB", "e": "AQAB" }), "2048");
        refused(json!({ "kty": "RSA", "n": RFC7638_N, "e": "AQ" }), "exponent");
        refused(
            json!({ "kty": "RSA", "n": RFC7638_N, "e": "AQAB", "use": "enc" }),
            "use",
        );
        refused(
            json!({ "kty": "RSA", "n": RFC7638_N, "e": "AQAB", "alg": "ES256" }),
            "alg",
        );
        refused(json!({ "kty": "EC", "crv": "P-256", "x": "AQAB", "y": "AQAB" }), "32");
        refused(
            json!({ "kty": "EC", "crv": "P-521", "x": "AQAB", "y": "AQAB" }),
            "neither",
        );
        refused(json!("x"), "object");
    }
}
