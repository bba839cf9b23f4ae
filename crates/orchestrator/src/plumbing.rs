//! Plumbing of the REST API: bodies, query strings, and work that outlives its caller.

use crate::OrchestratorError;
use access::{AuditPatient, Description, Gives, Takes, schema_of};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A JSON body; an empty one counts as `{}`. A malformed one is answered with 400 and its place.
pub(crate) struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = OrchestratorError;

    async fn from_request(request: Request, state: &S) -> Result<Self, OrchestratorError> {
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|e| OrchestratorError::BadRequest(format!("the body cannot be read: {e}")))?;
        let text: &[u8] = if bytes.iter().all(u8::is_ascii_whitespace) {
            b"{}"
        } else {
            &bytes
        };
        serde_json::from_slice(text)
            .map(Self)
            .map_err(|e| OrchestratorError::BadRequest(format!("the body is not the JSON expected here: {e}")))
    }
}

impl<T: JsonSchema> Takes for Body<T> {
    fn describe(into: &mut Description) {
        into.body = Some(schema_of::<T>());
    }
}

/// Query parameters; malformed ones are answered with 400.
pub(crate) struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = OrchestratorError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, OrchestratorError> {
        Query::try_from_uri(&parts.uri)
            .map(|Query(value)| Self(value))
            .map_err(|e| OrchestratorError::BadRequest(format!("query parameters: {e}")))
    }
}

impl<T: JsonSchema> Takes for Params<T> {
    fn describe(into: &mut Description) {
        into.query = Some(schema_of::<T>());
    }
}

/// An answer about a patient, which the audit is told of.
pub(crate) struct About<T> {
    pub status: StatusCode,
    pub patient: Option<String>,
    pub body: T,
}

impl<T: Serialize> About<T> {
    pub(crate) fn ok(patient: Option<String>, body: T) -> Self {
        Self {
            status: StatusCode::OK,
            patient,
            body,
        }
    }
}

impl<T: JsonSchema> Gives for About<T> {
    fn describe(into: &mut Description) {
        into.answer = Some(schema_of::<T>());
    }
}

impl<T: Serialize> IntoResponse for About<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(self.body)).into_response();
        if let Some(patient) = self.patient {
            response.extensions_mut().insert(AuditPatient(patient));
        }
        response
    }
}

/// Runs to its end even when the caller goes away: a commit without what follows it would leave jobs and messages lying
/// until the next start.
pub(crate) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, OrchestratorError>> + Send + 'static,
) -> Result<T, OrchestratorError> {
    match tokio::spawn(access::carry(work)).await {
        Ok(result) => result,
        Err(error) => Err(OrchestratorError::Damaged(format!("internal error: {error}"))),
    }
}
