//! Tasks: FHIR mirrors in the same commit, claims, races, rights, lists.

use crate::models::{line, user_task};
use crate::support::{System, actor, gp, hba1c, object};
use access::Actor;
use jiff::SignedDuration;
use orchestrator::api::{
    AssignTask, AttachToTask, ChangeTask, CommentTask, CompleteTask, DelegateTask, ResolveTask, StartInstance,
};
use orchestrator::{Assigning, OrchestratorError, TasksQuery};
use serde_json::{Value, json};

async fn visit() -> (System, String, String) {
    let system = System::new();
    system.patient("p1").await;
    system
        .deploy("visita.bpmn", line("", "visita", &[user_task("visita-mmg", "mmg")]))
        .await;
    let instance = system.start("visita", Some("p1")).await.id;
    let task = system.task_of(&instance).await.id;
    (system, instance, task)
}

#[tokio::test]
async fn completing_a_task_writes_facts_moves_the_token_and_mirrors_it_in_one_commit() {
    let (system, instance, task) = visit().await;
    let care_plan = system
        .read("CarePlan", &instance)
        .await
        .expect("in the commit of the start");
    assert_eq!(
        (care_plan["status"].as_str(), care_plan["subject"]["reference"].as_str()),
        (Some("active"), Some("Patient/p1"))
    );
    let mirror = system.read("Task", &task).await.expect("in the commit of the start");
    assert_eq!(mirror["status"], "ready");
    assert_eq!(mirror["basedOn"][0]["reference"], format!("CarePlan/{instance}"));
    assert_eq!(mirror["performerType"][0]["coding"][0]["code"], "mmg");
    assert_eq!(mirror["restriction"]["period"]["end"], "2026-01-08T08:00:00.000Z");
    assert_eq!(
        mirror["input"][0]["valueReference"]["reference"],
        "Questionnaire/modulo-visita-mmg"
    );

    let before = *store::Store::changes(&*system.store).borrow();
    let mut observation = hba1c("x", "p1", 7.5);
    observation.as_object_mut().unwrap().remove("id");
    let request = CompleteTask {
        variables: object(json!({"esito": "ok"})),
        resources: vec![observation],
    };
    let done = system
        .orchestrator
        .complete_task(&gp(), &task, request, None)
        .await
        .unwrap();
    assert_eq!(done.status, "completed");

    // Everything that one commit wrote: the fact, the task, the care plan.
    let changes = system.snapshot().await.changes_after(before, 100).await.unwrap();
    let mut types: Vec<&str> = changes.iter().map(|c| c.resource.rtype.as_str()).collect();
    types.sort_unstable();
    assert_eq!(types, ["CarePlan", "Observation", "Task"]);
    let mirror = system.read("Task", &task).await.unwrap();
    assert_eq!(mirror["status"], "completed");
    assert_eq!(mirror["owner"]["reference"], "Practitioner/mmg-1");
    assert_eq!(mirror["output"][0]["valueReference"]["reference"], done.resources[0]);
    assert_eq!(system.read("CarePlan", &instance).await.unwrap()["status"], "completed");
    let info = system.info(&instance).await;
    assert_eq!(
        (info.status.as_str(), &info.variables["esito"]),
        ("completed", &json!("ok"))
    );
    let history = system
        .orchestrator
        .history(&gp(), &instance, Default::default())
        .await
        .unwrap()
        .items;
    let actors: Vec<&str> = history.iter().map(|h| h.actor.as_str()).collect();
    assert_eq!(actors, ["system", "Practitioner/mmg-1"]);
}

#[tokio::test]
async fn a_bad_resource_leaves_everything_as_it_was() {
    let (system, instance, task) = visit().await;
    let bad = json!({"resourceType": "Observation", "status": "final", "valueQuantity": {"value": "seven"}});
    let request = CompleteTask {
        variables: object(json!({})),
        resources: vec![bad],
    };
    let error = system
        .orchestrator
        .complete_task(&gp(), &task, request, None)
        .await
        .unwrap_err();
    assert_eq!(error.status(), 422, "{error}");
    assert_eq!(system.tokens(&instance).await, ["visita-mmg"]);
    assert_eq!(system.read("Task", &task).await.unwrap()["status"], "ready");
}

