//! `sinfonia serve`: pages and APIs until Ctrl-C or SIGTERM.

use super::door::Door;
use super::parts::{PartsArgs, Shape};
use crate::backend::Place as Where;
use crate::exit::Misconfigured;
use crate::front::{Front, FrontSetup};
use crate::server::Patience;
use crate::system::{Interop, Setup, System};
use crate::tls::TlsArgs;
use crate::watch::{Exporter, Metrics, Parts};
use access::{GuardOptions, OidcConfig, SignInRules, SigningKey};
use anyhow::{Context as _, bail};
use hub::subscriptions::{EndpointPolicy, Worker};
use orchestrator::{Orchestrator, Retention};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::SystemRandom;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Flags of `serve`.
#[derive(clap::Args)]
pub struct Args {
    /// Address to listen on.
    #[arg(long, env = "SINFONIA_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Base URL clients see; `http://<listen>` when absent.
    #[arg(long, env = "SINFONIA_BASE_URL")]
    base_url: Option<String>,
    /// Development only: API calls without credentials act as an administrator. Refused unless listening on loopback.
    #[arg(long)]
    open_api: bool,
    /// Counts no requests: nobody is refused for asking too much (docs/access.md). For measurements.
    #[arg(long, env = "SINFONIA_NO_PACE")]
    no_pace: bool,
    /// What is looked at when FHIR resources are written: off, warn or reject for all, then by type, e.g.
    /// `reject; Patient=reject:profiles,identifiers; Observation=warn:all`.
    #[arg(long, env = "SINFONIA_VALIDATION", default_value = "reject")]
    validation: hub::ValidationPolicy,
    /// What is kept of the versions that were superseded: all, last:N and days:N for all types, then by type, e.g.
    /// `all; Observation=last:3; Task=last:10,days:365` (with both, a version goes only when both let it). Looked at every
    /// hour.
    #[arg(long, env = "SINFONIA_HISTORY", default_value = "all")]
    history: store::HistoryPolicy,
    /// How long the history of ended process instances is kept: a policy file (docs/history.md), or `default`; without
    /// it, for ever. Looked at every hour.
    #[arg(long, env = "SINFONIA_PROCESS_HISTORY", value_name = "FILE")]
    process_history: Option<PathBuf>,
    /// URL under which notifications of FHIR Subscriptions may go although it is not https, or leads inside this network.
    /// May be given more than once.
    #[arg(
        long = "notify-endpoint",
        env = "SINFONIA_NOTIFY_ENDPOINTS",
        value_delimiter = ',',
        value_name = "URL"
    )]
    notify_endpoints: Vec<String>,
    /// Role besides admin that may write FHIR Subscriptions, which send data of any patient out. May be given more than
    /// once.
    #[arg(
        long = "notify-role",
        env = "SINFONIA_NOTIFY_ROLES",
        value_delimiter = ',',
        value_name = "ROLE"
    )]
    notify_roles: Vec<String>,
    /// Folder whose files `$import` may read as file:NAME; without it, none.
    #[arg(long, env = "SINFONIA_IMPORT_FOLDER")]
    import_folder: Option<PathBuf>,
    /// Beginning of URLs that `$import` may fetch, e.g. https://flussi.example.it/fhir/ (repeatable); without it, none.
    #[arg(long, env = "SINFONIA_IMPORT_URLS", value_delimiter = ',')]
    import_url: Vec<String>,
    /// Identity providers (SPID, CIE, …): a configuration file, see docs/identity.md.
    #[arg(long, env = "SINFONIA_OIDC", value_name = "FILE")]
    oidc: Option<PathBuf>,
    /// Rules of sign-in of the region (docs/identity.md): who needs a second factor, how long sessions last.
    #[arg(long, env = "SINFONIA_SIGN_IN_RULES", value_name = "FILE")]
    sign_in_rules: Option<PathBuf>,
    /// A proxy stands before the program: the network address of a session is the last one of X-Forwarded-For.
    #[arg(long, env = "SINFONIA_BEHIND_PROXY")]
    pub(super) behind_proxy: bool,
    /// Origins of browser applications (SMART on FHIR) that may call the FHIR interface, e.g.
    /// https://app.example.it; several separated by commas; * for all.
    #[arg(long, env = "SINFONIA_ORIGINS", value_delimiter = ',')]
    origins: Vec<String>,
    /// Other administrations whose signed requests are accepted: PDND issuers and ModI partners (docs/machines.md).
    #[arg(long, env = "SINFONIA_INTEROP", value_name = "FILE")]
    interop: Option<PathBuf>,
    /// Address for whoever runs the installation: /metrics, /health/live, /health/ready. It asks nobody who they are: keep
    /// it in an inner network.
    #[arg(long, env = "SINFONIA_OPERATIONS_LISTEN", value_name = "ADDRESS")]
    operations_listen: Option<SocketAddr>,
    /// Who gathers traces (OpenTelemetry): base URL of OTLP over HTTP, e.g. http://localhost:4318. Spans name verb, class of
    /// work, status and times; nobody's data.
    #[arg(long, env = "SINFONIA_OTLP_ENDPOINT", value_name = "URL")]
    otlp_endpoint: Option<String>,
    #[command(flatten)]
    pub(super) patience: Patience,
    #[command(flatten)]
    tls: TlsArgs,
    /// Folder of access policies of your own, in the place of those that come with the program (docs/access.md).
    #[arg(long, env = "SINFONIA_POLICIES", value_name = "FOLDER")]
    policies: Option<PathBuf>,
    #[command(flatten)]
    parts: PartsArgs,
}

