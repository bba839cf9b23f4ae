//! The whole program over one store, wired once for every subcommand.

use crate::backend::{Backend, Place};
use access::{
    Authorizer, Guard, GuardOptions, Identity, IdentityOptions, LocalIdentity, OidcConfig, Policy, RouteInfo, Routes,
    SignInRules, SigningKey, identity_routes,
};
use anyhow::{Context as _, bail};
use axum::middleware::from_fn;
use component::{Component, Context, Peer, Peers};
use hub::subscriptions::{EndpointPolicy, Seal, Settings};
use hub::{Hub, HubConfig};
use oauth::Oauth;
use orchestrator::Orchestrator;
use std::sync::Arc;
use store::{Clock, CommitWatch, Ids, Store, SystemRandom};

/// Every service of the region that this program carries.
pub fn components() -> Vec<Component> {
    vec![
        pathways::component(),
        rights::component(),
        citizens::component(),
        staff::component(),
        facilities::component(),
        operate::component(),
        privacy::component(),
        account::component(),
    ]
}

/// Those of [`components`] with these names.
///
/// # Errors
/// A name is no component's.
pub fn components_named(names: &[String]) -> anyhow::Result<Vec<Component>> {
    let all = components();
    for name in names {
        if !all.iter().any(|component| component.name == name) {
            let known: Vec<_> = all.iter().map(|component| component.name).collect();
            bail!("there is no component '{name}'; there are {}", known.join(", "));
        }
    }
    Ok(all
        .into_iter()
        .filter(|component| names.iter().any(|name| name == component.name))
        .collect())
}

/// A route of the running system, and which part serves it.
#[derive(Debug, Clone)]
pub struct Served {
    /// `health`, `hub`, `orchestrator`, `oauth`, `identity` (between nodes only), `site`, or a component's name.
    pub part: &'static str,
    /// The route.
    pub route: RouteInfo,
}

/// Time, identity and manners of one run.
pub struct Setup {
    /// Where "now" comes from: the machine, or the demo's virtual clock.
    pub clock: Arc<dyn Clock>,
    /// Where new ids come from.
    pub ids: Arc<dyn Ids>,
    /// Base URL clients see, without a path.
    pub base_url: String,
    /// The key that all nodes share, when it is not `internal.key` in the data folder.
    pub key_file: Option<std::path::PathBuf>,
    /// See [`GuardOptions`].
    pub guard: GuardOptions,
    /// Origins of browser applications that may call the FHIR interface.
    pub origins: hub::Origins,
    /// Where notifications of subscriptions may go, and who may ask for them.
    pub notify: NotifyOptions,
    /// From where `$import` may read.
    pub import: hub::ImportPolicy,
    /// Identity providers (SPID, CIE, …).
    pub providers: Option<OidcConfig>,
    /// Who needs a second factor, how long sessions last.
    pub sign_in_rules: SignInRules,
    /// Other administrations whose signed requests are accepted.
    pub interop: Interop,
    /// What is looked at when FHIR resources are written.
    pub validation: hub::ValidationPolicy,
    /// Who may see and do what.
    pub policies: Arc<policy::Policies>,
    /// The components whose pages this process serves; all, without it. Workers of every component run here.
    pub only: Option<Vec<String>>,
    /// Told of each group commit of the store.
    pub watch: Option<Arc<dyn CommitWatch>>,
    /// What answers whether the process is alive and ready.
    pub health: crate::watch::Shared,
    /// Serves identity to nodes without a store (the routes under `/access`, which only their key opens).
    pub for_nodes: bool,
    /// Memory for index rows that wait to be written together, bytes; the store's own measure when absent. A file only.
    pub index_memory: Option<u64>,
}

/// What the command line says of subscriptions.
#[derive(Debug, Clone, Default)]
pub struct NotifyOptions {
    /// See [`hub::subscriptions::EndpointPolicy`].
    pub endpoints: EndpointPolicy,
    /// Roles besides `admin` that may write Subscriptions.
    pub managers: Vec<String>,
}

