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
    pub stand: test_store::Stand,
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

pub fn berta() -> Actor {
    actor("Patient/berta", "assistito", None)
}

pub fn office() -> Actor {
    actor("Practitioner/ufficio", "ufficio-privacy", None)
}

pub fn officer() -> Actor {
    actor("Practitioner/dpo", "dpo", None)
}

/// Oversees everybody's work: may complete any task and change any instance.
pub fn overseer() -> Actor {
    actor("Practitioner/cm", "case-manager", None)
}

pub fn doctor() -> Actor {
    actor("Practitioner/doc", "mmg", None)
}

/// Works for the centre that treats Anna.
pub fn specialist() -> Actor {
    actor("Practitioner/spec", "specialista", Some("centro"))
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
        let component = rights::component();
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
            stand,
        };
        system.deploy(component.deployments).await;
        system.people().await;
        for who in [office(), officer()] {
            system.account(&who).await;
        }
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
        let person = |id: &str, family: &str, code: &str| {
            json!({"resourceType": "Patient", "id": id, "birthDate": "1946-03-02", "gender": "female",
                "identifier": [{"system": "http://hl7.it/sid/codiceFiscale", "value": code}],
                "name": [{"family": family, "given": [id]}], "telecom": [{"system": "phone", "value": "081 5551234"}],
                "generalPractitioner": [{"reference": "Practitioner/doc"}]})
        };
        let team = |id: &str| {
            json!({"resourceType": "CareTeam", "id": format!("team-{id}"), "status": "active",
                "subject": {"reference": format!("Patient/{id}")},
                "participant": [{"member": {"reference": "Organization/centro"}}]})
        };
        for value in [
            json!({"resourceType": "Organization", "id": "centro", "name": "Centro Diabetologico"}),
            json!({"resourceType": "Organization", "id": "istituto", "name": "Istituto di Ricerca"}),
            json!({"resourceType": "Practitioner", "id": "doc", "gender": "female", "name": [{"text": "Dott.ssa Silvia Neri", "family": "Neri"}]}),
            json!({"resourceType": "Practitioner", "id": "spec", "gender": "male", "name": [{"text": "Dott. Ugo Bianchi", "family": "Bianchi"}]}),
            json!({"resourceType": "PractitionerRole", "id": "spec", "active": true, "practitioner": {"reference": "Practitioner/spec"},
                "organization": {"reference": "Organization/centro"}, "code": [{"text": "Diabetologo"}]}),
            person("anna", "Rossi", "RSSNNA46C42F839X"),
            person("berta", "Verdi", "VRDBRT46C42F839Y"),
            team("anna"),
            team("berta"),
            json!({"resourceType": "Encounter", "id": "visita", "status": "finished", "class": {"code": "AMB", "display": "Ambulatorio"},
                "subject": {"reference": "Patient/anna"}, "period": {"start": "2026-05-05", "end": "2026-05-05"}}),
            observation("hba1c", "anna", Some("visita")),
            observation("peso", "anna", None),
            observation("altro", "berta", None),
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
        Reply {
            status,
            location,
            text,
            bytes,
        }
    }

    /// Ids that a search shows somebody.
    pub async fn sees(&self, who: &Actor, rtype: &str, params: &[(&str, &str)]) -> Vec<String> {
        let found = self.context.peers.fhir(who).search(rtype, params).await.unwrap();
        found.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Whether a read shows it.
    pub async fn reads(&self, who: &Actor, rtype: &str, id: &str) -> bool {
        self.context.peers.fhir(who).find(rtype, id).await.unwrap().is_some()
    }

    /// Runs jobs and timers that are due.
    pub async fn settle(&self) {
        self.orchestrator.settle().await.unwrap();
    }
}

pub fn observation(id: &str, patient: &str, encounter: Option<&str>) -> Value {
    let mut value = json!({"resourceType": "Observation", "id": id, "status": "final", "effectiveDateTime": "2026-05-05",
        "code": {"coding": [{"system": "http://loinc.org", "code": "4548-4"}], "text": "Emoglobina glicata"},
        "subject": {"reference": format!("Patient/{patient}")}});
    if let Some(encounter) = encounter {
        value["encounter"] = json!({"reference": format!("Encounter/{encounter}")});
    }
    value
}

fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}
