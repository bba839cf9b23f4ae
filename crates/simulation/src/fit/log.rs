//! From an event log: what its activities tell, where the models say which flows lead to them.

use super::Observed;
use crate::plan::Models;
use bpmn::{NodeId, Process};
use jiff::Timestamp;
use mining::EventLog;
use std::collections::{BTreeMap, BTreeSet, HashMap};

impl Observed {
    /// Takes in an event log (XES). Activities are matched to elements by id or name; an event is taken for the
    /// completion of its activity, so that its duration is the time since the event before. Branches are counted by
    /// what came next.
    pub fn log(log: &EventLog, models: &Models) -> Self {
        let mut observed = Self::default();
        let mut names: HashMap<&str, &str> = HashMap::new();
        for process in models.by_key.values() {
            for node in process.nodes.iter().filter(|node| node.is_activity()) {
                names.insert(&node.name, &node.id);
            }
        }
        let ids: BTreeSet<&str> = models
            .by_key
            .values()
            .flat_map(|p| p.nodes.iter().map(|node| &*node.id))
            .collect();
        let mut follows: BTreeMap<(String, Option<String>), u64> = BTreeMap::new();
        for trace in &log.traces {
            let events = trace.by_time();
            let element = |name: &str| ids.get(name).or_else(|| names.get(name)).map(|id| (*id).to_owned());
            let mut before: Option<(Option<String>, i64)> = None;
            for event in &events {
                let found = element(&event.activity);
                let Some(at_ms) = event.at_ms else { continue };
                match (&before, Timestamp::from_millisecond(at_ms)) {
                    (None, Ok(at)) => observed.arrived(at),
                    (Some((_, since)), _) => {
                        if let Some(seen) = found.as_deref().and_then(|id| observed.seen(id)) {
                            seen.elapsed.add((at_ms - since).max(0) as f64 / 1e3);
                        }
                    }
                    _ => {}
                }
                observed.last = observed.last.max(at_ms.saturating_mul(1000));
                if let Some(seen) = found.as_deref().and_then(|id| observed.seen(id)) {
                    seen.entered += 1;
                }
                if let Some((Some(from), _)) = &before {
                    *follows.entry((from.clone(), found.clone())).or_default() += 1;
                }
                before = Some((found, at_ms));
            }
            if let Some((Some(last), _)) = before {
                *follows.entry((last, None)).or_default() += 1;
            }
        }
        for process in models.by_key.values() {
            observed.count_branches(process, &follows);
        }
        observed
    }

    /// Counts the flows out of a gateway by the activities behind them that came next.
    fn count_branches(&mut self, process: &Process, follows: &BTreeMap<(String, Option<String>), u64>) {
        for (id, node) in process.nodes.iter().enumerate().filter(|(_, node)| node.is_gateway()) {
            if node.outgoing.len() < 2 {
                continue;
            }
            let before = reached(process, id as NodeId, false);
            for flow in &node.outgoing {
                let after = ahead(process, process.flow(*flow).target);
                let count: u64 = follows
                    .iter()
                    .filter(|((from, to), _)| before.contains(&Some(from.clone())) && after.contains(to))
                    .map(|(_, count)| count)
                    .sum();
                if count > 0 {
                    self.flows.insert(process.flow(*flow).id.to_string(), count);
                }
            }
        }
    }
}

/// The next activities from a node on (itself, if it is one); `None` stands for an end.
fn ahead(process: &Process, node: NodeId) -> BTreeSet<Option<String>> {
    if process.node(node).is_activity() {
        return BTreeSet::from([Some(process.node(node).id.to_string())]);
    }
    reached(process, node, true)
}

/// The nearest activities after (or before) a node, through gateways and events.
fn reached(process: &Process, node: NodeId, forward: bool) -> BTreeSet<Option<String>> {
    let (mut found, mut seen, mut queue) = (BTreeSet::new(), BTreeSet::from([node]), vec![node]);
    while let Some(node) = queue.pop() {
        let node = process.node(node);
        let flows = if forward { &node.outgoing } else { &node.incoming };
        if flows.is_empty() {
            found.insert(None);
        }
        for flow in flows {
            let flow = process.flow(*flow);
            let next = if forward { flow.target } else { flow.source };
            if process.node(next).is_activity() {
                found.insert(Some(process.node(next).id.to_string()));
            } else if seen.insert(next) {
                queue.push(next);
            }
        }
    }
    found
}
