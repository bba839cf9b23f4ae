//! The review of an emergency.

use crate::emergency::opened;
use crate::world::{Browser, World, found};
use access::Actor;
use component::TaskQuery;
use http::StatusCode;
use orchestrator::api::{CompleteTask, StartInstance};
use serde_json::json;

async fn reviewed(world: &World) -> (Browser, String) {
    opened(world).await;
    world.settle().await;
    let officer = world.browser("dpo").await;
    let list = officer.get("/ufficio-privacy/accessi?stato=rivedere").await;
    let path = list.text.split("href=\"").find_map(|rest| {
        let path = rest.split('"').next()?;
        path.starts_with("/ufficio-privacy/accessi/").then(|| path.to_owned())
    });
    (
        officer,
        path.unwrap_or_else(|| panic!("the review reached the office: {}", list.text)),
    )
}

async fn findings(world: &World) -> usize {
    found(&world.fhir(&Actor::system()), "DetectedIssue", &[]).await.len()
}

#[tokio::test]
async fn it_reaches_the_office_with_its_deadline_and_says_no_names_in_the_process() {
    let world = World::new().await;
    let (officer, path) = reviewed(&world).await;
    let page = officer.get(&path).await;
    assert!(
        page.text.contains("Verdi Anna") && page.text.contains("incosciente"),
        "{}",
        page.text
    );
    let tasks = world
        .context
        .peers
        .orchestrator(&World::actor("dpo", "dpo"))
        .tasks(&TaskQuery::for_role("dpo"))
        .await;
    let task = tasks.unwrap().items.pop().unwrap();
    // One hour open, then five days.
    assert_eq!(task.due.unwrap().to_string(), "2026-11-29T10:00:00Z");
    let instance = world
        .context
        .peers
        .orchestrator(&World::actor("gp", "mmg"))
        .instance(&task.instance)
        .await
        .unwrap();
    let text = serde_json::to_string(&instance).unwrap();
    assert!(
        !text.contains("stranger") && !text.contains("Practitioner/er"),
        "{text}"
    );
    for who in ["gp", "er", "cm", "root", "anna"] {
        assert_eq!(
            world.browser(who).await.get(&path).await.status,
            StatusCode::FORBIDDEN,
            "{who}"
        );
    }
}

#[tokio::test]
async fn justified_ends_it_and_not_justified_opens_a_finding() {
    for (outcome, expected) in [("giustificato", 0), ("non-giustificato", 1)] {
        let world = World::new().await;
        let (officer, path) = reviewed(&world).await;
        if outcome == "non-giustificato" {
            let empty = officer.post(&path, &[("esito", outcome)]).await;
            assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY, "a note is needed");
        }
        let done = officer
            .post(&path, &[("esito", outcome), ("nota", "Sentito il medico.")])
            .await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
        world.settle().await;
        assert_eq!(findings(&world).await, expected, "{outcome}");
        let page = officer.get(&path).await;
        assert!(page.text.contains("Sentito il medico."));
        assert!(!page.text.contains("name=\"esito\""), "it is over");
        let tasks = TaskQuery::for_role("dpo");
        let left = world
            .context
            .peers
            .orchestrator(&World::actor("dpo", "dpo"))
            .tasks(&tasks)
            .await
            .unwrap();
        assert_eq!(left.items.len(), 0);
    }
}

#[tokio::test]
async fn to_be_looked_into_comes_back_later() {
    let world = World::new().await;
    let (officer, path) = reviewed(&world).await;
    officer
        .post(&path, &[("esito", "approfondire"), ("nota", "Chiedo la cartella.")])
        .await;
    world.settle().await;
    let client = world.context.peers.orchestrator(&World::actor("dpo", "dpo"));
    let task = client
        .tasks(&TaskQuery::for_role("dpo"))
        .await
        .unwrap()
        .items
        .pop()
        .unwrap();
    assert_eq!(task.due.unwrap().to_string(), "2026-12-09T09:00:00Z");
    let done = officer
        .post(&path, &[("esito", "giustificato"), ("nota", "Cartella letta.")])
        .await;
    assert_eq!(done.status, StatusCode::SEE_OTHER);
    world.settle().await;
    assert_eq!(client.tasks(&TaskQuery::for_role("dpo")).await.unwrap().items.len(), 0);
}

