//! The pages of the office, and why somebody may see.

use crate::emergency::opened;
use crate::world::World;
use http::{Method, StatusCode};

#[tokio::test]
async fn every_page_of_the_office_is_the_officers_alone() {
    let world = World::new().await;
    let routes = (privacy::component().routes)(&world.context);
    let office = routes
        .list()
        .iter()
        .filter(|route| route.path.starts_with("/ufficio-privacy"));
    let mut seen = 0;
    for route in office {
        let path = route.path.replace("{id}", "x");
        for who in ["gp", "er", "cm", "root", "anna"] {
            let browser = world.browser(who).await;
            let answer = match route.method {
                Method::GET => browser.get(&path).await,
                _ => browser.post(&path, &[]).await,
            };
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{who} {} {path}", route.method);
        }
        seen += 1;
    }
    assert!(seen > 10);
}

#[tokio::test]
async fn the_desk_counts_and_the_log_finds_by_patient_person_and_day() {
    let world = World::new().await;
    opened(&world).await;
    assert!(world.sees("er", "medico", "c-stranger").await);
    world.settle().await;
    let officer = world.browser("dpo").await;
    let desk = officer.get("/ufficio-privacy").await;
    assert!(
        desk.text.contains("Accessi aperti adesso: <strong>1</strong>"),
        "{}",
        desk.text
    );
    assert!(desk.text.contains("Revisioni da fare: <strong>1</strong>"));
    let log = |query: &'static str| {
        let officer = &officer;
        async move { officer.get(&format!("/ufficio-privacy/registro{query}")).await.text }
    };
    let path = "/fhir/Condition/c-stranger";
    assert!(log("?assistito=stranger").await.contains(path));
    assert!(!log("?assistito=mine").await.contains(path));
    assert!(log("?persona=Practitioner/er").await.contains(path));
    assert!(
        log("?persona=verdi").await.contains(path),
        "a name that one has is that one"
    );
    assert!(!log("?persona=Practitioner/gp").await.contains(path));
    assert!(!log("?persona=nessuno").await.contains(path));
    assert!(
        log("?assistito=stranger&dal=2026-11-24&al=2026-11-24")
            .await
            .contains(path)
    );
    assert!(!log("?assistito=stranger&dal=2026-11-25").await.contains(path));
    assert!(!log("?assistito=stranger&esito=rifiutati").await.contains(path));
    let csv = officer.get("/ufficio-privacy/registro.csv?assistito=stranger").await;
    assert!(
        csv.text.contains(path) && csv.text.contains("emergency-read"),
        "{}",
        csv.text
    );
    assert_eq!(
        officer
            .post("/ufficio-privacy/registro", &[("cf", crate::world::CODE)])
            .await
            .to,
        "/ufficio-privacy/registro?assistito=stranger"
    );
}

#[tokio::test]
async fn why_speaks_of_ties_and_kinds_and_never_of_facts() {
    let world = World::new().await;
    let gp = world.browser("gp").await;
    let yes = gp.get("/perche?assistito=mine&dato=Condition").await;
    assert!(
        yes.text.contains("Sì, si può vedere") && yes.text.contains("medico scelto"),
        "{}",
        yes.text
    );
    let masked = gp.get("/perche?assistito=mine&dato=Condition&categoria=hiv").await;
    assert!(masked.text.contains("No, non si può vedere") && masked.text.contains("maggior tutela"));
    // Somebody without a tie, and somebody who is not there.
    let stranger = gp.get("/perche?assistito=stranger&dato=Condition").await.plain();
    assert_eq!(
        stranger,
        gp.get("/perche?assistito=nessuno&dato=Condition").await.plain()
    );
    let gp = &gp;
    let by_code = |code: &'static str| async move { gp.post("/perche", &[("cf", code), ("dato", "Condition")]).await };
    assert_eq!(
        by_code(crate::world::CODE).await.plain(),
        by_code("AAAAAA00A00A000A").await.plain()
    );
    // The office asks for somebody else; nobody else may.
    let officer = world.browser("dpo").await;
    let asked = "/perche?assistito=mine&dato=Condition&chi=Practitioner/gp";
    assert!(officer.get(asked).await.text.contains("Sì, si può vedere"));
    let doctor = world.browser("er").await;
    assert!(
        doctor.get(asked).await.text.contains("No, non si può vedere"),
        "'chi' is the office's to ask"
    );
    assert_eq!(
        world.browser("anna").await.get("/perche").await.status,
        StatusCode::FORBIDDEN
    );
}

