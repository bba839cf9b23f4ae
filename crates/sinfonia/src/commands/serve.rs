//! `sinfonia serve`: pages and APIs until Ctrl-C or SIGTERM.

use super::parts::{PartsArgs, Shape};
use crate::backend::Place as Where;
use crate::front::{Front, FrontSetup};
use crate::system::{Interop, System};
use crate::tls::{TlsArgs, TlsListener, TlsPeer, show_certificate};
use access::{GuardOptions, OidcConfig, Place, SignInRules, SigningKey};
use anyhow::{Context as _, bail};
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::serve::ListenerExt as _;
use http::{HeaderValue, header};
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
    history: store_sqlite::HistoryPolicy,
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
    behind_proxy: bool,
    /// Origins of browser applications (SMART on FHIR) that may call the FHIR interface, e.g.
    /// https://app.example.it; several separated by commas; * for all.
    #[arg(long, env = "SINFONIA_ORIGINS", value_delimiter = ',')]
    origins: Vec<String>,
    /// Other administrations whose signed requests are accepted: PDND issuers and ModI partners (docs/machines.md).
    #[arg(long, env = "SINFONIA_INTEROP", value_name = "FILE")]
    interop: Option<PathBuf>,
    #[command(flatten)]
    tls: TlsArgs,
    /// Folder of access policies of your own, in the place of those that come with the program (docs/access.md).
    #[arg(long, env = "SINFONIA_POLICIES", value_name = "FOLDER")]
    policies: Option<PathBuf>,
    #[command(flatten)]
    parts: PartsArgs,
}

