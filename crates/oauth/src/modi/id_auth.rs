//! ID_AUTH_REST_01 and _02: the sender's own signed token in `Authorization`.

use super::{MAX_LIFE_S, ModiError, SignedBody};
use crate::Oauth;
use crate::client_auth::{SKEW_S, once};
use access::Actor;
use http::request::Parts;
use jose::{Claims, Expect};

const HEADER: &str = "Authorization";

impl Oauth {
    /// The actor of a partner's token, with everything that the partner was registered to send along.
    pub(crate) async fn verify_partner(&self, token: &str, parts: &Parts) -> Result<Actor, ModiError> {
        let (partner, claims) = self.trust.verify(token, self.now()).map_err(ModiError::token(HEADER))?;
        self.expect_for(&claims, parts, partner.unique)
            .map_err(ModiError::token(HEADER))?;
        if partner.integrity && has_body(parts) {
            let signed = parts.extensions.get::<SignedBody>();
            if signed.is_none_or(|signed| signed.partner != partner.id) {
                return Err(ModiError::Missing("Agid-JWT-Signature"));
            }
        }
        if partner.evidence {
            self.check_partner_evidence(&partner, parts)?;
        }
        // Last: a request that is refused for another reason must be repeatable with the same token.
        if partner.unique {
            let (jti, until) = once(&claims);
            if !self.use_once(&format!("modi {}", partner.id), jti, until).await? {
                return Err(ModiError::Replayed(HEADER));
            }
        }
        Ok(partner.actor())
    }

    /// What the patterns say of every token: for us, for this address or for the interface as a whole, fresh and short.
    pub(crate) fn expect_for(&self, claims: &Claims, parts: &Parts, unique: bool) -> Result<(), jose::JoseError> {
        let address = self.config.at(parts.uri.path());
        claims.expect(&Expect {
            now: self.now(),
            skew_s: SKEW_S,
            audience: &[&address, &self.config.fhir],
            max_life_s: Some(MAX_LIFE_S),
            max_age_s: Some(MAX_LIFE_S),
            typ: &["jwt"],
            require: if unique { &["iat", "jti"] } else { &["iat"] },
            ..Expect::default()
        })
    }
}

fn has_body(parts: &Parts) -> bool {
    !matches!(parts.method.as_str(), "GET" | "HEAD" | "DELETE")
}
