//! The demo region's part: contracts, registrations and dates of the staff that the other components made, an expiry, an office.

use crate::alerts;
use crate::assignment::Assignment;
use crate::person::{Person, Title};
use crate::registry;
use crate::systems::{EXTENSION, PLACE};
use access::Actor;
use codicefiscale::{CodiceFiscale, Sex};
use component::{DemoAccount, DemoContext, Fhir, PeerError};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::ToSpan as _;
use serde_json::json;

/// Who keeps the registry.
const OFFICE: (&str, &str, &str) = ("personale-deluca", "Rita", "De Luca");

/// Accounts of the demo.
pub const ACCOUNTS: &[DemoAccount] = &[DemoAccount {
    username: "personale.deluca",
    name: "Rita De Luca",
    subject: "Practitioner/personale-deluca",
    role: "ufficio-personale",
    organization: "asl-partenope",
}];

/// Roles of the demo, what their people are in the registry: contract, qualification, discipline, register, weekly hours.
const WORK: &[(&str, &str, &str, &str, &str, u32)] = &[
    (
        "mmg",
        "convenzionato",
        "Medico di medicina generale a rapporto di scelta",
        "",
        "medico-chirurgo",
        0,
    ),
    (
        "diabetologo",
        "dipendente",
        "Dirigente medico",
        "19",
        "medico-chirurgo",
        38,
    ),
    (
        "infermiere",
        "dipendente",
        "Professionista della salute: infermiere",
        "",
        "infermiere",
        36,
    ),
    (
        "case-manager",
        "dipendente",
        "Infermiere con funzione di coordinamento",
        "",
        "infermiere",
        36,
    ),
];

/// Builds it.
pub(crate) fn demo(context: DemoContext) -> BoxFuture<'static, Result<(), String>> {
    async move { build(&context).await.map_err(|error| error.to_string()) }.boxed()
}

async fn build(demo: &DemoContext) -> Result<(), PeerError> {
    let fhir = demo.context.peers.fhir(&Actor::system());
    let (id, given, family) = OFFICE;
    let office = json!({"resourceType": "Practitioner", "id": id, "active": true, "gender": "female",
        "name": [{"use": "official", "given": [given], "family": family, "text": format!("{given} {family}")}]});
    fhir.update(&office).await?;
    let area = places(&fhir).await?;
    let asked = [("organization:missing", "false"), ("_count", "200")];
    let found = fhir.search("PractitionerRole", &asked).await?;
    for (number, one) in found.into_iter().filter_map(Assignment::of).enumerate() {
        if let Some(work) = WORK.iter().find(|work| work.0 == one.role) {
            fill(demo, &fhir, one, work, (number, &area)).await?;
        }
    }
    (demo.settle)().await.map_err(PeerError::Malformed)
}

/// What the registry knows of one member of staff.
async fn fill(
    demo: &DemoContext,
    fhir: &Fhir,
    mut one: Assignment,
    work: &(&str, &str, &str, &str, &str, u32),
    (number, area): (usize, &str),
) -> Result<(), PeerError> {
    let Some(mut person) = registry::person(fhir, &one.person).await? else {
        return Ok(());
    };
    let (_, contract, qualification, discipline, register, hours) = *work;
    identity(&mut person, number);
    let today = web::local_date(demo.context.clock.now());
    // One is about to end, one has ended: the office has something to look at.
    let end = match one.person.as_str() {
        "infermiera-greco" => (today + 20.days()).to_string(),
        "infermiere-amato" => (today - 10.days()).to_string(),
        _ => String::new(),
    };
    let title = Title {
        code: register.into(),
        number: format!("{}", 10_400 + 37 * number),
        issuer: if register == "infermiere" {
            "OPI Napoli".into()
        } else {
            "OMCeO Napoli".into()
        },
        start: format!("{}-03-01", 1996 + number),
        end,
        text: String::new(),
    };
    person.titles = vec![title.clone()];
    let mut resource = person.resource();
    resource["meta"]["versionId"] = json!(person.version);
    fhir.update_if_unchanged(&resource).await?;
    (one.contract, one.qualification, one.discipline) = (contract.into(), qualification.into(), discipline.into());
    (one.main, one.person_name) = (true, person.shown.clone());
    one.hours = Some(hours).filter(|hours| *hours > 0);
    one.start = format!("{}-01-01", 2012 + number % 10);
    if hours == 0 {
        one.times = "lun-ven 9:00-12:00, mar e gio 16:00-18:00".into();
        // Where another part of the demo gave an area, or a ceiling, that is theirs.
        if one.areas.is_empty() {
            one.areas = vec![area.to_owned()];
        }
        // One of them works less, by an own ceiling.
        one.ceiling = one.ceiling.or((number % 4 == 3).then_some(1000));
        if one.sites.is_empty() {
            one.sites = vec![surgery(fhir, &one, number).await?];
        }
    }
    learned(demo, fhir, &one.person, number).await?;
    registry::write(fhir, &one)
        .await
        .map_err(|error| PeerError::Malformed(error.to_string()))?;
    alerts::watch(&demo.context, &person.id, &title).await
}