/// Other administrations whose signed requests are accepted (the file of `serve --interop`).
#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interop {
    /// Issuers of PDND vouchers.
    #[serde(default)]
    pub pdnd: Vec<oauth::pdnd::Issuer>,
    /// Partners by the ModI patterns.
    #[serde(default)]
    pub partners: Vec<oauth::modi::Partner>,
}

/// Everything wired.
pub struct System {
    /// Store.
    pub store: Backend,
    /// Accounts.
    pub identity: LocalIdentity,
    /// The authorisation server.
    pub oauth: Arc<Oauth>,
    /// The one wrapper.
    pub guard: Guard,
    /// Facts.
    pub hub: Arc<Hub>,
    /// Processes.
    pub orchestrator: Arc<Orchestrator>,
    /// What components work with.
    pub context: Context,
    /// Every route that somebody can call, inside or from outside.
    pub routes: Vec<Served>,
    /// Pages and APIs, guarded.
    pub router: axum::Router,
    /// Hears what other nodes over the same store write.
    listener: tokio::task::JoinHandle<()>,
}

/// The key of this node, made when there is none.
fn node_key(
    named: Option<std::path::PathBuf>,
    data: &std::path::Path,
    random: &SystemRandom,
) -> anyhow::Result<SigningKey> {
    let file = named.unwrap_or_else(|| data.join("internal.key"));
    Ok(SigningKey::load_or_create(&file, random)?)
}

impl System {
    /// Opens the store of `place` and wires everything over it.
    ///
    /// # Errors
    /// The folder cannot be made, the store is in use by another process or newer than the program, a component's
    /// model is refused.
    pub async fn open(place: &Place, setup: Setup) -> anyhow::Result<Self> {
        let data = &place.data;
        // It makes the folder, too.
        let store = Backend::open_watched(place, setup.watch, setup.index_memory).await?;
        let random = Arc::new(SystemRandom);
        let key = node_key(setup.key_file, data, &random)?;
        let (clock, ids) = (setup.clock, setup.ids);
        let authorizer = Authorizer::new(store.store(), setup.policies, clock.clone());
        // Everything writes through the watched store: what somebody may see follows from what is written.
        let dynamic: Arc<dyn Store> = authorizer.store();
        let manners = identity_options(setup.sign_in_rules, &setup.base_url, &key);
        let mut identity = LocalIdentity::new(dynamic.clone(), clock.clone(), random.clone(), manners);
        if let Some(providers) = setup.providers {
            identity = identity.with_providers(providers, &setup.base_url)?;
        }
        let shared: Arc<dyn Identity> = Arc::new(identity.clone());
        let guard = Guard::new(
            shared.clone(),
            authorizer.clone(),
            &key,
            clock.clone(),
            random.as_ref(),
            setup.guard,
        );

        let endpoints = &setup.notify.endpoints;
        let mut config = oauth_config(&setup.base_url, &key, endpoints, setup.interop);
        config.persons = Some(Arc::new(identity.clone()));
        let oauth = Oauth::open(dynamic.clone(), clock.clone(), ids.clone(), random.clone(), config).await?;
        guard.accept_bearers(vec![oauth.clone()]);

        let mut config = hub_config(&setup.base_url, &key, setup.notify, random.clone());
        config.validation = setup.validation;
        config.authorizer = Some(authorizer.clone());
        config.bulk.folder = Some(data.join("bulk"));
        config.bulk.import = setup.import;
        let hub = Hub::new(dynamic.clone(), clock.clone(), ids.clone(), config);
        let manners = orchestrator::Config {
            authorizer: Some(authorizer.clone()),
            pseudonyms: Some(SigningKey::from_bytes(key.derive("pseudonyms of exports"))),
            ..Default::default()
        };
        let orchestrator = Orchestrator::new(dynamic, clock.clone(), ids.clone(), manners);

        let peers = local_peers(&guard, &hub, &orchestrator, &shared);
        let components = match &setup.only {
            Some(names) => components_named(names)?,
            None => components(),
        };
        let context = context(peers, &components, clock, ids)?;
        register_workers(&self::components(), &context, &orchestrator);

        let mut parts = Parts::default();
        parts.add("health", crate::watch::health_routes(&setup.health));
        parts.add("hub", hub::routes(hub.clone()));
        parts.add("orchestrator", orchestrator::routes(orchestrator.clone()));
        parts.add("oauth", oauth::routes(&oauth));
        parts.identity(internal(&guard, &shared), setup.for_nodes);
        let kit = web::Kit::base(&context);
        parts.add("site", web::apps(&kit, &context, &oauth));
        parts.pages(&components, &context, &guard);
        let (routes, router) = parts.guarded(&guard, &kit)?;
        let router = outermost(router, setup.origins, &oauth);
        Ok(Self {
            listener: listen(authorizer, identity.clone()),
            store,
            identity,
            oauth,
            guard,
            hub,
            orchestrator,
            context,
            routes,
            router,
        })
    }

