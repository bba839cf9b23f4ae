//! Random block-structured models in SpiffWorkflow and here: the same things must be open at every step.
//!
//! SpiffWorkflow runs in Python (`spiff/run.py`); the interpreter is `$SINFONIA_SPIFF_PYTHON`, or that of the virtual
//! environment which `scripts/install-spiff.sh` makes. Where the two are known to differ, `spiff/differences.json` says
//! why, and who is right by the standard.

use crate::repository;
use proof::differential::{Piece, Trace, data, drive, pieces, xml};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};

/// Where the two are known to differ, and why.
const DIFFERENCES: &str = include_str!("../spiff/differences.json");

/// What a comparison gave.
#[derive(Debug, Default)]
pub struct Compared {
    /// Models on which both did the same.
    pub alike: u32,
    /// Models on which they differ for a reason that is written down, by reason.
    pub explained: BTreeMap<String, u32>,
}

/// The Python that has SpiffWorkflow, if there is one.
#[must_use]
pub fn python() -> Option<PathBuf> {
    let given = std::env::var_os("SINFONIA_SPIFF_PYTHON").map(PathBuf::from);
    let path = given.unwrap_or_else(|| repository().join("target/spiff/bin/python"));
    path.is_file().then_some(path)
}

/// A running SpiffWorkflow.
struct Spiff {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Spiff {
    fn start() -> Result<Self, String> {
        let python = python().ok_or("SpiffWorkflow is not installed: run scripts/install-spiff.sh")?;
        let script = repository().join("crates/conformance/spiff/run.py");
        let mut child = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("SpiffWorkflow does not start: {error}"))?;
        let input = child.stdin.take().ok_or("no stdin")?;
        let output = BufReader::new(child.stdout.take().ok_or("no stdout")?);
        Ok(Self { child, input, output })
    }

    fn run(&mut self, xml: &str, data: &serde_json::Map<String, Value>) -> Result<Result<Trace, String>, String> {
        let broken = |error: std::io::Error| format!("SpiffWorkflow ended: {error}");
        writeln!(self.input, "{}", json!({"xml": xml, "data": data})).map_err(broken)?;
        self.input.flush().map_err(broken)?;
        let mut line = String::new();
        self.output.read_line(&mut line).map_err(broken)?;
        let answer = serde_json::from_str(&line).map_err(|error| format!("SpiffWorkflow says '{line}': {error}"))?;
        Ok(Trace::read(&answer))
    }
}

impl Drop for Spiff {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Compares this many random models of a seed; stops at the first unexplained difference, and makes it small.
///
/// # Errors
/// The smallest model found on which they differ, with both traces, or why SpiffWorkflow cannot be run.
pub fn compare(cases: u32, seed: u64) -> Result<Compared, String> {
    let spiff = Mutex::new(Spiff::start()?);
    let compared = Mutex::new(Compared::default());
    let evaluator = Arc::new(dmn::Feel::new());
    let strategy = || (pieces(), any::<u8>());
    proof::random::of_seed(cases, seed, strategy, |(pieces, bits)| {
        let (xml, data) = (xml(pieces), data(*bits));
        let ours = drive(&xml, data.clone(), &evaluator)?;
        let theirs = spiff.lock().map_err(|error| error.to_string())?.run(&xml, &data)?;
        let mut compared = compared.lock().map_err(|error| error.to_string())?;
        if theirs.as_ref() == Ok(&ours) {
            compared.alike += 1;
            return Ok(());
        }
        match explained(pieces, &theirs, &ours) {
            Some(reason) => *compared.explained.entry(reason).or_default() += 1,
            None => return Err(format!("they do {theirs:?}\nwe do {ours:?}\nof {data:?}\n{xml}")),
        }
        Ok(())
    })?;
    compared.into_inner().map_err(|error| error.to_string())
}

/// The written reason for a difference: what SpiffWorkflow says, or the shape on which it is known to go wrong.
fn explained(pieces: &[Piece], theirs: &Result<Trace, String>, _ours: &Trace) -> Option<String> {
    let known: Value = serde_json::from_str(DIFFERENCES).ok()?;
    if let Err(error) = theirs {
        let says = known["errors"]
            .as_array()?
            .iter()
            .filter_map(|one| one["says"].as_str());
        return says.into_iter().find(|says| error.contains(says)).map(str::to_owned);
    }
    let shape = SHAPES
        .iter()
        .find(|(_, fits)| pieces.iter().any(|piece| piece.any(fits)));
    shape
        .map(|(name, _)| *name)
        .filter(|name| known["shapes"][*name].is_object())
        .map(str::to_owned)
}

/// What a shape is known by.
type Fits = fn(&Piece) -> bool;

/// The shapes that `spiff/differences.json` tells of.
const SHAPES: &[(&str, Fits)] = &[
    ("inclusive-join-behind-activity-in-parts", |piece| {
        around(piece, |inner| {
            let sub = matches!(
                inner,
                Piece::Sub(..) | Piece::Failing(..) | Piece::GuardedSub(..) | Piece::Call
            );
            sub || matches!(inner, Piece::Loop(_) | Piece::Multi(..))
        })
    }),
    ("inclusive-join-behind-merges", |piece| {
        around(piece, |inner| {
            matches!(
                inner,
                Piece::Split(..) | Piece::Circle(_) | Piece::Choose(_) | Piece::Guarded(..)
            )
        })
    }),
];

/// Whether something like this lies between inclusive gateways.
fn around(piece: &Piece, fits: Fits) -> bool {
    matches!(piece, Piece::Split("inclusive", _)) && piece.inside().into_iter().flatten().any(|inner| inner.any(&fits))
}
