//! From `requested` to `active`: a look at the endpoint, off the worker's own path.
//!
//! R4 names no handshake. Before a subscription is activated its endpoint is resolved and checked, and asked `OPTIONS`:
//! any answer at all shows that something is there. No answer: `error`, with the reason, and again later.

use super::RECORD;
use super::attempt::reasons;
use super::definition::{Channel, Definition, Hook, Status};
use super::dispatch::Flight;
use super::registry::Known;
use super::settings::Settings;
use super::worker::{State, Worker};
use crate::HubError;
use http::Method;
use jiff::Timestamp;
use reqwest::Client;
use std::sync::Arc;
use store::{RecordWrite, Transaction};

/// Handshakes under way at the same time.
const AT_ONCE: usize = 16;

impl Worker {
    /// Starts what is due; gives the next moment.
    pub(super) fn start_handshakes(&self, state: &mut State) -> Option<Timestamp> {
        if state.handshakes.is_empty() {
            return None;
        }
        let now = self.hub.clock.now();
        let mut under_way = state
            .handshakes
            .values()
            .filter(|h| h.due.is_none() && h.attempts > 0)
            .count();
        let due: Vec<String> = state
            .handshakes
            .iter()
            .filter(|(_, handshake)| handshake.due.is_some_and(|due| due <= now))
            .map(|(id, _)| id.clone())
            .collect();
        for id in due {
            if under_way >= AT_ONCE {
                break;
            }
            let known = state.registry.get(&id).cloned();
            let (Some(known), Some(handshake)) = (known, state.handshakes.get_mut(&id)) else {
                state.handshakes.remove(&id);
                continue;
            };
            under_way += 1;
            handshake.due = None;
            handshake.attempts += 1;
            let version = handshake.version;
            let (client, shared) = (self.client.clone(), self.shared.clone());
            state.flights.spawn(async move {
                let result = greet(&shared.settings, &client, &known).await;
                Flight::Handshake { id, version, result }
            });
        }
        state
            .handshakes
            .values()
            .filter_map(|handshake| handshake.due)
            .filter(|due| *due > now)
            .min()
    }

    /// A handshake has ended.
    pub(super) async fn greeted(
        &self,
        state: &mut State,
        id: &str,
        version: u64,
        result: Result<(), String>,
    ) -> Result<(), HubError> {
        let now = self.hub.clock.now();
        let Some(known) = state.registry.get(id).cloned() else {
            return Ok(());
        };
        let Some(handshake) = state
            .handshakes
            .get_mut(id)
            .filter(|handshake| handshake.version == version)
        else {
            return Ok(());
        };
        let attempts = handshake.attempts;
        let settings = &self.shared.settings;
        let error = match result.and_then(|()| room(state, settings, &known)) {
            Ok(()) => {
                state.handshakes.remove(id);
                let done = self.activate(state, &known).await;
                if !matches!(done, Ok(true)) {
                    // Looked at again, with a new handshake if it still waits for one.
                    self.shared.touch(id);
                }
                return done.map(drop);
            }
            Err(error) => error,
        };
        let last = attempts >= settings.attempts;
        let due = (!last).then(|| now + settings.pause(attempts));
        let text = if last {
            format!(
                "not activated after {attempts} attempts, and not tried any more until it is written again: {error}"
            )
        } else {
            format!("not activated yet, tried again later: {error}")
        };
        // A version for each attempt would be noise: one for the first, one for the last.
        if known.definition.status != Status::Error || last {
            self.say(state, id, Status::Error, Some(&text), &mut Transaction::default())
                .await?;
        }
        let version = state.registry.get(id).map_or(version, |known| known.definition.version);
        if let Some(handshake) = state.handshakes.get_mut(id) {
            handshake.version = version;
            handshake.due = due;
        }
        Ok(())
    }

    async fn activate(&self, state: &mut State, known: &Known) -> Result<bool, HubError> {
        // The feed is read by this same task: what comes after this moment has not been read yet.
        let since = known.since.unwrap_or_else(|| *self.hub.store.changes().borrow());
        let record = RecordWrite {
            kind: RECORD.into(),
            key: known.definition.id.clone(),
            must_be_new: false,
            value: Some(since.to_string().into_bytes()),
        };
        let mut transaction = Transaction {
            records: vec![record],
            ..Transaction::default()
        };
        self.say(state, &known.definition.id, Status::Active, None, &mut transaction)
            .await
    }
}

/// Whether one more may be at work.
fn room(state: &State, settings: &Settings, known: &Arc<Known>) -> Result<(), String> {
    if known.live() {
        return Ok(());
    }
    if state.registry.live() >= settings.active {
        return Err(format!(
            "{} subscriptions are at work, the most there may be",
            settings.active
        ));
    }
    if known.definition.criteria.searches() && state.registry.searching() >= settings.searching {
        return Err(format!(
            "{} subscriptions at work have chains or _has in their criteria, the most there may be",
            settings.searching
        ));
    }
    Ok(())
}

async fn greet(settings: &Settings, client: &Client, known: &Known) -> Result<(), String> {
    let Definition { id, channel, .. } = &known.definition;
    let hook: &Hook = match channel {
        Channel::Websocket => return Ok(()),
        Channel::RestHook(hook) => hook,
    };
    settings.endpoints.check(hook.endpoint.as_str())?;
    settings.endpoints.resolve(&hook.endpoint).await?;
    hook.secret(settings, id)?;
    let mut request = client.request(Method::OPTIONS, hook.endpoint.clone());
    for (name, value) in hook.headers(settings, id)? {
        request = request.header(name, value);
    }
    match request.send().await {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{} does not answer: {}", hook.endpoint, reasons(&error))),
    }
}
