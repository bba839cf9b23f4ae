//! `GET /orchestrator/history/analysis?definition=&from=&to=&ended=&model=&variants=&format=json|csv&table=`: process
//! mining on own history.

mod csv;
mod figures;
mod net;

use super::log::{Label, Labelled, LogQuery, OwnLog};
use super::moment::moment;
use crate::api::{Analysis, ApproximatedElement, Conformance, VariantFigures};
use crate::plumbing::Params;
use crate::{Orchestrator, OrchestratorError};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use figures::{activities, edges, spread};
use http::header;
use mining::petri::{Net, Replayer, fitness_by, precision};
use mining::times::Durations;
use mining::{EventLog, Trace};
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// Ways told when nothing is said.
const VARIANTS: usize = 50;
/// Most ways told.
const MAX_VARIANTS: usize = 1_000;

/// What is analysed, and how it is told.
#[derive(Debug, Clone, Default, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct AnalysisQuery {
    /// Definition key, or process id for every version (required).
    pub definition: String,
    /// Cases started at this moment or later: RFC 3339, or a date (its midnight in UTC).
    pub from: Option<String>,
    /// Cases started before this moment.
    pub to: Option<String>,
    /// Only cases that have ended.
    pub ended: bool,
    /// Definition key of the model replayed on; when absent that of `definition`, in its newest version.
    pub model: Option<String>,
    /// How many variants are told.
    pub variants: Option<usize>,
    /// `json` (when absent) or `csv`.
    pub format: Option<String>,
    /// Of a CSV: `activities` (when absent), `edges`, `variants`.
    pub table: Option<String>,
}

impl Orchestrator {
    /// Mines own history.
    ///
    /// # Errors
    /// Unknown definition or model; more events than [`crate::Config::max_log_events`].
    pub async fn analysis(&self, query: &AnalysisQuery) -> Result<Analysis, OrchestratorError> {
        if query.definition.is_empty() {
            return Err(OrchestratorError::BadRequest(
                "definition: say which process (an id of /orchestrator/definitions, or a key id:version)".into(),
            ));
        }
        let registry = self.registry().await?;
        let model = registry.resolve(
            query
                .model
                .as_deref()
                .filter(|m| !m.is_empty())
                .unwrap_or(&query.definition),
        )?;
        let own = self
            .event_log(&LogQuery {
                definition: Some(query.definition.clone()),
                from: moment("from", query.from.as_deref())?,
                to: moment("to", query.to.as_deref())?,
                ended: query.ended,
                label: Label::Element,
            })
            .await?;
        let process = registry
            .process(&model)
            .ok_or_else(|| engine::StepError::UnknownDefinition(model.clone()))?;
        let net = net::net_of(&registry, process);
        let definition = query.definition.clone();
        let most = query.variants.unwrap_or(VARIANTS).min(MAX_VARIANTS);
        // A million events take seconds of a core: not on the threads that answer others.
        let mined = tokio::task::spawn_blocking(move || analyse(definition, &own, net.map(|net| (model, net)), most));
        mined
            .await
            .map_err(|e| OrchestratorError::Damaged(format!("the analysis failed: {e}")))
    }
}

fn analyse(definition: String, own: &OwnLog, model: Option<(String, net::BpmnNet)>, most: usize) -> Analysis {
    let (log, spans) = (&own.log, &own.spans);
    let lasted = |place: usize| {
        let (started, ended) = spans[place];
        Some(ended?.as_millisecond() - started.as_millisecond())
    };
    let ended: Vec<i64> = (0..spans.len()).filter_map(lasted).collect();
    let replayer = model.as_ref().map(|(_, model)| Replayer::new(&model.net));
    let (variants, variants_in_all) = variants(log, &lasted, replayer.as_ref(), &own.completed, most);
    Analysis {
        definition,
        cases: log.traces.len() as u64,
        ended: ended.len() as u64,
        events: log.events() as u64,
        first: spans.iter().map(|(started, _)| *started).min(),
        last: spans.iter().map(|(started, _)| *started).max(),
        throughput: Durations::of(ended).map(spread),
        activities: activities(own),
        edges: edges(log),
        variants,
        variants_in_all,
        reworked_cases: log.traces.iter().filter(|trace| repeats(trace)).count() as u64,
        conformance: model.and_then(|(key, model)| conformance(own, key, &model)),
    }
}

