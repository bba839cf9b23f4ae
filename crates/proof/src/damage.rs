//! Real models, damaged: whatever is read must be refused with a reason, or run.
//!
//! Elements are taken out, repeated and exchanged, attributes get values of others or odd ones, names of elements change,
//! characters are lost. The parser must not panic (on the stack that a server's thread has), must end, must name line and
//! element; and a model that it accepts must run without breaking what [`engine::State::check_against`] says.

use crate::random::{World, of_seed};
use engine::{Command, StartBy, Variables};
use proptest::prelude::*;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One damage: which, where, and with what.
pub type Damage = (u8, u16, u16);

/// Longest time for one model, in seconds: an unoptimised build on a busy machine.
const PATIENCE_S: u64 = 60;
/// Values that are odd almost everywhere.
const ODD: &[&str] = &[
    "",
    " ",
    "=",
    "${",
    "${x}",
    "-1",
    "0",
    "99999999999999999999",
    "R/PT0S",
    "PT0S",
    "P",
    "R0/PT1S",
    "null",
    "=1/0",
    "true",
    "\u{1f600}",
    "&amp;",
    "2026-02-30T00:00:00Z",
    "PT1S",
    "#",
    "a:b",
];

/// What became of the damaged models.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fate {
    /// Refused.
    pub refused: u32,
    /// Accepted, and run where they can be started.
    pub accepted: u32,
}

/// Damages BPMN models at random.
///
/// # Errors
/// The smallest damage found after which something does not hold.
pub fn bpmn_campaign(models: &[String], cases: u32, seed: u64) -> Result<Fate, String> {
    let evaluator = Arc::new(dmn::Feel::new());
    campaign(models, cases, seed, move |text| read_and_run(text, &evaluator))
}

/// Damages DMN models at random.
///
/// # Errors
/// As [`bpmn_campaign`].
pub fn dmn_campaign(models: &[String], cases: u32, seed: u64) -> Result<Fate, String> {
    campaign(models, cases, seed, |text| match dmn::Feel::new().deploy(text) {
        Ok(_) => Ok(true),
        Err(issues) if issues.iter().all(|issue| !issue.message.is_empty()) && !issues.is_empty() => Ok(false),
        Err(issues) => Err(format!("refused without a reason: {issues:?}")),
    })
}

fn campaign(
    models: &[String],
    cases: u32,
    seed: u64,
    look: impl Fn(&str) -> Result<bool, String> + Send + Sync + 'static,
) -> Result<Fate, String> {
    let fate = Mutex::new(Fate::default());
    let look = Arc::new(look);
    let damage = || {
        (
            any::<prop::sample::Index>(),
            prop::collection::vec(any::<Damage>(), 1..6),
        )
    };
    of_seed(cases, seed, damage, |(model, damages)| {
        let text = damaged(&models[model.index(models.len())], damages);
        let accepted =
            within(PATIENCE_S, text.clone(), look.clone()).map_err(|error| format!("{error}\nof\n{text}"))?;
        let mut fate = fate.lock().map_err(|error| error.to_string())?;
        match accepted {
            true => fate.accepted += 1,
            false => fate.refused += 1,
        }
        Ok(())
    })?;
    fate.into_inner().map_err(|error| error.to_string())
}

/// Looks at a text on a thread of its own; an error when it panics or does not end.
fn within<F>(seconds: u64, text: String, look: Arc<F>) -> Result<bool, String>
where
    F: Fn(&str) -> Result<bool, String> + Send + Sync + 'static,
{
    let (tell, told) = channel();
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let _ = tell.send(look(&text));
    });
    thread.map_err(|error| format!("no thread: {error}"))?;
    match told.recv_timeout(Duration::from_secs(seconds)) {
        Ok(done) => done,
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => Err(format!("it goes on for more than {seconds} s")),
        Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => Err("it panicked".into()),
    }
}

/// Reads a model; one that is accepted runs.
fn read_and_run(text: &str, evaluator: &Arc<dmn::Feel>) -> Result<bool, String> {
    let lines = text.lines().count() as u32 + 1;
    let issues = match bpmn::parse(text) {
        Ok(model) => {
            for process in &model.processes {
                run(World::of_process(&model.processes, &process.id, evaluator))?;
            }
            return Ok(true);
        }
        Err(issues) => issues,
    };
    let told = |issue: &bpmn::Issue| {
        let placed = issue.line >= 1 && issue.line <= lines;
        placed && !issue.message.is_empty() && !issue.remedy.is_empty() && !issue.rule.is_empty()
    };
    match issues.iter().find(|issue| !told(issue)) {
        Some(issue) => Err(format!(
            "an issue that does not say where, what or what to do: {issue:?}"
        )),
        None if issues.iter().any(|issue| issue.severity == bpmn::Severity::Error) => Ok(false),
        None => Err(format!("refused without an error: {issues:?}")),
    }
}

