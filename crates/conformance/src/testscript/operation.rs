//! Operations: from a TestScript's action to a request.

use super::Run;
use super::fixture::Held;
use super::script::text;
use super::target::Answer;
use fhir::Definitions;
use serde_json::Value;

/// A request and its response.
#[derive(Debug, Clone)]
pub(super) struct Exchange {
    pub method: String,
    pub url: String,
    pub request_headers: Vec<(String, String)>,
    pub request: Value,
    pub status: u16,
    pub held: Held,
    pub body: Vec<u8>,
    /// Whether the body could be read as a resource, and why not.
    pub unread: Option<String>,
}

/// A media type by its short name.
pub(super) fn media(format: &str) -> String {
    match format {
        "json" => "application/fhir+json".into(),
        "xml" => "application/fhir+xml".into(),
        "ttl" | "turtle" => "text/turtle".into(),
        "none" => String::new(),
        other => other.into(),
    }
}

/// The id in `[base]/Type/id[/_history/n]`.
pub(super) fn id_in_location(location: &str) -> Option<String> {
    let plain = location.split("/_history").next()?;
    plain.rsplit('/').next().map(str::to_owned)
}

/// What an operation asks for.
struct Asked {
    code: String,
    rtype: String,
    params: String,
    url: Option<String>,
    source: Option<String>,
    target: Option<String>,
}

impl Run {
    /// Sends the request of an operation and keeps the response.
    pub(super) async fn operate(&mut self, operation: &Value) -> Result<(), String> {
        let asked = Asked {
            code: text(&operation["type"], "code").unwrap_or_else(|| "read".into()),
            rtype: self.filled(text(operation, "resource"))?.unwrap_or_default(),
            params: self.filled(text(operation, "params"))?.unwrap_or_default(),
            url: self.filled(text(operation, "url"))?,
            source: text(operation, "sourceId"),
            target: text(operation, "targetId"),
        };
        let resource = match &asked.source {
            Some(id) => Some(self.source(id)?),
            None => None,
        };
        let method = text(operation, "method").map_or_else(|| verb(&asked, resource.is_some()), |m| m.to_uppercase());
        let mut url = match &asked.url {
            Some(url) => url.clone(),
            None => self.address(&asked, resource.as_ref())?,
        };
        if operation["encodeRequestUrl"] != false {
            url = encoded(&url);
        }
        let mut headers = self.headers(operation)?;
        let body = self.body(&asked, &method, resource.as_ref(), operation, &mut headers, &mut url)?;
        let answer = self.target.send(&method, &url, &headers, body).await?;
        let request = resource.unwrap_or_default();
        if let (Some(id), Some(location)) = (&asked.source, answer.headers.get("location"))
            && method == "POST"
            && let Some(held) = self.held.get_mut(id)
        {
            held.server_id = id_in_location(location);
        }
        let exchange = exchange(method, url, headers, request, answer);
        for name in ["requestId", "responseId"] {
            if let Some(id) = text(operation, name) {
                let held = if name == "requestId" {
                    Held {
                        resource: exchange.request.clone(),
                        ..Held::default()
                    }
                } else {
                    exchange.held.clone()
                };
                self.held.insert(id, held);
            }
        }
        self.last = Some(exchange);
        Ok(())
    }

    /// A fixture with its variables filled in.
    fn source(&self, id: &str) -> Result<Value, String> {
        let held = self
            .held
            .get(id)
            .ok_or_else(|| format!("there is no fixture or response '{id}'"))?;
        let text = held.resource.to_string();
        if !text.contains("${") {
            return Ok(held.resource.clone());
        }
        serde_json::from_str(&self.fill(&text)?).map_err(|error| format!("fixture {id}: {error}"))
    }

