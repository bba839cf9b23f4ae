//! Spans as OTLP's JSON has them.

use access::{SpanKind, TraceContext, Work};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

/// A piece of work that has ended.
#[derive(Debug, Clone)]
pub struct Span {
    /// Where it stands in its trace.
    context: TraceContext,
    /// The work that asked, where that is in the trace: 16 hexadecimal digits.
    parent: Option<String>,
    name: String,
    kind: u8,
    attributes: Vec<Value>,
    began: Timestamp,
    took: Duration,
    failed: bool,
}

/// A request that was answered.
#[derive(Debug, Clone)]
pub struct Answered {
    /// Where it stands in its trace.
    pub context: TraceContext,
    /// The work that asked, where that is in the trace.
    pub parent: Option<TraceContext>,
    /// HTTP verb.
    pub method: http::Method,
    /// Class of work.
    pub class: &'static str,
    /// HTTP status.
    pub status: u16,
    /// When it came.
    pub began: Timestamp,
    /// How long it took.
    pub took: Duration,
}

impl From<Answered> for Span {
    fn from(request: Answered) -> Self {
        // A verb that no standard knows may be anything.
        let standard = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
        let method = standard.iter().find(|verb| **verb == request.method.as_str()).copied();
        let method = method.unwrap_or("_OTHER");
        Self {
            context: request.context,
            parent: request.parent.map(TraceContext::span_id),
            name: format!("{method} {}", request.class),
            kind: SERVER,
            attributes: vec![
                text("http.request.method", method),
                json!({"key": "http.response.status_code", "value": {"intValue": request.status.to_string()}}),
                text("sinfonia.class", request.class),
            ],
            began: request.began,
            took: request.took,
            failed: request.status >= 500,
        }
    }
}

impl From<Work> for Span {
    fn from(work: Work) -> Self {
        Self {
            context: work.context,
            parent: work.parent.map(TraceContext::span_id),
            name: work.name,
            kind: match work.kind {
                SpanKind::Internal => INTERNAL,
                SpanKind::Client => CLIENT,
            },
            attributes: Vec::new(),
            began: work.began,
            // The clock may have been put back meanwhile.
            took: Duration::try_from(work.began.duration_until(work.ended)).unwrap_or_default(),
            failed: work.failed,
        }
    }
}

/// Kinds of spans, in OTLP.
const INTERNAL: u8 = 1;
const SERVER: u8 = 2;
const CLIENT: u8 = 3;
/// Not in order, in OTLP.
const ERROR: u8 = 2;

fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

/// A batch, as `/v1/traces` takes it.
pub(super) fn traces(spans: &[Span]) -> String {
    let program = [
        text("service.name", "sinfonia"),
        text("service.version", env!("CARGO_PKG_VERSION")),
    ];
    let spans: Vec<Value> = spans.iter().map(span).collect();
    let all = json!({"resourceSpans": [{
        "resource": {"attributes": program},
        "scopeSpans": [{"scope": {"name": "sinfonia"}, "spans": spans}],
    }]});
    all.to_string()
}

fn span(span: &Span) -> Value {
    let began = span.began.as_nanosecond().max(0);
    let ended = began + span.took.as_nanos() as i128;
    let mut value = json!({
        "traceId": span.context.trace_id(),
        "spanId": span.context.span_id(),
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": began.to_string(),
        "endTimeUnixNano": ended.to_string(),
        "attributes": span.attributes,
    });
    if let Some(parent) = &span.parent {
        value["parentSpanId"] = json!(parent);
    }
    if span.failed {
        value["status"] = json!({"code": ERROR});
    }
    value
}

/// For tests.
#[cfg(test)]
pub(super) fn example() -> Span {
    let context = |header: &str| TraceContext::read(header).expect("a context");
    Span::from(Answered {
        context: context("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        parent: Some(context("00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01")),
        method: http::Method::from_bytes(b"ROSSI").expect("a verb"),
        class: "fhir-read",
        status: 503,
        began: "2026-11-22T09:00:00Z".parse().expect("a moment"),
        took: Duration::from_millis(15),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_says_what_kind_of_work_it_was_and_of_nobody() {
        let text = traces(&[example()]);
        assert!(!text.contains("ROSSI"));
        let value: Value = serde_json::from_str(&text).unwrap();
        let span = &value["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
        assert_eq!(span["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(
            (&span["spanId"], &span["parentSpanId"]),
            (&json!("00f067aa0ba902b7"), &json!("b7ad6b7169203331"))
        );
        assert_eq!(span["name"], "_OTHER fhir-read");
        assert_eq!(span["startTimeUnixNano"], "1795338000000000000");
        assert_eq!(span["endTimeUnixNano"], "1795338000015000000");
        assert_eq!(span["status"]["code"], 2);
    }

    #[test]
    fn a_part_of_the_work_says_whose_part_it_is() {
        let context = |header: &str| TraceContext::read(header).unwrap();
        let (began, ended) = ("2026-11-22T09:00:00.001Z", "2026-11-22T09:00:00.004Z");
        let mut work = Work {
            name: "store.commit".into(),
            kind: SpanKind::Internal,
            context: context("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
            parent: Some(context("00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01")),
            began: began.parse().unwrap(),
            ended: ended.parse().unwrap(),
            failed: false,
        };
        let value = span(&work.clone().into());
        assert_eq!((&value["name"], &value["kind"]), (&json!("store.commit"), &json!(1)));
        assert_eq!(value["parentSpanId"], "b7ad6b7169203331");
        assert_eq!(value["endTimeUnixNano"], "1795338000004000000");
        assert_eq!(value.get("status"), None);
        std::mem::swap(&mut work.began, &mut work.ended);
        let value = span(&work.into());
        assert_eq!(
            value["startTimeUnixNano"], value["endTimeUnixNano"],
            "never before it began"
        );
    }
}
