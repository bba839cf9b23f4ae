//! Expectations of a transaction against what was read and what earlier transactions of the group have written.

use super::{Group, flush};
use crate::error::Outcome;
use crate::source;
use std::collections::HashMap;
use store::{InstanceWrite, Page, Precondition, Query, ResourceWrite, Stored, Transaction, WaitKey};

impl Group {
    /// Checks everything a transaction expects. `Err(Backend)` means that the database failed, any other error that this
    /// transaction is refused.
    pub(super) async fn check(&mut self, transaction: &Transaction) -> Outcome<()> {
        let mut matching = HashMap::new();
        for (index, precondition) in transaction.preconditions.iter().enumerate() {
            if let Precondition::NoMatch(query) = precondition {
                matching.insert(index, self.matching(query).await?);
            }
        }
        transaction.check(&mut Checked { group: self, matching })
    }

    /// A resource that a condition finds, with what the group has written so far.
    async fn matching(&mut self, query: &Query) -> Outcome<Option<String>> {
        if !self.pending.resources.is_empty() {
            flush::resources(self).await?;
        }
        let query = Query {
            page: Page { count: 1, after: None },
            total: false,
            includes: Vec::new(),
            ..query.clone()
        };
        let found = source::search(self.session.clone(), self.node.clone(), query).await?;
        let first = found.matches.first();
        Ok(first.map(|found| format!("{}/{}", found.rtype, found.id)))
    }

    fn slot(&self, rtype: &str, id: &str) -> Option<&super::pending::Now> {
        let code = self.node.types.known(rtype).or_else(|| {
            let new = self.new_types.iter().find(|(_, name)| name == rtype);
            new.map(|(code, _)| *code)
        })?;
        self.stored.resources.get(&(code, id.to_owned()))?.now.as_ref()
    }
}

struct Checked<'a> {
    group: &'a Group,
    matching: HashMap<usize, Option<String>>,
}

impl Stored for Checked<'_> {
    fn resource(&mut self, rtype: &str, id: &str) -> Outcome<Option<(u64, bool)>> {
        Ok(self.group.slot(rtype, id).map(|now| (now.version, now.deleted)))
    }

    fn before_resource(&mut self, write: &ResourceWrite) -> Outcome<u64> {
        Ok(self.group.slot(&write.rtype, &write.id).map_or(0, |now| now.version))
    }

    fn before_instance(&mut self, write: &InstanceWrite) -> Outcome<u64> {
        Ok(self
            .group
            .stored
            .instances
            .get(&write.id)
            .map_or(0, |(_, revision)| *revision))
    }

    fn matching(&mut self, index: usize, _: &Query) -> Outcome<Option<String>> {
        Ok(self.matching.remove(&index).flatten())
    }

    fn waits(&mut self, wait: &WaitKey) -> Outcome<bool> {
        let stored = &self.group.stored.waits;
        Ok(match self.group.pending.waits.get(wait) {
            Some(change) => change.is_some(),
            None => stored.contains(wait),
        })
    }

    fn definition(&mut self, key: &str) -> Outcome<bool> {
        Ok(self.group.stored.definitions.contains(key))
    }

    fn history(&mut self, instance: &str, revision: u64) -> Outcome<bool> {
        Ok(self.group.stored.histories.contains(&(instance.to_owned(), revision)))
    }

    fn fence(&mut self, job: &str) -> Outcome<u64> {
        Ok(self.group.stored.leases.get(job).copied().unwrap_or(0))
    }

    fn outbox(&mut self, id: &str) -> Outcome<bool> {
        Ok(self.group.stored.outbox.contains(id))
    }

    fn cursor(&mut self, name: &str) -> Outcome<u64> {
        Ok(self.group.stored.cursors.get(name).copied().unwrap_or(0))
    }

    fn record(&mut self, kind: &str, key: &str) -> Outcome<bool> {
        Ok(self.group.stored.records.contains(&(kind.to_owned(), key.to_owned())))
    }
}
