//! What the hub answers when it cannot do what was asked: one type, one mapping to status and OperationOutcome.

use crate::outcome::Issue;
use crate::parse::{ParseError, ParseErrorKind};
use fhir::ResourceError;
use fhir::xml::XmlError;
use http::StatusCode;
use store::StoreError;
use terminology::TermError;

/// Seconds a client should wait when the store is overloaded.
pub(crate) const RETRY_AFTER_S: u32 = 1;

/// A refused or failed interaction.
#[derive(Debug, Clone, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum HubError {
    #[error("{rtype}/{id} does not exist")]
    NotFound { rtype: String, id: String },
    #[error("{rtype}/{id} has no version {version}")]
    NoVersion { rtype: String, id: String, version: String },
    #[error("{rtype}/{id} was deleted (version {version})")]
    Gone { rtype: String, id: String, version: u64 },
    #[error(
        "version {version} of {rtype}/{id} was removed by the history policy of this server; the current version and those \
         kept are at {rtype}/{id}/_history"
    )]
    Pruned { rtype: String, id: String, version: u64 },
    #[error("'{0}' is not a FHIR R4 resource type")]
    UnknownType(String),
    #[error("there is nothing at {0}")]
    NoRoute(String),
    #[error("this server has no operation {name} at {path}")]
    UnknownOperation { name: String, path: String },
    #[error("{method} is not possible on {path}")]
    MethodNotAllowed { method: String, path: String },
    #[error("the body is not valid JSON: line {line}, column {column}: {message}")]
    MalformedJson {
        line: usize,
        column: usize,
        message: String,
    },
    #[error("{0}")]
    Xml(#[from] XmlError),
    #[error("{0}")]
    BadRequest(String),
    #[error("the resource is refused: {}", first(.0))]
    Invalid(Vec<Issue>),
    #[error("{0}")]
    Resource(#[from] ResourceError),
    #[error(
        "the request may replace only version {expected} (0: none) of {rtype}/{id}, but the current version is {current}"
    )]
    VersionMismatch {
        rtype: String,
        id: String,
        expected: String,
        current: u64,
    },
    #[error("{count} resources match '{criteria}' where at most one may")]
    MultipleMatches { criteria: String, count: String },
    #[error("no {rtype} matches '{criteria}'")]
    NoMatch { rtype: String, criteria: String },
    #[error("no {rtype} matches '{criteria}': there is nothing to patch")]
    NothingToPatch { rtype: String, criteria: String },
    #[error("{rtype}/{id} was changed by others {attempts} times while this was being done: try again")]
    Contention { rtype: String, id: String, attempts: usize },
    #[error("search parameter {0}")]
    Search(#[from] ParseError),
    #[error("the body is larger than {max} bytes{}", declared(*found))]
    BodyTooLarge { max: usize, found: Option<u64> },
    #[error("{what}: at most {max} are allowed, {found} were given")]
    Limit {
        what: &'static str,
        max: usize,
        found: usize,
    },
    #[error("too many {what}: at most {max} are allowed, try again later")]
    TooMany { what: &'static str, max: usize },
    #[error("{0}")]
    Unavailable(String),
    #[error("the content type '{0}' is not understood: send application/fhir+json or application/fhir+xml")]
    UnsupportedMediaType(String),
    #[error("'{0}' cannot be produced: this server answers application/fhir+json and application/fhir+xml")]
    NotAcceptable(String),
    #[error("{0}")]
    Forbidden(String),
    #[error("{0} is not supported by this server")]
    NotSupported(String),
    #[error("{} of the bundle's entries cannot be done; {}", .0.len(), first_entry(.0))]
    Entries(Vec<(usize, HubError)>),
    #[error("{0}")]
    Terminology(#[from] TermError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How large a body is, where it is known without reading it.
fn declared(found: Option<u64>) -> String {
    found.map_or_else(String::new, |found| format!(": {found} were sent"))
}

fn first(issues: &[Issue]) -> &str {
    issues
        .first()
        .map_or("no reason given", |issue| issue.diagnostics.as_str())
}

fn first_entry(errors: &[(usize, HubError)]) -> String {
    errors
        .first()
        .map_or_else(String::new, |(index, error)| format!("entry {index}: {error}"))
}

/// Issues of one OperationOutcome.
const MAX_ISSUES: usize = 100;

impl HubError {
    pub(crate) fn not_found(rtype: &str, id: &str) -> Self {
        Self::NotFound {
            rtype: rtype.to_owned(),
            id: id.to_owned(),
        }
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::BadRequest(message.into())
    }

    pub(crate) fn json(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let message = text.split(" at line ").next().unwrap_or(&text).to_owned();
        Self::MalformedJson {
            line: error.line(),
            column: error.column(),
            message,
        }
    }

    /// HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound { .. }
            | Self::NoVersion { .. }
            | Self::UnknownType(_)
            | Self::NoRoute(_)
            | Self::UnknownOperation { .. }
            | Self::NothingToPatch { .. } => StatusCode::NOT_FOUND,
            Self::Gone { .. } | Self::Pruned { .. } => StatusCode::GONE,
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::MalformedJson { .. } | Self::BadRequest(_) | Self::Search(_) | Self::NotSupported(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Resource(ResourceError::Invalid { .. }) | Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Xml(XmlError::Malformed { .. }) => StatusCode::BAD_REQUEST,
            Self::Xml(XmlError::Invalid { .. }) => StatusCode::UNPROCESSABLE_ENTITY,
            // Stored before, or unchecked: JSON can hold it and XML cannot.
            Self::Xml(XmlError::Unwritable { .. }) => StatusCode::NOT_ACCEPTABLE,
            Self::Resource(_) => StatusCode::BAD_REQUEST,
            Self::VersionMismatch { .. } | Self::MultipleMatches { .. } | Self::NoMatch { .. } => {
                StatusCode::PRECONDITION_FAILED
            }
            Self::Contention { .. } => StatusCode::CONFLICT,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Limit { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::UnsupportedMediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotAcceptable(_) => StatusCode::NOT_ACCEPTABLE,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::Entries(errors) => errors
                .first()
                .map_or(StatusCode::BAD_REQUEST, |(_, error)| error.status()),
            Self::Terminology(error) => term_status(error),
            Self::Store(error) => store_status(error),
        }
    }

    /// FHIR issue type (<http://hl7.org/fhir/R4/valueset-issue-type.html>).
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } | Self::NoVersion { .. } | Self::NoRoute(_) => "not-found",
            Self::Gone { .. } | Self::Pruned { .. } => "deleted",
            Self::UnknownType(_)
            | Self::UnknownOperation { .. }
            | Self::MethodNotAllowed { .. }
            | Self::UnsupportedMediaType(_)
            | Self::NotAcceptable(_)
            | Self::NotSupported(_) => "not-supported",
            Self::MalformedJson { .. } | Self::Xml(_) => "structure",
            Self::BadRequest(_) | Self::Invalid(_) => "invalid",
            Self::Resource(ResourceError::Invalid { .. }) => "value",
            Self::Resource(_) => "structure",
            Self::VersionMismatch { .. } | Self::Contention { .. } => "conflict",
            Self::MultipleMatches { .. } => "multiple-matches",
            Self::NoMatch { .. } | Self::NothingToPatch { .. } => "not-found",
            Self::Search(error) => match error.kind {
                ParseErrorKind::Limit => "too-costly",
                ParseErrorKind::Value => "value",
                ParseErrorKind::Unknown | ParseErrorKind::Unsupported => "not-supported",
            },
            Self::BodyTooLarge { .. } => "too-long",
            Self::Limit { .. } => "too-costly",
            Self::TooMany { .. } => "throttled",
            Self::Unavailable(_) => "exception",
            Self::Forbidden(_) => "forbidden",
            Self::Entries(errors) => errors.first().map_or("invalid", |(_, error)| error.code()),
            Self::Terminology(error) => error.code(),
            Self::Store(StoreError::Overloaded { .. } | StoreError::Closed | StoreError::NotReady(_)) => "transient",
            Self::Store(StoreError::Conflict { .. }) => "conflict",
            Self::Store(StoreError::Limit(_) | StoreError::Expired(_)) => "too-costly",
            Self::Store(StoreError::Invalid(_)) => "value",
            Self::Store(_) => "exception",
        }
    }

    /// The issues of its OperationOutcome.
    pub fn issues(&self) -> Vec<Issue> {
        match self {
            Self::Invalid(issues) => issues.clone(),
            Self::Entries(errors) => errors
                .iter()
                .flat_map(|(index, error)| {
                    let place = format!("Bundle.entry[{index}]");
                    error.issues().into_iter().map(move |issue| issue.inside(&place))
                })
                .take(MAX_ISSUES)
                .collect(),
            Self::Resource(ResourceError::Invalid { path, message }) => {
                vec![Issue::error(self.code(), message.clone()).at(path.clone())]
            }
            Self::Xml(error) => vec![xml_issue(self.code(), error)],
            // What the database says is for the log, not for the client.
            Self::Store(
                StoreError::Backend(_)
                | StoreError::Schema(_)
                | StoreError::Full(_)
                | StoreError::InUse(_)
                | StoreError::Unreachable(_),
            ) => {
                vec![Issue::error(
                    self.code(),
                    "the store failed; the administrator finds the reason in the log",
                )]
            }
            _ => vec![Issue::error(self.code(), self.to_string())],
        }
    }
}