    /// `Type/id` of a fixture or response.
    fn identity(&self, id: &str) -> Result<(String, String), String> {
        let held = self
            .held
            .get(id)
            .ok_or_else(|| format!("there is no fixture or response '{id}'"))?;
        let rtype = held.resource["resourceType"].as_str().unwrap_or_default().to_owned();
        let own = held
            .server_id
            .clone()
            .or_else(|| held.resource["id"].as_str().map(str::to_owned));
        let located = || id_in_location(held.headers.get("location")?);
        let found = own
            .or_else(located)
            .ok_or_else(|| format!("'{id}' has no id on the server"))?;
        Ok((rtype, found))
    }

    /// The URL of an operation by its code.
    fn address(&self, asked: &Asked, resource: Option<&Value>) -> Result<String, String> {
        let own_type = resource
            .and_then(|value| value["resourceType"].as_str())
            .unwrap_or_default();
        let rtype = if asked.rtype.is_empty() {
            own_type
        } else {
            asked.rtype.as_str()
        };
        let params = asked.params.as_str();
        let instance = |suffix: &str| -> Result<String, String> {
            if let Some(target) = &asked.target {
                let (found, id) = self.identity(target)?;
                let rtype = if rtype.is_empty() { found.as_str() } else { rtype };
                return Ok(format!("{rtype}/{id}{suffix}{params}"));
            }
            if params.is_empty()
                && suffix.is_empty()
                && let Some(id) = resource.and_then(|value| value["id"].as_str())
            {
                return Ok(format!("{rtype}/{id}"));
            }
            Ok(format!("{rtype}{params}"))
        };
        Ok(match asked.code.as_str() {
            "read" | "update" | "updateCreate" | "delete" | "patch" => instance("")?,
            "vread" if asked.target.is_some() => {
                let (found, id) = self.identity(asked.target.as_deref().unwrap_or_default())?;
                let held = &self.held[asked.target.as_deref().unwrap_or_default()];
                let version = held.resource["meta"]["versionId"].as_str().unwrap_or("1");
                let params = if params.is_empty() {
                    format!("/_history/{version}")
                } else {
                    params.to_owned()
                };
                format!("{found}/{id}{params}")
            }
            "vread" => format!("{rtype}{params}"),
            "history" if asked.target.is_some() => instance("/_history")?,
            "history" if params.contains("_history") => format!("{rtype}{params}"),
            "history" if params.starts_with('/') => format!("{rtype}{params}/_history"),
            "history" => format!("{}{params}", format!("{rtype}/_history").trim_start_matches('/')),
            "create" => format!("{rtype}{}", if params.starts_with('?') { "" } else { params }),
            "transaction" | "batch" => params.to_owned(),
            "capabilities" => format!("metadata{params}"),
            "search" | "updateCond" | "deleteCondSingle" | "deleteCondMultiple" | "patchCond" => {
                format!("{rtype}{params}")
            }
            // `$everything`, `validate`, …: at the instance, the type or the whole server
            code => {
                let name = format!("${}", code.trim_start_matches('$'));
                match (&asked.target, params.contains(&name)) {
                    (_, true) => format!("{rtype}{params}"),
                    (Some(_), false) => instance(&format!("/{name}"))?,
                    (None, false) if params.starts_with('/') => {
                        let (path, query) = params
                            .split_once('?')
                            .map_or((params, String::new()), |(p, q)| (p, format!("?{q}")));
                        format!("{rtype}{path}/{name}{query}")
                    }
                    (None, false) => format!("{}{params}", format!("{rtype}/{name}").trim_start_matches('/')),
                }
            }
        })
    }

    fn headers(&self, operation: &Value) -> Result<Vec<(String, String)>, String> {
        let accept = text(operation, "accept").map_or_else(|| "application/fhir+json".into(), |f| media(&f));
        let content = text(operation, "contentType").map_or_else(|| "application/fhir+json".into(), |f| media(&f));
        let mut headers = Vec::new();
        for (name, value) in [("accept", accept), ("content-type", content)] {
            if !value.is_empty() {
                headers.push((name.to_owned(), value));
            }
        }
        for header in operation["requestHeader"].as_array().into_iter().flatten() {
            let name = text(header, "field").unwrap_or_default().to_ascii_lowercase();
            let value = self.fill(&text(header, "value").unwrap_or_default())?;
            headers.retain(|(other, _)| *other != name);
            headers.push((name, value));
        }
        Ok(headers)
    }

