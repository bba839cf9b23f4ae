//! The demo region's part of the registry.

use crate::person::{ASSISTANCE, KINDS};
use access::Actor;
use component::{DemoAccount, DemoContext, PeerError};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};

/// Who works at the registry's desk.
const DESK: (&str, &str) = ("anagrafe-marino", "Rosa Marino");

/// Accounts of the demo.
pub const ACCOUNTS: &[DemoAccount] = &[DemoAccount {
    username: "anagrafe.marino",
    name: DESK.1,
    subject: "Practitioner/anagrafe-marino",
    role: "operatore-anagrafe",
    organization: AUTHORITY,
}];

/// Builds it.
pub(crate) fn demo(context: DemoContext) -> BoxFuture<'static, Result<(), String>> {
    async move { build(&context).await.map_err(|error| error.to_string()) }.boxed()
}

/// People of the demo who get an assistance, at most.
const PEOPLE: usize = 1_000;
/// Written in one commit.
const BATCH: usize = 100;
/// The authority that assists whoever names none.
const AUTHORITY: &str = "asl-partenope";

async fn build(demo: &DemoContext) -> Result<(), PeerError> {
    let fhir = demo.context.peers.fhir(&Actor::system());
    let (id, name) = DESK;
    let person = json!({"resourceType": "Practitioner", "id": id, "active": true, "name": [{"text": name}]});
    fhir.update(&person).await?;
    let people = fhir.search_all("Patient", &[("_count", "200")], PEOPLE).await?;
    let coverages: Vec<Value> = people
        .iter()
        .filter(|one| one["generalPractitioner"].is_array())
        .map(assistance)
        .collect();
    for batch in coverages.chunks(BATCH) {
        fhir.write_all(batch).await?;
    }
    crate::matching::demo::build(&demo.context, &fhir).await?;
    crate::events::demo::build(demo).await
}

/// Everybody with a doctor is assisted since birth, until death.
fn assistance(patient: &Value) -> Value {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let authority = patient["managingOrganization"]["reference"].as_str().map(str::to_owned);
    let authority = authority.unwrap_or_else(|| format!("Organization/{AUTHORITY}"));
    let mut period = json!({"start": patient["birthDate"]});
    let death = patient["deceasedDateTime"].as_str().and_then(|at| at.get(..10));
    if let Some(day) = death {
        period["end"] = json!(day);
    }
    let (code, display) = KINDS[0];
    let mut payor = json!({"reference": authority});
    if payor["reference"] == format!("Organization/{AUTHORITY}") {
        payor["display"] = json!("ASL Partenope");
    }
    json!({"resourceType": "Coverage", "id": format!("assistenza-{}", text(&patient["id"])),
        "status": if death.is_some() { "cancelled" } else { "active" },
        "type": {"coding": [{"system": ASSISTANCE, "code": code, "display": display}]},
        "beneficiary": {"reference": format!("Patient/{}", text(&patient["id"]))},
        "payor": [payor], "period": period})
}
