//! A BPMN process as a Petri net, for token replay.
//!
//! A sequence flow is a place, a task a transition with a label, everything else silent transitions. Exact for tasks,
//! events in sequence, exclusive, parallel and event-based gateways, embedded sub-processes, boundary events (what an
//! interrupting one clears is a reset), link events, and calls of processes named in the model (their net is put in the
//! place of the call). What a plain net cannot say is approximated so that it allows more, never less, and is listed in
//! [`BpmnNet::approximated`].

use crate::registry::Registry;
use bpmn::{EventDefinition, Loop, Node, NodeId, NodeKind, Process, ScopeId, SubProcessKind, Text};
use engine::Models;
use mining::petri::{Marking, Net, Place, Transition};
use std::collections::HashMap;
use std::sync::Arc;

/// How deep calls are followed.
const MAX_CALLS: usize = 5;
/// Most places: the ways between any two are laid out beforehand.
const MAX_PLACES: usize = 600;
/// Most transitions.
const MAX_TRANSITIONS: usize = 5_000;
/// Most branches of an inclusive gateway of which every combination is a transition.
const MAX_BRANCHES: usize = 4;

/// An element of which the net allows more than the process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Approximated {
    pub element: String,
    pub why: &'static str,
}

/// A net with what it does not say exactly.
#[derive(Debug, Default)]
pub(crate) struct BpmnNet {
    pub net: Net,
    pub approximated: Vec<Approximated>,
}

/// The net of a process; `None` when it is too large.
pub(crate) fn net_of(registry: &Registry, process: &Arc<Process>) -> Option<BpmnNet> {
    let mut build = Build {
        registry,
        made: BpmnNet::default(),
        silent: 0,
    };
    let (source, sink) = (build.place("source"), build.place("sink"));
    build.process(process, "", source, sink, 0);
    if build.made.net.places.len() > MAX_PLACES || build.made.net.transitions.len() > MAX_TRANSITIONS {
        return None;
    }
    build.made.net.initial = Marking::of([source]);
    build.made.net.last = Marking::of([sink]);
    // A process is over when its last token is, by whatever ends they came.
    build.made.net.forgiven.insert(sink);
    Some(build.made)
}

struct Build<'a> {
    registry: &'a Registry,
    made: BpmnNet,
    silent: usize,
}

/// One process (the one asked for, or one it calls) on its way into the net.
struct Part<'p> {
    process: &'p Arc<Process>,
    /// Before the element ids: empty for the process asked for, `process/` for called ones.
    prefix: String,
    flows: Vec<Place>,
    entries: HashMap<NodeId, Place>,
    calls: usize,
}