#[tokio::test]
async fn a_task_gives_no_right_to_write_about_another_person() {
    let (system, instance, task) = visit().await;
    let mut about_another = hba1c("x", "p2", 7.5);
    about_another.as_object_mut().unwrap().remove("id");
    let about_nobody = json!({"resourceType": "Basic", "code": {"text": "?"}});
    for bad in [about_another, about_nobody] {
        let request = CompleteTask {
            variables: object(json!({})),
            resources: vec![bad],
        };
        let error = system
            .orchestrator
            .complete_task(&gp(), &task, request, None)
            .await
            .unwrap_err();
        assert_eq!(error.status(), 403, "{error}");
    }
    // Nor to take over what is another's: the same id, now said to be about this patient.
    system.put(hba1c("of-p2", "p2", 7.5)).await;
    let request = CompleteTask {
        variables: object(json!({})),
        resources: vec![hba1c("of-p2", "p1", 9.9)],
    };
    let error = system
        .orchestrator
        .complete_task(&gp(), &task, request, None)
        .await
        .unwrap_err();
    assert_eq!(error.status(), 403, "{error}");
    assert_eq!(system.tokens(&instance).await, ["visita-mmg"]);
    assert_eq!(
        system.read("Observation", "of-p2").await.unwrap()["subject"]["reference"],
        "Patient/p2"
    );
}

#[tokio::test]
async fn of_two_completions_at_the_same_time_one_wins_and_the_other_hears_of_it() {
    let (system, instance, task) = visit().await;
    // Two programs with their own memory over one store: only the store decides.
    let (one, two) = (system.orchestrator.clone(), system.rival());
    let (a, b) = (gp(), actor("Practitioner/mmg-2", "mmg"));
    one.instance(&a, &instance).await.unwrap();
    let (first, second) = tokio::join!(
        one.complete_task(&a, &task, CompleteTask::default(), None),
        two.complete_task(&b, &task, CompleteTask::default(), None),
    );
    let errors: Vec<OrchestratorError> = [first.err(), second.err()].into_iter().flatten().collect();
    assert_eq!(errors.len(), 1, "exactly one loses: {errors:?}");
    assert_eq!(errors[0].status(), 409);
    let history = system
        .rival()
        .history(&a, &instance, Default::default())
        .await
        .unwrap()
        .items;
    assert_eq!(history.len(), 2, "start and one completion");
}

async fn give_role(system: &System, practitioner: &str, role: &str) {
    let coding = json!([{"coding": [{"system": orchestrator::ROLE_SYSTEM, "code": role}]}]);
    system
        .put(json!({
            "resourceType": "PractitionerRole", "id": format!("r-{practitioner}"), "active": true, "code": coding,
            "practitioner": {"reference": format!("Practitioner/{practitioner}")},
        }))
        .await;
}

#[tokio::test]
async fn a_task_is_handed_over_only_by_its_holder_and_only_to_someone_with_a_role() {
    let (system, _, task) = visit().await;
    give_role(&system, "mmg-2", "mmg").await;
    give_role(&system, "inf-1", "infermiere").await;
    let o = &system.orchestrator;
    let to = |who: &str| AssignTask {
        assignee: Some(format!("Practitioner/{who}")),
        reason: Some("ferie".into()),
    };
    let colleague = actor("Practitioner/mmg-2", "mmg");
    let refused = o
        .assign_task(&colleague, &task, Assigning::Reassign, to("mmg-2"), None)
        .await;
    assert_eq!(refused.unwrap_err().status(), 403, "nobody holds it yet: claim it");
    o.assign_task(&gp(), &task, Assigning::Claim, AssignTask::default(), None)
        .await
        .unwrap();
    for nobody in ["inf-1", "unknown"] {
        let refused = o.assign_task(&gp(), &task, Assigning::Reassign, to(nobody), None).await;
        assert_eq!(refused.unwrap_err().status(), 422);
    }
    let given = o
        .assign_task(&gp(), &task, Assigning::Reassign, to("mmg-2"), None)
        .await
        .unwrap();
    assert_eq!(given.assignee.as_deref(), Some("Practitioner/mmg-2"));
}

