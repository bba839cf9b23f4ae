//! The watch over the log of accesses.

use crate::emergency::opened;
use crate::world::{CODE, World, found};
use access::{AccessGrant, Actor, Ask, GrantKind, Grants, Identity as _};
use component::RemoteIdentity;
use jiff::SignedDuration;

async fn findings(world: &World) -> Vec<(String, String)> {
    let officer = world.fhir(&Actor::system());
    let mut found: Vec<_> = found(&officer, "DetectedIssue", &[])
        .await
        .iter()
        .map(|issue| {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            (
                text(&issue["code"]["coding"][0]["code"]),
                text(&issue["implicated"][0]["reference"]),
            )
        })
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn relatives_and_exposed_people_are_found_once_and_by_the_office_only() {
    let world = World::new().await;
    let officer = world.browser("dpo").await;
    officer.post("/ufficio-privacy/persone-esposte", &[("cf", CODE)]).await;
    // The emergency doctor has the family name and the address of the stranger.
    opened(&world).await;
    assert!(world.sees("er", "medico", "c-stranger").await);
    world.settle().await;
    world.minutes(10);
    let done = privacy::watch(&world.context).await.unwrap();
    assert!(done.entries > 0);
    let expected = vec![
        ("familiari".to_owned(), "Practitioner/er".to_owned()),
        ("persona-esposta".to_owned(), "Practitioner/er".to_owned()),
    ];
    assert_eq!(findings(&world).await, expected);
    // The same day once more: nothing new; and the log is not evaluated twice.
    assert!(world.sees("er", "medico", "c-stranger").await);
    world.settle().await;
    world.minutes(10);
    privacy::watch(&world.context).await.unwrap();
    privacy::watch(&world.context).await.unwrap();
    assert_eq!(findings(&world).await, expected);
    for (id, role) in [
        ("gp", "mmg"),
        ("dpo", "dpo"),
        ("root", "admin"),
        ("er", "medico"),
        ("risk", "risk-manager"),
    ] {
        let seen = found(&world.fhir(&World::actor(id, role)), "DetectedIssue", &[]).await;
        assert_eq!(seen.len(), 0, "{role}");
    }
    let list = officer.get("/ufficio-privacy/anomalie").await;
    assert!(
        list.text.contains("Persona esposta") && list.text.contains("stesso cognome"),
        "{}",
        list.text
    );
}

#[tokio::test]
async fn a_finding_is_seen_and_closed_with_a_note() {
    let world = World::new().await;
    opened(&world).await;
    assert!(world.sees("er", "medico", "c-stranger").await);
    world.settle().await;
    world.minutes(10);
    let officer = world.browser("dpo").await;
    officer.post("/ufficio-privacy/anomalie/valuta", &[]).await;
    let list = officer.get("/ufficio-privacy/anomalie").await;
    let path = list.text.split("href=\"").find_map(|rest| {
        let path = rest.split('"').next()?;
        path.starts_with("/ufficio-privacy/anomalie/anomalia-")
            .then(|| path.to_owned())
    });
    let path = path.expect("a finding");
    assert!(
        officer.get(&path).await.text.contains("/fhir/"),
        "the entries behind it"
    );
    officer.post(&path, &[("stato", "chiusa")]).await;
    assert!(
        officer
            .get("/ufficio-privacy/anomalie?stato=chiusa")
            .await
            .text
            .contains("Nessuna segnalazione"),
        "not without a note"
    );
    officer
        .post(&path, &[("stato", "chiusa"), ("nota", "È la sua turnista.")])
        .await;
    let page = officer.get(&path).await;
    assert!(page.text.contains("È la sua turnista."));
    assert!(
        officer
            .get("/ufficio-privacy/anomalie?stato=chiusa")
            .await
            .text
            .contains("anomalia-")
    );
}

#[tokio::test]
async fn what_was_opened_and_not_told_is_told_later_and_once() {
    let world = World::new().await;
    let now = world.context.clock.now();
    // As if the program had stopped between the opening and the telling.
    let grant = AccessGrant {
        id: AccessGrant::new_id(now, "x"),
        who: "Practitioner/er".into(),
        name: "Verdi".into(),
        patient: "stranger".into(),
        patient_name: "Verdi Anna".into(),
        kind: GrantKind::Emergency,
        reason: "Persona incosciente.".into(),
        from: now,
        until: now + SignedDuration::from_hours(1),
        review_due: Some(now + SignedDuration::from_hours(100)),
        ..AccessGrant::default()
    };
    let ask = Ask::Grants(Grants::Open(Box::new(grant)));
    RemoteIdentity::new(world.context.peers.clone()).ask(ask).await.unwrap();
    for _ in 0..3 {
        privacy::watch(&world.context).await.unwrap();
        world.settle().await;
    }
    let notices = found(
        &world.fhir(&Actor::system()),
        "Communication",
        &[("patient", "stranger")],
    )
    .await;
    assert_eq!(notices.len(), 1);
    let officer = world.fhir(&World::actor("dpo", "dpo"));
    assert_eq!(found(&officer, "Task", &[("status", "ready")]).await.len(), 1);
}