impl Build<'_> {
    fn place(&mut self, name: impl Into<String>) -> Place {
        self.made.net.place(name)
    }

    fn silent(&mut self, inputs: Vec<Place>, outputs: Vec<Place>) {
        self.interrupting(inputs, outputs, &[]);
    }

    /// A silent transition that empties places.
    fn interrupting(&mut self, inputs: Vec<Place>, outputs: Vec<Place>, resets: &[Place]) {
        self.silent += 1;
        let name = format!("tau_{}", self.silent);
        self.transition(name, None, inputs, outputs);
        if let Some(last) = self.made.net.transitions.last_mut() {
            last.resets = resets.to_vec();
        }
    }

    fn transition(&mut self, name: String, label: Option<Arc<str>>, inputs: Vec<Place>, outputs: Vec<Place>) {
        if self.made.net.transitions.len() <= MAX_TRANSITIONS {
            self.made.net.transitions.push(Transition {
                name,
                label,
                inputs,
                outputs,
                resets: Vec::new(),
            });
        }
    }

    fn approximate(&mut self, part: &Part<'_>, node: &Node, why: &'static str) {
        self.made.approximated.push(Approximated {
            element: format!("{}{}", part.prefix, node.id),
            why,
        });
    }

    fn process(&mut self, process: &Arc<Process>, prefix: &str, source: Place, sink: Place, calls: usize) {
        let first = self.made.net.places.len();
        let flows = process.flows.iter().map(|flow| format!("{prefix}{}", flow.id));
        let flows: Vec<Place> = flows.map(|name| self.made.net.place(name)).collect();
        let mut part = Part {
            process,
            prefix: prefix.to_owned(),
            flows,
            entries: HashMap::new(),
            calls,
        };
        for (id, node) in process.nodes.iter().enumerate() {
            let entry = match node.incoming.as_slice() {
                [flow] => part.flows[*flow as usize],
                _ => self.place(format!("{prefix}{} in", node.id)),
            };
            part.entries.insert(id as NodeId, entry);
        }
        self.scope(&part, 0, source, sink);
        let terminates = |node: &Node| match &node.kind {
            NodeKind::End(definitions) => definitions.iter().any(ends_all),
            _ => false,
        };
        if process.nodes.iter().any(terminates) {
            self.made.net.forgiven.extend(first..self.made.net.places.len());
        }
    }

    /// The nodes of a level, from its `source` to its `sink`.
    fn scope(&mut self, part: &Part<'_>, level: ScopeId, source: Place, sink: Place) {
        let process = part.process;
        self.starts(part, level, source);
        for (id, node) in process.nodes.iter().enumerate() {
            if node.scope != level {
                continue;
            }
            let id = id as NodeId;
            let undone = node.for_compensation;
            let event_sub = matches!(
                &node.kind,
                NodeKind::SubProcess {
                    kind: SubProcessKind::Event(_),
                    ..
                }
            );
            if undone || event_sub {
                let why = if undone { "compensation" } else { "event-sub-process" };
                self.approximate(part, node, why);
                self.free(part, id);
                if event_sub {
                    // One that interrupts ends the level in its place.
                    self.silent(vec![], vec![sink]);
                    let level: Vec<Place> = (0..self.made.net.places.len()).collect();
                    self.made.net.forgiven.extend(level);
                }
                continue;
            }
            self.node(part, id, sink);
        }
    }

    fn starts(&mut self, part: &Part<'_>, level: ScopeId, source: Place) {
        let process = part.process;
        let together: Vec<Place> = process.scope(level).starts.iter().map(|id| part.entries[id]).collect();
        if !together.is_empty() {
            self.silent(vec![source], together);
        }
        let listed = |id: NodeId| process.scope(level).starts.contains(&id);
        for (id, node) in process.nodes.iter().enumerate() {
            let id = id as NodeId;
            let instantiates = match &node.kind {
                NodeKind::Start(_) => true,
                NodeKind::ReceiveTask { instantiate, .. } | NodeKind::EventBased { instantiate, .. } => *instantiate,
                _ => false,
            };
            if node.scope == level && instantiates && !listed(id) {
                self.silent(vec![source], vec![part.entries[&id]]);
            }
        }
    }

    /// Work that may happen at any time, any number of times: transitions without places.
    fn free(&mut self, part: &Part<'_>, id: NodeId) {
        let node = part.process.node(id);
        if node.kind.is_task() {
            let label: Arc<str> = format!("{}{}", part.prefix, node.id).into();
            self.transition(label.to_string(), Some(label), Vec::new(), Vec::new());
        }
        if let NodeKind::SubProcess { scope, .. } = &node.kind {
            let nodes = part.process.nodes.iter().enumerate();
            for (inner, _) in nodes.filter(|(_, node)| node.scope == *scope) {
                self.free(part, inner as NodeId);
            }
        }
    }

    fn node(&mut self, part: &Part<'_>, id: NodeId, sink: Place) {
        let node = part.process.node(id);
        let entry = part.entries[&id];
        let joins = matches!(
            node.kind,
            NodeKind::Parallel | NodeKind::Inclusive | NodeKind::Complex { .. }
        );
        if node.incoming.len() > 1 && !joins {
            for flow in &node.incoming {
                self.silent(vec![part.flows[*flow as usize]], vec![entry]);
            }
        }
        let outs: Vec<Place> = node.outgoing.iter().map(|flow| part.flows[*flow as usize]).collect();
        let outs = if outs.is_empty() { vec![sink] } else { outs };
        match &node.kind {
            NodeKind::Exclusive | NodeKind::EventBased { .. } => {
                outs.into_iter().for_each(|out| self.silent(vec![entry], vec![out]));
            }
            NodeKind::Parallel => {
                let ins = self.ins(part, node, entry);
                self.silent(ins, outs);
            }
            NodeKind::Inclusive | NodeKind::Complex { .. } => {
                self.approximate(part, node, "inclusive");
                let ins = self.ins(part, node, entry);
                let middle = self.place(format!("{}{} or", part.prefix, node.id));
                subsets(&ins)
                    .into_iter()
                    .for_each(|some| self.silent(some, vec![middle]));
                subsets(&outs)
                    .into_iter()
                    .for_each(|some| self.silent(vec![middle], some));
            }
            NodeKind::ThrowEvent(definitions) | NodeKind::End(definitions) => {
                self.thrown(part, node, definitions, entry, outs)
            }
            NodeKind::Start(_) | NodeKind::CatchEvent(_) => self.leave(part, node, entry, outs),
            NodeKind::Boundary { .. } => self.leave(part, node, entry, outs),
            _ => self.activity(part, id, entry, outs),
        }
    }

    fn ins(&mut self, part: &Part<'_>, node: &Node, entry: Place) -> Vec<Place> {
        if node.incoming.is_empty() {
            return vec![entry];
        }
        node.incoming.iter().map(|flow| part.flows[*flow as usize]).collect()
    }

    /// A link goes on at its catch; everything else by its flows.
    fn thrown(
        &mut self,
        part: &Part<'_>,
        node: &Node,
        definitions: &[EventDefinition],
        entry: Place,
        outs: Vec<Place>,
    ) {
        let link = definitions.iter().find_map(|definition| match definition {
            EventDefinition::Link(name) => Some(name),
            ending if ends_all(ending) => {
                self.made.approximated.push(Approximated {
                    element: format!("{}{}", part.prefix, node.id),
                    why: "terminate",
                });
                None
            }
            _ => None,
        });
        let caught = link.and_then(|name| {
            let catches = |other: &Node| match &other.kind {
                NodeKind::CatchEvent(catch) => {
                    let link = |definition: &EventDefinition| matches!(definition, EventDefinition::Link(caught) if caught == name);
                    other.scope == node.scope && catch.definitions.iter().any(link)
                }
                _ => false,
            };
            part.process.nodes.iter().position(catches)
        });
        match caught {
            Some(catch) => self.silent(vec![entry], vec![part.entries[&(catch as NodeId)]]),
            None => self.leave(part, node, entry, outs),
        }
    }

    /// All flows without conditions; with conditions, any combination.
    fn leave(&mut self, part: &Part<'_>, node: &Node, from: Place, outs: Vec<Place>) {
        if self.conditional(part, node) {
            subsets(&outs)
                .into_iter()
                .for_each(|some| self.silent(vec![from], some));
        } else {
            self.silent(vec![from], outs);
        }
    }

    fn conditional(&self, part: &Part<'_>, node: &Node) -> bool {
        node.outgoing.len() > 1
            && node
                .outgoing
                .iter()
                .any(|flow| part.process.flow(*flow).condition.is_some())
    }

    fn activity(&mut self, part: &Part<'_>, id: NodeId, entry: Place, outs: Vec<Place>) {
        let node = part.process.node(id);
        let plain = node.boundary.is_empty() && node.repeat.is_none() && !self.conditional(part, node);
        if node.kind.is_task() && plain {
            let label: Arc<str> = format!("{}{}", part.prefix, node.id).into();
            return self.transition(label.to_string(), Some(label), vec![entry], outs);
        }
        let name = format!("{}{}", part.prefix, node.id);
        let (running, done) = (self.place(format!("{name} on")), self.place(format!("{name} off")));
        // As long as the activity lasts: what interrupts it takes this token, and clears what is inside.
        let alive = self.place(format!("{name} alive"));
        self.silent(vec![entry], vec![running, alive]);
        let first = self.made.net.places.len();
        match &node.repeat {
            None => self.inside(part, id, running, done),
            Some(repeat) => {
                self.approximate(part, node, "loop");
                // Rounds in any number; those of a parallel loop at the same time.
                let (begin, end) = (
                    self.place(format!("{name} round")),
                    self.place(format!("{name} rounded")),
                );
                let keep = matches!(repeat, Loop::Multi(multi) if !multi.sequential);
                self.silent(vec![running], if keep { vec![running, begin] } else { vec![begin] });
                self.silent(if keep { vec![running, end] } else { vec![end] }, vec![running]);
                self.inside(part, id, begin, end);
                self.silent(vec![running], vec![done]);
            }
        }
        let mut inner: Vec<Place> = (first..self.made.net.places.len()).collect();
        inner.extend(places_inside(part, id));
        inner.extend([running, done]);
        let left = self.place(format!("{name} left"));
        self.silent(vec![done, alive], vec![left]);
        self.leave(part, node, left, outs);
        // Of several ends inside, the net lets the first one end it all: the others' tokens say nothing.
        self.made.net.forgiven.extend([done]);
        self.boundaries(part, id, alive, &inner);
    }

    /// What happens inside one round of an activity.
    fn inside(&mut self, part: &Part<'_>, id: NodeId, from: Place, to: Place) {
        let node = part.process.node(id);
        match &node.kind {
            NodeKind::SubProcess {
                kind: SubProcessKind::AdHoc(_),
                ..
            } => {
                self.approximate(part, node, "ad-hoc");
                self.free(part, id);
                self.silent(vec![from], vec![to]);
            }
            NodeKind::SubProcess { scope, .. } => self.scope(part, *scope, from, to),
            NodeKind::Call { process, .. } => self.call(part, node, process, from, to),
            _ => {
                let label: Arc<str> = format!("{}{}", part.prefix, node.id).into();
                self.transition(label.to_string(), Some(label), vec![from], vec![to]);
            }
        }
    }

    fn call(&mut self, part: &Part<'_>, node: &Node, called: &Text, from: Place, to: Place) {
        let Text::Literal(called) = called else {
            self.approximate(part, node, "called-by-expression");
            return self.silent(vec![from], vec![to]);
        };
        let known = self.registry.latest(called).and_then(|key| self.registry.by_key(&key));
        match known.filter(|_| part.calls < MAX_CALLS && self.made.net.places.len() < MAX_PLACES) {
            Some(process) => self.process(&process, &format!("{called}/"), from, to, part.calls + 1),
            None => {
                self.approximate(part, node, "called-unknown");
                self.silent(vec![from], vec![to]);
            }
        }
    }

    /// Boundary events: an interrupting one ends what is `inner` with the activity, another one leaves it.
    fn boundaries(&mut self, part: &Part<'_>, id: NodeId, alive: Place, inner: &[Place]) {
        let node = part.process.node(id);
        for boundary in &node.boundary {
            let event = part.process.node(*boundary);
            let NodeKind::Boundary { catch, .. } = &event.kind else {
                continue;
            };
            let compensates = |definition: &EventDefinition| matches!(definition, EventDefinition::Compensation { .. });
            if catch.definitions.iter().any(compensates) {
                continue;
            }
            let entry = part.entries[boundary];
            if catch.interrupting {
                self.interrupting(vec![alive], vec![entry], inner);
            } else {
                self.silent(vec![alive], vec![alive, entry]);
            }
        }
    }
}

