//! A plan for moving instances between two versions, proposed from the models alone.

use bpmn::{Node, Process};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::mem::discriminant;

/// What becomes of the elements of a model in another one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Elements that have another id in the target, guessed by kind and name; all others keep theirs.
    pub mapping: BTreeMap<String, String>,
    /// Elements without a counterpart: an instance that stands at one cannot be moved.
    pub unmapped: Vec<Unmapped>,
    /// Elements of the target that the source has not.
    pub added: Vec<String>,
}

/// An element without a counterpart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unmapped {
    /// Element id.
    pub element: String,
    /// Its name.
    pub name: String,
    /// BPMN local name.
    pub kind: String,
    /// Why it has none.
    pub why: String,
}

/// Proposes a plan: the same id and kind; else the only element of the same kind and name that is not taken; else
/// nothing, for a person to decide.
pub fn propose(source: &Process, target: &Process) -> Plan {
    let mut plan = Plan::default();
    let stays = |node: &Node| target.node_by_id(&node.id).is_some_and(|other| alike(node, other));
    let taken = |id: &str| source.node_by_id(id).is_some_and(stays);
    for node in source.nodes.iter().filter(|node| !stays(node)) {
        let same_name = |other: &&Node| !node.name.is_empty() && other.name == node.name && alike(node, other);
        let free = |other: &&Node| !taken(&other.id) && !plan.mapping.values().any(|used| **used == *other.id);
        let candidates: Vec<&Node> = target.nodes.iter().filter(same_name).filter(free).collect();
        let why = match candidates[..] {
            [other] => {
                plan.mapping.insert(node.id.to_string(), other.id.to_string());
                continue;
            }
            [] if target.node_by_id(&node.id).is_some() => "the element with its id is of another kind".to_owned(),
            [] => "no element has its id, nor its kind and name".to_owned(),
            _ => format!("{} elements have its kind and name", candidates.len()),
        };
        plan.unmapped.push(Unmapped {
            element: node.id.to_string(),
            name: node.name.to_string(),
            kind: node.tag.to_owned(),
            why,
        });
    }
    let new = target.nodes.iter().filter(|node| !taken(&node.id));
    let new = new.filter(|node| !plan.mapping.values().any(|used| **used == *node.id));
    plan.added = new.map(|node| node.id.to_string()).collect();
    plan
}

fn alike(one: &Node, other: &Node) -> bool {
    one.tag == other.tag
        && discriminant(&one.kind) == discriminant(&other.kind)
        && one.repeat.as_ref().map(discriminant) == other.repeat.as_ref().map(discriminant)
}
