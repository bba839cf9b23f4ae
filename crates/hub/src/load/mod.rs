//! Import of FHIR files: bundles (`*.json`) and lines (`*.ndjson`, `*.ndjson.gz`).
//!
//! * **Several files at a time**, each prepared off the request threads, so that preparing and committing overlap;
//!   what is in memory is bounded by [`Options::in_flight`] files (or chunks of a line file).
//! * **Resumable**: a file's content hash is recorded in the same commit as its data; a second run skips it. A line file
//!   or collection is recorded chunk by chunk.
//! * **Idempotent**: new ids come from the file (uuid of the fullUrl, else the resource's own id, else a digest), and
//!   what is stored already with the same meaning is not written again.
//! * **Order does not matter**: a file whose conditional references lead nowhere yet is tried again after the others.

mod chunks;
mod file;
mod json;
mod lines;
mod record;
mod report;
mod stream;
mod whole;

pub use whole::load_whole;

pub use report::{LoadError, MAX_PROBLEMS, Problem, Progress, Summary};

use crate::Hub;
use bytes::Bytes;
use file::Pass;
use futures::StreamExt as _;
use report::Tally;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How to import.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Files under way at the same time.
    pub in_flight: usize,
    /// Looks again at files that an earlier run imported whole.
    pub again: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            in_flight: 4,
            again: false,
        }
    }
}

/// Imports every `*.json`, `*.ndjson` and `*.ndjson.gz` file of a folder (not of its sub-folders).
///
/// A bad file, entry or line is reported in the summary and the rest goes on; only a failure of the store or of the
/// folder itself ends the import. `progress` is called from several threads, after every file and chunk.
pub async fn load_dir(
    hub: &Arc<Hub>,
    dir: &Path,
    progress: &(dyn Fn(&Progress) + Send + Sync),
    options: Options,
) -> Result<Summary, LoadError> {
    let files = list(dir)?;
    let tally = Tally::new(&files, progress);
    let paths: Vec<PathBuf> = files.into_iter().map(|(path, _)| path).collect();
    let waiting = pass(hub, paths, &tally, options, Pass::First).await?;
    if !waiting.is_empty() {
        pass(hub, waiting, &tally, options, Pass::Second).await?;
    }
    Ok(tally.summary())
}

/// Imports one file's content; `name` (with its extension) tells what it is and appears in reports.
pub async fn import_bytes(hub: &Arc<Hub>, name: &str, bytes: Bytes) -> Result<Summary, LoadError> {
    let quiet = |_: &Progress| {};
    let tally = Tally::new(&[(PathBuf::from(name), bytes.len() as u64)], &quiet);
    file::import_content(hub, name, bytes, &tally, Options::default(), Pass::Second).await?;
    tally.file_done(name, 0);
    Ok(tally.summary())
}

/// Imports files; gives those that wait for others.
async fn pass(
    hub: &Arc<Hub>,
    paths: Vec<PathBuf>,
    tally: &Tally<'_>,
    options: Options,
    pass: Pass,
) -> Result<Vec<PathBuf>, LoadError> {
    let work = paths.into_iter().map(|path| async move {
        let waits = file::import(hub, &path, tally, options, pass).await?;
        Ok::<_, LoadError>(waits.then_some(path))
    });
    let mut running = futures::stream::iter(work).buffer_unordered(options.in_flight.max(1));
    let mut waiting = Vec::new();
    while let Some(done) = running.next().await {
        waiting.extend(done?);
    }
    waiting.sort();
    Ok(waiting)
}

/// Files with their sizes, by name.
fn list(dir: &Path) -> Result<Vec<(PathBuf, u64)>, LoadError> {
    let failed = |error: std::io::Error| LoadError::io(dir, &error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let known = path.extension().is_some_and(|e| e == "json");
        if !known && !lines::is_lines(&path) {
            continue;
        }
        // What cannot be looked at stays in the list, to be reported by its name.
        match std::fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() => files.push((path, metadata.len())),
            Ok(_) => {}
            Err(_) => files.push((path, 0)),
        }
    }
    files.sort();
    Ok(files)
}