/// What the command line and the files it names make of it.
pub struct Prepared {
    setup: Setup,
    shape: Shape,
    base_url: String,
    tls: Option<Arc<rustls::ServerConfig>>,
    retention: Option<Retention>,
    args: Args,
}

/// Reads every file that is named, and touches nothing else.
///
/// # Errors
/// [`Misconfigured`]: what is wrong, and where.
pub fn prepare(args: Args) -> anyhow::Result<Prepared> {
    prepared(args).map_err(|error| Misconfigured::of(&error))
}

fn prepared(mut args: Args) -> anyhow::Result<Prepared> {
    if args.open_api && !args.listen.ip().is_loopback() {
        bail!(
            "--open-api lets everyone in: it is permitted on a loopback address only, not on {}",
            args.listen
        );
    }
    let scheme = if args.tls.wanted() { "https" } else { "http" };
    let base_url = args.base_url.clone();
    let base_url = base_url.unwrap_or_else(|| format!("{scheme}://{}", args.listen));
    let tls = args.tls.config()?;
    if let Some(endpoint) = &args.otlp_endpoint {
        Exporter::check(endpoint).map_err(|why| anyhow::anyhow!("--otlp-endpoint {why}"))?;
    }
    let shape = args.parts.shape().map_err(anyhow::Error::msg)?;
    let retention = args.process_history.as_deref().map(super::prune::retention);
    let retention = retention.transpose()?;
    let mut setup = super::real_setup(&base_url);
    setup.key_file.clone_from(&args.parts.key_file);
    setup.guard.open_api = args.open_api;
    setup.validation = args.validation.clone();
    setup.notify.managers = std::mem::take(&mut args.notify_roles);
    setup.notify.endpoints = EndpointPolicy::default()
        .with_loopback(args.open_api)
        .listed(&args.notify_endpoints)
        .map_err(|why| anyhow::anyhow!("--notify-endpoint: {why}"))?;
    setup.origins = hub::Origins::new(std::mem::take(&mut args.origins)).map_err(anyhow::Error::msg)?;
    setup.interop = args.interop.as_deref().map(interop).transpose()?.unwrap_or_default();
    if let Some(folder) = &args.policies {
        setup.policies = policies(folder)?;
    }
    setup.guard.secure_cookies = base_url.starts_with("https://");
    setup.guard.paced = !args.no_pace && !args.open_api;
    setup.import.folder = args.import_folder.take();
    setup.import.urls = std::mem::take(&mut args.import_url);
    setup.providers = args.oidc.as_deref().map(OidcConfig::load).transpose()?;
    setup.sign_in_rules = sign_in_rules(args.sign_in_rules.as_deref())?;
    Ok(Prepared {
        setup,
        shape,
        base_url,
        tls,
        retention,
        args,
    })
}

