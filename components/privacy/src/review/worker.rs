//! `privacy-esito-revisione`: notes what a review found. What counts is an outcome given by somebody with the role `dpo`
//! who did not open the access: others who can complete tasks (a case manager may complete any) do not decide here.

use super::super::{anomaly, grants};
use crate::rules::{RULES, choice};
use access::{AccessGrant, Actor, Ask, GrantReview, Grants, Identity as _, Reply};
use component::{Context, RemoteIdentity, Worker, WorkerResult};
use engine::JobSpec;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// History entries of a review looked at.
const HISTORY: usize = 1_000;

/// The workers of this component.
pub fn workers() -> Vec<Worker> {
    vec![Worker {
        job_type: "privacy-esito-revisione",
        run: Arc::new(|context, job| Box::pin(run(context, job))),
    }]
}

async fn run(context: Context, job: JobSpec) -> WorkerResult {
    let text = |name: &str| job.variables.get(name).and_then(Value::as_str).unwrap_or_default();
    let id = text("accesso").to_owned();
    let got = grants::one(&context, Grants::Get { id }).await;
    let (grant, _) = got.map_err(|error| error.to_string())?;
    let instance = job
        .id
        .rsplit_once('.')
        .map_or(job.id.as_str(), |(instance, _)| instance);
    let mut outcome = Map::new();
    let Some(grant) = reviewed(&context, grant, instance, text("esito")).await? else {
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

/// The access with the review that the task's end stands for; `None` when nobody of the office gave it.
async fn reviewed(
    context: &Context,
    grant: AccessGrant,
    instance: &str,
    outcome: &str,
) -> Result<Option<AccessGrant>, String> {
    let system = Actor::system();
    let history = context.peers.orchestrator(&system).history(instance, 0, HISTORY).await;
    let history = history.map_err(|error| error.to_string())?;
    let Some(last) = history
        .iter()
        .rev()
        .find(|entry| entry.actor.starts_with("Practitioner/"))
    else {
        return Ok(None);
    };
    let by = last.actor.as_str();
    if let Some(noted) = grant.reviews.last()
        && noted.by == by
        && noted.outcome == outcome
    {
        // The page of the office noted it before it ended the task.
        return Ok(Some(grant));
    }
    if by == grant.who || choice(&RULES.review.outcomes, outcome).is_none() {
        return Ok(None);
    }
    let asked = Ask::ActorsOf { subject: by.to_owned() };
    let actors = RemoteIdentity::new(context.peers.clone()).ask(asked).await;
    let Reply::Actors(actors) = actors.map_err(|error| error.to_string())? else {
        return Err("people were expected".into());
    };
    let Some(officer) = actors.iter().find(|actor| actor.has_role("dpo")) else {
        return Ok(None);
    };
    let review = GrantReview {
        by: by.to_owned(),
        name: officer.name.clone(),
        at: last.at,
        outcome: outcome.to_owned(),
        note: String::new(),
    };
    let noted = grants::review(context, &grant.id, review).await;
    noted.map(Some).map_err(|error| error.to_string())
}
