//! `POST /oauth/token`.

use crate::access_token::Grantee;
use crate::approve::CodeRecord;
use crate::form::Form;
use crate::keys::ID_TOKEN_S;
use crate::records::{self, CODE, Ending, REFRESH};
use crate::{Client, ClientAuth, Code, Grant, Oauth, OauthError, scope};
use access::{Actor, ClientCertificate, ClientGrant};
use http::request::Parts;
use jose::SignHeader;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::RecordWrite;
use subtle::ConstantTimeEq as _;

/// A refresh token's record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RefreshRecord {
    pub client: String,
    /// Key of the grant.
    pub grant: String,
}

/// The answer to a token request.
pub(crate) async fn answer(oauth: &Oauth, parts: &Parts, form: &Form) -> Result<Value, OauthError> {
    let kind = form.need("grant_type")?.to_owned();
    if !["authorization_code", "refresh_token", "client_credentials"].contains(&kind.as_str()) {
        let why = "grant_type is one of authorization_code, refresh_token, client_credentials";
        return Err(OauthError::new(Code::UnsupportedGrantType, why));
    }
    let client = oauth.authenticate(parts, form).await?;
    let certificate = bound_to(&client, parts)?;
    let certificate = certificate.as_deref();
    match kind.as_str() {
        "authorization_code" => by_code(oauth, &client, form, certificate).await,
        "refresh_token" => by_refresh(oauth, &client, form, certificate).await,
        _ => by_itself(oauth, &client, form, certificate),
    }
}

/// The certificate a token of this client will be bound to.
fn bound_to(client: &Client, parts: &Parts) -> Result<Option<String>, OauthError> {
    if !client.bound && !matches!(client.auth, ClientAuth::Certificate(_)) {
        return Ok(None);
    }
    let shown = parts
        .extensions
        .get::<ClientCertificate>()
        .map(|shown| shown.thumbprint.clone());
    let why = "this client's tokens are bound to its TLS certificate: ask over mutual TLS";
    shown.map(Some).ok_or_else(|| OauthError::request(why))
}

/// Client credentials (SMART Backend Services).
fn by_itself(oauth: &Oauth, client: &Client, form: &Form, certificate: Option<&str>) -> Result<Value, OauthError> {
    if !client.is_confidential() || client.roles.is_empty() {
        let why = "this client was not registered to act without a person (it has no role)";
        return Err(OauthError::new(Code::UnauthorizedClient, why));
    }
    let asked = scope::asked_or_all(form.get("scope")?, client);
    let scopes = scope::give(&asked, &client.scopes, scope::Flow::System)?;
    let actor = Actor {
        subject: format!("client/{}", client.id),
        name: client.name.clone(),
        roles: client.roles.clone(),
        organization: client.organization.clone(),
        ..Actor::default()
    };
    let grant = ClientGrant {
        client: client.id.clone(),
        scopes,
        patient: None,
        purpose: None,
    };
    let token = oauth.access_token(&Grantee {
        actor: &actor,
        grant: &grant,
        sid: &client.id,
        certificate,
    })?;
    Ok(json!({
        "access_token": token, "token_type": "Bearer", "expires_in": oauth.config.access_s, "scope": grant.scopes.join(" ")
    }))
}

async fn by_code(oauth: &Oauth, client: &Client, form: &Form, certificate: Option<&str>) -> Result<Value, OauthError> {
    let code = form.need("code")?;
    let unknown =
        || OauthError::grant("the code is unknown, was used or has ended: codes are good once, for 60 seconds");
    let now = oauth.now();
    let record: Option<CodeRecord> = records::read_alive(oauth.store.as_ref(), CODE, &jose::s256(code), now).await?;
    let record = record.filter(|record| record.client == client.id).ok_or_else(unknown)?;
    if form.need("redirect_uri")? != record.redirect {
        return Err(OauthError::grant(
            "redirect_uri is another one than that of the authorisation request",
        ));
    }
    let verifier = form.need("code_verifier")?;
    let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    let right: bool = jose::s256(verifier)
        .as_bytes()
        .ct_eq(record.challenge.as_bytes())
        .into();
    if !right || !(43..=128).contains(&verifier.len()) || !verifier.bytes().all(unreserved) {
        return Err(OauthError::grant(
            "code_verifier does not fit the code_challenge (PKCE)",
        ));
    }
    let (refresh, writes) = match oauth.grant(&record.grant).await? {
        Some(grant) => new_refresh(oauth, &grant).await?,
        None => (None, vec![]),
    };
    let fresh = record.good > now;
    if !oauth
        .use_once_with("code", code, now + 900, if fresh { writes } else { vec![] })
        .await?
    {
        // Two hold the code: one of them stole it (RFC 9700 section 4.5).
        oauth.revoke_grant_key(&record.grant, "the code was used twice").await?;
        return Err(unknown());
    }
    let grant = oauth
        .grant(&record.grant)
        .await?
        .filter(|_| fresh)
        .ok_or_else(unknown)?;
    tokens(
        oauth,
        &grant,
        grant.scopes.clone(),
        refresh,
        record.nonce.as_deref(),
        certificate,
    )
}

