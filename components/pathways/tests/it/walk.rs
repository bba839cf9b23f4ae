//! One person through the pathway, step by step, on a virtual clock: what a GP, a nurse, a diabetologist, a case
//! manager and the assisted person would do and what falls due.

use crate::system::System;
use access::Actor;
use component::{InstanceQuery, TaskQuery};
use jiff::SignedDuration;
use orchestrator::api::{CompleteTask, InstanceInfo, SendMessage, StartInstance, TaskInfo};
use serde_json::{Value, json};

/// A person in the pathway.
struct Walk {
    system: System,
    instance: String,
}

impl Walk {
    async fn start() -> Self {
        let system = System::open("2026-01-12T09:00:00Z").await;
        let fhir = system.context.peers.fhir(&Actor::system());
        fhir.update(&json!({"resourceType": "Patient", "id": "p1", "birthDate": "1961-05-04"}))
            .await
            .unwrap();
        let start = StartInstance {
            definition: "diabete-tipo-2".into(),
            patient: Some("p1".into()),
            ..StartInstance::default()
        };
        let instance = system
            .context
            .peers
            .orchestrator(&Actor::system())
            .start(&start)
            .await
            .unwrap()
            .id;
        system.orchestrator.settle().await.unwrap();
        Self { system, instance }
    }

    /// Enrolled on a recorded diagnosis, care plan agreed and everyone's first steps done.
    async fn in_follow_up(clinical: Value) -> Self {
        let walk = Self::start().await;
        let mut criteria = json!({"eta": 64, "diagnosiCodice": "250.00", "hba1c": 52, "dataHba1c": "2026-01-10",
            "retinopatia": "assente", "piede": "rischio-0", "egfr": 90, "acr": 8, "insulina": "nessuna",
            "metformina": true, "cardioprotettivi": false, "secretagoghi": false, "fragilita": false});
        criteria
            .as_object_mut()
            .unwrap()
            .extend(clinical.as_object().unwrap().clone());
        walk.done("arruolamento", criteria).await;
        walk.done("consenso", json!({"consenso": true})).await;
        walk.done("piano-di-cura", json!({})).await;
        walk.done("presa-in-carico", json!({})).await;
        walk.done("educazione", json!({})).await;
        walk
    }

    async fn open(&self) -> Vec<TaskInfo> {
        let query = TaskQuery {
            state: Some("open".into()),
            ..TaskQuery::default()
        };
        self.system
            .context
            .peers
            .orchestrator(&Actor::system())
            .tasks(&query)
            .await
            .unwrap()
            .items
    }

    async fn at(&self) -> Vec<String> {
        let mut elements: Vec<String> = self.open().await.into_iter().map(|t| t.element).collect();
        elements.sort();
        elements
    }

    async fn done(&self, element: &str, variables: Value) {
        let open = self.open().await;
        let task = open.iter().find(|t| t.element == element);
        let task = task.unwrap_or_else(|| {
            panic!(
                "{element} is not open, but {:?}",
                open.iter().map(|t| &t.element).collect::<Vec<_>>()
            )
        });
        let result = CompleteTask {
            variables: variables.as_object().unwrap().clone(),
            resources: vec![],
        };
        self.system
            .context
            .peers
            .orchestrator(&Actor::system())
            .complete(&task.id, &result)
            .await
            .unwrap();
        self.system.orchestrator.settle().await.unwrap();
    }

    /// Lets days pass; every timer fires when it is due.
    async fn days(&self, days: i64) {
        let clock = &self.system.clock;
        let until = store::Clock::now(clock.as_ref()) + SignedDuration::from_hours(24 * days);
        while let Some(due) = self
            .system
            .orchestrator
            .next_timer()
            .await
            .unwrap()
            .filter(|due| *due <= until)
        {
            clock.set(due.max(store::Clock::now(clock.as_ref())));
            self.system.orchestrator.settle().await.unwrap();
        }
        clock.set(until);
        self.system.orchestrator.settle().await.unwrap();
    }

    async fn instance(&self) -> InstanceInfo {
        self.system
            .context
            .peers
            .orchestrator(&Actor::system())
            .instance(&self.instance)
            .await
            .unwrap()
    }

