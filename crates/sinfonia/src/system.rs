//! The whole program over one SQLite file, wired once for every subcommand.

use access::{
    Authorizer, Guard, GuardOptions, Identity, IdentityOptions, LocalIdentity, OidcConfig, SignInRules, SigningKey,
    identity_routes,
};
use anyhow::Context as _;
use axum::middleware::from_fn;
use component::{Component, Context, Peer, Peers};
use hub::subscriptions::{EndpointPolicy, Seal, Settings};
use hub::{Hub, HubConfig};
use oauth::Oauth;
use orchestrator::Orchestrator;
use std::path::Path;
use std::sync::Arc;
use store::{Clock, Ids, Store, SystemRandom};
use store_sqlite::SqliteStore;

/// Every service of the region that this program carries.
pub fn components() -> Vec<Component> {
    vec![
        pathways::component(),
        rights::component(),
        operate::component(),
        account::component(),
    ]
}

/// Time, identity and manners of one run.
pub struct Setup {
    /// Where "now" comes from: the machine, or the demo's virtual clock.
    pub clock: Arc<dyn Clock>,
    /// Where new ids come from.
    pub ids: Arc<dyn Ids>,
    /// Base URL clients see, without a path.
    pub base_url: String,
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
    pub store: Arc<SqliteStore>,
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
    /// Pages and APIs, guarded.
    pub router: axum::Router,
}

impl System {
    /// Opens the store of `data` and wires everything over it.
    ///
    /// # Errors
    /// The folder cannot be made, the store is in use by another process or newer than the program, a component's
    /// model is refused.
    pub async fn open(data: &Path, setup: Setup) -> anyhow::Result<Self> {
        std::fs::create_dir_all(data).with_context(|| format!("cannot make the data folder {}", data.display()))?;
        let random = Arc::new(SystemRandom);
        let key = SigningKey::load_or_create(&data.join("internal.key"), random.as_ref())?;
        let store = open_store(data)?;
        let (clock, ids) = (setup.clock, setup.ids);
        let authorizer = Authorizer::new(store.clone(), setup.policies, clock.clone());
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
        let components = components();
        peers.check_needs(&components).map_err(anyhow::Error::msg)?;
        let navigation = components.iter().flat_map(|c| c.navigation.iter().copied()).collect();
        let context = Context {
            peers,
            clock,
            ids,
            navigation,
        };

        register_workers(&components, &context, &orchestrator);
        let router = router(&components, &context, &hub, &orchestrator, &oauth, &guard);
        let origins = setup.origins;
        let router = router.layer(from_fn(move |request, next| {
            hub::cross_origin(origins.clone(), request, next)
        }));
        let signed = oauth.clone();
        let router = router.layer(from_fn(move |request, next| {
            oauth::modi::layer(signed.clone(), request, next)
        }));
        Ok(Self {
            store,
            identity,
            oauth,
            guard,
            hub,
            orchestrator,
            context,
            router,
        })
    }

    /// Deploys the models and forms that the components carry; the same bytes again change nothing.
    pub async fn deploy_components(&self) -> anyhow::Result<()> {
        use orchestrator::api::{Deploy, DeployFile};
        for component in components() {
            let files: Vec<_> = component
                .deployments
                .iter()
                .map(|file| DeployFile {
                    name: file.name.into(),
                    content: file.content.into(),
                })
                .collect();
            if files.is_empty() {
                continue;
            }
            let client = self.context.peers.orchestrator(&access::Actor::system());
            client
                .deploy(&Deploy { files })
                .await
                .with_context(|| format!("the models of the component '{}' were refused", component.name))?;
        }
        Ok(())
    }

    /// Writes what is still in memory (the audit) and closes.
    pub async fn close(self) {
        self.guard.audit().flush().await;
    }
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
    let facts = hub::routes(hub.clone()).merge(identity_routes(identity));
    let facts = facts.merge(access::explain_routes(guard.authorizer()));
    peers.add("hub", Peer::Local(facts.guard(guard)));
    let processes = orchestrator::routes(orchestrator.clone());
    peers.add("orchestrator", Peer::Local(processes.guard(guard)));
    peers
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

/// Opens the store file of a data folder; says so when another process holds it.
pub fn open_store(data: &Path) -> anyhow::Result<Arc<SqliteStore>> {
    std::fs::create_dir_all(data).with_context(|| format!("cannot make the data folder {}", data.display()))?;
    let progress = |done, all| tracing::info!(done, all, "rebuilding the search index after an update");
    let options = store_sqlite::Options {
        progress: Some(Arc::new(progress)),
        ..Default::default()
    };
    Ok(SqliteStore::open(data.join("sinfonia.sqlite"), options)?)
}

fn router(
    components: &[Component],
    context: &Context,
    hub: &Arc<Hub>,
    orchestrator: &Arc<Orchestrator>,
    oauth: &Arc<Oauth>,
    guard: &Guard,
) -> axum::Router {
    let kit = web::Kit::base(context);
    let apis = hub::routes(hub.clone()).merge(orchestrator::routes(orchestrator.clone()));
    let apis = apis.merge(oauth::routes(oauth));
    let mut routes = apis
        .merge(web::site(&kit, guard))
        .merge(web::apps(&kit, context, oauth));
    for component in components {
        routes = routes.merge((component.routes)(context));
    }
    web::dress(routes.guard(guard), &kit)
}
