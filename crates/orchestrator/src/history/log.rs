//! Own history as an event log for mining: one event for each task done, with its start.

use super::cases::{Case, CaseFilter, Outcome, Visit};
use crate::{Orchestrator, OrchestratorError};
use jiff::Timestamp;
use mining::{EventLog, Trace};
use std::collections::HashMap;
use std::sync::Arc;

/// What an activity is called in a log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Label {
    /// By its name, as people know it.
    #[default]
    Name,
    /// By its element id; those of called processes after the process id and a slash.
    Element,
}

/// Which instances become a log.
#[derive(Debug, Clone, Default)]
pub struct LogQuery {
    /// Definition key, or process id for every version.
    pub definition: Option<String>,
    /// Started at this moment or later.
    pub from: Option<Timestamp>,
    /// Started before this moment.
    pub to: Option<Timestamp>,
    /// Only instances that have ended.
    pub ended: bool,
    /// What activities are called.
    pub label: Label,
}

/// A log with what a label means.
#[derive(Debug, Clone, Default)]
pub struct OwnLog {
    /// The log: cases are instance ids, resources are whoever completed the task.
    pub log: EventLog,
    /// Definition key, element id and name of each label.
    pub labels: HashMap<Arc<str>, Labelled>,
    /// Whether each case was completed (not cancelled, not under way), in the order of the log.
    pub completed: Vec<bool>,
    /// When each case started and ended, in the order of the log.
    pub spans: Vec<(Timestamp, Option<Timestamp>)>,
}

/// What a label stands for; the last one seen, when several elements have the same name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// Definition key.
    pub definition: Arc<str>,
    /// Element id.
    pub element: Arc<str>,
    /// Name shown.
    pub name: Arc<str>,
}

impl Orchestrator {
    /// Own history as a log, held in memory: at most [`crate::Config::max_log_events`] events.
    ///
    /// # Errors
    /// Unknown definition; too many events.
    pub async fn event_log(&self, query: &LogQuery) -> Result<OwnLog, OrchestratorError> {
        let filter = CaseFilter {
            definition: query.definition.clone(),
            from: query.from,
            to: query.to,
            ended: query.ended,
        };
        let maximum = self.config.max_log_events;
        let (mut own, mut events) = (OwnLog::default(), 0);
        let mut cases = self.cases(filter).await?;
        while let Some(case) = cases.next().await? {
            let trace = trace(&case, query.label, &mut own.labels);
            events += trace.events.len();
            if events > maximum {
                return Err(OrchestratorError::TooLarge(format!(
                    "the log would hold more than {maximum} events; ask for a shorter period (from, to) or one definition"
                )));
            }
            own.log.traces.push(trace);
            own.completed.push(case.status == "completed");
            own.spans.push((case.started, case.ended));
        }
        Ok(own)
    }
}

/// The work of a case, in the order in which it was done.
fn trace(case: &Case, label: Label, labels: &mut HashMap<Arc<str>, Labelled>) -> Trace {
    let mut done: Vec<&Visit> = case
        .visits
        .iter()
        .filter(|visit| visit.work && visit.outcome == Outcome::Done)
        .collect();
    done.sort_by_key(|visit| visit.left);
    let own = process_id(&case.definition);
    let events = done.into_iter().map(|visit| mining::Event {
        activity: label_of(visit, label, own, labels),
        started_ms: Some(visit.entered.as_millisecond()),
        at_ms: visit.left.map(Timestamp::as_millisecond),
        resource: visit.actor.clone(),
    });
    Trace {
        case: case.id.clone(),
        events: events.collect(),
    }
}

/// The process id of a definition key.
pub(super) fn process_id(key: &str) -> &str {
    key.rsplit_once(':').map_or(key, |(process, _)| process)
}

fn label_of(visit: &Visit, label: Label, own: &str, labels: &mut HashMap<Arc<str>, Labelled>) -> Arc<str> {
    let process = process_id(&visit.definition);
    let text: Arc<str> = match label {
        Label::Name => visit.name.clone(),
        Label::Element if process == own => visit.element.clone(),
        Label::Element => format!("{process}/{}", visit.element).into(),
    };
    if let Some((known, _)) = labels.get_key_value(&text) {
        return known.clone();
    }
    let labelled = Labelled {
        definition: visit.definition.clone(),
        element: visit.element.clone(),
        name: visit.name.clone(),
    };
    labels.insert(text.clone(), labelled);
    text
}
