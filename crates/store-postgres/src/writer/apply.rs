//! Takes a checked transaction into the group.

use super::Group;
use super::pending::{Moved, Out};
use crate::error::Outcome;
use crate::{custom, place};
use search::row::micros;
use store::{InstanceStatus, InstanceWrite, LeaseWrite, OutboxWrite, RecordWrite, TimerWrite, Transaction, WaitWrite};

/// What other nodes may want to hear of.
fn words(transaction: &Transaction) -> impl Iterator<Item = String> {
    let types = transaction
        .resources
        .iter()
        .map(|write| format!("type:{}", write.rtype));
    let records = transaction.records.iter().map(|write| format!("record:{}", write.kind));
    let work = !transaction.instances.is_empty()
        || !transaction.timers.is_empty()
        || !transaction.waits.is_empty()
        || !transaction.outbox.is_empty();
    let defined = !transaction.definitions.is_empty();
    let suspended = transaction
        .instances
        .iter()
        .any(|write| write.status == InstanceStatus::Suspended);
    let words = [(work, "work"), (suspended, "suspended"), (defined, "definitions")];
    let words = words
        .into_iter()
        .filter(|(there, _)| *there)
        .map(|(_, word)| word.to_owned());
    types.chain(records).chain(words)
}

impl Group {
    /// Takes everything in; an error means that the group must be rolled back.
    ///
    /// `generation`: the set of user-defined parameters that the search values were extracted under.
    pub(super) async fn apply(&mut self, transaction: &Transaction, generation: u64) -> Outcome<()> {
        self.words.extend(words(transaction));
        for write in &transaction.resources {
            if write.rtype == search::custom::RTYPE && custom::note(self, write).await? {
                self.position.params += 1;
                self.custom = custom::load(&self.node, &self.session).await?;
            }
            self.write_resource(write, generation).await?;
        }
        for write in &transaction.definitions {
            self.position.n += 1;
            self.stored.definitions.insert(write.key.clone());
            self.pending.definitions.push((self.position.n, write.clone()));
        }
        for write in &transaction.instances {
            self.take_instance(write);
        }
        for write in &transaction.history {
            let key = (write.instance.clone(), write.revision);
            self.stored.histories.insert(key);
            let compartment = self.compartment(&write.instance);
            self.pending.history.push((compartment, write.clone()));
        }
        for write in &transaction.timers {
            match write {
                TimerWrite::Set { id, instance, due } => {
                    let place = Some((self.compartment(instance), instance.clone()));
                    self.pending.timers.insert((micros(*due), id.clone()), place);
                }
                TimerWrite::Remove { id, due } => {
                    self.pending.timers.insert((micros(*due), id.clone()), None);
                }
            }
        }
        for write in &transaction.waits {
            let (key, compartment) = match write {
                WaitWrite::Add(key) => (key, Some(self.compartment(&key.instance))),
                WaitWrite::Remove(key) => (key, None),
            };
            self.pending.waits.insert(key.clone(), compartment);
        }
        for write in &transaction.leases {
            self.take_lease(write);
        }
        for write in &transaction.outbox {
            self.take_outbox(write);
        }
        for write in &transaction.deliveries {
            self.position.n += 1;
            self.pending.deliveries.push((self.position.n, write.clone()));
        }
        for write in &transaction.cursors {
            self.stored.cursors.insert(write.name.clone(), write.value);
            self.pending.cursors.insert(write.name.clone(), write.value as i64);
        }
        for write in &transaction.records {
            self.take_record(write);
        }
        self.accesses.extend(transaction.audit.iter().cloned());
        Ok(())
    }

    /// The compartment of an instance; what belongs to none lies by its name.
    fn compartment(&self, instance: &str) -> i64 {
        let known = self.stored.instances.get(instance);
        known.map_or_else(|| place::key(instance), |(compartment, _)| *compartment)
    }

    fn take_instance(&mut self, write: &InstanceWrite) {
        let known = self.stored.instances.get(&write.id).copied();
        let compartment = known.map_or_else(
            || place::of_instance(write.patient.as_deref(), &write.id),
            |(compartment, _)| compartment,
        );
        let revision = write.expected_revision + 1;
        self.stored.instances.insert(write.id.clone(), (compartment, revision));
        let new = match self.pending.instances.get(&write.id) {
            Some(moved) => moved.new,
            None => known.is_none(),
        };
        let moved = Moved {
            write: write.clone(),
            compartment,
            new,
        };
        self.pending.instances.insert(write.id.clone(), moved);
    }

    fn take_lease(&mut self, write: &LeaseWrite) {
        let lease = write
            .lease
            .as_ref()
            .map(|lease| (self.compartment(&lease.instance), lease.clone()));
        let fence = lease.as_ref().map_or(0, |(_, lease)| lease.fence);
        let before = self.stored.leases.insert(write.id.clone(), fence).unwrap_or(0);
        match &lease {
            Some((_, lease)) => {
                self.leased.insert(lease.instance.clone());
            }
            // There is none to take away.
            None if before == 0 && !self.pending.leases.contains_key(&write.id) => return,
            None => {}
        }
        self.pending.leases.insert(write.id.clone(), lease);
    }

    fn take_outbox(&mut self, write: &OutboxWrite) {
        match write {
            OutboxWrite::Add {
                id,
                topic,
                payload,
                not_before,
            } => {
                self.position.n += 1;
                self.stored.outbox.insert(id.clone());
                let out = self.pending.outbox.entry(id.clone()).or_default();
                out.added = Some((self.position.n, topic.clone(), payload.clone(), micros(*not_before)));
                out.retried = None;
            }
            OutboxWrite::Remove { id } => {
                self.stored.outbox.remove(id);
                let gone = Out {
                    removed: true,
                    ..Out::default()
                };
                self.pending.outbox.insert(id.clone(), gone);
            }
            OutboxWrite::Retry { id, not_before, error } => {
                let out = self.pending.outbox.entry(id.clone()).or_default();
                let times = out.retried.as_ref().map_or(0, |(times, ..)| *times);
                out.retried = Some((times + 1, micros(*not_before), error.clone()));
            }
        }
    }

    fn take_record(&mut self, write: &RecordWrite) {
        let key = (write.kind.clone(), write.key.clone());
        if write.value.is_some() {
            self.stored.records.insert(key.clone());
        } else {
            self.stored.records.remove(&key);
        }
        self.pending.records.insert(key, write.value.clone());
    }
}