#[tokio::test]
async fn who_is_not_of_the_office_decides_nothing() {
    let world = World::new().await;
    reviewed(&world).await;
    // A case manager may complete any task; what they say of a review does not count.
    let other = world.context.peers.orchestrator(&World::actor("cm", "case-manager"));
    let task = other
        .tasks(&TaskQuery::for_role("dpo"))
        .await
        .unwrap()
        .items
        .pop()
        .unwrap();
    let result = CompleteTask {
        variables: json!({"esito": "giustificato"}).as_object().unwrap().clone(),
        resources: vec![],
    };
    other.complete(&task.id, &result).await.unwrap();
    world.settle().await;
    let client = world.context.peers.orchestrator(&World::actor("dpo", "dpo"));
    let again = client.tasks(&TaskQuery::for_role("dpo")).await.unwrap().items;
    assert_eq!(again.len(), 1, "the review is still to be done");
    // The officer may also end the task in the list of work: the outcome is noted.
    client.complete(&again[0].id, &result).await.unwrap();
    world.settle().await;
    assert_eq!(client.tasks(&TaskQuery::for_role("dpo")).await.unwrap().items.len(), 0);
    let officer = world.browser("dpo").await;
    assert!(
        officer
            .get("/ufficio-privacy/accessi")
            .await
            .text
            .contains("giustificato")
    );
}

#[tokio::test]
async fn only_the_program_starts_a_review() {
    let world = World::new().await;
    reviewed(&world).await;
    let system = world.context.peers.orchestrator(&Actor::system());
    let all = system.instances(&Default::default()).await.unwrap().items;
    for (id, role) in [
        ("er", "medico"),
        ("cm", "case-manager"),
        ("dpo", "dpo"),
        ("root", "admin"),
    ] {
        let start = StartInstance {
            definition: "revisione-accesso-emergenza".into(),
            business_key: all[0].business_key.clone(),
            ..StartInstance::default()
        };
        let other = world.context.peers.orchestrator(&World::actor(id, role));
        let refused = other.start(&start).await.unwrap_err();
        assert_eq!(refused.status(), Some(StatusCode::FORBIDDEN), "{role}");
    }
    assert_eq!(
        system.instances(&Default::default()).await.unwrap().items.len(),
        all.len()
    );
}

#[tokio::test]
async fn who_reviewed_is_who_ended_the_task_and_of_what_it_was_about() {
    let world = World::new().await;
    reviewed(&world).await;
    let officer = world.context.peers.orchestrator(&World::actor("dpo", "dpo"));
    let manager = world.context.peers.orchestrator(&World::actor("cm", "case-manager"));
    let task = officer
        .tasks(&TaskQuery::for_role("dpo"))
        .await
        .unwrap()
        .items
        .remove(0);
    // The officer has it in hand; the case manager ends it, and says it in a variable, too.
    officer.claim(&task.id).await.unwrap();
    let said = json!({"esito": "giustificato"}).as_object().unwrap().clone();
    manager.set_variables(&task.instance, said.clone(), None).await.unwrap();
    let result = CompleteTask {
        variables: said,
        resources: vec![],
    };
    manager.complete(&task.id, &result).await.unwrap();
    world.settle().await;
    let next = officer
        .tasks(&TaskQuery::for_role("dpo"))
        .await
        .unwrap()
        .items
        .remove(0);
    assert_ne!(next.id, task.id, "the review is still to be done");
    // The outcome of the officer's own completion counts, not what stood in the variable.
    let said = json!({"esito": "giustificato"}).as_object().unwrap().clone();
    manager.set_variables(&next.instance, said, None).await.unwrap();
    officer.complete(&next.id, &CompleteTask::default()).await.unwrap();
    world.settle().await;
    let next = officer
        .tasks(&TaskQuery::for_role("dpo"))
        .await
        .unwrap()
        .items
        .remove(0);
    let result = CompleteTask {
        variables: json!({"esito": "non-giustificato"}).as_object().unwrap().clone(),
        resources: vec![],
    };
    officer.complete(&next.id, &result).await.unwrap();
    world.settle().await;
    assert_eq!(findings(&world).await, 1);
    let grants = world.browser("dpo").await.get("/ufficio-privacy/accessi").await.text;
    assert!(
        grants.contains("non giustificato") || grants.contains("Non giustificato"),
        "{grants}"
    );
}

#[tokio::test]
async fn a_review_pointed_at_another_access_notes_nothing() {
    let world = World::new().await;
    reviewed(&world).await;
    let officer = world.context.peers.orchestrator(&World::actor("dpo", "dpo"));
    let manager = world.context.peers.orchestrator(&World::actor("cm", "case-manager"));
    let task = officer
        .tasks(&TaskQuery::for_role("dpo"))
        .await
        .unwrap()
        .items
        .remove(0);
    let other = json!({"accesso": "7fffffffffffffff-altro"})
        .as_object()
        .unwrap()
        .clone();
    manager.set_variables(&task.instance, other, None).await.unwrap();
    let result = CompleteTask {
        variables: json!({"esito": "giustificato"}).as_object().unwrap().clone(),
        resources: vec![],
    };
    officer.complete(&task.id, &result).await.unwrap();
    world.settle().await;
    let due = world
        .browser("dpo")
        .await
        .get("/ufficio-privacy/accessi?stato=rivedere")
        .await;
    assert!(due.text.contains("Verdi Anna"), "{}", due.text);
}
