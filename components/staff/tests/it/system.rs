//! Hub, orchestrator and this component over one store, under a clock that moves only when told.

use access::{
    Actor, Authorizer, Guard, GuardOptions, Identity, IdentityOptions, LocalIdentity, NewAccount, PasswordCost,
    SigningKey, identity_routes,
};
use axum::body::Body;
use component::{Context, Peer, Peers};
use http::{Method, Request, StatusCode};
use hub::{Hub, HubConfig};
use orchestrator::Orchestrator;
use orchestrator::api::{Deploy, DeployFile};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{ManualClock, SeededRandom, SequentialIds, Store};
use tower::ServiceExt as _;

/// The wired system.
pub struct System {
    pub clock: Arc<ManualClock>,
    pub orchestrator: Arc<Orchestrator>,
    pub context: Context,
    pub guard: Guard,
    identity: LocalIdentity,
    router: axum::Router,
    _stand: test_store::Stand,
}

/// What a page answered.
pub struct Reply {
    pub status: StatusCode,
    pub location: String,
    pub text: String,
}

pub fn actor(subject: &str, role: &str, organization: Option<&str>) -> Actor {
    Actor {
        subject: subject.into(),
        name: format!("Prova {subject}"),
        roles: vec![role.into()],
        organization: organization.map(str::to_owned),
        assurance: 2,
        ..Actor::default()
    }
}

/// Keeps the registry.
pub fn office() -> Actor {
    actor("Practitioner/ufficio", "ufficio-personale", Some("asl"))
}

/// Works in the service.
pub fn doctor() -> Actor {
    actor("Practitioner/doc", "mmg", Some("asl"))
}

/// Somebody assisted.
pub fn anna() -> Actor {
    actor("Patient/anna", "assistito", None)
}

impl System {
    /// Wires everything with the component deployed, and two people with their doctor and a centre.
    pub async fn open() -> Self {
        let (store, stand) = test_store::stand();
        let clock = Arc::new(ManualClock::new("2026-11-22T09:00:00Z".parse().unwrap()));
        let authorizer = Authorizer::standard(store, clock.clone());
        let store: Arc<dyn Store> = authorizer.store();
        let random = Arc::new(SeededRandom::new(1));
        let ids = Arc::new(SequentialIds::new("id"));
        let options = IdentityOptions {
            password: PasswordCost::weak(),
            ..IdentityOptions::default()
        };
        let identity = LocalIdentity::new(store.clone(), clock.clone(), random.clone(), options);
        let key = SigningKey::from_bytes([7; 32]);
        let options = GuardOptions::default();
        let shared: Arc<dyn Identity> = Arc::new(identity.clone());
        let guard = Guard::new(
            shared.clone(),
            authorizer.clone(),
            &key,
            clock.clone(),
            random.as_ref(),
            options,
        );
        let mut config = HubConfig::new("http://localhost/fhir");
        config.authorizer = Some(authorizer.clone());
        let hub = Hub::new(store.clone(), clock.clone(), ids.clone(), config);
        let manners = orchestrator::Config {
            authorizer: Some(authorizer),
            ..Default::default()
        };
        let orchestrator = Orchestrator::new(store, clock.clone(), ids.clone(), manners);
        let peers = Peers::new(guard.tokens().clone());
        let facts = hub::routes(hub).merge(identity_routes(&shared));
        peers.add("hub", Peer::Local(facts.guard(&guard)));
        peers.add(
            "orchestrator",
            Peer::Local(orchestrator::routes(orchestrator.clone()).guard(&guard)),
        );
        let context = Context {
            peers,
            clock: clock.clone(),
            ids,
            navigation: Arc::from([]),
        };
        let component = staff::component();
        for worker in (component.workers)() {
            let (context, run) = (context.clone(), worker.run.clone());
            orchestrator.register_worker(worker.job_type, move |job| run(context.clone(), job));
        }
        let router = (component.routes)(&context).guard(&guard);
        let system = Self {
            clock,
            orchestrator,
            context,
            guard,
            identity,
            router,
            _stand: stand,
        };
        system.deploy(component.deployments).await;
        system.people().await;
        system
    }

    /// An account whose roles the registry gives; the cookie of an open session of it.
    pub async fn session(&self, who: &str) -> String {
        self.account(who).await;
        self.sign_in(who).await
    }

    async fn account(&self, who: &str) {
        let actor = Actor {
            subject: format!("Practitioner/{who}"),
            name: who.to_owned(),
            ..Actor::default()
        };
        let new = NewAccount {
            username: who.to_owned(),
            password: "correct horse battery".into(),
            actor,
            demo: true,
        };
        self.identity.accounts().create(new).await.unwrap();
        self.identity.accounts().set_registry(who, true).await.unwrap();
    }

