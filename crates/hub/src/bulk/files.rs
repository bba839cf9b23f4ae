//! The files of jobs: a folder for each job, readable by this program's user alone.

use super::job::Made;
use crate::http::blocking;
use crate::{Hub, HubError};
use std::collections::HashMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Memory of one open file, bytes.
const BUFFER: usize = 256 * 1024;

/// The folder of a job.
pub(crate) fn folder(hub: &Hub, id: &str) -> Result<PathBuf, HubError> {
    match &hub.config.bulk.folder {
        Some(folder) => Ok(folder.join(id)),
        None => Err(HubError::NotSupported(
            "bulk data (this installation has no folder for it)".to_owned(),
        )),
    }
}

/// What the system said about a file; its name stays in the log.
pub(crate) fn failed(what: &str, error: &std::io::Error) -> HubError {
    HubError::Store(store::StoreError::Backend(format!("{what}: {error}")))
}

/// An empty folder for a job: what an earlier attempt left is gone.
pub(crate) fn fresh(folder: &Path) -> Result<(), HubError> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed("removing old files", &error)),
        _ => {}
    }
    make(folder)
}

/// A folder, with those above it.
pub(crate) fn make(folder: &Path) -> Result<(), HubError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| failed("making a folder", &error))
}

/// A new file.
pub(crate) fn create(path: &Path) -> Result<File, HubError> {
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path);
    opened.map_err(|error| failed("making a file", &error))
}

/// Removes the files of a job.
pub(crate) async fn remove(hub: &Hub, id: &str) -> Result<(), HubError> {
    let Ok(folder) = folder(hub, id) else { return Ok(()) };
    blocking(move || match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(failed("removing files", &error)),
        _ => Ok(()),
    })
    .await
}

struct Part {
    file: BufWriter<File>,
    made: Made,
}

/// Line files by type, each begun anew when it is full.
pub(crate) struct Parts {
    folder: PathBuf,
    rows_per_file: u64,
    max_files: usize,
    open: HashMap<String, Part>,
    numbers: HashMap<String, u32>,
    done: Vec<Made>,
    prefix: &'static str,
}

impl Parts {
    /// None yet.
    pub(crate) fn new(hub: &Hub, folder: &Path, prefix: &'static str) -> Self {
        Self {
            folder: folder.to_owned(),
            rows_per_file: hub.config.bulk.rows_per_file.max(1),
            max_files: hub.config.bulk.files,
            open: HashMap::new(),
            numbers: HashMap::new(),
            done: Vec::new(),
            prefix,
        }
    }

    /// Adds a line to the file of a type.
    pub(crate) fn line(&mut self, rtype: &str, line: &[u8]) -> Result<(), HubError> {
        if !self.open.contains_key(rtype) {
            let part = self.begin(rtype)?;
            self.open.insert(rtype.to_owned(), part);
        }
        let Some(part) = self.open.get_mut(rtype) else {
            return Ok(());
        };
        let written = part.file.write_all(line).and_then(|()| part.file.write_all(b"\n"));
        written.map_err(|error| failed("writing a file", &error))?;
        part.made.count += 1;
        if part.made.count >= self.rows_per_file
            && let Some(full) = self.open.remove(rtype)
        {
            self.end(full)?;
        }
        Ok(())
    }

    fn begin(&mut self, rtype: &str) -> Result<Part, HubError> {
        let files = self.done.len() + self.open.len();
        if files >= self.max_files {
            return Err(HubError::Limit {
                what: "files of one bulk job (narrow it with _type or _since)",
                max: self.max_files,
                found: files + 1,
            });
        }
        let number = self.numbers.entry(rtype.to_owned()).or_insert(0);
        *number += 1;
        let name = format!("{}{rtype}.{number}.ndjson", self.prefix);
        let file = create(&self.folder.join(&name))?;
        let made = Made {
            rtype: rtype.to_owned(),
            name,
            count: 0,
            input: None,
        };
        let file = BufWriter::with_capacity(BUFFER, file);
        Ok(Part { file, made })
    }

    fn end(&mut self, part: Part) -> Result<(), HubError> {
        let file = part
            .file
            .into_inner()
            .map_err(|error| failed("writing a file", error.error()))?;
        file.sync_all().map_err(|error| failed("writing a file", &error))?;
        self.done.push(part.made);
        Ok(())
    }

    /// Closes what is open; gives every file, by name.
    pub(crate) fn finish(mut self) -> Result<Vec<Made>, HubError> {
        for (_, part) in std::mem::take(&mut self.open) {
            self.end(part)?;
        }
        self.done.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(self.done)
    }
}
