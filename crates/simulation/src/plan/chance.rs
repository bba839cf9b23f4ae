//! Branching by given probabilities.

use super::Plan;
use crate::choices::MARK;
use crate::random::hash;
use crate::read::Problems;
use bpmn::{Expression, NodeKind, Process};
use std::collections::BTreeMap;

impl Plan {
    /// Puts chance in the place of the conditions of the flows for which the scenario gives probabilities.
    pub(super) fn leave_to_chance(&mut self, process: &mut Process, problems: &mut Problems) {
        let mut given: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (place, flow) in process.flows.iter().enumerate() {
            if self.scenario.flows.contains_key(&*flow.id) {
                given.entry(flow.source).or_default().push(place as u32);
            }
        }
        for (node, flows) in given {
            let kind = &process.node(node).kind;
            let field = format!("flows.{}", process.flow(flows[0]).id);
            match kind {
                NodeKind::Exclusive => self.exclusive(process, node, &field, problems),
                NodeKind::Inclusive | NodeKind::Complex { .. } => {
                    self.inclusive(process, node, &flows, &field, problems)
                }
                _ if process.node(node).is_activity() && process.node(node).outgoing.len() > 1 => {
                    self.inclusive(process, node, &flows, &field, problems);
                }
                _ => {
                    let id = &process.node(node).id;
                    let message = format!("nothing is chosen at '{id}'");
                    let remedy = "probabilities belong to the flows out of exclusive and inclusive gateways; \
                                  an event-based gateway goes by the 'waiting' of its events";
                    problems.tell(field, message, remedy);
                }
            }
        }
    }

    fn mark(&mut self, process: &mut Process, flow: u32, probability: f64) {
        let id = process.flow(flow).id.clone();
        let number = self.chances.len();
        let place = (self.elements.len() + self.flow_index[&id] as usize) as u32;
        self.chances.push((place, hash(&id), probability));
        let text = if probability >= 1.0 {
            "true".to_owned()
        } else {
            format!("{MARK}{number}")
        };
        process.flows[flow as usize].condition = Some(Expression(text));
    }

    /// Flows without a probability share what is left in equal parts.
    fn exclusive(&mut self, process: &mut Process, node: u32, field: &str, problems: &mut Problems) {
        let outgoing = process.node(node).outgoing.clone();
        let given: Vec<Option<f64>> = outgoing
            .iter()
            .map(|flow| self.scenario.flows.get(&*process.flow(*flow).id).copied())
            .collect();
        let sum: f64 = given.iter().flatten().sum();
        let open = given.iter().filter(|probability| probability.is_none()).count();
        let id = process.node(node).id.clone();
        if sum > 1.001 || (open == 0 && sum < 0.999) {
            let message = format!("the probabilities of the flows out of '{id}' add up to {sum}");
            problems.tell(
                field,
                message,
                "make them 1 together, or leave flows out that get the rest",
            );
            return;
        }
        let rest = (1.0 - sum).max(0.0) / open.max(1) as f64;
        let shares: Vec<f64> = given.iter().map(|probability| probability.unwrap_or(rest)).collect();
        let last = shares.iter().rposition(|share| *share > 0.0).unwrap_or(0);
        let mut left = 1.0;
        for (place, (flow, share)) in outgoing.into_iter().zip(shares).enumerate() {
            let chance = if place == last {
                1.0
            } else {
                (share / left).clamp(0.0, 1.0)
            };
            self.mark(process, flow, chance);
            left = (left - share).max(1e-12);
        }
        process.nodes[node as usize].default = None;
    }

    /// Each flow for itself; one of them must be sure to be taken, or a default must be there.
    fn inclusive(&mut self, process: &mut Process, node: u32, flows: &[u32], field: &str, problems: &mut Problems) {
        let default = process.node(node).default;
        let probability = |flow: &u32, plan: &Self| plan.scenario.flows[&*process.flow(*flow).id];
        let sure = flows.iter().any(|flow| probability(flow, self) >= 1.0);
        if let Some(default) = default.filter(|default| flows.contains(default)) {
            let id = &process.flow(default).id;
            let message = format!("'{id}' is the default flow, taken when no other is");
            problems.tell(format!("flows.{id}"), message, "leave it out");
            return;
        }
        let all = process.node(node).outgoing.len() == flows.len();
        if default.is_none() && !sure && all {
            let id = &process.node(node).id;
            let message = format!("it may be that no flow out of '{id}' is taken");
            problems.tell(
                field,
                message,
                "give one of them probability 1, or the model a default flow",
            );
            return;
        }
        for flow in flows {
            let chance = self.scenario.flows[&*process.flow(*flow).id];
            self.mark(process, *flow, chance);
        }
    }
}
