//! Refusals, each in the form its caller reads: OperationOutcome for FHIR, problem+json for other APIs, a redirect to the
//! sign-in page or a plain page for browsers (the page kit dresses it up).

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header, request::Parts};
use serde_json::json;

/// Why a request was not let through. Put into the response's extensions too, so that an outer layer can answer a
/// browser with a proper page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody is signed in, or the session has ended.
    SignInNeeded,
    /// Credentials were given and are wrong.
    BadCredentials(String),
    /// Too many failed sign-ins.
    TooMany {
        /// Seconds to wait.
        retry_after_s: u64,
    },
    /// More requests than anybody may make.
    TooFast {
        /// Seconds to wait.
        retry_after_s: u64,
    },
    /// Signed in, but not allowed.
    Forbidden,
    /// The client's scopes do not cover the request.
    OutOfScope,
    /// A state-changing request without the token of our own pages.
    ForeignForm(&'static str),
    /// The body is larger than accepted.
    TooLarge,
    /// The identity service failed.
    Unavailable,
}

impl Refusal {
    /// HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::SignInNeeded | Self::BadCredentials(_) => StatusCode::UNAUTHORIZED,
            Self::TooMany { .. } | Self::TooFast { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Forbidden | Self::OutOfScope | Self::ForeignForm(_) => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::SignInNeeded => "sign in first: session cookie, HTTP Basic or internal token".into(),
            Self::BadCredentials(why) => why.clone(),
            Self::TooMany { retry_after_s } => {
                format!("too many failed sign-ins: try again in {retry_after_s} seconds")
            }
            Self::TooFast { retry_after_s } => {
                format!("too many requests: go on in {retry_after_s} seconds, and ask more slowly")
            }
            Self::Forbidden => "you are signed in, but your role does not permit this".into(),
            Self::OutOfScope => "the scopes granted to this client do not cover the request: ask for more at the \
                                 authorisation server, or narrow the request"
                .into(),
            Self::ForeignForm(why) => (*why).into(),
            Self::TooLarge => "the form is larger than 2 MiB".into(),
            Self::Unavailable => "who you are cannot be checked at the moment: try again shortly".into(),
        }
    }

    /// FHIR issue type (http://hl7.org/fhir/R4/valueset-issue-type.html).
    fn issue_code(&self) -> &'static str {
        match self {
            Self::SignInNeeded | Self::BadCredentials(_) => "login",
            Self::TooMany { .. } | Self::TooFast { .. } => "throttled",
            Self::Forbidden | Self::OutOfScope | Self::ForeignForm(_) => "forbidden",
            Self::TooLarge => "too-long",
            Self::Unavailable => "transient",
        }
    }

    pub(crate) fn answer(&self, parts: &Parts) -> Response {
        let mut response = match Audience::of(parts) {
            Audience::Fhir => {
                let issue = json!([{
                    "severity": "error", "code": self.issue_code(), "diagnostics": self.message()
                }]);
                let body = json!({ "resourceType": "OperationOutcome", "issue": issue });
                self.respond("application/fhir+json", body.to_string())
            }
            Audience::Api => {
                let status = self.status();
                let title = status.canonical_reason().unwrap_or("Error");
                let body = json!({ "title": title, "status": status.as_u16(), "detail": self.message() });
                self.respond("application/problem+json", body.to_string())
            }
            Audience::Browser if *self == Self::SignInNeeded => redirect_to_sign_in(parts),
            Audience::Browser => self.respond("text/plain; charset=utf-8", self.message()),
        };
        if let Self::TooMany { retry_after_s } | Self::TooFast { retry_after_s } = self {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_s));
        }
        if let Some(challenge) = self.challenge().filter(|_| Audience::of(parts) != Audience::Browser) {
            let value = HeaderValue::from_static(challenge);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
        }
        response.extensions_mut().insert(self.clone());
        response
    }

    /// RFC 6750 section 3. `Basic` is not offered: a browser would ask for a password by itself.
    fn challenge(&self) -> Option<&'static str> {
        match self {
            Self::SignInNeeded => Some("Bearer realm=\"sinfonia\""),
            Self::BadCredentials(_) => Some("Bearer realm=\"sinfonia\", error=\"invalid_token\""),
            Self::OutOfScope => Some("Bearer realm=\"sinfonia\", error=\"insufficient_scope\""),
            _ => None,
        }
    }

    fn respond(&self, content_type: &'static str, body: String) -> Response {
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// Who reads the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Audience {
    Fhir,
    Api,
    Browser,
}

impl Audience {
    pub(super) fn of(parts: &Parts) -> Self {
        let path = parts.uri.path();
        let under = |prefix: &str| path == prefix || path.strip_prefix(prefix).is_some_and(|r| r.starts_with('/'));
        if under("/fhir") {
            return Self::Fhir;
        }
        let accept = parts
            .headers
            .get(header::ACCEPT)
            .and_then(|v| v.to_str().ok())
            .unwrap_or("");
        if !under("/orchestrator") && !under("/api") && accept.contains("text/html") {
            return Self::Browser;
        }
        Self::Api
    }
}

/// `303 /accedi?da=<path>`; the query of the refused page is left out: it may hold names.
fn redirect_to_sign_in(parts: &Parts) -> Response {
    let back = if parts.method == http::Method::GET {
        parts.uri.path()
    } else {
        "/"
    };
    let good = |b: u8| b.is_ascii_alphanumeric() || b"/-._~".contains(&b);
    let to = if back != "/" && back.bytes().all(good) {
        format!("/accedi?da={back}")
    } else {
        "/accedi".into()
    };
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(
        header::LOCATION,
        HeaderValue::from_str(&to).expect("checked characters"),
    );
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
