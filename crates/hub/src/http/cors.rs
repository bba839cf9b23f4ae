//! Browser applications of other origins (SMART on FHIR): which may call the FHIR interface, and what they may see.
//!
//! Cookies are never accepted from them, only credentials they were given (`Authorization`).

use crate::routes::{MOUNT, allowed};
use access::TrustedOrigin;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

/// Request headers a foreign page may send.
const MAY_SEND: &str = "accept, authorization, content-encoding, content-type, if-match, if-modified-since, \
    if-none-exist, if-none-match, prefer, x-correlation-id, x-purpose-of-use, x-request-id, x-security-context";

/// Response headers a foreign page may read.
const MAY_READ: &str = "content-location, etag, last-modified, location, retry-after, x-correlation-id, x-request-id";

/// Seconds a browser may remember the answer to a preflight.
const MAX_AGE_S: &str = "600";

/// The origins whose pages may call the FHIR interface.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

impl Origins {
    /// From texts such as `https://app.example.it`; `*` admits every origin.
    ///
    /// # Errors
    /// A text that is neither `*` nor scheme, host and optional port.
    pub fn new(origins: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let origins: Vec<String> = origins.into_iter().filter(|origin| !origin.is_empty()).collect();
        let is_origin = |origin: &str| {
            let rest = origin
                .strip_prefix("https://")
                .or_else(|| origin.strip_prefix("http://"));
            rest.is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ', '*']))
        };
        match origins.iter().find(|origin| *origin != "*" && !is_origin(origin)) {
            Some(wrong) => Err(format!(
                "'{wrong}' is no origin: write scheme and host, such as https://app.example.it, or *"
            )),
            None => Ok(Self(origins)),
        }
    }

    fn admits(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        let text = origin.to_str().ok()?;
        let known = self.0.iter().any(|known| known == "*" || known == text);
        known.then(|| origin.clone())
    }
}

/// The middleware that answers preflights (`OPTIONS`) under [`MOUNT`] and marks requests of admitted origins. It goes
/// around the guarded router: a preflight carries no credentials.
pub async fn cross_origin(origins: Origins, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if !is_for_applications(path) {
        return next.run(request).await;
    }
    let origin = origins.admits(request.headers());
    let mut response = if request.method() == Method::OPTIONS {
        options(path, origin.is_some())
    } else {
        if origin.is_some() {
            request.extensions_mut().insert(TrustedOrigin);
        }
        next.run(request).await
    };
    let headers = response.headers_mut();
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(MAY_READ),
        );
    }
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    response
}

/// The FHIR interface, and what applications need of the authorisation server.
fn is_for_applications(path: &str) -> bool {
    let of_fhir = path
        .strip_prefix(MOUNT)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    of_fhir || path.starts_with("/.well-known/") || AUTHORISATION.contains(&path)
}

/// Paths of the authorisation server that applications fetch. Asking a person is not among them: the browser goes there.
const AUTHORISATION: &[&str] = &[
    "/oauth/token",
    "/oauth/jwks",
    "/oauth/userinfo",
    "/oauth/introspect",
    "/oauth/revoke",
];

fn options(path: &str, admitted: bool) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let allow = if path.starts_with(MOUNT) {
        allowed(path)
    } else {
        "GET, HEAD, POST, OPTIONS".into()
    };
    let mut set = |name: HeaderName, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            response.headers_mut().insert(name, value);
        }
    };
    set(header::ALLOW, &allow);
    if admitted {
        set(header::ACCESS_CONTROL_ALLOW_METHODS, &allow);
        set(header::ACCESS_CONTROL_ALLOW_HEADERS, MAY_SEND);
        set(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE_S);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_scheme_and_host() {
        for good in ["https://app.example.it", "http://localhost:3000", "*"] {
            assert!(Origins::new([good.to_owned()]).is_ok(), "{good}");
        }
        for bad in [
            "app.example.it",
            "https://app.example.it/",
            "https://",
            "https://*.example.it",
        ] {
            assert!(Origins::new([bad.to_owned()]).is_err(), "{bad}");
        }
        let some = Origins::new(["https://a.it".to_owned()]).unwrap();
        let of = |origin: &'static str| HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static(origin))]);
        assert!(some.admits(&of("https://a.it")).is_some());
        assert!(some.admits(&of("https://a.it.evil.it")).is_none());
        assert!(Origins::default().admits(&of("https://a.it")).is_none());
    }
}
