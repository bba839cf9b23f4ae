//! The door: accepts connections, bounds how long clients may take and how many there are, and closes without losing a request.

mod admission;
mod body;
mod class;
mod request;

pub use admission::Admission;
pub use class::Class;
pub use request::{Desk, around};

use axum::Router;
use axum::extract::Request;
use axum::serve::Listener;
use http::Extensions;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt as _;

/// Connections at a time; further ones wait in the system's own queue.
const MAX_CONNECTIONS: usize = 16_384;

/// How long clients may take.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Patience {
    /// Requests that are worked on at a time; a quarter is kept for pages. Beyond it: 503 with Retry-After.
    #[arg(long, env = "SINFONIA_AT_ONCE", default_value_t = 512, value_parser = clap::value_parser!(u32).range(4..=65_536))]
    pub at_once: u32,
    /// Heavy work (bulk exports and imports, analyses) at a time. Beyond it: 429 with Retry-After.
    #[arg(long, env = "SINFONIA_BACKGROUND_AT_ONCE", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1_024))]
    pub background_at_once: u32,
    /// Seconds within which the head of a request must be here.
    #[arg(long, env = "SINFONIA_HEADER_SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub header_seconds: u32,
    /// Seconds within which the next piece of a request's body must be here.
    #[arg(long, env = "SINFONIA_BODY_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub body_seconds: u32,
    /// Seconds within which a request must get the beginning of its answer, and a body must be here whole.
    #[arg(long, env = "SINFONIA_REQUEST_SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub request_seconds: u32,
    /// Seconds that requests in hand are given when the program stops.
    #[arg(long, env = "SINFONIA_STOP_SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub stop_seconds: u32,
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(u64::from(count))
}

/// Serves until `stop` is over; then takes no new connection, lets each end the request it is in, and gives up on those that
/// take longer than they are given.
///
/// `know` puts what is known of a connection into the extensions of each of its requests.
pub async fn serve<L: Listener>(
    mut listener: L,
    router: Router,
    patience: Patience,
    know: impl Fn(&L::Io, &L::Addr) -> Arc<dyn Fn(&mut Extensions) + Send + Sync>,
    stop: impl Future<Output = ()> + Send,
) where
    L::Io: 'static,
{
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (stopping, stopped) = watch::channel(false);
    let mut open = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepting = async {
            let slot = slots
                .clone()
                .acquire_owned()
                .await
                .expect("the semaphore is never closed");
            (listener.accept().await, slot)
        };
        let ((stream, address), slot) = tokio::select! {
            next = accepting => next,
            () = &mut stop => break,
        };
        let known = know(&stream, &address);
        let (router, stopped) = (router.clone(), stopped.clone());
        open.spawn(async move {
            connection(stream, router, known, patience, stopped).await;
            drop(slot);
        });
        // Those that are over.
        while open.try_join_next().is_some() {}
    }
    drop(listener);
    stopping.send_replace(true);
    let all = async { while open.join_next().await.is_some() {} };
    if tokio::time::timeout(seconds(patience.stop_seconds), all).await.is_err() {
        tracing::warn!(
            "requests in hand did not end within {} s and are given up",
            patience.stop_seconds
        );
    }
}

async fn connection<S>(
    stream: S,
    router: Router,
    known: Arc<dyn Fn(&mut Extensions) + Send + Sync>,
    patience: Patience,
    mut stopped: watch::Receiver<bool>,
) where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let service = router.map_request(move |mut request: Request<Incoming>| {
        known(request.extensions_mut());
        request.map(axum::body::Body::new)
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(seconds(patience.header_seconds))
        .max_buf_size(64 * 1024);
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    let mut connection = std::pin::pin!(connection.with_upgrades());
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = async { drop(stopped.wait_for(|now| *now).await) } => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // A client that went away or was too slow: nothing to be done, and nothing of it is ours to tell.
        tracing::debug!(timeout = error.is_timeout(), "a connection ended");
    }
}
