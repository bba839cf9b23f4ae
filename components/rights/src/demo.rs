//! The demo region's part: the office and the officer, consents of some people, requests in every state, a hidden fact.
//! Everything has an id of its own: built again, it is the same.

use crate::requests::{self, Request};
use access::Actor;
use component::{DemoAccount, DemoContext, PeerError, TaskQuery};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use jiff::SignedDuration;
use orchestrator::api::CompleteTask;
use serde_json::{Map, Value, json};

/// The citizen whom the demo's guests enter as.
const PERSON: &str = "paz-001";
/// The office's member.
const OFFICE: (&str, &str) = ("ufficio-conte", "Dott.ssa Laura Conte");
/// Who works at a desk.
const DESK: (&str, &str) = ("sportello-vitale", "Antonio Vitale");
/// Organization of both.
const AUTHORITY: &str = "asl-partenope";

/// The office that answers, and the desk.
pub const ACCOUNTS: &[DemoAccount] = &[
    DemoAccount {
        username: "ufficio.conte",
        name: OFFICE.1,
        subject: "Practitioner/ufficio-conte",
        role: "ufficio-privacy",
        organization: AUTHORITY,
    },
    DemoAccount {
        username: "sportello.vitale",
        name: DESK.1,
        subject: "Practitioner/sportello-vitale",
        role: "operatore-cup",
        organization: AUTHORITY,
    },
];

/// Builds it.
pub(crate) fn demo(context: DemoContext) -> BoxFuture<'static, Result<(), String>> {
    async move { build(&context).await }.boxed()
}

async fn build(demo: &DemoContext) -> Result<(), String> {
    let told = |error: PeerError| error.to_string();
    let fhir = demo.context.peers.fhir(&Actor::system());
    for (id, name) in [OFFICE, DESK] {
        let person = json!({"resourceType": "Practitioner", "id": id, "active": true, "name": [{"text": name}]});
        fhir.update(&person).await.map_err(told)?;
    }
    if fhir.find("Patient", PERSON).await.map_err(told)?.is_none() {
        return Ok(());
    }
    let now = demo.context.clock.now();
    let days = |days: i64| now - SignedDuration::from_hours(24 * days);
    demo.clock.set(days(40));
    consent(demo, "uso-secondario", "deny").await.map_err(told)?;
    hide(demo).await.map_err(told)?;
    for (id, kind, ago, fields) in [
        (
            "demo-rettifica",
            "rettifica",
            20,
            &[
                ("campo", "telefono"),
                ("valore", "081 5559876"),
                ("parole", "Ho cambiato numero."),
            ][..],
        ),
        (
            "demo-opposizione",
            "opposizione",
            12,
            &[("parole", "Non voglio comparire nelle statistiche.")][..],
        ),
        (
            "demo-cancellazione",
            "cancellazione",
            2,
            &[("parole", "Vorrei cancellare il mio diario.")][..],
        ),
    ] {
        if Request::find(&fhir, requests::PROCESS, id)
            .await
            .map_err(told)?
            .is_some()
        {
            continue;
        }
        demo.clock.set(days(ago));
        let author = format!("Patient/{PERSON}");
        let mut request = Request::new(id, PERSON, &author, kind, days(ago));
        fields.iter().for_each(|(name, value)| request.set(name, value));
        requests::start(&demo.context, &mut request, days(ago))
            .await
            .map_err(told)?;
        (demo.settle)().await?;
    }
    demo.clock.set(days(15));
    grant(demo, "demo-rettifica").await?;
    demo.clock.set(now);
    (demo.settle)().await
}

/// The office grants a request that is open.
async fn grant(demo: &DemoContext, id: &str) -> Result<(), String> {
    let told = |error: PeerError| error.to_string();
    let fhir = demo.context.peers.fhir(&Actor::system());
    let Some(mut request) = Request::find(&fhir, requests::PROCESS, id)
        .await
        .map_err(told)?
        .filter(Request::is_open)
    else {
        return Ok(());
    };
    request.set("esito", "accolta");
    request.set(
        "risposta",
        "Abbiamo controllato il documento che ci hai mostrato e corretto il numero.",
    );
    request.set("deciso-da", &format!("Practitioner/{}", OFFICE.0));
    request.set("deciso-da-nome", OFFICE.1);
    request.save(&fhir).await.map_err(told)?;
    let orchestrator = demo.context.peers.orchestrator(&Actor::system());
    let query = component::InstanceQuery {
        business_key: Some(id.to_owned()),
        ..Default::default()
    };
    for instance in orchestrator.instances(&query).await.map_err(told)?.items {
        let query = TaskQuery {
            instance: Some(instance.id),
            state: Some("open".into()),
            ..TaskQuery::default()
        };
        for task in orchestrator.tasks(&query).await.map_err(told)?.items {
            let variables = Map::from_iter([("esito".to_owned(), json!("accolta"))]);
            let result = CompleteTask {
                variables,
                ..CompleteTask::default()
            };
            orchestrator.complete(&task.id, &result).await.map_err(told)?;
        }
    }
    (demo.settle)().await
}

async fn consent(demo: &DemoContext, kind: &str, answer: &str) -> Result<(), PeerError> {
    let said = crate::consents::Said {
        patient: PERSON,
        kind,
        permit: Some(answer == "permit"),
        by: &format!("Patient/{PERSON}"),
    };
    crate::consents::say(&demo.context, &said).await
}

/// The oldest measurement of the person is hidden.
async fn hide(demo: &DemoContext) -> Result<(), PeerError> {
    let fhir = demo.context.peers.fhir(&Actor::system());
    let asked = [("patient", PERSON), ("_sort", "date"), ("_count", "1")];
    for fact in fhir.search("Observation", &asked).await? {
        let hidden: Value = crate::hiding::hidden(fact);
        fhir.update(&hidden).await?;
    }
    Ok(())
}
