//! One answer: status, headers and bytes, over HTTP or as the response of a batch entry.

use super::ask::make_xml;
use super::pretty::pretty;
use super::{Ask, Format, Prefer, Return, View};
use crate::error::RETRY_AFTER_S;
use crate::hub::{Effect, Written};
use crate::outcome::{self, Issue};
use crate::routes::allowed;
use crate::scope::Scope;
use crate::{Hub, HubError};
use access::AuditPatient;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use store::StoredResource;

const FHIR_JSON: HeaderValue = HeaderValue::from_static("application/fhir+json");
/// Longest request id that is sent back, in bytes.
const MAX_TRACE: usize = 200;
const FHIR_XML: HeaderValue = HeaderValue::from_static("application/fhir+xml");

/// What goes back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Resource or bundle.
    pub body: Option<Bytes>,
    /// The resource the headers speak of: type, id, version, moment.
    pub about: Option<About>,
    /// `Location`.
    pub located: bool,
    /// Nothing was written: it was there already.
    pub existed: bool,
    /// What validation let pass, for a client that asks for an outcome.
    issues: Vec<Issue>,
    /// The body is what was written: `Prefer: return` decides about it.
    is_write: bool,
    /// The body is one resource: `_summary` and `_elements` apply.
    is_resource: bool,
    retry_after: bool,
    allow: Option<String>,
    /// The body is no FHIR resource: these say what it is.
    raw: Option<Vec<(HeaderName, HeaderValue)>>,
}

/// Type, id, version, moment and patient of a resource.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub rtype: String,
    pub id: String,
    pub version: u64,
    pub last_updated: Timestamp,
    pub patient: Option<String>,
}

impl About {
    pub(crate) fn of(resource: &StoredResource) -> Self {
        Self {
            rtype: resource.rtype.clone(),
            id: resource.id.clone(),
            version: resource.version,
            last_updated: resource.last_updated,
            patient: resource.patient.clone(),
        }
    }
}

impl Answer {
    fn new(status: StatusCode) -> Self {
        Self {
            status,
            body: None,
            about: None,
            located: false,
            existed: false,
            issues: Vec::new(),
            is_write: false,
            is_resource: false,
            retry_after: false,
            allow: None,
            raw: None,
        }
    }

    /// A stored resource.
    pub(crate) fn resource(resource: StoredResource) -> Self {
        let about = Some(About::of(&resource));
        Self {
            body: resource.body,
            about,
            is_resource: true,
            ..Self::new(StatusCode::OK)
        }
    }

    /// What a stored resource holds, under a content type of its own (one of the headers).
    pub(crate) fn raw(resource: &StoredResource, body: Bytes, headers: Vec<(HeaderName, HeaderValue)>) -> Self {
        Self {
            body: Some(body),
            about: Some(About::of(resource)),
            raw: Some(headers),
            ..Self::new(StatusCode::OK)
        }
    }

    /// The client has it already.
    pub(crate) fn not_modified(resource: &StoredResource) -> Self {
        Self {
            about: Some(About::of(resource)),
            ..Self::new(StatusCode::NOT_MODIFIED)
        }
    }

