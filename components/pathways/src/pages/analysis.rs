//! `/analisi`: process analysis: where cases go, how long it takes, where they wait, whether they follow the model.

use super::App;
use super::drawing::draw_heat;
use super::start::newest;
use askama::Template;
use axum::extract::{Query, State};
use component::PeerError;
use orchestrator::api::{Analysis, DefinitionInfo, Spread};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use web::{Answer, Heat, Html, Page};

/// Steps from one work to the next shown.
const EDGES: usize = 30;
/// Ways shown.
const VARIANTS: &str = "20";

/// What is looked at.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Filter {
    processo: String,
    versione: String,
    dal: String,
    al: String,
    /// `si`: only cases that have ended.
    conclusi: String,
}

struct ActivityRow {
    name: String,
    count: u64,
    cases: u64,
    repeats: u64,
    median: String,
    p90: String,
    total: String,
}

struct EdgeRow {
    from: String,
    to: String,
    count: u64,
    median: String,
    p90: String,
}

struct VariantRow {
    steps: Vec<String>,
    cases: u64,
    share: String,
    median: String,
    fits: Option<bool>,
    fitness: String,
}

struct Shown {
    analysis: Analysis,
    heats: Vec<(String, Html)>,
    median: String,
    p90: String,
    reworked: String,
    fitting: String,
    fitness: String,
    precision: String,
    activities: Vec<ActivityRow>,
    edges: Vec<EdgeRow>,
    variants: Vec<VariantRow>,
    approximated: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "analysis.html")]
struct AnalysisPage {
    page: Page,
    filter: Filter,
    processes: Vec<DefinitionInfo>,
    versions: Vec<u32>,
    refused: Option<String>,
    shown: Option<Shown>,
    query: String,
}

/// The page.
pub async fn show(State(app): State<App>, page: Page, Query(mut filter): Query<Filter>) -> Answer {
    let orchestrator = app.orchestrator(&page);
    let mut processes = newest(orchestrator.definitions().await?);
    processes.sort_by(|a, b| a.name.cmp(&b.name));
    if filter.processo.is_empty() {
        filter.processo = crate::deployments::DIABETES.to_owned();
    }
    let newest = processes
        .iter()
        .find(|process| process.id == filter.processo)
        .map_or(1, |process| process.version);
    let query = filter.query();
    let borrowed: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (analysis, refused) = match orchestrator.analysis(&borrowed).await {
        Ok(analysis) => (Some(analysis), None),
        Err(PeerError::Status { status, message }) if status.is_client_error() => (None, Some(message)),
        Err(error) => return Err(error.into()),
    };
    let page = page.titled("analysis-title");
    let shown = match analysis {
        Some(analysis) if analysis.cases > 0 => Some(shown(&app, &page, &filter, analysis).await?),
        _ => None,
    };
    web::show(&AnalysisPage {
        versions: (1..=newest).rev().collect(),
        query: serde_urlencoded::to_string(&query).unwrap_or_default(),
        page,
        filter,
        processes,
        refused,
        shown,
    })
}

impl Filter {
    fn key(&self) -> String {
        match self.versione.as_str() {
            "" => self.processo.clone(),
            version => format!("{}:{version}", self.processo),
        }
    }

    fn query(&self) -> Vec<(&'static str, String)> {
        let ended = if self.conclusi == "si" { "true" } else { "" };
        let fields = [
            ("definition", self.key()),
            ("from", self.dal.clone()),
            ("to", self.al.clone()),
            ("ended", ended.to_owned()),
            ("variants", VARIANTS.to_owned()),
        ];
        fields.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }
}