/// Starts an instance and brings it on for a while.
fn run(mut world: World) -> Result<(), String> {
    if !world.run(Command::Start {
        by: StartBy::None,
        variables: Variables::new(),
    })? {
        return Ok(());
    }
    for turn in 0..12 {
        let Some(command) = crate::random::onwards(&world, turn) else {
            break;
        };
        world.run(command)?;
    }
    Ok(())
}

/// A text with these damages done to it.
#[must_use]
pub fn damaged(text: &str, damages: &[Damage]) -> String {
    let mut pieces = pieces(text);
    for (kind, at, other) in damages {
        let tags: Vec<usize> = (0..pieces.len()).filter(|n| pieces[*n].starts_with('<')).collect();
        if tags.is_empty() {
            break;
        }
        let (at, other) = (tags[usize::from(*at) % tags.len()], usize::from(*other));
        damage(&mut pieces, kind % 9, at, other, &tags);
    }
    pieces.concat()
}

fn damage(pieces: &mut Vec<String>, kind: u8, at: usize, other: usize, tags: &[usize]) {
    let end = element_end(pieces, at);
    match kind {
        0 => drop(pieces.drain(at..end)),
        1 => {
            let copy = pieces[at..end].to_vec();
            pieces.splice(at..at, copy);
        }
        2 => {
            let moved: Vec<String> = pieces.drain(at..end).collect();
            let to = other % (pieces.len() + 1);
            pieces.splice(to..to, moved);
        }
        3 => drop(pieces.remove(at)),
        4 => set_attribute(&mut pieces[at], other, ODD[other % ODD.len()]),
        5 => {
            let from = pieces[tags[other % tags.len()]].clone();
            let values: Vec<&str> = from.split('"').skip(1).step_by(2).collect();
            if let Some(value) = values.get(other % values.len().max(1)) {
                set_attribute(&mut pieces[at], other / 7, value);
            }
        }
        6 => {
            let new = name_of(&pieces[tags[other % tags.len()]]);
            let old = name_of(&pieces[at]);
            if let (false, Some(last)) = (old.is_empty(), end.checked_sub(1)) {
                pieces[at] = pieces[at].replacen(&old, &new, 1);
                if last > at {
                    pieces[last] = pieces[last].replacen(&old, &new, 1);
                }
            }
        }
        7 if at + 1 < pieces.len() && !pieces[at + 1].starts_with('<') => {
            pieces[at + 1] = ODD[other % ODD.len()].into()
        }
        _ => {
            let mut letters: Vec<char> = pieces[at].chars().collect();
            letters.remove(other % letters.len());
            pieces[at] = letters.into_iter().collect();
        }
    }
}

/// Tags and the texts between them.
fn pieces(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = match rest.find(['<', '>']) {
            Some(0) if rest.starts_with('<') => rest.find('>').map_or(rest.len(), |end| end + 1),
            Some(at) if rest.as_bytes()[at] == b'<' => at,
            Some(at) => at + 1,
            None => rest.len(),
        };
        found.push(rest[..end].to_owned());
        rest = &rest[end..];
    }
    found
}

/// The piece after the end of the element that begins here.
fn element_end(pieces: &[String], at: usize) -> usize {
    let mut depth = 0_i64;
    for (n, piece) in pieces.iter().enumerate().skip(at) {
        depth += match piece.as_str() {
            piece if piece.starts_with("</") => -1,
            piece if piece.starts_with("<?") || piece.starts_with("<!") || piece.ends_with("/>") => 0,
            piece if piece.starts_with('<') => 1,
            _ => 0,
        };
        if depth <= 0 {
            return n + 1;
        }
    }
    pieces.len()
}

fn name_of(tag: &str) -> String {
    let name = tag.trim_start_matches(['<', '/']);
    name.split(|c: char| c.is_whitespace() || c == '>' || c == '/')
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn set_attribute(tag: &mut String, which: usize, value: &str) {
    let mut parts: Vec<&str> = tag.split('"').collect();
    let count = (parts.len() - 1) / 2;
    if count == 0 {
        return;
    }
    parts[1 + 2 * (which % count)] = value;
    *tag = parts.join("\"");
}