fn xml_issue(code: &'static str, error: &XmlError) -> Issue {
    let issue = Issue::error(code, error.to_string());
    match error {
        XmlError::Malformed { .. } => issue,
        XmlError::Invalid { path, .. } => issue.at(path.clone()),
        XmlError::Unwritable { path, .. } => {
            let diagnostics = format!("this has no XML form, ask for JSON: {error}");
            Issue { diagnostics, ..issue }.at(path.clone())
        }
    }
}

fn term_status(error: &TermError) -> StatusCode {
    match error {
        TermError::Unknown { .. } | TermError::UnknownCode { .. } => StatusCode::NOT_FOUND,
        TermError::Invalid(_) => StatusCode::BAD_REQUEST,
        TermError::Malformed { .. } | TermError::NotSupported(_) | TermError::TooCostly(_) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
    }
}

fn store_status(error: &StoreError) -> StatusCode {
    match error {
        StoreError::Conflict { .. } => StatusCode::CONFLICT,
        StoreError::Overloaded { .. } | StoreError::Closed | StoreError::NotReady(_) | StoreError::Unreachable(_) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        StoreError::Full(_) => StatusCode::INSUFFICIENT_STORAGE,
        StoreError::Expired(_) => StatusCode::GONE,
        StoreError::Limit(_) => StatusCode::UNPROCESSABLE_ENTITY,
        StoreError::Invalid(_) => StatusCode::BAD_REQUEST,
        StoreError::Backend(_) | StoreError::Schema(_) | StoreError::InUse(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stores_words_stay_in_the_log() {
        let error = HubError::Store(StoreError::Backend("disk I/O error in /secret/path".into()));
        assert_eq!(error.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!error.issues()[0].diagnostics.contains("secret"));
        let busy = HubError::Store(StoreError::Overloaded { waiting: 9 });
        assert_eq!(
            (busy.status(), busy.code()),
            (StatusCode::SERVICE_UNAVAILABLE, "transient")
        );
    }

    #[test]
    fn issues_of_entries_say_where() {
        let inner = HubError::Invalid(vec![Issue::error("structure", "x").at("Patient.name[0].family")]);
        let error = HubError::Entries(vec![(3, inner), (5, HubError::bad("y"))]);
        let places: Vec<String> = error.issues().into_iter().flat_map(|issue| issue.expression).collect();
        assert_eq!(places, ["Bundle.entry[3].resource.name[0].family", "Bundle.entry[5]"]);
        assert_eq!(error.status(), StatusCode::UNPROCESSABLE_ENTITY);
    }
}
