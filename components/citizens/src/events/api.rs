//! `POST /citizens/events`.

use super::{LoadError, Outcome};
use crate::App;
use access::Actor;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

/// What became of the events, in the order in which they came.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Taken {
    /// One for each event.
    outcomes: Vec<Outcome>,
}

/// Takes events of a body: JSON, NDJSON or CSV.
pub(super) async fn take(
    State(app): State<App>,
    actor: Actor,
    body: Bytes,
) -> Result<Json<Taken>, (StatusCode, Json<serde_json::Value>)> {
    let problem = |status: StatusCode, detail: String| {
        let title = status.canonical_reason().unwrap_or_default();
        (
            status,
            Json(serde_json::json!({"title": title, "status": status.as_u16(), "detail": detail})),
        )
    };
    let text = std::str::from_utf8(&body)
        .map_err(|error| problem(StatusCode::BAD_REQUEST, format!("the body is not UTF-8: {error}")))?;
    match super::load(&app.context, text, &actor.subject, |_, _| {}).await {
        Ok(outcomes) => Ok(Json(Taken { outcomes })),
        Err(error @ LoadError::Unreadable(_)) => Err(problem(StatusCode::BAD_REQUEST, error.to_string())),
        Err(error) => Err(problem(StatusCode::BAD_GATEWAY, error.to_string())),
    }
}
