//! The R4 websocket channel: a client sends `bind <id>`, is answered `bound <id>`, and gets `ping <id>` when something
//! matched (<https://hl7.org/fhir/R4/subscription.html#2.46.7.2>). A ping says "look again": those that nobody has
//! received yet are kept on disk as one, and sent when a client binds.

use super::bell;
use super::owner::manages;
use super::shared::Shared;
use crate::Hub;
use access::Actor;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, header};
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use store::{Method, StoreError, StoredResource};
use tokio::sync::mpsc;

/// Longest message of a client, bytes.
const MAX_MESSAGE: usize = 1_024;
/// Messages that may wait for one client.
const WAITING: usize = 64;

/// A socket's number, and the way to it.
type Listener = (u64, mpsc::Sender<String>);

/// What those who listen here to a subscription were told, where bells tell of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ear {
    /// Place in the feed of the last change that they need not be told of.
    pub heard: u64,
    /// One of them has just come, and is told what nobody was told before.
    pub fresh: bool,
}

#[derive(Default)]
struct Bound {
    listeners: Vec<Listener>,
    ear: Ear,
}

/// The clients connected.
#[derive(Default)]
pub(super) struct Sockets {
    open: AtomicUsize,
    next: AtomicU64,
    bound: Mutex<HashMap<String, Bound>>,
}

impl Sockets {
    /// Whether anybody listens for a subscription.
    pub fn listened(&self, id: &str) -> bool {
        self.bound.lock().contains_key(id)
    }

    /// Tells those who listen; `false` when none could take it.
    pub fn ping(&self, id: &str) -> bool {
        let text = format!("ping {id}");
        let bound = self.bound.lock();
        let listeners = bound
            .get(id)
            .map(|bound| bound.listeners.as_slice())
            .unwrap_or_default();
        listeners
            .iter()
            .filter(|(_, sender)| sender.try_send(text.clone()).is_ok())
            .count()
            > 0
    }

    /// What is listened to, and what was heard of it.
    pub fn ears(&self) -> Vec<(String, Ear)> {
        let bound = self.bound.lock();
        bound.iter().map(|(id, bound)| (id.clone(), bound.ear)).collect()
    }

    /// Those who listen were told.
    pub fn heard(&self, id: &str, ear: Ear) {
        if let Some(bound) = self.bound.lock().get_mut(id) {
            bound.ear = ear;
        }
    }

    fn bind(&self, id: &str, socket: u64, sender: mpsc::Sender<String>, heard: u64) {
        let mut all = self.bound.lock();
        let bound = all.entry(id.to_owned()).or_default();
        if bound.listeners.is_empty() {
            bound.ear.heard = heard;
        }
        bound.ear.fresh = true;
        bound.listeners.push((socket, sender));
    }

    fn unbind(&self, ids: &HashSet<String>, socket: u64) {
        let mut bound = self.bound.lock();
        for id in ids {
            if let Some(list) = bound.get_mut(id).map(|bound| &mut bound.listeners) {
                list.retain(|(other, _)| *other != socket);
                if list.is_empty() {
                    bound.remove(id);
                }
            }
        }
    }
}

/// The HTTP handler of the upgrade. A browser says where its page is from: only our own pages may use its cookie here.
pub(crate) async fn handle(hub: Arc<Hub>, actor: Actor, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    let Some(shared) = hub.subscriptions.clone() else {
        return (StatusCode::NOT_FOUND, "subscriptions are switched off").into_response();
    };
    let origin = headers.get(header::ORIGIN).and_then(|value| value.to_str().ok());
    if origin.is_some_and(|origin| !hub.config.base_url.starts_with(&format!("{origin}/"))) {
        return (StatusCode::FORBIDDEN, "a page of another site may not listen here").into_response();
    }
    let max = shared.settings.sockets;
    if shared.sockets.open.fetch_add(1, Ordering::Relaxed) >= max {
        shared.sockets.open.fetch_sub(1, Ordering::Relaxed);
        let text = format!("{max} websockets are open, the most there may be: try again later");
        return (StatusCode::SERVICE_UNAVAILABLE, text).into_response();
    }
    let seat = Seat(shared.clone());
    tracing::debug!(actor = actor.subject, "a websocket is opened");
    upgrade
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .on_upgrade(move |socket| async move {
            let _seat = seat;
            serve(&hub, &shared, &actor, socket).await;
        })
}

