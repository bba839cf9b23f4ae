//! One request as the interactions see it: over HTTP, or as an entry of a batch.

use super::negotiate::{self, Format, is_form};
use super::{Prefer, View, etag, inflate, strict};
use crate::binary::Wanted;
use crate::parse::{self, pairs};
use crate::scope::Scope;
use crate::subscriptions;
use crate::{Hub, HubError};
use access::Actor;
use axum::body::Body;
use axum::extract::RawPathParams;
use bytes::Bytes;
use http::{HeaderMap, Method, header};
use policy::Action;
use serde_json::Value;
use std::sync::Arc;
use store::StoredResource;

/// Bodies above this size are parsed off the request threads.
const BLOCKING_BYTES: usize = 128 * 1024;

/// Where the body is.
#[derive(Debug)]
pub(crate) enum Payload {
    /// Not read yet.
    Http(Body),
    /// Already parsed (entry of a batch).
    Value(Value),
    /// None.
    Empty,
}

/// A request.
#[derive(Debug)]
pub(crate) struct Ask {
    /// Verb.
    pub method: Method,
    /// Path below the base, for messages.
    pub path: String,
    /// Query string as sent.
    pub query: String,
    /// Headers.
    pub headers: HeaderMap,
    /// What the actor may reach.
    pub scope: Scope,
    /// Roles of the actor.
    pub roles: Arc<[String]>,
    /// `Prefer`.
    pub prefer: Prefer,
    /// `_pretty=true`.
    pub pretty: bool,
    /// How to answer.
    pub format: Format,
    /// `_summary` and `_elements`.
    pub view: View,
    /// Path parameters.
    pub params: Vec<(String, String)>,
    /// Body.
    pub payload: Payload,
    /// What the scopes of the client ask of the one resource that it reads or writes.
    pub condition: Option<access::ScopeCondition>,
}

impl Ask {
    /// Takes a request apart.
    pub(crate) fn of(params: &RawPathParams, request: axum::extract::Request) -> Self {
        let (parts, body) = request.into_parts();
        let actor = parts.extensions.get::<Actor>();
        let scope = parts.extensions.get::<access::View>().map_or(Scope::Nothing, Scope::of);
        let roles = actor.map(|actor| actor.roles.as_slice()).unwrap_or_default().into();
        let params = params.iter().map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
        Self {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            prefer: Prefer::of(&parts.headers),
            headers: parts.headers,
            scope,
            roles,
            pretty: false,
            format: Format::Json,
            view: View::default(),
            params,
            payload: Payload::Http(body),
            condition: parts.extensions.get::<access::ScopeCondition>().cloned(),
        }
    }

    /// Refuses a query string that is too long.
    pub(crate) fn within_limits(&self, hub: &Hub) -> Result<(), HubError> {
        let max = hub.config.limits.query_bytes;
        if self.query.len() > max {
            return Err(HubError::Limit {
                what: "bytes of a query",
                max,
                found: self.query.len(),
            });
        }
        Ok(())
    }

    /// Reads the parameters every interaction knows, and refuses formats this server does not produce.
    pub(crate) fn negotiate(&mut self, hub: &Hub) -> Result<(), HubError> {
        self.within_limits(hub)?;
        if self.query.is_empty() {
            self.format = self.asked(&[])?;
            return Ok(());
        }
        let pairs = pairs::decode(&self.query)?;
        self.format = self.asked(&pairs)?;
        self.pretty = pairs.iter().any(|(name, value)| name == "_pretty" && value == "true");
        for (name, value) in &pairs {
            match name.as_str() {
                "_summary" => self.view.summary = parse::summary(value)?,
                "_elements" => self.view.elements.extend(value.split(',').map(str::to_owned)),
                _ => {}
            }
        }
        Ok(())
    }

    /// The format to answer in. A Binary may be asked for under any type: reading it decides.
    fn asked(&self, pairs: &[pairs::Pair]) -> Result<Format, HubError> {
        match negotiate::asked(&self.headers, pairs) {
            Err(HubError::NotAcceptable(_)) if self.param("type") == "Binary" && !self.param("id").is_empty() => {
                Ok(Format::Json)
            }
            other => other,
        }
    }

    /// What the client wants of a Binary of this content type.
    pub(crate) fn wants_content(&self, media: &str) -> Wanted {
        let pairs = pairs::decode(&self.query).unwrap_or_default();
        negotiate::of_binary(&self.headers, &pairs, media)
    }

    /// Whether this is a request of its own, not an entry of a batch.
    pub(crate) fn over_http(&self) -> bool {
        matches!(self.payload, Payload::Http(_))
    }

