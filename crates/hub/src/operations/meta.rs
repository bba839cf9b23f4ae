//! `GET [base]/Type/id/$meta`: the `meta` of a resource alone
//! (<https://hl7.org/fhir/R4/resource-operation-meta.html>).

use crate::http::{Answer, Ask};
use crate::{Hub, HubError};
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::Arc;

/// The HTTP handler.
pub(crate) async fn handle(hub: Arc<Hub>, ask: Ask) -> Result<Answer, HubError> {
    let resource = match hub.read(ask.param("type"), ask.param("id")).await {
        Ok(resource) => resource,
        Err(error) => return Err(ask.scope.mask(error)),
    };
    ask.scope.admit(&resource)?;
    let body = resource.body.as_deref().unwrap_or_default();
    let mut value: Value = serde_json::from_slice(body).map_err(|error| HubError::json(&error))?;
    let meta = value["meta"].take();
    let parameters = json!({"resourceType": "Parameters", "parameter": [{"name": "return", "valueMeta": meta}]});
    Ok(Answer::made(Bytes::from(parameters.to_string())))
}
