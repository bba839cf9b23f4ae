//! `GET /oauth/authorize`: an application asks for a person's permission (authorisation code flow with PKCE).
//!
//! The request is checked whole, sealed, and the browser takes it on to the page that asks the person: nobody reads or changes
//! it on the way, and nothing is kept for strangers who ask and go away. What is wrong with the client or the redirect URI is shown here and never sent on: an
//! unknown address must not be redirected to (RFC 9700 section 4.11).

use crate::form::Form;
use crate::records::{self, Ending, LAUNCH};
use crate::{Client, Code, Launch, Oauth, OauthError, scope};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, Uri, header};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How long the person may take, seconds.
const PENDING_S: i64 = 900;
/// Longest `state` and `nonce`, bytes.
const MAX_STATE: usize = 500;
/// Longest `scope`, bytes.
const MAX_SCOPE: usize = 4_000;
/// What a sealed request is for.
pub(crate) const PENDING: &str = "oauth request";
/// Longest query, bytes.
const MAX_QUERY: usize = 16 * 1024;

/// A request that waits for the person's word.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Pending {
    pub client: String,
    pub redirect: String,
    pub scopes: Vec<String>,
    pub state: Option<String>,
    pub challenge: String,
    pub nonce: Option<String>,
    pub launch: Option<Launch>,
}

/// The HTTP handler.
pub(crate) async fn handle(oauth: Arc<Oauth>, uri: Uri) -> Response {
    match begin(&oauth, uri.query().unwrap_or_default()).await {
        Ok(to) => redirect(&to),
        Err(error) => refuse(&error),
    }
}

/// Where the browser goes: to the page that asks, or back to the application with an error.
async fn begin(oauth: &Oauth, query: &str) -> Result<String, OauthError> {
    if query.len() > MAX_QUERY {
        return Err(OauthError::request(format!(
            "the address is longer than {MAX_QUERY} bytes"
        )));
    }
    let form = Form::parse(query.as_bytes())?;
    let client = oauth.client(form.need("client_id")?).await?;
    let redirect = form.need("redirect_uri")?;
    if !client.redirects.iter().any(|own| own == redirect) {
        return Err(OauthError::request(
            "redirect_uri is not one that this client was registered with: it is compared letter by letter",
        ));
    }
    let state = form.get("state").ok().flatten();
    match check(oauth, &client, &form).await {
        Ok(pending) => {
            let record = Ending {
                until: oauth.now() + PENDING_S,
                value: pending,
            };
            let text = serde_json::to_string(&record).expect("a request serialises");
            Ok(format!("/oauth/consenti/{}", oauth.seal.close(&text, PENDING)))
        }
        Err(error) => Ok(oauth.back_with_error(redirect, state, &error)),
    }
}

async fn check(oauth: &Oauth, client: &Client, form: &Form) -> Result<Pending, OauthError> {
    let wrong = |code, why: &str| Err(OauthError::new(code, why));
    if form.get("request")?.is_some() || form.get("request_uri")?.is_some() {
        return wrong(
            Code::RequestNotSupported,
            "request objects are not read here: send the parameters plainly",
        );
    }
    if form.need("response_type")? != "code" {
        return wrong(Code::UnsupportedResponseType, "response_type must be code");
    }
    if form.get("response_mode")?.is_some_and(|mode| mode != "query") {
        return wrong(Code::InvalidRequest, "response_mode must be query");
    }
    if form.get("code_challenge_method")? != Some("S256") {
        return wrong(
            Code::InvalidRequest,
            "PKCE is needed: code_challenge with code_challenge_method=S256",
        );
    }
    let challenge = form.need("code_challenge")?;
    if challenge.len() != 43 || jose::from_base64url(challenge).is_none() {
        return wrong(
            Code::InvalidRequest,
            "code_challenge is the SHA-256 of the verifier in base64url (43 characters)",
        );
    }
    let aud = form.get("aud")?.or(form.get("resource")?);
    if aud.map(|aud| aud.trim_end_matches('/')) != Some(oauth.config.fhir.as_str()) {
        return Err(OauthError::new(
            Code::InvalidTarget,
            format!("aud must be {}", oauth.config.fhir),
        ));
    }
    for name in ["state", "nonce"] {
        if form.get(name)?.is_some_and(|value| value.len() > MAX_STATE) {
            return Err(OauthError::request(format!("{name} is longer than {MAX_STATE} bytes")));
        }
    }
    let state = form.get("state")?;
    if state.is_none() {
        return wrong(Code::InvalidRequest, "state is missing: it must not be guessable");
    }
    if form.need("scope")?.len() > MAX_SCOPE {
        return Err(OauthError::request(format!("scope is longer than {MAX_SCOPE} bytes")));
    }
    let scopes = scope::give(form.need("scope")?, &client.scopes, scope::Flow::Person)?;
    let launch = match form.get("launch")? {
        Some(id) => Some(launch(oauth, client, id).await?),
        None => None,
    };
    Ok(Pending {
        client: client.id.clone(),
        redirect: form.need("redirect_uri")?.to_owned(),
        scopes,
        state: state.map(str::to_owned),
        challenge: challenge.to_owned(),
        nonce: form.get("nonce")?.map(str::to_owned),
        launch,
    })
}

async fn launch(oauth: &Oauth, client: &Client, id: &str) -> Result<Launch, OauthError> {
    let found: Option<Launch> = records::read_alive(oauth.store.as_ref(), LAUNCH, id, oauth.now()).await?;
    let found = found.filter(|launch| launch.client == client.id);
    found.ok_or_else(|| OauthError::request("launch is unknown, has ended, or was made for another application"))
}

impl Oauth {
    /// The application's address with an answer. `iss` says who answers (RFC 9207).
    pub(crate) fn back(&self, redirect: &str, state: Option<&str>, values: &[(&str, &str)]) -> String {
        let mut pairs: Vec<(&str, &str)> = values.to_vec();
        pairs.extend(state.map(|state| ("state", state)));
        pairs.push(("iss", &self.config.issuer));
        let query = serde_urlencoded::to_string(&pairs).expect("pairs of texts encode");
        let joint = if redirect.contains('?') { '&' } else { '?' };
        format!("{redirect}{joint}{query}")
    }

    pub(crate) fn back_with_error(&self, redirect: &str, state: Option<&str>, error: &OauthError) -> String {
        let values = [("error", error.code.text()), ("error_description", error.why.as_str())];
        self.back(redirect, state, &values)
    }
}

pub(crate) fn redirect(to: &str) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let Ok(location) = HeaderValue::from_str(to) else {
        return OauthError::request("redirect_uri holds what an address cannot").into_response();
    };
    response.headers_mut().insert(header::LOCATION, location);
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What the person sees when the application made a mistake that cannot be sent back to it.
fn refuse(error: &OauthError) -> Response {
    let text = format!(
        "L'applicazione che ti ha portato qui non è configurata correttamente e non può chiedere il tuo consenso.\n\n\
         Per chi la gestisce: {error}\n"
    );
    let mut response = (StatusCode::BAD_REQUEST, text).into_response();
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
