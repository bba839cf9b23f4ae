use crate::system::{System, anna, berta, doctor};
use access::Actor;
use http::StatusCode;

#[tokio::test]
async fn what_a_citizen_hides_is_as_if_it_had_never_been() {
    let system = System::open().await;
    let (anna, doctor) = (anna(), doctor());
    let ask = system
        .get(&anna, "/diritti/nascondi/conferma?dato=Observation/peso")
        .await;
    assert!(
        ask.text.contains("Nessuno saprà che hai nascosto qualcosa"),
        "{}",
        ask.text
    );
    let done = system
        .post(&anna, "/diritti/nascondi", &[("dato", "Observation/peso")])
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    assert!(!system.reads(&doctor, "Observation", "peso").await);
    assert_eq!(
        system.sees(&doctor, "Observation", &[("patient", "anna")]).await,
        ["hba1c"]
    );
    let count = system
        .context
        .peers
        .fhir(&doctor)
        .count("Observation", &[("patient", "anna")])
        .await
        .unwrap();
    assert_eq!(count, 1, "not even counted");
    // The version from before it was hidden does not tell either.
    let doctor_fhir = system.context.peers.fhir(&doctor);
    let history = doctor_fhir.read("Observation", "peso").await.unwrap_err();
    let never = doctor_fhir.read("Observation", "nessuno").await.unwrap_err();
    assert_eq!(history.status(), never.status());
    for path in ["/fhir/Observation/peso/_history/1", "/fhir/Observation/peso/_history"] {
        let request = http::Request::builder().uri(path).body(bytes::Bytes::new()).unwrap();
        let reply = system.context.peers.call("hub", &doctor, request).await.unwrap();
        assert_eq!(reply.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let list = system.get(&anna, "/diritti/nascondi?tipo=Observation").await.text;
    assert!(list.contains("value=\"Observation/peso\""), "{list}");
    assert!(system.reads(&anna, "Observation", "peso").await);

    system
        .post(&anna, "/diritti/nascondi/togli", &[("dato", "Observation/peso")])
        .await;
    assert!(system.reads(&doctor, "Observation", "peso").await);
}

#[tokio::test]
async fn a_visit_is_hidden_with_what_was_recorded_in_it() {
    let system = System::open().await;
    system
        .post(&anna(), "/diritti/nascondi", &[("dato", "Encounter/visita")])
        .await;
    assert!(
        !system.reads(&doctor(), "Encounter", "visita").await && !system.reads(&doctor(), "Observation", "hba1c").await
    );
    assert!(system.reads(&doctor(), "Observation", "peso").await);
    system
        .post(&anna(), "/diritti/nascondi/togli", &[("dato", "Encounter/visita")])
        .await;
    assert!(system.reads(&doctor(), "Observation", "hba1c").await);
}

#[tokio::test]
async fn nobody_hides_what_is_not_theirs() {
    let system = System::open().await;
    for (who, fact, status) in [
        (anna(), "Observation/altro", StatusCode::NOT_FOUND),
        (berta(), "Observation/peso", StatusCode::NOT_FOUND),
        (anna(), "Patient/anna", StatusCode::NOT_FOUND),
        (anna(), "Observation/../x", StatusCode::NOT_FOUND),
        (doctor(), "Observation/peso", StatusCode::FORBIDDEN),
    ] {
        let reply = system.post(&who, "/diritti/nascondi", &[("dato", fact)]).await;
        assert_eq!(reply.status, status, "{fact}");
    }
    let acting = Actor {
        acts_for: Some("Patient/anna".into()),
        ..berta()
    };
    let reply = system
        .post(&acting, "/diritti/nascondi", &[("dato", "Observation/peso")])
        .await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN, "only the person");
}
