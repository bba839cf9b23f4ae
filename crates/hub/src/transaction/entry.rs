//! Entries of a bundle, parsed once into what they ask for.

use crate::http::parse_etag;
use crate::parse::criteria_text;
use crate::{Hub, HubError, is_id};
use http::Method;
use serde_json::Value;

/// One entry.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Its place in the bundle.
    pub index: usize,
    /// `fullUrl`.
    pub full_url: Option<String>,
    /// Verb.
    pub method: Method,
    /// Target.
    pub target: Target,
    /// Resource; taken out when it is written.
    pub resource: Value,
    /// `ifMatch`.
    pub if_match: Option<u64>,
    /// `ifNoneExist`.
    pub if_none_exist: Option<String>,
    /// `ifNoneMatch`.
    pub if_none_match: Option<String>,
    /// `ifModifiedSince`.
    pub if_modified_since: Option<String>,
}

/// Entries, or their place and what is wrong with them.
pub(crate) type Parsed = Vec<Result<Entry, (usize, HubError)>>;

/// `request.url`, relative to the base.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Target {
    /// Path without leading slash.
    pub path: String,
    /// Query without `?`; empty where there is none.
    pub query: String,
}

impl Target {
    fn parse(base_url: &str, url: &str) -> Self {
        let local = url.strip_prefix(base_url).unwrap_or(url).trim_start_matches('/');
        let (path, query) = local.split_once('?').unwrap_or((local, ""));
        Self {
            path: path.trim_end_matches('/').to_owned(),
            query: query.to_owned(),
        }
    }

    /// The type, when the target is a type.
    pub(crate) fn as_type(&self) -> Option<&str> {
        (!self.path.is_empty() && !self.path.contains('/')).then_some(self.path.as_str())
    }

    /// Type and id, when the target is an instance.
    pub(crate) fn as_instance(&self) -> Option<(&str, &str)> {
        let (rtype, id) = self.path.split_once('/')?;
        is_id(id).then_some((rtype, id))
    }
}

/// The entries of a batch or transaction; what is wrong with one entry stays with it.
pub(crate) fn entries(hub: &Hub, mut bundle: Value) -> Result<Parsed, HubError> {
    let list = match bundle.get_mut("entry").map(Value::take) {
        None => Vec::new(),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(HubError::bad("Bundle.entry must be an array")),
    };
    let max = hub.config.limits.bundle_entries;
    if list.len() > max {
        return Err(HubError::Limit {
            what: "entries of a bundle",
            max,
            found: list.len(),
        });
    }
    let parse = |(index, value)| entry(hub, index, value).map_err(|error| (index, error));
    Ok(list.into_iter().enumerate().map(parse).collect())
}

fn entry(hub: &Hub, index: usize, mut value: Value) -> Result<Entry, HubError> {
    let resource = value.get_mut("resource").map(Value::take).unwrap_or_default();
    let request = value
        .get("request")
        .ok_or_else(|| HubError::bad("the entry has no request (method and url)"))?;
    let text = |name: &str| request.get(name).and_then(Value::as_str);
    let method = text("method").ok_or_else(|| HubError::bad("request.method is missing"))?;
    let url = text("url").ok_or_else(|| HubError::bad("request.url is missing"))?;
    let method_given = method;
    let method = verb(method)?;
    let target = Target::parse(&hub.config.base_url, url);
    let if_none_exist = text("ifNoneExist").map(|t| criteria_text(&target.path, t).to_owned());
    // as over HTTP: a write that must find nothing
    let if_match = match (text("ifNoneMatch"), text("ifMatch")) {
        (Some("*"), _) if method == Method::PUT => Some(0),
        (_, tag) => tag.map(parse_etag).transpose()?,
    };
    let entry = Entry {
        index,
        full_url: value.get("fullUrl").and_then(Value::as_str).map(str::to_owned),
        method,
        target,
        resource: Value::Null,
        if_match,
        if_none_exist,
        if_none_match: text("ifNoneMatch").map(str::to_owned),
        if_modified_since: text("ifModifiedSince").map(str::to_owned),
    };
    let needs_body = matches!(entry.method, Method::POST | Method::PUT | Method::PATCH);
    if needs_body && resource.is_null() {
        return Err(HubError::bad(format!("{method_given} needs a resource in the entry")));
    }
    Ok(Entry { resource, ..entry })
}

fn verb(text: &str) -> Result<Method, HubError> {
    match text {
        "GET" => Ok(Method::GET),
        "POST" => Ok(Method::POST),
        "PUT" => Ok(Method::PUT),
        "DELETE" => Ok(Method::DELETE),
        "PATCH" => Ok(Method::PATCH),
        "HEAD" => Ok(Method::HEAD),
        other => Err(HubError::bad(format!(
            "request.method '{other}' is none of GET, HEAD, POST, PUT, PATCH, DELETE"
        ))),
    }
}
