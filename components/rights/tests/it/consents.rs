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

#[tokio::test]
async fn of_answers_given_at_one_moment_one_is_in_force() {
    let system = System::open().await;
    let who = anna();
    for organization in ["centro", "istituto"] {
        let answers: Vec<[(&str, &str); 2]> = ["si", "no", "si", "no"]
            .map(|answer| [("scelta", answer), ("organizzazione", organization)])
            .to_vec();
        let given = answers
            .iter()
            .map(|form| system.post(&who, "/diritti/consensi/organizzazione", form));
        for reply in futures::future::join_all(given).await {
            assert_eq!(reply.status, StatusCode::SEE_OTHER, "{}", reply.text);
        }
        let fhir = system.context.peers.fhir(&access::Actor::system());
        let organization = format!("Organization/{organization}");
        let asked = [("patient", "anna"), ("actor", organization.as_str())];
        let all = fhir.search("Consent", &asked).await.unwrap();
        let active = all.iter().filter(|one| one["status"] == "active").count();
        assert_eq!((all.len(), active), (4, 1), "each is kept, one is in force: {all:#?}");
    }
}

/// A visit that the person hides, at a centre where nothing else tells that they go.
async fn hidden_visit(system: &System) {
    let label = serde_json::json!([{"system": "https://sinfonia.it/fhir/CodeSystem/oscuramento", "code": "P99"}]);
    for value in [
        serde_json::json!({"resourceType": "Organization", "id": "sert", "name": "Servizio Dipendenze"}),
        serde_json::json!({"resourceType": "Encounter", "id": "nascosta", "status": "finished", "class": {"code": "AMB"},
            "meta": {"security": label}, "subject": {"reference": "Patient/anna"},
            "serviceProvider": {"reference": "Organization/sert"}}),
    ] {
        system.put(&value).await;
    }
}

#[tokio::test]
async fn a_hidden_visit_names_its_place_to_the_person_only() {
    let system = System::open().await;
    hidden_visit(&system).await;
    let page = "/diritti/consensi/organizzazione";
    assert!(system.get(&anna(), page).await.text.contains("Servizio Dipendenze"));
    let mut parent = actor("Patient/berta", "assistito", None);
    parent.acts_for = Some("Patient/anna".into());
    let shown = system.get(&parent, page).await;
    assert!(!shown.text.contains("Servizio Dipendenze"), "{}", shown.text);
    // The desk is told of no place at all where somebody goes, until it looks for one by name.
    let desk = actor("Practitioner/sportello", "operatore-cup", None);
    let mut form = vec![("codice_fiscale", "RSSNNA46C42F839X"), ("cognome", "rossi")];
    let shown = system.post(&desk, "/sportello-consensi", &form).await.text;
    assert!(
        !shown.contains("Servizio Dipendenze") && !shown.contains("Centro Diabetologico"),
        "{shown}"
    );
    form.push(("cerca", "centro"));
    let shown = system.post(&desk, "/sportello-consensi", &form).await.text;
    assert!(shown.contains("Centro Diabetologico") && !shown.contains("Servizio Dipendenze"));
    let mut form = form[..2].to_vec();
    form.extend([
        ("tipo", "organizzazione"),
        ("scelta", "no"),
        ("organizzazione", "centro"),
        ("modulo", "12"),
    ]);
    let shown = system.post(&desk, "/sportello-consensi/registra", &form).await.text;
    assert!(shown.contains("Centro Diabetologico"), "what was answered: {shown}");
}

#[tokio::test]
async fn a_purpose_that_somebody_only_states_opens_nothing() {
    let system = System::open().await;
    system
        .post(&anna(), "/diritti/consensi/uso-secondario", &[("scelta", "no")])
        .await;
    let manager = actor("Practitioner/dm", "data-manager", None);
    for purpose in ["TREAT", "HPAYMT", "HLEGAL", "HOPERAT", "ETREAT"] {
        let view = system.guard.authorizer().view(&manager, Some(purpose)).await.unwrap();
        let may = |action, id| {
            view.ruling(action, "Observation", Some(id), policy::LabelSet::NONE)
                .permit
        };
        assert!(
            !may(policy::Action::Read, "anna") && !may(policy::Action::Export, "anna"),
            "{purpose}"
        );
        assert_eq!(may(policy::Action::Read, "berta"), purpose != "HLEGAL", "{purpose}");
    }
}
