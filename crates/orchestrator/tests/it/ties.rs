//! Whose pathways somebody works on: those of the patients they are tied to, one at a time and many at once, by message,
//! signal and condition. The assisted see where they stand, not what the staff works with.

use crate::models::{bpmn, catch_message, catch_signal, flow, line, message, user_task};
use crate::support::{System, actor, object};
use access::{AccessGrant, Actor, GrantKind};
use orchestrator::api::{
    AssignTask, BatchOperation, BatchRequest, CancelInstance, DryRunMigration, EvaluateConditions, InstanceSelection,
    MigrateInstance, ModifyInstance, ResumeInstance, RetryIncident, SendMessage, SendSignal, SetVariables,
    StartInstance, SuspendInstance,
};
use orchestrator::{
    Assigning, AtQuery, BatchesQuery, HistoryQuery, IncidentsQuery, InstancesQuery, OrchestratorError, Steer,
    TasksQuery,
};
use serde_json::json;
use std::fmt::Debug;

/// A patient of the case manager and one of nobody's, each with a pathway that stands at an incident, then a task.
struct World {
    system: System,
    mine: String,
    other: String,
}

fn signed_in(subject: &str, role: &str) -> Actor {
    Actor {
        assurance: 2,
        ..actor(subject, role)
    }
}

fn manager() -> Actor {
    signed_in("Practitioner/cm", "case-manager")
}

fn admin() -> Actor {
    signed_in("Practitioner/admin", "admin")
}

async fn world() -> World {
    let system = System::guarded();
    for patient in ["p1", "p2"] {
        system.patient(patient).await;
    }
    let team = json!({"resourceType": "CareTeam", "id": "t", "status": "active",
        "subject": {"reference": "Patient/p1"}, "period": {"start": "2025-12-01"},
        "participant": [{"member": {"reference": "Practitioner/cm"}}]});
    system.put(team).await;
    let gateway = r#"<bpmn:exclusiveGateway id="via"/>"#.to_owned();
    let broken = line("", "rotto", &[("via", gateway)]).replace(
        r#"sourceRef="via" targetRef="fine"/>"#,
        r#"sourceRef="via" targetRef="fine"><bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">=vai</bpmn:conditionExpression></bpmn:sequenceFlow>"#,
    );
    system.deploy("rotto.bpmn", broken).await;
    let visit = line("", "visita", &[user_task("esame", "mmg"), user_task("referto", "mmg")]);
    system.deploy("visita.bpmn", visit).await;
    let mine = system
        .start_with("visita", Some("p1"), json!({"nota": "riservata"}))
        .await
        .id;
    let other = system
        .start_with("visita", Some("p2"), json!({"nota": "riservata"}))
        .await
        .id;
    World { system, mine, other }
}

impl World {
    /// An emergency access of somebody to a patient.
    async fn emergency(&self, who: &str, patient: &str) {
        let now = store::Clock::now(&*self.system.clock);
        let grant = AccessGrant {
            id: "g".into(),
            who: who.into(),
            name: "x".into(),
            patient: patient.into(),
            kind: GrantKind::Emergency,
            reason: "x".into(),
            from: now,
            until: now + jiff::SignedDuration::from_hours(1),
            ..AccessGrant::default()
        };
        let transaction = store::Transaction {
            records: vec![grant.record()],
            ..store::Transaction::default()
        };
        self.system.store.commit(transaction).await.unwrap();
    }
}

/// The same refusal as of an instance that never was.
fn is_missing<T: Debug>(result: Result<T, OrchestratorError>, id: &str) {
    match result {
        Err(error @ OrchestratorError::NotFound { .. }) => {
            assert_eq!(error.to_string(), format!("instance '{id}' does not exist"));
        }
        other => panic!("{other:?}"),
    }
}

fn reason() -> String {
    "prova".into()
}