async fn shown(app: &App, page: &Page, filter: &Filter, analysis: Analysis) -> Result<Shown, PeerError> {
    let sources = app.sources.family(&app.orchestrator(page), &filter.key(), &[]).await?;
    let heats = sources.iter().map(|source| {
        let drawn = draw_heat(page, source, heat(page, &analysis, &source.definition.id));
        (source.definition.name.clone(), drawn)
    });
    let heats: Vec<(String, Html)> = heats.collect();
    let name: HashMap<&str, &str> = analysis
        .activities
        .iter()
        .map(|a| (a.label.as_str(), a.name.as_str()))
        .collect();
    let named = |label: &String| {
        name.get(label.as_str())
            .map_or_else(|| label.clone(), |name| (*name).to_owned())
    };
    let number = |value: f64, digits: usize| page.decimal(&format!("{value:.digits$}"));
    let percent = |part: u64, whole: u64| format!("{}\u{a0}%", number(100.0 * part as f64 / whole.max(1) as f64, 1));
    let edges = analysis.edges.iter().take(EDGES).map(|edge| EdgeRow {
        from: named(&edge.from),
        to: named(&edge.to),
        count: edge.count,
        median: duration(page, edge.waiting.median_ms),
        p90: duration(page, edge.waiting.p90_ms),
    });
    let variants = analysis.variants.iter().map(|variant| VariantRow {
        steps: variant.activities.iter().map(named).collect(),
        cases: variant.cases,
        share: percent(variant.cases, analysis.cases),
        median: variant
            .duration
            .map(|spread| duration(page, spread.median_ms))
            .unwrap_or_default(),
        fits: variant.fits,
        fitness: variant.fitness.map(|fitness| number(fitness, 3)).unwrap_or_default(),
    });
    let activities = analysis.activities.iter().map(|activity| ActivityRow {
        name: activity.name.clone(),
        count: activity.count,
        cases: activity.cases,
        repeats: activity.repeats,
        median: duration(page, activity.duration.median_ms),
        p90: duration(page, activity.duration.p90_ms),
        total: duration(page, activity.duration.total_ms),
    });
    let figures = analysis.conformance.as_ref();
    let told = |element: &orchestrator::api::ApproximatedElement| {
        let why = page.t(&format!("approximated-{}", element.why));
        (element.element.clone(), why)
    };
    let throughput = analysis.throughput.unwrap_or_default();
    Ok(Shown {
        heats,
        median: duration(page, throughput.median_ms),
        p90: duration(page, throughput.p90_ms),
        reworked: percent(analysis.reworked_cases, analysis.cases),
        fitting: figures
            .map(|f| format!("{}\u{a0}%", number(f.fitting_percent, 1)))
            .unwrap_or_default(),
        fitness: figures.map(|f| number(f.log_fitness, 3)).unwrap_or_default(),
        precision: figures.map(|f| number(f.precision, 3)).unwrap_or_default(),
        approximated: figures
            .map(|f| f.approximated.iter().map(told).collect())
            .unwrap_or_default(),
        activities: activities.collect(),
        edges: edges.collect(),
        variants: variants.collect(),
        analysis,
    })
}

/// How much of the time goes where, for the elements of one process: the slowest of all is the hottest.
fn heat(page: &Page, analysis: &Analysis, process: &str) -> BTreeMap<String, Heat> {
    let most = analysis
        .activities
        .iter()
        .map(|activity| activity.duration.median_ms)
        .max()
        .unwrap_or(0)
        .max(1);
    let here = |definition: &str| definition.rsplit_once(':').is_some_and(|(id, _)| id == process);
    let own = analysis.activities.iter().filter(|activity| here(&activity.definition));
    own.map(|activity| {
        let Spread { median_ms, .. } = activity.duration;
        let heat = Heat {
            share: median_ms as f64 / most as f64,
            text: format!("{}× · {}", activity.count, duration(page, median_ms)),
        };
        (activity.element.clone(), heat)
    })
    .collect()
}

/// A duration in its two largest units.
fn duration(page: &Page, ms: i64) -> String {
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)];
    let Some(first) = units.iter().position(|(_, size)| ms >= *size) else {
        return page.t1("duration-ms", "n", ms);
    };
    let mut left = ms;
    let mut parts = Vec::new();
    for (unit, size) in units.iter().skip(first).take(2) {
        let n = left / size;
        left %= size;
        if n > 0 {
            parts.push(page.t1(&format!("duration-{unit}"), "n", n));
        }
    }
    parts.join(" ")
}
