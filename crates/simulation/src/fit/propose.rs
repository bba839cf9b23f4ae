//! The proposal.

use super::Observed;
use super::distribution::{fit, iso, rounded};
use crate::Note;
use crate::plan::Models;
use bpmn::{Catch, EventDefinition, Node, NodeKind, Process};
use jiff::{Timestamp, ToSpan};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// From so many arrivals on, the days of the week are told apart; from twice as many, the hours.
const ENOUGH: usize = 100;
/// From so many tasks taken by someone on, working time is told from waiting.
const TAKEN: u64 = 5;
/// Utilisation that a proposed capacity aims at.
const AIM: f64 = 0.8;

/// A scenario to start from, and what to know about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The document.
    pub scenario: Value,
    /// How it came about, and what it does not tell.
    pub notes: Vec<Note>,
}

impl Observed {
    /// A scenario for a process (key or id) from what was seen; elements never seen get plain defaults. Without any
    /// instance it is a scenario of defaults.
    pub fn propose(&self, models: &Models, process: &str) -> Proposal {
        let mut notes = Vec::new();
        let key = models.resolve(process).unwrap_or(process);
        let id = models.process(key).map_or(process, |process| process.id.as_str());
        let mut elements = Map::new();
        let mut flows = Map::new();
        let mut pools: BTreeMap<String, f64> = BTreeMap::new();
        let mut all: Vec<_> = models.by_key.iter().collect();
        all.sort_by_key(|(key, _)| key.as_str());
        for (_, process) in all {
            for (node, place) in process.nodes.iter().zip(0_u32..) {
                let role = role(process, node, place);
                if let Some(told) = self.element(process, node, role.as_deref(), &mut pools) {
                    elements.insert(node.id.to_string(), told);
                }
                self.branches(process, node, &mut flows);
            }
        }
        let start = if self.instances == 0 {
            "2026-01-01".to_owned()
        } else {
            self.day_after(&mut notes)
        };
        let arrivals = self.arrivals(&mut notes);
        let resources: Map<String, Value> = pools
            .into_iter()
            .map(|(role, load)| {
                let capacity = (load / AIM).ceil().max(1.0) as u64;
                (role.clone(), json!({"name": role, "capacity": capacity}))
            })
            .collect();
        if !resources.is_empty() {
            let percent = format!("{:.0}", AIM * 100.0);
            let text = format!(
                "capacities are guessed so that each resource is busy at most {percent} % of all hours: put in the real \
                 numbers and opening hours"
            );
            notes.push(Note::new("capacities", &[("percent", &percent)], text));
        }
        if !flows.is_empty() {
            let text = "branches go by the frequencies seen; remove them from 'flows' to let conditions decide";
            notes.push(Note::new("branches", &[], text));
        }
        let mut scenario = json!({
            "name": format!("{id}: as it was"), "process": id, "start": start, "horizon": "P1Y", "warmUp": "P1M",
            "replications": 10, "seed": 1, "arrivals": [arrivals], "elements": elements,
            "defaults": {"userTask": {"duration": "PT15M"}, "serviceTask": {"duration": "PT1S"}}
        });
        if !flows.is_empty() {
            scenario["flows"] = Value::Object(flows);
        }
        if !resources.is_empty() {
            scenario["resources"] = Value::Object(resources);
        }
        Proposal { scenario, notes }
    }

    fn day_after(&self, notes: &mut Vec<Note>) -> String {
        let last = Timestamp::from_microsecond(self.last).unwrap_or(Timestamp::UNIX_EPOCH);
        let day = last.to_zoned(jiff::tz::TimeZone::UTC).date();
        let (n, last) = (self.instances.to_string(), day.to_string());
        let text = format!("{n} instances were seen, the last event on {last}");
        notes.push(Note::new("seen", &[("n", &n), ("day", &last)], text));
        day.checked_add(1.day()).unwrap_or(day).to_string()
    }

