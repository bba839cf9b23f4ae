//! Who asks at the token endpoint, at introspection and revocation.

use crate::form::Form;
use crate::records::{self, REFRESH};
use crate::token::RefreshRecord;
use crate::{Client, ClientAuth, Oauth, OauthError};
use access::ClientCertificate;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{header, request::Parts};
use jose::{Algorithm, Claims, Expect, Jwks, Unverified};
use subtle::ConstantTimeEq as _;

/// RFC 7523 section 2.2.
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Longest life of an assertion, seconds (SMART Backend Services: "no more than five minutes").
const ASSERTION_S: i64 = 300;
/// How far a client's clock may differ, seconds.
pub(crate) const SKEW_S: i64 = 30;

impl Oauth {
    /// The client that asks, when it proves who it is as it was registered to; no other way is accepted.
    ///
    /// # Errors
    /// [`crate::Code::InvalidClient`] with what to mend.
    pub(crate) async fn authenticate(&self, parts: &Parts, form: &Form) -> Result<Client, OauthError> {
        let basic = basic(parts)?;
        let assertion = form.get("client_assertion")?;
        let ways = [
            basic.is_some(),
            assertion.is_some(),
            form.get("client_secret")?.is_some(),
        ];
        if ways.iter().filter(|given| **given).count() > 1 {
            return Err(OauthError::request("prove who the client is in one way only"));
        }
        let named = form.get("client_id")?;
        let id = match (&basic, assertion) {
            (Some((id, _)), _) => id.clone(),
            (None, Some(assertion)) => issuer(assertion)?,
            (None, None) => match named {
                Some(named) => named.to_owned(),
                None => self.public_owner(form).await?,
            },
        };
        if named.is_some_and(|named| named != id) {
            return Err(OauthError::client(
                "client_id is another one than that of the credentials",
            ));
        }
        let client = self.client(&id).await?;
        let secret = basic
            .as_ref()
            .map(|(_, secret)| secret.as_str())
            .or(form.get("client_secret")?);
        self.check_proof(&client, parts, form, secret).await?;
        access::note_actor(&format!("client/{}", client.id));
        Ok(client)
    }

    /// Public applications need not say who they are when they refresh (SMART App Launch 2.2 section 2.1.11): the token says it.
    async fn public_owner(&self, form: &Form) -> Result<String, OauthError> {
        let missing = || OauthError::client("client_id is missing");
        let token = form.get("refresh_token")?.ok_or_else(missing)?;
        let found: Option<RefreshRecord> =
            records::read_alive(self.store.as_ref(), REFRESH, &jose::s256(token), self.now()).await?;
        Ok(found.ok_or_else(missing)?.client)
    }

    async fn check_proof(
        &self,
        client: &Client,
        parts: &Parts,
        form: &Form,
        secret: Option<&str>,
    ) -> Result<(), OauthError> {
        match (&client.auth, secret, form.get("client_assertion")?) {
            (ClientAuth::Public, None, None) => Ok(()),
            (ClientAuth::Secret(kept), Some(secret), None) => {
                let right: bool = jose::s256(secret).as_bytes().ct_eq(kept.as_bytes()).into();
                right
                    .then_some(())
                    .ok_or_else(|| OauthError::client("the client's secret is wrong"))
            }
            (ClientAuth::Keys(_) | ClientAuth::KeysAt(_), None, Some(assertion)) => {
                if form.get("client_assertion_type")? != Some(ASSERTION_TYPE) {
                    return Err(OauthError::request(format!(
                        "client_assertion_type must be {ASSERTION_TYPE}"
                    )));
                }
                self.check_assertion(client, assertion).await
            }
            (ClientAuth::Certificate(thumbprint), None, None) => {
                let shown = parts.extensions.get::<ClientCertificate>();
                let right = shown.is_some_and(|shown| shown.thumbprint == *thumbprint);
                let why = "the connection has not shown the client's certificate (mutual TLS)";
                right.then_some(()).ok_or_else(|| OauthError::client(why))
            }
            (auth, _, _) => Err(OauthError::client(format!(
                "this client proves who it is by {}",
                way(auth)
            ))),
        }
    }