/// Flows and entries of the levels inside a sub-process.
fn places_inside(part: &Part<'_>, id: NodeId) -> Vec<Place> {
    let NodeKind::SubProcess { scope, .. } = &part.process.node(id).kind else {
        return Vec::new();
    };
    let within = |mut level: ScopeId| loop {
        if level == *scope {
            break true;
        }
        match part.process.scope(level).parent {
            Some(parent) => level = parent,
            None => break false,
        }
    };
    let nodes = part.process.nodes.iter().enumerate();
    let inner: Vec<(usize, &Node)> = nodes.filter(|(_, node)| within(node.scope)).collect();
    let flows = inner
        .iter()
        .flat_map(|(_, node)| node.outgoing.iter().map(|flow| part.flows[*flow as usize]));
    let entries = inner.iter().map(|(number, _)| part.entries[&(*number as NodeId)]);
    let mut places: Vec<Place> = flows.chain(entries).collect();
    places.sort_unstable();
    places.dedup();
    places
}

fn ends_all(definition: &EventDefinition) -> bool {
    matches!(definition, EventDefinition::Terminate | EventDefinition::Cancel)
}

/// Every combination of some places; of many, each alone and all together.
fn subsets(places: &[Place]) -> Vec<Vec<Place>> {
    if places.len() > MAX_BRANCHES {
        let alone = places.iter().map(|place| vec![*place]);
        return alone.chain([places.to_vec()]).collect();
    }
    (1_usize..1 << places.len())
        .map(|some| {
            let chosen = places.iter().enumerate().filter(|(at, _)| some & (1 << at) != 0);
            chosen.map(|(_, place)| *place).collect()
        })
        .collect()
}
