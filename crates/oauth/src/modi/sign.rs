//! Signing requests of ours to others by the same patterns.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jose::{JoseError, PrivateKey, SignHeader};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;
use store::{Clock, Ids};

/// Life of a token, seconds.
const LIFE_S: i64 = 60;

/// Our key with its certificate, as the other side knows it.
pub struct ModiSigner {
    /// Key. Its `kid` counts where there is no certificate.
    pub key: PrivateKey,
    /// Certificates, DER, ours first.
    pub chain: Vec<Vec<u8>>,
    /// `iss` and `sub`: who we are to the other side.
    pub issuer: String,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids for `jti`.
    pub ids: Arc<dyn Ids>,
}

impl ModiSigner {
    /// `Authorization` of ID_AUTH_REST_01 and _02 (every token has its `jti`): `Bearer …`.
    ///
    /// # Errors
    /// Signing failed.
    pub fn authorization(&self, audience: &str) -> Result<String, JoseError> {
        Ok(format!("Bearer {}", self.sign(audience, json!({}))?))
    }

    /// `Digest` and `Agid-JWT-Signature` for a body and the headers `Content-Type`, `Content-Encoding` that go with it (given
    /// by lower-case name).
    ///
    /// # Errors
    /// Signing failed.
    pub fn integrity(
        &self,
        audience: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<[(&'static str, String); 2], JoseError> {
        let digest = format!("SHA-256={}", STANDARD.encode(Sha256::digest(body)));
        let mut signed = vec![json!({ "digest": digest })];
        signed.extend(headers.iter().map(|(name, value)| json!({ *name: value })));
        let token = self.sign(audience, json!({ "signed_headers": signed }))?;
        Ok([("digest", digest), (super::SIGNATURE_HEADER, token)])
    }

    /// `Agid-JWT-TrackingEvidence` of AUDIT_REST_01: who asks, where, how sure.
    ///
    /// # Errors
    /// Signing failed.
    pub fn evidence(&self, audience: &str, user: &str, location: &str, assurance: &str) -> Result<String, JoseError> {
        self.sign(
            audience,
            json!({ "userID": user, "userLocation": location, "LoA": assurance }),
        )
    }

    fn sign(&self, audience: &str, mut claims: Value) -> Result<String, JoseError> {
        let now = self.clock.now().as_second();
        claims["iss"] = json!(self.issuer);
        claims["sub"] = json!(self.issuer);
        claims["aud"] = json!(audience);
        claims["iat"] = json!(now);
        claims["nbf"] = json!(now);
        claims["exp"] = json!(now + LIFE_S);
        claims["jti"] = json!(self.ids.next());
        let header = SignHeader {
            typ: "JWT",
            x5c: &self.chain,
            ..SignHeader::default()
        };
        self.key.sign(&header, &claims)
    }
}
