//! What a transaction expects, checked against what is stored: the same for every backend.

use crate::{InstanceWrite, OutboxWrite, Precondition, Query, ResourceWrite, StoreError, Transaction, WaitKey};
use std::collections::HashSet;
use std::hash::Hash;

/// What is stored just before a transaction, with what earlier transactions of the same commit have written.
pub trait Stored {
    /// Version number of a resource and whether it is a deletion; `None`: it never existed.
    fn resource(&mut self, rtype: &str, id: &str) -> Result<Option<(u64, bool)>, StoreError>;
    /// The version that a write builds on (0: none).
    fn before_resource(&mut self, write: &ResourceWrite) -> Result<u64, StoreError>;
    /// The revision that a write builds on (0: none).
    fn before_instance(&mut self, write: &InstanceWrite) -> Result<u64, StoreError>;
    /// `Type/id` of a resource that the precondition at this place excludes, if there is one.
    fn matching(&mut self, index: usize, query: &Query) -> Result<Option<String>, StoreError>;
    /// Whether the wait is there.
    fn waits(&mut self, wait: &WaitKey) -> Result<bool, StoreError>;
    /// Whether the definition is there.
    fn definition(&mut self, key: &str) -> Result<bool, StoreError>;
    /// Whether the history of an instance has this revision.
    fn history(&mut self, instance: &str, revision: u64) -> Result<bool, StoreError>;
    /// The fence of a job's lease (0: no lease).
    fn fence(&mut self, job: &str) -> Result<u64, StoreError>;
    /// Whether the outbox entry is there.
    fn outbox(&mut self, id: &str) -> Result<bool, StoreError>;
    /// The value of a cursor (0: never set).
    fn cursor(&mut self, name: &str) -> Result<u64, StoreError>;
    /// Whether the small value is there.
    fn record(&mut self, kind: &str, key: &str) -> Result<bool, StoreError>;
}

impl Transaction {
    /// Checks everything that the transaction expects.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where an expectation fails, [`StoreError::Invalid`] where a thing is written twice, and what
    /// `stored` cannot tell.
    pub fn check(&self, stored: &mut dyn Stored) -> Result<(), StoreError> {
        no_repeats(self)?;
        for (index, precondition) in self.preconditions.iter().enumerate() {
            refuse(index, precondition_fails(precondition, index, stored)?)?;
        }
        let mut at = self.preconditions.len();
        for (index, write) in self.resources.iter().enumerate() {
            let version = stored.before_resource(write)?;
            if write.version.checked_sub(1) != Some(version) {
                let expected = write.version.saturating_sub(1);
                return conflict(
                    at + index,
                    format!(
                        "{}/{} is at version {version}, the write expects {expected}",
                        write.rtype, write.id
                    ),
                );
            }
        }
        at += self.resources.len();
        for (index, write) in self.definitions.iter().enumerate() {
            if stored.definition(&write.key)? {
                let detail = format!("definition {} exists already and definitions never change", write.key);
                return conflict(at + index, detail);
            }
        }
        at += self.definitions.len();
        for (index, write) in self.instances.iter().enumerate() {
            let revision = stored.before_instance(write)?;
            if revision != write.expected_revision {
                return conflict(
                    at + index,
                    format!(
                        "instance {} is at revision {revision}, the write expects {}",
                        write.id, write.expected_revision
                    ),
                );
            }
        }
        at += self.instances.len();
        self.check_rest(stored, at)
    }

    /// Whether the history entry follows from an instance written here: that instance's revision is checked, so its next
    /// history cannot exist yet.
    pub fn leads(&self, instance: &str, revision: u64) -> bool {
        self.instances
            .iter()
            .any(|this| this.id == instance && this.expected_revision + 1 == revision)
    }

