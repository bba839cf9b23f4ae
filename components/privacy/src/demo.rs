//! Examples for the office: two emergencies (one reviewed and found not justified, one to review), an unlocking with
//! agreement, an exposed person, accesses by night and to a relative's record. They are real accesses under the virtual
//! clock, in the log like any other.

use crate::anomaly::restricted;
use crate::rules::RULES;
use crate::{exposed, grants, person, watch};
use access::{AccessGrant, Actor, GrantKind};
use component::{DemoContext, TaskQuery};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use orchestrator::api::CompleteTask;
use serde_json::{Map, Value, json};
use store::Clock as _;

const NURSE: (&str, &str, &str) = ("Practitioner/infermiere-amato", "Inf. Ciro Amato", "infermiere");
const SPECIALIST: (&str, &str, &str) = ("Practitioner/diabetologa-ricci", "Dott.ssa Elena Ricci", "diabetologo");
const GP: (&str, &str, &str) = ("Practitioner/mmg-rossi", "Dott. Paolo Rossi", "mmg");
const OFFICER: (&str, &str, &str) = ("Practitioner/dpo-conte", "Avv. Giulia Conte", "dpo");
/// The relative of the nurse.
const BROTHER: &str = "paz-amato";

/// Builds it; what is there already stays as it is.
pub fn demo(context: DemoContext) -> BoxFuture<'static, Result<(), String>> {
    async move {
        let now = context.clock.now();
        let fhir = context.context.peers.fhir(&Actor::system());
        if fhir.find("Patient", BROTHER).await.map_err(told)?.is_some() || !has_staff(&context).await? {
            return Ok(());
        }
        relatives(&context).await?;
        let people = strangers(&context).await?;
        let [first, second, ..] = people.as_slice() else {
            return Ok(());
        };
        emergency(
            &context,
            SPECIALIST,
            first,
            now - SignedDuration::from_hours(24 * 6),
            "continuita",
            "Telefonata per un consiglio sulla terapia, fuori dall'orario del suo medico.",
        )
        .await?;
        review(&context).await?;
        emergency(
            &context,
            NURSE,
            second,
            now - SignedDuration::from_hours(27),
            "incoscienza",
            "Persona trovata a terra in ambulatorio, confusa: servivano allergie e farmaci.",
        )
        .await?;
        unlock(&context, now - SignedDuration::from_hours(50)).await?;
        look(&context, NURSE, BROTHER, now - SignedDuration::from_hours(30)).await?;
        look(&context, GP, "paz-001", night(now)).await?;
        context.clock.set(now);
        put(&context, &[list(now)]).await?;
        look(&context, GP, "paz-001", now - SignedDuration::from_mins(20)).await?;
        context.clock.set(now);
        // The log is written in the background: what was just done is there a moment later.
        watch::watch(&context.context).await.map(drop)
    }
    .boxed()
}

fn told(error: component::PeerError) -> String {
    error.to_string()
}

fn actor((subject, name, role): (&str, &str, &str)) -> Actor {
    Actor {
        subject: subject.into(),
        name: name.into(),
        roles: vec![role.into()],
        organization: (role != "mmg").then(|| "casa-comunita-partenope".to_owned()),
        assurance: 1,
        ..Actor::default()
    }
}

async fn put(context: &DemoContext, resources: &[Value]) -> Result<(), String> {
    let fhir = context.context.peers.fhir(&Actor::system());
    fhir.write_all(resources).await.map(drop).map_err(told)
}

/// Whether the people of this demo are there: without the pathways' demo there is nobody.
async fn has_staff(context: &DemoContext) -> Result<bool, String> {
    let fhir = context.context.peers.fhir(&Actor::system());
    Ok(fhir.resolve(NURSE.0).await.map_err(told)?.is_some())
}

/// A brother of the nurse at the same address, in the care of the nurse's unit.
async fn relatives(context: &DemoContext) -> Result<(), String> {
    let fhir = context.context.peers.fhir(&Actor::system());
    let home =
        json!([{"use": "home", "line": ["Via Santa Lucia 42"], "city": "Napoli", "district": "NA", "country": "IT"}]);
    let mut nurse = fhir.read("Practitioner", "infermiere-amato").await.map_err(told)?;
    nurse["address"] = home.clone();
    let brother = json!({
        "resourceType": "Patient", "id": BROTHER, "active": true, "gender": "male", "birthDate": "1979-03-14",
        "name": [{"use": "official", "family": "Amato", "given": ["Salvatore"]}], "address": home,
        "generalPractitioner": [{"reference": GP.0}],
    });
    let team = json!({
        "resourceType": "CareTeam", "id": "paz-amato-equipe", "status": "active",
        "subject": {"reference": format!("Patient/{BROTHER}")},
        "participant": [{"member": {"reference": "Organization/casa-comunita-partenope"}}],
    });
    put(context, &[nurse, brother, team]).await
}

