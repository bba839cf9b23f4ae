//! The demo region's part of the choice of doctors.

use super::codes::{AREA, MUNICIPALITY, ROLE};
use super::person::Person;
use super::record::Record;
use super::request::{self, Asked, CODE};
use access::Actor;
use component::{DemoContext, PeerError};
use serde_json::{Value, json};

/// Whose request waits for the doctor, who works elsewhere.
const ASKS: &str = "paz-002";
/// The doctor.
const ELSEWHERE: (&str, &str) = ("mmg-sabia", "Dott. Pietro Sabia");

/// Builds it.
pub(crate) async fn build(demo: &DemoContext) -> Result<(), PeerError> {
    let fhir = demo.context.peers.fhir(&Actor::system());
    for value in doctors() {
        fhir.update(&value).await?;
    }
    let asks = Person::load(&fhir, ASKS).await?;
    let known = Record::find(&fhir, CODE, "demo-scelta-deroga").await?;
    let (Some(person), None) = (asks, known) else {
        return Ok(());
    };
    let by = (format!("Patient/{ASKS}"), person.name());
    let asked = Asked {
        what: "scelta",
        patient: ASKS,
        doctor: ELSEWHERE.0,
        doctor_name: ELSEWHERE.1,
        derogation: "Lavoro a Salerno tutta la settimana.",
        channel: "cittadino",
        by: (&by.0, &by.1),
        ..Asked::default()
    };
    let record = request::new("demo-scelta-deroga", &asked, demo.context.clock.now());
    request::start(&demo.context, &record, false).await
}

fn doctors() -> Vec<Value> {
    let mut all = vec![json!({
        "resourceType": "Location", "id": "ambito-salerno-demo", "status": "active", "name": "Ambito Salerno (dimostrativo)",
        "type": [{"coding": [{"system": "https://sinfonia.it/fhir/CodeSystem/tipo-luogo", "code": "ambito"}]}],
        "extension": [{"url": MUNICIPALITY, "valueCode": "065116"}],
    })];
    for (id, name, kind, place, at, area) in [
        (
            "pls-romano",
            "Dott.ssa Chiara Romano",
            "pls",
            ("Via Chiaia 40", "Napoli"),
            (40.842, 14.25),
            None,
        ),
        (
            ELSEWHERE.0,
            ELSEWHERE.1,
            "mmg",
            ("Corso Garibaldi 9", "Salerno"),
            (40.678, 14.765),
            Some("ambito-salerno-demo"),
        ),
    ] {
        let text = if kind == "pls" {
            "Pediatra di libera scelta"
        } else {
            "Medico di medicina generale"
        };
        let extension =
            area.map(|area| json!([{"url": AREA, "valueReference": {"reference": format!("Location/{area}")}}]));
        let mut role = json!({
            "resourceType": "PractitionerRole", "id": id, "active": true,
            "practitioner": {"reference": format!("Practitioner/{id}"), "display": name},
            "organization": {"reference": "Organization/asl-partenope"},
            "location": [{"reference": format!("Location/ambulatorio-{id}")}],
            "code": [{"coding": [{"system": ROLE, "code": kind}], "text": text}],
        });
        if let Some(extension) = extension {
            role["extension"] = extension;
        }
        let words: Vec<&str> = name.split(' ').collect();
        all.push(json!({
            "resourceType": "Practitioner", "id": id, "active": true,
            "name": [{"use": "official", "text": name, "prefix": [words[0]], "given": [words[1]], "family": words[2]}],
        }));
        all.push(json!({
            "resourceType": "Location", "id": format!("ambulatorio-{id}"), "status": "active", "name": format!("Ambulatorio {name}"),
            "position": {"latitude": at.0, "longitude": at.1}, "address": {"line": [place.0], "city": place.1},
            "telecom": [{"system": "phone", "value": "081 5550140"}],
        }));
        all.push(role);
    }
    all
}
