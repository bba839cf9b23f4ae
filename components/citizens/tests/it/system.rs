//! Hub, orchestrator and this component over one store, under a clock that moves only when told.

use access::{
    Actor, Authorizer, Guard, GuardOptions, Identity, IdentityOptions, LocalIdentity, NewAccount, PasswordCost,
    SigningKey, identity_routes,
};
use axum::body::Body;
use axum::response::IntoResponse as _;
use component::{Context, Peer, Peers};
use http::{Method, Request, StatusCode};
use hub::{Hub, HubConfig};
use orchestrator::Orchestrator;
use orchestrator::api::{Deploy, DeployFile};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use store::{ManualClock, SeededRandom, SequentialIds, Store};
use tower::ServiceExt as _;

/// The wired system.
pub struct System {
    pub clock: Arc<ManualClock>,
    pub orchestrator: Arc<Orchestrator>,
    pub context: Context,
    pub guard: Guard,
    /// Calls of the hub and the orchestrator that are answered yet: after them they are gone.
    pub fuse: Arc<AtomicI64>,
    identity: LocalIdentity,
    router: axum::Router,
    _stand: test_store::Stand,
}

/// What a page answered.
pub struct Reply {
    pub status: StatusCode,
    pub location: String,
    pub text: String,
    pub bytes: Vec<u8>,
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

pub fn anna() -> Actor {
    actor("Patient/anna", "assistito", None)
}

/// Anna for her child.
pub fn anna_for(child: &str) -> Actor {
    Actor {
        acts_for: Some(format!("Patient/{child}")),
        ..anna()
    }
}

/// Works at the registry's desk.
pub fn desk() -> Actor {
    actor("Practitioner/sportello", "operatore-anagrafe", Some("asl"))
}

/// A family doctor.
pub fn doctor(id: &str) -> Actor {
    actor(&format!("Practitioner/{id}"), "mmg", Some("asl"))
}

impl System {
    /// Wires everything with the component deployed, and two people with their doctor and a centre.
    pub async fn open() -> Self {
        let system = Self::empty().await;
        system.people().await;
        system
    }

    /// The same without anybody.
    pub async fn empty() -> Self {
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
        let fuse = Arc::new(AtomicI64::new(i64::MAX));
        let facts = hub::routes(hub).merge(identity_routes(&shared));
        peers.add("hub", Peer::Local(fused(facts.guard(&guard), &fuse)));
        let processes = orchestrator::routes(orchestrator.clone()).guard(&guard);
        peers.add("orchestrator", Peer::Local(fused(processes, &fuse)));
        let context = Context {
            peers,
            clock: clock.clone(),
            ids,
            navigation: Arc::from([]),
        };
        let component = citizens::component();
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
            fuse,
            identity,
            router,
            _stand: stand,
        };
        system.deploy(component.deployments).await;
        system.account(&desk()).await;
        let trust = citizens::events::Trust {
            unsigned: true,
            ..Default::default()
        };
        trust.write(&system.context).await.unwrap();
        system
    }

    /// An account: what somebody decides counts while they have the role.
    pub async fn account(&self, who: &Actor) {
        let new = NewAccount {
            username: who.subject.to_lowercase().replace('/', "."),
            password: "correct horse battery".into(),
            actor: who.clone(),
            demo: true,
        };
        self.identity.accounts().create(new).await.unwrap();
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
        for value in [
            json!({"resourceType": "Organization", "id": "asl", "name": "ASL di prova"}),
            json!({"resourceType": "Location", "id": "ambito", "name": "Ambito di Napoli", "extension": [
                {"url": "https://sinfonia.it/fhir/StructureDefinition/comune", "valueCode": "063049"}]}),
            json!({"resourceType": "Location", "id": "fuori", "name": "Ambito di Salerno", "extension": [
                {"url": "https://sinfonia.it/fhir/StructureDefinition/comune", "valueCode": "065116"}]}),
            person("anna", "Rossi", "1980-03-02", "RSSNNA80C42F839W"),
            person("berta", "Verdi", "1946-03-02", "VRDBRT46C42F839J"),
            person("bimbo", "Rossi", "2022-05-01", "RSSMRA22E01F839S"),
            person("dino", "Rossi", "2013-01-10", "RSSDNI13A10F839T"),
        ] {
            self.put(&value).await;
        }
        for (id, kind, ceiling, area) in [
            ("neri", "mmg", None, "ambito"),
            ("pieno", "mmg", Some(1), "ambito"),
            ("lontano", "mmg", None, "fuori"),
            ("bianchi", "pls", None, "ambito"),
        ] {
            self.add_doctor(id, kind, ceiling, area).await;
        }
    }

