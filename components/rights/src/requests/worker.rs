//! The jobs of the process. Each reads the request as it is stored; what variables say decides nothing (see `verdict`).

use super::verdict::{self, Verdict, instance_of, request_of};
use super::{Request, execute};
use crate::export;
use crate::rules;
use component::{Context, TaskQuery, Worker, WorkerResult};
use engine::JobSpec;
use futures::FutureExt as _;
use jiff::SignedDuration;
use orchestrator::api::ChangeTask;
use serde_json::{Map, json};
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
        worker!("diritti-controlla", check_decision),
        worker!("diritti-controlla-segnalazione", check_report),
        worker!("diritti-esegui", execute_decision),
        worker!("diritti-rispondi", answer),
        worker!("diritti-sollecito", remind),
    ]
}

async fn save(context: &Context, request: &mut Request) -> WorkerResult {
    let fhir = context.peers.fhir(&access::Actor::system());
    request.save(&fhir).await.map_err(|error| error.to_string())?;
    Ok(Map::new())
}

/// Prepares the copy of all data.
async fn copy(context: Context, job: JobSpec) -> WorkerResult {
    let mut request = request_of(&context, &job).await?;
    if !verdict::is_automatic(&request) {
        let kind = request.get("tipo");
        return Err(format!(
            "a request of kind '{kind}' is decided by the office: it is no copy"
        ));
    }
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
    let mut request = request_of(&context, &job).await?;
    let now = context.clock.now();
    if request.moment("copia-fino").is_none_or(|until| now < until) {
        return Err("the copy can still be downloaded: it is removed when its time is over".into());
    }
    export::remove(&context, &request).await?;
    request.set("copia-scaduta", &now.to_string());
    save(&context, &mut request).await
}

/// Who completed the task may be anybody who oversees work: the way on is what the office wrote into the request.
async fn check_decision(context: Context, job: JobSpec) -> WorkerResult {
    let request = request_of(&context, &job).await?;
    let outcome = match verdict::verdict(&context, &request).await? {
        Verdict::Granted => "accolta",
        Verdict::Refused => "respinta",
        Verdict::None => "manca",
    };
    Ok(Map::from_iter([("esito".to_owned(), json!(outcome))]))
}

/// The same of a report: it is over when the officer has answered.
async fn check_report(context: Context, job: JobSpec) -> WorkerResult {
    let report = verdict::report_of(&context, &job).await?;
    let answered = verdict::answered(&context, &report).await?;
    Ok(Map::from_iter([(
        "risposta".to_owned(),
        json!(answered.then_some(true)),
    )]))
}

/// Does what was decided.
async fn execute_decision(context: Context, job: JobSpec) -> WorkerResult {
    let mut request = request_of(&context, &job).await?;
    if verdict::verdict(&context, &request).await? != Verdict::Granted {
        return Err(not_decided(&request, "granted"));
    }
    if request.get("fatto").is_empty() {
        let done = execute::execute(&context, &request).await?;
        request.set("fatto", &done);
        return save(&context, &mut request).await;
    }
    Ok(Map::new())
}

/// The citizen is answered: in the portal, and by a letter to print.
async fn answer(context: Context, job: JobSpec) -> WorkerResult {
    let mut request = request_of(&context, &job).await?;
    let ready = match verdict::verdict(&context, &request).await? {
        Verdict::Granted => !request.get("fatto").is_empty(),
        Verdict::Refused => true,
        Verdict::None => false,
    };
    if request.is_open() {
        if !ready {
            return Err(not_decided(&request, "refused, or granted and done"));
        }
        request.set("risposta-del", &context.clock.now().to_string());
        return save(&context, &mut request).await;
    }
    Ok(Map::new())
}

fn not_decided(request: &Request, what: &str) -> String {
    format!(
        "Basic/{} was not {what} by somebody who has the role '{}' now: nothing is done",
        request.id,
        verdict::DECIDES
    )
}

/// The deadline is near: the task becomes urgent in the office's list.
async fn remind(context: Context, job: JobSpec) -> WorkerResult {
    let mut request = request_of(&context, &job).await?;
    let orchestrator = context.peers.orchestrator(&access::Actor::system());
    let instance = instance_of(&job).to_owned();
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
