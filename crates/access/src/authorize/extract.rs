//! A [`View`] as an argument of a handler.

use super::View;
use crate::NoActor;
use axum::extract::FromRequestParts;
use http::request::Parts;

impl<S: Send + Sync> FromRequestParts<S> for View {
    type Rejection = NoActor;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NoActor> {
        parts.extensions.get::<View>().cloned().ok_or(NoActor)
    }
}
