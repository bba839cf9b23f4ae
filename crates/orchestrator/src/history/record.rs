//! The row of one step: its events as a JSON array, and behind it the difference it made to the state.

use crate::OrchestratorError;
use crate::instance::Hot;
use engine::{Delta, Event};
use serde::Deserialize;
use store::HistoryRecord;

/// Every so many revisions the whole state is written, so that none is rebuilt from further back.
pub(crate) const WHOLE_EVERY: u64 = 256;

/// What a step leaves behind.
pub(crate) fn write(before: &Hot, after: &Hot, events: &[Event]) -> Result<Vec<u8>, OrchestratorError> {
    let delta = if after.revision.is_multiple_of(WHOLE_EVERY) {
        Delta::whole(&after.state)
    } else {
        Delta::between(&before.state, &after.state, events)
    };
    let damaged = |error: serde_json::Error| OrchestratorError::Damaged(error.to_string());
    let mut bytes = serde_json::to_vec(events).map_err(damaged)?;
    serde_json::to_writer(&mut bytes, &delta).map_err(damaged)?;
    Ok(bytes)
}

/// Only the events of a row.
pub(crate) fn events(record: &HistoryRecord) -> Result<Vec<Event>, OrchestratorError> {
    let mut source = serde_json::Deserializer::from_slice(&record.events);
    Vec::deserialize(&mut source).map_err(|error| damaged(record, &error))
}

/// The events and the difference; rows of before differences were kept have none.
pub(crate) fn read(record: &HistoryRecord) -> Result<(Vec<Event>, Option<Delta<'static>>), OrchestratorError> {
    let mut source = serde_json::Deserializer::from_slice(&record.events);
    let events = Vec::deserialize(&mut source).map_err(|error| damaged(record, &error))?;
    if source.end().is_ok() {
        return Ok((events, None));
    }
    let delta = Delta::deserialize(&mut source).map_err(|error| damaged(record, &error))?;
    Ok((events, Some(delta)))
}

fn damaged(record: &HistoryRecord, error: &serde_json::Error) -> OrchestratorError {
    OrchestratorError::Damaged(format!(
        "history {} revision {}: {error}",
        record.instance, record.revision
    ))
}
