//! Bulk data: what is too much for one answer is done in the background, asked for by a status URL and fetched as
//! files (<https://hl7.org/fhir/uv/bulkdata/STU2/>, and the import proposal that mirrors it).
//!
//! * A job is a record of the store: a restart begins it again (an export with a new moment, an import where it was);
//!   a job that was begun [`MAX_ATTEMPTS`] times without an end fails visibly.
//! * An export reads **one** snapshot: what it holds is the state of one moment, `transactionTime`. Writers do not
//!   wait for it; the store's log grows while it runs.
//! * Files are in the data folder, readable by this program's user alone, and go away after [`BulkConfig::keep_hours`].
//! * At most [`BulkConfig::parallel`] jobs run, [`BulkConfig::waiting`] wait; further ones are refused with 429.

mod download;
mod export;
mod fetch;
mod files;
mod import;
mod import_kickoff;
mod job;
mod kickoff;
mod members;
mod parameters;
mod routes;
mod run;
mod status;

pub use job::MAX_ATTEMPTS;
pub(crate) use members::of_group;
pub(crate) use parameters::Parameters;
pub(crate) use routes::{Call, routes, serve};
pub(crate) use run::Bulk;

use std::path::PathBuf;

/// Settings of bulk data.
#[derive(Debug, Clone)]
pub struct BulkConfig {
    /// Where files are kept; without a folder the operations are refused.
    pub folder: Option<PathBuf>,
    /// Jobs that run at the same time.
    pub parallel: usize,
    /// Jobs that may be unfinished, running ones counted.
    pub waiting: usize,
    /// Resources of one file; then the next file begins.
    pub rows_per_file: u64,
    /// Files of one job.
    pub files: usize,
    /// Hours that finished files are kept.
    pub keep_hours: i64,
    /// Where imports may read from.
    pub import: ImportPolicy,
}

impl Default for BulkConfig {
    fn default() -> Self {
        Self {
            folder: None,
            parallel: 2,
            waiting: 20,
            rows_per_file: 100_000,
            files: 10_000,
            keep_hours: 24,
            import: ImportPolicy::default(),
        }
    }
}

/// Where `$import` may read from: by default nowhere.
///
/// A URL comes from a client and is fetched by this server, from inside the region's network (SSRF). So only URLs
/// that begin with one of `urls` are fetched, redirects are not followed, no credentials are sent, and what comes is
/// limited in size and time. Whoever lists a host answers for what it serves and for where its name leads.
#[derive(Debug, Clone)]
pub struct ImportPolicy {
    /// Folder whose files `file:NAME` names (no sub-folders, no links out of it).
    pub folder: Option<PathBuf>,
    /// Beginnings of permitted URLs, each up to and with a `/` after the host, e.g. `https://flussi.example.it/fhir/`.
    pub urls: Vec<String>,
    /// Bytes of one input.
    pub input_bytes: u64,
    /// Inputs of one import.
    pub inputs: usize,
    /// Seconds that one input may take to arrive.
    pub fetch_s: u64,
}

impl Default for ImportPolicy {
    fn default() -> Self {
        Self {
            folder: None,
            urls: Vec::new(),
            input_bytes: 16 * 1024 * 1024 * 1024,
            inputs: 1_000,
            fetch_s: 3_600,
        }
    }
}