    /// Puts back a body that was looked at.
    pub(crate) fn give_back(&mut self, bytes: Bytes) {
        self.payload = Payload::Http(Body::from(bytes));
        // it is no longer compressed
        self.headers.remove(header::CONTENT_ENCODING);
    }

    /// A path parameter that the route declares.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.params
            .iter()
            .find(|(n, _)| n == name)
            .map_or("", |(_, value)| value.as_str())
    }

    /// Whether the actor may write resources of the type in the path.
    pub(crate) fn may_write(&self, hub: &Hub) -> Result<(), HubError> {
        let action = if self.method == Method::DELETE {
            Action::Delete
        } else {
            Action::Write
        };
        self.scope.may_begin(action, self.param("type"))?;
        subscriptions::may_write(hub, &self.roles, self.param("type"))
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Result<Option<&str>, HubError> {
        match self.headers.get(name) {
            None => Ok(None),
            Some(value) => match value.to_str() {
                Ok(text) => Ok(Some(text)),
                Err(_) => Err(HubError::bad(format!("the header {name} is not ASCII text"))),
            },
        }
    }

    /// The version that a write must replace: that of `If-Match`, or none at all (0) with `If-None-Match: *`.
    pub(crate) fn if_match(&self) -> Result<Option<u64>, HubError> {
        if self.header("if-none-match")?.is_some_and(|tag| tag.trim() == "*") {
            return Ok(Some(0));
        }
        self.header("if-match")?.map(parse_etag).transpose()
    }

    /// Whether the client already has this version.
    pub(crate) fn unchanged(&self, resource: &StoredResource) -> bool {
        if let Ok(Some(tags)) = self.header("if-none-match") {
            let current = etag(resource.version);
            let bare = current.trim_start_matches("W/");
            return tags
                .split(',')
                .any(|t| matches!(t.trim(), "*") || t.trim().trim_start_matches("W/") == bare);
        }
        let since = self
            .headers
            .get(header::IF_MODIFIED_SINCE)
            .and_then(|v| v.to_str().ok());
        let since = since.and_then(|text| jiff::fmt::rfc2822::parse(text).ok());
        since.is_some_and(|since| resource.last_updated.as_second() <= since.timestamp().as_second())
    }

    /// The whole body, at most the stated maximum.
    pub(crate) async fn bytes(&mut self, hub: &Hub) -> Result<Bytes, HubError> {
        let max = hub.config.limits.body_bytes;
        match std::mem::replace(&mut self.payload, Payload::Empty) {
            Payload::Empty => Ok(Bytes::new()),
            Payload::Value(value) => Ok(Bytes::from(value.to_string())),
            Payload::Http(body) => {
                let packed = inflate::is_gzip(&self.headers)?;
                let length = self.headers.get(http::header::CONTENT_LENGTH);
                let found = length.and_then(|length| length.to_str().ok()?.parse().ok());
                let bytes = axum::body::to_bytes(body, max).await.map_err(|error| {
                    let source = std::error::Error::source(&error);
                    if source.is_some_and(|s| s.is::<http_body_util::LengthLimitError>()) {
                        HubError::BodyTooLarge { max, found }
                    } else {
                        HubError::bad(format!("the body could not be read: {error}"))
                    }
                })?;
                if packed {
                    return blocking(move || inflate::inflate(&bytes, max)).await;
                }
                Ok(bytes)
            }
        }
    }

    /// The body as JSON bytes, whatever format it came in.
    pub(crate) async fn json_bytes(&mut self, hub: &Hub) -> Result<Bytes, HubError> {
        let (format, bytes) = self.resource_bytes(hub).await?;
        match format {
            Format::Json => Ok(bytes),
            Format::Xml => Ok(Bytes::from(parse_xml(bytes).await?.to_string())),
        }
    }

    async fn resource_bytes(&mut self, hub: &Hub) -> Result<(Format, Bytes), HubError> {
        let format = negotiate::content(&self.headers)?;
        let bytes = self.bytes(hub).await?;
        if bytes.is_empty() {
            return Err(HubError::bad(
                "the body is empty: a FHIR resource in JSON or XML is expected",
            ));
        }
        Ok((format, bytes))
    }

    /// The body as JSON, whatever its content type says.
    pub(crate) async fn plain_json(&mut self, hub: &Hub) -> Result<Value, HubError> {
        let bytes = self.bytes(hub).await?;
        parse_json(bytes).await
    }

    /// The body as a JSON value, whatever format it came in.
    pub(crate) async fn json(&mut self, hub: &Hub) -> Result<Value, HubError> {
        if let Payload::Value(value) = &mut self.payload {
            return Ok(value.take());
        }
        let (format, bytes) = self.resource_bytes(hub).await?;
        match format {
            Format::Json => parse_json(bytes).await,
            Format::Xml => parse_xml(bytes).await,
        }
    }

    /// The parameters of an operation that may be called by GET or POST: the query string's and, with POST, those of a
    /// Parameters resource or form. Parameters that hold resources are not pairs and are left out.
    pub(crate) async fn operation_pairs(&mut self, hub: &Hub) -> Result<Vec<pairs::Pair>, HubError> {
        if self.method != Method::POST || is_form(&self.headers) {
            return self.search_pairs(hub).await;
        }
        let mut all = pairs::decode(&self.query)?;
        let value = match std::mem::replace(&mut self.payload, Payload::Empty) {
            Payload::Empty => return Ok(all),
            Payload::Value(value) => value,
            payload @ Payload::Http(_) => {
                self.payload = payload;
                let bytes = self.bytes(hub).await?;
                if bytes.is_empty() {
                    return Ok(all);
                }
                self.give_back(bytes);
                self.json(hub).await?
            }
        };
        if fhir::resource_type(&value)? != "Parameters" {
            return Err(HubError::bad("the body of an operation is a Parameters resource"));
        }
        for parameter in value["parameter"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap_or_default();
            let given = parameter
                .as_object()
                .and_then(|p| p.iter().find(|(key, _)| key.starts_with("value")));
            match given {
                Some((_, Value::String(text))) => all.push((name.to_owned(), text.clone())),
                Some((_, value @ (Value::Number(_) | Value::Bool(_)))) => {
                    all.push((name.to_owned(), value.to_string()))
                }
                Some((_, Value::Object(object))) if object.contains_key("reference") => {
                    all.push((
                        name.to_owned(),
                        object["reference"].as_str().unwrap_or_default().to_owned(),
                    ));
                }
                _ => {}
            }
        }
        Ok(all)
    }

    /// The pairs of a search: the query string's and, for `POST _search`, the form's.
    pub(crate) async fn search_pairs(&mut self, hub: &Hub) -> Result<Vec<pairs::Pair>, HubError> {
        let mut all = pairs::decode(&self.query)?;
        if self.method == Method::POST {
            let bytes = self.bytes(hub).await?;
            if !bytes.is_empty() {
                if !is_form(&self.headers) {
                    let given = self.header("content-type")?.unwrap_or("none");
                    let message = format!("{given} (a search form is application/x-www-form-urlencoded)");
                    return Err(HubError::UnsupportedMediaType(message));
                }
                let max = hub.config.limits.query_bytes;
                if bytes.len() > max {
                    return Err(HubError::Limit {
                        what: "bytes of a search form",
                        max,
                        found: bytes.len(),
                    });
                }
                let text = std::str::from_utf8(&bytes).map_err(|_| HubError::bad("the form is not UTF-8"))?;
                let form = pairs::decode(text)?;
                self.form_within_scopes(&form)?;
                all.extend(form);
            }
        }
        Ok(all)
    }
}

