//! A read transaction as [`store::Snapshot`].

mod delivery;
mod feed;
mod history;
mod process;
mod resource;
mod waits;

pub(crate) use resource::{read, stored, version};

use crate::error::{Backend, Outcome};
use crate::postgres_store::Node;
use crate::session::Session;
use crate::{audit, connect, source};
use async_trait::async_trait;
use jiff::Timestamp;
use std::sync::Arc;
use store::{
    AuditFilter, AuditPage, AuditPlace, AuditRecord, Change, DefinitionRecord, DeliveryCount, DeliveryRecord,
    DeliveryState, FeedPage, HistoryRecord, HistoryScope, InstanceFilter, InstanceRecord, Lease, Outbox, Query,
    ReindexProgress, SearchPage, SearchParamState, Snapshot, StoreError, StoredResource, TimerRecord, VersionPage,
    WaitKind, WaitRecord,
};

/// A consistent view.
pub(crate) struct PostgresSnapshot {
    session: Arc<Session>,
    node: Arc<Node>,
}

impl PostgresSnapshot {
    /// A view of everything committed so far.
    pub async fn begin(node: &Arc<Node>) -> Outcome<Self> {
        let session = Session::begun(connect::take(&node.readers).await?);
        // The moment of such a transaction is that of its first question.
        session
            .client()
            .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1")
            .await
            .at("beginning a snapshot")?;
        Ok(Self {
            session: Arc::new(session),
            node: node.clone(),
        })
    }
}

#[async_trait]
impl Snapshot for PostgresSnapshot {
    async fn read(&mut self, rtype: &str, id: &str) -> Result<Option<StoredResource>, StoreError> {
        resource::read(&self.node, &self.session, rtype, id).await
    }

    async fn vread(&mut self, rtype: &str, id: &str, version: u64) -> Result<Option<StoredResource>, StoreError> {
        resource::vread(&self.node, &self.session, rtype, id, version).await
    }

    async fn history(
        &mut self,
        scope: &HistoryScope,
        since: Option<Timestamp>,
        count: usize,
        after: Option<&str>,
    ) -> Result<VersionPage, StoreError> {
        history::history(&self.node, &self.session, scope, since, count, after).await
    }

    async fn search(&mut self, query: &Query) -> Result<SearchPage, StoreError> {
        source::search(self.session.clone(), self.node.clone(), query.clone()).await
    }

    async fn mark(&mut self) -> Result<String, StoreError> {
        source::on_a_thread(self.session.clone(), self.node.clone(), |source, _| {
            search::mark_here(source)
        })
        .await
    }

    async fn reindexing(&mut self) -> Result<Vec<ReindexProgress>, StoreError> {
        let sql = "SELECT rtype, done, total FROM reindex ORDER BY rtype";
        let rows = self.session.rows(sql, &[], "reading the reindex").await?;
        Ok(rows
            .iter()
            .map(|row| ReindexProgress {
                rtype: row.get(0),
                done: row.get::<_, i64>(1) as u64,
                total: row.get::<_, i64>(2) as u64,
            })
            .collect())
    }

    async fn search_params(&mut self) -> Result<Vec<SearchParamState>, StoreError> {
        let sql = "SELECT base, code, url, source, state FROM search_param WHERE state < 2 ORDER BY base, code";
        let rows = self.session.rows(sql, &[], "reading search parameters").await?;
        Ok(rows
            .iter()
            .map(|row| SearchParamState {
                base: row.get(0),
                code: row.get(1),
                url: row.get(2),
                source: row.get(3),
                ready: i64::from(row.get::<_, i16>(4)) == search::custom::READY,
            })
            .collect())
    }

    async fn changes_after(&mut self, seq: u64, limit: usize) -> Result<Vec<Change>, StoreError> {
        feed::changes_after(&self.node, &self.session, seq, limit).await
    }

