//! Views that are kept: read, written, removed, listed.

use crate::bulk::Call;
use crate::{Hub, HubError, is_id};
use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use sqlonfhir::View;
use std::sync::Arc;

/// Kind of the records.
const KIND: &str = "hub.view";

/// Views kept at once.
const MAX_VIEWS: usize = 1_000;

/// Bytes of one view.
const MAX_BYTES: usize = 1024 * 1024;

/// A kept view by id, or by its canonical URL (with or without version).
pub(super) async fn find(hub: &Hub, name: &str) -> Result<Value, HubError> {
    let id = name
        .strip_prefix(&hub.config.base_url)
        .unwrap_or(name)
        .trim_start_matches('/');
    let id = id.strip_prefix("ViewDefinition/").unwrap_or(id);
    let mut snapshot = hub.snapshot().await?;
    if is_id(id)
        && let Some(bytes) = snapshot.record(KIND, id).await?
    {
        return serde_json::from_slice(&bytes).map_err(|error| HubError::json(&error));
    }
    let (url, version) = match name.split_once('|') {
        Some((url, version)) => (url, Some(version)),
        None => (name, None),
    };
    let views = snapshot.records(KIND, "", MAX_VIEWS).await?;
    let views = views
        .iter()
        .filter_map(|(_, bytes)| serde_json::from_slice::<Value>(bytes).ok());
    let mut found = views.filter(|view| view["url"] == url && version.is_none_or(|version| view["version"] == version));
    found.next().ok_or_else(|| HubError::not_found("ViewDefinition", id))
}

/// `GET [base]/ViewDefinition/[id]`.
pub(super) async fn read(hub: Arc<Hub>, call: Call) -> Result<Response, HubError> {
    Ok(answer(StatusCode::OK, &find(&hub, call.ask.param("id")).await?))
}

/// `GET [base]/ViewDefinition`: every view, as a bundle.
pub(super) async fn list(hub: Arc<Hub>, _: Call) -> Result<Response, HubError> {
    let views = hub.snapshot().await?.records(KIND, "", MAX_VIEWS).await?;
    let base = &hub.config.base_url;
    let entry = |(id, bytes): &(String, Vec<u8>)| {
        let view: Value = serde_json::from_slice(bytes).ok()?;
        Some(json!({"fullUrl": format!("{base}/ViewDefinition/{id}"), "resource": view}))
    };
    let entries: Vec<Value> = views.iter().filter_map(entry).collect();
    let bundle = json!({"resourceType": "Bundle", "type": "searchset", "total": entries.len(), "entry": entries});
    Ok(answer(StatusCode::OK, &bundle))
}

/// `POST [base]/ViewDefinition`.
pub(super) async fn create(hub: Arc<Hub>, mut call: Call) -> Result<Response, HubError> {
    let view = call.ask.json(&hub).await?;
    let id = hub.ids.next();
    keep(&hub, &id, view).await
}

/// `PUT [base]/ViewDefinition/[id]`.
pub(super) async fn put(hub: Arc<Hub>, mut call: Call) -> Result<Response, HubError> {
    let id = call.ask.param("id").to_owned();
    if !is_id(&id) {
        return Err(HubError::bad(format!("'{id}' is no id")));
    }
    let view = call.ask.json(&hub).await?;
    keep(&hub, &id, view).await
}

async fn keep(hub: &Hub, id: &str, mut view: Value) -> Result<Response, HubError> {
    View::compile(&view).map_err(|error| super::ask::refused(&error))?;
    view["id"] = Value::from(id);
    view["resourceType"] = Value::from("ViewDefinition");
    let bytes = view.to_string().into_bytes();
    if bytes.len() > MAX_BYTES {
        return Err(HubError::BodyTooLarge {
            max: MAX_BYTES,
            found: Some(bytes.len() as u64),
        });
    }
    let known = hub.snapshot().await?.records(KIND, "", MAX_VIEWS).await?;
    let is_new = known.iter().all(|(key, _)| key != id);
    if is_new && known.len() >= MAX_VIEWS {
        return Err(HubError::Limit {
            what: "views that are kept",
            max: MAX_VIEWS,
            found: known.len() + 1,
        });
    }
    hub.write_record(KIND, id, Some(bytes)).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = answer(status, &view);
    let location = HeaderValue::from_str(&format!("{}/ViewDefinition/{id}", hub.config.base_url));
    if let (true, Ok(location)) = (is_new, location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

/// `DELETE [base]/ViewDefinition/[id]`.
pub(super) async fn delete(hub: Arc<Hub>, call: Call) -> Result<Response, HubError> {
    hub.write_record(KIND, call.ask.param("id"), None).await?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

fn answer(status: StatusCode, value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    let media = HeaderValue::from_static("application/fhir+json");
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    response
}
