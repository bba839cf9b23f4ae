//! Line files in one commit: all of them, or nothing.
//!
//! What goes in together must be in memory together: at most as many resources as a transaction may have.

use super::chunks::Place;
use super::file::{count, transact};
use super::report::Tally;
use super::{LoadError, Summary, lines, list};
use crate::http::blocking;
use crate::scope::Scope;
use crate::transaction::{Entry, Mode, Source};
use crate::{Hub, HubError, validate};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where an entry comes from.
type Origin = (String, Place);

/// Imports every line file of a folder in one commit. When something is wrong nothing is written, and the summary
/// says what.
pub async fn load_whole(hub: &Arc<Hub>, dir: &Path) -> Result<Summary, LoadError> {
    let files = list(dir)?;
    let quiet = |_: &super::Progress| {};
    let tally = Tally::new(&files, &quiet);
    let max = hub.config().limits.bundle_entries;
    let paths: Vec<PathBuf> = files
        .into_iter()
        .map(|(path, _)| path)
        .filter(|path| lines::is_lines(path))
        .collect();
    let read = blocking({
        let hub = hub.clone();
        move || read_all(&hub, &paths, max)
    })
    .await
    .map_err(LoadError::Store)?;
    let (places, entries, problems) = read;
    if !problems.is_empty() {
        tell(&tally, problems);
        return Ok(tally.summary());
    }
    let mode = Mode {
        by: Scope::All,
        stable: true,
        ..Mode::default()
    };
    match transact(hub, || Source::Entries(entries.clone()), &mode).await? {
        Ok(outcomes) => {
            let counts = count(outcomes, |at| places[at].1);
            tally.add("", &counts);
            tally.file_result(false);
        }
        Err(HubError::Entries(errors)) => {
            let place = |at: usize| places.get(at).cloned().unwrap_or((String::new(), Place::Line(0)));
            tell(
                &tally,
                errors.into_iter().map(|(at, error)| (place(at), error)).collect(),
            );
        }
        Err(error) => tally.problems("", vec![(String::new(), error)]),
    }
    Ok(tally.summary())
}

fn tell(tally: &Tally<'_>, problems: Vec<(Origin, HubError)>) {
    for ((file, place), error) in problems {
        tally.problems(&file, vec![(place.to_string(), error)]);
    }
}

type Read = (Vec<Origin>, Vec<Entry>, Vec<(Origin, HubError)>);

/// Everything that can be told before the store is asked is told here, all of it.
fn read_all(hub: &Hub, paths: &[PathBuf], max: usize) -> Result<Read, HubError> {
    let (mut places, mut entries, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let file = std::fs::File::open(path);
        let file = file.map_err(|error| HubError::bad(format!("{name} cannot be read: {error}")))?;
        let (mut reader, mut line) = (lines::reader(path, file), 0);
        loop {
            let read = lines::read_chunk(reader, line, 0)?;
            for (place, entry) in read.chunk {
                let sound = entry.and_then(|entry| validate::structure(hub, &entry.resource).map(|_| entry));
                match sound {
                    Ok(mut entry) => {
                        entry.index = entries.len();
                        places.push((name.clone(), place));
                        entries.push(entry);
                    }
                    Err(error) => problems.push(((name.clone(), place), error)),
                }
            }
            if entries.len() > max {
                return Err(HubError::Limit {
                    what: "resources of an import that is all or nothing (use keep-going)",
                    max,
                    found: entries.len(),
                });
            }
            if read.ended {
                break;
            }
            (reader, line) = (read.reader, read.line);
        }
    }
    Ok((places, entries, problems))
}