#[tokio::test]
async fn operations_on_a_strangers_instance_find_none() {
    let World { system, mine, other } = world().await;
    let (o, cm) = (&system.orchestrator, manager());
    for id in [other.as_str(), "nessuna"] {
        let variables = object(json!({"nota": "cambiata"}));
        let set = SetVariables {
            variables,
            reason: None,
        };
        is_missing(o.set_variables(&cm, id, set, None).await, id);
        is_missing(o.suspend(&cm, id, SuspendInstance { reason: reason() }, None).await, id);
        is_missing(o.resume(&cm, id, ResumeInstance::default(), None).await, id);
        let modify = ModifyInstance {
            reason: reason(),
            ..ModifyInstance::default()
        };
        is_missing(o.modify(&cm, id, modify, None).await, id);
        let migrate = MigrateInstance {
            to: "visita:1".into(),
            ..MigrateInstance::default()
        };
        is_missing(o.migrate(&cm, id, migrate, None).await, id);
        is_missing(o.cancel(&cm, id, CancelInstance { reason: reason() }, None).await, id);
        let incident = format!("{id}.1");
        let retry = o.retry_incident(&cm, &incident, RetryIncident::default(), None);
        is_missing(retry.await, id);
    }
    let info = system.info(&other).await;
    assert_eq!(
        (info.status.as_str(), &info.variables["nota"]),
        ("active", &json!("riservata"))
    );

    o.suspend(&cm, &mine, SuspendInstance { reason: reason() }, None)
        .await
        .unwrap();
    o.resume(&cm, &mine, ResumeInstance::default(), None).await.unwrap();
    o.cancel(&cm, &mine, CancelInstance { reason: reason() }, None)
        .await
        .unwrap();
    // Who runs the installation mends what stands still, whosever it is, and is not shown what it knows.
    o.suspend(&admin(), &other, SuspendInstance { reason: reason() }, None)
        .await
        .unwrap();
    assert!(o.instance(&admin(), &other).await.unwrap().variables.is_empty());
}

#[tokio::test]
async fn an_emergency_lets_one_look_at_an_instance_not_move_or_start_one() {
    let world = world().await;
    world.emergency("Practitioner/d", "p2").await;
    let (o, id) = (&world.system.orchestrator, &world.other);
    let mut doctor = signed_in("Practitioner/d", "medico");
    doctor.roles.push("case-manager".into());
    assert!(o.instance(&doctor, id).await.is_ok());
    let refused = o.cancel(&doctor, id, CancelInstance { reason: reason() }, None).await;
    assert!(matches!(refused, Err(OrchestratorError::Forbidden(why)) if why.contains("emergency")));
    let start = StartInstance {
        definition: "visita".into(),
        patient: Some("p2".into()),
        ..StartInstance::default()
    };
    assert!(matches!(
        o.start(&doctor, start, None).await,
        Err(OrchestratorError::Forbidden(_))
    ));
    let by_key = StartInstance {
        definition: "visita".into(),
        business_key: Some("Patient/p2".into()),
        ..StartInstance::default()
    };
    assert!(matches!(
        o.start(&manager(), by_key, None).await,
        Err(OrchestratorError::Forbidden(_))
    ));
}

fn batch(operation: BatchOperation) -> BatchRequest {
    serde_json::from_value(json!({"operation": operation, "reason": "prova"})).unwrap()
}

#[tokio::test]
async fn a_batch_reaches_the_instances_of_ones_own_patients_only() {
    let World { system, mine, other } = world().await;
    let (o, cm) = (&system.orchestrator, manager());
    let mut all = batch(BatchOperation::Cancel {});
    all.filter = Some(InstanceSelection {
        definition: Some("visita".into()),
        ..InstanceSelection::default()
    });
    let seen = o.preview_batch(&cm, &all).await.unwrap();
    assert_eq!((seen.count, seen.tried, seen.sample.len()), (1, 1, 1));
    assert_eq!(seen.sample[0].instance, mine);
    let everybody = o.preview_batch(&Actor::system(), &all).await.unwrap();
    assert_eq!(everybody.count, 2);

    // By a value: who runs the installation learns no more than who may not ask.
    let mut by_value = all.clone();
    by_value.filter.as_mut().unwrap().variables = object(json!({"nota": "riservata"}));
    assert_eq!(o.preview_batch(&cm, &by_value).await.unwrap().count, 1);
    assert_eq!(o.preview_batch(&admin(), &by_value).await.unwrap().count, 0);

    let mut listed = batch(BatchOperation::Cancel {});
    listed.instances = Some(vec![mine.clone(), other.clone(), "nessuna".into()]);
    let seen = o.preview_batch(&cm, &listed).await.unwrap();
    assert_eq!((seen.possible, seen.refused, seen.reasons.len()), (1, 2, 1), "{seen:?}");
    listed.confirmation = Some(seen.confirmation);
    let begun = o.start_batch(&cm, listed, None).await.unwrap();
    all.confirmation = Some(o.preview_batch(&cm, &all).await.unwrap().confirmation);
    let searched = o.start_batch(&cm, all, None).await.unwrap();
    system.settle().await;
    assert_eq!(
        (system.status(&mine).await, system.status(&other).await),
        ("terminated".into(), "active".into())
    );
    let items = o.batch_items(&cm, &begun.id, Default::default()).await.unwrap().items;
    let told: Vec<_> = items
        .iter()
        .map(|item| item.error.clone().unwrap_or_default())
        .collect();
    assert_eq!(
        told[1].replace(&other, "ID"),
        told[2].replace("nessuna", "ID"),
        "{told:?}"
    );
    assert!(o.batch(&cm, &searched.id).await.unwrap().total <= 1);

    // What one begins, another does not see: it names patients who are not theirs.
    let colleague = signed_in("Practitioner/cm2", "case-manager");
    assert!(matches!(
        o.batch(&colleague, &begun.id).await,
        Err(OrchestratorError::NotFound { .. })
    ));
    assert!(o.batch_items(&colleague, &begun.id, Default::default()).await.is_err());
    assert!(o.steer_batch(&colleague, &begun.id, Steer::Cancel).await.is_err());
    assert!(
        o.retry_batch(&colleague, &begun.id, Default::default(), None)
            .await
            .is_err()
    );
    assert!(o.remove_batch(&colleague, &begun.id).await.is_err());
    assert!(
        o.batches(&colleague, BatchesQuery::default())
            .await
            .unwrap()
            .items
            .is_empty()
    );
    assert_eq!(
        o.batches(&admin(), BatchesQuery::default()).await.unwrap().items.len(),
        2
    );
}

