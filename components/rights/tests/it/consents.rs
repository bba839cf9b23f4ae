use crate::system::{System, actor, anna, doctor, specialist};
use http::StatusCode;

#[tokio::test]
async fn a_refusal_to_an_organization_holds_with_its_next_request_and_can_be_taken_back() {
    let system = System::open().await;
    let spec = specialist();
    assert!(system.reads(&spec, "Observation", "hba1c").await);
    let no = [("scelta", "no"), ("organizzazione", "centro")];
    let reply = system.post(&anna(), "/diritti/consensi/organizzazione", &no).await;
    assert_eq!(
        (reply.status, reply.location.as_str()),
        (StatusCode::SEE_OTHER, "/diritti/consensi/organizzazione")
    );
    assert!(!system.reads(&spec, "Observation", "hba1c").await && !system.reads(&spec, "Patient", "anna").await);
    assert_eq!(
        system.sees(&spec, "Observation", &[("patient", "anna")]).await,
        Vec::<String>::new()
    );
    assert!(
        system.reads(&spec, "Observation", "altro").await,
        "another person's data stays"
    );
    assert!(
        system.reads(&doctor(), "Observation", "hba1c").await,
        "another's right stays"
    );
    let page = system.get(&anna(), "/diritti/consensi/organizzazione").await.text;
    assert!(
        page.contains("Centro Diabetologico") && page.contains("Hai detto No il 22/11/2026"),
        "{page}"
    );

    let back = [("scelta", "togli"), ("organizzazione", "centro")];
    system.post(&anna(), "/diritti/consensi/organizzazione", &back).await;
    assert!(system.reads(&spec, "Observation", "hba1c").await);
    let history = system.get(&anna(), "/diritti/consensi").await.text;
    assert!(
        history.contains("Non vale più") && history.contains("2026-1"),
        "{history}"
    );
}

#[tokio::test]
async fn a_consent_opens_to_a_stranger_and_its_revocation_closes_at_once() {
    let system = System::open().await;
    let stranger = actor("Practitioner/altri", "medico", Some("istituto"));
    assert!(!system.reads(&stranger, "Observation", "hba1c").await);
    for (choice, sees) in [("si", true), ("no", false), ("si", true), ("togli", false)] {
        system
            .post(
                &anna(),
                "/diritti/consensi/organizzazione",
                &[("scelta", choice), ("organizzazione", "istituto")],
            )
            .await;
        assert_eq!(system.reads(&stranger, "Observation", "hba1c").await, sees, "{choice}");
    }
}

#[tokio::test]
async fn who_refuses_consultation_is_read_by_the_chosen_doctor_only() {
    let system = System::open().await;
    let spec = specialist();
    system.post(&anna(), "/diritti/consensi/fse", &[("scelta", "no")]).await;
    assert!(!system.reads(&spec, "Observation", "hba1c").await);
    assert_eq!(
        system.sees(&spec, "Observation", &[("code", "4548-4")]).await,
        ["altro"]
    );
    assert!(system.reads(&doctor(), "Observation", "hba1c").await);
    assert!(system.reads(&anna(), "Observation", "hba1c").await);
    system
        .post(&anna(), "/diritti/consensi/fse", &[("scelta", "togli")])
        .await;
    assert!(system.reads(&spec, "Observation", "hba1c").await);
}

#[tokio::test]
async fn research_needs_the_consent_given_to_that_organization_for_that_purpose() {
    let system = System::open().await;
    let researcher = actor("Practitioner/ric", "ricercatore", Some("istituto"));
    let physician = actor("Practitioner/med", "medico", Some("istituto"));
    let authorizer = system.guard.authorizer();
    let may = async |purpose| {
        let view = authorizer.view(&researcher, Some(purpose)).await.unwrap();
        view.ruling(
            policy::Action::Read,
            "Observation",
            Some("anna"),
            policy::LabelSet::NONE,
        )
        .permit
    };
    assert!(!may("HRESCH").await);
    system
        .post(
            &anna(),
            "/diritti/consensi/ricerca",
            &[("scelta", "si"), ("organizzazione", "istituto")],
        )
        .await;
    assert!(may("HRESCH").await && !may("TREAT").await);
    assert!(
        !system.reads(&physician, "Observation", "hba1c").await,
        "research opens nothing to who treats"
    );
    system
        .post(
            &anna(),
            "/diritti/consensi/ricerca",
            &[("scelta", "togli"), ("organizzazione", "istituto")],
        )
        .await;
    assert!(!may("HRESCH").await);
}