    /// As [`Self::session`], of an account that may be there; none: no role holds.
    pub async fn try_session(&self, who: &str) -> Option<String> {
        if self
            .identity
            .accounts()
            .list()
            .await
            .unwrap()
            .iter()
            .any(|one| one.username == who)
        {
            let signed_in = self.identity.sign_in(who, "correct horse battery", None).await;
            return signed_in.ok().map(|one| format!("sinfonia={}", one.token));
        }
        self.account(who).await;
        Box::pin(self.try_session(who)).await
    }

    /// The cookie of a new session of an account.
    pub async fn sign_in(&self, who: &str) -> String {
        let signed_in = self.identity.sign_in(who, "correct horse battery", None).await.unwrap();
        format!("sinfonia={}", signed_in.token)
    }

    /// A page in a session.
    pub async fn get_in(&self, cookie: &str, path: &str) -> StatusCode {
        let request = Request::get(path).header("cookie", cookie).body(Body::empty()).unwrap();
        self.router.clone().oneshot(request).await.unwrap().status()
    }

    /// As the program.
    pub fn fhir(&self) -> component::Fhir {
        self.context.peers.fhir(&Actor::system())
    }

    async fn deploy(&self, files: &[component::DeploymentFile]) {
        let file = |f: &component::DeploymentFile| DeployFile {
            name: f.name.into(),
            content: f.content.into(),
        };
        let files: Vec<DeployFile> = files.iter().map(file).collect();
        if !files.is_empty() {
            let client = self.context.peers.orchestrator(&Actor::system());
            let deployed = client.deploy(&Deploy { files }).await.unwrap_or_else(|e| panic!("{e}"));
            assert!(deployed.issues.is_empty(), "{:#?}", deployed.issues);
        }
    }

    async fn people(&self) {
        let unit = |id: &str, name: &str, up: Option<&str>| {
            let mut unit = json!({"resourceType": "Organization", "id": id, "active": true, "name": name});
            if let Some(up) = up {
                unit["partOf"] = json!({"reference": format!("Organization/{up}")});
            }
            unit
        };
        let person = |id: &str, given: &str, family: &str| {
            json!({"resourceType": "Practitioner", "id": id, "active": true,
                "name": [{"given": [given], "family": family, "text": format!("{given} {family}")}]})
        };
        for value in [
            unit("asl", "ASL Prova", None),
            unit("ospedale", "Ospedale", Some("asl")),
            unit("reparto", "Cardiologia", Some("ospedale")),
            unit("casa", "Casa della Comunità", Some("asl")),
            person("ufficio", "Rita", "De Luca"),
            person("doc", "Niccolò", "D'Amico"),
            person("inf", "Lucia", "Esposito"),
            person("altra", "Ciro", "Amato"),
        ] {
            self.put(&value).await;
        }
    }

    /// Writes as the program itself.
    pub async fn put(&self, value: &Value) {
        let fhir = self.context.peers.fhir(&Actor::system());
        fhir.update(value)
            .await
            .unwrap_or_else(|error| panic!("{error}: {value}"));
    }

    /// A page.
    pub async fn get(&self, who: &Actor, path: &str) -> Reply {
        self.call(who, Method::GET, path, String::new()).await
    }

    /// A form.
    pub async fn post(&self, who: &Actor, path: &str, form: &[(&str, &str)]) -> Reply {
        let body = form
            .iter()
            .map(|(name, value)| format!("{name}={}", escape(value)))
            .collect::<Vec<_>>()
            .join("&");
        self.call(who, Method::POST, path, body).await
    }

    async fn call(&self, who: &Actor, method: Method, path: &str, body: String) -> Reply {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.guard.tokens().issue(who)))
            .header("content-type", "application/x-www-form-urlencoded");
        let response = self
            .router
            .clone()
            .oneshot(request.body(Body::from(body)).unwrap())
            .await
            .unwrap();
        let status = response.status();
        let location = response
            .headers()
            .get("location")
            .map_or("", |value| value.to_str().unwrap())
            .to_owned();
        let bytes = axum::body::to_bytes(response.into_body(), usize::MAX)
            .await
            .unwrap()
            .to_vec();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Reply { status, location, text }
    }

    /// Runs jobs and timers that are due.
    pub async fn settle(&self) {
        self.orchestrator.settle().await.unwrap();
    }
}

fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