    async fn check_assertion(&self, client: &Client, assertion: &str) -> Result<(), OauthError> {
        let wrong = |error: jose::JoseError| OauthError::client(format!("client_assertion: {error}"));
        let claims = match &client.auth {
            ClientAuth::KeysAt(url) => self.verify_with_keys_at(url, assertion).await?,
            ClientAuth::Keys(set) => {
                let keys = Jwks::from_json(set)?;
                let read = Unverified::parse(assertion, Algorithm::USUAL).map_err(wrong)?;
                read.verify_with(&keys).map_err(wrong)?
            }
            _ => return Err(OauthError::client("this client has no keys")),
        };
        let (token, issuer) = (self.config.at("/oauth/token"), self.config.issuer.as_str());
        let expect = Expect {
            now: self.now(),
            skew_s: SKEW_S,
            issuer: Some(&client.id),
            subject: Some(&client.id),
            audience: &[&token, issuer],
            max_life_s: Some(ASSERTION_S),
            require: &["jti"],
            ..Expect::default()
        };
        claims.expect(&expect).map_err(wrong)?;
        let (jti, until) = once(&claims);
        if !self.use_once(&format!("assertion {}", client.id), jti, until).await? {
            return Err(OauthError::client(
                "client_assertion: its 'jti' was used before: sign a new one for each request",
            ));
        }
        Ok(())
    }
}

/// `jti`, and until when it must be remembered.
pub(crate) fn once(claims: &Claims) -> (&str, i64) {
    let until = claims.moment("exp").ok().flatten().unwrap_or_default();
    (claims.text("jti").unwrap_or_default(), until)
}

fn way(auth: &ClientAuth) -> &'static str {
    match auth {
        ClientAuth::Public => "its client_id alone, with PKCE: it has no secret",
        ClientAuth::Keys(_) | ClientAuth::KeysAt(_) => "private_key_jwt (client_assertion)",
        ClientAuth::Secret(_) => "its secret (client_secret_basic or client_secret_post)",
        ClientAuth::Certificate(_) => "its TLS certificate (client_id with mutual TLS)",
    }
}

/// The `iss` of an assertion that is not checked yet, to find the client whose keys check it.
fn issuer(assertion: &str) -> Result<String, OauthError> {
    let read = Unverified::parse(assertion, Algorithm::USUAL);
    let read = read.map_err(|error| OauthError::client(format!("client_assertion: {error}")))?;
    read.peek("iss")
        .ok_or_else(|| OauthError::client("client_assertion: the claim 'iss' is missing"))
}

/// User and password of HTTP Basic, form-decoded (RFC 6749 section 2.3.1).
fn basic(parts: &Parts) -> Result<Option<(String, String)>, OauthError> {
    let Some(value) = parts.headers.get(header::AUTHORIZATION) else {
        return Ok(None);
    };
    let malformed = || OauthError::client("Authorization: Basic wants base64 of client_id:secret");
    let text = value.to_str().map_err(|_| malformed())?;
    let (scheme, rest) = text.split_once(' ').ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let bytes = STANDARD.decode(rest.trim()).map_err(|_| malformed())?;
    let text = String::from_utf8(bytes).map_err(|_| malformed())?;
    let (id, secret) = text.split_once(':').ok_or_else(malformed)?;
    let decode = |text: &str| {
        let pair = format!("v={text}");
        serde_urlencoded::from_str::<Vec<(String, String)>>(&pair)
            .ok()?
            .pop()
            .map(|(_, value)| value)
    };
    Ok(Some((
        decode(id).ok_or_else(malformed)?,
        decode(secret).ok_or_else(malformed)?,
    )))
}

/// Whether a client may be told what only confidential clients are told.
pub(crate) fn confidential(client: &Client) -> Result<(), OauthError> {
    if client.is_confidential() {
        return Ok(());
    }
    Err(OauthError::new(
        crate::Code::UnauthorizedClient,
        "public clients are not told",
    ))
}
