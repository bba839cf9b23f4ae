//! What this node left in the database: it holds as long as no other node has committed since, which the position tells.
//!
//! A group whose questions are all answered by it goes to the database in one trip: the first statement takes the lock of all
//! writers and fails unless the position is where this node left it, so that nothing of the group is written on a wrong belief;
//! the group is then begun anew, with questions. It is used only after two groups of this node in a row, so that nodes that write
//! by turns do not fail at each turn.

use super::Extracted;
use super::group::{Group, Position};
use super::load::Loaded;
use crate::place;
use std::collections::{HashMap, HashSet};
use store::{LeaseWrite, OutboxWrite, RecordWrite, TimerWrite, Transaction, WaitWrite};

/// Instances kept in each of the two generations.
const HALF: usize = 20_000;

/// An instance as this node left it.
#[derive(Debug, Clone, Copy)]
struct Kept {
    compartment: i64,
    revision: u64,
    /// It was started here, and nothing has leased a job of it since.
    never_leased: bool,
}

/// What was left, and where.
#[derive(Debug)]
pub(crate) struct Known {
    /// The position that the last group of this node wrote.
    pub position: Position,
    /// That group had found the position where the one before it left it.
    pub steady: bool,
    young: HashMap<String, Kept>,
    old: HashMap<String, Kept>,
}

/// What a group that asks nothing is checked against.
pub(super) struct Certain {
    /// The answers.
    pub stored: Loaded,
    /// Instances that are taken not to exist, which the database is to confirm.
    pub absent: Vec<String>,
}