/// Parses; a large body on a thread made for blocking work.
pub(crate) async fn parse_json(bytes: Bytes) -> Result<Value, HubError> {
    if bytes.len() <= BLOCKING_BYTES {
        return strict::parse(&bytes);
    }
    blocking(move || strict::parse(&bytes)).await
}

async fn parse_xml(bytes: Bytes) -> Result<Value, HubError> {
    if bytes.len() <= BLOCKING_BYTES {
        return negotiate::from_xml(&bytes);
    }
    blocking(move || negotiate::from_xml(&bytes)).await
}

/// A JSON body as XML; a large one on a thread made for blocking work.
pub(super) async fn make_xml(bytes: Bytes) -> Result<Bytes, HubError> {
    if bytes.len() <= BLOCKING_BYTES {
        return negotiate::to_xml(&bytes);
    }
    blocking(move || negotiate::to_xml(&bytes)).await
}

/// Runs work that takes long without a pause off the request threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, HubError> + Send + 'static,
) -> Result<T, HubError> {
    match tokio::task::spawn_blocking(access::carry_work(work)).await {
        Ok(result) => result,
        Err(error) => Err(HubError::Store(store::StoreError::Backend(format!(
            "a work thread failed: {error}"
        )))),
    }
}

/// `W/"3"`, `"3"` or `3`.
pub(crate) fn parse_etag(text: &str) -> Result<u64, HubError> {
    let bare = text.trim().trim_start_matches("W/").trim_matches('"');
    bare.parse()
        .map_err(|_| HubError::bad(format!("cannot read the version in '{text}': expected W/\"3\"")))
}
