//! Hub, orchestrator, identity and this component over one store, under a clock that moves only when told; browsers
//! that sign in as the people of a small region.

use access::{
    Actor, Authorizer, Guard, GuardOptions, Identity, IdentityOptions, LocalIdentity, NewAccount, PasswordCost,
    SigningKey, explain_routes, identity_routes,
};
use axum::Router;
use axum::body::Body;
use component::{Context, Fhir, Peer, Peers};
use http::{Method, Request, StatusCode, header};
use hub::{Hub, HubConfig};
use orchestrator::Orchestrator;
use orchestrator::api::{Deploy, DeployFile};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{ManualClock, SeededRandom, SequentialIds, Store};
use tower::ServiceExt as _;

/// A Tuesday morning.
pub const NOW: &str = "2026-11-24T09:00:00Z";
/// The codice fiscale of the stranger.
pub const CODE: &str = "VRDNNA70A41F839X";

/// The wired system.
pub struct World {
    pub clock: Arc<ManualClock>,
    pub orchestrator: Arc<Orchestrator>,
    pub context: Context,
    pub router: Router,
    identity: LocalIdentity,
    guard: Guard,
    _stand: test_store::Stand,
}

/// An answer.
pub struct Reply {
    pub status: StatusCode,
    pub to: String,
    pub text: String,
}

/// Somebody signed in.
pub struct Browser {
    router: Router,
    cookie: String,
    csrf: String,
}

impl World {
    /// The region: `mine` is in the care of the GP, `stranger` of nobody here; both have an HIV result.
    pub async fn new() -> Self {
        let (store, stand) = test_store::stand();
        let clock = Arc::new(ManualClock::new(NOW.parse().unwrap()));
        let authorizer = Authorizer::standard(store, clock.clone());
        let store: Arc<dyn Store> = authorizer.store();
        let random = Arc::new(SeededRandom::new(1));
        let ids = Arc::new(SequentialIds::new("id"));
        let key = SigningKey::from_bytes([7; 32]);
        let options = IdentityOptions {
            password: PasswordCost::weak(),
            ..IdentityOptions::default()
        };
        let identity = LocalIdentity::new(store.clone(), clock.clone(), random.clone(), options);
        let shared: Arc<dyn Identity> = Arc::new(identity.clone());
        let options = GuardOptions::default();
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
        let config = orchestrator::Config {
            authorizer: Some(authorizer),
            ..Default::default()
        };
        let orchestrator = Orchestrator::new(store, clock.clone(), ids.clone(), config);
        let peers = Peers::new(guard.tokens().clone());
        let facts = hub::routes(hub.clone())
            .merge(identity_routes(&shared))
            .merge(explain_routes(guard.authorizer()));
        peers.add("hub", Peer::Local(facts.guard(&guard)));
        let processes = orchestrator::routes(orchestrator.clone());
        peers.add("orchestrator", Peer::Local(processes.guard(&guard)));
        let component = privacy::component();
        let context = Context {
            peers,
            clock: clock.clone(),
            ids,
            navigation: component.navigation.into(),
        };
        for worker in (component.workers)() {
            let (context, run) = (context.clone(), worker.run.clone());
            orchestrator.register_worker(worker.job_type, move |job| run(context.clone(), job));
        }
        let kit = web::Kit::base(&context);
        let routes = (component.routes)(&context)
            .merge(web::site(&kit, &guard))
            .merge(hub::routes(hub))
            .merge(orchestrator::routes(orchestrator.clone()));
        let router = web::dress(routes.guard(&guard), &kit);
        let world = Self {
            clock,
            orchestrator,
            context,
            router,
            identity,
            guard,
            _stand: stand,
        };
        world.deploy(component.deployments).await;
        world.region().await;
        world
    }

    async fn deploy(&self, files: &[component::DeploymentFile]) {
        let file = |file: &component::DeploymentFile| DeployFile {
            name: file.name.into(),
            content: file.content.into(),
        };
        let files = files.iter().map(file).collect();
        let client = self.context.peers.orchestrator(&Actor::system());
        let deployed = client
            .deploy(&Deploy { files })
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        assert!(deployed.issues.is_empty(), "{:#?}", deployed.issues);
    }

