//! The identity service of the node that has the store, for the nodes that have none (`--peer hub=…`). Internal: only
//! the program itself, by signed token, may call it.

use crate::{AccessError, Ask, AskError, Identity, Policy, Refused, Reply, Routes, SignInError};
use axum::Json;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{HeaderValue, Method, StatusCode, header};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::AuditEntry;

/// A session cookie: `POST /access/session` (answers a [`crate::Session`] or `null`), `POST /access/sign-out`.
#[derive(Debug, Serialize, Deserialize)]
pub struct TokenBody {
    /// The cookie.
    pub token: String,
}

/// `POST /access/sign-in` (answers [`crate::SignedIn`]) and `POST /access/verify` (answers [`crate::Actor`]); 401 when wrong,
/// 429 with `Retry-After` when locked.
#[derive(Debug, Serialize, Deserialize)]
pub struct PasswordBody {
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
    /// Session to close.
    pub previous: Option<String>,
}

/// The routes, to be merged with those of the node that has the store.
pub fn identity_routes(identity: &Arc<dyn Identity>) -> Routes {
    let policy = Policy::May("internal");
    let shared = || identity.clone();
    let (a, b, c, d, e, f, g) = (shared(), shared(), shared(), shared(), shared(), shared(), shared());
    Routes::new()
        .route(
            Method::POST,
            "/access/session",
            policy,
            post(|Json(body): Json<TokenBody>| async move { answer(a.session(&body.token).await) }),
        )
        .route(
            Method::POST,
            "/access/sign-out",
            policy,
            post(|Json(body): Json<TokenBody>| async move { answer(b.sign_out(&body.token).await) }),
        )
        .route(
            Method::POST,
            "/access/sign-in",
            policy,
            post(|Json(body): Json<PasswordBody>| async move {
                sign_in_answer(
                    c.sign_in(&body.username, &body.password, body.previous.as_deref())
                        .await,
                )
            }),
        )
        .route(
            Method::POST,
            "/access/verify",
            policy,
            post(|Json(body): Json<PasswordBody>| async move {
                sign_in_answer(d.verify(&body.username, &body.password).await)
            }),
        )
        .route(
            Method::POST,
            "/access/ask",
            policy,
            post(|Json(ask): Json<Ask>| async move { ask_answer(g.ask(ask).await) }),
        )
        .route(
            Method::POST,
            "/access/audit",
            policy,
            post(|Json(entries): Json<Vec<AuditEntry>>| async move { answer(e.record(entries).await) }),
        )
        .route(
            Method::GET,
            "/access/demo-accounts",
            policy,
            get(|| async move { answer(f.demo_accounts().await) }),
        )
}

fn answer<T: Serialize>(result: Result<T, AccessError>) -> Response {
    match result {
        Ok(value) => Json(value).into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}

/// Answers `{"Ok": Reply}` or `{"Err": Refused}`.
fn ask_answer(result: Result<Reply, AskError>) -> Response {
    match result {
        Ok(reply) => Json(Ok::<_, Refused>(reply)).into_response(),
        Err(AskError::Refused(refused)) => Json(Err::<Reply, _>(refused)).into_response(),
        Err(AskError::Access(error)) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}

fn sign_in_answer<T: Serialize>(result: Result<T, SignInError>) -> Response {
    match result {
        Ok(value) => Json(value).into_response(),
        Err(SignInError::Wrong) => StatusCode::UNAUTHORIZED.into_response(),
        Err(SignInError::MoreNeeded) => StatusCode::PRECONDITION_REQUIRED.into_response(),
        Err(SignInError::Locked { retry_after_s }) => {
            let mut response = StatusCode::TOO_MANY_REQUESTS.into_response();
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(retry_after_s));
            response
        }
        Err(SignInError::Access(error)) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response(),
    }
}
