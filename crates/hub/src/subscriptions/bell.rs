//! Websockets on several nodes: whoever matches changes rings a bell for each subscription of that channel, in the commit that
//! queues its notification; every node pings the clients that listen there.
//!
//! A bell is a small value: the place in the feed of the last change that matched. Nodes hear of it from each other, and those
//! with listeners look every [`LOOK`] besides. The queued notification stays until a client somewhere could be told, so that one
//! who binds later is pinged for what nobody has heard.

use super::shared::Shared;
use super::socket::Ear;
use crate::{Hub, HubError};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;
use store::{DeliveryState, DeliveryWrite, Others, RecordWrite, Snapshot, StoreError, Transaction};
use tokio::sync::watch;

/// Kind of the bells.
const BELL: &str = "subscription-bell";
/// What other nodes are told when one was rung.
const WORD: &str = "record:subscription-bell";
/// How often the bells are looked at though nothing was heard.
const LOOK: Duration = Duration::from_secs(1);
/// Bells read at a time.
const PAGE: usize = 1_000;

/// Rings the bells of what a transaction queues for websockets.
pub(super) fn ring(transaction: &mut Transaction) {
    let mut rung: BTreeMap<String, u64> = BTreeMap::new();
    for write in &transaction.deliveries {
        if let DeliveryWrite::Queue {
            subscription,
            seq,
            coalesce: true,
            ..
        } = write
        {
            let last = rung.entry(subscription.clone()).or_default();
            *last = (*last).max(*seq);
        }
    }
    let bells = rung
        .into_iter()
        .map(|(id, seq)| bell(id, Some(seq.to_string().into_bytes())));
    transaction.records.extend(bells);
}

/// Takes a bell away.
pub(super) fn none(id: &str) -> RecordWrite {
    bell(id.to_owned(), None)
}

fn bell(key: String, value: Option<Vec<u8>>) -> RecordWrite {
    RecordWrite {
        kind: BELL.into(),
        key,
        must_be_new: false,
        value,
    }
}

fn rung(value: Option<&[u8]>) -> u64 {
    let text = value.and_then(|value| std::str::from_utf8(value).ok());
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The last change that somebody who begins to listen now need not be told of.
pub(super) async fn heard(snapshot: &mut dyn Snapshot, id: &str) -> Result<u64, StoreError> {
    Ok(rung(snapshot.record(BELL, id).await?.as_deref()))
}

/// Hears the bells, until the store closes.
pub(super) async fn listen(hub: &Hub, shared: &Shared, mut others: watch::Receiver<Others>) {
    let mut before = others.borrow_and_update().clone();
    loop {
        tokio::select! {
            () = shared.bell.notified() => {}
            changed = others.changed() => {
                if changed.is_err() {
                    return;
                }
                let now = others.borrow_and_update().clone();
                let rung = now.changed(&before, WORD);
                before = now;
                if !rung {
                    continue;
                }
            }
            () = tokio::time::sleep(LOOK) => {}
        }
        match look(hub, shared).await {
            Ok(()) => {}
            Err(HubError::Store(StoreError::Closed)) => return,
            Err(error) => tracing::warn!(%error, "the bells of websockets cannot be heard; it is tried again"),
        }
    }
}

/// Looks at the bells of what is listened to here, and pings.
pub(super) async fn look(hub: &Hub, shared: &Shared) -> Result<(), HubError> {
    // One at a time, so that nobody is pinged twice for one ring.
    let _one = shared.looking.lock().await;
    let ears = shared.sockets.ears();
    if ears.is_empty() {
        return Ok(());
    }
    let mut snapshot = hub.snapshot().await?;
    let bells = bells(snapshot.as_mut()).await?;
    let mut done = Vec::new();
    for (id, ear) in ears {
        let last = bells.get(&id).copied().unwrap_or(0);
        if !ear.fresh && last <= ear.heard {
            continue;
        }
        let rows = snapshot
            .deliveries(&id, DeliveryState::Ready, Timestamp::MAX, None, 1)
            .await?;
        let told = (last <= ear.heard && rows.is_empty()) || shared.sockets.ping(&id);
        if !told {
            // Those who listen are behind: the next look tries again.
            continue;
        }
        let heard = Ear {
            heard: last,
            fresh: false,
        };
        shared.sockets.heard(&id, heard);
        let rows = rows
            .into_iter()
            .map(|row| DeliveryWrite::Done { n: row.n, seq: row.seq });
        done.extend(rows);
    }
    drop(snapshot);
    if done.is_empty() {
        return Ok(());
    }
    let transaction = Transaction {
        deliveries: done,
        ..Transaction::default()
    };
    match hub.store.commit(transaction).await {
        // Another node has told its own listeners, and written that down.
        Ok(_) | Err(StoreError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn bells(snapshot: &mut dyn Snapshot) -> Result<BTreeMap<String, u64>, StoreError> {
    let mut bells = BTreeMap::new();
    let mut after = String::new();
    loop {
        let page = snapshot.records_after(BELL, &after, PAGE).await?;
        let full = page.len() == PAGE;
        for (id, value) in page {
            after.clone_from(&id);
            bells.insert(id, rung(Some(&value)));
        }
        if !full {
            return Ok(bells);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(subscription: &str, seq: u64, coalesce: bool) -> DeliveryWrite {
        DeliveryWrite::Queue {
            subscription: subscription.into(),
            lane: String::new(),
            seq,
            version: 1,
            at: Timestamp::UNIX_EPOCH,
            coalesce,
        }
    }

    #[test]
    fn the_last_change_rings_once_and_a_hook_never() {
        let mut transaction = Transaction {
            deliveries: vec![queue("w", 7, true), queue("w", 9, true), queue("hook", 8, false)],
            ..Transaction::default()
        };
        ring(&mut transaction);
        assert_eq!(transaction.records.len(), 1);
        let bell = &transaction.records[0];
        assert_eq!((bell.key.as_str(), bell.value.as_deref()), ("w", Some(b"9".as_slice())));
        assert_eq!((rung(bell.value.as_deref()), rung(None), rung(Some(b"x"))), (9, 0, 0));
    }
}
