use crate::system::{System, anna, berta, doctor, specialist};
use component::TaskQuery;
use http::StatusCode;

/// Reads as somebody, and lets the log be written.
async fn look(system: &System, who: &access::Actor, rtype: &str, id: &str) {
    let _ = system.context.peers.fhir(who).find(rtype, id).await;
    system.guard.audit().flush().await;
}

#[tokio::test]
async fn a_citizen_reads_in_sentences_who_saw_what_and_why() {
    let system = System::open().await;
    for _ in 0..3 {
        look(&system, &doctor(), "Observation", "hba1c").await;
    }
    look(&system, &specialist(), "Encounter", "visita").await;
    look(&system, &specialist(), "Observation", "altro").await;
    let page = system.get(&anna(), "/diritti/accessi").await;
    assert_eq!(page.status, StatusCode::OK);
    let text = &page.text;
    assert!(text.contains("domenica 22 novembre 2026"), "{text}");
    assert!(
        text.contains(
            "Alle 10:00 la Dott.ssa Silvia Neri (il tuo medico di famiglia) ha letto i tuoi esami e le tue misure."
        ),
        "{text}"
    );
    assert!(text.contains("(3 operazioni)"), "{text}");
    assert!(
        text.contains(
            "il Dott. Ugo Bianchi (diabetologo, Centro Diabetologico) ha letto le tue visite e i tuoi ricoveri."
        ),
        "{text}"
    );
    assert!(
        text.contains("Chi ha in cura la persona"),
        "the policy's own sentence: {text}"
    );
    assert!(
        !text.contains("berta") && !text.contains("Alle 10:00 tu "),
        "neither others nor oneself: {text}"
    );

    let only = system
        .get(&anna(), "/diritti/accessi?chi=Practitioner%2Fdoc")
        .await
        .text;
    assert!(
        only.contains("Silvia Neri") && !only.contains("ha letto le tue visite"),
        "{only}"
    );
    let before = system.get(&anna(), "/diritti/accessi?mese=2026-10").await.text;
    assert!(before.contains("In questo mese nessun altro"), "{before}");
    let all = system.get(&anna(), "/diritti/accessi?tutti=1").await.text;
    assert!(all.contains("Alle 10:00 tu ha"), "{all}");
}

#[tokio::test]
async fn an_access_that_is_not_recognised_reaches_the_officer_once() {
    let system = System::open().await;
    look(&system, &doctor(), "Observation", "hba1c").await;
    let page = system.get(&anna(), "/diritti/accessi").await.text;
    let id = page
        .split("segnala?accesso=")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap()
        .to_owned();
    let form = [("accesso", id.as_str()), ("parole", "Non la conosco")];
    assert_eq!(
        system.post(&berta(), "/diritti/accessi/segnala", &form).await.status,
        StatusCode::NOT_FOUND
    );
    for _ in 0..2 {
        let reply = system.post(&anna(), "/diritti/accessi/segnala", &form).await;
        assert_eq!(reply.status, StatusCode::SEE_OTHER);
    }
    system.settle().await;
    let query = TaskQuery {
        role: Some("dpo".into()),
        ..TaskQuery::default()
    };
    let officer = system.context.peers.orchestrator(&access::Actor::system());
    let tasks = officer.tasks(&query).await.unwrap().items;
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].patient, None, "the list of work does not say who complains");
    // Neither the doctor it is about nor a colleague learns of it.
    assert_eq!(
        system.sees(&doctor(), "Basic", &[("patient", "anna")]).await,
        Vec::<String>::new()
    );
    assert_eq!(system.sees(&anna(), "Basic", &[("patient", "anna")]).await.len(), 1);
}
