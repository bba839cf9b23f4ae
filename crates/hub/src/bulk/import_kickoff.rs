//! `$import`: the request that begins it, a Parameters resource of inputs (the import proposal that mirrors Bulk
//! Data: `input` with `type` and `url`).

use super::job::{ImportTask, Input, Task};
use super::kickoff::{accept, asynchronous};
use super::{Call, Parameters, fetch};
use crate::{Hub, HubError};
use axum::response::Response;
use std::sync::Arc;

/// `POST [base]/$import`.
pub(super) async fn handle(hub: Arc<Hub>, mut call: Call) -> Result<Response, HubError> {
    asynchronous(&call)?;
    let given = Parameters::of(&hub, &mut call.ask).await?;
    for name in ["inputFormat", "_inputFormat"] {
        if let Some(format) = given.one(name)?
            && !matches!(format, "application/fhir+ndjson" | "application/ndjson" | "ndjson")
        {
            return Err(HubError::NotSupported(format!(
                "the {name} '{format}' (application/fhir+ndjson is)"
            )));
        }
    }
    let whole = match given.one("mode")? {
        None | Some("keep-going") => false,
        Some("all-or-nothing") => true,
        Some(other) => {
            return Err(HubError::bad(format!(
                "mode is keep-going or all-or-nothing, not '{other}'"
            )));
        }
    };
    let mut inputs = Vec::new();
    for (name, part) in &given.parts {
        if name != "input" {
            continue;
        }
        let rtype = part.one("type")?.unwrap_or_default();
        hub.check_type(rtype)?;
        let url = part.one("url")?.ok_or_else(|| HubError::bad("an input has no url"))?;
        fetch::permitted(&hub.config.bulk.import, url)?;
        inputs.push(Input {
            rtype: rtype.to_owned(),
            url: url.to_owned(),
        });
    }
    let max = hub.config.bulk.import.inputs;
    if inputs.is_empty() || inputs.len() > max {
        return Err(HubError::bad(format!(
            "an import has from 1 to {max} inputs, here there are {}",
            inputs.len()
        )));
    }
    accept(&hub, &mut call, Task::Import(ImportTask { inputs, whole })).await
}
