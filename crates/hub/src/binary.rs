//! Binary as what it holds: its bytes under its own content type, in and out
//! (<https://hl7.org/fhir/R4/binary.html#rest>).

use crate::http::{Answer, Ask, Format, media_type, parse};
use crate::scope::Scope;
use crate::{Hub, HubError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use fhir::ReferenceText;
use http::{HeaderName, HeaderValue, header};
use serde_json::{Value, json};
use store::{Clause, Page, Query, SearchPage, StoredResource, ValueTest};

/// Whose access rules a raw Binary follows.
const SECURITY_CONTEXT: &str = "x-security-context";

/// Types a browser shows without running anything; others are offered as a file.
const SHOWN: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "application/pdf",
    "text/plain",
];

/// The value of a Binary that is sent raw: under a content type that is none of a FHIR resource. `None`: a resource.
pub(crate) async fn sent(hub: &Hub, ask: &mut Ask, id: Option<&str>) -> Result<Option<Value>, HubError> {
    let media = media_type(&ask.headers);
    if ask.param("type") != "Binary" || media.is_empty() || media.starts_with("application/fhir+") || !ask.over_http() {
        return Ok(None);
    }
    let content_type = ask.header("content-type")?.unwrap_or_default().trim().to_owned();
    let context = ask.header(SECURITY_CONTEXT)?.map(str::to_owned);
    let bytes = ask.bytes(hub).await?;
    if Format::of(&media).is_some() && is_resource(&bytes) {
        ask.give_back(bytes);
        return Ok(None);
    }
    let mut value = json!({"resourceType": "Binary", "contentType": content_type});
    if let Some(id) = id {
        value["id"] = json!(id);
    }
    if let Some(context) = context {
        value["securityContext"] = json!({"reference": context});
    }
    if !bytes.is_empty() {
        value["data"] = json!(STANDARD.encode(&bytes));
    }
    Ok(Some(value))
}

/// Whether bytes of a general type (`application/json`, `text/xml`) are a Binary resource.
fn is_resource(bytes: &[u8]) -> bool {
    match parse(bytes) {
        Ok(value) => value["resourceType"] == "Binary",
        Err(_) => std::str::from_utf8(bytes)
            .is_ok_and(|text| text.contains("<Binary") && text.contains("http://hl7.org/fhir")),
    }
}

/// The bytes of a stored Binary, when the client did not ask for the resource.
pub(crate) fn content(ask: &Ask, resource: &StoredResource) -> Result<Option<Answer>, HubError> {
    if resource.rtype != "Binary" || !ask.over_http() {
        return Ok(None);
    }
    let body = resource.body.as_deref().unwrap_or_default();
    let value: Value = serde_json::from_slice(body).map_err(|error| HubError::json(&error))?;
    let media = value["contentType"].as_str().unwrap_or("application/octet-stream");
    match ask.wants_content(media) {
        Wanted::Resource => return Ok(None),
        Wanted::Other(offered) => return Err(HubError::NotAcceptable(offered)),
        Wanted::Content => {}
    }
    let text = value["data"].as_str().unwrap_or_default();
    let data = STANDARD.decode(text.split_whitespace().collect::<String>());
    let data = data.map_err(|error| HubError::bad(format!("Binary.data is not base64: {error}")))?;
    Ok(Some(Answer::raw(resource, Bytes::from(data), headers(media))))
}

/// What a Binary's reader wants.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The FHIR resource.
    Resource,
    /// What it holds.
    Content,
    /// Types that this Binary is not.
    Other(String),
}

/// A file of somebody's must not run as a script or page of this server's origin.
fn headers(media: &str) -> Vec<(HeaderName, HeaderValue)> {
    let essence = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let runs = essence.contains("javascript") || essence.contains("ecmascript") || essence == "text/css";
    let media = if runs { "text/plain" } else { media };
    let kind = HeaderValue::from_str(media).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let mut list = vec![
        (header::CONTENT_TYPE, kind),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    if !SHOWN.contains(&essence.as_str()) {
        list.push((header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment")));
    }
    list
}

/// Documents that refer to one Binary, of which the rules are looked at, at most.
const DOCUMENTS: usize = 50;

/// Whether a reader may see a Binary: it follows the resource that `securityContext` names, and does not show what a
/// document that refers to it (`content.attachment.url`) hides from this reader.
pub(crate) async fn admit(hub: &Hub, scope: &Scope, resource: &StoredResource) -> Result<(), HubError> {
    if resource.rtype != "Binary" || *scope == Scope::All {
        return scope.admit(resource);
    }
    let none = || HubError::not_found(&resource.rtype, &resource.id);
    if !is_shown(hub, scope, resource).await? {
        return Err(none());
    }
    if scope.sees(resource) {
        return Ok(());
    }
    let body = resource.body.as_deref().unwrap_or_default();
    let value: Value = serde_json::from_slice(body).map_err(|error| HubError::json(&error))?;
    let context = value.pointer("/securityContext/reference").and_then(Value::as_str);
    if let Some(ReferenceText::Local { rtype, id, .. }) = context.map(ReferenceText::parse)
        && let Some(owner) = hub.snapshot().await?.read(rtype, id).await?
        && owner.body.is_some()
    {
        scope.admit(&owner).map_err(|_| none())?;
        // Its own labels count as of a fact about the owner's patient.
        let patient = match rtype {
            "Patient" => Some(owner.id.clone()),
            _ => owner.patient.clone(),
        };
        let labelled = scope.hides(resource);
        let about = StoredResource {
            patient,
            ..resource.clone()
        };
        return if !labelled || scope.sees(&about) {
            Ok(())
        } else {
            Err(none())
        };
    }
    scope.admit(resource)
}

/// Whether the documents that refer to a resource, if it is a Binary, may be seen; anything else is shown.
pub(crate) async fn is_shown(hub: &Hub, scope: &Scope, resource: &StoredResource) -> Result<bool, HubError> {
    if resource.rtype != "Binary" || *scope == Scope::All {
        return Ok(true);
    }
    let documents = documents(hub, &resource.id).await?;
    Ok(documents.iter().all(|document| scope.sees(document)))
}

/// Takes out of a page what documents that may not be seen refer to.
pub(crate) async fn keep_shown(hub: &Hub, scope: &Scope, page: &mut SearchPage) -> Result<(), HubError> {
    let files = |list: &[StoredResource]| list.iter().any(|one| one.rtype == "Binary");
    if *scope == Scope::All || !(files(&page.matches) || files(&page.included)) {
        return Ok(());
    }
    for list in [&mut page.matches, &mut page.included] {
        for resource in std::mem::take(list) {
            if is_shown(hub, scope, &resource).await? {
                list.push(resource);
            }
        }
    }
    // How many there are besides is not told.
    page.total = None;
    Ok(())
}

/// The documents whose attachment is a Binary of this server.
async fn documents(hub: &Hub, id: &str) -> Result<Vec<StoredResource>, HubError> {
    let Some(param) = hub.definitions.param("DocumentReference", "location") else {
        return Ok(Vec::new());
    };
    let place = format!("Binary/{id}");
    let forms = [
        place.clone(),
        format!("/{place}"),
        format!("{}/{place}", hub.config.base_url),
    ];
    let query = Query {
        rtype: "DocumentReference".into(),
        clauses: vec![Clause::Param {
            param: param.id,
            any: forms.into_iter().map(ValueTest::Uri).collect(),
        }],
        page: Page {
            count: DOCUMENTS,
            after: None,
        },
        ..Query::default()
    };
    Ok(hub.snapshot().await?.search(&query).await?.matches)
}