#[tokio::test]
async fn a_delegated_task_comes_back_with_what_was_written_beside_it() {
    let (system, instance, task) = visit().await;
    give_role(&system, "mmg-2", "mmg").await;
    let o = &system.orchestrator;
    let delegate = actor("Practitioner/mmg-2", "mmg");
    o.assign_task(&gp(), &task, Assigning::Claim, AssignTask::default(), None)
        .await
        .unwrap();
    let ask = DelegateTask {
        assignee: "Practitioner/mmg-2".into(),
        reason: "guarda il piede".into(),
    };
    let given = o.delegate_task(&gp(), &task, ask, None).await.unwrap();
    assert_eq!(given.delegated_by.as_deref(), Some("Practitioner/mmg-1"));
    let early = o.complete_task(&delegate, &task, CompleteTask::default(), None).await;
    assert_eq!(early.unwrap_err().status(), 409, "it is not theirs to complete");

    let comment = CommentTask {
        text: "Nessuna lesione".into(),
    };
    o.comment_task(&delegate, &task, comment.clone(), None).await.unwrap();
    let stranger = actor("Practitioner/inf-1", "infermiere");
    assert_eq!(
        o.comment_task(&stranger, &task, comment, None)
            .await
            .unwrap_err()
            .status(),
        403
    );
    let photo = AttachToTask {
        title: "Foto".into(),
        content_type: "image/png".into(),
        data: "iVBORw0KGgo=".into(),
    };
    o.attach_to_task(&delegate, &task, photo, None).await.unwrap();
    let back = o
        .resolve_task(&delegate, &task, ResolveTask::default(), None)
        .await
        .unwrap();
    assert_eq!(
        (back.assignee.as_deref(), back.delegated_by),
        (Some("Practitioner/mmg-1"), None)
    );
    o.complete_task(&gp(), &task, CompleteTask::default(), None)
        .await
        .unwrap();
    let kinds = ["TaskDelegated", "TaskCommented", "TaskAttached", "TaskResolved"];
    told(&system, &instance, &kinds).await;
}

/// History tells of each of these.
async fn told(system: &System, instance: &str, kinds: &[&str]) {
    let history = system
        .orchestrator
        .history(&gp(), instance, Default::default())
        .await
        .unwrap()
        .items;
    let told: Vec<String> = history
        .iter()
        .flat_map(|entry| &entry.events)
        .map(|event| json!(event).to_string())
        .collect();
    for kind in kinds {
        assert!(told.iter().any(|event| event.contains(kind)), "{kind}: {told:?}");
    }
}

#[tokio::test]
async fn what_lies_beside_a_task_is_read_with_it_and_dates_can_be_moved() {
    let (system, instance, task) = visit().await;
    let o = &system.orchestrator;
    o.assign_task(&gp(), &task, Assigning::Claim, AssignTask::default(), None)
        .await
        .unwrap();
    let comment = CommentTask {
        text: "Nessuna lesione".into(),
    };
    o.comment_task(&gp(), &task, comment, None).await.unwrap();
    let photo = AttachToTask {
        title: "Foto".into(),
        content_type: "image/png".into(),
        data: "iVBORw0KGgo=".into(),
    };
    o.attach_to_task(&gp(), &task, photo, None).await.unwrap();
    let follow_up = Some("2026-01-03T08:00:00Z".parse().unwrap());
    let change = ChangeTask {
        follow_up,
        priority: Some(80),
        due: None,
    };
    let changed = o.change_task(&gp(), &task, change, None).await.unwrap();
    assert_eq!((changed.follow_up, changed.priority), (follow_up, 80));

    let read = o.task(&gp(), &task).await.unwrap();
    assert_eq!(
        (read.comments[0].text.as_str(), read.comments[0].author.as_str()),
        ("Nessuna lesione", "Practitioner/mmg-1")
    );
    assert_eq!((read.follow_up, read.priority), (follow_up, 80));
    let document = read.attachments[0]
        .reference
        .strip_prefix("DocumentReference/")
        .unwrap();
    let stored = system.read("DocumentReference", document).await.unwrap();
    assert_eq!(stored["subject"]["reference"], "Patient/p1");
    told(&system, &instance, &["TaskChanged"]).await;
}

