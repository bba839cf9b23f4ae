//! INTEGRITY_REST_01 and _02: `Digest` of the body, and `Agid-JWT-Signature` over it and the headers that say how to read it.

use super::{ModiError, Partner, SIGNATURE_HEADER, SignedBody};
use crate::Oauth;
use crate::client_auth::once;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use jose::Claims;
use serde_json::Value;
use sha2::{Digest as _, Sha256, Sha512};
use std::sync::Arc;

const HEADER: &str = "Agid-JWT-Signature";
/// Headers that must be signed whenever they are there (rule 12 of the pattern).
const ALWAYS: &[&str] = &["digest", "content-type", "content-encoding"];

/// A request whose signature and signed headers are good; the body has not been looked at.
pub(crate) struct Sealed {
    partner: Arc<Partner>,
    claims: Claims,
}

impl Oauth {
    /// Checks signature and headers, before the body of a stranger is read.
    ///
    /// # Errors
    /// See [`ModiError`].
    pub(crate) fn check_seal(&self, parts: &Parts) -> Result<Sealed, ModiError> {
        let token = parts
            .headers
            .get(SIGNATURE_HEADER)
            .and_then(|value| value.to_str().ok());
        let token = token.ok_or(ModiError::Missing(HEADER))?;
        let (partner, claims) = self.trust.verify(token, self.now()).map_err(ModiError::token(HEADER))?;
        self.expect_for(&claims, parts, false)
            .map_err(ModiError::token(HEADER))?;
        check_headers(&claims, parts)?;
        Ok(Sealed { partner, claims })
    }

    /// Checks the body as received, and that the token was not used before.
    ///
    /// # Errors
    /// See [`ModiError`].
    pub(crate) async fn check_body(&self, sealed: Sealed, parts: &Parts, body: &[u8]) -> Result<SignedBody, ModiError> {
        check_digest(parts, body)?;
        let partner = sealed.partner.id.clone();
        if sealed.claims.get("jti").is_some() {
            let (jti, until) = once(&sealed.claims);
            if !self.use_once(&format!("modi signature {partner}"), jti, until).await? {
                return Err(ModiError::Replayed(HEADER));
            }
        }
        Ok(SignedBody { partner })
    }
}

/// Compares `signed_headers` with the message.
fn check_headers(claims: &Claims, parts: &Parts) -> Result<(), ModiError> {
    let changed = |why: String| ModiError::Changed(format!("{HEADER}: {why}"));
    let signed = claims.get("signed_headers").and_then(Value::as_array);
    let signed = signed.ok_or_else(|| changed("'signed_headers' is missing".into()))?;
    let mut names = vec![];
    for entry in signed.iter().take(50).filter_map(Value::as_object).flatten() {
        let (name, value) = (entry.0.to_ascii_lowercase(), entry.1.as_str().unwrap_or_default());
        let mut sent = parts.headers.get_all(&name).iter();
        let same = sent.next().is_some_and(|sent| sent.as_bytes() == value.as_bytes()) && sent.next().is_none();
        if !same {
            return Err(changed(format!(
                "the header '{name:.60}' is not the one that was signed"
            )));
        }
        names.push(name);
    }
    for name in ALWAYS {
        let there = *name == "digest" || parts.headers.contains_key(*name);
        if there && !names.iter().any(|own| own == name) {
            return Err(changed(format!("the header '{name}' must be signed")));
        }
    }
    Ok(())
}

/// Compares `Digest` (RFC 3230) with the body.
fn check_digest(parts: &Parts, body: &[u8]) -> Result<(), ModiError> {
    let value = parts.headers.get("digest").and_then(|value| value.to_str().ok());
    let value = value.ok_or(ModiError::Missing("Digest"))?;
    let mut known = false;
    for part in value.split(',') {
        let (algorithm, given) = part.trim().split_once('=').unwrap_or_default();
        let made = match algorithm.to_ascii_uppercase().as_str() {
            "SHA-256" => STANDARD.encode(Sha256::digest(body)),
            "SHA-512" => STANDARD.encode(Sha512::digest(body)),
            _ => continue,
        };
        known = true;
        if made != given {
            return Err(ModiError::Changed(
                "Digest: the body is not the one that was signed".into(),
            ));
        }
    }
    if known {
        return Ok(());
    }
    Err(ModiError::Changed("Digest: SHA-256 or SHA-512 is needed".into()))
}