    /// History, leases, outbox, cursors and records; timers, waits and deliveries expect nothing.
    fn check_rest(&self, stored: &mut dyn Stored, mut at: usize) -> Result<(), StoreError> {
        for (index, write) in self.history.iter().enumerate() {
            let (instance, revision) = (&write.instance, write.revision);
            if !self.leads(instance, revision) && stored.history(instance, revision)? {
                let detail = format!("history of instance {instance} revision {revision} exists already");
                return conflict(at + index, detail);
            }
        }
        at += self.history.len() + self.timers.len() + self.waits.len();
        for (index, write) in self.leases.iter().enumerate() {
            let Some(expected) = write.expected else { continue };
            let fence = stored.fence(&write.id)?;
            if fence != expected {
                let id = &write.id;
                let detail = format!("the lease of job {id} is number {fence}, the write expects {expected}");
                return conflict(at + index, detail);
            }
        }
        at += self.leases.len();
        for (index, write) in self.outbox.iter().enumerate() {
            if let OutboxWrite::Add { id, .. } = write
                && stored.outbox(id)?
            {
                return conflict(at + index, format!("outbox entry {id} exists already"));
            }
        }
        at += self.outbox.len() + self.deliveries.len();
        for (index, write) in self.cursors.iter().enumerate() {
            let value = stored.cursor(&write.name)?;
            if value != write.expected {
                let (name, expected) = (&write.name, write.expected);
                return conflict(
                    at + index,
                    format!("cursor {name} is at {value}, the write expects {expected}"),
                );
            }
        }
        at += self.cursors.len();
        for (index, write) in self.records.iter().enumerate() {
            if write.must_be_new && stored.record(&write.kind, &write.key)? {
                return conflict(at + index, format!("{} {} exists already", write.kind, write.key));
            }
        }
        Ok(())
    }
}

fn precondition_fails(
    precondition: &Precondition,
    index: usize,
    stored: &mut dyn Stored,
) -> Result<Option<String>, StoreError> {
    Ok(match precondition {
        Precondition::Version { rtype, id, version } => {
            let found = stored.resource(rtype, id)?.map_or(0, |(version, _)| version);
            (found != *version).then(|| format!("{rtype}/{id} is at version {found}, expected {version}"))
        }
        Precondition::Exists { rtype, id } => {
            let live = stored.resource(rtype, id)?.is_some_and(|(_, deleted)| !deleted);
            (!live).then(|| format!("{rtype}/{id} does not exist or is deleted"))
        }
        Precondition::Waits(wait) => {
            let waits = stored.waits(wait)?;
            (!waits).then(|| format!("{} no longer waits", wait.id))
        }
        Precondition::NoMatch(query) => stored
            .matching(index, query)?
            .map(|found| format!("{found} matches the condition")),
    })
}

fn refuse(index: usize, detail: Option<String>) -> Result<(), StoreError> {
    detail.map_or(Ok(()), |detail| conflict(index, detail))
}

fn conflict(index: usize, detail: String) -> Result<(), StoreError> {
    Err(StoreError::Conflict { index, detail })
}

/// Each thing may be written once by a transaction: twice has no meaning, since expectations are checked first.
fn no_repeats(transaction: &Transaction) -> Result<(), StoreError> {
    once(
        "resource",
        transaction.resources.iter().map(|write| (&write.rtype, &write.id)),
    )?;
    once("definition", transaction.definitions.iter().map(|write| &write.key))?;
    once("instance", transaction.instances.iter().map(|write| &write.id))?;
    once(
        "history",
        transaction
            .history
            .iter()
            .map(|write| (&write.instance, write.revision)),
    )?;
    once("lease", transaction.leases.iter().map(|write| &write.id))?;
    once("cursor", transaction.cursors.iter().map(|write| &write.name))?;
    once(
        "record",
        transaction.records.iter().map(|write| (&write.kind, &write.key)),
    )?;
    once(
        "outbox entry",
        transaction.outbox.iter().filter_map(|write| match write {
            OutboxWrite::Add { id, .. } => Some(id),
            _ => None,
        }),
    )
}

fn once<K: Hash + Eq + std::fmt::Debug>(what: &str, keys: impl Iterator<Item = K>) -> Result<(), StoreError> {
    let mut keys = keys.peekable();
    let Some(first) = keys.next() else { return Ok(()) };
    if keys.peek().is_none() {
        return Ok(());
    }
    let mut seen = HashSet::from([first]);
    for key in keys {
        if seen.contains(&key) {
            return Err(StoreError::Invalid(format!(
                "the transaction writes {what} {key:?} twice"
            )));
        }
        seen.insert(key);
    }
    Ok(())
}
