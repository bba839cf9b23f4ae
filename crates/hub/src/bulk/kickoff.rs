//! `$export` of the system, of patients, of a group: the request that begins it.

use super::job::{ExportTask, Job, Left, Level, State, Task};
use super::{Call, Parameters, export, files, members, run};
use crate::parse::date;
use crate::{Hub, HubError};
use axum::body::Body;
use axum::response::Response;
use fhir::ReferenceText;
use http::{StatusCode, header};
use std::sync::Arc;

/// Patients that may be named.
const MAX_PATIENTS: usize = 10_000;

/// `[base]/$export`.
pub(super) async fn system(hub: Arc<Hub>, call: Call) -> Result<Response, HubError> {
    begin(hub, call, Level::System).await
}

/// `[base]/Patient/$export`.
pub(super) async fn of_type(hub: Arc<Hub>, call: Call) -> Result<Response, HubError> {
    match call.ask.param("type") {
        "Patient" => begin(hub, call, Level::Patient).await,
        other => Err(HubError::NotSupported(format!(
            "$export of {other} (Patient, Group and the system have it)"
        ))),
    }
}

/// `[base]/Group/[id]/$export`.
pub(super) async fn of_instance(hub: Arc<Hub>, call: Call) -> Result<Response, HubError> {
    match call.ask.param("type") {
        "Group" => {
            let level = Level::Group(call.ask.param("id").to_owned());
            begin(hub, call, level).await
        }
        other => Err(HubError::NotSupported(format!(
            "$export of one {other} (a Group has it)"
        ))),
    }
}

async fn begin(hub: Arc<Hub>, mut call: Call, level: Level) -> Result<Response, HubError> {
    asynchronous(&call)?;
    let parameters = Parameters::of(&hub, &mut call.ask).await?;
    let task = task(&hub, &call, level, &parameters)?;
    export::filters(&hub, &task)?;
    if let Level::Group(id) = &task.level {
        members::of_group(&hub, hub.snapshot().await?.as_mut(), id).await?;
    }
    accept(&hub, &mut call, Task::Export(task)).await
}

/// The pattern is asynchronous, and the client must know it.
pub(super) fn asynchronous(call: &Call) -> Result<(), HubError> {
    let prefers = call
        .ask
        .headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut preferences = prefers.flat_map(|value| value.split([',', ';']));
    if preferences.any(|preference| preference.trim() == "respond-async") {
        return Ok(());
    }
    Err(HubError::bad(
        "this is done in the background: send the header Prefer: respond-async",
    ))
}

/// Records the job; answers 202 with the place of its status.
pub(super) async fn accept(hub: &Arc<Hub>, call: &mut Call, task: Task) -> Result<Response, HubError> {
    let what = match &task {
        Task::Export(_) => "export",
        Task::Import(_) => "import",
    };
    let id = hub.ids.next();
    files::folder(hub, &id)?;
    let path = call
        .ask
        .path
        .strip_prefix(crate::routes::MOUNT)
        .unwrap_or(&call.ask.path);
    let mut request = format!("{}{path}", hub.config.base_url);
    if !call.ask.query.is_empty() {
        request = format!("{request}?{}", call.ask.query);
    }
    let status = format!("{}/${what}-status/{id}", hub.config.base_url);
    let job = Job {
        id,
        task,
        owner: call.subject.clone(),
        actor: call.actor.clone().filter(|actor| !actor.has_role("system")),
        request,
        created: hub.clock.now(),
        state: State::Waiting,
        attempts: 0,
        time: None,
        finished: None,
        left: Left::default(),
        message: None,
    };
    run::start(hub, job).await?;
    let response = Response::builder()
        .status(StatusCode::ACCEPTED)
        .header(header::CONTENT_LOCATION, status)
        .body(Body::empty());
    response.map_err(|error| HubError::bad(format!("the request's address cannot be repeated in a header: {error}")))
}

fn task(hub: &Hub, call: &Call, level: Level, given: &Parameters) -> Result<ExportTask, HubError> {
    for (name, _) in &given.texts {
        match name.as_str() {
            "_outputFormat" | "_since" | "_type" | "_typeFilter" | "_elements" | "patient" | "_format" => {}
            "includeAssociatedData" => {
                let message = "includeAssociatedData (name the types you want, Provenance among them, in _type)";
                return Err(HubError::NotSupported(message.to_owned()));
            }
            name if call.ask.prefer.strict || !name.starts_with('_') => {
                return Err(HubError::NotSupported(format!("the $export parameter '{name}'")));
            }
            _ => {}
        }
    }
    if let Some(format) = given.one("_outputFormat")?
        && !matches!(format, "application/fhir+ndjson" | "application/ndjson" | "ndjson")
    {
        return Err(HubError::NotSupported(format!(
            "the _outputFormat '{format}' (application/fhir+ndjson is)"
        )));
    }
    let since = match given.one("_since")? {
        None => None,
        Some(text) => {
            let bad = || HubError::bad(format!("cannot read _since '{text}': a FHIR instant is expected"));
            Some(date::since(text).ok_or_else(bad)?)
        }
    };
    let types = given.list("_type");
    types.iter().try_for_each(|rtype| hub.check_type(rtype))?;
    let filters: Vec<String> = given
        .texts
        .iter()
        .filter(|(name, _)| name == "_typeFilter")
        .map(|(_, t)| t.clone())
        .collect();
    let patients = patients(&level, given)?;
    Ok(ExportTask {
        level,
        types,
        filters,
        elements: given.list("_elements"),
        since,
        patients,
    })
}

fn patients(level: &Level, given: &Parameters) -> Result<Vec<String>, HubError> {
    let named = given.list("patient");
    if *level == Level::System && !named.is_empty() {
        return Err(HubError::bad(
            "patient narrows Patient/$export and Group/[id]/$export, not the system's",
        ));
    }
    if named.len() > MAX_PATIENTS {
        return Err(HubError::Limit {
            what: "patients of an export (make a Group)",
            max: MAX_PATIENTS,
            found: named.len(),
        });
    }
    let id = |text: &String| match ReferenceText::parse(text) {
        ReferenceText::Local {
            rtype: "Patient", id, ..
        } => Ok(id.to_owned()),
        _ => Err(HubError::bad(format!(
            "patient must be a reference such as Patient/1, not '{text}'"
        ))),
    };
    named.iter().map(id).collect()
}