    async fn region(&self) {
        let person = |id: &str, family: &str, given: &str, code: &str| {
            json!({"resourceType": "Patient", "id": id, "active": true, "birthDate": "1970-01-01", "gender": "female",
                "name": [{"family": family, "given": [given]}],
                "identifier": [{"system": "http://hl7.it/sid/codiceFiscale", "value": code}],
                "address": [{"line": ["Via Roma 1"], "city": "Napoli"}]})
        };
        let mut mine = person("mine", "Bianchi", "Carla", "BNCCRL70A41F839Y");
        mine["generalPractitioner"] = json!([{"reference": "Practitioner/gp"}]);
        let fact = |id: &str, patient: &str, hiv: bool| {
            let code = if hiv { "042" } else { "250.00" };
            json!({"resourceType": "Condition", "id": id, "subject": {"reference": format!("Patient/{patient}")},
                "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-9-cm", "code": code}]}})
        };
        let staff = |id: &str, family: &str| {
            json!({"resourceType": "Practitioner", "id": id, "active": true, "name": [{"family": family, "given": ["X"]}],
                "address": [{"line": ["Via Roma 1"], "city": "Napoli"}]})
        };
        let people = [
            ("gp", "Rossi", "mmg"),
            ("er", "Verdi", "medico"),
            ("dpo", "Conte", "dpo"),
            ("cm", "Gallo", "case-manager"),
        ];
        let mut all = vec![
            mine,
            person("stranger", "Verdi", "Anna", CODE),
            fact("c-mine", "mine", false),
            fact("h-mine", "mine", true),
            fact("c-stranger", "stranger", false),
        ];
        all.extend(people.map(|(id, family, _)| staff(id, family)));
        self.fhir(&Actor::system()).write_all(&all).await.unwrap();
        for (id, family, role) in people {
            self.account(id, &format!("Practitioner/{id}"), family, role).await;
        }
        self.account("anna", "Patient/stranger", "Verdi Anna", "assistito")
            .await;
        self.account("carla", "Patient/mine", "Bianchi Carla", "assistito")
            .await;
        self.account("root", "Practitioner/root", "Root", "admin").await;
    }

    async fn account(&self, username: &str, subject: &str, name: &str, role: &str) {
        let actor = Actor {
            subject: subject.into(),
            name: name.into(),
            roles: vec![role.into()],
            ..Actor::default()
        };
        let new = NewAccount {
            username: format!("user.{username}"),
            password: "correct horse battery".into(),
            actor,
            demo: true,
        };
        self.identity.accounts().create(new).await.unwrap();
    }

    /// The hub as somebody.
    pub fn fhir(&self, actor: &Actor) -> Fhir {
        self.context.peers.fhir(actor)
    }

    /// Somebody of the region as they act.
    pub fn actor(id: &str, role: &str) -> Actor {
        Actor {
            subject: format!("Practitioner/{id}"),
            name: id.into(),
            roles: vec![role.into()],
            assurance: 1,
            ..Actor::default()
        }
    }

    /// Whether somebody sees a condition.
    pub async fn sees(&self, id: &str, role: &str, condition: &str) -> bool {
        self.fhir(&Self::actor(id, role))
            .find("Condition", condition)
            .await
            .unwrap()
            .is_some()
    }

    /// Signs in.
    pub async fn browser(&self, username: &str) -> Browser {
        let signed_in = self
            .identity
            .sign_in(&format!("user.{username}"), "correct horse battery", None)
            .await
            .unwrap();
        Browser {
            router: self.router.clone(),
            cookie: format!("{}={}", access::session_cookie_name(false), signed_in.token),
            csrf: signed_in.session.csrf,
        }
    }

    /// Time passes.
    pub fn minutes(&self, minutes: i64) {
        self.clock.advance(jiff::SignedDuration::from_mins(minutes));
    }

    /// Jobs run to their end.
    pub async fn settle(&self) {
        self.guard.audit().flush().await;
        self.orchestrator.settle().await.unwrap();
    }
}

impl Browser {
    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, String::new()).await
    }

    /// Sends a form.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let mut body = serde_urlencoded::to_string(fields).unwrap();
        body.push_str(&format!("&_csrf={}", self.csrf));
        self.send(Method::POST, path, body).await
    }

    async fn send(&self, method: Method, path: &str, body: String) -> Reply {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::COOKIE, &self.cookie)
            .header(header::ACCEPT, "text/html")
            .header(header::HOST, "localhost")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let to = response
            .headers()
            .get(header::LOCATION)
            .and_then(|to| to.to_str().ok())
            .unwrap_or("")
            .to_owned();
        let bytes = axum::body::to_bytes(response.into_body(), 8 << 20).await.unwrap();
        Reply {
            status,
            to,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}

impl Reply {
    /// The value of a hidden field of the page.
    pub fn field(&self, name: &str) -> String {
        let mark = format!("name=\"{name}\" value=\"");
        let rest = self
            .text
            .split(&mark)
            .nth(1)
            .unwrap_or_else(|| panic!("no field {name}: {}", self.text));
        rest.split('"').next().unwrap().to_owned()
    }

    /// The text without what differs from one showing to the next: tokens and ids of forms.
    pub fn plain(&self) -> String {
        let parts: Vec<&str> = self.text.split("value=\"").collect();
        let kept = parts
            .iter()
            .map(|part| part.split_once('"').map_or(*part, |(_, rest)| rest));
        kept.collect()
    }
}

/// The resources of a search, as JSON.
pub async fn found(fhir: &Fhir, rtype: &str, query: &[(&str, &str)]) -> Vec<Value> {
    fhir.search(rtype, query).await.unwrap()
}
