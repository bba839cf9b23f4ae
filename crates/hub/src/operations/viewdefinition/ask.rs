//! What a run of a view is asked for.

use super::keep;
use super::render::Format;
use crate::bulk::{Call, Parameters};
use crate::outcome::Issue;
use crate::parse::date;
use crate::{Hub, HubError};
use fhir::ReferenceText;
use http::header;
use jiff::Timestamp;
use serde_json::Value;
use sqlonfhir::{View, ViewError};

/// A run.
pub(super) struct Wanted {
    pub view: View,
    pub format: Format,
    /// Id of the patient whose compartment is read.
    pub patient: Option<String>,
    /// Id of the group whose members' compartments are read.
    pub group: Option<String>,
    pub since: Option<Timestamp>,
    pub limit: Option<u64>,
    /// Resources given with the request: they are read instead of the store.
    pub given: Option<Vec<Value>>,
}

/// A view that cannot be run, with the place of the mistake.
pub(super) fn refused(error: &ViewError) -> HubError {
    HubError::Invalid(vec![
        Issue::error("invalid", error.message.clone()).at(error.place.clone()),
    ])
}

/// Reads the request.
pub(super) async fn read(hub: &Hub, call: &mut Call) -> Result<Wanted, HubError> {
    let mut parameters = Parameters::of(hub, &mut call.ask).await?;
    for (name, _) in &parameters.texts {
        if !matches!(
            name.as_str(),
            "_format" | "header" | "viewReference" | "patient" | "group" | "source" | "_since" | "_limit"
        ) {
            return Err(HubError::NotSupported(format!(
                "the $viewdefinition-run parameter '{name}'"
            )));
        }
    }
    if parameters.one("source")?.is_some() {
        let message = "source (this server runs views over its own data, or over the resources of the request)";
        return Err(HubError::NotSupported(message.to_owned()));
    }
    let definition = definition(hub, call, &mut parameters).await?;
    let view = View::compile(&definition).map_err(|error| refused(&error))?;
    let header = match parameters.one("header")? {
        None | Some("true") => true,
        Some("false") => false,
        Some(other) => return Err(HubError::bad(format!("header is true or false, not '{other}'"))),
    };
    let since = match parameters.one("_since")? {
        None => None,
        Some(text) => {
            let bad = || HubError::bad(format!("cannot read _since '{text}': a FHIR instant is expected"));
            Some(date::since(text).ok_or_else(bad)?)
        }
    };
    let limit = match parameters.one("_limit")? {
        None => None,
        Some(text) => {
            let bad = |_| HubError::bad(format!("_limit is a whole number, not '{text}'"));
            Some(text.parse().map_err(bad)?)
        }
    };
    let given = parameters.resources.into_iter().filter(|(name, _)| name == "resource");
    let given: Vec<Value> = given.map(|(_, resource)| resource).collect();
    Ok(Wanted {
        view,
        format: format(
            call,
            parameters.texts.iter().find(|(name, _)| name == "_format"),
            header,
        )?,
        patient: local(&parameters.texts, "patient", "Patient")?,
        group: local(&parameters.texts, "group", "Group")?,
        since,
        limit,
        given: (!given.is_empty()).then_some(given),
    })
}

async fn definition(hub: &Hub, call: &mut Call, parameters: &mut Parameters) -> Result<Value, HubError> {
    let id = call.ask.param("id");
    if !id.is_empty() {
        return keep::find(hub, id).await;
    }
    let at = parameters.resources.iter().position(|(name, _)| name == "viewResource");
    let reference = parameters.one("viewReference")?;
    match (at, reference) {
        (Some(at), None) => Ok(parameters.resources.swap_remove(at).1),
        (None, Some(reference)) => keep::find(hub, reference).await,
        _ => Err(HubError::bad("give either viewResource or viewReference")),
    }
}

fn format(call: &Call, asked: Option<&(String, String)>, header: bool) -> Result<Format, HubError> {
    let accept = call
        .ask
        .headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    let text = match asked {
        Some((_, text)) => text.as_str(),
        None => match accept.and_then(|accept| accept.split([',', ';']).next()).map(str::trim) {
            None | Some("" | "*/*" | "application/fhir+json") => "ndjson",
            Some(accept) => accept,
        },
    };
    match text {
        "ndjson" | "application/x-ndjson" | "application/ndjson" | "application/fhir+ndjson" => Ok(Format::Lines),
        "json" | "application/json" => Ok(Format::Json),
        "csv" | "text/csv" => Ok(Format::Csv { header }),
        "parquet" | "application/vnd.apache.parquet" | "application/parquet" => Ok(Format::Parquet),
        other => {
            let message = format!("the format '{other}' (ndjson, json, csv and parquet are)");
            Err(HubError::NotSupported(message))
        }
    }
}

/// The id of a local reference (or a bare id).
fn local(texts: &[(String, String)], name: &str, rtype: &str) -> Result<Option<String>, HubError> {
    let mut given = texts.iter().filter(|(given, _)| given == name);
    let Some((_, text)) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(HubError::bad(format!(
            "{name} is given more than once: make a Group of them"
        )));
    }
    match ReferenceText::parse(text) {
        ReferenceText::Local { rtype: of, id, .. } if of == rtype => Ok(Some(id.to_owned())),
        _ if crate::is_id(text) => Ok(Some(text.clone())),
        _ => Err(HubError::bad(format!(
            "{name} must be a reference such as {rtype}/1, not '{text}'"
        ))),
    }
}
