//! The demo region's part: the ministry's structures, and what is invented around them so that there is something to see: structures of
//! the territory, hours, services, beds. What is invented says so (`meta.tag` `dimostrativo`).

mod invented;

use crate::change::{self, Request};
use access::Actor;
use component::{DemoAccount, DemoContext};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::ToSpan as _;
use serde_json::json;

/// Who manages a hospital, and of the office that approves.
pub const ACCOUNTS: &[DemoAccount] = &[
    DemoAccount {
        username: "referente.russo",
        name: "Ing. Paola Russo",
        subject: "Practitioner/referente-russo",
        role: "referente-struttura",
        organization: "hsp-150901",
    },
    DemoAccount {
        username: "strutture.greco",
        name: "Marco Greco",
        subject: "Practitioner/strutture-greco",
        role: "operatore-anagrafe",
        organization: "regione-150",
    },
];

/// Builds it.
pub(crate) fn demo(context: DemoContext) -> BoxFuture<'static, Result<(), String>> {
    async move { build(&context).await }.boxed()
}

/// A change that waits for the office.
async fn request(demo: &DemoContext) -> Result<(), String> {
    const ID: &str = "demo-variazione-posti";
    let fhir = demo.context.peers.fhir(&Actor::system());
    let known = Request::find(&fhir, ID).await.map_err(|error| error.to_string())?;
    if known.is_some() {
        return Ok(());
    }
    let now = demo.context.clock.now();
    let manager = ACCOUNTS[0];
    let mut request = Request::new(ID, manager.organization, "posti-letto", manager.subject, now);
    let day = web::local_date(now).saturating_add(10.days()).to_string();
    for (name, value) in [
        ("chiesta-da-nome", manager.name),
        ("motivo", "Apre il nuovo reparto di cardiologia."),
        ("decorrenza", &day),
        ("valore-disciplina", "08"),
        ("valore-nome-disciplina", "Cardiologia"),
        ("valore-numero", "40"),
    ] {
        request.set(name, value);
    }
    let started = change::start(&demo.context, &request, None, now).await;
    started.map_err(|error| error.to_string())?;
    (demo.settle)().await
}

async fn build(demo: &DemoContext) -> Result<(), String> {
    let fhir = demo.context.peers.fhir(&Actor::system());
    (demo.progress)(0, 2, "strutture");
    for account in ACCOUNTS {
        let id = account.subject.trim_start_matches("Practitioner/");
        let person =
            json!({"resourceType": "Practitioner", "id": id, "active": true, "name": [{"text": account.name}]});
        fhir.update(&person).await.map_err(|error| error.to_string())?;
    }
    // One list: what the ministry's structures have in the demo is written with them, not after them as a second version.
    let all = invented::resources(web::local_date(demo.context.clock.now()));
    let written = crate::seed::write(&fhir, &all).await;
    written.map_err(|error| format!("structures: {error}"))?;
    request(demo).await?;
    (demo.progress)(2, 2, "strutture");
    Ok(())
}
