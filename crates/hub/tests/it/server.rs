//! A hub with a virtual clock and countable ids.

use ::access::{Actor, Guard};
use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use hub::{Hub, HubConfig};
use serde_json::Value;
use std::sync::Arc;
use store::{ManualClock, SequentialIds, Store};
use tempfile::TempDir;
use test_store::TestStore;
use tower::ServiceExt as _;

pub const BASE: &str = "http://hub.test/fhir";

pub struct Server {
    pub hub: Arc<Hub>,
    pub clock: Arc<ManualClock>,
    pub guard: Guard,
    pub store: Arc<dyn Store>,
    pub under: TestStore,
    router: Router,
    _dir: TempDir,
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub fn pretty(&self) -> String {
        serde_json::to_string_pretty(&self.json()).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// `diagnostics` of the first issue.
    pub fn diagnostics(&self) -> String {
        let outcome = self.json();
        assert_eq!(outcome["resourceType"], "OperationOutcome", "{}", self.text);
        outcome["issue"][0]["diagnostics"].as_str().unwrap().to_owned()
    }

    /// Ids of the entries with a search mode.
    pub fn ids(&self, mode: &str) -> Vec<String> {
        let bundle = self.json();
        assert_eq!(bundle["resourceType"], "Bundle", "{}", self.text);
        let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
        let ids = entries.iter().filter(|e| e["search"]["mode"] == mode);
        ids.map(|e| e["resource"]["id"].as_str().unwrap().to_owned()).collect()
    }

    pub fn link(&self, relation: &str) -> Option<String> {
        let bundle = self.json();
        let link = bundle["link"]
            .as_array()?
            .iter()
            .find(|l| l["relation"] == relation)?
            .clone();
        Some(link["url"].as_str().unwrap().to_owned())
    }
}

impl Server {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut HubConfig)) -> Self {
        Self::over(None, change)
    }

    /// A store whose writer's queue holds this many transactions.
    pub fn with_queue(queue: usize) -> Self {
        Self::over(Some(queue), |_| {})
    }

    fn over(queue: Option<usize>, change: impl FnOnce(&mut HubConfig)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let under = test_store::open(&dir.path().join("hub.db"), queue);
        let clock = Arc::new(ManualClock::new("2026-01-02T03:04:05Z".parse().unwrap()));
        let mut config = HubConfig::new(BASE);
        let guard = Guard::open(under.store.clone(), clock.clone());
        config.authorizer = Some(guard.authorizer().clone());
        change(&mut config);
        let store: Arc<dyn Store> = guard.authorizer().store();
        let hub = Hub::new(store, clock.clone(), Arc::new(SequentialIds::new("id")), config);
        let router = hub::routes(hub.clone()).guard(&guard);
        Self {
            hub,
            clock,
            guard,
            store: under.store.clone(),
            under,
            router,
            _dir: dir,
        }
    }

    /// The body of an answer that is no text.
    pub async fn bytes(&self, request: Request<Body>) -> Vec<u8> {
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap()
            .to_vec()
    }

    pub async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Reply {
            status: parts.status,
            headers: parts.headers,
            text,
        }
    }

    /// One request; `headers` as `name: value` lines.
    pub async fn call(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Reply {
        let path = path.strip_prefix(BASE).unwrap_or(path);
        let mut request = Request::builder().method(method).uri(format!("/fhir{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, &[], Body::empty()).await
    }

    pub async fn put(&self, value: &Value) -> Reply {
        let path = format!(
            "/{}/{}",
            value["resourceType"].as_str().unwrap(),
            value["id"].as_str().unwrap()
        );
        self.call(Method::PUT, &path, &[], value.to_string()).await
    }

    pub async fn post(&self, path: &str, value: &Value) -> Reply {
        self.call(
            Method::POST,
            path,
            &[("content-type", "application/fhir+json")],
            value.to_string(),
        )
        .await
    }

    /// A bearer header for an actor.
    pub fn bearer(&self, subject: &str, role: &str) -> String {
        let actor = Actor {
            subject: subject.into(),
            name: "Prova".into(),
            roles: vec![role.into()],
            ..Actor::default()
        };
        format!("Bearer {}", self.guard.tokens().issue(&actor))
    }
}
