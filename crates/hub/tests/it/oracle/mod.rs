//! Searches through the router against a judge that reads the resources' JSON and knows nothing of the index: random
//! resources, random questions of every type of parameter, modifier, chain and order.

mod dice;
mod judge;
mod order;
mod question;
mod value;
mod world;

use crate::server::Server;
use dice::Dice;
use http::StatusCode;
use question::Question;
use serde_json::Value;
use std::collections::BTreeSet;
use world::World;

/// Worlds, and questions put to each.
const WORLDS: u64 = 3;
const QUESTIONS: usize = 100;

async fn fill(world: &World) -> Server {
    let server = Server::new();
    for resource in &world.resources {
        let reply = server.put(resource).await;
        assert!(reply.status.is_success(), "{resource}: {}", reply.text);
    }
    server
}

/// The ids in the order of the answer, all pages together.
async fn ask(server: &Server, question: &Question) -> Vec<String> {
    let (mut ids, mut next) = (Vec::new(), Some(question.url()));
    while let Some(url) = next {
        let reply = server.get(&url).await;
        assert_eq!(reply.status, StatusCode::OK, "{question}: {}", reply.text);
        let page = reply.ids("match");
        assert!(page.len() <= question.count, "{question}");
        ids.extend(page);
        next = reply.link("next");
    }
    ids
}

fn check(world: &World, question: &Question, ids: &[String]) {
    let holds = |resource: &&Value| {
        resource["resourceType"] == question.rtype
            && question
                .pairs
                .iter()
                .all(|(name, value)| judge::holds(world, resource, name, value))
    };
    let expected: Vec<&Value> = world.resources.iter().filter(holds).collect();
    let wanted: BTreeSet<&str> = expected
        .iter()
        .map(|resource| resource["id"].as_str().unwrap())
        .collect();
    let found: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    let show = |ids: Vec<&&str>| {
        let of = |id: &&str| world.resources.iter().find(|resource| resource["id"] == *id);
        ids.into_iter()
            .filter_map(of)
            .map(|resource| format!("\n{resource}"))
            .collect::<String>()
    };
    assert!(
        wanted == found && ids.len() == found.len(),
        "{question}\nnot found:{}\nfound too much:{}",
        show(wanted.difference(&found).collect()),
        show(found.difference(&wanted).collect()),
    );
    let find = |id: &String| expected.iter().find(|resource| resource["id"] == *id).unwrap();
    for pair in ids.windows(2) {
        let order = order::compare(&question.sort, find(&pair[0]), find(&pair[1]));
        assert!(
            order.is_le(),
            "{question}: {} before {}",
            find(&pair[0]),
            find(&pair[1])
        );
    }
}

#[tokio::test]
async fn a_search_finds_what_the_resources_say() {
    let mut met = 0;
    for seed in 0..WORLDS {
        let mut dice = Dice::new(seed);
        let world = World::new(&mut dice);
        let server = fill(&world).await;
        for _ in 0..QUESTIONS {
            let question = Question::new(&mut dice);
            let ids = ask(&server, &question).await;
            check(&world, &question, &ids);
            met += usize::from(!ids.is_empty());
        }
    }
    let asked = WORLDS as usize * QUESTIONS;
    assert!(
        met * 3 > asked,
        "only {met} of {asked} questions found anything: they ask too little"
    );
}
