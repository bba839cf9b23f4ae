//! Spans as OTLP's JSON has them.

use access::TraceContext;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

/// A request that was answered.
#[derive(Debug, Clone)]
pub struct Span {
    /// Where it stands in its trace.
    pub context: TraceContext,
    /// The work that asked, where that is in the trace: 16 hexadecimal digits.
    pub parent: Option<String>,
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

/// A span of a server, in OTLP.
const SERVER: u8 = 2;
/// Not in order, in OTLP.
const ERROR: u8 = 2;

/// A batch, as `/v1/traces` takes it.
pub(super) fn traces(spans: &[Span]) -> String {
    let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let program = [
        text("service.name", "sinfonia"),
        text("service.version", env!("CARGO_PKG_VERSION")),
    ];
    let spans: Vec<Value> = spans.iter().map(span).collect();
    let all = json!({"resourceSpans": [{
        "resource": {"attributes": program},
        "scopeSpans": [{"scope": {"name": "sinfonia.door"}, "spans": spans}],
    }]});
    all.to_string()
}

fn span(span: &Span) -> Value {
    let began = span.began.as_nanosecond().max(0);
    let ended = began + span.took.as_nanos() as i128;
    // A verb that no standard knows may be anything.
    let standard = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let method = standard.iter().find(|verb| **verb == span.method.as_str()).copied();
    let method = method.unwrap_or("_OTHER");
    let mut value = json!({
        "traceId": span.context.trace_id(),
        "spanId": span.context.span_id(),
        "name": format!("{method} {}", span.class),
        "kind": SERVER,
        "startTimeUnixNano": began.to_string(),
        "endTimeUnixNano": ended.to_string(),
        "attributes": [
            {"key": "http.request.method", "value": {"stringValue": method}},
            {"key": "http.response.status_code", "value": {"intValue": span.status.to_string()}},
            {"key": "sinfonia.class", "value": {"stringValue": span.class}},
        ],
    });
    if let Some(parent) = &span.parent {
        value["parentSpanId"] = json!(parent);
    }
    if span.status >= 500 {
        value["status"] = json!({"code": ERROR});
    }
    value
}

/// For tests.
#[cfg(test)]
pub(super) fn example() -> Span {
    Span {
        context: TraceContext::read("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01").expect("a context"),
        parent: Some("b7ad6b7169203331".into()),
        method: http::Method::from_bytes(b"ROSSI").expect("a verb"),
        class: "fhir-read",
        status: 503,
        began: "2026-11-22T09:00:00Z".parse().expect("a moment"),
        took: Duration::from_millis(15),
    }
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
}
