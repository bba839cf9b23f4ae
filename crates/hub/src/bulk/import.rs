//! An import at work: the inputs are brought into the job's folder, then go in as files do ([`crate::load`]).
//!
//! Idempotent: a content that is in already is known by its digest, and a resource that is stored as it is gets no new
//! version. With `all-or-nothing` everything is one commit, so its size is that of a transaction.

use super::fetch;
use super::files;
use super::job::{ImportTask, Job, Made};
use super::run::Live;
use crate::http::blocking;
use crate::load::{self, LoadError, Options, Problem, Progress, Summary};
use crate::outcome::{self, Issue};
use crate::{Hub, HubError};
use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

/// Brings the inputs, imports them, writes what went wrong into a file.
pub(super) async fn run(hub: &Arc<Hub>, job: &mut Job, task: &ImportTask, live: &Live) -> Result<(), HubError> {
    let folder = files::folder(hub, &job.id)?;
    let inputs = folder.join("input");
    files::make(&inputs)?;
    let mut names = HashMap::new();
    for (at, input) in task.inputs.iter().enumerate() {
        live.tell(format!("reading input {} of {}", at + 1, task.inputs.len()));
        let packed = if input.url.ends_with(".gz") { ".gz" } else { "" };
        let name = format!("{at:05}-{}.ndjson{packed}", input.rtype);
        let (ready, part) = (inputs.join(&name), inputs.join(format!("{name}.part")));
        names.insert(name, input.url.clone());
        // What an interrupted attempt brought whole is not brought again.
        if !ready.exists() {
            fetch::bring(&hub.config.bulk.import, &input.url, &part).await?;
            std::fs::rename(&part, &ready).map_err(|error| files::failed("naming an input", &error))?;
        }
    }
    let summary = if task.whole {
        load::load_whole(hub, &inputs).await
    } else {
        let told = |progress: &Progress| live.tell(format!("{} resources looked at", progress.resources));
        load::load_dir(hub, &inputs, &told, Options::default()).await
    };
    let summary = summary.map_err(|error| match error {
        LoadError::Store(error) => error,
        LoadError::Io { message, .. } => HubError::bad(format!("the inputs cannot be read: {message}")),
    })?;
    job.left.error = report(&folder, &summary, &names).await?;
    job.message = Some(summary.to_string());
    job.time = Some(hub.clock.now());
    std::fs::remove_dir_all(&inputs).map_err(|error| files::failed("removing inputs", &error))
}

/// The problems as OperationOutcomes, one a line, each with its input and line.
async fn report(folder: &Path, summary: &Summary, names: &HashMap<String, String>) -> Result<Vec<Made>, HubError> {
    if summary.problems.is_empty() {
        return Ok(Vec::new());
    }
    let name = "errors.1.ndjson";
    let path = folder.join(name);
    let line = |problem: &Problem| {
        let input = names.get(&problem.file).unwrap_or(&problem.file);
        let place = if problem.place.is_empty() {
            String::new()
        } else {
            format!(", {}", problem.place)
        };
        outcome::bytes(&[Issue::error(
            "processing",
            format!("{input}{place}: {}", problem.message),
        )])
    };
    let mut lines: Vec<_> = summary.problems.iter().map(line).collect();
    if summary.problems_total > lines.len() as u64 {
        let more = summary.problems_total - lines.len() as u64;
        lines.push(outcome::bytes(&[Issue::warning(
            "processing",
            format!("and {more} more problems"),
        )]));
    }
    let count = lines.len() as u64;
    blocking(move || {
        let mut file = files::create(&path)?;
        let mut write = || {
            for line in &lines {
                file.write_all(line)?;
                file.write_all(b"\n")?;
            }
            file.sync_all()
        };
        write().map_err(|error| files::failed("writing the report", &error))
    })
    .await?;
    Ok(vec![Made {
        rtype: "OperationOutcome".to_owned(),
        name: name.to_owned(),
        count,
        input: None,
    }])
}
