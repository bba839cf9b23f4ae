//! Tokens of a provider: signature with its keys (read again when one is not known), then what they must hold.

use super::config::Provider;
use super::metadata::Known;
use super::{ProviderFault, RelyingParty};
use jose::{Algorithm, Claims, Expect, JoseError, Unverified, half_hash};
use std::sync::Arc;

/// Algorithms with SHA-256, as the SPID and CIE rules have them; `at_hash` is then of SHA-256 too.
const ALGORITHMS: &[Algorithm] = &[Algorithm::RS256, Algorithm::PS256, Algorithm::ES256];
/// A token may say it was made this long ago, seconds.
const AGE_S: i64 = 600;

impl RelyingParty {
    /// Claims of a token that the provider signed.
    pub(super) async fn signed_by(
        &self,
        provider: &Provider,
        token: &str,
    ) -> Result<(Claims, Arc<Known>), ProviderFault> {
        let refuse = |error: JoseError| {
            tracing::warn!(provider = provider.name, %error, "a token of a provider is refused");
            ProviderFault::Token
        };
        let parsed = Unverified::parse(token, ALGORITHMS).map_err(refuse)?;
        let known = self.known(provider).await?;
        match parsed.clone().verify_with(&known.keys) {
            Ok(claims) => Ok((claims, known)),
            Err(JoseError::NoKey { .. } | JoseError::Signature) => {
                let known = self.known_anew(provider).await?;
                let claims = parsed.verify_with(&known.keys).map_err(refuse)?;
                Ok((claims, known))
            }
            Err(error) => Err(refuse(error)),
        }
    }

    /// Checks issuer, audience and times.
    pub(super) fn expect(
        &self,
        provider: &Provider,
        claims: &Claims,
        require: &[&str],
        typ: &[&str],
    ) -> Result<(), ProviderFault> {
        let expect = Expect {
            now: self.now(),
            skew_s: provider.skew_seconds.into(),
            issuer: Some(&provider.issuer),
            audience: &[&provider.client_id],
            max_age_s: Some(AGE_S),
            typ,
            require,
            ..Expect::default()
        };
        claims.expect(&expect).map_err(|error| {
            tracing::warn!(provider = provider.name, %error, "a token of a provider is refused");
            ProviderFault::Token
        })
    }

    /// The ID token of a sign-in (OpenID Connect Core 3.1.3.7): its claims and the level it vouches for.
    pub(super) async fn id_token(
        &self,
        provider: &Provider,
        token: &str,
        nonce: &str,
        access_token: &str,
    ) -> Result<(Claims, u8), ProviderFault> {
        let (claims, _) = self.signed_by(provider, token).await?;
        self.expect(provider, &claims, &["sub", "nonce"], &[])?;
        let refuse = |why: &str| {
            tracing::warn!(provider = provider.name, why, "an ID token is refused");
            ProviderFault::Token
        };
        if claims.text("nonce") != Some(nonce) {
            return Err(refuse("its nonce is not ours"));
        }
        let ours = claims.text("azp").is_none_or(|azp| azp == provider.client_id);
        if !ours || (claims.audience().len() > 1 && claims.text("azp").is_none()) {
            return Err(refuse("it was made for another party (azp)"));
        }
        if claims
            .text("at_hash")
            .is_some_and(|hash| hash != half_hash(access_token))
        {
            return Err(refuse("its at_hash is not that of the access token"));
        }
        let level = claims.text("acr").map_or(0, |acr| provider.level(acr));
        if level < provider.min_level {
            tracing::info!(provider = provider.name, level, "the level of an identity is too low");
            return Err(ProviderFault::Level);
        }
        Ok((claims, level))
    }
}
