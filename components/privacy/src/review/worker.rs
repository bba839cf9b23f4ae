//! `privacy-esito-revisione`: notes what a review found. What counts is an outcome given by somebody with the role `dpo`
//! who did not open the access: others who can complete tasks (a case manager may complete any) do not decide here.

use super::super::{anomaly, grants};
use crate::notify::REVIEW_PROCESS;
use crate::rules::{RULES, choice};
use access::{AccessGrant, Actor, Ask, GrantReview, Grants, Identity as _, Reply};
use component::{Context, RemoteIdentity, Worker, WorkerResult};
use engine::{Event, JobSpec};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// History entries read at once.
const HISTORY: usize = 500;
/// How often, at most.
const PAGES: usize = 20;
/// The task of the review in the model.
const TASK: &str = "valutazione";

/// The workers of this component.
pub fn workers() -> Vec<Worker> {
    vec![Worker {
        job_type: "privacy-esito-revisione",
        run: Arc::new(|context, job| Box::pin(run(context, job))),
    }]
}

async fn run(context: Context, job: JobSpec) -> WorkerResult {
    let instance = job
        .id
        .rsplit_once('.')
        .map_or(job.id.as_str(), |(instance, _)| instance);
    let grant = grant_of(&context, &job, instance).await?;
    // The next round begins without an outcome: what stands there then was given by who ended the task.
    let mut outcome = Map::from_iter([("esito".to_owned(), Value::Null)]);
    let Some(grant) = reviewed(&context, grant, instance).await? else {
        outcome.insert("stato".into(), json!("manca"));
        return Ok(outcome);
    };
    let found = grant
        .reviews
        .last()
        .map(|review| review.outcome.clone())
        .unwrap_or_default();
    if found == "non-giustificato" {
        anomaly::not_justified(&context, &grant).await?;
    }
    if found == "approfondire" {
        let due = context.clock.now() + SignedDuration::from_hours(24 * RULES.review.deepening_days);
        outcome.insert("scadenza".into(), json!(due.to_string()));
    }
    outcome.insert("stato".into(), json!(found));
    Ok(outcome)
}

/// The access that an instance stands for: the one its business key names, in a review that the program started. What a
/// variable says may have been changed by who operates processes.
async fn grant_of(context: &Context, job: &JobSpec, instance: &str) -> Result<AccessGrant, String> {
    let system = Actor::system();
    let orchestrator = context.peers.orchestrator(&system);
    let info = orchestrator
        .instance(instance)
        .await
        .map_err(|error| error.to_string())?;
    let starter = orchestrator
        .starter(instance)
        .await
        .map_err(|error| error.to_string())?;
    if info.definition.split(':').next() != Some(REVIEW_PROCESS) || starter != system.subject {
        return Err(format!(
            "the instance {instance} ({}, started by '{starter}') is no review: only the program starts '{REVIEW_PROCESS}'",
            info.definition
        ));
    }
    let id = info.business_key.unwrap_or_default();
    if job.variables.get("accesso").and_then(Value::as_str) != Some(id.as_str()) {
        return Err(format!(
            "the variable 'accesso' was changed: it is not the business key of the instance {instance}; put it back"
        ));
    }
    let (grant, _) = grants::one(context, Grants::Get { id })
        .await
        .map_err(|error| error.to_string())?;
    Ok(grant)
}

/// Who ended the task of the review last, when, and with which outcome, as the history of the instance has it. An outcome
/// that stood in the variable before is not one that they gave.
struct Ended {
    by: String,
    at: Timestamp,
    outcome: String,
}

async fn ended(context: &Context, instance: &str) -> Result<Option<Ended>, String> {
    let orchestrator = context.peers.orchestrator(&Actor::system());
    let (mut from, mut last) = (0, None);
    for _ in 0..PAGES {
        let entries = orchestrator.history(instance, from, HISTORY).await;
        let entries = entries.map_err(|error| error.to_string())?;
        let Some(end) = entries.last().map(|entry| entry.revision) else {
            return Ok(last);
        };
        let whole = entries.len() == HISTORY;
        for entry in entries {
            let of_review = |event: &Event| matches!(event, Event::TaskCompleted { element, .. } if element == TASK);
            if entry.events.iter().any(of_review) {
                let mut said = entry.events.iter().rev().filter_map(|event| match event {
                    Event::VariableSet { name, value, .. } if name == "esito" => value.as_str(),
                    _ => None,
                });
                last = Some(Ended {
                    outcome: said.next().unwrap_or_default().to_owned(),
                    by: entry.actor,
                    at: entry.at,
                });
            }
        }
        if !whole {
            return Ok(last);
        }
        from = end + 1;
    }
    Err(format!(
        "the history of the instance {instance} has more than {} steps: cancel it and review the access anew",
        PAGES * HISTORY
    ))
}

/// The access with the review that the task's end stands for; `None` when nobody of the office gave it.
async fn reviewed(context: &Context, grant: AccessGrant, instance: &str) -> Result<Option<AccessGrant>, String> {
    let Some(Ended { by, at, outcome }) = ended(context, instance).await? else {
        return Ok(None);
    };
    if !by.starts_with("Practitioner/") {
        return Ok(None);
    }
    if let Some(noted) = grant.reviews.last()
        && noted.by == by
        && noted.outcome == outcome
    {
        // The page of the office noted it before it ended the task.
        return Ok(Some(grant));
    }
    if by == grant.who || choice(&RULES.review.outcomes, &outcome).is_none() {
        return Ok(None);
    }
    let asked = Ask::ActorsOf { subject: by.clone() };
    let actors = RemoteIdentity::new(context.peers.clone()).ask(asked).await;
    let Reply::Actors(actors) = actors.map_err(|error| error.to_string())? else {
        return Err("people were expected".into());
    };
    let Some(officer) = actors.iter().find(|actor| actor.has_role("dpo")) else {
        return Ok(None);
    };
    let review = GrantReview {
        by,
        name: officer.name.clone(),
        at,
        outcome,
        note: String::new(),
    };
    let noted = grants::review(context, &grant.id, review).await;
    noted.map(Some).map_err(|error| error.to_string())
}
