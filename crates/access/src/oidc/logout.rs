//! The end of a session, told to the provider or by it: RP-Initiated, Back-Channel and Front-Channel Logout 1.0.

use super::{ProviderFault, RelyingParty};
use crate::local::ProviderSession;
use jiff::{SignedDuration, Timestamp};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Which sessions a provider ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    pub provider: String,
    pub subject: Option<String>,
    pub sid: Option<String>,
    /// `jti` and until when it must be remembered.
    pub once: Option<(String, Timestamp)>,
}

impl RelyingParty {
    /// The address at which the provider's own session ends, if it has one.
    pub(crate) async fn end_address(&self, session: &ProviderSession) -> Option<String> {
        let provider = self.provider(&session.name).ok()?;
        let known = self.known(provider).await.ok()?;
        let mut url = url::Url::parse(known.metadata.end_session_endpoint.as_deref()?).ok()?;
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("client_id", &provider.client_id);
            if !session.id_token.is_empty() {
                query.append_pair("id_token_hint", &session.id_token);
            }
            query.append_pair("post_logout_redirect_uri", &format!("{}/accedi", self.0.base_url));
        }
        Some(url.into())
    }

    /// A logout token (Back-Channel Logout 2.6).
    pub(crate) async fn logout_token(&self, name: &str, token: &str) -> Result<Ended, ProviderFault> {
        let provider = self.provider(name)?;
        let (claims, _) = self.signed_by(provider, token).await?;
        self.expect(provider, &claims, &["jti", "events"], &[])?;
        let events = claims.get("events").and_then(|events| events.get(EVENT));
        let (subject, sid) = (claims.text("sub"), claims.text("sid"));
        let named = subject.is_some() || sid.is_some();
        // An ID token must not do as a logout token: a logout token has no nonce.
        if events.is_none_or(|event| !event.is_object()) || claims.get("nonce").is_some() || !named {
            tracing::warn!(
                provider = name,
                "a logout token without its event, or with a nonce, is refused"
            );
            return Err(ProviderFault::Token);
        }
        let skew = SignedDuration::from_secs(provider.skew_seconds.into());
        let until = claims
            .moment("exp")
            .ok()
            .flatten()
            .and_then(|exp| Timestamp::from_second(exp).ok());
        let until = until.ok_or(ProviderFault::Token)? + skew;
        let jti = claims.text("jti").ok_or(ProviderFault::Token)?;
        Ok(Ended {
            provider: name.to_owned(),
            subject: subject.map(str::to_owned),
            sid: sid.map(str::to_owned),
            once: Some((jose::s256(format!("{name} {jti}")), until)),
        })
    }

    /// A front-channel call: the session that issuer and sid name, nothing without both.
    pub(crate) fn front_channel(&self, name: &str, issuer: &str, sid: &str) -> Result<Ended, ProviderFault> {
        let provider = self.provider(name)?;
        if provider.issuer != issuer || sid.is_empty() {
            return Err(ProviderFault::Stray);
        }
        Ok(Ended {
            provider: name.to_owned(),
            subject: None,
            sid: Some(sid.to_owned()),
            once: None,
        })
    }
}
