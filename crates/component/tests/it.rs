//! The same calls, in one process and over HTTP.

use access::{
    Actor, Guard, GuardOptions, Identity as _, IdentityOptions, LocalIdentity, NewAccount, PasswordCost, Policy,
    Routes, SignInError, SigningKey, identity_routes,
};
use axum::Json;
use axum::extract::{Path, RawQuery};
use axum::routing::{get, post};
use bytes::Bytes;
use component::{Component, Peer, PeerError, Peers, RemoteIdentity, TaskQuery};
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{AuditEntry, ManualClock, SeededRandom, Store};

const PASSWORD: &str = "una frase lunga";

struct World {
    _folder: test_store::Stand,
    store: Arc<dyn Store>,
    guard: Guard,
}

/// A node that has the store: what the hub's and the orchestrator's routes answer here is their published form.
async fn node() -> (World, axum::Router) {
    let (store, folder) = test_store::stand();
    let clock = Arc::new(ManualClock::new("2026-11-21T08:00:00Z".parse().unwrap()));
    let random = Arc::new(SeededRandom::new(9));
    let options = IdentityOptions {
        password: PasswordCost::weak(),
        ..IdentityOptions::default()
    };
    let identity = LocalIdentity::new(store.clone(), clock.clone(), random.clone(), options);
    let actor = person();
    let new = NewAccount {
        username: "rossi".into(),
        password: PASSWORD.into(),
        actor,
        demo: false,
    };
    identity.accounts().create(new).await.unwrap();
    let key = SigningKey::from_bytes([7; 32]);
    let identity: Arc<dyn access::Identity> = Arc::new(identity);
    let authorizer = access::Authorizer::standard(store.clone(), clock.clone());
    let guard = Guard::new(
        identity.clone(),
        authorizer,
        &key,
        clock,
        random.as_ref(),
        GuardOptions::default(),
    );
    let router = routes().merge(identity_routes(&identity)).guard(&guard);
    (
        World {
            _folder: folder,
            store,
            guard,
        },
        router,
    )
}

fn person() -> Actor {
    Actor {
        subject: "Practitioner/1".into(),
        name: "Rossi".into(),
        roles: vec!["mmg".into()],
        ..Actor::default()
    }
}

fn routes() -> Routes {
    async fn read(actor: Actor, Path((rtype, id)): Path<(String, String)>) -> (StatusCode, Json<Value>) {
        if id == "nessuno" {
            let issue = json!({ "resourceType": "OperationOutcome", "issue": [{ "diagnostics": "non esiste" }] });
            return (StatusCode::NOT_FOUND, Json(issue));
        }
        (
            StatusCode::OK,
            Json(json!({ "resourceType": rtype, "id": id, "asked": actor.subject })),
        )
    }
    async fn search(RawQuery(query): RawQuery) -> Json<Value> {
        let entry = |id: &str| json!({ "resource": { "id": id }, "search": { "mode": "match" } });
        if query.as_deref() == Some("dopo=2") {
            return Json(json!({ "entry": [entry("3")] }));
        }
        let next = json!([{ "relation": "next", "url": "https://elsewhere.example/fhir/Patient?dopo=2" }]);
        Json(json!({ "link": next, "entry": [entry("1"), entry("2")] }))
    }
    async fn tasks(RawQuery(query): RawQuery) -> (StatusCode, Json<Value>) {
        let title = json!({ "title": "Bad Request", "detail": query });
        (StatusCode::BAD_REQUEST, Json(title))
    }
    async fn claim(actor: Actor, Path(id): Path<String>) -> Json<Value> {
        Json(json!({ "id": id, "assignee": actor.subject }))
    }
    Routes::new()
        .route(Method::GET, "/fhir/{type}", Policy::SignedIn, get(search))
        .route(Method::GET, "/fhir/{type}/{id}", Policy::SignedIn, get(read))
        .route(Method::GET, "/orchestrator/tasks", Policy::SignedIn, get(tasks))
        .route(
            Method::POST,
            "/orchestrator/tasks/{id}/claim",
            Policy::SignedIn,
            post(claim),
        )
}

