//! Why a call to a peer failed.

use bytes::Bytes;
use serde_json::Value;

/// Why a call failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PeerError {
    /// No such peer.
    #[error("the peer '{0}' is neither in this process nor addressed by --peer {0}=URL")]
    Unknown(String),
    /// It could not be reached.
    #[error("the peer '{peer}' did not answer: {message}")]
    Unreachable {
        /// Peer.
        peer: String,
        /// Reason.
        message: String,
    },
    /// It answered with an error status.
    #[error("{status}: {message}")]
    Status {
        /// HTTP status.
        status: http::StatusCode,
        /// Text for people, from OperationOutcome or problem+json.
        message: String,
    },
    /// It answered with something else than promised.
    #[error("unexpected answer: {0}")]
    Malformed(String),
}

impl PeerError {
    /// The status of an error answer.
    pub fn status(&self) -> Option<http::StatusCode> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the thing asked for does not exist (any more): 404 or 410.
    pub fn is_not_found(&self) -> bool {
        matches!(self.status().map(|s| s.as_u16()), Some(404 | 410))
    }

    /// Whether somebody else was faster: 409 or 412. Read again and tell the user.
    pub fn is_conflict(&self) -> bool {
        matches!(self.status().map(|s| s.as_u16()), Some(409 | 412))
    }

    /// The error of an answer that is not a success.
    pub(crate) fn of(response: &http::Response<Bytes>) -> Self {
        Self::Status {
            status: response.status(),
            message: message(response.body()),
        }
    }
}

/// The text for people inside an error body: OperationOutcome, problem+json or plain text.
fn message(body: &[u8]) -> String {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return String::from_utf8_lossy(body).chars().take(500).collect();
    };
    if let Some(issues) = value["issues"].as_array().filter(|issues| !issues.is_empty()) {
        return issues.iter().map(finding).collect::<Vec<_>>().join("\n");
    }
    let issues = value["issue"].as_array().into_iter().flatten();
    let texts: Vec<&str> = issues
        .filter_map(|issue| {
            issue["diagnostics"]
                .as_str()
                .or_else(|| issue["details"]["text"].as_str())
        })
        .collect();
    if !texts.is_empty() {
        return texts.join("; ");
    }
    let detail = value["detail"].as_str().or_else(|| value["title"].as_str());
    detail.map_or_else(|| value.to_string().chars().take(500).collect(), str::to_owned)
}

/// A finding about a deployed file on one line: where, what, by which rule, and what to do.
fn finding(issue: &Value) -> String {
    let mut place: Vec<String> = issue["file"].as_str().map(str::to_owned).into_iter().collect();
    place.extend(issue["line"].as_u64().map(|line| format!("line {line}")));
    place.extend(issue["element"].as_str().map(|element| format!("element '{element}'")));
    let mut text = place.join(", ");
    if !text.is_empty() {
        text.push_str(": ");
    }
    text.push_str(issue["message"].as_str().unwrap_or_default());
    if let Some(rule) = issue["rule"].as_str() {
        text.push_str(&format!(" [{rule}]"));
    }
    if let Some(remedy) = issue["remedy"].as_str().filter(|remedy| !remedy.is_empty()) {
        text.push_str(&format!(". Remedy: {remedy}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn a_refused_deployment_keeps_every_finding() {
        let refused = br#"{"title":"Refused","issues":[
            {"file":"a.bpmn","line":7,"element":"t1","rule":"no-start","message":"there is no start","remedy":"Add one."},
            {"message":"too large"}]}"#;
        let expected = "a.bpmn, line 7, element 't1': there is no start [no-start]. Remedy: Add one.\ntoo large";
        assert_eq!(message(refused), expected);
    }

    #[test]
    fn finds_the_text_in_every_error_form() {
        let outcome = br#"{"resourceType":"OperationOutcome","issue":[{"diagnostics":"a"},{"details":{"text":"b"}}]}"#;
        assert_eq!(message(outcome), "a; b");
        assert_eq!(
            message(br#"{"title":"Conflict","status":409,"detail":"already taken"}"#),
            "already taken"
        );
        assert_eq!(message(b"plain"), "plain");
    }
}