    /// What a create or update did.
    pub(crate) fn written(scope: &Scope, written: &Written) -> Self {
        let status = if written.effect == Effect::Created {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        Self {
            body: written
                .resource
                .body
                .as_ref()
                .map(|body| scope.without_withheld(&written.resource, body)),
            about: Some(About::of(&written.resource)),
            located: true,
            existed: written.effect == Effect::Existed,
            is_write: true,
            issues: written.issues.clone(),
            ..Self::new(status)
        }
    }

    /// What validation found of what was written, besides.
    pub(crate) fn add_issues(&mut self, issues: Vec<Issue>) {
        self.issues.extend(issues);
    }

    /// The same resource for another entry that asked for it.
    pub(crate) fn into_existing(self) -> Self {
        Self {
            status: StatusCode::OK,
            ..self
        }
    }

    /// What a delete did: 204, with the version that marks the deletion.
    pub(crate) fn deleted(deletion: Option<&StoredResource>) -> Self {
        Self {
            about: deletion.map(About::of),
            ..Self::new(StatusCode::NO_CONTENT)
        }
    }

    /// A bundle or another resource made for this answer.
    pub(crate) fn made(body: Bytes) -> Self {
        Self {
            body: Some(body),
            ..Self::new(StatusCode::OK)
        }
    }

    /// With headers that speak of a resource version.
    pub(crate) fn speaking_of(self, about: Option<About>) -> Self {
        Self { about, ..self }
    }

    /// An error as OperationOutcome.
    pub(crate) fn error(error: &HubError) -> Self {
        let status = error.status();
        if status.is_server_error() {
            tracing::error!(%error, "the hub could not answer");
        }
        Self {
            body: Some(outcome::bytes(&error.issues())),
            retry_after: status == StatusCode::SERVICE_UNAVAILABLE,
            allow: match error {
                HubError::MethodNotAllowed { path, .. } => Some(allowed(path)),
                _ => None,
            },
            ..Self::new(status)
        }
    }

    /// With `_summary` and `_elements` of an entry of a batch applied.
    pub(crate) fn viewed(mut self, view: &View) -> Self {
        if self.is_resource {
            self.body = self.body.map(|body| view.apply(&body));
        }
        self
    }

    /// The body as the client wants it.
    pub(crate) fn body_for(&self, prefer: Prefer, view: &View) -> Option<Bytes> {
        let body = self.body.as_ref()?;
        if self.is_write {
            return match prefer.returns.unwrap_or_default() {
                Return::Minimal => None,
                Return::Representation => Some(body.clone()),
                Return::Outcome => {
                    let mut issues = vec![Issue::information(self.told())];
                    issues.extend(self.issues.iter().cloned());
                    Some(outcome::bytes(&issues))
                }
            };
        }
        Some(if self.is_resource {
            view.apply(body)
        } else {
            body.clone()
        })
    }

    fn told(&self) -> String {
        let verb = if self.status == StatusCode::CREATED {
            "created"
        } else {
            "stored"
        };
        match &self.about {
            Some(a) => format!("{verb} {}/{} version {}", a.rtype, a.id, a.version),
            None => verb.to_owned(),
        }
    }

    /// `[base]/Type/id/_history/version`, where the answer has one.
    pub(crate) fn location(&self, hub: &Hub) -> Option<String> {
        self.about
            .as_ref()
            .filter(|_| self.located)
            .map(|about| versioned(hub, about))
    }

    /// The HTTP response, with the body in its final format.
    fn respond(self, hub: &Hub, body: Option<(Bytes, Format)>) -> Response {
        let location = self.location(hub);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let mut set = |name: HeaderName, text: &str| {
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(name, value);
            }
        };
        if let Some(about) = &self.about {
            set(header::ETAG, &etag(about.version));
            set(header::LAST_MODIFIED, &http_date(about.last_updated));
        }
        if let Some(location) = location {
            set(header::LOCATION, &location);
        }
        if self.retry_after {
            set(header::RETRY_AFTER, &RETRY_AFTER_S.to_string());
        }
        if let Some(allow) = &self.allow {
            set(header::ALLOW, allow);
        }
        if let Some(about) = self.about.as_ref().filter(|_| self.is_resource) {
            set(header::CONTENT_LOCATION, &versioned(hub, about));
        }
        if let Some((body, format)) = body {
            let media = match format {
                Format::Json => FHIR_JSON,
                Format::Xml => FHIR_XML,
            };
            headers.insert(header::CONTENT_TYPE, media);
            for (name, value) in self.raw.into_iter().flatten() {
                headers.insert(name, value);
            }
            *response.body_mut() = Body::from(body);
        }
        if let Some(patient) = self.about.and_then(|a| a.patient) {
            response.extensions_mut().insert(AuditPatient(patient));
        }
        response
    }
}

/// Runs one interaction for an HTTP request.
pub(crate) async fn run(hub: std::sync::Arc<Hub>, handler: crate::routes::Handler, mut ask: Ask) -> Response {
    let negotiated = ask.negotiate(&hub);
    let traces = traces(&ask.headers);
    let (prefer, make_pretty, format, view) = (ask.prefer, ask.pretty, ask.format, ask.view.clone());
    let done = match negotiated {
        Ok(()) => handler(hub.clone(), ask).await,
        Err(error) => Err(error),
    };
    let mut answer = done.unwrap_or_else(|error| Answer::error(&error));
    let mut format = if answer.raw.is_some() { Format::Json } else { format };
    let mut body = answer.body_for(prefer, &view);
    if format == Format::Xml
        && let Some(json) = body.take()
    {
        match make_xml(json).await {
            Ok(xml) => body = Some(xml),
            Err(error) => {
                answer = Answer::error(&error);
                (body, format) = (answer.body.clone(), Format::Json);
            }
        }
    }
    if make_pretty && answer.raw.is_none() {
        body = body.map(|body| pretty(&body, format));
    }
    let mut response = answer.respond(&hub, body.map(|body| (body, format)));
    for (name, value) in traces {
        response.headers_mut().insert(name, value);
    }
    response
}

/// The client's own ids of the request go back as they came (<https://hl7.org/fhir/R4/http.html#custom>).
fn traces(headers: &http::HeaderMap) -> impl Iterator<Item = (HeaderName, HeaderValue)> + use<> {
    let one = |name: &'static str| {
        let value = headers.get(name).filter(|value| value.len() <= MAX_TRACE)?;
        Some((HeaderName::from_static(name), value.clone()))
    };
    [one("x-request-id"), one("x-correlation-id")].into_iter().flatten()
}

fn versioned(hub: &Hub, about: &About) -> String {
    let base = &hub.config.base_url;
    format!("{base}/{}/{}/_history/{}", about.rtype, about.id, about.version)
}

/// A response for an error, for handlers that make their own responses.
pub(crate) fn refusal(hub: &Hub, error: &HubError) -> Response {
    let answer = Answer::error(error);
    let body = answer.body.clone().map(|body| (body, Format::Json));
    answer.respond(hub, body)
}

/// `W/"3"`.
pub(crate) fn etag(version: u64) -> String {
    format!("W/\"{version}\"")
}

/// The date format of HTTP headers.
pub(crate) fn http_date(at: Timestamp) -> String {
    static PRINTER: DateTimePrinter = DateTimePrinter::new();
    PRINTER
        .timestamp_to_rfc9110_string(&at)
        .unwrap_or_else(|_| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}