impl Known {
    fn new(position: Position) -> Self {
        Self {
            position,
            steady: false,
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }

    fn get(&self, id: &str) -> Option<&Kept> {
        self.young.get(id).or_else(|| self.old.get(id))
    }

    fn put(&mut self, id: String, kept: Kept) {
        if self.young.len() >= HALF && !self.young.contains_key(&id) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(id, kept);
    }

    /// Compartment and revision of an instance.
    pub(super) fn instance(&self, id: &str) -> Option<(i64, u64)> {
        self.get(id).map(|kept| (kept.compartment, kept.revision))
    }

    /// Whether a job of a transaction has surely no lease but one that the group itself has written. The name of a job begins with
    /// that of its instance. Who expects a lease knows better.
    pub(super) fn never_leased(&self, transaction: &Transaction, lease: &LeaseWrite) -> bool {
        let Some((instance, _)) = lease.id.rsplit_once('.').filter(|_| lease.expected.unwrap_or(0) == 0) else {
            return false;
        };
        let new = |write: &store::InstanceWrite| write.id == instance && write.expected_revision == 0;
        match self.get(instance) {
            Some(kept) => kept.never_leased,
            None => transaction.instances.iter().any(new),
        }
    }

    /// Answers everything that the transactions ask; `None` where the database must be asked.
    pub(super) fn answer(&self, transactions: &[Extracted]) -> Option<Certain> {
        let (mut stored, mut absent) = (Loaded::default(), HashSet::new());
        for (transaction, _) in transactions {
            if asks(transaction) {
                return None;
            }
            for write in &transaction.instances {
                match self.instance(&write.id) {
                    Some(kept) => {
                        stored.instances.insert(write.id.clone(), kept);
                    }
                    None if write.expected_revision == 0 || absent.contains(&write.id) => {
                        absent.insert(write.id.clone());
                    }
                    None => return None,
                }
            }
            // Where the rows of an instance lie: with it.
            for instance in beside(transaction).filter(|id| !id.is_empty()) {
                match self.instance(instance) {
                    Some(kept) => {
                        stored.instances.insert(instance.to_owned(), kept);
                    }
                    None if absent.contains(instance) => {}
                    None => return None,
                }
            }
            if !transaction
                .leases
                .iter()
                .all(|write| self.never_leased(transaction, write))
            {
                return None;
            }
        }
        Some(Certain {
            stored,
            absent: absent.into_iter().collect(),
        })
    }

    /// What is known after a group was committed.
    pub(super) fn after(before: Option<Self>, group: &Group, steady: bool, changed: Vec<(String, bool)>) -> Self {
        let mut known = before
            .filter(|_| steady)
            .unwrap_or_else(|| Self::new(group.position.clone()));
        known.position = group.position.clone();
        known.steady = steady;
        for (id, new) in changed {
            let Some((compartment, revision)) = group.stored.instances.get(&id).copied() else {
                continue;
            };
            let never_leased = known.get(&id).map_or(new, |kept| kept.never_leased);
            let kept = Kept {
                compartment,
                revision,
                never_leased,
            };
            known.put(id, kept);
        }
        for instance in &group.leased {
            if let Some(kept) = known.get(instance).copied() {
                let kept = Kept {
                    never_leased: false,
                    ..kept
                };
                known.put(instance.clone(), kept);
            }
        }
        known
    }
}

/// Hashes of what a transaction writes or lies beside: two that have none in common can be written in any order, and at once.
pub(super) fn touches(transaction: &Transaction) -> impl Iterator<Item = i64> {
    let instances = transaction.instances.iter().map(|write| write.id.as_str());
    let history = transaction.history.iter().map(|write| write.instance.as_str());
    let gone = transaction.waits.iter().filter_map(|write| match write {
        WaitWrite::Remove(key) => Some(key.instance.as_str()),
        WaitWrite::Add(_) => None,
    });
    let timers = transaction.timers.iter().map(|write| match write {
        TimerWrite::Set { id, .. } | TimerWrite::Remove { id, .. } => id.as_str(),
    });
    let leases = transaction.leases.iter().map(|write| write.id.as_str());
    let outbox = transaction.outbox.iter().map(|write| match write {
        OutboxWrite::Add { id, .. } | OutboxWrite::Remove { id } | OutboxWrite::Retry { id, .. } => id.as_str(),
    });
    let records = transaction.records.iter().map(|write| write.key.as_str());
    let names = instances
        .chain(history)
        .chain(gone)
        .chain(timers)
        .chain(leases)
        .chain(outbox);
    names
        .chain(records)
        .chain(beside(transaction))
        .filter(|name| !name.is_empty())
        .map(place::key)
}

/// Whether a transaction expects something that is not kept here.
fn asks(transaction: &Transaction) -> bool {
    let leads = |write: &store::HistoryWrite| transaction.leads(&write.instance, write.revision);
    !transaction.preconditions.is_empty()
        || !transaction.resources.is_empty()
        || !transaction.definitions.is_empty()
        || !transaction.deliveries.is_empty()
        || !transaction.cursors.is_empty()
        || transaction
            .outbox
            .iter()
            .any(|write| matches!(write, OutboxWrite::Add { .. }))
        || transaction
            .records
            .iter()
            .any(|RecordWrite { must_be_new, .. }| *must_be_new)
        || !transaction.history.iter().all(leads)
}

/// The instances that a transaction's rows lie beside.
fn beside(transaction: &Transaction) -> impl Iterator<Item = &str> {
    let timers = transaction.timers.iter().filter_map(|write| match write {
        TimerWrite::Set { instance, .. } => Some(instance.as_str()),
        TimerWrite::Remove { .. } => None,
    });
    let waits = transaction.waits.iter().filter_map(|write| match write {
        WaitWrite::Add(key) => Some(key.instance.as_str()),
        WaitWrite::Remove(_) => None,
    });
    let leases = transaction.leases.iter().filter_map(|write| write.lease.as_ref());
    timers.chain(waits).chain(leases.map(|lease| lease.instance.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use store::{InstanceStatus, InstanceWrite};

    fn known(ids: &[(&str, u64, bool)]) -> Known {
        let mut known = Known::new(Position {
            seq: 1,
            rid: 1,
            n: 1,
            params: 0,
            audit: (0, search::accesses::Hash::default()),
        });
        for (id, revision, never_leased) in ids {
            let kept = Kept {
                compartment: place::key(id),
                revision: *revision,
                never_leased: *never_leased,
            };
            known.put((*id).to_owned(), kept);
        }
        known
    }

    fn step(id: &str, expected_revision: u64, job: Option<&str>) -> Extracted {
        let write = InstanceWrite {
            id: id.to_owned(),
            expected_revision,
            definition: "p:1".into(),
            business_key: None,
            patient: None,
            status: InstanceStatus::Active,
            started: Timestamp::UNIX_EPOCH,
            ended: None,
            state: Vec::new(),
        };
        let lease = |id: &str| LeaseWrite {
            id: id.to_owned(),
            expected: None,
            lease: None,
        };
        let transaction = Transaction {
            instances: vec![write],
            leases: job.into_iter().map(lease).collect(),
            ..Transaction::default()
        };
        (Box::new(transaction), 0)
    }

    #[test]
    fn only_what_was_left_here_is_answered() {
        let known = known(&[("a", 3, true), ("b", 2, false)]);
        let certain = known.answer(&[step("a", 3, Some("a.1")), step("b", 2, None)]).unwrap();
        assert_eq!(certain.stored.instances["a"].1, 3);
        assert!(certain.absent.is_empty());
        assert!(
            known.answer(&[step("c", 1, None)]).is_none(),
            "an instance of which nothing is known"
        );
        assert!(
            known.answer(&[step("b", 2, Some("b.1"))]).is_none(),
            "a job that may be leased"
        );
        assert!(
            known.answer(&[step("a", 3, Some("b.1"))]).is_none(),
            "a job of another instance"
        );
    }

    #[test]
    fn a_start_is_confirmed_by_the_database_and_steps_after_it_in_the_group_are_known() {
        let known = known(&[]);
        let certain = known.answer(&[step("n", 0, Some("n.1")), step("n", 1, None)]).unwrap();
        assert_eq!(certain.absent, ["n"]);
        assert!(certain.stored.instances.is_empty());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut known = known(&[]);
        for n in 0..3 * HALF {
            let kept = Kept {
                compartment: 0,
                revision: n as u64,
                never_leased: true,
            };
            known.put(n.to_string(), kept);
        }
        assert!(known.young.len() + known.old.len() <= 2 * HALF);
        assert!(known.get("0").is_none() && known.get(&(3 * HALF - 1).to_string()).is_some());
    }
}
