//! `sinfonia simulate FILES --scenario x.simulation.json`: plays a process on a virtual clock. Needs no store.

mod table;

use anyhow::{Context as _, bail};
use calendar::{Calendar, Calendars};
use simulation::fit::Observed;
use simulation::{Models, Plan, Progress, Report, Scenario, compare};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most files of one call.
const MAX_FILES: usize = 1_000;
/// Largest file, in bytes.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// Flags of `simulate`.
#[derive(clap::Args)]
pub struct Args {
    /// BPMN, DMN and calendar (`*.calendar.json`) files, or folders of them; other files are passed over.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// The scenario (`*.simulation.json`).
    #[arg(long, required_unless_present = "propose")]
    scenario: Option<PathBuf>,
    /// Prints a scenario fitted from this event log (`.xes`, `.xes.gz`) for the process, in the place of simulating.
    #[arg(long, value_name = "LOG", conflicts_with = "scenario")]
    propose: Option<PathBuf>,
    /// With `--propose`: the process, when the files hold several.
    #[arg(long)]
    process: Option<String>,
    /// Another scenario on the same models: both are played and compared.
    #[arg(long)]
    compare: Option<PathBuf>,
    /// Prints the results as JSON.
    #[arg(long)]
    json: bool,
    /// Language of the tables: `it` or `en`.
    #[arg(long, default_value = "it")]
    lang: String,
    /// Threads; all cores when nothing is said. The result does not depend on it.
    #[arg(long)]
    threads: Option<usize>,
    /// Replications, in the place of the scenario's.
    #[arg(long)]
    replications: Option<u32>,
    /// Seed, in the place of the scenario's.
    #[arg(long)]
    seed: Option<u64>,
}

/// What the files hold.
#[derive(Default)]
struct Files {
    models: Models,
    calendars: Calendars,
    feel: Arc<dmn::Feel>,
}

/// Plays the scenario, or both, and prints what came out; or prints a proposal.
pub fn run(args: &Args) -> anyhow::Result<()> {
    if !["it", "en"].contains(&args.lang.as_str()) {
        bail!("--lang is it or en");
    }
    let files = read_all(&args.files)?;
    if let Some(log) = &args.propose {
        return propose(args, &files, log);
    }
    let Some(scenario) = &args.scenario else {
        bail!("--scenario is missing: name a *.simulation.json file (docs/simulation.md)");
    };
    let before = play(args, &files, scenario)?;
    let after = args.compare.as_ref().map(|path| play(args, &files, path)).transpose()?;
    let comparison = after.as_ref().map(|after| compare(&before, after));
    if args.json {
        let text = match (&after, &comparison) {
            (Some(after), Some(found)) => {
                serde_json::json!({"before": before, "after": after, "comparison": found})
            }
            _ => serde_json::to_value(&before)?,
        };
        println!("{}", serde_json::to_string_pretty(&text)?);
        return Ok(());
    }
    let italian = args.lang == "it";
    print!("{}", table::report(&before, italian));
    if let (Some(after), Some(found)) = (&after, &comparison) {
        print!(
            "\n{}\n{}",
            table::report(after, italian),
            table::comparison(found, italian)
        );
    }
    Ok(())
}

fn play(args: &Args, files: &Files, path: &Path) -> anyhow::Result<Report> {
    let text = read(path)?;
    let name = || format!("in {}", path.display());
    let mut scenario = Scenario::parse(&text, &files.calendars).with_context(name)?;
    if scenario.name.is_empty() {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        scenario.name = file.trim_end_matches(".simulation.json").to_owned();
    }
    if let Some(replications) = args.replications {
        if !(1..=simulation::MAX_REPLICATIONS).contains(&u64::from(replications)) {
            bail!("--replications is from 1 to {}", simulation::MAX_REPLICATIONS);
        }
        scenario.replications = replications;
    }
    scenario.seed = args.seed.unwrap_or(scenario.seed);
    let plan = Plan::new(scenario, &files.models, files.feel.clone()).with_context(name)?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let progress = Progress::default();
    simulation::run(&plan, &progress, args.threads.unwrap_or(cores)).with_context(name)
}

/// Prints the scenario that a log proposes; what to know about it goes to the error output.
fn propose(args: &Args, files: &Files, log: &Path) -> anyhow::Result<()> {
    let process = match (&args.process, files.models.keys()) {
        (Some(process), _) => process.as_str(),
        (None, [only]) => only.as_str(),
        (None, keys) => match files.models.roots().as_slice() {
            [only] => only,
            _ => bail!("--process: name one of {}", keys.join(", ")),
        },
    };
    if files.models.resolve(process).is_none() {
        bail!(
            "--process: there is no '{process}'; it is one of {}",
            files.models.keys().join(", ")
        );
    }
    let events = mining::xes::read_file(log).with_context(|| format!("cannot read {}", log.display()))?;
    let proposal = Observed::log(&events, &files.models).propose(&files.models, process);
    for note in &proposal.notes {
        eprintln!("note: {note}");
    }
    println!("{}", serde_json::to_string_pretty(&proposal.scenario)?);
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<String> {
    let told = || format!("cannot read {}", path.display());
    let size = std::fs::metadata(path).with_context(told)?.len();
    if size > MAX_FILE_BYTES {
        bail!("{} has {size} bytes; at most {MAX_FILE_BYTES} are read", path.display());
    }
    std::fs::read_to_string(path).with_context(told)
}

/// The files named, and those in the folders named, by name.
fn listed(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for path in paths {
        if !path.is_dir() {
            all.push(path.clone());
            continue;
        }
        let entries = std::fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut inside: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        inside.retain(|path| path.is_file());
        inside.sort();
        all.extend(inside);
    }
    if all.len() > MAX_FILES {
        bail!("{} files; at most {MAX_FILES}", all.len());
    }
    Ok(all)
}

fn read_all(paths: &[PathBuf]) -> anyhow::Result<Files> {
    let mut files = Files::default();
    let mut decisions = Vec::new();
    for path in listed(paths)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
        let told = || path.display().to_string();
        if name.ends_with(".bpmn") || name.ends_with(".bpmn20.xml") {
            let refused = files.models.read(&read(&path)?);
            refused.map_err(|issues| anyhow::anyhow!("{} is refused:\n{issues}", told()))?;
        } else if name.ends_with(".dmn") {
            decisions.push(read(&path)?);
        } else if name.ends_with(".calendar.json") {
            let calendar = Calendar::read(&read(&path)?).map_err(|error| anyhow::anyhow!("{}: {error}", told()))?;
            files.calendars.add(calendar);
        }
    }
    let feel = dmn::Feel::new().with_calendars(Arc::new(files.calendars.clone()));
    let texts: Vec<&str> = decisions.iter().map(String::as_str).collect();
    if let Err(issues) = feel.deploy_together(&texts) {
        let told: Vec<String> = issues.iter().map(ToString::to_string).collect();
        bail!("the decisions are refused:\n{}", told.join("\n"));
    }
    files.feel = Arc::new(feel);
    Ok(files)
}
