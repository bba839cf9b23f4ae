//! Runs the conformance suites from the command line.
//!
//! `conformance <suite> [folder]` runs one, `conformance all [oracles]` every one, `conformance doc [oracles]` writes
//! the page of results. The last line is `N passed, M failed, K skipped`; the exit code is 1 when a case failed.

mod doc;

use clap::Parser;
use conformance::{Report, Suite, oracles, suites};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Conformance suites of Sinfonia.
#[derive(Parser)]
struct Arguments {
    /// A suite's name, `all`, `doc` (writes docs/conformance.md), `fhir-doc` (writes docs/fhir.md), `random` (random
    /// models against the engine), `spiff` (random models here and in SpiffWorkflow) or `list`.
    suite: String,
    /// The folder of the suite's data; with `all` and `doc`, the folder that holds every suite's data.
    folder: Option<PathBuf>,
    /// With `testscript`: the FHIR address of the server to test, instead of a fresh hub in process.
    #[arg(long)]
    server: Option<String>,
    /// With `random` and `spiff`: how many cases.
    #[arg(long, default_value_t = 1_000)]
    cases: u32,
    /// With `random` and `spiff`: where the random numbers begin.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.suite.as_str() {
        "list" => list(),
        "fhir-doc" => write_fhir_doc(),
        "random" => random(arguments.cases, arguments.seed),
        "spiff" => spiff(arguments.cases, arguments.seed),
        "all" => run_all(&arguments.folder.unwrap_or_else(oracles)),
        "doc" => write_doc(&arguments.folder.unwrap_or_else(oracles)),
        "testscript" if arguments.server.is_some() => run_remote(arguments.folder, arguments.server.as_deref()),
        name => run_one(name, arguments.folder),
    }
}

fn list() -> ExitCode {
    for suite in suites() {
        println!("{:<14} {}", suite.name, suite.about);
    }
    ExitCode::SUCCESS
}

fn run_one(name: &str, folder: Option<PathBuf>) -> ExitCode {
    let Some(suite) = suites().into_iter().find(|suite| suite.name == name) else {
        let names: Vec<_> = suites().iter().map(|suite| suite.name).collect();
        eprintln!(
            "there is no suite '{name}': choose one of {}, all, doc or list",
            names.join(", ")
        );
        return ExitCode::from(2);
    };
    let folder = folder.unwrap_or_else(|| suite.default_folder(&oracles()));
    match run(suite, &folder) {
        Ok(report) => finish(&report),
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

/// The TestScripts against a server elsewhere.
fn run_remote(folder: Option<PathBuf>, server: Option<&str>) -> ExitCode {
    let scripts = || suites().into_iter().find(|suite| suite.name == "testscript");
    let folder = folder.or_else(|| scripts().map(|suite| suite.default_folder(&oracles())));
    match folder.filter(|folder| folder.is_dir()) {
        Some(folder) => finish(&conformance::testscript::run_against(&folder, server)),
        None => {
            eprintln!("the folder of TestScripts does not exist");
            ExitCode::from(2)
        }
    }
}

fn run(suite: Suite, folder: &Path) -> Result<Report, String> {
    if !folder.is_dir() {
        return Err(format!(
            "suite '{}': the folder {} does not exist",
            suite.name,
            folder.display()
        ));
    }
    Ok((suite.run)(folder))
}

fn finish(report: &Report) -> ExitCode {
    print!("{}", report.details());
    println!("{}", report.summary());
    if report.failed() == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Random models under random commands, and random graphs against the definition of the inclusive join.
fn random(cases: u32, seed: u64) -> ExitCode {
    let done = proof::random::campaign(cases, seed).and_then(|tally| {
        println!("{cases} models of seed {seed} stayed whole: {tally:?}");
        proof::random::flat_campaign(cases, seed)
    });
    match done {
        Ok(()) => {
            println!("{cases} graphs of seed {seed}: every inclusive join fired when it had to, and not before");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// Random models here and in SpiffWorkflow.
fn spiff(cases: u32, seed: u64) -> ExitCode {
    match conformance::spiff::compare(cases, seed) {
        Ok(compared) => {
            println!("{cases} models of seed {seed}: {compared:?}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn run_every(oracles: &Path) -> Result<Vec<(Suite, Report)>, String> {
    suites()
        .into_iter()
        .map(|suite| Ok((suite, run(suite, &suite.default_folder(oracles))?)))
        .collect()
}

fn run_all(oracles: &Path) -> ExitCode {
    let mut total = Report::new();
    let results = match run_every(oracles) {
        Ok(results) => results,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    for (suite, report) in results {
        println!(
            "== {}\n{}{}: {}",
            suite.name,
            report.details(),
            suite.name,
            report.summary()
        );
        total.merge(report);
    }
    println!("{}", total.summary());
    if total.failed() == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn write_fhir_doc() -> ExitCode {
    match conformance::fhir_doc::write() {
        Ok(()) => {
            println!("wrote docs/fhir.md");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("docs/fhir.md was not written: {message}");
            ExitCode::from(2)
        }
    }
}

fn write_doc(oracles: &Path) -> ExitCode {
    let page = conformance::repository().join("docs/conformance.md");
    let written = run_every(oracles).and_then(|results| doc::write(&page, &results).map_err(|error| error.to_string()));
    match written {
        Ok(()) => {
            println!("wrote docs/conformance.md");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("docs/conformance.md was not written: {message}");
            ExitCode::from(2)
        }
    }
}
