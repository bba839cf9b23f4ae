//! `$reindex`: extract the search values of stored resources again, beside other work.
//!
//! `POST [base]/$reindex` (Parameters with `type`, repeatable; none: every type) starts, `GET [base]/$reindex` tells how
//! far it is: 202 while something is left to do, 200 when nothing is. Defining a search parameter starts it by itself.

use crate::http::{Answer, Ask};
use crate::{Hub, HubError};
use bytes::Bytes;
use http::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;

impl Hub {
    /// Starts indexing these types again; none: all that have resources.
    pub async fn reindex(&self, types: &[String]) -> Result<(), HubError> {
        types.iter().try_for_each(|rtype| self.check_type(rtype))?;
        if !types.is_empty() {
            return Ok(self.store.reindex(types).await?);
        }
        let all = self.snapshot().await?.counts().await?;
        let all: Vec<String> = all.into_iter().map(|(rtype, _)| rtype).collect();
        Ok(self.store.reindex(&all).await?)
    }

    /// What is left to do, as Parameters; whether there is any.
    async fn reindexing(&self) -> Result<(bool, Value), HubError> {
        let mut snapshot = self.snapshot().await?;
        let passes = snapshot.reindexing().await?;
        let mut parameters: Vec<Value> = Vec::new();
        for pass in &passes {
            parameters.push(json!({"name": "pass", "part": [
                {"name": "type", "valueCode": pass.rtype},
                {"name": "done", "valueUnsignedInt": pass.done},
                {"name": "total", "valueUnsignedInt": pass.total},
            ]}));
        }
        for param in snapshot.search_params().await? {
            parameters.push(json!({"name": "searchParameter", "part": [
                {"name": "definition", "valueReference": {"reference": format!("SearchParameter/{}", param.source)}},
                {"name": "type", "valueCode": param.base},
                {"name": "code", "valueCode": param.code},
                {"name": "ready", "valueBoolean": param.ready},
            ]}));
        }
        let mut body = json!({"resourceType": "Parameters"});
        if !parameters.is_empty() {
            body["parameter"] = Value::Array(parameters);
        }
        Ok((!passes.is_empty(), body))
    }

    async fn told(&self) -> Result<Answer, HubError> {
        let (busy, body) = self.reindexing().await?;
        let mut answer = Answer::made(Bytes::from(body.to_string()));
        if busy {
            answer.status = StatusCode::ACCEPTED;
        }
        Ok(answer)
    }
}

/// The HTTP handler of `GET`.
pub(crate) async fn handle_status(hub: Arc<Hub>, ask: Ask) -> Result<Answer, HubError> {
    ask.scope.administers()?;
    hub.told().await
}

/// The HTTP handler of `POST`.
pub(crate) async fn handle(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    ask.scope.administers()?;
    let bytes = ask.json_bytes(&hub).await?;
    let mut types = Vec::new();
    if !bytes.is_empty() {
        let body: Value = serde_json::from_slice(&bytes).map_err(|error| HubError::json(&error))?;
        if fhir::resource_type(&body)? != "Parameters" {
            return Err(HubError::bad("$reindex takes Parameters"));
        }
        for parameter in body.get("parameter").and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| parameter.get(name).and_then(Value::as_str);
            match (text("name"), text("valueCode").or_else(|| text("valueString"))) {
                (Some("type"), Some(rtype)) => types.push(rtype.to_owned()),
                (name, _) => {
                    let name = name.unwrap_or_default();
                    return Err(HubError::bad(format!(
                        "$reindex has no parameter '{name}': type, as a code"
                    )));
                }
            }
        }
    }
    hub.reindex(&types).await?;
    hub.told().await
}
