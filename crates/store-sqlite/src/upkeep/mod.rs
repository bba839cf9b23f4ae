//! The steps of removing what need not be kept any longer ([`store::Upkeep`]): each is read on a snapshot beside the writer,
//! and removed in the writer's own commit.

pub(crate) mod accesses;
mod instances;
mod versions;

use crate::SqliteStore;
use crate::error::Backend;
use async_trait::async_trait;
use jiff::Timestamp;
use store::{
    AuditEntry, Forget, InstanceStatus, Keep, OldInstances, OldVersions, Prune, StoreError, Upkeep, VersionPlace,
};

#[async_trait]
impl Upkeep for SqliteStore {
    async fn stored_types(&self) -> Result<Vec<String>, StoreError> {
        self.reader(|connection| {
            connection
                .prepare_cached("SELECT name FROM rtype ORDER BY name")
                .and_then(|mut all| all.query_map([], |row| row.get(0))?.collect())
                .at("reading resource types")
        })
    }

    async fn old_versions(
        &self,
        rtype: &str,
        keep: Keep,
        asked: &Prune<'_>,
        after: VersionPlace,
    ) -> Result<OldVersions, StoreError> {
        self.reader(|connection| versions::read(connection, rtype, keep, asked, after))
    }

    async fn remove_versions(&self, places: Vec<i64>, entry: AuditEntry) -> Result<u64, StoreError> {
        self.upkeep(Box::new(move |connection, state| {
            versions::remove(connection, state, &places, entry)
        }))
        .await
    }

    async fn old_instances(
        &self,
        rule: &Forget,
        status: InstanceStatus,
        after: &str,
    ) -> Result<OldInstances, StoreError> {
        self.reader(|connection| instances::read(connection, rule, status, after))
    }

    async fn remove_instances(&self, ids: Vec<String>, entry: AuditEntry) -> Result<u64, StoreError> {
        self.upkeep(Box::new(move |connection, state| {
            instances::remove(connection, state, &ids, entry)
        }))
        .await
    }

    async fn remove_accesses(&self, before: Timestamp, entry: AuditEntry) -> Result<u64, StoreError> {
        self.upkeep(Box::new(move |connection, state| {
            accesses::remove(connection, state, before, entry)
        }))
        .await
    }
}
