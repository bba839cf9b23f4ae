//! Waiting for an instance to end.

use crate::instance::Hot;
use crate::{Orchestrator, OrchestratorError};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::time::Duration;
use store::InstanceStatus;
use tokio::sync::oneshot;

/// Most callers waiting at the same time.
const MAX_WAITING: usize = 100_000;
/// The first look into the store of a caller who waits beside other nodes; each further one after twice the time.
const LOOK: Duration = Duration::from_secs(1);
/// The longest time between two such looks.
const LONGEST: Duration = Duration::from_secs(30);

/// Who waits for which instance.
#[derive(Default)]
pub(crate) struct Ended(Mutex<HashMap<String, Vec<oneshot::Sender<InstanceStatus>>>>);

impl Ended {
    /// Ids of instances that somebody waits for.
    pub(crate) fn waited_for(&self) -> Vec<String> {
        self.0.lock().keys().cloned().collect()
    }

    /// Tells those who wait.
    pub(crate) fn tell(&self, hot: &Hot) {
        if hot.ended.is_none() {
            return;
        }
        for waiting in self.0.lock().remove(&hot.state.id).into_iter().flatten() {
            // Whoever stopped waiting need not hear.
            let _ = waiting.send(hot.status);
        }
    }
}

/// A caller's place in the list, given up when it stops waiting.
struct Place<'a> {
    ended: &'a Ended,
    id: &'a str,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut all = self.ended.0.lock();
        if let Some(waiting) = all.get_mut(self.id) {
            waiting.retain(|sender| !sender.is_closed());
            if waiting.is_empty() {
                all.remove(self.id);
            }
        }
    }
}

impl Orchestrator {
    /// Waits until an instance has ended, and says how; use a timeout.
    ///
    /// # Errors
    /// Unknown instance; too many callers wait already.
    pub async fn until_ended(&self, id: &str) -> Result<InstanceStatus, OrchestratorError> {
        // Dropped after the receiver: then the place in the list is seen to be given up.
        let _place = Place { ended: &self.ended, id };
        let (sender, receiver) = oneshot::channel();
        {
            let mut waiting = self.ended.0.lock();
            if waiting.len() >= MAX_WAITING {
                return Err(OrchestratorError::Store(store::StoreError::Overloaded {
                    waiting: waiting.len(),
                }));
            }
            waiting.entry(id.to_owned()).or_default().push(sender);
        }
        // It may have ended before anyone waited.
        match self.near(id).await {
            Ok(hot) => self.ended.tell(&hot),
            Err(error) => {
                self.ended.0.lock().remove(id);
                return Err(error);
            }
        }
        self.told(id, receiver).await.map_err(|_| OrchestratorError::NotFound {
            what: "instance",
            id: id.to_owned(),
        })
    }

    /// Waits for the word; where other nodes may have ended it, looks into the store now and then, since their word may have
    /// come before anybody waited here.
    async fn told(
        &self,
        id: &str,
        mut receiver: oneshot::Receiver<InstanceStatus>,
    ) -> Result<InstanceStatus, oneshot::error::RecvError> {
        let mut pause = LOOK;
        while self.duty.is_some() {
            match tokio::time::timeout(pause, &mut receiver).await {
                Ok(told) => return told,
                Err(_) => pause = (pause * 2).min(LONGEST),
            }
            if let Ok(hot) = self.load(id).await {
                self.ended.tell(&hot);
            }
        }
        receiver.await
    }
}
