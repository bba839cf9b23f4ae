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
    let alone = [("dato", "Observation/hba1c")];
    let refused = system.post(&anna(), "/diritti/nascondi/togli", &alone).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "with its visit only");
    system
        .post(&anna(), "/diritti/nascondi/togli", &[("dato", "Encounter/visita")])
        .await;
    assert!(system.reads(&doctor(), "Observation", "hba1c").await);
}

#[tokio::test]
async fn what_is_recorded_later_in_a_hidden_visit_is_hidden_with_it_and_so_is_the_file() {
    let system = System::open().await;
    let doctor = doctor();
    let of_visit = |value: serde_json::Value| {
        let mut value = value;
        value["encounter"] = serde_json::json!({"reference": "Encounter/visita"});
        value
    };
    let about = serde_json::json!({"reference": "Patient/anna"});
    let dose = serde_json::json!({"resourceType": "Immunization", "id": "dose", "status": "completed", "patient": about,
        "vaccineCode": {"text": "x"}, "occurrenceDateTime": "2026-05-05"});
    let file = serde_json::json!({"resourceType": "Binary", "id": "file", "contentType": "text/plain", "data": "YQ==",
        "securityContext": {"reference": "Patient/anna"}});
    let letter = serde_json::json!({"resourceType": "DocumentReference", "id": "lettera", "status": "current",
        "subject": about, "content": [{"attachment": {"url": "Binary/file"}}],
        "context": {"encounter": [{"reference": "Encounter/visita"}]}});
    for value in [of_visit(dose), file, letter] {
        system.put(&value).await;
    }
    assert!(system.reads(&doctor, "Binary", "file").await);
    system
        .post(&anna(), "/diritti/nascondi", &[("dato", "Encounter/visita")])
        .await;
    let flag = serde_json::json!({"resourceType": "Flag", "status": "active", "subject": about, "code": {"text": "y"}});
    let mut flag = of_visit(flag);
    flag["id"] = "dopo".into();
    system.put(&flag).await;
    let late = serde_json::json!({"resourceType": "Bundle", "type": "transaction", "entry": [{"resource":
        of_visit(serde_json::json!({"resourceType": "Flag", "id": "dopo2", "status": "active", "subject": about,
            "code": {"text": "y"}})), "request": {"method": "PUT", "url": "Flag/dopo2"}}]});
    let program = system.context.peers.fhir(&Actor::system());
    program.transaction(&late).await.unwrap();
    // By the doctor, who need not know: it is written, and hidden.
    let own = of_visit(serde_json::json!({"resourceType": "Condition", "subject": about, "code": {"text": "z"}}));
    system.context.peers.fhir(&doctor).create(&own).await.unwrap();
    assert_eq!(system.sees(&doctor, "Condition", &[("patient", "anna")]).await, [""; 0]);
    assert_eq!(system.sees(&anna(), "Condition", &[("patient", "anna")]).await.len(), 1);
    for (rtype, id) in [
        ("Immunization", "dose"),
        ("DocumentReference", "lettera"),
        ("Binary", "file"),
        ("Flag", "dopo"),
        ("Flag", "dopo2"),
    ] {
        assert!(!system.reads(&doctor, rtype, id).await, "{rtype}/{id}");
        assert!(system.reads(&anna(), rtype, id).await, "{rtype}/{id} of her own");
    }
    system
        .post(&anna(), "/diritti/nascondi/togli", &[("dato", "Encounter/visita")])
        .await;
    for (rtype, id) in [
        ("Immunization", "dose"),
        ("Binary", "file"),
        ("Flag", "dopo"),
        ("Flag", "dopo2"),
    ] {
        assert!(system.reads(&doctor, rtype, id).await, "{rtype}/{id} again");
    }
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