#[tokio::test]
async fn a_claim_conflict_names_the_holder_and_reassigning_needs_a_reason() {
    let (system, _, task) = visit().await;
    give_role(&system, "mmg-2", "mmg").await;
    let other = actor("Practitioner/mmg-2", "mmg");
    let claim = |who: Actor| {
        let (orchestrator, task) = (system.orchestrator.clone(), task.clone());
        async move {
            orchestrator
                .assign_task(&who, &task, Assigning::Claim, AssignTask::default(), None)
                .await
        }
    };
    let mine = claim(gp()).await.unwrap();
    assert_eq!(
        (mine.status.as_str(), mine.assignee.as_deref()),
        ("in-progress", Some("Practitioner/mmg-1"))
    );
    assert!(claim(gp()).await.is_ok(), "claiming what one holds changes nothing");
    let error = claim(other.clone()).await.unwrap_err();
    assert_eq!(error.status(), 409);
    assert!(error.to_string().contains("Practitioner/mmg-1"), "{error}");
    let error = system
        .orchestrator
        .complete_task(&other, &task, CompleteTask::default(), None)
        .await
        .unwrap_err();
    assert!(matches!(error, OrchestratorError::Held { .. }), "{error}");

    let hand_over = AssignTask {
        assignee: Some("Practitioner/mmg-2".into()),
        reason: None,
    };
    let manager = actor("Practitioner/cm", "case-manager");
    let refused = system
        .orchestrator
        .assign_task(&manager, &task, Assigning::Reassign, hand_over.clone(), None)
        .await;
    assert_eq!(refused.unwrap_err().status(), 422);
    let with_reason = AssignTask {
        reason: Some("ferie".into()),
        ..hand_over
    };
    system
        .orchestrator
        .assign_task(&manager, &task, Assigning::Reassign, with_reason, None)
        .await
        .unwrap();
    let mirror = system.read("Task", &task).await.unwrap();
    assert_eq!(
        (&mirror["owner"]["reference"], &mirror["statusReason"]["text"]),
        (&json!("Practitioner/mmg-2"), &json!("ferie"))
    );
    system
        .orchestrator
        .assign_task(&other, &task, Assigning::Unclaim, AssignTask::default(), None)
        .await
        .unwrap();
    let mirror = system.read("Task", &task).await.unwrap();
    assert_eq!((&mirror["status"], mirror.get("owner")), (&json!("ready"), None));
}

#[tokio::test]
async fn only_the_roles_of_a_task_may_do_it() {
    let (system, _, task) = visit().await;
    for stranger in [
        actor("Practitioner/9", "infermiere"),
        actor("Patient/p1", "assistito"),
        actor("Patient/p2", "assistito"),
    ] {
        let error = system
            .orchestrator
            .complete_task(&stranger, &task, CompleteTask::default(), None)
            .await
            .unwrap_err();
        assert_eq!(error.status(), 403, "{}", stranger.subject);
    }
    let other_patient = actor("Patient/p2", "assistito");
    assert_eq!(
        system
            .orchestrator
            .task(&other_patient, &task)
            .await
            .unwrap_err()
            .status(),
        403
    );
    let asked = TasksQuery {
        patient: Some("p1".into()),
        ..TasksQuery::default()
    };
    assert_eq!(
        system
            .orchestrator
            .tasks(&other_patient, asked)
            .await
            .unwrap_err()
            .status(),
        403
    );
    assert_eq!(
        system
            .orchestrator
            .tasks(&other_patient, TasksQuery::default())
            .await
            .unwrap()
            .items
            .len(),
        0
    );
}

