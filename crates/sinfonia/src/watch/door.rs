//! Where the numbers are shown: `/health/live` and `/health/ready` at the front door, and those with `/metrics` at a door of its
//! own for whoever runs the installation, which is to be in an inner network.

use super::{Health, Sampler};
use access::{Policy, Routes};
use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::{Method, StatusCode, header};
use std::sync::{Arc, OnceLock};

/// The sampler of the process, which is there once everything is wired.
pub type Shared = Arc<OnceLock<Arc<Sampler>>>;

/// The two questions, at the front door.
pub fn health_routes(shared: &Shared) -> Routes {
    let shared = shared.clone();
    Routes::new()
        .route(Method::GET, "/health/live", Policy::Public, get(live))
        .route(
            Method::GET,
            "/health/ready",
            Policy::Public,
            get(move || async move {
                match shared.get() {
                    Some(sampler) => ready(&sampler.look().await),
                    None => told(
                        StatusCode::SERVICE_UNAVAILABLE,
                        &serde_json::json!({"status": "starting"}),
                    ),
                }
            }),
        )
}

/// All three, at a door of their own.
pub fn operations_router(sampler: &Arc<Sampler>) -> Router {
    let (one, other) = (sampler.clone(), sampler.clone());
    Router::new()
        .route("/health/live", get(live))
        .route("/health/ready", get(move || async move { ready(&one.look().await) }))
        .route(
            "/metrics",
            get(move || async move {
                other.look().await;
                let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
                ([(header::CONTENT_TYPE, kind)], other.metrics.text())
            }),
        )
}

async fn live() -> Response {
    told(StatusCode::OK, &serde_json::json!({"status": "alive"}))
}

fn ready(found: &[Health]) -> Response {
    let whole = found.iter().all(|health| health.trouble.is_none());
    let parts: serde_json::Map<String, serde_json::Value> = found
        .iter()
        .map(|health| {
            (
                health.part.clone().into_owned(),
                health.trouble.unwrap_or("ready").into(),
            )
        })
        .collect();
    let status = if whole {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let told_as = if whole { "ready" } else { "not ready" };
    told(status, &serde_json::json!({"status": told_as, "parts": parts}))
}

fn told(status: StatusCode, body: &serde_json::Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, body.to_string()).into_response()
}