/// The area of the demo's doctors; how many live there is invented.
async fn places(fhir: &Fhir) -> Result<String, PeerError> {
    let extension = |name: &str, member: &str, value: serde_json::Value| {
        let mut one = json!({"url": format!("{EXTENSION}{name}")});
        one[member] = value;
        one
    };
    let id = "ambito-partenope-1";
    let area = json!({"resourceType": "Location", "id": id, "status": "active", "name": "Ambito Partenope 1",
        "type": [{"coding": [{"system": PLACE, "code": "ambito"}]}],
        "extension": [extension("comune", "valueCode", json!("063049")), extension("assistibili-mmg", "valueInteger", json!(5600)),
            extension("assistibili-pls", "valueInteger", json!(1150))],
        "managingOrganization": {"reference": "Organization/asl-partenope"}});
    fhir.update(&area).await?;
    Ok(id.to_owned())
}

/// A surgery in Naples.
async fn surgery(fhir: &Fhir, one: &Assignment, number: usize) -> Result<String, PeerError> {
    const STREETS: [(&str, f64, f64); 4] = [
        ("Via Chiaia 41", 40.8362, 14.2440),
        ("Via Foria 118", 40.8585, 14.2597),
        ("Via Luca Giordano 77", 40.8460, 14.2290),
        ("Corso Garibaldi 203", 40.8530, 14.2680),
    ];
    let (line, latitude, longitude) = STREETS[number % STREETS.len()];
    let id = format!("ambulatorio-{}", one.person);
    let place = json!({"resourceType": "Location", "id": id, "status": "active", "name": format!("Ambulatorio {}", one.person_name),
        "address": {"line": [line], "city": "Napoli", "district": "NA", "country": "IT"},
        "position": {"latitude": latitude, "longitude": longitude}});
    fhir.update(&place).await?;
    Ok(id)
}

/// Events with credits.
async fn learned(demo: &DemoContext, fhir: &Fhir, person: &str, number: usize) -> Result<(), PeerError> {
    const EVENTS: [(&str, &str, u32); 3] = [
        ("2026-02-14", "Il piede diabetico: prevenzione e cura", 124),
        ("2026-05-09", "Cure di prossimità e DM 77/2022", 90),
        ("2026-09-26", "Sicurezza del paziente e segnalazione degli eventi", 205),
    ];
    for (place, event) in EVENTS.into_iter().enumerate().take(1 + number % 3) {
        let id = format!("ecm-{person}-{place}");
        crate::credits::demo(fhir, person, &id, event, demo.context.clock.now()).await?;
    }
    Ok(())
}

/// A date of birth and the codice fiscale that goes with it, for somebody who has none.
fn identity(person: &mut Person, number: usize) {
    if person.family.is_empty() || !person.fiscal.is_empty() {
        return;
    }
    let day = jiff::civil::date(1964, 1, 1) + i64::try_from(number * 397).unwrap_or_default().days();
    let sex = if person.gender == "female" {
        Sex::Female
    } else {
        Sex::Male
    };
    // Napoli.
    if let Ok(code) = CodiceFiscale::compute(&person.family, &person.given, day, sex, "F839") {
        person.fiscal = code.as_str().to_owned();
        person.born = day.to_string();
    }
    person.number = format!("{}", 30_000 + number);
    let mail: String = format!("{}.{}", person.given, person.family)
        .to_lowercase()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || *c == '.')
        .collect();
    person.mail = format!("{mail}@asl.example");
}