/// Peers in both shapes: the router itself, and the router behind a socket.
async fn both() -> (World, [Peers; 2]) {
    let (world, router) = node().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let served = router.clone();
    tokio::spawn(async move { axum::serve(listener, served).await });
    let shapes = [Peer::Local(router), Peer::remote(&base).unwrap()].map(|peer| {
        let peers = Peers::new(world.guard.tokens().clone());
        peers.add("hub", peer.clone());
        peers.add("orchestrator", peer);
        peers
    });
    (world, shapes)
}

#[tokio::test]
async fn both_shapes_give_the_same_answers() {
    let (_world, shapes) = both().await;
    for peers in shapes {
        let fhir = peers.fhir(&person());
        let read = fhir.read("Patient", "p1").await.unwrap();
        assert_eq!(read["asked"], "Practitioner/1", "the actor travels");
        assert_eq!(fhir.find("Patient", "nessuno").await.unwrap(), None);
        let error = fhir.read("Patient", "nessuno").await.unwrap_err();
        assert!(
            error.is_not_found() && error.to_string().contains("non esiste"),
            "{error}"
        );
        let ids: Vec<Value> = fhir
            .search_all("Patient", &[], 10)
            .await
            .unwrap()
            .iter()
            .map(|r| r["id"].clone())
            .collect();
        assert_eq!(ids, ["1", "2", "3"], "pages are followed, on the same peer");
        assert_eq!(fhir.search_all("Patient", &[], 1).await.unwrap().len(), 1);
        let orchestrator = peers.orchestrator(&person());
        let error = orchestrator
            .tasks(&TaskQuery::for_role("case-manager"))
            .await
            .unwrap_err();
        assert_eq!(error.to_string(), "400 Bad Request: role=case-manager&state=open");
        orchestrator.claim("i1.2").await.unwrap();
    }
}

#[tokio::test]
async fn a_token_signed_with_another_key_is_refused() {
    let (world, router) = node().await;
    let clock = Arc::new(ManualClock::new("2026-11-21T08:00:00Z".parse().unwrap()));
    let peers = Peers::new(access::Tokens::new(&SigningKey::from_bytes([8; 32]), clock));
    peers.add("hub", Peer::Local(router));
    let error = peers.fhir(&Actor::system()).read("Patient", "p1").await.unwrap_err();
    assert_eq!(error.status(), Some(StatusCode::UNAUTHORIZED));
    assert!(error.to_string().contains("same key file"), "{error}");
    drop(world);
}

