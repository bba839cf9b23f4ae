//! What happens around every request: its number, its place, its measure, its patience.

use super::admission::Refused;
use super::body::{Holding, Impatient};
use super::{Admission, Class, Patience, seconds};
use crate::watch::{Answered, Exporter, Metrics};
use access::{TRACEPARENT, TraceContext};
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use std::sync::Arc;
use store::{Clock, Ids};
use tracing::Instrument as _;

/// What the desk at the door works with.
pub struct Desk {
    /// Places.
    pub admission: Arc<Admission>,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Numbers of requests.
    pub ids: Arc<dyn Ids>,
    /// Patience.
    pub patience: Patience,
    /// The time, for spans.
    pub clock: Arc<dyn Clock>,
    /// Where spans go, if anywhere.
    pub spans: Option<Exporter>,
}

/// Lets a request in, numbers it, measures it, and does not wait for ever.
pub async fn around(desk: Arc<Desk>, request: Request, next: Next) -> Response {
    let class = Class::of(request.method(), request.uri().path());
    if matches!(class, Class::Health) {
        return next.run(request).await;
    }
    let began = crate::stopwatch::start();
    let number = desk.ids.next();
    let asked_by = caller(&request);
    let trace = asked_by.map_or_else(|| TraceContext::begun(&number), |caller| caller.child(&number));
    let (trace_id, span_id) = (trace.trace_id(), trace.span_id());
    let came = desk.clock.now();
    let instance = instance(request.uri().path());
    let span = tracing::info_span!("request", request = %number, trace_id, span_id, class = class.name(), instance);
    let method = request.method().clone();
    let answered = serve(&desk, class, request, next).instrument(span.clone());
    let mut response = trace.within(answered).await;
    let (status, took) = (response.status(), began.elapsed());
    desk.metrics.request(class, status, took);
    if let Some(spans) = desk.spans.as_ref().filter(|_| trace.sampled()) {
        spans.span(Answered {
            context: trace,
            parent: asked_by,
            method: method.clone(),
            class: class.name(),
            status: status.as_u16(),
            began: came,
            took,
        });
    }
    span.in_scope(|| {
        let ms = took.as_millis() as u64;
        match status.is_server_error() {
            true => tracing::warn!(%method, status = status.as_u16(), ms, "request failed"),
            false => tracing::debug!(%method, status = status.as_u16(), ms, "request"),
        }
    });
    if let Ok(value) = HeaderValue::from_str(&number) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

async fn serve(desk: &Desk, class: Class, request: Request, next: Next) -> Response {
    let place = match desk.admission.enter(class).await {
        Ok(place) => place,
        Err(refused) => {
            desk.metrics.refused(class);
            return refusal(refused);
        }
    };
    let whole = seconds(desk.patience.request_seconds);
    let request = request.map(|body| Impatient::over(body, seconds(desk.patience.body_seconds), whole));
    let _in_hand = desk.metrics.in_hand(class);
    match tokio::time::timeout(whole, next.run(request)).await {
        Ok(response) => response.map(|body| Holding::over(body, place)),
        Err(_) => problem(
            StatusCode::SERVICE_UNAVAILABLE,
            "the answer took too long; whether what was asked was done must be read before it is asked again",
            None,
        ),
    }
}

fn refusal(refused: Refused) -> Response {
    match refused {
        Refused::Busy(after) => problem(
            StatusCode::SERVICE_UNAVAILABLE,
            "too much at the moment; nothing of this request was done",
            Some(after),
        ),
        Refused::TooMany(after) => problem(
            StatusCode::TOO_MANY_REQUESTS,
            "too much work of this kind at a time; nothing of this request was done",
            Some(after),
        ),
    }
}

fn problem(status: StatusCode, detail: &str, after: Option<u32>) -> Response {
    let body = serde_json::json!({
        "title": status.canonical_reason().unwrap_or("Error"), "status": status.as_u16(), "detail": detail,
    });
    let mut response = (status, Body::from(body.to_string())).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(after) = after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(after));
    }
    response
}

/// The process instance that a path names.
fn instance(path: &str) -> Option<&str> {
    let mut parts = path.split('/');
    parts.find(|part| *part == "instances" || *part == "istanze")?;
    parts
        .next()
        .filter(|id| id.len() <= 64 && id.len() >= 16 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'))
}

/// Where the caller stands in a trace (W3C Trace Context), if it says so.
fn caller(request: &Request) -> Option<TraceContext> {
    let given = request.headers().get(TRACEPARENT)?;
    TraceContext::read(given.to_str().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_of_instances_are_taken_from_paths() {
        assert_eq!(
            instance("/orchestrator/instances/0198c7a2-1111-7abc-8def-0123456789ab/history"),
            Some("0198c7a2-1111-7abc-8def-0123456789ab")
        );
        assert_eq!(instance("/orchestrator/instances/Rossi"), None);
        assert_eq!(instance("/fhir/Patient/1"), None);
    }
}