#[tokio::test]
async fn lists_of_incidents_and_trials_leave_strangers_out() {
    let World { system, .. } = world().await;
    let (o, cm) = (&system.orchestrator, manager());
    for patient in ["p2", "p1", "p2"] {
        system.start_with("rotto", Some(patient), json!({"vai": false})).await;
    }
    let all = o.incidents(&admin(), IncidentsQuery::default()).await.unwrap().items;
    assert_eq!(all.len(), 3);
    let query = IncidentsQuery {
        limit: Some(1),
        ..IncidentsQuery::default()
    };
    let own = o.incidents(&cm, query).await.unwrap();
    assert_eq!((own.items.len(), own.next), (1, None));
    assert_eq!(
        o.instance(&cm, &own.items[0].instance)
            .await
            .unwrap()
            .patient
            .as_deref(),
        Some("p1")
    );
    let trial = || DryRunMigration {
        from: "visita:1".into(),
        to: "visita:1".into(),
        ..DryRunMigration::default()
    };
    assert_eq!(o.dry_run_migration(&cm, trial()).await.unwrap().items.len(), 1);
    assert_eq!(o.dry_run_migration(&admin(), trial()).await.unwrap().items.len(), 2);
}

#[tokio::test]
async fn messages_signals_and_conditions_reach_ones_own_patients_only() {
    let World { system, .. } = world().await;
    let (o, cm) = (&system.orchestrator, manager());
    let shared = format!(r#"{}<bpmn:signal id="s" name="allerta"/>"#, message("m", "esito"));
    let waits = line(
        &shared,
        "attesa",
        &[catch_message("esito", "m"), catch_signal("allerta", "s")],
    );
    system.deploy("attesa.bpmn", waits).await;
    let start = r#"<bpmn:startEvent id="s"><bpmn:conditionalEventDefinition><bpmn:condition xsi:type="bpmn:tFormalExpression">=valore &gt; 8</bpmn:condition></bpmn:conditionalEventDefinition></bpmn:startEvent>"#;
    let body = format!(
        "{start}{}<bpmn:endEvent id=\"fine\"/>{}{}",
        user_task("t", "mmg").1,
        flow("s", "t"),
        flow("t", "fine")
    );
    system.deploy("alta.bpmn", bpmn("", "alta", &body)).await;
    let one = system.start("attesa", Some("p1")).await.id;
    let two = system.start("attesa", Some("p2")).await.id;
    let tell = |key: &str| SendMessage {
        name: "esito".into(),
        key: Some(key.into()),
        ..SendMessage::default()
    };
    let told = |error: OrchestratorError, key: &str| error.to_string().replace(key, "KEY");
    let theirs = o.send_message(&cm, tell("Patient/p2"), None).await.unwrap_err();
    let nobodys = o.send_message(&cm, tell("Patient/p9"), None).await.unwrap_err();
    assert_eq!(told(theirs, "Patient/p2"), told(nobodys, "Patient/p9"));
    assert_eq!(system.tokens(&two).await, ["esito"]);
    let sent = o.send_message(&cm, tell("Patient/p1"), None).await.unwrap();
    assert_eq!(sent.delivered.as_slice(), std::slice::from_ref(&one));
    o.send_message(&Actor::system(), tell("Patient/p2"), None)
        .await
        .unwrap();

    let signal = SendSignal {
        name: "allerta".into(),
        ..SendSignal::default()
    };
    let sent = o.send_signal(&cm, signal, None).await.unwrap();
    assert_eq!(sent.delivered, [one]);
    assert_eq!(system.tokens(&two).await, ["allerta"]);

    let about = |patient: &str| EvaluateConditions {
        variables: object(json!({"valore": 9})),
        patient: Some(patient.into()),
        ..EvaluateConditions::default()
    };
    for patient in ["p2", "p9"] {
        assert!(
            o.evaluate_conditions(&cm, about(patient), None)
                .await
                .unwrap()
                .started
                .is_empty()
        );
    }
    assert_eq!(
        o.evaluate_conditions(&cm, about("p1"), None)
            .await
            .unwrap()
            .started
            .len(),
        1
    );
}

#[tokio::test]
async fn the_assisted_see_where_they_stand_and_what_the_model_tells_them() {
    let World { system, .. } = world().await;
    let o = &system.orchestrator;
    let model = line("", "mio", &[user_task("diario", "assistito"), user_task("esame", "mmg")]).replace(
        r#"<bpmn:startEvent id="inizio"/>"#,
        r#"<bpmn:extensionElements><zeebe:properties><zeebe:property name="sinfonia:assisted" value="piano"/></zeebe:properties></bpmn:extensionElements><bpmn:startEvent id="inizio"/>"#,
    );
    system.deploy("mio.bpmn", model).await;
    let known = json!({"nota": "riservata", "piano": "camminare"});
    let id = system.start_with("mio", Some("p1"), known).await.id;
    let person = signed_in("Patient/p1", "assistito");
    let mut mother = signed_in("Patient/madre", "assistito");
    mother.acts_for = Some("Patient/p1".into());
    for who in [&person, &mother] {
        let info = o.instance(who, &id).await.unwrap();
        assert_eq!(json!(info.variables), json!({"piano": "camminare"}));
        assert_eq!(info.active[0].element, "diario");
        let events = o.history(who, &id, HistoryQuery::default()).await.unwrap().items;
        let text = json!(events).to_string();
        assert!(
            text.contains("TaskCreated") && !text.contains("riservata") && !text.contains("VariableSet"),
            "{text}"
        );
        let at = o.instance_at(who, &id, AtQuery::default()).await;
        assert!(matches!(at, Err(OrchestratorError::Forbidden(_))));
        let all = o.instances(who, InstancesQuery::default()).await.unwrap().items;
        assert_eq!(all.len(), 2, "the pathways of p1");
        let by_value = InstancesQuery {
            variable: Some("nota=riservata".into()),
            ..InstancesQuery::default()
        };
        assert!(o.instances(who, by_value).await.unwrap().items.is_empty());
        let tasks = o.tasks(who, TasksQuery::default()).await.unwrap().items;
        let own = tasks.iter().find(|task| task.element == "diario").unwrap();
        let task = o.task(who, &own.id).await.unwrap();
        assert_eq!(json!(task.variables), json!({"piano": "camminare"}));
    }
    let stranger = signed_in("Patient/p2", "assistito");
    assert!(
        o.instance(&stranger, &id).await.is_err() && o.history(&stranger, &id, HistoryQuery::default()).await.is_err()
    );
}

#[tokio::test]
async fn a_step_that_names_somebody_shows_what_is_known_only_to_who_takes_it() {
    let World { system, .. } = world().await;
    let o = &system.orchestrator;
    let named = line("", "consulto", &[user_task("parere", "mmg")]).replace(
        r#"candidateGroups="mmg""#,
        r#"candidateUsers="Practitioner/consulente""#,
    );
    let data =
        r#"<zeebe:properties><zeebe:property name="sinfonia:data" value="Patient(name) Task"/></zeebe:properties>"#;
    let named = named.replace("<zeebe:formDefinition", &format!("{data}<zeebe:formDefinition"));
    system.deploy("consulto.bpmn", named).await;
    let id = system
        .start_with("consulto", Some("p2"), json!({"nota": "riservata"}))
        .await
        .id;
    let (consultant, other) = (
        signed_in("Practitioner/consulente", "medico"),
        signed_in("Practitioner/x", "medico"),
    );
    let task = system.task_of(&id).await.id;
    assert!(o.task(&other, &task).await.is_err());
    let offered = o.task(&consultant, &task).await.unwrap();
    assert!(
        offered.variables.is_empty() && offered.comments.is_empty(),
        "{:?}",
        offered.variables
    );
    let claim = AssignTask::default();
    o.assign_task(&consultant, &task, Assigning::Claim, claim, None)
        .await
        .unwrap();
    let taken = o.task(&consultant, &task).await.unwrap();
    assert_eq!(taken.variables["nota"], "riservata");
    assert!(
        o.instance(&consultant, &id)
            .await
            .is_ok_and(|info| info.variables.is_empty()),
        "the step, not the plan"
    );
}