    /// A doctor with surgery and area.
    pub async fn add_doctor(&self, id: &str, kind: &str, ceiling: Option<i64>, area: &str) {
        let mut extension = vec![json!({"url": "https://sinfonia.it/fhir/StructureDefinition/ambito",
            "valueReference": {"reference": format!("Location/{area}")}})];
        extension.extend(
            ceiling
                .map(|n| json!({"url": "https://sinfonia.it/fhir/StructureDefinition/massimale", "valueInteger": n})),
        );
        for value in [
            json!({"resourceType": "Practitioner", "id": id, "active": true, "name": [{"text": format!("Dott. {id}"), "family": id}]}),
            json!({"resourceType": "Location", "id": format!("studio-{id}"), "name": "Studio",
                "position": {"latitude": 40.85, "longitude": 14.27}, "address": {"line": ["Via Toledo 1"], "city": "Napoli"}}),
            json!({"resourceType": "PractitionerRole", "id": id, "active": true, "extension": extension,
                "practitioner": {"reference": format!("Practitioner/{id}")}, "organization": {"reference": "Organization/asl"},
                "location": [{"reference": format!("Location/studio-{id}")}],
                "code": [{"coding": [{"system": "https://sinfonia.it/fhir/CodeSystem/role", "code": kind}]}]}),
        ] {
            self.put(&value).await;
        }
    }

    /// A resource as it is now.
    pub async fn read(&self, rtype: &str, id: &str) -> Value {
        self.context.peers.fhir(&Actor::system()).read(rtype, id).await.unwrap()
    }

    /// What a search of the program finds.
    pub async fn search(&self, rtype: &str, params: &[(&str, &str)]) -> Vec<Value> {
        self.context
            .peers
            .fhir(&Actor::system())
            .search(rtype, params)
            .await
            .unwrap()
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

    /// JSON.
    pub async fn ask(&self, who: &Actor, path: &str, body: &Value) -> Reply {
        self.call_as(who, Method::POST, path, body.to_string(), "application/json")
            .await
    }

    /// Any request.
    pub async fn call(&self, who: &Actor, method: Method, path: &str, body: String) -> Reply {
        self.call_as(who, method, path, body, "application/x-www-form-urlencoded")
            .await
    }

    /// Any request of a content type.
    pub async fn call_as(&self, who: &Actor, method: Method, path: &str, body: String, kind: &str) -> Reply {
        let request = Request::builder().method(method).uri(path).header("content-type", kind);
        self.send(who, request.body(Body::from(body)).unwrap()).await
    }

    /// A request as it is.
    pub async fn send(&self, who: &Actor, mut request: Request<Body>) -> Reply {
        let token = format!("Bearer {}", self.guard.tokens().issue(who));
        request.headers_mut().insert("authorization", token.parse().unwrap());
        let mut answer = Box::pin(self.router.clone().oneshot(request));
        // A page may wait for a process: its jobs are run meanwhile.
        let response = loop {
            if let std::task::Poll::Ready(response) = futures::poll!(&mut answer) {
                break response.unwrap();
            }
            self.settle().await;
            tokio::task::yield_now().await;
        };
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
        Reply {
            status,
            location,
            text,
            bytes,
        }
    }

    /// Runs jobs and timers that are due.
    pub async fn settle(&self) {
        self.orchestrator.settle().await.unwrap();
    }

    /// As [`System::settle`]; nothing may be stuck.
    pub async fn settle_well(&self) {
        self.settle().await;
        let stuck = self
            .context
            .peers
            .orchestrator(&Actor::system())
            .incidents()
            .await
            .unwrap();
        assert!(stuck.is_empty(), "{stuck:#?}");
    }
}

/// Answers as long as the fuse holds.
fn fused(router: axum::Router, fuse: &Arc<AtomicI64>) -> axum::Router {
    let fuse = fuse.clone();
    router.layer(axum::middleware::from_fn(
        move |request: Request<Body>, next: axum::middleware::Next| {
            let gone = fuse.fetch_sub(1, Ordering::SeqCst) <= 0;
            async move {
                match gone {
                    true => StatusCode::SERVICE_UNAVAILABLE.into_response(),
                    false => next.run(request).await,
                }
            }
        },
    ))
}

/// A person who lives in Naples.
pub fn person(id: &str, family: &str, born: &str, code: &str) -> Value {
    json!({"resourceType": "Patient", "id": id, "active": true, "birthDate": born, "gender": "female",
        "identifier": [{"system": "http://hl7.it/sid/codiceFiscale", "value": code}],
        "name": [{"use": "official", "family": family, "given": [id]}],
        "address": [{"use": "home", "line": ["Via Toledo 1"], "city": "Napoli", "district": "NA", "country": "IT"}]})
}

/// Of an address.
pub fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