    /// One whole cycle of checks, everything done on the day.
    async fn cycle(&self, day: &str, hba1c: i64) {
        self.done(
            "laboratorio",
            json!({"dataLaboratorio": day, "hba1c": hba1c, "egfr": 90, "acr": 8}),
        )
        .await;
        for (element, answers) in [
            ("esame-piede", json!({"piede": "rischio-0", "dataPiede": day})),
            ("esame-occhio", json!({"retinopatia": "assente", "dataOcchio": day})),
            ("ecg", json!({"dataEcg": day})),
            ("autovalutazione", json!({"dataQuestionario": day})),
        ] {
            if self.at().await.iter().any(|e| e == element) {
                self.done(element, answers).await;
            }
        }
        self.done(
            "visita-controllo",
            json!({"esitoVisita": "prosegue", "dataVisita": day}),
        )
        .await;
    }

    async fn hba1c(&self, value: f64, loinc: &str, unit: &str, day: &str) {
        let observation = json!({
            "resourceType": "Observation", "status": "final", "subject": {"reference": "Patient/p1"},
            "code": {"coding": [{"system": "http://loinc.org", "code": loinc}]}, "effectiveDateTime": day,
            "valueQuantity": {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit},
        });
        self.system
            .context
            .peers
            .fhir(&Actor::system())
            .create(&observation)
            .await
            .unwrap();
        self.system.orchestrator.settle().await.unwrap();
    }
}

#[tokio::test]
async fn who_does_not_meet_the_criteria_is_not_enrolled_and_the_reason_is_kept() {
    let walk = Walk::start().await;
    assert_eq!(walk.at().await, ["arruolamento"]);
    walk.done(
        "arruolamento",
        json!({"eta": 58, "diagnosiCodice": "nessuna", "hba1c": 44}),
    )
    .await;
    let instance = walk.instance().await;
    assert_eq!(
        (instance.status.as_str(), &instance.variables["criteri"]["criterio"]),
        ("completed", &json!("rischio"))
    );
    assert!(walk.at().await.is_empty());
}

#[tokio::test]
async fn one_value_above_the_threshold_must_be_confirmed() {
    let walk = Walk::start().await;
    walk.done("arruolamento", json!({"eta": 58, "hba1c": 50})).await;
    assert_eq!(walk.at().await, ["esame-conferma"]);
    walk.done("esame-conferma", json!({"hba1cConferma": 51})).await;
    assert_eq!(walk.at().await, ["consenso"]);
    walk.done("consenso", json!({"consenso": false})).await;
    assert_eq!(walk.instance().await.status, "completed");
}

#[tokio::test]
async fn the_plan_follows_class_and_drugs_and_everyone_gets_their_part() {
    let walk = Walk::start().await;
    let criteria = json!({"eta": 70, "diagnosiCodice": "250.00", "hba1c": 57, "dataHba1c": "2026-01-10", "insulina": "basale",
        "malattiaCardiovascolare": true, "egfr": 50, "retinopatia": "non-proliferante"});
    walk.done("arruolamento", criteria).await;
    walk.done("consenso", json!({"consenso": true})).await;
    let variables = walk.instance().await.variables;
    assert_eq!(variables["stratificazione"]["responsabile"], "diabetologo");
    assert_eq!(variables["piano"]["target"]["massimo"].as_f64(), Some(58.0));
    walk.done("piano-di-cura", json!({})).await;
    let open = walk.open().await;
    let mut roles: Vec<&str> = open.iter().map(|t| t.roles[0].as_str()).collect();
    roles.sort_unstable();
    assert_eq!(roles, ["assistito", "case-manager", "diabetologo", "infermiere"]);
    assert!(open.iter().all(|t| t.due.is_some() && t.form.is_some()));
}

#[tokio::test]
async fn a_silent_person_does_not_stop_the_pathway() {
    let walk = Walk::in_follow_up(json!({})).await;
    assert_eq!(walk.at().await, ["questionario-iniziale"]);
    walk.days(31).await;
    // The first cycle begins at once: the baseline examination of complications.
    assert_eq!(
        walk.at().await,
        ["autovalutazione", "ecg", "esame-occhio", "esame-piede", "laboratorio"]
    );
    walk.days(15).await;
    assert!(!walk.at().await.contains(&"autovalutazione".to_owned()));
}

