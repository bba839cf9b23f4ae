//! The way back from a provider: the code is changed for tokens, the tokens are checked, the person is known.

use super::begin::Underway;
use super::config::Provider;
use super::metadata::{away, bytes};
use super::{OURS, ProviderFault, RelyingParty};
use crate::local::ProviderSession;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Largest answer read, bytes.
const MAX: usize = 256 * 1024;
/// Longest ID token kept for the logout, bytes.
const HINT: usize = 8 * 1024;

/// Who came back.
pub(crate) struct Finished {
    /// Codice fiscale, sixteen characters.
    pub fiscal_code: String,
    /// Name as the provider gives it.
    pub name: String,
    /// 1 to 3.
    pub level: u8,
    /// For the logout.
    pub session: ProviderSession,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    id_token: String,
}

impl RelyingParty {
    /// `query` is that of the redirect.
    pub(crate) async fn finish(
        &self,
        underway: &Underway,
        query: &BTreeMap<String, String>,
    ) -> Result<Finished, ProviderFault> {
        let provider = self.provider(&underway.provider)?;
        let given = |key: &str| query.get(key).map(String::as_str);
        if given("state") != Some(&underway.state) {
            return Err(ProviderFault::Stray);
        }
        let known = self.known(provider).await?;
        // RFC 9207: an answer of one provider must not be taken for another's.
        let must = known.metadata.authorization_response_iss_parameter_supported;
        if given("iss").map_or(must, |iss| iss != known.metadata.issuer) {
            return Err(ProviderFault::Stray);
        }
        if let Some(error) = given("error") {
            return Err(denied(error, given("error_description").unwrap_or("")));
        }
        let code = given("code").ok_or(ProviderFault::Stray)?;
        let tokens = self
            .exchange(provider, &known.metadata.token_endpoint, code, &underway.verifier)
            .await?;
        let (claims, level) = self
            .id_token(provider, &tokens.id_token, &underway.nonce, &tokens.access_token)
            .await?;
        let mut all = claims.members().clone();
        let subject = claims.text("sub").unwrap_or_default().to_owned();
        if let Some(endpoint) = &known.metadata.userinfo_endpoint {
            let more = self.userinfo(provider, endpoint, &tokens.access_token).await?;
            // OpenID Connect Core 5.3.2: of the same person, or not to be used.
            if more.get("sub").and_then(Value::as_str) != Some(&subject) {
                return Err(ProviderFault::Token);
            }
            all.extend(more);
        }
        let fiscal_code = fiscal_code(provider, &all).ok_or(ProviderFault::NotRegistered)?;
        Ok(Finished {
            fiscal_code,
            name: name(&all),
            level,
            session: ProviderSession {
                name: provider.name.clone(),
                subject,
                sid: claims.text("sid").map(str::to_owned),
                id_token: if tokens.id_token.len() <= HINT {
                    tokens.id_token
                } else {
                    String::new()
                },
            },
        })
    }

    async fn exchange(
        &self,
        provider: &Provider,
        endpoint: &str,
        code: &str,
        verifier: &str,
    ) -> Result<Tokens, ProviderFault> {
        let url = self.checked(endpoint)?;
        let now = self.now();
        let assertion = json!({
            "iss": provider.client_id, "sub": provider.client_id, "aud": [endpoint, provider.issuer],
            "iat": now, "exp": now + OURS.as_secs(), "jti": self.secret(),
        });
        let assertion = self.sign("JWT", &assertion)?;
        let redirect = self.redirect_uri(provider);
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &redirect),
            ("code_verifier", verifier),
            ("client_id", &provider.client_id),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", &assertion),
        ];
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let sent = self.0.http.post(url.clone());
        let sent = sent
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        let answer = sent.send().await.map_err(|error| away(&url, &error))?;
        let status = answer.status();
        let bytes = bytes(answer, MAX).await?;
        if !status.is_success() {
            let said: Value = serde_json::from_slice(&bytes).unwrap_or_default();
            let (error, why) = (said["error"].as_str(), said["error_description"].as_str());
            tracing::warn!(provider = provider.name, %status, error, why, "a provider gives no tokens");
            return Err(ProviderFault::Denied(
                error.unwrap_or("token").chars().take(64).collect(),
            ));
        }
        serde_json::from_slice(&bytes).map_err(|error| {
            tracing::warn!(provider = provider.name, %error, "the tokens cannot be read");
            ProviderFault::Away
        })
    }

    /// Plain JSON, or a token that the provider signed.
    async fn userinfo(
        &self,
        provider: &Provider,
        endpoint: &str,
        access_token: &str,
    ) -> Result<Map<String, Value>, ProviderFault> {
        let url = self.checked(endpoint)?;
        let answer = self.0.http.get(url.clone()).bearer_auth(access_token).send().await;
        let answer = answer.map_err(|error| away(&url, &error))?;
        if !answer.status().is_success() {
            tracing::warn!(provider = provider.name, status = %answer.status(), "a provider gives no userinfo");
            return Err(ProviderFault::Away);
        }
        let kind = answer
            .headers()
            .get("content-type")
            .and_then(|v| v.to_str().ok())
            .unwrap_or("");
        let signed = kind.starts_with("application/jwt");
        let bytes = bytes(answer, MAX).await?;
        if !signed {
            return serde_json::from_slice(&bytes).map_err(|_| ProviderFault::Away);
        }
        let token = std::str::from_utf8(&bytes).map_err(|_| ProviderFault::Token)?;
        let (claims, _) = self.signed_by(provider, token.trim()).await?;
        // A signed answer need not expire (5.3.2): issuer and audience are what it must have.
        let ours = claims.audience().contains(&provider.client_id.as_str());
        if claims.text("iss") != Some(&provider.issuer) || !ours {
            return Err(ProviderFault::Token);
        }
        Ok(claims.members().clone())
    }
}

/// The provider's error: SPID names causes in the description ("ErrorCode nr25": the person gave up).
fn denied(error: &str, description: &str) -> ProviderFault {
    let given_up = description.contains("nr25") || description.contains("nr22");
    if error == "access_denied" || given_up {
        return ProviderFault::Cancelled;
    }
    let plain = error
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '_')
        .take(64);
    ProviderFault::Denied(plain.collect())
}

/// `TINIT-RSSMRA80A01H501U` or the code alone.
fn fiscal_code(provider: &Provider, claims: &Map<String, Value>) -> Option<String> {
    let given = provider
        .fiscal_claims
        .iter()
        .find_map(|claim| claims.get(claim)?.as_str())?;
    let code = given.strip_prefix("TINIT-").unwrap_or(given).to_ascii_uppercase();
    (code.len() == 16 && code.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(code)
}

fn name(claims: &Map<String, Value>) -> String {
    let text = |key: &str| claims.get(key).and_then(Value::as_str).unwrap_or("");
    let both = format!("{} {}", text("given_name"), text("family_name"));
    let name = if both.trim().is_empty() {
        text("name")
    } else {
        both.trim()
    };
    name.chars().take(100).collect()
}