#[tokio::test]
async fn a_node_without_a_store_knows_people_through_the_hub() {
    let (world, shapes) = both().await;
    for peers in shapes {
        let identity = RemoteIdentity::new(peers.clone());
        let signed_in = identity.sign_in("rossi", PASSWORD, None).await.unwrap();
        assert_eq!(
            identity.session(&signed_in.token).await.unwrap(),
            Some(signed_in.session)
        );
        identity.sign_out(&signed_in.token).await.unwrap();
        assert_eq!(identity.session(&signed_in.token).await.unwrap(), None);
        assert!(matches!(identity.verify("rossi", "no").await, Err(SignInError::Wrong)));
        assert!(identity.demo_accounts().await.unwrap().is_empty());
        let entry = AuditEntry {
            at: "2026-11-21T08:00:00Z".parse().unwrap(),
            actor: "Practitioner/1".into(),
            action: "GET".into(),
            target: "/remota".into(),
            outcome: "permit".into(),
            status: 200,
            ..AuditEntry::default()
        };
        identity.record(vec![entry]).await.unwrap();
        let body = Bytes::from_static(br#"{"token":"x"}"#);
        let request = http::Request::post("/access/session").header(header::CONTENT_TYPE, "application/json");
        let answer = peers.call("hub", &person(), request.body(body).unwrap()).await.unwrap();
        assert_eq!(
            answer.status(),
            StatusCode::FORBIDDEN,
            "a person may not ask for sessions"
        );
    }
    let kept = world
        .store
        .snapshot()
        .await
        .unwrap()
        .audit(&store::AuditFilter::newest(None, 100))
        .await
        .unwrap()
        .entries();
    assert_eq!(kept.iter().filter(|e| e.target == "/remota").count(), 2);
}

#[tokio::test]
async fn what_is_missing_is_said_plainly() {
    let (world, _) = node().await;
    let peers = Peers::new(world.guard.tokens().clone());
    let error = peers.fhir(&person()).read("Patient", "1").await.unwrap_err();
    assert!(
        matches!(error, PeerError::Unknown(ref name) if name == "hub"),
        "{error}"
    );
    let component = Component {
        name: "booking",
        needs: &["hub"],
        routes: |_| Routes::new(),
        navigation: &[],
        workers: Vec::new,
        deployments: &[],
        demo: None,
    };
    let said = peers.check_needs([&component]).unwrap_err();
    assert!(
        said.contains("'booking' needs the peer 'hub'") && said.contains("--peer hub=URL"),
        "{said}"
    );
    for base in ["ftp://x", "hub.example", "http://"] {
        assert!(Peer::remote(base).is_err(), "{base}");
    }
}

/// Where a node answers `/health/ready` in its manner.
async fn answering(status: Option<StatusCode>) -> Peer {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let answer = async move || match status {
        Some(status) => status,
        None => std::future::pending().await,
    };
    let router = axum::Router::new().route("/health/ready", get(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Peer::remote(&base).unwrap()
}

#[tokio::test]
async fn peers_elsewhere_are_asked_whether_they_are_ready() {
    let (world, router) = node().await;
    let peers = Peers::new(world.guard.tokens().clone());
    peers.add("here", Peer::Local(router));
    peers.add("ready", answering(Some(StatusCode::OK)).await);
    peers.add("starting", answering(Some(StatusCode::SERVICE_UNAVAILABLE)).await);
    peers.add("silent", answering(None).await);
    let nobody = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    peers.add("gone", Peer::remote(&nobody).unwrap());
    let found = peers.ready(std::time::Duration::from_millis(300)).await;
    let found: Vec<(&str, Option<&str>)> = found.iter().map(|(name, why)| (name.as_str(), *why)).collect();
    assert_eq!(
        found,
        [
            ("gone", Some("it cannot be reached")),
            ("ready", None),
            ("silent", Some("it does not answer in time")),
            ("starting", Some("it answers that it is not ready")),
        ],
        "and nobody asks oneself"
    );
}

#[tokio::test]
async fn what_peers_do_belongs_to_the_trace_of_who_asked() {
    let (world, _) = node().await;
    let peers = Peers::new(world.guard.tokens().clone());
    let told = async |headers: http::HeaderMap| {
        let given = headers
            .get("traceparent")
            .map_or("none", |value| value.to_str().unwrap());
        let inside = access::TraceContext::current().map_or("none".into(), access::TraceContext::header);
        format!("{given} {inside}")
    };
    let router = axum::Router::new().route("/trace", get(told));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    peers.add(
        "far",
        Peer::remote(&format!("http://{}", listener.local_addr().unwrap())).unwrap(),
    );
    peers.add("near", Peer::Local(router.clone()));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let asked = async |peer: &str| {
        let request = http::Request::get("/trace").body(Bytes::new()).unwrap();
        let answer = peers.call(peer, &person(), request).await.unwrap();
        String::from_utf8(answer.into_body().to_vec()).unwrap()
    };
    assert_eq!(asked("far").await, "none none");
    let context = access::TraceContext::begun("a request");
    let header = context.header();
    context
        .within(async {
            assert_eq!(asked("near").await, format!("{header} {header}"));
            assert_eq!(
                asked("far").await,
                format!("{header} none"),
                "another process takes it from the header"
            );
        })
        .await;
}
