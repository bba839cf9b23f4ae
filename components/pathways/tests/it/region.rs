//! The whole demo region, built over a real store.

use crate::system::System;
use access::Actor;
use component::{InstanceQuery, TaskQuery};
use orchestrator::api::{InstanceInfo, TaskInfo};
use std::collections::BTreeMap;

const NOW: &str = "2026-11-21T09:00:00Z";

async fn all_tasks(system: &System, state: &str) -> Vec<TaskInfo> {
    let client = system.context.peers.orchestrator(&Actor::system());
    let mut query = TaskQuery {
        state: Some(state.into()),
        limit: Some(100),
        ..TaskQuery::default()
    };
    let mut out = Vec::new();
    loop {
        let page = client.tasks(&query).await.unwrap();
        out.extend(page.items);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return out,
        }
    }
}

async fn instances(system: &System) -> Vec<InstanceInfo> {
    let client = system.context.peers.orchestrator(&Actor::system());
    client
        .instances(&InstanceQuery {
            limit: Some(100),
            ..InstanceQuery::default()
        })
        .await
        .unwrap()
        .items
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_years_leave_a_living_region() {
    let system = System::open(NOW).await;
    (pathways::component().demo.unwrap())(system.demo()).await.unwrap();

    let client = system.context.peers.orchestrator(&Actor::system());
    let incidents = client.incidents().await.unwrap();
    assert!(incidents.is_empty(), "{incidents:#?}");

    let instances = instances(&system).await;
    let count = |status: &str| instances.iter().filter(|i| i.status == status).count();
    let open = all_tasks(&system, "open").await;
    let done = all_tasks(&system, "done").await;
    let now = NOW.parse().unwrap();
    let mut by_role: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for task in &open {
        let role = by_role.entry(task.roles[0].as_str()).or_default();
        role.0 += 1;
        role.1 += usize::from(task.due.is_some_and(|due| due < now));
    }
    let mut by_element: BTreeMap<&str, usize> = BTreeMap::new();
    for task in &done {
        *by_element.entry(task.element.as_str()).or_default() += 1;
    }
    let summary = format!(
        "{} active, {} completed; open (overdue) {by_role:?}; done {by_element:?}",
        count("active"),
        count("completed")
    );
    println!("{summary}");
    assert!(count("active") >= 22 && count("completed") >= 5, "{summary}");
    for role in ["mmg", "diabetologo", "infermiere", "case-manager", "assistito"] {
        assert!(
            by_role.get(role).is_some_and(|(open, _)| *open > 0),
            "nothing open for {role}: {summary}"
        );
    }
    assert!(
        by_role.values().map(|(_, overdue)| overdue).sum::<usize>() >= 3,
        "{summary}"
    );
    for element in [
        "contatto-case-manager",
        "revisione-terapia",
        "valutazione-diabetologo",
        "chiusura",
        "esame-conferma",
    ] {
        assert!(by_element.contains_key(element), "nobody ever did {element}: {summary}");
    }
    let patient = open
        .iter()
        .find(|t| t.patient.as_deref() == Some("paz-001") && t.roles == ["assistito"]);
    assert!(
        patient.is_some(),
        "the assisted person of the demo account has nothing to do: {summary}"
    );
    system.close().await;
}
