//! A hub with subscriptions over a store that can be reopened, and receivers on real sockets.

use ::access::{Actor, Guard};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use http::{HeaderMap, Method, StatusCode};
use hub::subscriptions::{EndpointPolicy, Seal, Settings, Worker};
use hub::{Hub, HubConfig};
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use store::{Clock, ManualClock, SeededRandom, SequentialIds, Store};
use tempfile::TempDir;
use test_store::{Place, TestStore};
use tower::ServiceExt as _;

pub const SECRET: &str = "https://sinfonia.it/fhir/StructureDefinition/subscription-secret";
pub const DELETIONS: &str = "https://sinfonia.it/fhir/StructureDefinition/subscription-deletions";

/// Something a receiver got.
#[derive(Debug, Clone)]
pub struct Got {
    pub method: Method,
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Got {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// `Type/id version`, of a payload.
    pub fn what(&self) -> String {
        let value: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let version = value["meta"]["versionId"].as_str().unwrap_or("?");
        format!("{} {version}", self.path.trim_start_matches("/hook/"))
    }
}

/// How a receiver behaves, by the path asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Answer(u16),
    Hang,
}

/// A receiver.
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    got: Arc<Mutex<Vec<Got>>>,
    manners: Arc<Mutex<HashMap<String, Manner>>>,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            url: format!("http://{}/hook", listener.local_addr().unwrap()),
            got: Arc::default(),
            manners: Arc::default(),
        };
        let inner = receiver.clone();
        let router = Router::new().fallback(move |request: Request| inner.clone().take(request));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        receiver
    }

    async fn take(self, request: Request) -> StatusCode {
        let (parts, body) = request.into_parts();
        if parts.method == Method::OPTIONS {
            return StatusCode::METHOD_NOT_ALLOWED;
        }
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let path = parts.uri.path().to_owned();
        self.got.lock().push(Got {
            method: parts.method,
            path: path.clone(),
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        });
        let manner = self.manners.lock().get(&path).copied();
        match manner.unwrap_or(Manner::Answer(200)) {
            Manner::Answer(status) => StatusCode::from_u16(status).unwrap(),
            Manner::Hang => std::future::pending().await,
        }
    }

    /// From now on, a path (below `/hook`) is answered like this.
    pub fn behave(&self, path: &str, manner: Manner) {
        self.manners.lock().insert(format!("/hook{path}"), manner);
    }

    /// What came since the last time.
    pub fn take_got(&self) -> Vec<Got> {
        std::mem::take(&mut *self.got.lock())
    }

    pub fn take_whats(&self) -> Vec<String> {
        self.take_got().iter().map(Got::what).collect()
    }
}

pub fn person(id: &str, role: &str) -> Actor {
    Actor {
        subject: format!("Practitioner/{id}"),
        name: "Prova".into(),
        roles: vec![role.into()],
        ..Actor::default()
    }
}

/// The hub and its worker.
pub struct World {
    pub hub: Arc<Hub>,
    pub clock: Arc<ManualClock>,
    pub worker: Worker,
    pub guard: Guard,
    pub store: Arc<dyn Store>,
    pub under: TestStore,
    pub router: Router,
    place: Home,
}

/// Where the store lies, and the folder that goes with the test.
struct Home {
    place: Place,
    _folder: Option<TempDir>,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            place: Place::new(&folder.path().join("hub.db")),
            _folder: Some(folder),
        }
    }
}

pub fn settings() -> Settings {
    Settings {
        endpoints: EndpointPolicy::default().with_loopback(true),
        seal: Some(Seal::new([3; 32], Arc::new(SeededRandom::new(2)))),
        random: Arc::new(SeededRandom::new(1)),
        timeout: Duration::from_millis(300),
        attempts: 4,
        ..Settings::default()
    }
}

impl World {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// With an authoriser: everybody has the rights of their roles, subscriptions those of their owners.
    pub fn guarded() -> Self {
        let clock = ManualClock::new("2026-01-02T03:04:05Z".parse().unwrap());
        let managers = |settings: &mut Settings| settings.managers = vec!["data-manager".into()];
        Self::made(Home::new(), Arc::new(clock), "id", managers, true)
    }