async fn by_refresh(
    oauth: &Oauth,
    client: &Client,
    form: &Form,
    certificate: Option<&str>,
) -> Result<Value, OauthError> {
    let token = form.need("refresh_token")?;
    let unknown =
        || OauthError::grant("the refresh token is unknown, was used, revoked or has ended: ask the person again");
    let now = oauth.now();
    let found: Option<RefreshRecord> =
        records::read_alive(oauth.store.as_ref(), REFRESH, &jose::s256(token), now).await?;
    let found = found.filter(|found| found.client == client.id).ok_or_else(unknown)?;
    let grant = oauth.grant(&found.grant).await?.ok_or_else(unknown)?;
    let grant = oauth.as_of_today(grant).await?.ok_or_else(unknown)?;
    let scopes = match form.get("scope")? {
        Some(asked) => scope::part_of(asked, &grant.scopes)?,
        None => grant.scopes.clone(),
    };
    let (refresh, writes) = new_refresh(oauth, &grant).await?;
    if !oauth
        .use_once_with("refresh", token, now + oauth.config.refresh_s, writes)
        .await?
    {
        // Two hold the token: neither keeps it (RFC 9700 section 4.14.2).
        oauth
            .revoke_grant_key(&found.grant, "a refresh token was used twice")
            .await?;
        return Err(unknown());
    }
    tokens(oauth, &grant, scopes, refresh, None, certificate)
}

/// The next refresh token with the writes that keep it, where the grant lets the application come back.
async fn new_refresh(oauth: &Oauth, grant: &Grant) -> Result<(Option<String>, Vec<RecordWrite>), OauthError> {
    if !grant.scopes.iter().any(|scope| scope == "offline_access") {
        return Ok((None, vec![]));
    }
    let token = oauth.secret();
    let key = jose::s256(&token);
    let now = oauth.now();
    let record = Ending {
        until: (now + oauth.config.refresh_s).min(grant.until),
        value: RefreshRecord {
            client: grant.client.clone(),
            grant: grant.key(),
        },
    };
    let mut writes = records::ended(oauth.store.as_ref(), REFRESH, &key, now).await?;
    writes.push(records::write(REFRESH, &key, true, &record));
    Ok((Some(token), writes))
}

fn tokens(
    oauth: &Oauth,
    grant: &Grant,
    scopes: Vec<String>,
    refresh: Option<String>,
    nonce: Option<&str>,
    certificate: Option<&str>,
) -> Result<Value, OauthError> {
    let client_grant = grant.client_grant(scopes);
    let access = oauth.access_token(&Grantee {
        actor: &grant.actor,
        grant: &client_grant,
        sid: &grant.id,
        certificate,
    })?;
    let mut answer = Map::new();
    let mut put = |name: &str, value: Value| answer.insert(name.to_owned(), value);
    if client_grant.has_scope("openid") {
        put(
            "id_token",
            json!(id_token(oauth, grant, &client_grant, nonce, &access)?),
        );
    }
    put("access_token", json!(access));
    put("token_type", json!("Bearer"));
    put("expires_in", json!(oauth.config.access_s));
    put("scope", json!(client_grant.scopes.join(" ")));
    if let Some(refresh) = refresh {
        put("refresh_token", json!(refresh));
    }
    if let Some(patient) = &grant.patient {
        put("patient", json!(patient));
        put("need_patient_banner", json!(true));
    }
    if let Some(encounter) = &grant.encounter {
        put("encounter", json!(encounter));
    }
    Ok(Value::Object(answer))
}

fn id_token(
    oauth: &Oauth,
    grant: &Grant,
    client: &ClientGrant,
    nonce: Option<&str>,
    access: &str,
) -> Result<String, OauthError> {
    let now = oauth.now();
    let mut claims = json!({
        "iss": oauth.config.issuer, "aud": grant.client, "sub": subject(oauth, &grant.client, &grant.actor.subject),
        "iat": now, "exp": now + ID_TOKEN_S, "at_hash": jose::half_hash(access),
    });
    if let Some(nonce) = nonce {
        claims["nonce"] = json!(nonce);
    }
    if client.has_scope("fhirUser") {
        claims["fhirUser"] = json!(format!("{}/{}", oauth.config.fhir, grant.actor.subject));
    }
    if client.has_scope("profile") {
        claims["name"] = json!(grant.actor.name);
    }
    let header = SignHeader {
        typ: "JWT",
        ..SignHeader::default()
    };
    Ok(oauth.signing_keys().id.sign(&header, &claims)?)
}

/// A person's name for one application (OpenID Connect Core section 8.1, pairwise): two applications cannot compare notes.
pub(crate) fn subject(oauth: &Oauth, client: &str, subject: &str) -> String {
    let secret = jose::s256(oauth.config.key);
    jose::s256(format!("{secret}\n{client}\n{subject}"))
}