/// Runs until told to stop.
pub async fn run(place: &Where, args: Args) -> anyhow::Result<()> {
    let Prepared {
        mut setup,
        shape,
        base_url,
        tls,
        retention,
        args,
    } = prepare(args)?;
    let listener = bind(args.listen).await?;
    let operations = match args.operations_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let metrics = Arc::new(Metrics::new());
    let spans = match &args.otlp_endpoint {
        Some(endpoint) => Some(Exporter::start(endpoint, metrics.spans.clone()).map_err(anyhow::Error::msg)?),
        None => None,
    };
    if let Some(exporter) = &spans {
        access::spans::gather(Arc::new(Parts {
            exporter: exporter.clone(),
            clock: setup.clock.clone(),
            seed: setup.ids.next(),
        }));
    }
    let door = Door::new(&args, &base_url, (listener, tls, operations), &setup, (&metrics, spans));
    setup.watch = Some(metrics.commits.clone());
    match shape {
        Shape::Front(components, peers) => return front(&place.data, args, (components, peers), setup, door).await,
        Shape::Core(components) => (setup.only, setup.for_nodes) = (Some(components), true),
        Shape::Whole => {}
    }
    let health = setup.health.clone();
    let system = System::open(place, setup).await?;
    system.deploy_components().await?;
    resume_bulk(&system).await?;
    let background = tokio::spawn(system.orchestrator.clone().run());
    let notifier = tokio::spawn(notify(system.hub.clone()));
    let history = super::prune::History::of(&system, args.history);
    let versions = history.every_hour(system.orchestrator.clone(), system.context.clock.clone());
    let batches = super::prune::batches_every_hour(system.orchestrator.clone());
    let erasures = super::prune::erasures_every_hour(system.hub.clone(), system.orchestrator.clone());
    let pruner = tokio::spawn(async { tokio::join!(versions, batches, erasures) });
    let watcher = tokio::spawn(watch_accesses(system.context.clone(), system.orchestrator.clone()));
    let forgetter = forgetter(&system, retention);
    let clocks = crate::watch::compare(system.store.clone(), system.context.clock.clone(), metrics.clone());
    let clocks = tokio::spawn(clocks);
    tracing::info!("writes are validated: {}", system.hub.config().validation);
    let stop = stop_asked(Some(system.orchestrator.clone()));
    tracing::info!("Sinfonia is at {base_url} (data in {})", place.told());
    let store = (Some(system.store.clone()), place.data.clone());
    door.answer(system.router.clone(), store, (&health, &system.context), stop)
        .await?;
    background.abort();
    pruner.abort();
    watcher.abort();
    clocks.abort();
    forgetter.into_iter().for_each(|task| task.abort());
    notifier.abort();
    system.close().await;
    tracing::info!("stopped");
    Ok(())
}

async fn bind(listen: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}: is another program there? Try --listen 127.0.0.1:8081"))
}