    pub fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let clock = ManualClock::new("2026-01-02T03:04:05Z".parse().unwrap());
        Self::made(Home::new(), Arc::new(clock), "id", change, false)
    }

    /// Over a store that outlives it, by the machine's clock.
    pub fn at(told: &str) -> Self {
        let clock = ManualClock::new(store::SystemClock.now());
        let home = Home {
            place: Place::of(told),
            _folder: None,
        };
        Self::made(home, Arc::new(clock), "kill", |_| {}, false)
    }

    /// One node of several over a store that outlives it.
    pub fn node(told: &str, ids: &str) -> Self {
        let clock = ManualClock::new("2026-01-02T03:04:05Z".parse().unwrap());
        let home = Home {
            place: Place::of(told),
            _folder: None,
        };
        Self::made(home, Arc::new(clock), ids, |_| {}, false)
    }

    fn made(
        place: Home,
        clock: Arc<ManualClock>,
        ids: &str,
        change: impl FnOnce(&mut Settings),
        guarded: bool,
    ) -> Self {
        let under = place.place.open(None);
        let dynamic: Arc<dyn Store> = under.store.clone();
        let mut settings = settings();
        change(&mut settings);
        let mut config = HubConfig::new(crate::server::BASE);
        config.subscriptions = Some(settings);
        let guard = Guard::open(dynamic.clone(), clock.clone());
        let mut watched = dynamic;
        if guarded {
            config.authorizer = Some(guard.authorizer().clone());
            watched = guard.authorizer().store();
        }
        let hub = Hub::new(watched, clock.clone(), Arc::new(SequentialIds::new(ids)), config);
        Self {
            worker: Worker::new(&hub).unwrap().unwrap(),
            router: hub::routes(hub.clone()).guard(&guard),
            hub,
            clock,
            guard,
            store: under.store.clone(),
            under,
            place,
        }
    }

    /// The same store after a restart.
    pub async fn restart(self) -> Self {
        let Self {
            hub,
            clock,
            worker,
            guard,
            store,
            under,
            router,
            place,
        } = self;
        guard.audit().flush().await;
        drop((worker, router, hub, guard));
        under.close();
        // The tasks behind let go of it; then only this and what it lies in (three times) hold it.
        let kept = 4;
        while under.sqlite.is_some() && Arc::strong_count(&store) > kept {
            tokio::task::yield_now().await;
        }
        drop((store, under));
        Self::made(place, clock, "again", |_| {}, false)
    }

    pub async fn settle(&self) -> Option<Timestamp> {
        self.worker.settle().await.unwrap()
    }

    /// Moves the clock to the next thing to do, and does it; `false` when there is nothing.
    pub async fn go_on(&self) -> bool {
        match self.settle().await {
            Some(next) => {
                self.clock.set(next.max(self.clock.now()));
                self.settle().await;
                true
            }
            None => false,
        }
    }

    pub fn advance(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    pub async fn write(&self, value: Value) -> u64 {
        let (rtype, id) = (
            value["resourceType"].as_str().unwrap().to_owned(),
            value["id"].as_str().unwrap().to_owned(),
        );
        let written = self.hub.update(&rtype, &id, value, None).await;
        written
            .unwrap_or_else(|error| panic!("{error}: {:?}", error.issues()))
            .resource
            .version
    }

    /// A subscription, activated.
    pub async fn subscribe(&self, id: &str, criteria: &str, channel: Value) {
        self.write(subscription(id, criteria, channel)).await;
        self.settle().await;
        assert_eq!(
            self.subscription(id).await["status"],
            "active",
            "{}",
            self.subscription(id).await
        );
    }

    pub async fn subscription(&self, id: &str) -> Value {
        let stored = self.hub.read("Subscription", id).await.unwrap();
        serde_json::from_slice(stored.body.as_deref().unwrap()).unwrap()
    }

    pub async fn call(&self, method: Method, path: &str, role: &str, body: Option<Value>) -> (StatusCode, Value) {
        self.call_as(method, path, &person("1", role), body).await
    }

    pub async fn call_as(&self, method: Method, path: &str, actor: &Actor, body: Option<Value>) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(format!("/fhir{path}"))
            .header("authorization", format!("Bearer {}", self.guard.tokens().issue(actor)))
            .header("content-type", "application/fhir+json")
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// A value of an operation's answer.
    pub async fn told(&self, path: &str, name: &str) -> Value {
        let (status, answer) = self.call(Method::GET, path, "admin", None).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let found = answer["parameter"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|p| p["name"] == name);
        let Some(Value::Object(found)) = found else {
            return Value::Null;
        };
        found
            .iter()
            .find(|(key, _)| *key != "name")
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    }

    /// Numbers of the dead letters.
    pub async fn dead(&self, id: &str) -> Vec<String> {
        let (_, answer) = self
            .call(Method::GET, &format!("/Subscription/{id}/$dead-letters"), "admin", None)
            .await;
        let all = answer["parameter"].as_array().cloned().unwrap_or_default();
        let number = |p: &Value| p["part"][0]["valueString"].as_str().unwrap().to_owned();
        all.iter().filter(|p| p["name"] == "notification").map(number).collect()
    }
}

pub fn subscription(id: &str, criteria: &str, channel: Value) -> Value {
    json!({"resourceType": "Subscription", "id": id, "status": "requested", "reason": "test", "criteria": criteria,
        "channel": channel})
}

pub fn hook(receiver: &Receiver) -> Value {
    json!({"type": "rest-hook", "endpoint": receiver.url, "payload": "application/fhir+json"})
}

pub fn observation(id: &str, code: &str, value: i64) -> Value {
    json!({"resourceType": "Observation", "id": id, "status": "final", "subject": {"reference": "Patient/p"},
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "valueQuantity": {"value": value, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}})
}
