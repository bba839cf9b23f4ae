//! Looking for duplicates in the whole registry: reads all records page by page, links them, writes the pairs for the desk.
//!
//! Memory: about 0.5 GB for a million records (four bytes a value of a record, each distinct value once, eight bytes a key, the
//! ids), whatever the number of pairs compared; pairs of the bands *same* and *review* are 16 bytes each. Nothing is written until
//! the linking is done; what is written is at most [`MAX_PAIRS`] pairs, the heaviest first, a hundred in a transaction.

use super::kept::{Kept, transaction};
use super::pair;
use component::{Context, Fhir, PeerError};
use jiff::Timestamp;
use linkage::{Band, Fitted, Limits, Link, Outcome, Table, patient};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

/// Pairs that a run writes for the desk at most; the report counts all.
pub const MAX_PAIRS: usize = 20_000;
/// Records from which on the weights are learnt from the registry itself.
const LEARNS_FROM: usize = 20_000;
/// Pairs in a transaction.
const AT_ONCE: usize = 100;
/// Records in a page.
const PAGE: &str = "1000";

/// Code and id of the record of the last run.
pub(crate) const RUN: &str = "corsa";
pub(crate) const RUN_ID: &str = "doppioni-corsa";
/// States of a run.
pub(crate) const RUNNING: &str = "in-corso";
pub(crate) const ENDED: &str = "finita";
pub(crate) const FAILED: &str = "interrotta";

/// Why a run does not go on.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The hub refuses or cannot be reached.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// Too many records, or of a wrong form.
    #[error(transparent)]
    Table(#[from] linkage::TableError),
    /// Another run is going on.
    #[error("another search for duplicates is going on: wait until it has ended")]
    Running,
    /// The linking stopped.
    #[error("the linking stopped: {0}")]
    Stopped(String),
}

/// What a run is doing, and how far it is: read while it runs.
#[derive(Debug, Default)]
pub struct Progress {
    running: AtomicBool,
    step: AtomicU8,
    done: AtomicU64,
    of: AtomicU64,
}

/// The steps of a run, in their order.
pub const STEPS: [&str; 4] = ["read", "learn", "weigh", "write"];

impl Progress {
    fn set(&self, step: u8, done: u64, of: u64) {
        self.step.store(step, Ordering::Relaxed);
        self.done.store(done, Ordering::Relaxed);
        self.of.store(of.max(1), Ordering::Relaxed);
    }

    /// The step (one of [`STEPS`]), and how much of it is done; `None` if nothing runs in this process.
    pub fn now(&self) -> Option<(&'static str, u64, u64)> {
        let step = STEPS[usize::from(self.step.load(Ordering::Relaxed)).min(STEPS.len() - 1)];
        let so_far = (step, self.done.load(Ordering::Relaxed), self.of.load(Ordering::Relaxed));
        self.running.load(Ordering::Relaxed).then_some(so_far)
    }
}

/// What a run found.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Report {
    /// Records read.
    pub records: u64,
    /// Pairs compared.
    pub compared: u64,
    /// Pairs that are the same person by the weights alone.
    pub certain: u64,
    /// Pairs for a person to look at.
    pub review: u64,
    /// Pairs written for the desk; the others were decided before, or are beyond the limit.
    pub written: u64,
    /// Pairs told different before, whose data did not change.
    pub decided: u64,
    /// Whether the weights were learnt from the registry itself.
    pub learnt: bool,
    /// By organisation that the records belong to (reference; empty: none): certain pairs, pairs to review. A pair of two
    /// organisations counts for both.
    pub by_organization: BTreeMap<String, (u64, u64)>,
}

/// Looks for duplicates, and keeps what it found and who asked. One run at a time.
///
/// # Errors
/// See [`RunError`]; the run is then kept as interrupted, and what it wrote stays.
pub async fn run(context: &Context, by: &str, progress: &Arc<Progress>) -> Result<Report, RunError> {
    let begun = begin(context, by, progress).await?;
    carry_out(context, begun, progress).await
}

/// Marks a run as begun: the first to do so has it.
pub(crate) async fn begin(context: &Context, by: &str, progress: &Arc<Progress>) -> Result<Kept, RunError> {
    let fhir = context.peers.fhir(&access::Actor::system());
    let mut run = Kept::find(&fhir, RUN, RUN_ID)
        .await?
        .unwrap_or_else(|| Kept::new(RUN_ID, RUN, ENDED));
    let now = context.clock.now();
    let age = |since: Timestamp| now.duration_since(since).as_hours();
    let stale = run.get("iniziata").parse().map_or(true, |since| age(since) >= 12);
    let here = progress.running.load(Ordering::Relaxed);
    if here || (run.state == RUNNING && !stale && run.get("processo") != process()) {
        return Err(RunError::Running);
    }
    run.state = RUNNING.to_owned();
    run.set("iniziata", now.to_string());
    run.set("finita", "");
    run.set("chi", by);
    run.set("processo", process());
    run.set("errore", "");
    run.save(&fhir).await?;
    progress.set(0, 0, 1);
    progress.running.store(true, Ordering::Relaxed);
    Ok(run)
}

