//! The way out to a provider: an authorization request of the code flow with PKCE, state and nonce, plain or as a signed
//! request object. What must be known at the way back travels in a sealed cookie.

use super::{OURS, ProviderFault, RelyingParty};
use crate::Visit;
use jose::s256;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What the cookie holds.
#[derive(Serialize, Deserialize)]
pub(crate) struct Underway {
    pub provider: String,
    pub state: String,
    pub nonce: String,
    pub verifier: String,
    pub visit: Visit,
}

impl RelyingParty {
    /// The address to go to, and what the browser must bring back.
    pub(crate) async fn begin(&self, name: &str, visit: Visit) -> Result<(String, Underway), ProviderFault> {
        let provider = self.provider(name)?;
        let known = self.known(provider).await?;
        let underway = Underway {
            provider: name.to_owned(),
            state: self.secret(),
            nonce: self.secret(),
            verifier: self.secret(),
            visit,
        };
        let mut params = Map::new();
        let mut set = |key: &str, value: &str| params.insert(key.to_owned(), json!(value));
        set("client_id", &provider.client_id);
        set("response_type", "code");
        set("scope", &provider.scopes.join(" "));
        set("redirect_uri", &self.redirect_uri(provider));
        set("state", &underway.state);
        set("nonce", &underway.nonce);
        set("code_challenge", &s256(&underway.verifier));
        set("code_challenge_method", "S256");
        set("ui_locales", "it");
        if !provider.acr_values.is_empty() {
            set("acr_values", &provider.acr_values.join(" "));
        }
        if let Some(prompt) = &provider.prompt {
            set("prompt", prompt);
        }
        if let Some(claims) = &provider.claims {
            params.insert("claims".into(), claims.clone());
        }
        if provider.request_object {
            params = self.signed(&known.metadata.issuer, params)?;
        }
        let mut url = url::Url::parse(&known.metadata.authorization_endpoint).map_err(|_| ProviderFault::Away)?;
        if url.scheme() != "https" && self.checked(url.as_str()).is_err() {
            return Err(ProviderFault::Away);
        }
        for (key, value) in &params {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            url.query_pairs_mut().append_pair(key, &text);
        }
        Ok((url.into(), underway))
    }

    /// RFC 9101: the parameters in a token of ours; those that OAuth 2 wants in the open stay there too.
    fn signed(&self, issuer: &str, params: Map<String, Value>) -> Result<Map<String, Value>, ProviderFault> {
        let mut open = Map::new();
        for key in ["client_id", "response_type", "scope"] {
            open.insert(key.to_owned(), params[key].clone());
        }
        let (now, mut claims) = (self.now(), params);
        claims.insert("iss".into(), open["client_id"].clone());
        claims.insert("aud".into(), json!(issuer));
        claims.insert("iat".into(), json!(now));
        claims.insert("exp".into(), json!(now + OURS.as_secs()));
        claims.insert("jti".into(), json!(self.secret()));
        let token = self.sign("oauth-authz-req+jwt", &Value::Object(claims))?;
        open.insert("request".into(), json!(token));
        Ok(open)
    }
}
