//! Errors as clients of OAuth read them (RFC 6749 section 5.2, RFC 6750, OpenID Connect Core).

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use store::StoreError;

/// The error codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// A parameter is missing, twice there, or wrong.
    InvalidRequest,
    /// Who asks is not the client it says it is.
    InvalidClient,
    /// The code, refresh token or assertion is not good, or not for this client.
    InvalidGrant,
    /// The client may not use this flow.
    UnauthorizedClient,
    /// A flow that does not exist here.
    UnsupportedGrantType,
    /// Only `code` exists here.
    UnsupportedResponseType,
    /// No scope that the client may have is left.
    InvalidScope,
    /// `aud` is not this server's FHIR base.
    InvalidTarget,
    /// The person said no.
    AccessDenied,
    /// Request objects are not read here.
    RequestNotSupported,
    /// Too much at the moment.
    TemporarilyUnavailable,
    /// A defect of ours.
    ServerError,
}

impl Code {
    /// As written in answers.
    pub fn text(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::AccessDenied => "access_denied",
            Self::RequestNotSupported => "request_not_supported",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }
}

/// An error with what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}", code.text())]
pub struct OauthError {
    /// Which.
    pub code: Code,
    /// What is wrong and what would be right. Holds no secret.
    pub why: String,
}

impl OauthError {
    /// An error.
    pub fn new(code: Code, why: impl Into<String>) -> Self {
        Self { code, why: why.into() }
    }

    pub(crate) fn request(why: impl Into<String>) -> Self {
        Self::new(Code::InvalidRequest, why)
    }

    pub(crate) fn client(why: impl Into<String>) -> Self {
        Self::new(Code::InvalidClient, why)
    }

    pub(crate) fn grant(why: impl Into<String>) -> Self {
        Self::new(Code::InvalidGrant, why)
    }

    fn status(&self) -> StatusCode {
        match self.code {
            Code::InvalidClient => StatusCode::UNAUTHORIZED,
            Code::AccessDenied => StatusCode::FORBIDDEN,
            Code::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Code::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

impl From<StoreError> for OauthError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Overloaded { .. } => {
                Self::new(Code::TemporarilyUnavailable, "too much at the moment: try again")
            }
            other => {
                tracing::error!(error = %other, "the authorisation server cannot use its store");
                Self::new(Code::ServerError, "an error of this server: it is in its log")
            }
        }
    }
}

impl From<access::AccessError> for OauthError {
    fn from(error: access::AccessError) -> Self {
        match error {
            access::AccessError::Store(error) => error.into(),
            other => {
                tracing::error!(error = %other, "who a person is cannot be found out");
                Self::new(
                    Code::TemporarilyUnavailable,
                    "who the person is cannot be found out: try again",
                )
            }
        }
    }
}

impl From<jose::JoseError> for OauthError {
    fn from(error: jose::JoseError) -> Self {
        tracing::error!(%error, "the authorisation server cannot use its keys");
        Self::new(Code::ServerError, "an error of this server: it is in its log")
    }
}

impl IntoResponse for OauthError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.code.text(), "error_description": self.why });
        let mut response = (self.status(), Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.code == Code::InvalidClient {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"sinfonia\""),
            );
        }
        response
    }
}
