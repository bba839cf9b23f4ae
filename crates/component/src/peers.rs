//! Peers: the same call whether the other side runs in this process or on another machine.

use crate::{Component, Fhir, Orchestrator, PeerError};
use access::{Actor, SpanKind, TRACEPARENT, Tokens, TraceContext, spans};
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Limited};
use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tower::ServiceExt as _;

/// Largest answer taken from a peer, bytes.
const MAX_ANSWER: usize = 64 * 1024 * 1024;
/// Longest wait for a peer on another machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Where a peer is.
#[derive(Clone)]
pub enum Peer {
    /// In this process: the guarded router.
    Local(axum::Router),
    /// Elsewhere: base URL and client.
    Remote {
        /// Base URL without trailing slash.
        base: String,
        /// HTTP client.
        client: reqwest::Client,
    },
}

impl Peer {
    /// A peer at a base URL such as `https://hub.example.it`.
    pub fn remote(base: &str) -> Result<Self, PeerError> {
        let unusable = |message: String| PeerError::Unreachable {
            peer: base.to_owned(),
            message,
        };
        let uri: Uri = base.parse().map_err(|e| unusable(format!("not a URL: {e}")))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.host().is_none() {
            return Err(unusable("expected http://host[:port] or https://host[:port]".into()));
        }
        let client = reqwest::Client::builder().timeout(TIMEOUT).build();
        let client = client.map_err(|e| unusable(format!("no HTTP client: {e}")))?;
        Ok(Self::Remote {
            base: base.trim_end_matches('/').to_owned(),
            client,
        })
    }
}

/// The known peers by name, and the key that signs the internal identity token. Clones share the same table, so a
/// component may hold `Peers` before the router of the component it will call exists.
#[derive(Clone)]
pub struct Peers {
    peers: Arc<RwLock<BTreeMap<String, Peer>>>,
    tokens: Tokens,
}

impl Peers {
    /// No peers yet.
    pub fn new(tokens: Tokens) -> Self {
        Self {
            peers: Arc::default(),
            tokens,
        }
    }

    /// Adds or replaces a peer: `hub`, `orchestrator` or a component's name.
    pub fn add(&self, name: &str, peer: Peer) {
        self.peers.write().expect("peers lock").insert(name.to_owned(), peer);
    }

    /// Whether a peer is known.
    pub fn knows(&self, name: &str) -> bool {
        self.peers.read().expect("peers lock").contains_key(name)
    }

    /// Fails with a plain sentence for the first component whose needs are not met. Called at start.
    pub fn check_needs<'a>(&self, components: impl IntoIterator<Item = &'a Component>) -> Result<(), String> {
        for component in components {
            for need in component.needs {
                if !self.knows(need) {
                    return Err(format!(
                        "the component '{}' needs the peer '{need}', which is neither in this process nor addressed: \
                         add '{need}' to --only, or start with --peer {need}=URL",
                        component.name
                    ));
                }
            }
        }
        Ok(())
    }

    /// The hub's FHIR API, as `actor`.
    pub fn fhir(&self, actor: &Actor) -> Fhir {
        Fhir::new(self.clone(), actor.clone())
    }

    /// The orchestrator's API, as `actor`.
    pub fn orchestrator(&self, actor: &Actor) -> Orchestrator {
        Orchestrator::new(self.clone(), actor.clone())
    }

    /// Asks every peer on another machine whether it is ready (`GET /health/ready`), all at once and each for no longer than
    /// `patience`: their names, and why they are not.
    pub async fn ready(&self, patience: Duration) -> Vec<(String, Option<&'static str>)> {
        let remote: Vec<(String, String, reqwest::Client)> = {
            let peers = self.peers.read().expect("peers lock");
            let remote = peers.iter().filter_map(|(name, peer)| match peer {
                Peer::Remote { base, client } => Some((name.clone(), format!("{base}/health/ready"), client.clone())),
                Peer::Local(_) => None,
            });
            remote.collect()
        };
        let asked = remote.into_iter().map(async |(name, url, client)| {
            let trouble = match client.get(url).timeout(patience).send().await {
                Ok(answer) if answer.status().is_success() => None,
                Ok(_) => Some("it answers that it is not ready"),
                Err(error) if error.is_timeout() => Some("it does not answer in time"),
                Err(_) => Some("it cannot be reached"),
            };
            (name, trouble)
        });
        futures::future::join_all(asked).await
    }

    /// Calls a peer as `actor` (identity travels as a signed internal token) and returns the whole response, whatever
    /// its status. The request's URI is a path with query, e.g. `/fhir/Patient/1`.
    pub async fn call(&self, peer: &str, actor: &Actor, request: Request<Bytes>) -> Result<Response<Bytes>, PeerError> {
        // Peers are named in the configuration: their names are nobody's data.
        let name = format!("call {peer}");
        spans::part(&name, SpanKind::Client, self.called(peer, actor, request)).await
    }

    async fn called(
        &self,
        peer: &str,
        actor: &Actor,
        mut request: Request<Bytes>,
    ) -> Result<Response<Bytes>, PeerError> {
        let found = self.peers.read().expect("peers lock").get(peer).cloned();
        let found = found.ok_or_else(|| PeerError::Unknown(peer.to_owned()))?;
        let bearer = HeaderValue::from_str(&format!("Bearer {}", self.tokens.issue(actor)));
        request
            .headers_mut()
            .insert(header::AUTHORIZATION, bearer.expect("a token is base64url"));
        // The peer's part belongs to the same trace, wherever it runs.
        if let Some(context) = TraceContext::current()
            && let Ok(value) = HeaderValue::from_str(&context.header())
        {
            request.headers_mut().insert(TRACEPARENT, value);
        }
        match found {
            Peer::Local(router) => local(peer, router, request).await,
            Peer::Remote { base, client } => remote(peer, &base, &client, request).await,
        }
    }
}

/// Runs as a task of its own: work that was begun is finished even when the caller's client has gone away.
async fn local(peer: &str, router: axum::Router, request: Request<Bytes>) -> Result<Response<Bytes>, PeerError> {
    let failed = |message: String| PeerError::Unreachable {
        peer: peer.to_owned(),
        message,
    };
    let mut request = request;
    request.extensions_mut().insert(access::WithinRequest);
    let task = tokio::spawn(TraceContext::carried(async move {
        let Ok(response) = router.oneshot(request.map(Body::from)).await;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MAX_ANSWER)
            .collect()
            .await
            .map_err(|e| e.to_string())?;
        Ok::<_, String>(Response::from_parts(parts, body.to_bytes()))
    }));
    task.await
        .map_err(|e| failed(format!("it stopped while answering: {e}")))?
        .map_err(failed)
}

async fn remote(
    peer: &str,
    base: &str,
    client: &reqwest::Client,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, PeerError> {
    let failed = |message: String| PeerError::Unreachable {
        peer: peer.to_owned(),
        message,
    };
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |p| p.as_str());
    let sent = client
        .request(parts.method, format!("{base}{path}"))
        .headers(parts.headers)
        .body(body)
        .send()
        .await;
    let mut answer = sent.map_err(|e| failed(e.to_string()))?;
    let mut response = Response::builder().status(answer.status());
    if let Some(headers) = response.headers_mut() {
        headers.extend(answer.headers().clone());
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| failed(e.to_string()))? {
        if bytes.len() + chunk.len() > MAX_ANSWER {
            return Err(failed(format!("its answer is larger than {MAX_ANSWER} bytes")));
        }
        bytes.extend_from_slice(&chunk);
    }
    response.body(Bytes::from(bytes)).map_err(|e| failed(e.to_string()))
}
