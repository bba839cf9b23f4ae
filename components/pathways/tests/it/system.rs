//! Hub, orchestrator and this component over one SQLite file, under a clock that moves only when told.

use access::{Actor, Authorizer, Guard, GuardOptions, LocalIdentity, SigningKey};
use component::{Context, DemoContext, Peer, Peers};
use futures::FutureExt;
use hub::{Hub, HubConfig};
use orchestrator::Orchestrator;
use orchestrator::api::{Deploy, DeployFile};
use std::sync::Arc;
use store::{ManualClock, SeededRandom, SequentialIds, Store};

/// The wired system.
pub struct System {
    pub clock: Arc<ManualClock>,
    pub orchestrator: Arc<Orchestrator>,
    pub context: Context,
    guard: Guard,
    _folder: test_store::Stand,
}

impl System {
    /// Wires everything with the component deployed; the clock shows `now`.
    pub async fn open(now: &str) -> Self {
        let (store, folder) = test_store::stand();
        let clock = Arc::new(ManualClock::new(now.parse().unwrap()));
        let authorizer = Authorizer::standard(store, clock.clone());
        let store: Arc<dyn Store> = authorizer.store();
        let random = Arc::new(SeededRandom::new(1));
        let ids = Arc::new(SequentialIds::new("id"));
        let identity = LocalIdentity::new(store.clone(), clock.clone(), random.clone(), Default::default());
        let key = SigningKey::from_bytes([7; 32]);
        let guard = Guard::new(
            Arc::new(identity),
            authorizer,
            &key,
            clock.clone(),
            random.as_ref(),
            GuardOptions::default(),
        );
        let hub = Hub::new(
            store.clone(),
            clock.clone(),
            ids.clone(),
            HubConfig::new("http://localhost/fhir"),
        );
        let orchestrator = Orchestrator::new(store, clock.clone(), ids.clone(), Default::default());
        let peers = Peers::new(guard.tokens().clone());
        peers.add("hub", Peer::Local(hub::routes(hub).guard(&guard)));
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
        let files = pathways::deployments::DEPLOYMENTS
            .iter()
            .map(|f| DeployFile {
                name: f.name.into(),
                content: f.content.into(),
            })
            .collect();
        let client = context.peers.orchestrator(&Actor::system());
        let deployed = client.deploy(&Deploy { files }).await.unwrap_or_else(|e| panic!("{e}"));
        assert!(deployed.issues.is_empty(), "{:#?}", deployed.issues);
        Self {
            clock,
            orchestrator,
            context,
            guard,
            _folder: folder,
        }
    }

    /// What the demo is given.
    pub fn demo(&self) -> DemoContext {
        let (settle, next) = (self.orchestrator.clone(), self.orchestrator.clone());
        DemoContext {
            context: self.context.clone(),
            clock: self.clock.clone(),
            settle: Arc::new(move || {
                let orchestrator = settle.clone();
                async move { orchestrator.settle().await.map_err(|e| e.to_string()) }.boxed()
            }),
            next_timer: Arc::new(move || {
                let orchestrator = next.clone();
                async move { orchestrator.next_timer().await.ok().flatten() }.boxed()
            }),
            synthea: None,
            progress: Arc::new(|_, _, _| {}),
            actor: Actor::system(),
        }
    }

    /// Writes what is still in memory.
    pub async fn close(self) {
        self.guard.audit().flush().await;
    }
}
