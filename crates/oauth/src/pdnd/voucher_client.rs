//! Obtaining vouchers: for calls of ours to the e-services of others.

use super::sha256_hex;
use jose::{PrivateKey, SignHeader};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{Clock, Ids};

/// Life of an assertion and of an evidence, seconds.
const LIFE_S: i64 = 60;
/// Longest answer read, bytes.
const MAX_ANSWER: usize = 64 * 1024;

/// A client registered with PDND, with the key it deposited there.
pub struct VoucherClient {
    /// Where vouchers are asked for, e.g. `https://auth.interop.pagopa.it/token.oauth2`.
    pub token_url: String,
    /// `aud` of the assertion, e.g. `auth.interop.pagopa.it/client-assertion`.
    pub audience: String,
    /// Client id given by PDND.
    pub client_id: String,
    /// Key; its `kid` is the one PDND gave it.
    pub key: PrivateKey,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids for `jti`.
    pub ids: Arc<dyn Ids>,
    /// HTTP client, under the installation's rules for addresses.
    pub http: reqwest::Client,
}

/// Who asks, in our own house (patterns AUDIT_REST).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Who, in a form that only we can read back.
    pub user: String,
    /// Where, e.g. the workstation.
    pub location: String,
    /// How sure we are, e.g. `LoA3`.
    pub assurance: String,
    /// Audience: that of the e-service.
    pub audience: String,
}

/// What is sent along with a request to an e-service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voucher {
    /// `Authorization: Bearer`.
    pub token: String,
    /// Seconds it is good for.
    pub expires_in_s: i64,
    /// `Agid-JWT-TrackingEvidence`, if one was made.
    pub evidence: Option<String>,
}

/// Why there is no voucher.
#[derive(Debug, thiserror::Error)]
pub enum VoucherError {
    /// Signing failed.
    #[error(transparent)]
    Key(#[from] jose::JoseError),
    /// PDND cannot be reached.
    #[error("PDND cannot be reached: {0}")]
    Unreachable(String),
    /// PDND says no.
    #[error("PDND answers {status}: {why}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// `error` and `error_description`.
        why: String,
    },
}

impl VoucherClient {
    /// A voucher for a purpose, with the evidence of who asks when there is one.
    ///
    /// # Errors
    /// See [`VoucherError`].
    pub async fn voucher(&self, purpose: &str, evidence: Option<&Evidence>) -> Result<Voucher, VoucherError> {
        let evidence = evidence
            .map(|evidence| self.sign_evidence(purpose, evidence))
            .transpose()?;
        let assertion = self.assertion(purpose, evidence.as_deref())?;
        let form = [
            ("client_id", self.client_id.as_str()),
            ("client_assertion", &assertion),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("grant_type", "client_credentials"),
        ];
        let body = serde_urlencoded::to_string(form).expect("pairs of texts encode");
        let request = self.http.post(&self.token_url).header("accept", "application/json");
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        let away = |error: reqwest::Error| VoucherError::Unreachable(error.without_url().to_string());
        let answer = request.send().await.map_err(away)?;
        let status = answer.status();
        let refused = |why: String| VoucherError::Refused {
            status: status.as_u16(),
            why,
        };
        if answer.content_length().is_some_and(|length| length > MAX_ANSWER as u64) {
            return Err(refused(format!("more than {MAX_ANSWER} bytes")));
        }
        let bytes = answer.bytes().await.map_err(away)?;
        let body: Value = serde_json::from_slice(&bytes).map_err(|_| refused("no JSON".into()))?;
        let text = |name: &str| body[name].as_str().unwrap_or_default();
        if !status.is_success() {
            return Err(refused(format!("{} {:.200}", text("error"), text("error_description"))));
        }
        if text("access_token").is_empty() {
            return Err(refused("no access_token".into()));
        }
        Ok(Voucher {
            token: text("access_token").to_owned(),
            expires_in_s: body["expires_in"].as_i64().unwrap_or(LIFE_S),
            evidence,
        })
    }

    fn assertion(&self, purpose: &str, evidence: Option<&str>) -> Result<String, VoucherError> {
        let now = self.clock.now().as_second();
        let mut claims = json!({
            "iss": self.client_id, "sub": self.client_id, "aud": self.audience, "jti": self.ids.next(),
            "iat": now, "exp": now + LIFE_S, "purposeId": purpose,
        });
        if let Some(evidence) = evidence {
            claims["digest"] = json!({ "alg": "SHA256", "value": sha256_hex(evidence) });
        }
        self.sign(&claims)
    }

    fn sign_evidence(&self, purpose: &str, evidence: &Evidence) -> Result<String, VoucherError> {
        let now = self.clock.now().as_second();
        self.sign(&json!({
            "iss": self.client_id, "aud": evidence.audience, "jti": self.ids.next(), "iat": now, "exp": now + LIFE_S,
            "purposeId": purpose, "userID": evidence.user, "userLocation": evidence.location, "LoA": evidence.assurance,
        }))
    }

    fn sign(&self, claims: &Value) -> Result<String, VoucherError> {
        let header = SignHeader {
            typ: "JWT",
            ..SignHeader::default()
        };
        Ok(self.key.sign(&header, claims)?)
    }
}
