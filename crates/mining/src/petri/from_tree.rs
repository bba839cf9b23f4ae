//! The Petri net of a process tree: as pm4py builds it, down to the names, because replay goes through silent
//! transitions in the order of names.

use super::{Marking, Net, Place, Transition, reduce};
use crate::discovery::{Operator, ProcessTree};

/// The accepting net of a tree: a token in `source` at the start, one in `sink` at the end.
#[must_use]
pub fn net_of(tree: &ProcessTree) -> Net {
    let mut build = Build::default();
    let (source, sink) = (build.new_place(), build.new_place());
    build.net.places[source] = "source".into();
    build.net.places[sink] = "sink".into();
    let mut first = source;
    if needs_start(tree) {
        first = build.new_place();
        build.hidden("tau", vec![source], vec![first]);
    }
    let mut last = sink;
    if needs_end(tree) {
        last = build.new_place();
        build.hidden("tau", vec![last], vec![sink]);
    }
    build.add(tree, first, last);
    let mut net = build.net;
    (net.initial, net.last) = (Marking::of([source]), Marking::of([sink]));
    reduce::simple(&mut net);
    net
}

#[derive(Default)]
struct Build {
    net: Net,
    hidden: usize,
}

impl Build {
    fn new_place(&mut self) -> Place {
        let number = self.net.places.len() + 1;
        self.net.place(format!("p_{number}"))
    }

    fn hidden(&mut self, kind: &str, inputs: Vec<Place>, outputs: Vec<Place>) -> usize {
        self.hidden += 1;
        let name = format!("{kind}_{}", self.hidden);
        self.net.transitions.push(Transition {
            name,
            label: None,
            inputs,
            outputs,
            resets: Vec::new(),
        });
        self.net.transitions.len() - 1
    }

    fn add(&mut self, tree: &ProcessTree, first: Place, last: Place) {
        match tree {
            ProcessTree::Silent => {
                self.hidden("skip", vec![first], vec![last]);
            }
            ProcessTree::Activity(label) => {
                let name = format!("activity_{}", self.net.transitions.len());
                let (inputs, outputs) = (vec![first], vec![last]);
                self.net.transitions.push(Transition {
                    name,
                    label: Some(label.clone()),
                    inputs,
                    outputs,
                    resets: Vec::new(),
                });
            }
            ProcessTree::Node(Operator::Choice, parts) => parts.iter().for_each(|part| self.add(part, first, last)),
            ProcessTree::Node(Operator::Sequence, parts) => {
                let mut from = first;
                for (index, part) in parts.iter().enumerate() {
                    let to = if index + 1 == parts.len() {
                        last
                    } else {
                        self.new_place()
                    };
                    self.add(part, from, to);
                    from = to;
                }
            }
            ProcessTree::Node(Operator::Parallel, parts) => {
                let split = self.hidden("tauSplit", vec![first], vec![]);
                let join = self.hidden("tauJoin", vec![], vec![last]);
                for part in parts {
                    let (from, to) = (self.new_place(), self.new_place());
                    self.net.transitions[split].outputs.push(from);
                    self.net.transitions[join].inputs.push(to);
                    self.add(part, from, to);
                }
            }
            ProcessTree::Node(Operator::Loop, parts) => self.add_loop(parts, first, last),
        }
    }

    fn add_loop(&mut self, parts: &[ProcessTree], first: Place, last: Place) {
        let start = self.new_place();
        self.hidden("init_loop", vec![first], vec![start]);
        let back = self.hidden("loop", vec![], vec![start]);
        let done = self.new_place();
        self.add(&parts[0], start, done);
        let again = self.new_place();
        parts[1..].iter().for_each(|part| self.add(part, done, again));
        self.add(&ProcessTree::Silent, done, last);
        self.net.transitions[back].inputs.push(again);
    }
}

fn is_loop(tree: &ProcessTree) -> bool {
    tree.operator() == Some(Operator::Loop)
}

/// Whether the first, or last, part of a tree, or of that part and so on, is a loop.
fn loops(tree: &ProcessTree, side: fn(&[ProcessTree]) -> Option<&ProcessTree>) -> bool {
    side(tree.children()).is_some_and(|part| is_loop(part) || loops(part, side))
}

fn branches(tree: &ProcessTree) -> bool {
    matches!(
        tree.operator(),
        Some(Operator::Choice | Operator::Parallel | Operator::Loop)
    )
}

fn needs_start(tree: &ProcessTree) -> bool {
    let first_ends_in_loop = tree.children().first().is_some_and(|part| loops(part, <[_]>::last));
    branches(tree) || loops(tree, <[_]>::first) || first_ends_in_loop
}

fn needs_end(tree: &ProcessTree) -> bool {
    branches(tree) || loops(tree, <[_]>::last)
}