#[tokio::test]
async fn an_objection_to_secondary_use_keeps_the_data_in() {
    let system = System::open().await;
    let manager = actor("Practitioner/dm", "data-manager", None);
    let may = async || {
        let view = system.guard.authorizer().view(&manager, Some("HOPERAT")).await.unwrap();
        ["anna", "berta"].map(|id| {
            view.ruling(policy::Action::Export, "Observation", Some(id), policy::LabelSet::NONE)
                .permit
        })
    };
    assert_eq!(may().await, [true, true]);
    system
        .post(&anna(), "/diritti/consensi/uso-secondario", &[("scelta", "no")])
        .await;
    assert_eq!(may().await, [false, true]);
}

#[tokio::test]
async fn an_operator_records_what_was_signed_on_paper_and_the_citizen_sees_who_did() {
    let system = System::open().await;
    let desk = actor("Practitioner/sportello", "operatore-cup", None);
    let who = [("codice_fiscale", "RSSNNA46C42F839X"), ("cognome", "rossi")];
    let page = system.post(&desk, "/sportello-consensi", &who).await;
    assert!(
        page.status == StatusCode::OK && page.text.contains("anna Rossi"),
        "{}",
        page.text
    );
    let wrong = [("codice_fiscale", "RSSNNA46C42F839X"), ("cognome", "verdi")];
    assert_eq!(
        system.post(&desk, "/sportello-consensi", &wrong).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let mut form = who.to_vec();
    form.extend([("tipo", "fse"), ("scelta", "no")]);
    let without_paper = system.post(&desk, "/sportello-consensi/registra", &form).await;
    assert_eq!(without_paper.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        system.reads(&specialist(), "Observation", "hba1c").await,
        "nothing was recorded"
    );
    form.push(("modulo", "Modulo 12/2026"));
    assert_eq!(
        system.post(&desk, "/sportello-consensi/registra", &form).await.status,
        StatusCode::OK
    );
    assert!(!system.reads(&specialist(), "Observation", "hba1c").await);
    let seen = system.get(&anna(), "/diritti/consensi").await.text;
    assert!(seen.contains("Allo sportello: Prova Practitioner/sportello"), "{seen}");
    let provenance = system.context.peers.fhir(&access::Actor::system());
    let found = provenance
        .search("Provenance", &[("agent", "Practitioner/sportello")])
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn only_citizens_choose_and_what_they_send_is_checked() {
    let system = System::open().await;
    for (who, path) in [
        (doctor(), "/diritti/consensi"),
        (doctor(), "/diritti"),
        (anna(), "/sportello-consensi"),
    ] {
        assert_eq!(system.get(&who, path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let unknown = system
        .post(&anna(), "/diritti/consensi/altro", &[("scelta", "si")])
        .await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    for form in [
        [("scelta", "forse"), ("organizzazione", "centro")],
        [("scelta", "si"), ("organizzazione", "../x")],
    ] {
        let reply = system.post(&anna(), "/diritti/consensi/organizzazione", &form).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let mut delegate = actor("Patient/berta", "assistito", None);
    delegate.acts_for = Some("Patient/anna".into());
    system
        .put(&serde_json::json!({"resourceType": "Consent", "id": "delega", "status": "active",
            "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
            "category": [{"coding": [{"system": access::registry::DELEGATION_SYSTEM, "code": access::registry::DELEGATION_CATEGORY}]}],
            "policyRule": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "OPTIN"}]},
            "patient": {"reference": "Patient/anna"}, "provision": {"type": "permit", "actor": [{
                "role": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "DELEGATEE"}]},
                "reference": {"reference": "Patient/berta"}}]}}))
        .await;
    let reply = system
        .post(&delegate, "/diritti/consensi/fse", &[("scelta", "no")])
        .await;
    assert_eq!(reply.status, StatusCode::FORBIDDEN);
}
