//! Writes down which instances are part of a batch, a page at a time; how far it came is in the same commit.

use super::{Head, MAX_INSTANCES, Source, chunk, item, items_kind};
use crate::api::{BatchResult, BatchState, InstanceSelection};
use crate::query::selection::Selection;
use crate::{Orchestrator, OrchestratorError};
use jiff::{SignedDuration, Timestamp};

/// Rows looked at in one commit.
const PAGE: usize = 500;

impl Orchestrator {
    /// One page more.
    pub(super) async fn select_more(&self, head: &Head) -> Result<(), OrchestratorError> {
        let (mut ids, next) = match &head.source {
            Source::Listed => (Vec::new(), None),
            Source::Search { before } => self.searched(head, *before).await?,
            Source::FailedOf(batch) => self.failed_of(head, batch).await?,
        };
        let _one_at_a_time = self.batches.heads.lock().await;
        let mut head = self.batch_head(&head.info.id).await?;
        if head.info.state != BatchState::Selecting {
            return Ok(());
        }
        let room = usize::try_from(MAX_INSTANCES - head.info.total).unwrap_or(usize::MAX);
        let full = ids.len() > room;
        if full {
            ids.truncate(room);
            head.info.note = Some(format!(
                "more than {MAX_INSTANCES} instances match; the rest is not part of this batch: begin another for them"
            ));
        }
        let mut records = Vec::new();
        if !ids.is_empty() {
            records.push(chunk(&head.info.id, head.info.total, &ids));
            head.info.total += ids.len() as u64;
        }
        head.selected = full || next.is_none();
        head.cursor = next;
        if head.selected {
            head.info.state = BatchState::Running;
            if head.info.total == 0 {
                records.push(head.end(BatchState::Completed, self.clock.now()));
                self.batches.closed(&head.info.id);
            }
        }
        records.push(head.write());
        self.write_records(records).await
    }

    async fn searched(
        &self,
        head: &Head,
        before: Timestamp,
    ) -> Result<(Vec<String>, Option<String>), OrchestratorError> {
        let filter = bounded(head.info.filter.clone().unwrap_or_default(), before);
        let selection = Selection::of(filter, false)?;
        let selected = self.select(&selection, head.cursor.clone(), PAGE).await?;
        let wanted = self.meant_by(&head.by, &selection).await?;
        let meant = selected.found.iter().filter(|found| wanted.holds(found.patient()));
        Ok((meant.map(|found| found.id().to_owned()).collect(), selected.next))
    }

    async fn failed_of(&self, head: &Head, batch: &str) -> Result<(Vec<String>, Option<String>), OrchestratorError> {
        let kind = items_kind(batch, Some(BatchResult::Failed));
        let after = head.cursor.as_deref().unwrap_or_default();
        let page = self.store.snapshot().await?.records_after(&kind, after, PAGE).await?;
        let next = page.last().filter(|_| page.len() == PAGE).map(|(key, _)| key.clone());
        let ids = page
            .iter()
            .map(|(_, bytes)| item::read_item(bytes).map(|item| item.instance));
        Ok((ids.collect::<Result<_, _>>()?, next))
    }
}

/// The selection without what was started after a moment.
pub(crate) fn bounded(mut filter: InstanceSelection, last: Timestamp) -> InstanceSelection {
    let before = last.checked_add(SignedDuration::from_micros(1)).unwrap_or(last);
    filter.started_before = Some(filter.started_before.map_or(before, |given| given.min(before)));
    filter
}