#[tokio::test]
async fn why_tells_of_nobodys_choices_is_recorded_and_has_a_pace() {
    let world = World::new().await;
    let consent = |id: &str, category: &str| {
        serde_json::json!({"resourceType": "Consent", "id": id, "status": "active",
            "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
            "category": [{"coding": [{"system": "https://sinfonia.it/fhir/CodeSystem/consenso", "code": category}]}],
            "policyRule": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTOUT"}]},
            "patient": {"reference": "Patient/stranger"}, "provision": {"type": "deny"}})
    };
    let doctor = world.browser("er").await;
    let (id, code) = (
        "/perche?assistito=stranger&dato=Condition",
        [("cf", crate::world::CODE), ("dato", "Condition")],
    );
    let before = (
        doctor.get(id).await.plain(),
        doctor.post("/perche", &code).await.plain(),
    );
    let refusals = [consent("no", "fse"), consent("limite", "limitazione")];
    world.fhir(&access::Actor::system()).write_all(&refusals).await.unwrap();
    let after = (
        doctor.get(id).await.plain(),
        doctor.post("/perche", &code).await.plain(),
    );
    assert_eq!(before, after, "what the person chose does not show");
    // Who has the person in care is told of the tie, not of the choice that closes.
    let mut stranger = world
        .fhir(&access::Actor::system())
        .read("Patient", "stranger")
        .await
        .unwrap();
    stranger["generalPractitioner"] = serde_json::json!([{"reference": "Practitioner/er"}]);
    world.fhir(&access::Actor::system()).update(&stranger).await.unwrap();
    let own = doctor.get(id).await;
    for told in ["limitato", "non vuole", "restricted", "art. 18"] {
        assert!(!own.text.contains(told), "{told}: {}", own.text);
    }
    let officer = world.browser("dpo").await;
    let asked = format!("{id}&chi=Practitioner/er");
    assert!(
        officer.get(&asked).await.text.contains("limitato"),
        "the office reads it"
    );
    // Each question stands in the record of the person.
    world.settle().await;
    let csv = officer
        .get("/ufficio-privacy/registro.csv?assistito=stranger")
        .await
        .text;
    assert!(
        csv.lines().filter(|line| line.contains("/perche")).count() >= 5,
        "{csv}"
    );
    // Twenty an hour about people one does not see; about one's own, as often as needed; an emergency stays possible.
    let gp = world.browser("gp").await;
    for _ in 0..20 {
        assert_eq!(gp.get(id).await.status, StatusCode::OK);
    }
    assert_eq!(gp.get(id).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(gp.post("/perche", &code).await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(
        gp.get("/perche?assistito=mine&dato=Condition").await.status,
        StatusCode::OK
    );
    assert!(crate::emergency::form(&gp).await.text.contains("Verdi Anna"));
}

#[tokio::test]
async fn exposed_people_are_kept_by_the_office() {
    let world = World::new().await;
    let officer = world.browser("dpo").await;
    let path = "/ufficio-privacy/persone-esposte";
    officer
        .post(path, &[("cf", crate::world::CODE), ("perche", "In televisione")])
        .await;
    officer.post(path, &[("cf", crate::world::CODE)]).await;
    let page = officer.get(path).await;
    assert_eq!(page.text.matches("In televisione").count(), 1);
    let gp = world.fhir(&World::actor("root", "admin"));
    assert!(gp.find("List", "persone-esposte").await.unwrap().is_none());
    officer.post(path, &[("togli", "stranger")]).await;
    assert!(!officer.get(path).await.text.contains("In televisione"));
}