    fn arrivals(&self, notes: &mut Vec<Note>) -> Value {
        let mut sorted = self.arrivals.clone();
        sorted.sort_unstable();
        let gaps: Vec<f64> = sorted.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / 1e6).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len().max(1) as f64;
        if gaps.is_empty() || mean <= 0.0 {
            let text = "too few arrivals were seen: one a day is assumed";
            notes.push(Note::new("few-arrivals", &[], text));
            return json!({"perDay": 1});
        }
        let weekly = counts(&sorted, ENOUGH, 7, |at| at.weekday().to_monday_zero_offset() as usize);
        let hourly = counts(&sorted, 2 * ENOUGH, 24, |at| at.hour() as usize);
        if weekly.is_some() || hourly.is_some() {
            // the pattern explains most of the spread
            let mut told = json!({"perDay": rounded(86_400.0 / mean, 4)});
            if let Some(weekly) = weekly {
                told["weekly"] = json!(weekly);
            }
            if let Some(hourly) = hourly {
                told["hourly"] = json!(hourly);
            }
            return told;
        }
        match fit(&gaps) {
            Some(interval) => json!({"interval": interval}),
            None => json!({"perDay": rounded(86_400.0 / mean, 4)}),
        }
    }

    /// What was seen of an element; adds its working time to the load of its role.
    fn element(
        &self,
        process: &Process,
        node: &Node,
        role: Option<&str>,
        pools: &mut BTreeMap<String, f64>,
    ) -> Option<Value> {
        let seen = self.elements.get(&*node.id)?;
        match &node.kind {
            NodeKind::UserTask(_) | NodeKind::ManualTask(_) => {
                if let (Some(role), true) = (role, seen.service.seen >= TAKEN) {
                    let values = &seen.service.values;
                    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
                    let span = (self.last - self.arrivals.iter().min().copied().unwrap_or(self.last)) as f64 / 1e6;
                    *pools.entry(role.to_owned()).or_default() += mean * seen.service.seen as f64 / span.max(1.0);
                    return Some(json!({"duration": fit(values)?, "resources": [role]}));
                }
                Some(json!({"duration": fit(&seen.elapsed.values)?}))
            }
            NodeKind::ServiceTask(_) | NodeKind::RuleJob(_) | NodeKind::SendTask { job: Some(_), .. } => {
                Some(json!({"duration": fit(&seen.elapsed.values)?}))
            }
            NodeKind::AbstractTask | NodeKind::ScriptTask(bpmn::Script::Job(_)) => {
                Some(json!({"duration": fit(&seen.elapsed.values)?}))
            }
            NodeKind::ReceiveTask { .. } => Some(json!({"waiting": fit(&seen.elapsed.values)?})),
            NodeKind::CatchEvent(catch) if comes(catch) => Some(json!({"waiting": fit(&seen.elapsed.values)?})),
            NodeKind::Boundary { catch, host } if comes(catch) && seen.came > 0 => {
                self.boundary(&process.node(*host).id, seen.came)
            }
            _ => None,
        }
    }

    /// A message on a boundary: by its rate over the time in which its activity was open.
    fn boundary(&self, host: &str, came: u64) -> Option<Value> {
        let open = self.elements.get(host)?.open;
        (open > 0.0).then(|| json!({"waiting": {"exponential": {"mean": iso(open / came as f64)}}}))
    }

    fn branches(&self, process: &Process, node: &Node, flows: &mut Map<String, Value>) {
        let exclusive = matches!(node.kind, NodeKind::Exclusive);
        if node.outgoing.len() < 2 || !(exclusive || matches!(node.kind, NodeKind::Inclusive)) {
            return;
        }
        let count = |flow: &u32| self.flows.get(&*process.flow(*flow).id).copied().unwrap_or(0);
        let total: u64 = node.outgoing.iter().map(count).sum();
        let entered = self.elements.get(&*node.id).map_or(total, |seen| seen.entered);
        let whole = if exclusive { total } else { entered };
        if whole == 0 {
            return;
        }
        let shares = node
            .outgoing
            .iter()
            .filter(|flow| exclusive || Some(**flow) != node.default);
        let told: Vec<(String, f64)> = shares
            .map(|flow| {
                let share = (count(flow) as f64 / whole as f64).min(1.0);
                (process.flow(*flow).id.to_string(), rounded(share, 6))
            })
            .collect();
        if !exclusive && node.default.is_none() && !told.iter().any(|(_, share)| *share >= 1.0) {
            return; // independent chances might take none: conditions decide
        }
        flows.extend(told.into_iter().map(|(flow, share)| (flow, json!(share))));
    }
}

fn comes(catch: &Catch) -> bool {
    let from_outside =
        |definition: &EventDefinition| matches!(definition, EventDefinition::Message(_) | EventDefinition::Signal(_));
    !catch.definitions.is_empty() && catch.definitions.iter().all(from_outside)
}

/// Who does a task: the first candidate group, else the lane.
fn role(process: &Process, node: &Node, place: u32) -> Option<String> {
    let (NodeKind::UserTask(task) | NodeKind::ManualTask(task)) = &node.kind else {
        return None;
    };
    let groups = task
        .assignment
        .candidate_groups
        .as_ref()
        .and_then(|groups| groups.literal());
    let first = groups.and_then(|groups| groups.split(',').map(str::trim).find(|group| !group.is_empty()));
    first.or_else(|| process.lane_name(place)).map(str::to_owned)
}

/// Relative weights of a circle of days or hours, if there are enough arrivals to tell.
fn counts(arrivals: &[i64], enough: usize, length: usize, place: impl Fn(&jiff::Zoned) -> usize) -> Option<Vec<f64>> {
    if arrivals.len() < enough {
        return None;
    }
    let zone = jiff::tz::TimeZone::get("Europe/Rome").unwrap_or(jiff::tz::TimeZone::UTC);
    let mut found = vec![0.0; length];
    for at in arrivals {
        let at = Timestamp::from_microsecond(*at).ok()?.to_zoned(zone.clone());
        found[place(&at)] += 1.0;
    }
    let mean = arrivals.len() as f64 / length as f64;
    Some(found.into_iter().map(|count| rounded(count / mean, 3)).collect())
}
