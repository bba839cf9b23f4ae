//! What an import says while it runs and when it is done.

use crate::HubError;
use parking_lot::Mutex;
use std::fmt;
use std::path::{Path, PathBuf};

/// Problems kept with their text; further ones are only counted.
pub const MAX_PROBLEMS: usize = 1_000;

/// Why an import ended early.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LoadError {
    /// The folder or a file could not be read.
    #[error("{path}: {message}")]
    Io {
        /// Which.
        path: String,
        /// The system's words.
        message: String,
    },
    /// The store failed.
    #[error("import stopped: {0}")]
    Store(HubError),
}

impl LoadError {
    pub(super) fn io(path: &Path, error: &std::io::Error) -> Self {
        Self::Io {
            path: path.display().to_string(),
            message: error.to_string(),
        }
    }
}

/// How far an import is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files done.
    pub files_done: usize,
    /// All files.
    pub files: usize,
    /// Bytes done.
    pub bytes_done: u64,
    /// All bytes.
    pub bytes: u64,
    /// Resources looked at (written, unchanged and refused).
    pub resources: u64,
    /// The file last worked on.
    pub file: String,
}

/// Something that could not be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// File name.
    pub file: String,
    /// `entry 5`, `line 12`, or empty for the whole file.
    pub place: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.place.is_empty() {
            write!(f, "{}: {}", self.file, self.message)
        } else {
            write!(f, "{}, {}: {}", self.file, self.place, self.message)
        }
    }
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files imported, wholly or in part.
    pub files: usize,
    /// Files that an earlier run had imported.
    pub skipped: usize,
    /// New resources.
    pub created: u64,
    /// Resources with a new version.
    pub updated: u64,
    /// Resources that were stored already as they are.
    pub unchanged: u64,
    /// What could not be imported, at most [`MAX_PROBLEMS`].
    pub problems: Vec<Problem>,
    /// How many problems there were in all.
    pub problems_total: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} files imported, {} already in; {} resources created, {} updated, {} unchanged; {} problems",
            self.files, self.skipped, self.created, self.updated, self.unchanged, self.problems_total
        )
    }
}

/// What one file (or a chunk of it) did.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub problems: Vec<(String, HubError)>,
}

impl Counts {
    /// Whether a conditional reference led nowhere: another file may bring its target.
    pub(super) fn waits(&self) -> bool {
        self.problems
            .iter()
            .any(|(_, error)| matches!(error, HubError::NoMatch { .. }))
    }
}

struct State {
    progress: Progress,
    summary: Summary,
}

/// The running count, shared by the files under way.
pub(super) struct Tally<'a> {
    state: Mutex<State>,
    notify: &'a (dyn Fn(&Progress) + Send + Sync),
}

impl<'a> Tally<'a> {
    pub(super) fn new(files: &[(PathBuf, u64)], notify: &'a (dyn Fn(&Progress) + Send + Sync)) -> Self {
        let bytes = files.iter().map(|(_, size)| size).sum();
        let progress = Progress {
            files: files.len(),
            bytes,
            ..Progress::default()
        };
        Self {
            state: Mutex::new(State {
                progress,
                summary: Summary::default(),
            }),
            notify,
        }
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock();
        change(&mut state);
        let progress = state.progress.clone();
        drop(state);
        (self.notify)(&progress);
    }

    /// Counts what a file or chunk did. Problems are counted by [`Tally::problems`].
    pub(super) fn add(&self, file: &str, counts: &Counts) {
        self.change(|state| {
            state.summary.created += counts.created;
            state.summary.updated += counts.updated;
            state.summary.unchanged += counts.unchanged;
            state.progress.resources += counts.created + counts.updated + counts.unchanged;
            file.clone_into(&mut state.progress.file);
        });
    }

    /// Keeps problems.
    pub(super) fn problems(&self, file: &str, problems: Vec<(String, HubError)>) {
        let mut state = self.state.lock();
        for (place, error) in problems {
            state.summary.problems_total += 1;
            if state.summary.problems.len() < MAX_PROBLEMS {
                let problem = Problem {
                    file: file.to_owned(),
                    place,
                    message: error.to_string(),
                };
                state.summary.problems.push(problem);
            }
        }
    }

    /// A file is done.
    pub(super) fn file_done(&self, file: &str, bytes: u64) {
        self.change(|state| {
            state.progress.files_done += 1;
            state.progress.bytes_done += bytes;
            file.clone_into(&mut state.progress.file);
        });
    }

    /// A file went in, or was in already.
    pub(super) fn file_result(&self, was_in: bool) {
        let mut state = self.state.lock();
        if was_in {
            state.summary.skipped += 1;
        } else {
            state.summary.files += 1;
        }
    }

    pub(super) fn summary(&self) -> Summary {
        let mut summary = self.state.lock().summary.clone();
        summary.problems.sort_by(|a, b| a.file.cmp(&b.file));
        summary
    }
}