fn repeats(trace: &Trace) -> bool {
    let mut seen = HashSet::new();
    trace.events.iter().any(|event| !seen.insert(&event.activity))
}

/// One way under the eye: how many cases, how long the ended ones took, and whether some were completed.
#[derive(Default)]
struct Way {
    cases: u64,
    lasted: Vec<i64>,
    completed: bool,
}

fn variants(
    log: &EventLog,
    lasted: &dyn Fn(usize) -> Option<i64>,
    replayer: Option<&Replayer<'_>>,
    completed: &[bool],
    most: usize,
) -> (Vec<VariantFigures>, u64) {
    let mut ways: HashMap<Vec<Arc<str>>, Way> = HashMap::new();
    for (place, trace) in log.traces.iter().enumerate() {
        let activities = trace.by_time().into_iter().map(|event| event.activity.clone());
        let way = ways.entry(activities.collect()).or_default();
        way.cases += 1;
        way.lasted.extend(lasted(place));
        way.completed |= completed[place];
    }
    let in_all = ways.len() as u64;
    let mut ways: Vec<(Vec<Arc<str>>, Way)> = ways.into_iter().collect();
    ways.sort_by(|(a, one), (b, other)| other.cases.cmp(&one.cases).then_with(|| a.cmp(b)));
    ways.truncate(most);
    let told = ways.into_iter().map(|(activities, way)| {
        let replayed = replayer
            .filter(|_| way.completed)
            .map(|replayer| replayer.replay_fairly(&activities));
        VariantFigures {
            activities: activities.iter().map(ToString::to_string).collect(),
            cases: way.cases,
            duration: Durations::of(way.lasted).map(spread),
            fitness: replayed.as_ref().map(mining::petri::Replayed::fitness),
            fits: replayed.map(|replayed| replayed.fits),
        }
    });
    (told.collect(), in_all)
}

/// Replays what was completed: a case under way has tokens left by its nature.
fn conformance(own: &OwnLog, model: String, net: &net::BpmnNet) -> Option<Conformance> {
    let whole = own
        .log
        .traces
        .iter()
        .zip(&own.completed)
        .filter(|(_, completed)| **completed);
    let log = EventLog {
        traces: whole.map(|(trace, _)| trace.clone()).collect(),
    };
    if log.traces.is_empty() {
        return None;
    }
    let replayer = Replayer::new(&net.net);
    let measured = fitness_by(&log, |activities| replayer.replay_fairly(activities));
    let approximated = net.approximated.iter().map(|element| ApproximatedElement {
        element: element.element.clone(),
        why: element.why.to_owned(),
    });
    Some(Conformance {
        model,
        cases: log.traces.len() as u64,
        fitting_percent: measured.fitting_traces_percent,
        average_fitness: measured.average_trace_fitness,
        log_fitness: measured.log_fitness,
        precision: precision(&log, &net.net),
        approximated: approximated.collect(),
        unknown: unknown(&log, &net.net, &own.labels),
    })
}

fn unknown(log: &EventLog, net: &Net, labels: &HashMap<Arc<str>, Labelled>) -> Vec<String> {
    let known: HashSet<&Arc<str>> = net.transitions.iter().filter_map(|t| t.label.as_ref()).collect();
    let unknown: BTreeSet<String> = log
        .activities()
        .iter()
        .filter(|label| !known.contains(label) && labels.contains_key(*label))
        .map(ToString::to_string)
        .collect();
    unknown.into_iter().collect()
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    Params(query): Params<AnalysisQuery>,
) -> Result<Response, OrchestratorError> {
    let csv = match query.format.as_deref() {
        None | Some("" | "json") => None,
        Some("csv") => Some(csv::Table::of(query.table.as_deref())?),
        Some(other) => {
            return Err(OrchestratorError::BadRequest(format!(
                "format: '{other}' is not one of json, csv"
            )));
        }
    };
    let analysis = orchestrator.analysis(&query).await?;
    let Some(table) = csv else {
        return Ok(Json(analysis).into_response());
    };
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, table.file()),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, table.text(&analysis)).into_response())
}