#[tokio::test]
async fn checks_come_back_when_they_are_due() {
    let walk = Walk::in_follow_up(json!({})).await;
    walk.done("questionario-iniziale", json!({"dataQuestionario": "2026-01-12"}))
        .await;
    assert_eq!(walk.at().await, ["ecg", "esame-occhio", "esame-piede", "laboratorio"]);
    walk.cycle("2026-01-12", 51).await;
    assert!(
        walk.at().await.is_empty(),
        "at target nothing is open: {:?}",
        walk.at().await
    );
    walk.days(175).await;
    assert!(walk.at().await.is_empty(), "class 1 is seen every six months");
    walk.days(10).await;
    assert_eq!(
        walk.at().await,
        ["autovalutazione", "laboratorio"],
        "after six months: blood, and the person's own view"
    );
    walk.cycle("2026-07-14", 50).await;
    walk.days(190).await;
    assert_eq!(
        walk.at().await,
        ["autovalutazione", "ecg", "esame-piede", "laboratorio"],
        "after a year: foot and ECG, the eye after two"
    );
}

#[tokio::test]
async fn an_overdue_check_reaches_the_case_manager_and_then_the_gp() {
    let walk = Walk::in_follow_up(json!({})).await;
    walk.done("questionario-iniziale", json!({"dataQuestionario": "2026-01-12"}))
        .await;
    walk.days(44).await;
    assert!(!walk.at().await.contains(&"contatto-case-manager".to_owned()));
    walk.days(2).await;
    let open = walk.open().await;
    let contact = open
        .iter()
        .find(|t| t.element == "contatto-case-manager")
        .expect("the case manager is told");
    assert_eq!(
        (contact.roles.as_slice(), contact.priority),
        (["case-manager".to_owned()].as_slice(), 70)
    );
    assert!(
        open.iter().any(|t| t.element == "laboratorio"),
        "the check itself stays open"
    );
    walk.done("contatto-case-manager", json!({"contattoEsito": "non-risolto"}))
        .await;
    walk.done("valutazione-ritardo", json!({})).await;
    walk.cycle("2026-02-27", 51).await;
    assert!(walk.at().await.is_empty());
    assert!(walk.instance().await.incidents.is_empty());
}

#[tokio::test]
async fn a_new_hba1c_in_the_hub_moves_the_pathway() {
    let walk = Walk::in_follow_up(json!({})).await;
    walk.done("questionario-iniziale", json!({"dataQuestionario": "2026-01-12"}))
        .await;
    walk.cycle("2026-01-12", 51).await;
    walk.days(60).await;
    walk.hba1c(50.0, "59261-8", "mmol/mol", "2026-03-10").await;
    assert!(walk.at().await.is_empty(), "at target: nothing to do");
    // 7.9 % is 63 mmol/mol: ten above the target of 53.
    walk.hba1c(7.9, "4548-4", "%", "2026-03-12").await;
    assert_eq!(walk.at().await, ["revisione-terapia"]);
    let task = walk.open().await.remove(0);
    let task = walk
        .system
        .context
        .peers
        .orchestrator(&Actor::system())
        .task(&task.id)
        .await
        .unwrap();
    assert_eq!(task.variables["hba1c"].as_f64(), Some(63.0));
    assert!(
        task.variables["adeguamento"]["suggerimento"]
            .as_str()
            .unwrap()
            .contains("aggiungere SGLT2i")
    );
    walk.done("revisione-terapia", json!({"cardioprotettivi": true})).await;
    walk.hba1c(9.9, "4548-4", "%", "2026-03-01").await;
    assert!(walk.at().await.is_empty(), "an older value changes nothing");
    // Off target the next check comes after three months, not six.
    walk.days(95).await;
    assert!(
        walk.at().await.contains(&"laboratorio".to_owned()),
        "{:?}",
        walk.at().await
    );
}