/// One of the sockets there may be; given back when dropped, upgraded or not.
struct Seat(Arc<Shared>);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.sockets.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Unbinds a socket however its task ends.
struct Bindings<'a> {
    shared: &'a Shared,
    socket: u64,
    ids: HashSet<String>,
}

impl Drop for Bindings<'_> {
    fn drop(&mut self) {
        self.shared.sockets.unbind(&self.ids, self.socket);
    }
}

async fn serve(hub: &Hub, shared: &Shared, actor: &Actor, mut socket: WebSocket) {
    let (sender, mut waiting) = mpsc::channel::<String>(WAITING);
    let mut bindings = Bindings {
        shared,
        socket: shared.sockets.next.fetch_add(1, Ordering::Relaxed),
        ids: HashSet::new(),
    };
    loop {
        tokio::select! {
            Some(text) = waiting.recv() => {
                if socket.send(Message::Text(text.into())).await.is_err() {
                    return;
                }
            }
            message = socket.recv() => {
                let text = match message {
                    Some(Ok(Message::Text(text))) => text,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => continue,
                };
                let (answer, bound) = bind(hub, actor, &bindings, text.trim()).await;
                if socket.send(Message::Text(answer.into())).await.is_err() {
                    return;
                }
                // After the answer, so that `bound` comes before the first ping.
                if let Some((id, heard)) = bound {
                    shared.sockets.bind(&id, bindings.socket, sender.clone(), heard);
                    bindings.ids.insert(id.clone());
                    shared.touch(&id);
                }
            }
        }
    }
}

/// Whether somebody may listen to a subscription: they see it and manage it, at this moment.
async fn may_listen(hub: &Hub, actor: &Actor, stored: &StoredResource, value: &Value) -> Result<bool, StoreError> {
    let Some(authorizer) = &hub.config.authorizer else {
        return Ok(true);
    };
    let view = authorizer.view(actor, None).await;
    let view = view.map_err(|error| StoreError::Backend(error.to_string()))?;
    Ok(view.sees(stored) && manages(actor, value))
}

async fn bind(hub: &Hub, actor: &Actor, bindings: &Bindings<'_>, text: &str) -> (String, Option<(String, u64)>) {
    let Some(id) = text.strip_prefix("bind ").map(str::trim) else {
        return ("error: write 'bind <subscription id>'".into(), None);
    };
    let id = id.strip_prefix("Subscription/").unwrap_or(id);
    if bindings.ids.contains(id) {
        return (format!("bound {id}"), None);
    }
    let max = bindings.shared.settings.binds;
    if bindings.ids.len() >= max {
        return (format!("error: one websocket binds at most {max} subscriptions"), None);
    }
    match to_listen_to(hub, actor, id).await {
        Ok(Some((value, heard))) => {
            if value["channel"]["type"] == "websocket" {
                (format!("bound {id}"), Some((id.to_owned(), heard)))
            } else {
                (
                    format!("error: the channel of Subscription/{id} is not websocket"),
                    None,
                )
            }
        }
        // Another's looks like none.
        Ok(None) => ("error: there is no such subscription".into(), None),
        Err(error) => {
            tracing::warn!(%error, "a subscription could not be read for a websocket");
            ("error: try again later".into(), None)
        }
    }
}

/// The subscription of this id, if there is one that somebody may listen to, and what they need not be told of it.
async fn to_listen_to(hub: &Hub, actor: &Actor, id: &str) -> Result<Option<(Value, u64)>, StoreError> {
    let mut snapshot = hub.store.snapshot().await?;
    let stored = snapshot.read("Subscription", id).await?;
    let heard = bell::heard(snapshot.as_mut(), id).await?;
    drop(snapshot);
    let Some(stored) = stored.filter(|stored| stored.method != Method::Delete) else {
        return Ok(None);
    };
    let value = serde_json::from_slice(stored.body.as_deref().unwrap_or_default()).unwrap_or_default();
    let theirs = may_listen(hub, actor, &stored, &value).await?;
    Ok(theirs.then_some((value, heard)))
}
