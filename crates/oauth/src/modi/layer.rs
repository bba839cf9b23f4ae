//! The layer that looks at signed bodies before the guard: a request that carries `Agid-JWT-Signature` is let on only when
//! the signature fits; others pass untouched and unread. Whether a signature must be there, the partner's or purpose's
//! registration says, when the guard asks who it is.

use super::{ModiError, SIGNATURE_HEADER};
use crate::Oauth;
use axum::Json;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use std::sync::Arc;

/// Largest signed body, bytes.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// The middleware.
pub async fn layer(oauth: Arc<Oauth>, request: Request, next: Next) -> Response {
    if !request.headers().contains_key(SIGNATURE_HEADER) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let sealed = match oauth.check_seal(&parts) {
        Ok(sealed) => sealed,
        Err(error) => return refused(&error, parts.uri.path()),
    };
    let Ok(bytes) = axum::body::to_bytes(body, MAX_BODY).await else {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, "a signed body has 16 MiB at most");
    };
    match oauth.check_body(sealed, &parts, &bytes).await {
        Ok(signed) => {
            parts.extensions.insert(signed);
            next.run(Request::from_parts(parts, Body::from(bytes))).await
        }
        Err(error) => refused(&error, parts.uri.path()),
    }
}

fn refused(error: &ModiError, path: &str) -> Response {
    let status = match error {
        ModiError::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ModiError::Token { .. } | ModiError::Replayed(_) => StatusCode::UNAUTHORIZED,
        _ => StatusCode::BAD_REQUEST,
    };
    tracing::warn!(%error, path, "a signed request was refused");
    refuse(status, &error.to_string())
}

fn refuse(status: StatusCode, why: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("Error");
    let body = json!({ "title": title, "status": status.as_u16(), "detail": why });
    let mut response = (status, Json(body)).into_response();
    let kind = HeaderValue::from_static("application/problem+json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
