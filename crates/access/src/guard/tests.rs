//! The wrapper over the real store: who gets in, what is refused, what the audit keeps.

use crate::{
    Actor, AuditPatient, Authorizer, Guard, GuardOptions, Identity, IdentityOptions, LocalIdentity, NewAccount,
    PasswordCost, Policy, Routes, Session, SigningKey,
};
use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use http::{Method, Request, StatusCode, header};
use jiff::SignedDuration;
use std::sync::Arc;
use store::{ManualClock, SeededRandom, Store};
use tower::ServiceExt as _;

struct World {
    _folder: test_store::Stand,
    store: Arc<dyn Store>,
    clock: Arc<ManualClock>,
    identity: LocalIdentity,
    guard: Guard,
    router: Router,
}

const PASSWORD: &str = "una frase lunga";

impl World {
    async fn new(open_api: bool) -> Self {
        let (store, folder) = test_store::stand();
        let clock = Arc::new(ManualClock::new("2026-11-21T08:00:00Z".parse().unwrap()));
        let random = Arc::new(SeededRandom::new(7));
        let options = IdentityOptions {
            password: PasswordCost::weak(),
            ..IdentityOptions::default()
        };
        let identity = LocalIdentity::new(store.clone(), clock.clone(), random.clone(), options);
        for (username, role) in [("rossi", "mmg"), ("bianchi", "infermiere")] {
            let actor = Actor {
                subject: format!("Practitioner/{username}"),
                name: username.to_owned(),
                roles: vec![role.to_owned()],
                ..Actor::default()
            };
            let password = PASSWORD.to_owned();
            identity
                .accounts()
                .create(NewAccount {
                    username: username.into(),
                    password,
                    actor,
                    demo: false,
                })
                .await
                .unwrap();
        }
        let key = SigningKey::from_bytes([3; 32]);
        let options = GuardOptions {
            open_api,
            secure_cookies: false,
            paced: true,
        };
        let guard = Guard::new(
            Arc::new(identity.clone()),
            Authorizer::standard(store.clone(), clock.clone()),
            &key,
            clock.clone(),
            random.as_ref(),
            options,
        );
        let router = routes().guard(&guard);
        Self {
            _folder: folder,
            store,
            clock,
            identity,
            guard,
            router,
        }
    }