#[tokio::test]
async fn lists_page_by_role_and_know_what_is_overdue() {
    let system = System::new();
    system
        .deploy("visita.bpmn", line("", "visita", &[user_task("visita-mmg", "mmg")]))
        .await;
    system
        .deploy(
            "educa.bpmn",
            line("", "educa", &[user_task("educazione", "infermiere")]),
        )
        .await;
    for n in 0..7 {
        system.patient(&format!("p{n}")).await;
        system.start("visita", Some(&format!("p{n}"))).await;
        system.start("educa", Some(&format!("p{n}"))).await;
        system.advance(SignedDuration::from_hours(24));
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let query = TasksQuery {
            role: Some("mmg".into()),
            limit: Some(3),
            after,
            ..TasksQuery::default()
        };
        let page = system.orchestrator.tasks(&gp(), query).await.unwrap();
        seen.extend(page.items.into_iter().map(|t| (t.patient.unwrap(), t.element)));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let patients: Vec<&str> = seen.iter().map(|(p, _)| p.as_str()).collect();
    assert_eq!(
        patients,
        ["p0", "p1", "p2", "p3", "p4", "p5", "p6"],
        "oldest first, none twice"
    );
    assert!(seen.iter().all(|(_, element)| element == "visita-mmg"));
    // Day 7: the task of day 0 is due at this very moment, half a day later it is overdue.
    let overdue = TasksQuery {
        role: Some("mmg".into()),
        overdue: true,
        ..TasksQuery::default()
    };
    assert_eq!(system.tasks(overdue.clone()).await.len(), 0);
    system.advance(SignedDuration::from_hours(36));
    assert_eq!(system.tasks(overdue).await.len(), 2);
}

#[tokio::test]
async fn a_restart_loses_nothing_and_the_process_goes_on() {
    let (system, instance, task) = visit().await;
    system
        .orchestrator
        .assign_task(&gp(), &task, Assigning::Claim, AssignTask::default(), None)
        .await
        .unwrap();
    let system = system.restart();
    assert_eq!(system.tokens(&instance).await, ["visita-mmg"]);
    let error = system
        .orchestrator
        .complete_task(
            &actor("Practitioner/mmg-2", "mmg"),
            &task,
            CompleteTask::default(),
            None,
        )
        .await
        .unwrap_err();
    assert!(
        matches!(error, OrchestratorError::Held { .. }),
        "the claim survived: {error}"
    );
    system
        .orchestrator
        .complete_task(&gp(), &task, CompleteTask::default(), None)
        .await
        .unwrap();
    assert_eq!(system.status(&instance).await, "completed");
}

#[tokio::test]
async fn an_edited_mirror_does_not_stop_the_process() {
    let (system, instance, task) = visit().await;
    let mut mirror: Value = system.read("Task", &task).await.unwrap();
    mirror["note"] = json!([{"text": "chiamato il paziente"}]);
    system.put(mirror).await;
    system
        .orchestrator
        .complete_task(&gp(), &task, CompleteTask::default(), None)
        .await
        .unwrap();
    let mirror = system.read("Task", &task).await.unwrap();
    assert_eq!(
        (&mirror["status"], &mirror["meta"]["versionId"]),
        (&json!("completed"), &json!("3"))
    );
    assert_eq!(mirror["note"][0]["text"], "chiamato il paziente");
    assert_eq!(system.status(&instance).await, "completed");
}

#[tokio::test]
async fn a_start_for_nobody_is_refused_and_cancelling_revokes() {
    let (system, instance, task) = visit().await;
    let nobody = StartInstance {
        definition: "visita".into(),
        patient: Some("nobody".into()),
        ..StartInstance::default()
    };
    let error = system.orchestrator.start(&gp(), nobody, None).await.unwrap_err();
    assert_eq!(error.status(), 422);
    assert!(error.to_string().contains("Patient/nobody"), "{error}");
    let cancel = orchestrator::api::CancelInstance {
        reason: "trasferito".into(),
    };
    system
        .orchestrator
        .cancel(&Actor::system(), &instance, cancel, None)
        .await
        .unwrap();
    assert_eq!(system.read("Task", &task).await.unwrap()["status"], "cancelled");
    assert_eq!(system.read("CarePlan", &instance).await.unwrap()["status"], "revoked");
    let error = system
        .orchestrator
        .complete_task(&gp(), &task, CompleteTask::default(), None)
        .await
        .unwrap_err();
    assert_eq!(error.status(), 409);
}

#[tokio::test]
async fn of_many_clicks_at_the_same_time_one_starts_the_pathway() {
    let (system, instance, _) = visit().await;
    let info = system.info(&instance).await;
    let process = info.definition.split(':').next().unwrap().to_owned();
    system.patient("p7").await;
    let start = |patient: &str| StartInstance {
        definition: process.clone(),
        patient: Some(patient.into()),
        only_one: true,
        ..StartInstance::default()
    };
    let gp = gp();
    let clicks = (0..6).map(|_| system.orchestrator.start(&gp, start("p7"), None));
    let answers = futures::future::join_all(clicks).await;
    let started = answers.iter().filter(|a| a.is_ok()).count();
    assert_eq!(started, 1);
    for refused in answers.into_iter().filter_map(Result::err) {
        assert_eq!(refused.status(), 409, "{refused}");
    }
    let refused = system.orchestrator.start(&gp, start("p1"), None).await.unwrap_err();
    assert!(
        refused.to_string().contains("already has a running instance"),
        "{refused}"
    );
}

/// Four tasks of a role, of different urgency and due moment, and one of a person.
async fn work() -> System {
    let system = System::new();
    let task = |id: &str, priority: u8, due: &str, who: &str| {
        format!(
            r#"<bpmn:userTask id="{id}" name="{id}"><bpmn:extensionElements><zeebe:assignmentDefinition {who}/><zeebe:priorityDefinition priority="{priority}"/><zeebe:taskSchedule dueDate="{due}"/></bpmn:extensionElements></bpmn:userTask>"#
        )
    };
    for (id, priority, due) in [
        ("calma", 10, "P1D"),
        ("usuale-tardi", 50, "P9D"),
        ("usuale-presto", 50, "P2D"),
        ("urgente", 90, "P9D"),
    ] {
        let xml = task(id, priority, due, r#"candidateGroups="mmg""#);
        system
            .deploy(&format!("{id}.bpmn"), line("", &format!("p-{id}"), &[(id, xml)]))
            .await;
        system.start(&format!("p-{id}"), None).await;
    }
    let named = task("nominata", 50, "P5D", r#"candidateUsers="Practitioner/9""#);
    system.deploy("n.bpmn", line("", "n", &[("nominata", named)])).await;
    system.start("n", None).await;
    system
}

#[tokio::test]
async fn lists_of_work_go_by_urgency_then_by_due_moment_and_show_named_people_their_tasks() {
    let system = work().await;
    let names = async |query: TasksQuery| {
        let found = system.orchestrator.tasks(&gp(), query).await.unwrap().items;
        found.into_iter().map(|t| t.element).collect::<Vec<_>>()
    };
    let mine = TasksQuery {
        role: Some("mmg".into()),
        ..TasksQuery::default()
    };
    assert_eq!(
        names(mine.clone()).await,
        ["urgente", "usuale-presto", "usuale-tardi", "calma"]
    );
    let with_me = TasksQuery {
        candidate: Some("Practitioner/9".into()),
        ..mine.clone()
    };
    assert_eq!(
        names(with_me).await,
        ["urgente", "usuale-presto", "nominata", "usuale-tardi", "calma"]
    );
    let urgent = TasksQuery {
        urgency: Some("asap,stat".into()),
        ..mine.clone()
    };
    assert_eq!(names(urgent).await, ["urgente"]);

    let all = system.orchestrator.tasks(&gp(), mine.clone()).await.unwrap().items;
    let first = &all[0];
    let change = ChangeTask {
        follow_up: Some("2026-01-05T00:00:00Z".parse().unwrap()),
        priority: Some(5),
        ..ChangeTask::default()
    };
    let head = actor("Practitioner/cm", "case-manager");
    system
        .orchestrator
        .change_task(&head, &first.id, change, None)
        .await
        .unwrap();
    assert_eq!(
        names(mine.clone()).await.last().map(String::as_str),
        Some("urgente"),
        "it moves with its priority"
    );
    let of = |when: &str| TasksQuery {
        follow_up: Some(when.into()),
        ..mine.clone()
    };
    assert_eq!(
        (names(of("due")).await.len(), names(of("later")).await),
        (0, vec!["urgente".to_owned()])
    );
    system.clock.advance(SignedDuration::from_hours(24 * 5));
    assert_eq!((names(of("due")).await.len(), names(of("later")).await.len()), (1, 0));
}