    /// The body, in the format its content type names; a search by POST moves its parameters there.
    fn body(
        &self,
        asked: &Asked,
        method: &str,
        resource: Option<&Value>,
        operation: &Value,
        headers: &mut Vec<(String, String)>,
        url: &mut String,
    ) -> Result<Option<Vec<u8>>, String> {
        if asked.code == "search" && method == "POST" && resource.is_none() && asked.url.is_none() {
            let (path, query) = url
                .split_once('?')
                .map_or((url.clone(), String::new()), |(p, q)| (p.to_owned(), q.to_owned()));
            *url = if path.ends_with("_search") {
                path
            } else {
                format!("{}/_search", path.trim_end_matches('/'))
            };
            headers.retain(|(name, _)| name != "content-type");
            headers.push(("content-type".into(), "application/x-www-form-urlencoded".into()));
            return Ok(Some(query.into_bytes()));
        }
        let Some(resource) = resource else {
            headers.retain(|(name, _)| name != "content-type" || operation.get("contentType").is_some());
            return Ok(None);
        };
        let content = headers
            .iter()
            .find(|(name, _)| name == "content-type")
            .map(|(_, value)| value.as_str());
        if content.is_some_and(|kind| kind.contains("xml")) {
            let text = fhir::xml::to_xml(Definitions::r4(), resource).map_err(|error| error.to_string())?;
            return Ok(Some(text.into_bytes()));
        }
        // a patch that is no resource is carried as a Binary
        if content.is_some_and(|kind| kind.contains("json-patch")) && resource["resourceType"] == "Binary" {
            use base64::Engine as _;
            let data = resource["data"].as_str().unwrap_or_default();
            let bytes = base64::engine::general_purpose::STANDARD.decode(data);
            return bytes
                .map(Some)
                .map_err(|error| format!("the patch is not base64: {error}"));
        }
        Ok(Some(resource.to_string().into_bytes()))
    }
}

fn verb(asked: &Asked, has_body: bool) -> String {
    match asked.code.as_str() {
        "create" | "transaction" | "batch" => "POST",
        "update" | "updateCreate" | "updateCond" => "PUT",
        "delete" | "deleteCondSingle" | "deleteCondMultiple" => "DELETE",
        "patch" | "patchCond" => "PATCH",
        "read" | "vread" | "history" | "search" | "capabilities" => "GET",
        _ if has_body => "POST",
        _ => "GET",
    }
    .to_owned()
}

/// Characters that a URL cannot hold as they are; what is encoded already stays so.
fn encoded(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    for byte in url.bytes() {
        match byte {
            b' ' | b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => {
                out.push_str(&format!("%{byte:02X}"))
            }
            0x21..=0x7e => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn exchange(
    method: String,
    url: String,
    request_headers: Vec<(String, String)>,
    request: Value,
    answer: Answer,
) -> Exchange {
    let kind = answer.headers.get("content-type").cloned().unwrap_or_default();
    let (mut resource, mut unread) = (Value::Null, None);
    if answer.body.is_empty() {
    } else if kind.contains("xml") {
        let text = String::from_utf8_lossy(&answer.body);
        match fhir::xml::from_xml(Definitions::r4(), &text) {
            Ok(value) => resource = value,
            Err(error) => unread = Some(error.to_string()),
        }
    } else {
        match serde_json::from_slice(&answer.body) {
            Ok(value) => resource = value,
            Err(error) => unread = Some(error.to_string()),
        }
    }
    let server_id = answer
        .headers
        .get("location")
        .and_then(|location| id_in_location(location));
    let held = Held {
        server_id: server_id.or_else(|| resource["id"].as_str().map(str::to_owned)),
        resource,
        headers: answer.headers,
    };
    Exchange {
        method,
        url,
        request_headers,
        request,
        status: answer.status,
        held,
        body: answer.body,
        unread,
    }
}