/// Runs until told to stop.
pub async fn run(place: &Where, args: Args) -> anyhow::Result<()> {
    if args.open_api && !args.listen.ip().is_loopback() {
        bail!(
            "--open-api lets everyone in: it is permitted on a loopback address only, not on {}",
            args.listen
        );
    }
    let scheme = if args.tls.wanted() { "https" } else { "http" };
    let base_url = args
        .base_url
        .clone()
        .unwrap_or_else(|| format!("{scheme}://{}", args.listen));
    let tls = args.tls.config()?;
    let shape = args.parts.shape().map_err(anyhow::Error::msg)?;
    let listener = bind(args.listen).await?;
    if let Shape::Front(components, peers) = shape {
        return front(&place.data, args, &base_url, (components, peers), (listener, tls)).await;
    }
    let retention = args.process_history.as_deref().map(super::prune::retention);
    let retention = retention.transpose()?;
    let mut setup = super::real_setup(&base_url);
    setup.guard.open_api = args.open_api;
    setup.validation = args.validation;
    setup.notify.managers = args.notify_roles;
    setup.notify.endpoints = EndpointPolicy::default()
        .with_loopback(args.open_api)
        .listed(&args.notify_endpoints)
        .map_err(|why| anyhow::anyhow!("--notify-endpoint: {why}"))?;
    setup.origins = hub::Origins::new(args.origins).map_err(anyhow::Error::msg)?;
    setup.interop = args.interop.as_deref().map(interop).transpose()?.unwrap_or_default();
    if let Some(folder) = &args.policies {
        setup.policies = policies(folder)?;
    }
    setup.guard.secure_cookies = base_url.starts_with("https://");
    setup.guard.paced = !args.no_pace && !args.open_api;
    setup.import.folder = args.import_folder;
    setup.import.urls = args.import_url;
    setup.providers = args.oidc.as_deref().map(OidcConfig::load).transpose()?;
    setup.sign_in_rules = sign_in_rules(args.sign_in_rules.as_deref())?;
    if let Shape::Core(components) = shape {
        (setup.only, setup.for_nodes) = (Some(components), true);
    }
    let system = System::open(place, setup).await?;
    system.deploy_components().await?;
    resume_bulk(&system).await?;
    let background = tokio::spawn(system.orchestrator.clone().run());
    let notifier = tokio::spawn(notify(system.hub.clone()));
    let history = super::prune::History::of(&system, args.history)?;
    let versions = history.every_hour(system.context.clock.clone());
    let batches = super::prune::batches_every_hour(system.orchestrator.clone());
    let erasures = super::prune::erasures_every_hour(system.hub.clone());
    let pruner = tokio::spawn(async { tokio::join!(versions, batches, erasures) });
    let watcher = tokio::spawn(watch_accesses(system.context.clone()));
    let forgetter = forgetter(&system, retention)?;
    tracing::info!("writes are validated: {}", system.hub.config().validation);
    tracing::info!("Sinfonia is at {base_url} (data in {})", place.told());
    let stop = stop_asked(Some(system.orchestrator.clone()));
    let manners = (args.behind_proxy, base_url.starts_with("https://"));
    answer(listener, tls, system.router.clone(), manners, stop).await?;
    background.abort();
    pruner.abort();
    watcher.abort();
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
    base_url: &str,
    (components, peers): (Vec<String>, BTreeMap<String, String>),
    (listener, tls): (TcpListener, Option<Arc<rustls::ServerConfig>>),
) -> anyhow::Result<()> {
    let key = args.parts.key_file.unwrap_or_else(|| data.join("internal.key"));
    anyhow::ensure!(
        key.exists(),
        "{}: the key that the nodes share is not there; copy internal.key of the node that has the store",
        key.display()
    );
    let manners = super::real_setup(base_url);
    let front = Front::open(FrontSetup {
        clock: manners.clock,
        ids: manners.ids,
        key: SigningKey::load_or_create(&key, &SystemRandom)?,
        components,
        peers,
        guard: GuardOptions {
            open_api: false,
            secure_cookies: base_url.starts_with("https://"),
            paced: !args.no_pace,
        },
        policies: args.policies.as_deref().map_or(Ok(manners.policies), policies)?,
    })?;
    tracing::info!("Sinfonia is at {base_url}; hub and orchestrator are elsewhere");
    let manners = (args.behind_proxy, base_url.starts_with("https://"));
    answer(listener, tls, front.router.clone(), manners, stop_asked(None)).await?;
    front.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Looks at the record of accesses now and then, and tells of what was opened and not told yet.
async fn watch_accesses(context: component::Context) {
    let mut pace = tokio::time::interval(std::time::Duration::from_secs(60 * *privacy::EVERY_MINUTES));
    loop {
        pace.tick().await;
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
fn forgetter(system: &System, retention: Option<Retention>) -> anyhow::Result<Option<JoinHandle<()>>> {
    let Some(policy) = retention else { return Ok(None) };
    let store = system.store.sqlite("--process-history")?.clone();
    let (orchestrator, clock) = (system.orchestrator.clone(), system.context.clock.clone());
    let work = super::prune::processes_every_hour(store, orchestrator, policy, clock);
    Ok(Some(tokio::spawn(work)))
}

/// The rules of sign-in of a region's file, or those that come with the program.
fn sign_in_rules(file: Option<&Path>) -> anyhow::Result<SignInRules> {
    let Some(file) = file else {
        return Ok(SignInRules::default());
    };
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    SignInRules::parse(&text).with_context(|| file.display().to_string())
}

/// Tells the pages from which network address a request comes.
async fn place(proxied: bool, mut request: Request, next: Next) -> Response {
    let forwarded = request.headers().get("x-forwarded-for").filter(|_| proxied);
    let last = forwarded.and_then(|v| v.to_str().ok()?.rsplit(',').next());
    let given = last.map(|text| text.trim().chars().take(64).collect::<String>());
    let (plain, tls) = (
        request.extensions().get::<ConnectInfo<SocketAddr>>(),
        request.extensions().get::<ConnectInfo<TlsPeer>>(),
    );
    let peer = plain.map(|peer| peer.0).or(tls.map(|peer| peer.0.address));
    if let Some(place) = given.or(peer.map(|peer| peer.ip().to_string())) {
        request.extensions_mut().insert(Place(place));
    }
    next.run(request).await
}

/// Tells browsers never to come without encryption again (RFC 6797): the site is served over https.
async fn only_encrypted(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let year = HeaderValue::from_static("max-age=31536000; includeSubDomains");
    response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
    response
}

/// Answers requests until told to stop, over TLS when there is a configuration for it.
async fn answer(
    listener: TcpListener,
    tls: Option<Arc<rustls::ServerConfig>>,
    router: axum::Router,
    (proxied, encrypted): (bool, bool),
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let router = router.layer(from_fn(move |request, next| place(proxied, request, next)));
    let router = if encrypted {
        router.layer(from_fn(only_encrypted))
    } else {
        router
    };
    if let Some(config) = tls {
        let service = router.layer(from_fn(show_certificate));
        let service = service.into_make_service_with_connect_info::<TlsPeer>();
        let listener = TlsListener::new(listener, config)?;
        axum::serve(listener, service).with_graceful_shutdown(stop).await?;
        return Ok(());
    }
    // Answers are small: waiting to fill a packet would cost more than the page.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY refused");
        }
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await?;
    Ok(())
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

async fn stop_asked(orchestrator: Option<Arc<Orchestrator>>) {
    let interrupt = tokio::signal::ctrl_c();
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .expect("a unix process can listen for SIGTERM");
    tokio::select! {
        _ = interrupt => {}
        _ = terminate.recv() => {}
    }
    // Whoever holds a long poll would hold up the end for a minute.
    if let Some(orchestrator) = orchestrator {
        orchestrator.stop_waiting();
    }
    tracing::info!("finishing the requests in hand");
}
