//! Building the graph: first every node gets its number in document order, then nodes, flows and indices are filled.

use super::dialect::{attribute, camunda, others, zeebe};
use super::reader::{Reader, flag, local, text};
use super::shared::Shared;
use super::walk::{Ids, Raw};
use super::{activity, data, form, listener, node};
use crate::{Flow, FlowId, NodeId, NodeKind, Process, Scope, ScopeId, SubProcessKind};
use roxmltree::Node;
use std::collections::HashMap;
use std::sync::Arc;

/// Most sequence flows of one process.
const MAX_FLOWS: usize = 50_000;

/// Reads one process.
pub fn process<'d>(reader: &mut Reader<'d>, shared: &Shared<'d>, element: Node<'d, 'd>) -> Process {
    let mut raw = Raw {
        scopes: vec![Scope::default()],
        ..Raw::default()
    };
    raw.walk(reader, element, 0);
    let mut process = header(reader, element);
    process.executable = flag(element, "isExecutable", true);
    process.data_objects = data::objects(reader, &raw.data);
    for (xml, scope, inner) in &raw.nodes {
        let mut context = node::Context {
            shared,
            ids: &raw.ids,
            data: &process.data_objects,
        };
        let built = node::read(reader, &mut context, *xml, *scope, *inner);
        process.nodes.push(built);
    }
    process.scopes = std::mem::take(&mut raw.scopes);
    flows(reader, &raw, &mut process);
    order_outgoing(reader, &raw, &mut process);
    implied_defaults(reader, &raw, &mut process);
    attach(reader, &raw, &mut process);
    for set in &raw.lane_sets {
        lanes(reader, &raw.ids, *set, None, &mut process);
    }
    index(&mut process);
    process
}

/// Reads a global task as a process of one node.
pub fn global_task<'d>(reader: &mut Reader<'d>, shared: &Shared<'d>, element: Node<'d, 'd>) -> Process {
    let mut process = header(reader, element);
    let ids = Ids::default();
    let mut context = node::Context {
        shared,
        ids: &ids,
        data: &[],
    };
    process.executable = true;
    process.global_task = true;
    process.scopes = vec![Scope::default()];
    process.nodes = vec![node::read(reader, &mut context, element, 0, None)];
    index(&mut process);
    process
}

fn header<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> Process {
    let id = element.attribute("id").unwrap_or_default().to_owned();
    if id.is_empty() {
        let message = format!("a '{}' has no id", element.tag_name().name());
        reader.error(
            element,
            "id-missing",
            message,
            "give it an id: it is the key under which it is deployed",
        );
    }
    Process {
        id,
        name: element
            .attribute("name")
            .filter(|name| !name.is_empty())
            .map(str::to_owned),
        documentation: reader.child_text(element, "documentation"),
        line: reader.line(element),
        hooks: listener::hooks(reader, element),
        version_tag: attribute(zeebe(element, "versionTag"), "value")
            .or_else(|| camunda(element, "versionTag"))
            .map(str::to_owned),
        initiator: reader
            .children_named(element, "startEvent")
            .find_map(|start| camunda(start, "initiator"))
            .map(str::to_owned),
        start_form: form::start(reader, element),
        extensions: others(element),
        ..Process::default()
    }
}

fn flows<'d>(reader: &mut Reader<'d>, raw: &Raw<'d>, process: &mut Process) {
    if raw.flows.len() > MAX_FLOWS {
        let message = format!(
            "the process has {} sequence flows; at most {MAX_FLOWS} are read",
            raw.flows.len()
        );
        reader.error(
            raw.flows[MAX_FLOWS].0,
            "too-many-flows",
            message,
            "split it with call activities",
        );
        return;
    }
    for (element, scope) in &raw.flows {
        let source = end(reader, raw, *element, "sourceRef", *scope);
        let target = end(reader, raw, *element, "targetRef", *scope);
        let condition = match reader.child(*element, "conditionExpression") {
            Some(condition) => {
                let written = text(condition);
                if written.is_empty() {
                    reader.warn(
                        *element,
                        "condition-empty",
                        "the condition is empty and is ignored",
                        "write it in FEEL",
                    );
                }
                reader.condition(*element, condition.attribute("language").unwrap_or_default(), &written)
            }
            None => None,
        };
        let (Some(source), Some(target)) = (source, target) else {
            continue;
        };
        let number = process.flows.len() as FlowId;
        let id = element
            .attribute("id")
            .map_or_else(|| format!("flow-{number}"), str::to_owned);
        process.nodes[source as usize].outgoing.push(number);
        process.nodes[target as usize].incoming.push(number);
        let name = element
            .attribute("name")
            .filter(|name| !name.is_empty())
            .map(str::to_owned);
        process.flows.push(Flow {
            id: id.into(),
            name,
            source,
            target,
            condition,
            hooks: listener::hooks(reader, *element),
            line: reader.line(*element),
        });
    }
}