    async fn send(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn status(&self, request: Request<Body>) -> u16 {
        self.send(request).await.status().as_u16()
    }

    async fn sign_in(&self, username: &str) -> (String, Session) {
        let signed_in = self.identity.sign_in(username, PASSWORD, None).await.unwrap();
        (format!("sinfonia={}", signed_in.token), signed_in.session)
    }
}

fn routes() -> Routes {
    async fn patient() -> Response {
        let mut response = "ok".into_response();
        response.extensions_mut().insert(AuditPatient("p1".into()));
        response
    }
    Routes::new()
        .route(Method::GET, "/salute", Policy::Public, get(|| async { "ok" }))
        .route(
            Method::GET,
            "/chi",
            Policy::SignedIn,
            get(|actor: Actor| async move { actor.subject }),
        )
        .route(
            Method::POST,
            "/chi",
            Policy::SignedIn,
            post(|body: String| async move { body }),
        )
        .route(Method::GET, "/visite", Policy::AnyRole(&["mmg"]), get(patient))
        .route(
            Method::GET,
            "/fhir/{type}/{id}",
            Policy::SignedIn,
            get(|| async { "{}" }),
        )
}

fn ask(path: &str) -> http::request::Builder {
    Request::builder().uri(path)
}

fn empty(builder: http::request::Builder) -> Request<Body> {
    builder.body(Body::empty()).unwrap()
}

fn basic(username: &str, password: &str) -> String {
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{username}:{password}"));
    format!("Basic {encoded}")
}

async fn text(response: Response) -> String {
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn every_route_but_the_public_ones_denies_anonymous() {
    let world = World::new(false).await;
    for info in routes().list() {
        let path = info.path.replace("{type}", "Patient").replace("{id}", "1");
        let status = world.status(empty(ask(&path).method(info.method.clone()))).await;
        let expected = if matches!(info.policy, Policy::Public) {
            200
        } else {
            401
        };
        assert_eq!(status, expected, "{} {path}", info.method);
    }
}

#[tokio::test]
async fn refusals_speak_the_callers_language() {
    let world = World::new(false).await;
    let fhir = world.send(empty(ask("/fhir/Patient/1"))).await;
    assert_eq!(fhir.headers()[header::CONTENT_TYPE], "application/fhir+json");
    assert!(text(fhir).await.contains("OperationOutcome"));
    let api = world.send(empty(ask("/chi"))).await;
    assert_eq!(api.headers()[header::CONTENT_TYPE], "application/problem+json");
    let page = world
        .send(empty(ask("/chi?nome=Rossi").header(header::ACCEPT, "text/html")))
        .await;
    assert_eq!(page.status(), StatusCode::SEE_OTHER);
    assert_eq!(page.headers()[header::LOCATION], "/accedi?da=/chi");
}

#[tokio::test]
async fn token_basic_and_session_all_identify() {
    let world = World::new(false).await;
    let bearer = format!("Bearer {}", world.guard.tokens().issue(&Actor::system()));
    assert_eq!(
        text(
            world
                .send(empty(ask("/chi").header(header::AUTHORIZATION, bearer)))
                .await
        )
        .await,
        "system"
    );
    let right = basic("Rossi", PASSWORD);
    assert_eq!(
        text(
            world
                .send(empty(ask("/chi").header(header::AUTHORIZATION, right)))
                .await
        )
        .await,
        "Practitioner/rossi"
    );
    let wrong = basic("rossi", "sbagliata");
    assert_eq!(
        world
            .status(empty(ask("/salute").header(header::AUTHORIZATION, wrong)))
            .await,
        401
    );
    let (cookie, _) = world.sign_in("bianchi").await;
    assert_eq!(
        world.status(empty(ask("/chi").header(header::COOKIE, &cookie))).await,
        200
    );
    assert_eq!(
        world
            .status(empty(ask("/visite").header(header::COOKIE, &cookie)))
            .await,
        403,
        "a nurse is no GP"
    );
    let (cookie, _) = world.sign_in("rossi").await;
    assert_eq!(
        world
            .status(empty(ask("/visite").header(header::COOKIE, &cookie)))
            .await,
        200
    );
}

#[tokio::test]
async fn a_form_without_the_sessions_token_is_refused() {
    let world = World::new(false).await;
    let (cookie, session) = world.sign_in("rossi").await;
    let (_, other) = world.sign_in("rossi").await;
    let form = |body: String| {
        let request = ask("/chi").method("POST").header(header::COOKIE, &cookie);
        request
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap()
    };
    assert_eq!(world.status(form("nota=x".into())).await, 403);
    assert_eq!(world.status(form(format!("nota=x&_csrf={}", other.csrf))).await, 403);
    assert_eq!(world.status(form("_csrf=".into())).await, 403);
    let body = format!("nota=x&_csrf={}", session.csrf);
    let response = world.send(form(body.clone())).await;
    assert_eq!(response.status(), 200);
    assert_eq!(text(response).await, body, "the handler gets the whole form");
    let json = || {
        ask("/chi")
            .method("POST")
            .header(header::COOKIE, &cookie)
            .header(header::CONTENT_TYPE, "application/json")
    };
    assert_eq!(world.status(empty(json())).await, 403);
    assert_eq!(
        world.status(empty(json().header("x-csrf-token", &session.csrf))).await,
        200
    );
    let foreign = json()
        .header("x-csrf-token", &session.csrf)
        .header("sec-fetch-site", "cross-site");
    assert_eq!(world.status(empty(foreign)).await, 403);
    let files = |token: &str, size: usize| {
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"_csrf\"\r\n\r\n{token}\r\n--b\r\n\
             Content-Disposition: form-data; name=\"f\"; filename=\"f.txt\"\r\n\r\n{}\r\n--b--\r\n",
            "x".repeat(size)
        );
        let request = ask("/chi").method("POST").header(header::COOKIE, &cookie);
        request
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
            .body(Body::from(body))
            .unwrap()
    };
    assert_eq!(world.status(files(&session.csrf, 1 << 20)).await, 200);
    assert_eq!(world.status(files(&other.csrf, 10)).await, 403);
    assert_eq!(world.status(files(&session.csrf, 7 << 20)).await, 413);
    let too_large = format!("_csrf={}&nota={}", session.csrf, "x".repeat(3 << 20));
    assert_eq!(world.status(form(too_large)).await, 413);
}

#[tokio::test]
async fn sessions_end_idle_absolutely_and_when_the_account_is_disabled() {
    let world = World::new(false).await;
    let request = |cookie: &str| empty(ask("/chi").header(header::COOKIE, cookie));
    let (cookie, _) = world.sign_in("rossi").await;
    world.clock.advance(SignedDuration::from_mins(31));
    assert_eq!(world.status(request(&cookie)).await, 401, "idle");

    let (cookie, _) = world.sign_in("rossi").await;
    for _ in 0..35 {
        world.clock.advance(SignedDuration::from_mins(20));
        assert_eq!(world.status(request(&cookie)).await, 200);
    }
    world.clock.advance(SignedDuration::from_mins(21));
    assert_eq!(world.status(request(&cookie)).await, 401, "older than 12 hours");

    let (cookie, _) = world.sign_in("rossi").await;
    world.identity.accounts().set_disabled("rossi", true).await.unwrap();
    assert_eq!(world.status(request(&cookie)).await, 401, "disabled");
    assert!(world.identity.sign_in("rossi", PASSWORD, None).await.is_err());
}

#[tokio::test]
async fn a_remembered_password_ends_with_its_account() {
    let world = World::new(false).await;
    let request = || empty(ask("/chi").header(header::AUTHORIZATION, basic("rossi", PASSWORD)));
    for _ in 0..2 {
        assert_eq!(world.status(request()).await, 200, "remembered for a minute");
    }
    world.identity.accounts().set_disabled("rossi", true).await.unwrap();
    assert_eq!(world.status(request()).await, 401, "at once");
    world.identity.accounts().set_disabled("rossi", false).await.unwrap();
    assert_eq!(world.status(request()).await, 200);
}

#[tokio::test]
async fn a_remembered_password_has_the_roles_of_the_moment() {
    let world = World::new(false).await;
    world.identity.accounts().set_registry("rossi", true).await.unwrap();
    let request = || empty(ask("/chi").header(header::AUTHORIZATION, basic("rossi", PASSWORD)));
    let roles = async || {
        let known = world.guard.0.identity.verify("rossi", PASSWORD).await.unwrap();
        assert_eq!(world.status(request()).await, 200, "remembered");
        world
            .guard
            .0
            .identity
            .again("rossi", &known)
            .await
            .unwrap()
            .unwrap()
            .roles
    };
    assert_eq!(roles().await, ["mmg"], "given by hand");
    let role = serde_json::json!({"resourceType": "PractitionerRole", "id": "r", "practitioner": {"reference": "Practitioner/rossi"},
        "period": {"end": "2026-11-21T08:00:30Z"}, "organization": {"reference": "Organization/asl"},
        "code": [{"coding": [{"system": "https://sinfonia.it/fhir/CodeSystem/role", "code": "medico"}]}]});
    let now = store::Clock::now(world.clock.as_ref());
    let definitions = world.store.definitions();
    let prepared = store::prepare_write(definitions, role, "r", 0, now, store::Method::Put).unwrap();
    let resources = vec![prepared.write];
    let transaction = store::Transaction {
        resources,
        ..store::Transaction::default()
    };
    world.store.commit(transaction).await.unwrap();
    assert_eq!(roles().await, ["mmg", "medico"]);
    world.clock.advance(SignedDuration::from_secs(31));
    assert_eq!(
        roles().await,
        ["mmg"],
        "within the minute for which the password is remembered"
    );
}

#[tokio::test]
async fn signing_in_again_and_out_ends_the_session_before() {
    let world = World::new(false).await;
    let first = world.identity.sign_in("rossi", PASSWORD, None).await.unwrap();
    let second = world
        .identity
        .sign_in("rossi", PASSWORD, Some(&first.token))
        .await
        .unwrap();
    assert_ne!(first.token, second.token);
    assert_eq!(world.identity.session(&first.token).await.unwrap(), None);
    assert!(world.identity.session(&second.token).await.unwrap().is_some());
    world.identity.sign_out(&second.token).await.unwrap();
    assert_eq!(world.identity.session(&second.token).await.unwrap(), None);
}

#[tokio::test]
async fn failed_sign_ins_lock_known_and_unknown_names_alike() {
    for username in ["rossi", "nessuno"] {
        let world = World::new(false).await;
        let mut said = Vec::new();
        for _ in 0..6 {
            said.push(
                world
                    .identity
                    .verify(username, "sbagliata")
                    .await
                    .unwrap_err()
                    .to_string(),
            );
        }
        assert!(said[..4].iter().all(|s| s.contains("wrong")), "{said:?}");
        assert!(said[4..].iter().all(|s| s.contains("30 seconds")), "{said:?}");
    }
    let world = World::new(false).await;
    for _ in 0..5 {
        let _ = world.identity.verify("rossi", "sbagliata").await;
    }
    let right = empty(ask("/chi").header(header::AUTHORIZATION, basic("rossi", PASSWORD)));
    let response = world.send(right).await;
    assert_eq!(response.status(), 429, "locked even for the right password");
    assert_eq!(response.headers()[header::RETRY_AFTER], "30");
    world.clock.advance(SignedDuration::from_secs(31));
    assert!(world.identity.verify("rossi", PASSWORD).await.is_ok());
    assert!(
        world
            .identity
            .verify("rossi", "sbagliata")
            .await
            .unwrap_err()
            .to_string()
            .contains("wrong"),
        "forgotten"
    );
}

#[tokio::test]
async fn parallel_guesses_are_counted_one_by_one() {
    let world = World::new(false).await;
    let guesses = (0..20).map(|n| {
        let identity = world.identity.clone();
        tokio::spawn(async move {
            identity
                .verify("rossi", &format!("tentativo {n}"))
                .await
                .unwrap_err()
                .to_string()
        })
    });
    let guesses: Vec<_> = guesses.collect();
    let mut wrong = 0;
    for guess in guesses {
        wrong += usize::from(guess.await.unwrap().contains("wrong"));
    }
    assert_eq!(wrong, 4, "the fifth failure locks");
}

#[tokio::test]
async fn the_audit_keeps_who_what_whose_and_the_outcome_but_no_query() {
    let world = World::new(false).await;
    let (cookie, _) = world.sign_in("rossi").await;
    world.send(empty(ask("/salute"))).await;
    world
        .send(empty(ask("/visite?cognome=Verdi").header(header::COOKIE, &cookie)))
        .await;
    world
        .send(empty(ask("/fhir/Patient/p2").header(header::COOKIE, &cookie)))
        .await;
    world.send(empty(ask("/chi"))).await;
    world.guard.audit().flush().await;
    let entries = world
        .store
        .snapshot()
        .await
        .unwrap()
        .audit(&store::AuditFilter::newest(None, 10))
        .await
        .unwrap()
        .entries();
    let mut lines: Vec<String> = entries
        .iter()
        .filter(|e| !e.target.starts_with("account/"))
        .map(|e| {
            format!(
                "{} {} {} {:?} {} {}",
                e.actor, e.action, e.target, e.patient, e.outcome, e.status
            )
        })
        .collect();
    lines.sort();
    assert_eq!(
        lines,
        [
            "Practitioner/rossi GET /fhir/Patient/p2 Some(\"p2\") permit signed-in 200",
            "Practitioner/rossi GET /visite Some(\"p1\") permit role 200",
            "anonymous GET /chi None deny anonymous 401",
        ]
    );
}

#[tokio::test]
async fn open_api_lets_tools_in_but_neither_pages_nor_other_sites() {
    let world = World::new(true).await;
    assert_eq!(world.status(empty(ask("/fhir/Patient/1"))).await, 200);
    assert_eq!(
        world
            .status(empty(ask("/chi").header(header::ACCEPT, "text/html")))
            .await,
        303
    );
    assert_eq!(
        world
            .status(empty(
                ask("/fhir/Patient/1").header(header::ORIGIN, "https://evil.example")
            ))
            .await,
        401
    );
}

#[tokio::test]
async fn what_is_not_declared_is_not_served() {
    let world = World::new(true).await;
    let routes = Routes::new().route(
        Method::GET,
        "/doppia",
        Policy::Public,
        get(|| async { "a" }).post(|| async { "b" }),
    );
    let router = routes.guard(&world.guard);
    let post = Request::builder()
        .method("POST")
        .uri("/doppia")
        .body(Body::empty())
        .unwrap();
    assert_eq!(router.clone().oneshot(post).await.unwrap().status(), 405);
    let nested = Routes::new()
        .route(Method::GET, "/", Policy::SignedIn, get(|| async { "a" }))
        .nest("/area");
    assert_eq!(nested.list()[0].path, "/area");
}

#[tokio::test]
async fn who_asks_too_much_is_told_how_long_to_wait_and_fills_no_log() {
    let world = World::new(false).await;
    let (cookie, _) = world.sign_in("rossi").await;
    let asked = || empty(ask("/chi").header(header::COOKIE, &cookie));
    let first = world.send(asked()).await;
    assert_eq!(first.headers()["x-ratelimit-limit"], "500");
    assert_eq!(first.headers()["x-ratelimit-remaining"], "499");
    while world.status(asked()).await == 200 {}
    for _ in 0..20 {
        let refused = world.send(asked()).await;
        assert_eq!(refused.status(), 429);
        assert_eq!(refused.headers()[header::RETRY_AFTER], "1");
        assert_eq!(refused.headers()["x-ratelimit-remaining"], "0");
    }
    assert_eq!(
        world.status(empty(ask("/salute"))).await,
        200,
        "what anybody may read is not counted"
    );
    let internal = world.guard.tokens().issue(&Actor {
        subject: "Practitioner/rossi".into(),
        roles: vec!["mmg".into()],
        ..Actor::default()
    });
    let by_token = ask("/chi").header(header::AUTHORIZATION, format!("Bearer {internal}"));
    assert_eq!(
        world.status(empty(by_token)).await,
        200,
        "nodes ask each other as they must"
    );
    world.guard.audit().flush().await;
    let log = world
        .store
        .snapshot()
        .await
        .unwrap()
        .audit(&store::AuditFilter::newest(None, 1_000))
        .await
        .unwrap();
    let refused = log.records.iter().filter(|record| record.entry.outcome == "deny pace");
    assert_eq!(refused.count(), 1);
    world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(world.status(asked()).await, 200);
}