/// People whom neither the nurse's nor the specialist's unit follows: (id, name).
async fn strangers(context: &DemoContext) -> Result<Vec<(String, String)>, String> {
    let fhir = context.context.peers.fhir(&Actor::system());
    let search = [
        ("_sort", "_id"),
        ("_count", "100"),
        ("general-practitioner", "Practitioner/mmg-coppola"),
    ];
    let found = fhir.search("Patient", &search).await.map_err(told)?;
    let mut out = Vec::new();
    for patient in &found {
        let id = patient["id"].as_str().unwrap_or_default();
        out.push((id.to_owned(), person::name(patient)));
    }
    Ok(out)
}

async fn emergency(
    context: &DemoContext,
    who: (&str, &str, &str),
    patient: &(String, String),
    at: Timestamp,
    code: &str,
    words: &str,
) -> Result<(), String> {
    context.clock.set(at);
    let rule = &RULES.emergency;
    let reason = crate::rules::choice(&rule.reasons, code)
        .map(|reason| reason.it.clone())
        .unwrap_or_default();
    let until = at + SignedDuration::from_mins(rule.minutes);
    let grant = AccessGrant {
        id: AccessGrant::new_id(at, &context.context.ids.next()),
        who: who.0.into(),
        name: who.1.into(),
        patient: patient.0.clone(),
        patient_name: patient.1.clone(),
        kind: GrantKind::Emergency,
        reason_code: code.into(),
        reason: format!("{reason}. {words}"),
        from: at,
        until,
        review_due: Some(until + SignedDuration::from_hours(24 * RULES.review.days)),
        ..AccessGrant::default()
    };
    grants::open(&context.context, grant)
        .await
        .map_err(|error| error.to_string())?;
    (context.settle)().await?;
    look(context, who, &patient.0, at + SignedDuration::from_mins(2)).await
}

/// What somebody looks at when they open a record.
async fn look(context: &DemoContext, who: (&str, &str, &str), patient: &str, at: Timestamp) -> Result<(), String> {
    context.clock.set(at);
    let fhir = context.context.peers.fhir(&actor(who));
    fhir.find("Patient", patient).await.map_err(told)?;
    let search = [("patient", patient), ("_count", "20")];
    for rtype in ["Condition", "MedicationRequest", "Observation"] {
        fhir.search(rtype, &search).await.map_err(told)?;
    }
    Ok(())
}

/// The officer reviews the first emergency two days later: it was no emergency.
async fn review(context: &DemoContext) -> Result<(), String> {
    context.clock.advance(SignedDuration::from_hours(48));
    let officer = actor(OFFICER);
    let orchestrator = context.context.peers.orchestrator(&officer);
    let tasks = orchestrator.tasks(&TaskQuery::for_role("dpo")).await.map_err(told)?;
    let all = grants::several(&context.context, access::Grants::List { after: None, limit: 1 }).await;
    let all = all.map_err(|error| error.to_string())?;
    let (Some(task), Some(grant)) = (tasks.items.first(), all.first()) else {
        return Err("the review of an emergency did not reach the officer".into());
    };
    let review = access::GrantReview {
        by: officer.subject.clone(),
        name: officer.name.clone(),
        at: context.clock.now(),
        outcome: "non-giustificato".into(),
        note:
            "Un consiglio al telefono poteva aspettare il medico scelto. Colloquio con l'operatrice il giorno stesso."
                .into(),
    };
    grants::review(&context.context, &grant.id, review)
        .await
        .map_err(|error| error.to_string())?;
    let mut variables = Map::new();
    variables.insert("esito".into(), json!("non-giustificato"));
    let result = CompleteTask {
        variables,
        resources: Vec::new(),
    };
    orchestrator.complete(&task.id, &result).await.map_err(told)?;
    (context.settle)().await
}

async fn unlock(context: &DemoContext, at: Timestamp) -> Result<(), String> {
    context.clock.set(at);
    let fhir = context.context.peers.fhir(&Actor::system());
    let patient = fhir.read("Patient", "paz-001").await.map_err(told)?;
    let rule = &RULES.unlock;
    let until = at + SignedDuration::from_mins(rule.minutes_with_agreement);
    let grant = AccessGrant {
        id: AccessGrant::new_id(at, &context.context.ids.next()),
        who: GP.0.into(),
        name: GP.1.into(),
        patient: "paz-001".into(),
        patient_name: person::name(&patient),
        kind: GrantKind::Unlock,
        labels: vec!["dipendenze".into()],
        reason_code: "presenza".into(),
        reason: "Rivalutazione della terapia in visita.".into(),
        agreement: rule.agreements.first().map(|agreement| agreement.it.clone()),
        from: at,
        until,
        ..AccessGrant::default()
    };
    grants::open(&context.context, grant)
        .await
        .map_err(|error| error.to_string())?;
    (context.settle)().await
}

/// The last night, 23:40 in Italy or thereabouts.
fn night(now: Timestamp) -> Timestamp {
    let midnight = web::local_start(web::local_date(now)).unwrap_or(now);
    midnight - SignedDuration::from_mins(20)
}

/// The list of exposed people with one on it.
fn list(now: Timestamp) -> Value {
    let mut list = exposed::empty();
    list["date"] = json!(now.to_string());
    list["entry"] = json!([{
        "date": now.to_string(),
        "item": {"reference": "Patient/paz-001", "display": "Intervistata in televisione sul percorso del diabete"},
    }]);
    restricted(list)
}