    /// Deploys the models and forms that the components carry; the same bytes again change nothing.
    pub async fn deploy_components(&self) -> anyhow::Result<()> {
        // Models of components whose pages another node serves, too: workers of all of them run here.
        deploy(&components(), &self.context.peers).await
    }

    /// Writes what is still in memory (the audit) and closes.
    pub async fn close(self) {
        self.listener.abort();
        if let Err(error) = self.orchestrator.leave().await {
            tracing::debug!(%error, "the background work could not be handed over");
        }
        self.guard.audit().flush().await;
        self.store.close().await;
    }
}

/// Hears what other nodes over the same store write of ties and accounts.
fn listen(ties: Authorizer, accounts: LocalIdentity) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        tokio::join!(ties.follow(), accounts.follow());
    })
}

/// What looks at requests before anything else: origins of browser applications, signatures of other administrations.
fn outermost(router: axum::Router, origins: hub::Origins, oauth: &Arc<Oauth>) -> axum::Router {
    let signed = oauth.clone();
    router
        .layer(from_fn(move |request, next| {
            hub::cross_origin(origins.clone(), request, next)
        }))
        .layer(from_fn(move |request, next| {
            oauth::modi::layer(signed.clone(), request, next)
        }))
}

fn identity_options(rules: SignInRules, base_url: &str, key: &SigningKey) -> IdentityOptions {
    IdentityOptions {
        rules,
        site: Some(base_url.to_owned()),
        key: Some(key.clone()),
        ..Default::default()
    }
}

fn local_peers(guard: &Guard, hub: &Arc<Hub>, orchestrator: &Arc<Orchestrator>, identity: &Arc<dyn Identity>) -> Peers {
    let peers = Peers::new(guard.tokens().clone());
    let facts = hub::routes(hub.clone()).merge(internal(guard, identity));
    peers.add("hub", Peer::Local(facts.guard(guard)));
    let processes = orchestrator::routes(orchestrator.clone());
    peers.add("orchestrator", Peer::Local(processes.guard(guard)));
    peers
}

/// What nodes and components ask of identity and access, as the program itself.
fn internal(guard: &Guard, identity: &Arc<dyn Identity>) -> Routes {
    identity_routes(identity).merge(access::explain_routes(guard.authorizer()))
}

fn register_workers(components: &[Component], context: &Context, orchestrator: &Arc<Orchestrator>) {
    for worker in components.iter().flat_map(|component| (component.workers)()) {
        let (context, run) = (context.clone(), worker.run.clone());
        orchestrator.register_worker(worker.job_type, move |job| run(context.clone(), job));
    }
}

fn oauth_config(base_url: &str, key: &SigningKey, endpoints: &EndpointPolicy, interop: Interop) -> oauth::Config {
    let mut config = oauth::Config::new(base_url, key.derive("oauth signing keys"));
    config.endpoints = endpoints.clone();
    config.pdnd = interop.pdnd;
    config.partners = interop.partners;
    config
}

