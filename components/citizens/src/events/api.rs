//! `POST /citizens/events`.

use super::{LoadError, Outcome};
use crate::App;
use access::Actor;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

/// What became of the events, in the order in which they came.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Taken {
    /// One for each event.
    outcomes: Vec<Outcome>,
}

/// Header with the detached signature (JWS, RFC 7515 appendix F) of the body.
pub(super) const SIGNATURE: &str = "x-jws-signature";

/// Takes events of a body: JSON, NDJSON or CSV.
pub(super) async fn take(
    State(app): State<App>,
    actor: Actor,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Taken>, (StatusCode, Json<serde_json::Value>)> {
    let problem = |status: StatusCode, detail: String| {
        let title = status.canonical_reason().unwrap_or_default();
        (
            status,
            Json(serde_json::json!({"title": title, "status": status.as_u16(), "detail": detail})),
        )
    };
    let signature = match headers.get(SIGNATURE).map(|value| value.to_str()) {
        Some(Err(_)) => {
            let detail = format!("{SIGNATURE}: not a JWS: send 'header..signature' in base64url");
            return Err(problem(StatusCode::BAD_REQUEST, detail));
        }
        Some(Ok(text)) => Some(text),
        None => None,
    };
    match super::load(&app.context, &body, signature, &actor.subject, |_, _| {}).await {
        Ok(outcomes) => Ok(Json(Taken { outcomes })),
        Err(error @ LoadError::Untrusted(_)) => Err(problem(StatusCode::FORBIDDEN, error.to_string())),
        Err(error @ LoadError::Unreadable(_)) => Err(problem(StatusCode::BAD_REQUEST, error.to_string())),
        Err(error) => Err(problem(StatusCode::BAD_GATEWAY, error.to_string())),
    }
}
