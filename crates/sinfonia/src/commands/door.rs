//! The doors of `serve`: the one for everybody, and the one for whoever runs the installation.

use super::serve::Args;
use crate::backend::Backend;
use crate::server::{Admission, Desk, Patience, around, serve};
use crate::system::Setup;
use crate::tls::{TlsListener, TlsPeer};
use crate::watch::{Exporter, Metrics, Sampler, Shared, operations_router};
use access::Place;
use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::serve::ListenerExt as _;
use component::Context;
use http::{Extensions, HeaderValue, header};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;

type Tls = Option<Arc<rustls::ServerConfig>>;

/// Listeners that are open already, and how they behave.
pub(super) struct Door {
    listener: TcpListener,
    operations: Option<TcpListener>,
    tls: Tls,
    proxied: bool,
    encrypted: bool,
    patience: Patience,
    desk: Arc<Desk>,
}

impl Door {
    /// Nothing is answered yet: who comes waits.
    pub(super) fn new(
        args: &Args,
        base_url: &str,
        (listener, tls, operations): (TcpListener, Tls, Option<TcpListener>),
        setup: &Setup,
        (metrics, spans): (&Arc<Metrics>, Option<Exporter>),
    ) -> Self {
        let patience = args.patience;
        let admission = Arc::new(Admission::new(patience.at_once, patience.background_at_once));
        let desk = Desk {
            admission,
            metrics: metrics.clone(),
            ids: setup.ids.clone(),
            patience,
            clock: setup.clock.clone(),
            spans,
        };
        Self {
            listener,
            operations,
            tls,
            proxied: args.behind_proxy,
            encrypted: base_url.starts_with("https://"),
            patience,
            desk: Arc::new(desk),
        }
    }

    /// Answers requests until told to stop, over TLS when there is a configuration for it.
    pub(super) async fn answer(
        self,
        router: Router,
        (store, data): (Option<Backend>, PathBuf),
        (health, context): (&Shared, &Context),
        stop: impl Future<Output = ()> + Send,
    ) -> anyhow::Result<()> {
        let (proxied, desk, patience) = (self.proxied, self.desk, self.patience);
        let (admission, metrics) = (desk.admission.clone(), desk.metrics.clone());
        let spans = desk.spans.clone();
        let sampler = Arc::new(Sampler::new(
            store,
            context.peers.clone(),
            data,
            context.clock.clone(),
            admission,
            metrics,
        ));
        // Said once: nobody else sets it.
        let _ = health.set(sampler.clone());
        let router = router.layer(from_fn(move |request, next| place(proxied, request, next)));
        let router = match self.encrypted {
            true => router.layer(from_fn(only_encrypted)),
            false => router,
        };
        let router = router.layer(from_fn(move |request, next| around(desk.clone(), request, next)));
        let aside = self
            .operations
            .map(|listener| tokio::spawn(operations(listener, sampler, patience)));
        match self.tls {
            Some(config) => {
                let listener = TlsListener::new(self.listener, config)?;
                serve(
                    listener,
                    router,
                    patience,
                    |stream, address| {
                        let peer = TlsPeer::of(stream, *address);
                        Arc::new(move |extensions: &mut Extensions| peer.tell(extensions))
                    },
                    stop,
                )
                .await;
            }
            None => {
                serve(
                    quick(self.listener),
                    router,
                    patience,
                    |_, address| known(*address),
                    stop,
                )
                .await
            }
        }
        if let Some(aside) = aside {
            aside.abort();
        }
        if let Some(spans) = spans {
            spans.flush().await;
        }
        Ok(())
    }
}

/// Answers are small: waiting to fill a packet would cost more than the page.
fn quick(listener: TcpListener) -> impl axum::serve::Listener<Io = tokio::net::TcpStream, Addr = SocketAddr> {
    listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY refused");
        }
    })
}

fn known(address: SocketAddr) -> Arc<dyn Fn(&mut Extensions) + Send + Sync> {
    Arc::new(move |extensions: &mut Extensions| {
        extensions.insert(ConnectInfo(address));
    })
}

async fn operations(listener: TcpListener, sampler: Arc<Sampler>, patience: Patience) {
    let never = std::future::pending();
    let router = operations_router(&sampler);
    serve(listener, router, patience, |_, address| known(*address), never).await;
}

/// Tells the pages from which network address a request comes.
async fn place(proxied: bool, mut request: Request, next: Next) -> Response {
    let forwarded = request.headers().get("x-forwarded-for").filter(|_| proxied);
    let last = forwarded.and_then(|v| v.to_str().ok()?.rsplit(',').next());
    let given = last.map(|text| text.trim().chars().take(64).collect::<String>());
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0);
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
