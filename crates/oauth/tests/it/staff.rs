//! A token of a member of staff is worth what the registry says at the moment it is used.

use crate::world::{World, by_code, query_of};
use access::{Actor, NewAccount};
use http::StatusCode;
use serde_json::{Value, json};
use store::{Method, Transaction, prepare_write};

/// Written as another node would: nobody here is told.
async fn write(world: &World, resource: Value) {
    let [rtype, id] = ["resourceType", "id"].map(|name| resource[name].as_str().unwrap().to_owned());
    let previous = world
        .store
        .read(&rtype, &id)
        .await
        .unwrap()
        .map_or(0, |old| old.version);
    let now = store::Clock::now(world.clock.as_ref());
    let prepared = prepare_write(world.store.definitions(), resource, &id, previous, now, Method::Put).unwrap();
    let transaction = Transaction {
        resources: vec![prepared.write],
        ..Transaction::default()
    };
    world.store.commit(transaction).await.unwrap();
}

fn role(id: &str, code: &str, end: Option<&str>) -> Value {
    let mut role = json!({"resourceType": "PractitionerRole", "id": id, "active": true,
        "practitioner": {"reference": "Practitioner/verdi"}, "organization": {"reference": "Organization/asl", "display": "ASL"},
        "code": [{"coding": [{"system": "https://sinfonia.it/fhir/CodeSystem/role", "code": code}]}]});
    if let Some(end) = end {
        role["period"] = json!({"start": "2026-01-01", "end": end});
    }
    role
}

/// An access token of hers, with every role that she has now.
async fn token(world: &World) -> String {
    let account = NewAccount {
        username: "verdi".into(),
        password: "una frase lunga e mia".into(),
        actor: Actor {
            subject: "Practitioner/verdi".into(),
            name: "Anna Verdi".into(),
            ..Actor::default()
        },
        demo: true,
    };
    world.identity.accounts().create(account).await.unwrap();
    world.identity.accounts().set_registry("verdi", true).await.unwrap();
    let signed_in = access::Identity::sign_in(&world.identity, "verdi", "una frase lunga e mia", None)
        .await
        .unwrap();
    let (_, to) = world.authorize(&[("scope", "user/*.rs")]).await;
    let id = to.strip_prefix("/oauth/consenti/").unwrap();
    let scopes = ["user/*.rs".to_owned()];
    let back = world
        .oauth
        .approve(id, &signed_in.session, &scopes, None)
        .await
        .unwrap();
    let (_, answer) = world.token(&by_code(&query_of(&back, "code"))).await;
    answer["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_role_that_ends_is_gone_from_the_token_at_the_next_request() {
    let world = World::new().await;
    write(&world, role("a", "mmg", Some("2026-11-22T08:05:00Z"))).await;
    write(&world, role("b", "medico", None)).await;
    let token = token(&world).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/fhir/Patient/anna", listener.local_addr().unwrap());
    let router = world.router.clone();
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let client = reqwest::Client::new();
    let ask = async || {
        let answer = client.get(&url).bearer_auth(&token).send().await.unwrap();
        let status = StatusCode::from_u16(answer.status().as_u16()).unwrap();
        let who: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default();
        (status, who["roles"].clone())
    };
    assert_eq!(ask().await, (StatusCode::OK, json!(["mmg", "medico"])));
    world.pass(299);
    assert_eq!(ask().await.1, json!(["mmg", "medico"]), "to its last second");
    world.pass(2);
    assert_eq!(
        ask().await,
        (StatusCode::OK, json!(["medico"])),
        "the other role stands"
    );
    // No second passes, and nobody here is told: another node ends one role and gives another.
    write(&world, role("c", "case-manager", None)).await;
    assert_eq!(ask().await.1, json!(["medico", "case-manager"]));
    for id in ["b", "c"] {
        let mut ended = role(id, "medico", None);
        ended["active"] = json!(false);
        write(&world, ended).await;
    }
    assert_eq!(ask().await.0, StatusCode::UNAUTHORIZED);
    // The permission ended with the work: a new assignment does not bring it back.
    write(&world, role("b", "medico", None)).await;
    assert_eq!(ask().await.0, StatusCode::UNAUTHORIZED);
    server.abort();
}