/// A name for this process: a run that it began and that nobody works on was interrupted.
fn process() -> String {
    std::process::id().to_string()
}

/// Does a run that was begun.
pub(crate) async fn carry_out(context: &Context, mut run: Kept, progress: &Arc<Progress>) -> Result<Report, RunError> {
    let fhir = context.peers.fhir(&access::Actor::system());
    let outcome = work(&fhir, context.clock.now(), progress).await;
    run.set("finita", context.clock.now().to_string());
    match &outcome {
        Ok(report) => {
            run.state = ENDED.to_owned();
            run.set("rapporto", json!(report).to_string());
        }
        Err(error) => {
            run.state = FAILED.to_owned();
            run.set("errore", error.to_string());
        }
    }
    progress.running.store(false, Ordering::Relaxed);
    run.save(&fhir).await?;
    outcome
}

/// Everybody's records, ready to be compared.
struct Registry {
    table: Table,
    ids: Vec<Box<str>>,
    /// Of each record the number of its organisation.
    organization: Vec<u32>,
    organizations: Vec<String>,
}

async fn work(fhir: &Fhir, now: Timestamp, progress: &Arc<Progress>) -> Result<Report, RunError> {
    let registry = read(fhir, progress).await?;
    let told = progress.clone();
    let linked = tokio::task::spawn_blocking(move || {
        let (outcome, fitted) = link(&registry, now, &told);
        (registry, outcome, fitted)
    });
    let (registry, outcome, fitted) = linked.await.map_err(|error| RunError::Stopped(error.to_string()))?;
    let mut report = Report {
        records: registry.ids.len() as u64,
        compared: outcome.compared,
        learnt: fitted.is_some(),
        ..Report::default()
    };
    let mut links = outcome.links;
    links.sort_unstable_by(|x, y| y.weight.total_cmp(&x.weight).then((x.a, x.b).cmp(&(y.a, y.b))));
    for link in &links {
        let certain = outcome.thresholds.band(f64::from(link.weight)) == Band::Same;
        let (a, b) = (
            registry.organization[link.a as usize],
            registry.organization[link.b as usize],
        );
        for number in if a == b { vec![a] } else { vec![a, b] } {
            let name = registry.organizations[number as usize].clone();
            let counts = report.by_organization.entry(name).or_default();
            *(if certain { &mut counts.0 } else { &mut counts.1 }) += 1;
        }
        *(if certain {
            &mut report.certain
        } else {
            &mut report.review
        }) += 1;
    }
    if let Some(fitted) = &fitted {
        keep_model(fhir, fitted).await?;
    }
    let model = pair::model(fhir).await?;
    links.truncate(MAX_PAIRS);
    let marker = now.to_string();
    for (number, chunk) in links.chunks(AT_ONCE).enumerate() {
        progress.set(3, (number * AT_ONCE) as u64, links.len() as u64);
        let ids: Vec<(&str, &str)> = chunk
            .iter()
            .map(|link: &Link| (&*registry.ids[link.a as usize], &*registry.ids[link.b as usize]))
            .collect();
        write(fhir, &ids, &model, &marker, &mut report).await?;
    }
    retire(fhir, &marker).await?;
    Ok(report)
}

async fn read(fhir: &Fhir, progress: &Progress) -> Result<Registry, RunError> {
    let of = fhir.count("Patient", &[]).await?;
    let mut registry = Registry {
        table: Table::new(linkage::persons())?,
        ids: vec![],
        organization: vec![],
        organizations: vec![],
    };
    let (mut known, mut done, mut failed) = (HashMap::<String, u32>::new(), 0, None);
    fhir.walk("Patient", &[("_count", PAGE)], |page| {
        done += page.len() as u64;
        progress.set(0, done, of);
        for one in page.iter().filter(|one| one["active"] != false) {
            let (Some(id), values) = (one["id"].as_str(), patient::values(one)) else {
                continue;
            };
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            if let Err(error) = registry.table.add(&values) {
                failed = Some(error);
                return false;
            }
            let organization = one["managingOrganization"]["reference"].as_str().unwrap_or_default();
            let number = known.get(organization).copied().unwrap_or_else(|| {
                let number = u32::try_from(registry.organizations.len()).unwrap_or(0);
                registry.organizations.push(organization.to_owned());
                known.insert(organization.to_owned(), number);
                number
            });
            registry.ids.push(id.into());
            registry.organization.push(number);
        }
        true
    })
    .await?;
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(registry),
    }
}

