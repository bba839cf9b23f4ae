//! Axum extractors: the actor and the session that the wrapper put into the request's extensions.

use crate::{Actor, Session};
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use std::convert::Infallible;

/// The actor is missing: the handler was served outside `Routes::guard`, or on a public route without a sign-in.
#[derive(Debug)]
pub struct NoActor;

impl IntoResponse for NoActor {
    fn into_response(self) -> Response {
        (
            StatusCode::UNAUTHORIZED,
            "this request has no actor: sign in, or guard the route",
        )
            .into_response()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Actor {
    type Rejection = NoActor;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NoActor> {
        parts.extensions.get::<Actor>().cloned().ok_or(NoActor)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Actor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Actor>().cloned())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = NoActor;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NoActor> {
        parts.extensions.get::<Session>().cloned().ok_or(NoActor)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Session {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Session>().cloned())
    }
}
