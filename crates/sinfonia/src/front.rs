//! A node that serves pages of components and has no store: hub and orchestrator run on another (`serve --peer`).

use crate::system::{Parts, Served, components_named, context};
use access::{Authorizer, Guard, GuardOptions, SigningKey, Tokens};
use anyhow::bail;
use component::{Context, Peer, Peers, RemoteIdentity};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Clock, Ids, SystemRandom};

/// What such a node is told.
pub struct FrontSetup {
    /// Where "now" comes from.
    pub clock: Arc<dyn Clock>,
    /// Where new ids come from.
    pub ids: Arc<dyn Ids>,
    /// The key that all nodes of the installation share.
    pub key: SigningKey,
    /// Names of the components it serves.
    pub components: Vec<String>,
    /// Base URLs of the other nodes by what they serve: `hub`, `orchestrator`.
    pub peers: BTreeMap<String, String>,
    /// See [`GuardOptions`].
    pub guard: GuardOptions,
    /// What answers whether the process is alive and ready.
    pub health: crate::watch::Shared,
    /// Who may call which routes; the same folder on every node.
    pub policies: Arc<policy::Policies>,
}

/// The node.
pub struct Front {
    /// The one wrapper.
    pub guard: Guard,
    /// What components work with.
    pub context: Context,
    /// Every route.
    pub routes: Vec<Served>,
    /// Pages and APIs, guarded.
    pub router: axum::Router,
}

impl Front {
    /// Wires the node; asks nobody anything yet.
    ///
    /// # Errors
    /// An unknown component or peer, an address that is none, a need that no peer meets.
    pub fn open(setup: FrontSetup) -> anyhow::Result<Self> {
        let peers = Peers::new(Tokens::new(&setup.key, setup.clock.clone()));
        for (name, base) in &setup.peers {
            if !["hub", "orchestrator"].contains(&name.as_str()) {
                bail!("--peer {name}: components ask 'hub' and 'orchestrator' only");
            }
            peers.add(name, Peer::remote(base)?);
        }
        if !peers.knows("hub") {
            bail!("a node without a store knows people through the hub: start it with --peer hub=URL");
        }
        let components = components_named(&setup.components)?;
        let context = context(peers.clone(), &components, setup.clock.clone(), setup.ids)?;
        let authorizer = Authorizer::elsewhere(setup.policies, setup.clock.clone());
        let identity = Arc::new(RemoteIdentity::new(peers));
        let guard = Guard::new(
            identity,
            authorizer,
            &setup.key,
            setup.clock,
            &SystemRandom,
            setup.guard,
        );
        let mut parts = Parts::default();
        parts.add("health", crate::watch::health_routes(&setup.health));
        parts.pages(&components, &context, &guard);
        let (routes, router) = parts.guarded(&guard, &web::Kit::base(&context))?;
        Ok(Self {
            guard,
            context,
            routes,
            router,
        })
    }

    /// Sends what is still in memory (the audit) to the hub's node.
    pub async fn close(self) {
        self.guard.audit().flush().await;
    }
}
