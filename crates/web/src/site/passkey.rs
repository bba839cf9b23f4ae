//! `POST /accedi/passkey/sfida`, `POST /accedi/passkey`: sign-in with a passkey, called by the page's script.

use super::Site;
use super::steps::follow;
use super::visit::visit;
use crate::{Answer, Failure, Page, refusal};
use access::{Ask, AskError, Reply};
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

/// Largest answer read, bytes.
const MAX: usize = 64 * 1024;

#[derive(Deserialize)]
struct Sent {
    ceremony: String,
    answer: Value,
    #[serde(default)]
    da: String,
}

/// Options for `navigator.credentials.get`.
pub(super) async fn challenge(State(site): State<Site>, page: Page) -> Answer {
    match site.guard.identity().ask(Ask::PasskeyChallenge).await {
        Ok(Reply::Challenge(challenge)) => Ok(Json(challenge).into_response()),
        Ok(_) => Err(Failure::Internal("a challenge was asked for".into())),
        Err(error) => refuse(&page, error),
    }
}

/// Checks the answer; says where to go.
pub(super) async fn submit(State(site): State<Site>, page: Page, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let bytes = axum::body::to_bytes(body, MAX).await;
    let bytes = bytes.map_err(|e| Failure::Unprocessable(e.to_string()))?;
    let sent: Sent = serde_json::from_slice(&bytes).map_err(|e| Failure::Unprocessable(e.to_string()))?;
    let ask = Ask::Passkey {
        ceremony: sent.ceremony,
        answer: sent.answer,
        visit: visit(&parts, site.guard.options().secure_cookies, &sent.da),
    };
    match site.ask(ask).await {
        Ok(step) => Ok(as_json(follow(&site, page, step)?)),
        Err(error) => refuse(&page, error),
    }
}

/// The redirect as JSON: a script follows it.
fn as_json(redirect: Response) -> Response {
    let to = redirect.headers().get(header::LOCATION).and_then(|v| v.to_str().ok());
    let mut response = Json(json!({ "vai": to.unwrap_or("/") })).into_response();
    for cookie in redirect.headers().get_all(header::SET_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    response
}

fn refuse(page: &Page, error: AskError) -> Answer {
    let (status, text) = match error {
        AskError::Refused(refused) => (refusal::status(&refused), refusal::told(page, &refused)),
        AskError::Access(error) => {
            tracing::error!(%error, "a passkey could not be checked");
            (StatusCode::SERVICE_UNAVAILABLE, page.t("error-503-what"))
        }
    };
    Ok((status, Json(json!({ "errore": text }))).into_response())
}
