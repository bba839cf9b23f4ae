//! One file.

use super::chunks::Place;
use super::report::{Counts, Tally};
use super::{LoadError, Options, json, lines, record, stream};
use crate::http::blocking;
use crate::transaction::{Mode, Outcome, Source};
use crate::{Hub, HubError};
use bytes::Bytes;
use http::StatusCode;
use record::Stage;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::StoreError;

/// Largest transaction; line files and other bundles have no limit, they are read piece by piece.
pub(super) const MAX_FILE_BYTES: u64 = 512 * 1024 * 1024;

/// Which round a file is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// Conditional references that lead nowhere make the file wait.
    First,
    /// They are problems.
    Second,
}

/// Imports a file; `true` if it waits for others.
pub(super) async fn import(
    hub: &Arc<Hub>,
    path: &Path,
    tally: &Tally<'_>,
    options: Options,
    pass: Pass,
) -> Result<bool, LoadError> {
    let name = path
        .file_name()
        .map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
    let size = match std::fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) => return Ok(unreadable(tally, &name, &error)),
    };
    let waits = if lines::is_lines(path) {
        lines::import(hub, path, &name, tally, options, pass).await?
    } else if let Some(waits) = streamed(hub, path, &name, size, tally, options, pass).await? {
        waits
    } else if size > MAX_FILE_BYTES {
        let error = HubError::bad(format!(
            "a transaction may have {MAX_FILE_BYTES} bytes: split it, or use ndjson"
        ));
        tally.problems(&name, vec![(String::new(), error)]);
        false
    } else {
        let owned = path.to_owned();
        let read = blocking(move || Ok(std::fs::read(&owned))).await;
        let bytes = match read.map_err(LoadError::Store)? {
            Ok(bytes) => Bytes::from(bytes),
            Err(error) => return Ok(unreadable(tally, &name, &error)),
        };
        import_content(hub, &name, bytes, tally, options, pass).await?
    };
    if !waits {
        tally.file_done(&name, size);
    }
    Ok(waits)
}

/// Imports a large bundle entry by entry; `None`: it is none, or is a transaction.
async fn streamed(
    hub: &Arc<Hub>,
    path: &Path,
    name: &str,
    size: u64,
    tally: &Tally<'_>,
    options: Options,
    pass: Pass,
) -> Result<Option<bool>, LoadError> {
    if size < stream::STREAM_BYTES {
        return Ok(None);
    }
    match stream::head(hub, path).await {
        Ok(Some(head)) => stream::import(hub, path, name, head, tally, options.again, pass)
            .await
            .map(Some),
        Ok(None) => Ok(None),
        Err(error) => {
            tally.problems(name, vec![(String::new(), error)]);
            Ok(Some(false))
        }
    }
}

/// A file that cannot be read (a link to nowhere, no permission) is a problem of that file: the others go on.
fn unreadable(tally: &Tally<'_>, name: &str, error: &std::io::Error) -> bool {
    let error = HubError::bad(format!("the file cannot be read: {error}"));
    tally.problems(name, vec![(String::new(), error)]);
    tally.file_done(name, 0);
    false
}

/// Imports a content that is in memory.
pub(super) async fn import_content(
    hub: &Arc<Hub>,
    name: &str,
    bytes: Bytes,
    tally: &Tally<'_>,
    options: Options,
    pass: Pass,
) -> Result<bool, LoadError> {
    if name.ends_with(".ndjson") {
        return lines::import_bytes(hub, name, &bytes, tally, options, pass).await;
    }
    let key = record::key(&bytes);
    let stage = if options.again {
        Stage::New
    } else {
        record::read(hub, &key).await?
    };
    if stage == Stage::Whole {
        tally.file_result(true);
        return Ok(false);
    }
    json::import(hub, name, bytes, &key, stage, tally, pass).await
}

/// Puts entries through the store; a full queue is waited for, a failure of the store ends the import.
pub(super) async fn transact(
    hub: &Arc<Hub>,
    source: impl Fn() -> Source,
    mode: &Mode,
) -> Result<Result<Vec<Outcome>, HubError>, LoadError> {
    let mut wait_ms = 20;
    loop {
        match hub.transact(source(), mode.clone()).await {
            Err(HubError::Store(StoreError::Overloaded { .. })) if wait_ms < 10_000 => {
                tokio::time::sleep(Duration::from_millis(wait_ms)).await;
                wait_ms *= 2;
            }
            Err(HubError::Store(error)) if !matches!(error, StoreError::Conflict { .. } | StoreError::Limit(_)) => {
                return Err(LoadError::Store(HubError::Store(error)));
            }
            done => return Ok(done),
        }
    }
}

/// Counts outcomes.
pub(super) fn count(outcomes: Vec<Outcome>, place: impl Fn(usize) -> Place) -> Counts {
    let mut counts = Counts::default();
    for (at, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(Some(answer)) if answer.status == StatusCode::CREATED => counts.created += 1,
            Ok(Some(answer)) if answer.existed => counts.unchanged += 1,
            Ok(_) => counts.updated += 1,
            Err(error) => counts.problems.push((place(at).to_string(), error)),
        }
    }
    counts
}
