//! Graphs on one level against the definition of the inclusive join, token by token.

use super::case::of_seed;
use super::graph::{Graph, Kind, graph};
use super::world::World;
use crate::judge::{Marking, Net};
use engine::{Command, StartBy, Variables};
use proptest::prelude::*;
use std::fmt::Write;
use std::sync::Arc;

/// A graph and in which order its tasks are done.
#[derive(Debug, Clone)]
pub struct FlatCase {
    /// The graph.
    pub graph: Graph,
    /// Bits of the variables at first, then which task and with which bits.
    pub order: Vec<(u8, u8)>,
}

/// Random cases.
pub fn flat_case() -> impl Strategy<Value = FlatCase> {
    (graph(9), prop::collection::vec(any::<(u8, u8)>(), 1..24)).prop_map(|(graph, order)| FlatCase { graph, order })
}

fn xml(graph: &Graph) -> String {
    let mut xml = String::from(
        r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d"><process id="p" isExecutable="true"><startEvent id="s"/><sequenceFlow id="s--n0" sourceRef="s" targetRef="n0"/><endEvent id="e"/>"#,
    );
    for (number, kind) in graph.nodes.iter().enumerate() {
        let mut out = graph.out(number);
        let default = match (out.next(), out.next()) {
            (Some(first), Some(_)) => format!(r#" default="n{number}--n{}""#, first.to),
            _ => String::new(),
        };
        let _ = match kind {
            Kind::Task => write!(xml, r#"<userTask id="n{number}"/>"#),
            Kind::Pass => write!(xml, r#"<task id="n{number}"/>"#),
            Kind::Exclusive => write!(xml, r#"<exclusiveGateway id="n{number}"{default}/>"#),
            Kind::Parallel => write!(xml, r#"<parallelGateway id="n{number}"/>"#),
            Kind::Inclusive => write!(xml, r#"<inclusiveGateway id="n{number}"{default}/>"#),
        };
        if graph.out(number).next().is_none() {
            let _ = write!(
                xml,
                r#"<sequenceFlow id="n{number}--e" sourceRef="n{number}" targetRef="e"/>"#
            );
        }
    }
    for edge in &graph.edges {
        let (from, to) = (edge.from, edge.to);
        let condition = if graph.conditional(edge) {
            format!("<conditionExpression>=c{}</conditionExpression>", edge.condition)
        } else {
            String::new()
        };
        let _ = write!(
            xml,
            r#"<sequenceFlow id="n{from}--n{to}" sourceRef="n{from}" targetRef="n{to}">{condition}</sequenceFlow>"#
        );
    }
    xml + "</process></definitions>"
}

fn variables(bits: u8) -> Variables {
    (0..4).map(|n| (format!("c{n}"), (bits >> n & 1 == 1).into())).collect()
}

/// Runs a case: every inclusive join that fired was to fire, none waits that was to.
///
/// # Errors
/// Where the engine and the definition differ, with the model.
pub fn check_flat(case: &FlatCase, evaluator: &Arc<dmn::Feel>) -> Result<(), String> {
    let text = xml(&case.graph);
    let mut world = World::of_xml(&text, evaluator)?;
    let net = Net::of(&case.graph);
    let mut marking = Marking::default();
    let mut command = Command::Start {
        by: StartBy::None,
        variables: variables(case.order[0].1),
    };
    let mut told = 0;
    for (which, bits) in &case.order {
        world.run(command.clone()).map_err(|error| format!("{error}\n{text}"))?;
        // a graph in which tokens multiply for ever stops with an incident
        if !world.state.incidents().is_empty() {
            return Ok(());
        }
        let followed = marking
            .follow(&net, &world.events[told..])
            .and_then(|()| marking.at_rest(&net));
        followed.map_err(|error| format!("{error}\n{:?}\n{text}", &world.events[told..]))?;
        told = world.events.len();
        let tasks = world.state.tasks();
        if tasks.is_empty() {
            return Ok(());
        }
        command = Command::CompleteTask {
            task: tasks[usize::from(*which) % tasks.len()].clone(),
            variables: variables(*bits),
        };
    }
    Ok(())
}

/// Runs many cases of a seed; stops at the first that fails, and makes it small.
///
/// # Errors
/// The smallest failing case found.
pub fn flat_campaign(cases: u32, seed: u64) -> Result<(), String> {
    let evaluator = Arc::new(dmn::Feel::new());
    of_seed(cases, seed, flat_case, |case| check_flat(case, &evaluator))
}