#[tokio::test]
async fn only_a_final_plausible_hba1c_moves_the_pathway_and_none_stops_it() {
    let walk = Walk::in_follow_up(json!({})).await;
    walk.done("questionario-iniziale", json!({"dataQuestionario": "2026-01-12"}))
        .await;
    walk.cycle("2026-01-12", 51).await;
    walk.days(60).await;
    let observation = |status: &str, value: serde_json::Value, date: serde_json::Value| {
        let mut made = json!({
            "resourceType": "Observation",
            "status": status,
            "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}]},
            "subject": {"reference": "Patient/p1"},
            "valueQuantity": value,
        });
        made.as_object_mut().unwrap().extend(date.as_object().unwrap().clone());
        made
    };
    let percent = |value: f64| json!({"value": value, "system": "http://unitsofmeasure.org", "code": "%"});
    let on = |day: &str| json!({"effectiveDateTime": day});
    let ignored = [
        observation("preliminary", percent(9.9), on("2026-03-10")),
        observation("entered-in-error", percent(9.9), on("2026-03-10")),
        observation("final", percent(9.9), on("2030-01-01")),
        observation("final", percent(90_000.0), on("2026-03-10")),
        observation("final", json!({"value": 9.9, "unit": "g/dL"}), on("2026-03-10")),
        observation("final", json!({"unit": "%"}), on("2026")),
    ];
    let fhir = walk.system.context.peers.fhir(&Actor::system());
    for observation in ignored {
        fhir.create(&observation).await.unwrap();
        walk.system.orchestrator.settle().await.unwrap();
        assert!(walk.at().await.is_empty(), "{observation}");
        assert!(walk.instance().await.incidents.is_empty(), "{observation}");
    }
    // A unit given by its code alone, a period in place of a date: 7.9 % is 63 mmol/mol.
    let period = json!({"effectivePeriod": {"start": "2026-03-11T08:00:00Z"}});
    fhir.create(&observation("final", percent(7.9), period)).await.unwrap();
    walk.system.orchestrator.settle().await.unwrap();
    assert_eq!(walk.at().await, ["revisione-terapia"]);
}

#[tokio::test]
async fn leaving_and_death_end_the_pathway() {
    let walk = Walk::in_follow_up(json!({})).await;
    walk.done("questionario-iniziale", json!({"dataQuestionario": "2026-01-12"}))
        .await;
    let leave = SendMessage {
        name: "uscita-richiesta".into(),
        key: Some("Patient/p1".into()),
        ..SendMessage::default()
    };
    walk.system
        .context
        .peers
        .orchestrator(&Actor::system())
        .send_message(&leave)
        .await
        .unwrap();
    walk.system.orchestrator.settle().await.unwrap();
    assert_eq!(walk.at().await, ["chiusura"], "what was open is withdrawn");
    walk.done("chiusura", json!({"motivoUscita": "trasferimento"})).await;
    assert_eq!(walk.instance().await.status, "completed");

    let walk = Walk::in_follow_up(json!({})).await;
    walk.done("questionario-iniziale", json!({"dataQuestionario": "2026-01-12"}))
        .await;
    let fhir = walk.system.context.peers.fhir(&Actor::system());
    let dead = json!({"resourceType": "Patient", "id": "p1", "birthDate": "1961-05-04", "deceasedBoolean": true});
    fhir.update(&dead).await.unwrap();
    walk.system.orchestrator.settle().await.unwrap();
    assert!(walk.at().await.is_empty());
    let query = InstanceQuery {
        patient: Some("p1".into()),
        ..InstanceQuery::default()
    };
    let instances = walk
        .system
        .context
        .peers
        .orchestrator(&Actor::system())
        .instances(&query)
        .await
        .unwrap();
    assert_eq!(instances.items[0].status, "completed");
}

#[tokio::test]
async fn a_visit_may_propose_to_leave() {
    let walk = Walk::in_follow_up(json!({})).await;
    walk.done("questionario-iniziale", json!({"dataQuestionario": "2026-01-12"}))
        .await;
    walk.days(50).await;
    assert!(walk.at().await.contains(&"contatto-case-manager".to_owned()));
    walk.done("laboratorio", json!({"dataLaboratorio": "2026-03-02", "hba1c": 51}))
        .await;
    walk.done("esame-piede", json!({"piede": "rischio-0", "dataPiede": "2026-03-02"}))
        .await;
    walk.done(
        "esame-occhio",
        json!({"retinopatia": "assente", "dataOcchio": "2026-03-02"}),
    )
    .await;
    walk.done("ecg", json!({"dataEcg": "2026-03-02"})).await;
    walk.done("visita-controllo", json!({"esitoVisita": "uscita"})).await;
    assert_eq!(walk.at().await, ["chiusura"], "the reminder is withdrawn too");
}