/// Serves components beside hub and orchestrator on other nodes, until told to stop.
async fn front(
    data: &Path,
    args: Args,
    (components, peers): (Vec<String>, BTreeMap<String, String>),
    setup: Setup,
    door: Door,
) -> anyhow::Result<()> {
    let key = args.parts.key_file.unwrap_or_else(|| data.join("internal.key"));
    anyhow::ensure!(
        key.exists(),
        "{}: the key that the nodes share is not there; copy internal.key of the node that has the store",
        key.display()
    );
    let health = setup.health.clone();
    let front = Front::open(FrontSetup {
        clock: setup.clock,
        ids: setup.ids,
        key: SigningKey::load_or_create(&key, &SystemRandom)?,
        components,
        peers,
        guard: GuardOptions {
            open_api: false,
            secure_cookies: setup.base_url.starts_with("https://"),
            paced: !args.no_pace,
        },
        health: health.clone(),
        policies: setup.policies,
    })?;
    let stop = stop_asked(None);
    tracing::info!("Sinfonia is at {}; hub and orchestrator are elsewhere", setup.base_url);
    let store = (None, data.to_owned());
    door.answer(front.router.clone(), store, (&health, &front.context), stop)
        .await?;
    front.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Looks at the record of accesses now and then, and tells of what was opened and not told yet: on the one node that does the
/// background work. One relieved in the middle does no harm: its findings are refused with its old position.
async fn watch_accesses(context: component::Context, orchestrator: Arc<Orchestrator>) {
    let every = std::time::Duration::from_secs(60 * *privacy::EVERY_MINUTES);
    let mut pace = super::prune::OnDuty::new(every, &orchestrator);
    loop {
        pace.turn().await;
        match privacy::watch(&context).await {
            Ok(done) if done.findings > 0 => tracing::info!(done.findings, "the record of accesses was evaluated"),
            Ok(_) => {}
            Err(error) => tracing::warn!(
                error,
                "the record of accesses was not evaluated; it will be tried again"
            ),
        }
    }
}

/// Sends notifications of Subscriptions until the store closes.
async fn notify(hub: Arc<hub::Hub>) {
    if let Err(error) = Worker::serve(hub).await {
        tracing::error!(%error, "notifications of Subscriptions cannot be sent");
    }
}

/// Removes the history of ended instances by policy, if there is one, beside other work.
fn forgetter(system: &System, retention: Option<Retention>) -> Option<JoinHandle<()>> {
    let (policy, store) = (retention?, system.store.upkeep());
    let (orchestrator, clock) = (system.orchestrator.clone(), system.context.clock.clone());
    let work = super::prune::processes_every_hour(store, orchestrator, policy, clock);
    Some(tokio::spawn(work))
}

/// The rules of sign-in of a region's file, or those that come with the program.
fn sign_in_rules(file: Option<&Path>) -> anyhow::Result<SignInRules> {
    let Some(file) = file else {
        return Ok(SignInRules::default());
    };
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    SignInRules::parse(&text).with_context(|| file.display().to_string())
}

fn interop(file: &Path) -> anyhow::Result<Interop> {
    let text = std::fs::read(file).with_context(|| format!("--interop: cannot read {}", file.display()))?;
    serde_json::from_slice(&text)
        .with_context(|| format!("--interop: {} is not as docs/machines.md says", file.display()))
}

async fn resume_bulk(system: &System) -> anyhow::Result<()> {
    let resumed = system.hub.resume_bulk().await?;
    if resumed > 0 {
        tracing::info!(resumed, "bulk jobs that were interrupted go on");
    }
    Ok(())
}

/// The policies of a folder, if its own tables of cases come out.
pub(super) fn policies(folder: &Path) -> anyhow::Result<Arc<policy::Policies>> {
    let policies = policy::Policies::load(folder).with_context(|| format!("the policies of {}", folder.display()))?;
    if let Some(failure) = policies.run_cases()?.failed.first() {
        let policy::CaseFailure {
            place,
            case,
            expected,
            found,
        } = failure;
        bail!("{place}: '{case}' must come out as {expected}, and comes out as {found}");
    }
    Ok(Arc::new(policies))
}

/// Listens for signals from now on, and is over when one came.
fn stop_asked(orchestrator: Option<Arc<Orchestrator>>) -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let on = |kind| signal(kind).expect("a unix process can listen for signals");
    let (mut interrupt, mut terminate) = (on(SignalKind::interrupt()), on(SignalKind::terminate()));
    async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        // Whoever holds a long poll would hold up the end for a minute.
        if let Some(orchestrator) = orchestrator {
            orchestrator.stop_waiting();
        }
        tracing::info!("finishing the requests in hand");
    }
}