/// One end of a sequence flow: there, and on the same level.
fn end<'d>(
    reader: &mut Reader<'d>,
    raw: &Raw<'d>,
    element: Node<'d, 'd>,
    attribute: &str,
    scope: ScopeId,
) -> Option<NodeId> {
    let Some(reference) = element.attribute(attribute).filter(|value| !value.trim().is_empty()) else {
        let message = format!("the sequence flow has no {attribute}");
        reader.error(element, "flow-dangling", message, "connect both its ends, or remove it");
        return None;
    };
    let Some(id) = raw.ids.get(reference) else {
        let message = format!("{attribute} '{reference}' is not a flow node of this process");
        reader.error(
            element,
            "flow-dangling",
            message,
            "connect the flow to an existing element, or remove it",
        );
        return None;
    };
    if raw.nodes[id as usize].1 != scope {
        let message = format!("{attribute} '{reference}' lies in another sub-process");
        let remedy = "a sequence flow stays on one level: end the sub-process and go on from its border";
        reader.error(element, "flow-crosses-scope", message, remedy);
        return None;
    }
    Some(id)
}

/// `outgoing` children give the order in which branches are taken, and `default` names one of them.
fn order_outgoing<'d>(reader: &mut Reader<'d>, raw: &Raw<'d>, process: &mut Process) {
    let by_id: HashMap<Arc<str>, FlowId> = process
        .flows
        .iter()
        .enumerate()
        .map(|(number, flow)| (flow.id.clone(), number as FlowId))
        .collect();
    for (number, (element, ..)) in raw.nodes.iter().enumerate() {
        let listed: Vec<FlowId> = reader
            .children_named(*element, "outgoing")
            .filter_map(|child| {
                by_id
                    .get(local(&text(child)))
                    .or_else(|| by_id.get(text(child).as_str()))
                    .copied()
            })
            .collect();
        let node = &mut process.nodes[number];
        let place = |flow: &FlowId| listed.iter().position(|other| other == flow).unwrap_or(usize::MAX);
        node.outgoing.sort_by_key(place);
        let Some(reference) = element.attribute("default").filter(|value| !value.trim().is_empty()) else {
            continue;
        };
        node.default = by_id.get(reference).or_else(|| by_id.get(local(reference))).copied();
        if !node.default.is_some_and(|flow| node.outgoing.contains(&flow)) {
            node.default = None;
            let message = format!("the default flow '{reference}' does not leave this element");
            reader.error(
                *element,
                "default-unknown",
                message,
                "choose one of its outgoing flows as the default",
            );
        }
    }
}

/// An exclusive gateway's only flow without a condition is taken when no other is, as in Camunda 7.
fn implied_defaults<'d>(reader: &mut Reader<'d>, raw: &Raw<'d>, process: &mut Process) {
    for number in 0..process.nodes.len() {
        let node = &process.nodes[number];
        if !matches!(node.kind, NodeKind::Exclusive) || node.default.is_some() || node.outgoing.len() < 2 {
            continue;
        }
        let open = |flow: &&FlowId| process.flows[**flow as usize].condition.is_none();
        let mut without = node.outgoing.iter().filter(open);
        if let (Some(flow), None) = (without.next().copied(), without.next()) {
            let message = format!(
                "the flow '{}' has no condition: it is taken as the default",
                process.flows[flow as usize].id
            );
            reader.warn(
                raw.nodes[number].0,
                "default-implied",
                message,
                "make it the default flow",
            );
            process.nodes[number].default = Some(flow);
        }
    }
}

