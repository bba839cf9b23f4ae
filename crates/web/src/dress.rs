//! What every answer of the site gets: security headers, error pages for browsers, compression, and no answer lost to a
//! panic.

use crate::flash::COOKIE;
use crate::{Failure, Kit, Page};
use access::{Refusal, Session};
use askama::Template;
use axum::Router;
use axum::body::HttpBody as _;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;

/// Nothing inline, nothing from elsewhere. `data:` images are the style sheet's own small marks.
const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
                   connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'";

/// Wraps the whole site. `kit` gives error pages their texts.
pub fn dress(router: Router, kit: &Kit) -> Router {
    let kit = kit.clone();
    router
        .layer(CatchPanicLayer::new())
        .layer(from_fn(move |request, next| {
            let kit = kit.clone();
            async move { wear(&kit, request, next).await }
        }))
        .layer(CompressionLayer::new())
}

async fn wear(kit: &Kit, request: Request, next: Next) -> Response {
    let browser = wants_page(request.uri().path(), request.headers());
    let had_flash = access::cookie(request.headers(), COOKIE).is_some();
    let (parts, body) = request.into_parts();
    let kept = browser.then(|| copy(&parts));
    let safe = matches!(parts.method, Method::GET | Method::HEAD);
    let head = parts.method == Method::HEAD;
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let Some(mut parts) = kept {
        let bare = !is_html(&response) && !response.status().is_success() && !response.status().is_redirection();
        if bare {
            if let Some(session) = response.extensions().get::<Session>() {
                parts.extensions.insert(session.actor.clone());
                parts.extensions.insert(session.clone());
            }
            response = error_page(kit, &parts, response);
        }
        if had_flash && safe && is_html(&response) {
            let gone = access::set_cookie(COOKIE, "", false, Some(0));
            response.headers_mut().append(header::SET_COOKIE, gone);
        }
    }
    if !browser && !head && response.status().as_u16() >= 400 && response.body().size_hint().exact() == Some(0) {
        response = problem(response);
    }
    secure(response.headers_mut());
    response
}

/// What a program is told that asked for a page and did not get it (RFC 9457).
fn problem(response: Response) -> Response {
    let (mut parts, _) = response.into_parts();
    let status = parts.status;
    let title = status.canonical_reason().unwrap_or("Error");
    let detail = parts.extensions.get::<Failure>().and_then(Failure::detail);
    let detail = detail.unwrap_or(match status.as_u16() {
        404 => "there is nothing here, or nothing that is yours to see",
        405 => "this address does not take this method",
        415 => "this address does not take this type of content",
        _ => "the request cannot be answered as it is",
    });
    let body = serde_json::json!({ "title": title, "status": status.as_u16(), "detail": detail });
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    Response::from_parts(parts, axum::body::Body::from(body.to_string()))
}

/// FHIR and JSON APIs answer in their own error forms, also to a browser.
fn wants_page(path: &str, headers: &HeaderMap) -> bool {
    let under = |prefix: &str| {
        path.strip_prefix(prefix)
            .is_some_and(|r| r.is_empty() || r.starts_with('/'))
    };
    let api = ["/fhir", "/orchestrator", "/api", "/access"].into_iter().any(under);
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or("");
    !api && accept.contains("text/html")
}

fn copy(parts: &Parts) -> Parts {
    let mut request = http::Request::new(());
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = parts.uri.clone();
    *request.headers_mut() = parts.headers.clone();
    request.into_parts().0
}

fn is_html(response: &Response) -> bool {
    let content_type = response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok());
    content_type.is_some_and(|c| c.starts_with("text/html"))
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    page: Page,
    status: u16,
    what: String,
    remedy: String,
    detail: Option<String>,
}

fn error_page(kit: &Kit, parts: &Parts, response: Response) -> Response {
    let status = response.status();
    let failure = response.extensions().get::<Failure>();
    let foreign = matches!(response.extensions().get::<Refusal>(), Some(Refusal::ForeignForm(_)));
    let kind = match status.as_u16() {
        403 if foreign => "csrf",
        403 => "403",
        404 | 405 | 410 => "404",
        409 | 412 => "409",
        400 | 413 | 415 | 422 => "422",
        429 => "429",
        502..=504 => "503",
        _ => "500",
    };
    let page = Page::of(kit, parts).titled(&format!("error-{kind}-title"));
    let template = ErrorPage {
        status: status.as_u16(),
        what: page.t(&format!("error-{kind}-what")),
        remedy: page.t(&format!("error-{kind}-remedy")),
        detail: failure.and_then(Failure::detail).map(str::to_owned),
        page,
    };
    let mut dressed = crate::show(&template).unwrap_or_else(|e| e.into_response());
    *dressed.status_mut() = status;
    for name in [header::RETRY_AFTER, header::SET_COOKIE, header::ALLOW] {
        for value in response.headers().get_all(&name) {
            dressed.headers_mut().append(name.clone(), value.clone());
        }
    }
    if status == StatusCode::SERVICE_UNAVAILABLE && !dressed.headers().contains_key(header::RETRY_AFTER) {
        dressed
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    dressed
}

fn secure(headers: &mut HeaderMap) {
    let fixed: [(HeaderName, &'static str); 8] = [
        // What does not say that it may be kept may not: most of it is about somebody.
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (header::CONTENT_SECURITY_POLICY, CSP),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), bluetooth=()",
        ),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
