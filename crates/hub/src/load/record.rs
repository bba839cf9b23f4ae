//! What is remembered of a file: by its content, so that a renamed file is known and a changed one is not.

use super::LoadError;
use crate::transaction::hex;
use crate::{Hub, HubError};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use store::{RecordWrite, Transaction};

/// Kind of the records.
const KIND: &str = "hub.import";

/// How far a content is imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Never seen.
    New,
    /// Interrupted after this many entries or lines.
    Until(u64),
    /// Whole.
    Whole,
}

/// The key of a content.
pub(super) fn key(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes).as_slice())
}

/// The key of a content read piece by piece.
pub(super) fn key_of(hasher: Sha256) -> String {
    hex(hasher.finalize().as_slice())
}

/// The record of a stage, to go into the commit that reaches it.
pub(super) fn write(key: &str, stage: Stage) -> RecordWrite {
    let value = match stage {
        Stage::New => None,
        Stage::Until(done) => Some(done.to_string().into_bytes()),
        Stage::Whole => Some(b"whole".to_vec()),
    };
    RecordWrite {
        kind: KIND.into(),
        key: key.to_owned(),
        must_be_new: false,
        value,
    }
}

/// Reads the stage of a content.
pub(super) async fn read(hub: &Arc<Hub>, key: &str) -> Result<Stage, LoadError> {
    let mut snapshot = hub.snapshot().await.map_err(LoadError::Store)?;
    let value = snapshot
        .record(KIND, key)
        .await
        .map_err(|error| LoadError::Store(HubError::Store(error)))?;
    let Some(value) = value else { return Ok(Stage::New) };
    let text = String::from_utf8_lossy(&value);
    Ok(if text == "whole" {
        Stage::Whole
    } else {
        text.parse().map_or(Stage::New, Stage::Until)
    })
}

/// Writes a stage in a commit of its own.
pub(super) async fn commit(hub: &Arc<Hub>, key: &str, stage: Stage) -> Result<(), LoadError> {
    let transaction = Transaction {
        records: vec![write(key, stage)],
        ..Transaction::default()
    };
    let committed = hub.store().commit(transaction).await;
    committed
        .map(|_| ())
        .map_err(|error| LoadError::Store(HubError::Store(error)))
}