/// Boundary events to their hosts, compensation handlers to their activities.
fn attach<'d>(reader: &mut Reader<'d>, raw: &Raw<'d>, process: &mut Process) {
    for number in 0..process.nodes.len() {
        if let NodeKind::Boundary { host, .. } = process.nodes[number].kind
            && host != NodeId::MAX
        {
            process.nodes[host as usize].boundary.push(number as NodeId);
        }
    }
    for element in &raw.associations {
        let ends = (element.attribute("sourceRef"), element.attribute("targetRef"));
        let (Some(source), Some(target)) = (
            ends.0.and_then(|id| raw.ids.get(id)),
            ends.1.and_then(|id| raw.ids.get(id)),
        ) else {
            continue;
        };
        activity::attach_handler(reader, *element, process, source, target);
    }
}

fn lanes<'d>(reader: &mut Reader<'d>, ids: &Ids<'d>, set: Node<'d, 'd>, parent: Option<u32>, process: &mut Process) {
    for element in reader.children_named(set, "lane").collect::<Vec<_>>() {
        let id = element.attribute("id").unwrap_or_default().to_owned();
        let name = element
            .attribute("name")
            .filter(|name| !name.trim().is_empty())
            .unwrap_or(&id)
            .to_owned();
        let number = process.lanes.len() as u32;
        process.lanes.push(crate::Lane {
            id,
            name,
            parent,
            extensions: others(element),
        });
        for reference in reader.children_named(element, "flowNodeRef").collect::<Vec<_>>() {
            match ids.get(&text(reference)) {
                // an inner lane comes later and wins over the outer one
                Some(node) => process.nodes[node as usize].lane = Some(number),
                None => {
                    let message = format!(
                        "the lane names '{}', which is not a flow node of this process",
                        text(reference)
                    );
                    reader.warn(element, "reference-unknown", message, "remove the reference");
                }
            }
        }
        for inner in reader.children_named(element, "childLaneSet").collect::<Vec<_>>() {
            lanes(reader, ids, inner, Some(number), process);
        }
    }
}

/// Start nodes and event sub-processes of each scope, lanes of inner nodes, and the id index.
fn index(process: &mut Process) {
    for number in 0..process.nodes.len() {
        let node = &process.nodes[number];
        let scope = node.scope as usize;
        if node.event_sub_process().is_some() {
            process.scopes[scope].event_subs.push(number as NodeId);
        }
        if node.lane.is_none()
            && let Some(outer) = process.scopes[scope].node
        {
            process.nodes[number].lane = process.nodes[outer as usize].lane;
        }
        process
            .node_index
            .insert(process.nodes[number].id.clone(), number as NodeId);
    }
    for scope in 0..process.scopes.len() {
        process.scopes[scope].starts = starts(process, scope as ScopeId);
    }
}

fn starts(process: &Process, scope: ScopeId) -> Vec<NodeId> {
    let in_event_sub = process.scopes[scope as usize]
        .node
        .is_some_and(|node| process.nodes[node as usize].event_sub_process().is_some());
    let inside = || {
        process
            .nodes
            .iter()
            .enumerate()
            .filter(move |(_, node)| node.scope == scope)
    };
    let number = |(number, _): (usize, _)| number as NodeId;
    let is_start = |node: &crate::Node| match &node.kind {
        NodeKind::Start(catch) => in_event_sub || catch.definitions.is_empty(),
        _ => false,
    };
    if inside().any(|(_, node)| matches!(node.kind, NodeKind::Start(_))) {
        return inside().filter(|(_, node)| is_start(node)).map(number).collect();
    }
    let free = |node: &crate::Node| {
        node.incoming.is_empty()
            && !node.for_compensation
            && !matches!(node.kind, NodeKind::Boundary { .. })
            && !matches!(
                node.kind,
                NodeKind::SubProcess {
                    kind: SubProcessKind::Event(_),
                    ..
                }
            )
            && !matches!(node.kind, NodeKind::ReceiveTask { instantiate: true, .. })
            && !matches!(node.kind, NodeKind::EventBased { instantiate: true, .. })
            && !super::lint_events::is_link_catch(node)
    };
    inside().filter(|(_, node)| free(node)).map(number).collect()
}
