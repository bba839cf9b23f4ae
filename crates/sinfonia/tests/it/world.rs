//! The whole program in both shapes, over an empty store and a clock of the test's own.

use access::{Actor, GuardOptions, RouteInfo, SigningKey};
use axum::Router;
use axum::body::{Body, Bytes};
use http::{HeaderMap, Request, StatusCode, header};
use postgres_fixture::Database;
use sinfonia::backend::Place;
use sinfonia::front::{Front, FrontSetup};
use sinfonia::server::Admission;
use sinfonia::system::{Served, Setup, System};
use sinfonia::watch::{Metrics, Sampler, Shared};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use store::{AuditEntry, AuditFilter, ManualClock, SystemRandom, UuidIds};
use tower::ServiceExt as _;

/// A Sunday morning.
pub const NOW: &str = "2026-11-22T09:00:00Z";

pub struct World {
    pub clock: Arc<ManualClock>,
    pub system: System,
    health: Shared,
    /// The node of the components, when they run apart.
    pub front: Option<Front>,
    folder: tempfile::TempDir,
    _database: Option<Database>,
}

/// A route and the node that serves it.
pub struct Node {
    pub part: &'static str,
    pub route: RouteInfo,
    pub router: Router,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

pub fn setup(clock: Arc<ManualClock>) -> Setup {
    Setup {
        clock,
        ids: Arc::new(UuidIds),
        ..sinfonia::commands::real_setup("http://127.0.0.1:8080")
    }
}

impl World {
    /// Everything in one process.
    pub async fn whole() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(NOW.parse().unwrap()));
        let mut setup = setup(clock.clone());
        change(&mut setup);
        let health = setup.health.clone();
        let database = Database::asked();
        let place = Place {
            data: folder.path().join("data"),
            store: database.as_ref().map(Database::address),
        };
        let system = System::open(&place, setup).await.unwrap();
        system.deploy_components().await.unwrap();
        let (admission, metrics) = (Arc::new(Admission::new(64, 4)), Arc::new(Metrics::new()));
        let sampler = Sampler::new(
            Some(system.store.clone()),
            system.context.peers.clone(),
            place.data,
            clock.clone(),
            admission,
            metrics,
        );
        assert!(health.set(Arc::new(sampler)).is_ok());
        Self {
            clock,
            system,
            health,
            front: None,
            folder,
            _database: database,
        }
    }

    /// Hub and orchestrator on one node, every component on another that asks it over a socket.
    pub async fn split() -> Self {
        let mut world = Self::with(|setup| (setup.only, setup.for_nodes) = (Some(vec![]), true)).await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let served = world.system.router.clone();
        tokio::spawn(async move { axum::serve(listener, served).await });
        let components = sinfonia::system::components();
        let front = Front::open(FrontSetup {
            clock: world.clock.clone(),
            ids: Arc::new(UuidIds),
            key: world.key(),
            components: components.iter().map(|component| component.name.to_owned()).collect(),
            peers: BTreeMap::from([("hub".into(), base.clone()), ("orchestrator".into(), base)]),
            guard: GuardOptions::default(),
            health: world.health.clone(),
            policies: Arc::new(policy::Policies::standard()),
        });
        world.front = Some(front.unwrap());
        world
    }

    pub fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    fn key(&self) -> SigningKey {
        key(&self.data())
    }

    /// Every route that can be called from outside, with the node that serves it.
    pub fn nodes(&self) -> Vec<Node> {
        let of = |list: &[Served], router: &Router| {
            let own = list.iter().map(|served| Node {
                part: served.part,
                route: served.route.clone(),
                router: router.clone(),
            });
            own.collect::<Vec<_>>()
        };
        let mut nodes = of(&self.system.routes, &self.system.router);
        if let Some(front) = &self.front {
            nodes.extend(of(&front.routes, &front.router));
        } else {
            nodes.retain(|node| node.part != "identity");
        }
        nodes
    }

    pub fn bearer(&self, actor: &Actor) -> String {
        format!("Bearer {}", self.system.guard.tokens().issue(actor))
    }

    /// The record of accesses, whole.
    pub async fn log(&self) -> Vec<AuditEntry> {
        if let Some(front) = &self.front {
            front.guard.audit().flush().await;
        }
        self.system.guard.audit().flush().await;
        let mut snapshot = self.system.store.store().snapshot().await.unwrap();
        let (mut filter, mut all) = (AuditFilter::newest(None, 10_000), vec![]);
        loop {
            let page = snapshot.audit(&filter).await.unwrap();
            filter.before = page.next;
            all.extend(page.entries());
            if filter.before.is_none() {
                return all;
            }
        }
    }
}

pub fn key(data: &Path) -> SigningKey {
    SigningKey::load_or_create(&data.join("internal.key"), &SystemRandom).unwrap()
}

pub async fn send(router: &Router, request: Request<Body>) -> Answer {
    let answer = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let body = axum::body::to_bytes(body, 64 << 20).await.unwrap_or_default();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body,
    }
}

/// A request without a body.
pub fn ask(method: &str, path: &str, bearer: Option<&str>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(bearer) = bearer {
        request = request.header(header::AUTHORIZATION, bearer);
    }
    request.body(Body::empty()).unwrap()
}

pub fn actor(subject: &str, roles: &[&str]) -> Actor {
    Actor {
        subject: subject.into(),
        name: subject.into(),
        roles: roles.iter().map(|role| (*role).to_owned()).collect(),
        assurance: 2,
        ..Actor::default()
    }
}
