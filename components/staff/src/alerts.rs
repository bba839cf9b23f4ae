//! Inscriptions and titles that end: a process (`processes/scadenza-iscrizione.bpmn`) tells the person and the office before the
//! last day, and closes when the registry says that it was renewed. The page `/personale/scadenze` shows all of it.

mod page;

pub(crate) use page::in_service;

use crate::app::Declared;
use crate::assignment::Assignment;
use crate::note::Note;
use crate::pages::{KEEP, READ};
use crate::person::{Person, Title};
use crate::{registry, rules};
use access::Actor;
use axum::routing::{get, post};
use component::{Context, PeerError, TaskQuery, Worker, WorkerResult};
use engine::JobSpec;
use futures::FutureExt as _;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use orchestrator::api::{ChangeTask, StartInstance};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// The process.
pub(crate) const PROCESS: &str = "scadenza-iscrizione";
/// Notes that tell a person of an end.
pub(crate) const NOTICE: &str = "avviso-scadenza";
/// How urgent a task is when the last day has passed.
const URGENT: u8 = 90;

/// Declares the page and what is done on it.
pub(crate) fn routes(declared: Declared) -> Declared {
    declared
        .get(KEEP, "/personale/scadenze", get(page::list))
        .post(KEEP, "/personale/scadenze/{id}", post(page::done))
        .post(READ, "/personale/avvisi/{id}/letto", post(page::read))
}

/// The last second of a day in Italy.
fn end_of(day: Date) -> Option<Timestamp> {
    let next = day.checked_add(1.day()).ok()?;
    Some(web::local_start(next)? - SignedDuration::from_secs(1))
}

/// What the process of a title goes by: the person, the register and the number. A renewal has the same.
pub(crate) fn key(person: &str, title: &Title) -> String {
    let number: String = title
        .number
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .take(20)
        .collect();
    format!("{person}/{}/{number}", title.code)
}

/// Watches over a title that was written: the process of the former end is over, one for the new end begins.
///
/// # Errors
/// The orchestrator failed.
pub(crate) async fn watch(context: &Context, person: &str, title: &Title) -> Result<(), PeerError> {
    let orchestrator = context.peers.orchestrator(&Actor::system());
    let key = key(person, title);
    let due = title.end.parse().ok().and_then(end_of);
    for old in orchestrator.started_by_program(PROCESS, &key).await? {
        if old.ended.is_none() {
            orchestrator.cancel(&old.id, "the registry has a new end").await?;
        }
    }
    let now = context.clock.now();
    let Some(due) = due.filter(|due| *due > now) else {
        return Ok(());
    };
    let reminder = (due - SignedDuration::from_hours(24 * rules::reminder_days())).max(now);
    let variables = Map::from_iter([
        ("persona".to_owned(), json!(person)),
        ("titolo".to_owned(), json!(title.code)),
        ("numero".to_owned(), json!(title.number)),
        ("fine".to_owned(), json!(title.end)),
        ("scadenza".to_owned(), json!(due.to_string())),
        ("promemoria".to_owned(), json!(reminder.to_string())),
    ]);
    let start = StartInstance {
        definition: PROCESS.into(),
        business_key: Some(key),
        variables,
        ..StartInstance::default()
    };
    orchestrator.start(&start).await.map(drop)
}

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
        worker!("personale-avvisa", tell),
        worker!("personale-scaduta", expired),
        worker!("personale-controlla", check),
    ]
}

fn variable<'a>(job: &'a JobSpec, name: &str) -> &'a str {
    job.variables.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn instance_of(job: &JobSpec) -> &str {
    job.id
        .rsplit_once('.')
        .map_or(job.id.as_str(), |(instance, _)| instance)
}

/// The person is told, in their own page. Made again after a crash, it is the same note.
async fn tell(context: Context, job: JobSpec) -> WorkerResult {
    let fhir = context.peers.fhir(&Actor::system());
    let id: String = format!("avviso-{}", job.id)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(64)
        .collect();
    let subject = format!("Practitioner/{}", variable(&job, "persona"));
    let mut note = Note::new(&id, NOTICE, &subject, "", context.clock.now()).with(&[
        ("titolo", variable(&job, "titolo")),
        ("numero", variable(&job, "numero")),
        ("fine", variable(&job, "fine")),
    ]);
    note.create(&fhir).await.map_err(|error| error.to_string())?;
    Ok(Map::new())
}

/// The last day has passed: the office's task becomes urgent.
async fn expired(context: Context, job: JobSpec) -> WorkerResult {
    let orchestrator = context.peers.orchestrator(&Actor::system());
    let query = TaskQuery {
        instance: Some(instance_of(&job).to_owned()),
        state: Some("open".into()),
        ..TaskQuery::default()
    };
    let open = orchestrator.tasks(&query).await.map_err(|error| error.to_string())?;
    for task in open.items {
        let change = ChangeTask {
            priority: Some(URGENT),
            ..ChangeTask::default()
        };
        let changed = orchestrator.change_task(&task.id, &change).await;
        changed.map_err(|error| error.to_string())?;
    }
    Ok(Map::new())
}

/// Whether the registry has no such end any more: renewed, taken away, or of whom no longer works here.
async fn check(context: Context, job: JobSpec) -> WorkerResult {
    let fhir = context.peers.fhir(&Actor::system());
    let person = variable(&job, "persona");
    let found = registry::person(&fhir, person)
        .await
        .map_err(|error| error.to_string())?;
    let all = registry::assignments(&fhir, person)
        .await
        .map_err(|error| error.to_string())?;
    let fine = found.is_none_or(|found| in_order(&found, &all, &job, context.clock.now()));
    Ok(Map::from_iter([("inRegola".to_owned(), json!(fine))]))
}

fn in_order(person: &Person, all: &[Assignment], job: &JobSpec, now: Timestamp) -> bool {
    let (code, number, end) = (variable(job, "titolo"), variable(job, "numero"), variable(job, "fine"));
    let same = |one: &&Title| one.code == code && one.number == number;
    let renewed = person
        .titles
        .iter()
        .find(same)
        .is_none_or(|one| one.end.is_empty() || one.end.as_str() > end);
    renewed || !all.iter().any(|one| one.holds(now))
}
