//! The jobs of the process.

use super::{Request, execute};
use crate::export;
use crate::rules;
use component::{Context, TaskQuery, Worker, WorkerResult};
use engine::JobSpec;
use futures::FutureExt as _;
use jiff::SignedDuration;
use orchestrator::api::ChangeTask;
use serde_json::Map;
use std::sync::Arc;

/// How urgent a task becomes whose deadline is near.
const URGENT: u8 = 90;

/// Every job of the component.
pub(crate) fn workers() -> Vec<Worker> {
    macro_rules! worker {
        ($name:literal, $run:ident) => {
            Worker {
                job_type: $name,
                run: Arc::new(|context, job| $run(context, job).boxed()),
            }
        };
    }
    vec![
        worker!("diritti-copia", copy),
        worker!("diritti-togli-copia", remove_copy),
        worker!("diritti-esegui", execute_decision),
        worker!("diritti-rispondi", answer),
        worker!("diritti-sollecito", remind),
    ]
}

async fn request(context: &Context, job: &JobSpec) -> Result<Request, String> {
    let id = job
        .variables
        .get("richiesta")
        .and_then(|id| id.as_str())
        .unwrap_or_default();
    let fhir = context.peers.fhir(&access::Actor::system());
    let found = Request::find(&fhir, id).await.map_err(|error| error.to_string())?;
    found.ok_or_else(|| format!("the request '{id}' does not exist"))
}

async fn save(context: &Context, request: &mut Request) -> WorkerResult {
    let fhir = context.peers.fhir(&access::Actor::system());
    request.save(&fhir).await.map_err(|error| error.to_string())?;
    Ok(Map::new())
}

/// Prepares the copy of all data.
async fn copy(context: Context, job: JobSpec) -> WorkerResult {
    let mut request = request(&context, &job).await?;
    if !request.is_open() {
        return Ok(Map::new());
    }
    let parts = export::prepare(&context, &mut request).await?;
    let now = context.clock.now();
    request.set("parti", &parts.to_string());
    request.set("avanzamento", "100");
    request.set("esito", "accolta");
    request.set("risposta-del", &now.to_string());
    let until = now + SignedDuration::from_hours(24 * rules::requests().copy_days);
    request.set("copia-fino", &until.to_string());
    request.set(
        "risposta",
        "La copia dei tuoi dati è pronta: scaricala dal portale entro la data indicata.",
    );
    save(&context, &mut request).await
}

/// Removes it when its time is over, bytes and all.
async fn remove_copy(context: Context, job: JobSpec) -> WorkerResult {
    let mut request = request(&context, &job).await?;
    export::remove(&context, &request).await?;
    request.set("copia-scaduta", &context.clock.now().to_string());
    save(&context, &mut request).await
}

/// Does what was decided.
async fn execute_decision(context: Context, job: JobSpec) -> WorkerResult {
    let mut request = request(&context, &job).await?;
    if request.get("fatto").is_empty() {
        let done = execute::execute(&context, &request).await?;
        request.set("fatto", &done);
        return save(&context, &mut request).await;
    }
    Ok(Map::new())
}

/// The citizen is answered: in the portal, and by a letter to print.
async fn answer(context: Context, job: JobSpec) -> WorkerResult {
    let mut request = request(&context, &job).await?;
    if request.is_open() {
        request.set("risposta-del", &context.clock.now().to_string());
        return save(&context, &mut request).await;
    }
    Ok(Map::new())
}

/// The deadline is near: the task becomes urgent in the office's list.
async fn remind(context: Context, job: JobSpec) -> WorkerResult {
    let mut request = request(&context, &job).await?;
    let orchestrator = context.peers.orchestrator(&access::Actor::system());
    let instance = job
        .id
        .rsplit_once('.')
        .map_or(job.id.as_str(), |(instance, _)| instance)
        .to_owned();
    let query = TaskQuery {
        instance: Some(instance),
        state: Some("open".into()),
        ..TaskQuery::default()
    };
    for task in orchestrator
        .tasks(&query)
        .await
        .map_err(|error| error.to_string())?
        .items
    {
        let change = ChangeTask {
            priority: Some(URGENT),
            ..ChangeTask::default()
        };
        orchestrator
            .change_task(&task.id, &change)
            .await
            .map_err(|error| error.to_string())?;
    }
    request.set("sollecitata", &context.clock.now().to_string());
    save(&context, &mut request).await
}
