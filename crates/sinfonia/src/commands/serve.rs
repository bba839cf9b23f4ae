//! `sinfonia serve`: pages and APIs until Ctrl-C or SIGTERM.

use crate::system::System;
use anyhow::{Context as _, bail};
use axum::serve::ListenerExt as _;
use std::net::SocketAddr;
use std::path::Path;

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
}

/// Runs until told to stop.
pub async fn run(data: &Path, args: Args) -> anyhow::Result<()> {
    if args.open_api && !args.listen.ip().is_loopback() {
        bail!(
            "--open-api lets everyone in: it is permitted on a loopback address only, not on {}",
            args.listen
        );
    }
    let base_url = args.base_url.unwrap_or_else(|| format!("http://{}", args.listen));
    let listener = tokio::net::TcpListener::bind(args.listen).await.with_context(|| {
        format!(
            "cannot listen on {}: is another program there? Try --listen 127.0.0.1:8081",
            args.listen
        )
    })?;
    let mut setup = super::real_setup(&base_url);
    setup.guard.open_api = args.open_api;
    setup.guard.secure_cookies = base_url.starts_with("https://");
    let system = System::open(data, setup).await?;
    system.deploy_components().await?;
    let background = tokio::spawn(system.orchestrator.clone().run());
    tracing::info!("Sinfonia is at {base_url} (data in {})", data.display());
    // Answers are small: waiting to fill a packet would cost more than the page.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY refused");
        }
    });
    axum::serve(listener, system.router.clone().into_make_service())
        .with_graceful_shutdown(stop_asked())
        .await?;
    background.abort();
    system.close().await;
    tracing::info!("stopped");
    Ok(())
}

async fn stop_asked() {
    let interrupt = tokio::signal::ctrl_c();
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .expect("a unix process can listen for SIGTERM");
    tokio::select! {
        _ = interrupt => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("finishing the requests in hand");
}
