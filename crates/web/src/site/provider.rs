//! Sign-in with an identity provider (SPID, CIE, others): the way out, the way back, and its logout calls.

use super::Site;
use super::steps::{follow, with_status};
use super::visit::visit;

use crate::{Answer, Failure, Page, refusal};
use access::{Ask, AskError, Refused, Reply, cookie, set_cookie};
use axum::Form;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Cookie of a sign-in that is under way at a provider.
const COOKIE: &str = "sinfonia_identita";
const LIFETIME_S: u64 = 600;

#[derive(Deserialize)]
pub(super) struct Logout {
    #[serde(default)]
    logout_token: String,
}

/// `GET /accedi/con/{provider}?da=`: to the provider. A link, since a strict form policy follows redirects too.
pub(super) async fn begin(
    State(site): State<Site>,
    page: Page,
    Path(provider): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
    request: Request,
) -> Answer {
    let (parts, _) = request.into_parts();
    let secure = site.guard.options().secure_cookies;
    let back = query.get("da").map_or("", String::as_str);
    let ask = Ask::Provider {
        provider,
        visit: visit(&parts, secure, back),
    };
    match site.guard.identity().ask(ask).await {
        Ok(Reply::Away { url, ticket }) => {
            let mut response = StatusCode::SEE_OTHER.into_response();
            let to = HeaderValue::from_str(&url).map_err(|e| Failure::Internal(e.to_string()))?;
            response.headers_mut().insert(header::LOCATION, to);
            keep(&mut response, &ticket, secure, LIFETIME_S);
            Ok(response)
        }
        Ok(_) => Err(Failure::Internal("an address was expected".into())),
        Err(error) => refused(&site, page, error).await,
    }
}

/// `GET /accedi/ritorno/{provider}`: back from it.
pub(super) async fn finish(
    State(site): State<Site>,
    page: Page,
    headers: HeaderMap,
    Query(query): Query<BTreeMap<String, String>>,
) -> Answer {
    let secure = site.guard.options().secure_cookies;
    let ticket = cookie(&headers, COOKIE).unwrap_or_default().to_owned();
    let result = site.ask(Ask::ProviderBack { ticket, query }).await;
    let mut response = match result {
        Ok(step) => follow(&site, page, step)?,
        Err(error) => refused(&site, page, error).await?,
    };
    keep(&mut response, "", secure, 0);
    Ok(response)
}

/// `POST /oidc/{provider}/uscita`: the provider says that a session ended (Back-Channel Logout 1.0, 2.5 to 2.8).
pub(super) async fn back_channel(
    State(site): State<Site>,
    Path(provider): Path<String>,
    Form(sent): Form<Logout>,
) -> Answer {
    let ask = Ask::BackChannel {
        provider,
        token: sent.logout_token,
    };
    Ok(told(site.guard.identity().ask(ask).await))
}

/// `GET /oidc/{provider}/uscita?iss=&sid=`: the same, in the browser (Front-Channel Logout 1.0).
pub(super) async fn front_channel(
    State(site): State<Site>,
    Path(provider): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Answer {
    let text = |key: &str| query.get(key).cloned().unwrap_or_default();
    let ask = Ask::FrontChannel {
        provider,
        issuer: text("iss"),
        sid: text("sid"),
    };
    Ok(told(site.guard.identity().ask(ask).await))
}

/// `GET /oidc/chiavi`: our public keys.
pub(super) async fn keys(State(site): State<Site>) -> Answer {
    match site.guard.identity().ask(Ask::ProviderKeys).await {
        Ok(Reply::Keys(keys)) => Ok(axum::Json(keys).into_response()),
        Ok(_) => Err(Failure::Internal("keys were expected".into())),
        Err(AskError::Refused(_)) => Err(Failure::NotFound("keys".into())),
        Err(AskError::Access(error)) => Err(Failure::Unavailable(error.to_string())),
    }
}

async fn refused(site: &Site, page: Page, error: AskError) -> Answer {
    match error {
        AskError::Refused(refused) => {
            let text = refusal::told(&page, &refused);
            let answer = super::sign_in::show(site, page, String::new(), String::new(), Some(text)).await;
            with_status(answer, refusal::status(&refused))
        }
        AskError::Access(error) => Err(Failure::Unavailable(error.to_string())),
    }
}

/// 200 or 400, never kept.
fn told(result: Result<Reply, AskError>) -> Response {
    let mut response = match result {
        Ok(_) => StatusCode::OK.into_response(),
        Err(AskError::Refused(Refused::Provider(_))) => StatusCode::BAD_REQUEST.into_response(),
        Err(AskError::Refused(_)) => StatusCode::NOT_FOUND.into_response(),
        Err(AskError::Access(error)) => {
            tracing::error!(%error, "a logout of a provider could not be followed");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn keep(response: &mut Response, ticket: &str, secure: bool, max_age_s: u64) {
    let cookie = set_cookie(COOKIE, ticket, secure, Some(max_age_s));
    response.headers_mut().append(header::SET_COOKIE, cookie);
}
