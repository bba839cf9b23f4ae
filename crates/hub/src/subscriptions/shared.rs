//! What requests and the worker have in common.

use super::settings::Settings;
use super::socket::Sockets;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use store::Transaction;
use tokio::sync::Notify;

/// Kept by the hub.
pub(crate) struct Shared {
    pub settings: Settings,
    /// Subscriptions the worker must look at again.
    touched: Mutex<BTreeSet<String>>,
    pub(super) wake: Notify,
    pub(super) sockets: Sockets,
    /// There may be somebody here to be told by a bell.
    pub(super) bell: Notify,
    /// Held while the bells are looked at.
    pub(super) looking: tokio::sync::Mutex<()>,
    /// How far the feed was read.
    position: AtomicU64,
}

impl Shared {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            sockets: Sockets::default(),
            settings,
            touched: Mutex::default(),
            wake: Notify::new(),
            bell: Notify::new(),
            looking: tokio::sync::Mutex::default(),
            position: AtomicU64::new(0),
        }
    }

    /// The Subscriptions that a transaction writes.
    pub(crate) fn written(transaction: &Transaction) -> Vec<String> {
        let ours = transaction
            .resources
            .iter()
            .filter(|write| write.rtype == "Subscription");
        ours.map(|write| write.id.clone()).collect()
    }

    /// The worker must look at this subscription.
    pub(crate) fn touch(&self, id: &str) {
        self.touched.lock().insert(id.to_owned());
        self.wake.notify_one();
        self.bell.notify_one();
    }

    pub(super) fn take_touched(&self) -> BTreeSet<String> {
        std::mem::take(&mut *self.touched.lock())
    }

    pub(super) fn reached(&self, position: u64) {
        self.position.store(position, Ordering::Relaxed);
    }

    /// Position of the feed up to which changes were matched; 0 before the first.
    pub(crate) fn position(&self) -> u64 {
        self.position.load(Ordering::Relaxed)
    }
}