fn hub_config(base_url: &str, key: &SigningKey, notify: NotifyOptions, random: Arc<SystemRandom>) -> HubConfig {
    let mut config = HubConfig::new(format!("{base_url}/fhir"));
    config.security = Some(hub::SecurityEndpoints {
        authorize: format!("{base_url}/oauth/authorize"),
        token: format!("{base_url}/oauth/token"),
    });
    config.subscriptions = Some(Settings {
        endpoints: notify.endpoints,
        managers: notify.managers,
        seal: Some(Seal::new(key.derive("subscription secrets"), random.clone())),
        random,
        ..Settings::default()
    });
    config
}

/// Deploys the models and forms of components.
pub(crate) async fn deploy(components: &[Component], peers: &Peers) -> anyhow::Result<()> {
    use orchestrator::api::{Deploy, DeployFile};
    for component in components {
        let files = component.deployments.iter().map(|file| DeployFile {
            name: file.name.into(),
            content: file.content.into(),
        });
        let files: Vec<_> = files.collect();
        if files.is_empty() {
            continue;
        }
        let client = peers.orchestrator(&access::Actor::system());
        client
            .deploy(&Deploy { files })
            .await
            .with_context(|| format!("the models of the component '{}' were refused", component.name))?;
    }
    Ok(())
}

/// What components work with.
pub(crate) fn context(
    peers: Peers,
    components: &[Component],
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
) -> anyhow::Result<Context> {
    peers.check_needs(components).map_err(anyhow::Error::msg)?;
    let navigation = components.iter().flat_map(|c| c.navigation.iter().copied()).collect();
    Ok(Context {
        peers,
        clock,
        ids,
        navigation,
    })
}

/// The routes of a process, part by part.
#[derive(Default)]
pub(crate) struct Parts {
    routes: Routes,
    list: Vec<Served>,
}

impl Parts {
    /// Serves the routes of a part.
    pub fn add(&mut self, part: &'static str, routes: Routes) {
        self.note(part, &routes);
        self.routes = std::mem::take(&mut self.routes).merge(routes);
    }

    /// Lists routes that are served elsewhere in this process.
    pub fn note(&mut self, part: &'static str, routes: &Routes) {
        self.list.extend(routes.list().iter().map(|route| Served {
            part,
            route: route.clone(),
        }));
    }

    /// What other nodes ask of identity; only listed where there are none.
    fn identity(&mut self, routes: Routes, for_nodes: bool) {
        if for_nodes {
            self.add("identity", routes);
        } else {
            self.note("identity", &routes);
        }
    }

    /// The pages that belong to no component, and those of components.
    pub fn pages(&mut self, components: &[Component], context: &Context, guard: &Guard) {
        self.add("site", web::site(&web::Kit::base(context), guard));
        for component in components {
            self.add(component.name, (component.routes)(context));
        }
    }

    /// The list, and the router behind the guard.
    ///
    /// # Errors
    /// A route names a capability that the policies in force do not know: nobody could ever call it.
    pub fn guarded(mut self, guard: &Guard, kit: &web::Kit) -> anyhow::Result<(Vec<Served>, axum::Router)> {
        let known = guard.authorizer().policies().capabilities();
        for Served { part, route } in &self.list {
            if let Policy::May(name) = route.policy
                && known.named(name).is_none()
            {
                bail!(
                    "capabilities.json of the policies does not say who has '{name}', which {part} asks for at {} {}",
                    route.method,
                    route.path
                );
            }
        }
        let catalogue = catalogue(self.routes.list());
        self.add("site", web::catalogue(kit, &catalogue));
        Ok((self.list, web::dress(self.routes.guard(guard), kit)))
    }
}

/// The catalogue of the API (OpenAPI 3.1) of these routes.
pub fn catalogue(routes: &[RouteInfo]) -> serde_json::Value {
    let info = access::ApiInfo {
        version: env!("CARGO_PKG_VERSION").into(),
        server: "/".into(),
    };
    access::openapi(routes, &info)
}
