//! A line file (`*.ndjson`, packed `*.ndjson.gz`): read line by line, so that its size does not matter.

use super::chunks::{CHUNK, Chunks, Place, entry};
use super::file::Pass;
use super::record::{self, Stage};
use super::report::Tally;
use super::{LoadError, Options};
use crate::http::blocking;
use crate::transaction::Entry;
use crate::{Hub, HubError};
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;

/// Longest line, bytes.
const MAX_LINE_BYTES: u64 = 64 * 1024 * 1024;

pub(super) type Reader = Box<dyn BufRead + Send>;
pub(super) type Chunk = Vec<(Place, Result<Entry, HubError>)>;

/// Imports a file; `true` if it waits for others.
pub(super) async fn import(
    hub: &Arc<Hub>,
    path: &Path,
    name: &str,
    tally: &Tally<'_>,
    options: Options,
    pass: Pass,
) -> Result<bool, LoadError> {
    let owned = path.to_owned();
    let opened = move || {
        let open = || File::open(&owned).map_err(|error| LoadError::io(&owned, &error));
        let mut hasher = Sha256::new();
        std::io::copy(&mut open()?, &mut hasher).map_err(|error| LoadError::io(&owned, &error))?;
        Ok((record::key_of(hasher), reader(&owned, open()?)))
    };
    let (key, reader) = blocking(move || Ok(opened())).await.map_err(LoadError::Store)??;
    run(hub, name, &key, reader, tally, options, pass).await
}

/// Whether the name is that of a line file.
pub(super) fn is_lines(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.ends_with(".ndjson") || name.ends_with(".ndjson.gz")
}

/// The lines of a file, unpacked as they are read.
pub(super) fn reader(path: &Path, file: File) -> Reader {
    if path.extension().is_some_and(|e| e == "gz") {
        return Box::new(BufReader::new(MultiGzDecoder::new(BufReader::new(file))));
    }
    Box::new(BufReader::new(file))
}

/// Imports a content in memory.
pub(super) async fn import_bytes(
    hub: &Arc<Hub>,
    name: &str,
    bytes: &[u8],
    tally: &Tally<'_>,
    options: Options,
    pass: Pass,
) -> Result<bool, LoadError> {
    let reader: Reader = Box::new(Cursor::new(bytes.to_vec()));
    run(hub, name, &record::key(bytes), reader, tally, options, pass).await
}

async fn run(
    hub: &Arc<Hub>,
    name: &str,
    key: &str,
    mut reader: Reader,
    tally: &Tally<'_>,
    options: Options,
    pass: Pass,
) -> Result<bool, LoadError> {
    let stage = if options.again {
        Stage::New
    } else {
        record::read(hub, key).await?
    };
    let skip = match stage {
        Stage::Whole => {
            tally.file_result(true);
            return Ok(false);
        }
        Stage::Until(done) => done,
        Stage::New => 0,
    };
    let around = Arc::new(HashMap::new());
    let mut chunks = Chunks {
        hub,
        name,
        key,
        tally,
        around,
        problems: Vec::new(),
        waits: false,
    };
    let mut line = 0;
    loop {
        let read = blocking(move || read_chunk(reader, line, skip))
            .await
            .map_err(LoadError::Store)?;
        reader = read.reader;
        line = read.line;
        if !read.chunk.is_empty() {
            chunks.put(read.chunk, line).await?;
        }
        if read.ended {
            break;
        }
    }
    chunks.finish(pass == Pass::First).await
}

pub(super) struct Read1 {
    pub reader: Reader,
    pub chunk: Chunk,
    pub line: u64,
    pub ended: bool,
}

/// The next [`CHUNK`] lines after line `line`; those up to `skip` were imported by an earlier run.
pub(super) fn read_chunk(mut reader: Reader, mut line: u64, skip: u64) -> Result<Read1, HubError> {
    let mut chunk = Vec::new();
    let mut text = Vec::new();
    while chunk.len() < CHUNK {
        text.clear();
        let read = reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut text);
        let read = read.map_err(|error| HubError::bad(format!("line {}: {error}", line + 1)))?;
        if read == 0 {
            return Ok(Read1 {
                reader,
                chunk,
                line,
                ended: true,
            });
        }
        line += 1;
        if line <= skip || text.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let at = usize::try_from(line).unwrap_or(usize::MAX);
        chunk.push((Place::Line(at), parse(at, &text)));
    }
    Ok(Read1 {
        reader,
        chunk,
        line,
        ended: false,
    })
}

fn parse(line: usize, text: &[u8]) -> Result<Entry, HubError> {
    if text.len() as u64 >= MAX_LINE_BYTES {
        return Err(HubError::bad(format!("the line is longer than {MAX_LINE_BYTES} bytes")));
    }
    let value = serde_json::from_slice(text).map_err(|error| HubError::json(&error))?;
    entry(line, None, value)
}
