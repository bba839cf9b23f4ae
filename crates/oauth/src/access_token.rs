//! Access tokens: JWTs of RFC 9068. Those of systems are checked without reading the store; for those of persons the permission
//! and the person's roles are read at each request.

use crate::{Oauth, OauthError};
use access::{Actor, BearerError, BearerVerifier, ClientCertificate, ClientGrant};
use async_trait::async_trait;
use http::request::Parts;
use jose::{Algorithm, Claims, Expect, SignHeader, Unverified};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// `typ` of an access token.
const TYP: &str = "at+jwt";

/// What an access token says.
pub(crate) struct Grantee<'a> {
    /// Who acts: the person, or the client itself.
    pub actor: &'a Actor,
    /// What the client was granted.
    pub grant: &'a ClientGrant,
    /// Id of the grant it comes from.
    pub sid: &'a str,
    /// `x5t#S256` of the certificate it is bound to.
    pub certificate: Option<&'a str>,
}

impl Oauth {
    /// A signed access token.
    pub(crate) fn access_token(&self, of: &Grantee<'_>) -> Result<String, OauthError> {
        let now = self.now();
        let mut claims = Map::new();
        let mut put = |name: &str, value: Value| {
            if !value.is_null() && value != json!([]) {
                claims.insert(name.to_owned(), value);
            }
        };
        put("iss", json!(self.config.issuer));
        put("aud", json!(self.config.fhir));
        put("sub", json!(of.actor.subject));
        put("client_id", json!(of.grant.client));
        put("scope", json!(of.grant.scopes.join(" ")));
        put("iat", json!(now));
        put("exp", json!(now + self.config.access_s));
        put("jti", json!(self.ids.next()));
        put("sid", json!(of.sid));
        put("name", json!(of.actor.name));
        put("roles", json!(of.actor.roles));
        put("organization", json!(of.actor.organization));
        put("acts_for", json!(of.actor.acts_for));
        put("assurance", json!(of.actor.assurance));
        put("patient", json!(of.grant.patient));
        put("purpose", json!(of.grant.purpose));
        put(
            "cnf",
            of.certificate
                .map_or(Value::Null, |thumbprint| json!({ "x5t#S256": thumbprint })),
        );
        let header = SignHeader {
            typ: TYP,
            ..SignHeader::default()
        };
        Ok(self.signing_keys().access.sign(&header, &claims)?)
    }

    /// The claims of an access token of ours that is alive.
    ///
    /// # Errors
    /// Why it is not.
    pub(crate) fn check_access_token(&self, token: &str) -> Result<Claims, String> {
        let now = self.now();
        let read = Unverified::parse(token, &[Algorithm::ES256]).map_err(|error| error.to_string())?;
        let keys = self.signing_keys().published(now);
        let claims = read.verify_with(&keys).map_err(|error| error.to_string())?;
        let expect = Expect {
            now,
            issuer: Some(&self.config.issuer),
            audience: &[&self.config.fhir],
            typ: &[TYP],
            require: &["sub", "client_id", "jti", "iat"],
            ..Expect::default()
        };
        claims.expect(&expect).map_err(|error| error.to_string())?;
        let issued = claims.moment("iat").ok().flatten().unwrap_or_default();
        let marks = ["jti", "sid"].map(|name| claims.text(name).map(|value| format!("{name}:{value}")));
        let client = format!("client:{}", claims.text("client_id").unwrap_or_default());
        let marks = marks.iter().flatten().chain([&client]).map(String::as_str);
        if self.revoked.holds(issued, marks) {
            return Err("the token was revoked".into());
        }
        Ok(claims)
    }
}

impl Oauth {
    /// Who a checked token speaks for at this moment: the roles are those that the staff registry gives now, whatever they
    /// were when the token was issued. Nothing is remembered, as for sessions: a role that ends, here or on another node, has
    /// ended for the next request.
    ///
    /// # Errors
    /// The permission was revoked, the account disabled, or the capacity has ended (the permission is revoked with it).
    pub(crate) async fn present(&self, claims: &Claims) -> Result<Actor, BearerError> {
        let actor = actor(claims);
        if self.config.persons.is_none() || actor.subject.starts_with("client/") {
            return Ok(actor);
        }
        let sid = claims.text("sid").unwrap_or_default();
        let unavailable = |error: OauthError| BearerError::Unavailable(error.to_string());
        let grant = self
            .grant(&format!("{}~{sid}", actor.subject))
            .await
            .map_err(unavailable)?;
        let present = match grant {
            Some(grant) => self.as_of_today(grant).await.map_err(unavailable)?,
            None => None,
        };
        match present {
            // How sure it was who signed in is of the token; what the person may do is of today.
            Some(grant) => Ok(Actor {
                roles: grant.actor.roles,
                ..actor
            }),
            None => Err(BearerError::Invalid(
                "the permission or the account behind it has ended".into(),
            )),
        }
    }
}

/// The actor of a checked token.
fn actor(claims: &Claims) -> Actor {
    let text = |name: &str| claims.text(name).map(str::to_owned);
    let roles = claims.get("roles").and_then(Value::as_array);
    let scope = claims.text("scope").unwrap_or_default();
    Actor {
        subject: text("sub").unwrap_or_default(),
        name: text("name").unwrap_or_default(),
        roles: roles
            .into_iter()
            .flatten()
            .filter_map(|role| role.as_str().map(str::to_owned))
            .collect(),
        organization: text("organization"),
        acts_for: text("acts_for"),
        assurance: claims
            .get("assurance")
            .and_then(Value::as_u64)
            .and_then(|n| n.try_into().ok())
            .unwrap_or(0),
        client: Some(Arc::new(ClientGrant {
            client: text("client_id").unwrap_or_default(),
            scopes: scope
                .split(' ')
                .filter(|scope| !scope.is_empty())
                .map(str::to_owned)
                .collect(),
            patient: text("patient"),
            purpose: text("purpose"),
        })),
    }
}

/// Whether a token that is bound to a certificate comes over a connection that proved it (RFC 8705 section 3).
pub(crate) fn check_binding(claims: &Claims, parts: &Parts) -> Result<(), String> {
    let Some(bound) = claims.get("cnf") else { return Ok(()) };
    let wanted = bound.get("x5t#S256").and_then(Value::as_str).unwrap_or_default();
    let shown = parts.extensions.get::<ClientCertificate>();
    if shown.is_some_and(|certificate| certificate.thumbprint == wanted) {
        return Ok(());
    }
    Err("the token is bound to a certificate that this connection has not shown (mutual TLS)".into())
}

#[async_trait]
impl BearerVerifier for Oauth {
    async fn verify(&self, token: &str, parts: &Parts) -> Result<Option<Actor>, BearerError> {
        let Ok(read) = Unverified::parse(token, Algorithm::ALL) else {
            // Internal tokens have a form of their own; three parts and a wrong header is a JWT gone bad.
            return if token.starts_with("eyJ") {
                Err(BearerError::Invalid(
                    "the token is not one of this server, or was changed".into(),
                ))
            } else {
                Ok(None)
            };
        };
        if read.peek("iss").as_deref() != Some(self.config.issuer.as_str()) {
            if self.trust.names(read.header()) {
                return Ok(Some(self.verify_partner(token, parts).await?));
            }
            return self.verify_voucher(token, parts).await;
        }
        let claims = self.check_access_token(token).map_err(BearerError::Invalid)?;
        check_binding(&claims, parts).map_err(BearerError::Invalid)?;
        self.present(&claims).await.map(Some)
    }
}