    async fn feed(&mut self, seq: u64, limit: usize, types: &[String]) -> Result<FeedPage, StoreError> {
        feed::feed(&self.node, &self.session, seq, limit, types).await
    }

    async fn counts(&mut self) -> Result<Vec<(String, u64)>, StoreError> {
        resource::counts(&self.node, &self.session).await
    }

    async fn instance(&mut self, id: &str) -> Result<Option<InstanceRecord>, StoreError> {
        process::instance(&self.session, id).await
    }

    async fn instances(&mut self, filter: &InstanceFilter) -> Result<Vec<InstanceRecord>, StoreError> {
        process::instances(&self.session, filter).await
    }

    async fn instance_history(
        &mut self,
        instance: &str,
        from: u64,
        limit: usize,
    ) -> Result<Vec<HistoryRecord>, StoreError> {
        process::history(&self.session, instance, from, limit).await
    }

    async fn timers_due(&mut self, now: Timestamp, limit: usize) -> Result<Vec<TimerRecord>, StoreError> {
        waits::timers_due(&self.session, now, limit).await
    }

    async fn next_timer(&mut self) -> Result<Option<TimerRecord>, StoreError> {
        Ok(waits::timers_due(&self.session, Timestamp::MAX, 1).await?.pop())
    }

    async fn waits(
        &mut self,
        kind: WaitKind,
        name: Option<&str>,
        key: Option<&str>,
        after: Option<&WaitRecord>,
        limit: usize,
    ) -> Result<Vec<WaitRecord>, StoreError> {
        waits::waits(&self.session, kind, (name, key), after, limit).await
    }

    async fn lease(&mut self, job: &str) -> Result<Option<Lease>, StoreError> {
        waits::lease(&self.session, job).await
    }

    async fn leases(&mut self, job_type: &str, until: Timestamp, limit: usize) -> Result<Vec<Lease>, StoreError> {
        waits::leases(&self.session, job_type, until, limit).await
    }

    async fn definitions(&mut self) -> Result<Vec<DefinitionRecord>, StoreError> {
        process::definitions(&self.session).await
    }

    async fn outbox(&mut self, topic: &str, now: Timestamp, limit: usize) -> Result<Vec<Outbox>, StoreError> {
        waits::outbox(&self.session, topic, now, limit).await
    }

    async fn deliveries(
        &mut self,
        subscription: &str,
        state: DeliveryState,
        until: Timestamp,
        after: Option<(Timestamp, u64)>,
        limit: usize,
    ) -> Result<Vec<DeliveryRecord>, StoreError> {
        delivery::deliveries(&self.session, subscription, state, until, after, limit).await
    }

    async fn delivery_counts(&mut self, subscription: Option<&str>) -> Result<Vec<DeliveryCount>, StoreError> {
        delivery::counts(&self.session, subscription).await
    }

    async fn cursor(&mut self, name: &str) -> Result<u64, StoreError> {
        let sql = "SELECT value FROM cursor WHERE name = $1";
        let row = self.session.row(sql, &[&name], "reading a cursor").await?;
        Ok(row.map_or(0, |row| row.get::<_, i64>(0) as u64))
    }

    async fn record(&mut self, kind: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        waits::record(&self.session, kind, key).await
    }

    async fn record_of_any(&mut self, kinds: &[String], key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        waits::record_of_any(&self.session, kinds, key).await
    }

    async fn records(&mut self, kind: &str, prefix: &str, limit: usize) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        waits::records(&self.session, kind, prefix, limit).await
    }

    async fn records_after(
        &mut self,
        kind: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        waits::records_after(&self.session, kind, after, limit).await
    }

    async fn audit(&mut self, filter: &AuditFilter) -> Result<AuditPage, StoreError> {
        audit::page(&self.session, filter).await
    }

    async fn audit_at(&mut self, place: AuditPlace) -> Result<Option<AuditRecord>, StoreError> {
        audit::at(&self.session, place).await
    }
}
