//! The demo region's part: contracts, registrations and dates of the staff that the other components made, an expiry, an office.

use crate::alerts;
use crate::assignment::Assignment;
use crate::person::{Person, Title};
use crate::registry;
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
    let asked = [("organization:missing", "false"), ("_count", "200")];
    let found = fhir.search("PractitionerRole", &asked).await?;
    for (number, one) in found.into_iter().filter_map(Assignment::of).enumerate() {
        if let Some(work) = WORK.iter().find(|work| work.0 == one.role) {
            fill(demo, &fhir, one, work, number).await?;
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
    number: usize,
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
    }
    registry::write(fhir, &one)
        .await
        .map_err(|error| PeerError::Malformed(error.to_string()))?;
    alerts::watch(&demo.context, &person.id, &title).await
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