/// Links the registry: by its own weights if it is large enough to learn them, which are given back then.
fn link(registry: &Registry, now: Timestamp, progress: &Progress) -> (Outcome, Option<Fitted>) {
    let told = |now: linkage::Progress| progress.set(if now.weighing { 2 } else { 1 }, now.done, now.of);
    let limits = Limits::default();
    if registry.ids.len() < LEARNS_FROM {
        return (
            linkage::link_by(&registry.table, Fitted::of_program(), &limits, &told),
            None,
        );
    }
    let outcome = linkage::link(&registry.table, &limits, &told);
    let of = format!("{} records of this registry, {now}", registry.ids.len());
    let fitted = Fitted::of(&registry.table, &outcome, &of, true);
    (outcome, Some(fitted))
}

async fn keep_model(fhir: &Fhir, fitted: &Fitted) -> Result<(), RunError> {
    let kept = Kept::find(fhir, pair::MODEL, pair::MODEL_ID).await?;
    let mut kept = kept.unwrap_or_else(|| Kept::new(pair::MODEL_ID, pair::MODEL, "appreso"));
    kept.set("json", json!(fitted).to_string());
    Ok(kept.save(fhir).await?)
}

/// Writes the pairs of some records, unless people decided of them before and nothing has changed.
async fn write(
    fhir: &Fhir,
    ids: &[(&str, &str)],
    model: &Fitted,
    marker: &str,
    report: &mut Report,
) -> Result<(), RunError> {
    let mut wanted: Vec<&str> = ids.iter().flat_map(|(a, b)| [*a, *b]).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let people = by_id(fhir, "Patient", &wanted).await?;
    let names: Vec<String> = ids.iter().map(|(a, b)| pair::id(a, b)).collect();
    let known = by_id(fhir, "Basic", &names.iter().map(String::as_str).collect::<Vec<_>>()).await?;
    let mut entries = vec![];
    for ((a, b), name) in ids.iter().zip(&names) {
        let (Some(one), Some(two)) = (people.get(*a), people.get(*b)) else {
            continue;
        };
        let fingerprint = pair::fingerprint(one, two);
        let mut kept = known
            .get(name)
            .and_then(|found| Kept::of(found, pair::PAIR))
            .unwrap_or_else(|| pair::new(a, b));
        let unchanged = kept.get("impronta") == fingerprint;
        let decided = [pair::SAME, pair::DIFFERENT].contains(&kept.state.as_str());
        if decided && unchanged {
            report.decided += 1;
            continue;
        }
        if !unchanged || kept.state == pair::GONE {
            kept.state = pair::OPEN.to_owned();
            kept.set("proposta-da", "");
        }
        let compared = pair::compare(one, two, model);
        pair::set_weight(&mut kept, compared.weight, compared.band);
        kept.set("impronta", fingerprint);
        kept.set("corsa", marker);
        let organizations = [one, two].map(|one| one["managingOrganization"]["reference"].as_str().unwrap_or_default());
        kept.set("enti", organizations.join(" ").trim());
        report.written += 1;
        entries.push(kept.entry());
    }
    if !entries.is_empty() {
        fhir.transaction(&transaction(entries)).await?;
    }
    Ok(())
}

async fn by_id(fhir: &Fhir, rtype: &str, ids: &[&str]) -> Result<HashMap<String, Value>, PeerError> {
    let mut found = HashMap::new();
    for chunk in ids.chunks(50) {
        let list = chunk.join(",");
        for one in fhir
            .search_all(rtype, &[("_id", list.as_str()), ("_count", "100")], 100)
            .await?
        {
            found.insert(one["id"].as_str().unwrap_or_default().to_owned(), one);
        }
    }
    Ok(found)
}

/// Takes pairs from the list that this run did not find any more: their data were mended, or one record is gone.
async fn retire(fhir: &Fhir, marker: &str) -> Result<(), RunError> {
    for state in [pair::OPEN, pair::LATER, pair::PROPOSED] {
        let open = Kept::list(fhir, pair::PAIR, state, MAX_PAIRS * 2).await?;
        let old: Vec<Kept> = open.into_iter().filter(|one| one.get("corsa") != marker).collect();
        for chunk in old.chunks(AT_ONCE) {
            let entries = chunk.iter().map(|one| {
                let mut one = one.clone();
                one.state = pair::GONE.to_owned();
                one.order = None;
                one.entry()
            });
            fhir.transaction(&transaction(entries.collect())).await?;
        }
    }
    Ok(())
}
