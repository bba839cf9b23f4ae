//! The vouchers of the Piattaforma Digitale Nazionale Dati (PDND Interoperabilità).
//!
//! As provider: a voucher of a configured issuer, for our audience and for a purpose (`purposeId`) that was agreed, is a
//! bearer token here; what it may do says the configuration, by purpose. Where the voucher holds the `digest` of a tracking
//! evidence (pattern AUDIT_REST_02), the header `Agid-JWT-TrackingEvidence` must be there and be the one that was announced to
//! PDND. As consumer: [`VoucherClient`] obtains vouchers.
//!
//! Source: Linee guida sull'infrastruttura tecnologica della PDND per l'interoperabilità dei sistemi informativi e delle basi
//! di dati (AgID, art. 50-ter CAD). Claim names from PDND's public manual; `unverified` against a live PDND from here.

mod voucher_client;

pub use voucher_client::{Evidence, Voucher, VoucherClient, VoucherError};

use crate::{Oauth, OauthError};
use access::{Actor, BearerError, ClientGrant};
use http::request::Parts;
use jose::{Claims, Expect, Unverified};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::Arc;

/// Header that carries the evidence of who asks, inside the consumer's own house.
pub const EVIDENCE_HEADER: &str = "agid-jwt-trackingevidence";

/// An issuer of vouchers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// `iss` of its vouchers, e.g. `interop.pagopa.it`.
    pub issuer: String,
    /// Where it publishes its keys.
    pub keys_at: String,
    /// `aud` of vouchers for us, as declared for the e-service.
    pub audience: String,
    /// Where the keys of consumers are published, to check tracking evidence; without it only the digest is compared.
    #[serde(default)]
    pub consumer_keys_at: Option<String>,
    /// What each agreed purpose may do, by `purposeId`.
    pub purposes: HashMap<String, Purpose>,
}

/// What a purpose may do.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Purpose {
    /// Who asks, for the audit.
    pub name: String,
    /// Scopes, e.g. `system/Patient.rs`.
    pub scopes: Vec<String>,
    /// Roles; `sistema` unless said otherwise.
    #[serde(default = "sistema")]
    pub roles: Vec<String>,
    /// Organization id it acts for.
    #[serde(default)]
    pub organization: Option<String>,
    /// A tracking evidence must come along (AUDIT_REST_01, or _02 when the voucher has a digest).
    #[serde(default)]
    pub evidence: bool,
    /// The body must be signed (INTEGRITY_REST).
    #[serde(default)]
    pub integrity: bool,
}

fn sistema() -> Vec<String> {
    vec!["sistema".into()]
}

impl Oauth {
    /// The actor of a voucher; `Ok(None)` when its issuer is not a known one.
    pub(crate) async fn verify_voucher(&self, token: &str, parts: &Parts) -> Result<Option<Actor>, BearerError> {
        let invalid = |why: String| BearerError::Invalid(format!("voucher: {why}"));
        let read = Unverified::parse(token, jose::Algorithm::USUAL).map_err(|error| invalid(error.to_string()))?;
        let named = read.peek("iss").unwrap_or_default();
        let Some(issuer) = self.config.pdnd.iter().find(|issuer| issuer.issuer == named) else {
            return Ok(None);
        };
        let claims = self.verify_with_keys_at(&issuer.keys_at, token).await;
        let claims = claims.map_err(|error| invalid(error.why))?;
        let expect = Expect {
            now: self.now(),
            skew_s: crate::client_auth::SKEW_S,
            issuer: Some(&issuer.issuer),
            audience: &[&issuer.audience],
            typ: &["at+jwt", "jwt"],
            require: &["jti", "iat", "purposeId"],
            ..Expect::default()
        };
        claims.expect(&expect).map_err(|error| invalid(error.to_string()))?;
        let id = claims.text("purposeId").unwrap_or_default();
        let unknown = || invalid(format!("the purpose '{id:.80}' is not agreed here"));
        let purpose = issuer.purposes.get(id).ok_or_else(unknown)?;
        let evidence = self.check_evidence(issuer, purpose, &claims, parts).await;
        evidence.map_err(|error| invalid(error.why))?;
        if purpose.integrity && parts.extensions.get::<crate::modi::SignedBody>().is_none() {
            return Err(invalid(
                "this purpose asks for signed bodies: Digest and Agid-JWT-Signature".into(),
            ));
        }
        let client = ["client_id", "sub"]
            .iter()
            .find_map(|name| claims.text(name))
            .unwrap_or_default();
        Ok(Some(Actor {
            subject: format!("client/pdnd:{client}"),
            name: purpose.name.clone(),
            roles: purpose.roles.clone(),
            organization: purpose.organization.clone(),
            client: Some(Arc::new(ClientGrant {
                client: format!("pdnd:{client}"),
                scopes: purpose.scopes.clone(),
                patient: None,
                purpose: Some(id.to_owned()),
            })),
            ..Actor::default()
        }))
    }

    async fn check_evidence(
        &self,
        issuer: &Issuer,
        purpose: &Purpose,
        voucher: &Claims,
        parts: &Parts,
    ) -> Result<(), OauthError> {
        let evidence = parts.headers.get(EVIDENCE_HEADER).and_then(|value| value.to_str().ok());
        let digest = voucher.get("digest");
        if digest.is_none() && !purpose.evidence {
            return Ok(());
        }
        let missing = || OauthError::client("the header Agid-JWT-TrackingEvidence is missing");
        let evidence = evidence.ok_or_else(missing)?;
        if let Some(digest) = digest {
            let announced = digest.get("value").and_then(Value::as_str).unwrap_or_default();
            let known = digest.get("alg").and_then(Value::as_str) == Some("SHA256");
            if !known || !announced.eq_ignore_ascii_case(&sha256_hex(evidence)) {
                return Err(OauthError::client(
                    "Agid-JWT-TrackingEvidence is not the one whose digest PDND was told",
                ));
            }
        }
        let Some(url) = &issuer.consumer_keys_at else {
            // Without keys the digest, signed by PDND, is all that vouches for it.
            let vouched = digest.map(|_| ());
            return vouched
                .ok_or_else(|| OauthError::client("the evidence cannot be checked: 'consumer_keys_at' is not set"));
        };
        let claims = self.verify_with_keys_at(url, evidence).await?;
        let expect = Expect {
            now: self.now(),
            skew_s: crate::client_auth::SKEW_S,
            audience: &[&issuer.audience],
            require: &["iat", "jti", "purposeId"],
            ..Expect::default()
        };
        let wrong = |error: jose::JoseError| OauthError::client(format!("Agid-JWT-TrackingEvidence: {error}"));
        claims.expect(&expect).map_err(wrong)?;
        if claims.text("purposeId") != voucher.text("purposeId") {
            return Err(OauthError::client("Agid-JWT-TrackingEvidence is of another purpose"));
        }
        Ok(())
    }
}

/// SHA-256 in hexadecimal, as PDND's `digest.value`.
pub(crate) fn sha256_hex(text: &str) -> String {
    Sha256::digest(text.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
