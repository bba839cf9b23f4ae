//! Patients from elsewhere (Synthea bundles loaded before): adults with an HbA1c are evaluated for the pathway with
//! their own data, which stay as they are.

use super::agenda::Act;
use super::paper::{Writing, written};
use super::staff;
use super::world::World;
use jiff::SignedDuration;
use jiff::civil::Date;
use orchestrator::api::StartInstance;
use serde_json::{Value, json};
use web::form::About;

/// How many of them.
const GUESTS: usize = 8;

/// One of them.
#[derive(Debug, Clone)]
pub(super) struct Guest {
    id: String,
    birth: Date,
    /// HbA1c, mmol/mol.
    hba1c: i64,
    /// Day of it.
    measured: String,
}

/// Plans the evaluation of adults who are alive and have an HbA1c; nothing when no bundles were loaded.
pub(super) async fn invite(world: &mut World) -> Result<(), String> {
    if world.context.synthea.is_none() {
        return Ok(());
    }
    let fhir = world.context.context.peers.fhir(&world.context.actor);
    let query = [
        ("code", "http://loinc.org|4548-4"),
        ("_sort", "-date"),
        ("_count", "200"),
    ];
    let found = fhir.search("Observation", &query).await.map_err(|e| e.to_string())?;
    for observation in found {
        if world.guests.len() == GUESTS {
            break;
        }
        let Some(id) = observation["subject"]["reference"]
            .as_str()
            .and_then(|r| r.strip_prefix("Patient/"))
        else {
            continue;
        };
        if world.guests.iter().any(|g| g.id == id) {
            continue;
        }
        let patient = fhir.read("Patient", id).await.map_err(|e| e.to_string())?;
        if let Some(guest) = guest(&patient, &observation) {
            let n = world.guests.len();
            let at = world.end - SignedDuration::from_hours(24 * (20 + 60 * n as i64));
            world.guests.push(guest);
            world.agenda.add(at, Act::Guest(n));
        }
    }
    Ok(())
}

fn guest(patient: &Value, observation: &Value) -> Option<Guest> {
    if patient.get("deceasedDateTime").is_some() || patient["deceasedBoolean"] == true {
        return None;
    }
    let percent = observation["valueQuantity"]["value"].as_f64()?;
    Some(Guest {
        id: patient["id"].as_str()?.to_owned(),
        birth: patient["birthDate"].as_str()?.parse().ok()?,
        hba1c: (10.93 * percent - 23.5).round() as i64,
        measured: observation["effectiveDateTime"].as_str()?.get(..10)?.to_owned(),
    })
}

/// A GP starts the pathway and registers the criteria; the decision does the rest.
pub(super) async fn evaluate(world: &World, n: usize) -> Result<(), String> {
    let guest = &world.guests[n];
    let gps = staff::with_role("mmg");
    let doctor = &gps[n % gps.len()];
    let actor = doctor.actor();
    // The team is what ties the doctor to a patient who comes from elsewhere.
    world.put(&[staff::care_team(&guest.id, doctor)]).await?;
    let orchestrator = world.context.context.peers.orchestrator(&actor);
    let start = StartInstance {
        definition: "diabete-tipo-2".into(),
        patient: Some(guest.id.clone()),
        ..StartInstance::default()
    };
    orchestrator.start(&start).await.map_err(|e| e.to_string())?;
    (world.context.settle)().await?;
    let query = component::TaskQuery::of_patient(&guest.id);
    let tasks = orchestrator.tasks(&query).await.map_err(|e| e.to_string())?;
    let Some(task) = tasks.items.into_iter().find(|t| t.element == "arruolamento") else {
        return Ok(());
    };
    let age = (world.day(world.now()) - guest.birth).get_days() / 365;
    let values = json!({"eta": age, "diagnosiCodice": "nessuna", "sintomi": false, "hba1c": guest.hba1c, "dataHba1c": guest.measured});
    let Value::Object(values) = values else { return Ok(()) };
    let subject = format!("Patient/{}", guest.id);
    let about = About {
        subject: &subject,
        author: &actor.subject,
        authored: world.now(),
        task: &task.id,
    };
    let by = Writing {
        today: world.day(world.now()),
        born: guest.birth,
        about,
    };
    let mut result = written("diabete-arruolamento", &values, &by)?;
    // The value is in the hub already: the form is kept, no second Observation is made of it.
    result.resources.truncate(1);
    orchestrator
        .complete(&task.id, &result)
        .await
        .map_err(|e| e.to_string())
}
