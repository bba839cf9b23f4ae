//! What a handler answers: a page, or a failure that becomes an error page.

use askama::Template;
use axum::response::{Html as HtmlBody, IntoResponse, Response};
use component::PeerError;
use http::{HeaderValue, StatusCode, header};

/// A handler's result.
pub type Answer = Result<Response, Failure>;

/// Renders a page template.
pub fn show(template: &impl Template) -> Answer {
    let html = template.render().map_err(|e| Failure::Internal(e.to_string()))?;
    let mut response = HtmlBody(html).into_response();
    // Pages show people's data: they are not kept by the browser or by proxies.
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Why there is no page. [`crate::dress`] turns it into an error page that says what to do.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// There is nothing (any more) at this address.
    #[error("not found: {0}")]
    NotFound(String),
    /// The actor may not.
    #[error("forbidden: {0}")]
    Forbidden(String),
    /// Somebody else was faster.
    #[error("conflict: {0}")]
    Conflict(String),
    /// What was sent is not acceptable.
    #[error("unacceptable: {0}")]
    Unprocessable(String),
    /// Too much at the moment, or a peer is away.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// A defect of ours.
    #[error("internal error: {0}")]
    Internal(String),
}

impl Failure {
    /// HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Unprocessable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// What may be told to the person: nothing of our own defects.
    pub(crate) fn detail(&self) -> Option<&str> {
        match self {
            Self::Conflict(text) | Self::Unprocessable(text) | Self::Forbidden(text) => Some(text),
            Self::NotFound(_) | Self::Unavailable(_) | Self::Internal(_) => None,
        }
    }
}

impl From<PeerError> for Failure {
    fn from(error: PeerError) -> Self {
        let PeerError::Status { status, message } = error else {
            return match error {
                PeerError::Unreachable { .. } => Self::Unavailable(error.to_string()),
                _ => Self::Internal(error.to_string()),
            };
        };
        match status.as_u16() {
            404 | 410 => Self::NotFound(message),
            401 | 403 => Self::Forbidden(message),
            409 | 412 => Self::Conflict(message),
            400 | 413 | 422 => Self::Unprocessable(message),
            429 | 502..=504 => Self::Unavailable(message),
            _ => Self::Internal(format!("{status}: {message}")),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match &self {
            Self::Internal(_) => tracing::error!(error = %self, "a page failed"),
            Self::Unavailable(_) => tracing::warn!(error = %self, "a page is unavailable"),
            _ => {}
        }
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
