//! The jobs of the process. Each reads the request as it is stored; variables decide nothing.

use super::apply::{Present, apply};
use super::{PROCESS, Request};
use crate::model::site_of;
use crate::names::SIGNED;
use crate::who::OFFICE;
use access::{Actor, Ask, Identity as _, Reply};
use component::{Context, PeerError, RemoteIdentity, Worker, WorkerResult};
use engine::JobSpec;
use futures::FutureExt as _;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// Every job of the component.
pub(crate) fn workers() -> Vec<Worker> {
    vec![
        Worker {
            job_type: "struttura-controlla",
            run: Arc::new(|context, job| check(context, job).boxed()),
        },
        Worker {
            job_type: "struttura-applica",
            run: Arc::new(|context, job| take_effect(context, job).boxed()),
        },
    ]
}

/// The request that the job's instance stands for, in an instance that the program itself started.
async fn request_of(context: &Context, job: &JobSpec) -> Result<Request, String> {
    let system = Actor::system();
    let orchestrator = context.peers.orchestrator(&system);
    let id = job
        .id
        .rsplit_once('.')
        .map_or(job.id.as_str(), |(instance, _)| instance);
    let instance = orchestrator.instance(id).await.map_err(|error| error.to_string())?;
    let starter = orchestrator.starter(id).await.map_err(|error| error.to_string())?;
    if instance.definition.split(':').next() != Some(PROCESS) || starter != system.subject {
        return Err(format!(
            "the instance {id} stands for no request: only the program starts '{PROCESS}'"
        ));
    }
    let key = instance.business_key.unwrap_or_default();
    let found = Request::find(&context.peers.fhir(&system), &key)
        .await
        .map_err(|error| error.to_string())?;
    found.ok_or_else(|| format!("there is no Basic/{key} that is a request"))
}

/// Whether somebody of the office decided, and is of the office now.
async fn by_office(context: &Context, request: &Request) -> Result<bool, String> {
    let subject = request.get("deciso-da").to_owned();
    if !subject.starts_with("Practitioner/") {
        return Ok(false);
    }
    match RemoteIdentity::new(context.peers.clone())
        .ask(Ask::ActorsOf { subject })
        .await
    {
        Ok(Reply::Actors(actors)) => Ok(actors.iter().any(|actor| actor.has_role(OFFICE))),
        Ok(_) => Err("people were expected of the identity service".into()),
        Err(error) => Err(error.to_string()),
    }
}

/// What the office decided: the way on.
async fn check(context: Context, job: JobSpec) -> WorkerResult {
    let request = request_of(&context, &job).await?;
    let decided = by_office(&context, &request).await?;
    let outcome = match request.get("stato") {
        state @ ("accolta" | "respinta") if decided => state,
        _ => "manca",
    };
    Ok(Map::from_iter([("esito".to_owned(), json!(outcome))]))
}

/// Takes effect: all resources and the request itself in one commit, each in the place of the version that was read.
async fn take_effect(context: Context, job: JobSpec) -> WorkerResult {
    let mut request = request_of(&context, &job).await?;
    if request.get("stato") == "applicata" {
        return Ok(Map::from_iter([("applicata".to_owned(), json!(true))]));
    }
    if request.get("stato") != "accolta" || !by_office(&context, &request).await? {
        return Err(format!(
            "Basic/{} was not granted by somebody who has the role '{OFFICE}' now: nothing is done",
            request.id
        ));
    }
    let day = request.day().ok_or("the request has no day")?;
    if web::local_date(context.clock.now()) < day {
        return Err(format!("the change takes effect on {day}, not before"));
    }
    let fhir = context.peers.fhir(&Actor::system());
    let present = present(&fhir, request.get("struttura"))
        .await
        .map_err(|error| error.to_string())?;
    let mut made = match apply(&request, &present, day) {
        Ok(made) => made,
        Err(problem) => {
            // It does not fit any more: the office sees why, and decides again.
            request.set("problema", &problem);
            request.set("stato", "aperta");
            request.save(&fhir).await.map_err(|error| error.to_string())?;
            return Ok(Map::from_iter([("applicata".to_owned(), json!(false))]));
        }
    };
    for resource in &mut made {
        let (who, door) = (request.get("deciso-da"), format!("variazione-{}", request.id));
        resource["meta"]["source"] = json!(format!("{SIGNED}{who}#{door}"));
    }
    request.set("stato", "applicata");
    request.set("applicata-il", &context.clock.now().to_string());
    let mut entries: Vec<Value> = made.iter().map(entry).collect();
    entries.push(entry(&request.resource()));
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
    fhir.transaction(&bundle).await.map_err(|error| error.to_string())?;
    Ok(Map::from_iter([("applicata".to_owned(), json!(true))]))
}

/// A new one is written under its id; a known one in the place of the version that was read.
pub(crate) fn entry(resource: &Value) -> Value {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let url = format!("{}/{}", text(&resource["resourceType"]), text(&resource["id"]));
    let mut request = json!({"method": "PUT", "url": url});
    if let Some(version) = resource["meta"]["versionId"].as_str() {
        request["ifMatch"] = json!(format!("W/\"{version}\""));
    }
    json!({"resource": resource, "request": request})
}

async fn present(fhir: &component::Fhir, id: &str) -> Result<Present, PeerError> {
    let owner = format!("Organization/{id}");
    Ok(Present {
        organization: fhir.read("Organization", id).await?,
        site: fhir.find("Location", &site_of(id)).await?.unwrap_or(Value::Null),
        services: fhir
            .search_all(
                "HealthcareService",
                &[("organization", &owner), ("_count", "200")],
                1000,
            )
            .await?,
    })
}
