//! The cuts, in the order in which they are tried.

use super::sublog::{Graph, Group, Sequences, components};
use super::tree::Operator;
use super::{concurrency, redo, sequence};

/// The way to cut a log, if there is one.
pub(super) fn find(graph: &Graph) -> Option<(Operator, Vec<Group>)> {
    choice(graph)
        .map(|groups| (Operator::Choice, groups))
        .or_else(|| sequence::cut(graph).map(|groups| (Operator::Sequence, groups)))
        .or_else(|| concurrency::cut(graph).map(|groups| (Operator::Parallel, groups)))
        .or_else(|| redo::cut(graph).map(|groups| (Operator::Loop, groups)))
}

/// The parts of a log that was cut.
pub(super) fn project(sequences: &Sequences, operator: Operator, groups: &[Group]) -> Vec<Sequences> {
    match operator {
        Operator::Choice => split_choice(sequences, groups),
        Operator::Sequence => sequence::split(sequences, groups),
        Operator::Parallel => groups
            .iter()
            .map(|group| sequences.projected(|act| group.contains(&act)))
            .collect(),
        Operator::Loop => redo::split(sequences, groups),
    }
}

/// Exclusive choice: groups that never meet in a case.
fn choice(graph: &Graph) -> Option<Vec<Group>> {
    let groups = components(&graph.vertices(), graph.edges.keys().copied());
    (groups.len() > 1).then_some(groups)
}

/// Each sequence goes to the group that most of its events are of; of equals, to the last.
fn split_choice(sequences: &Sequences, groups: &[Group]) -> Vec<Sequences> {
    let mut parts = vec![Sequences::default(); groups.len()];
    for (sequence, cases) in sequences.iter() {
        let events = |group: &Group| sequence.iter().filter(|act| group.contains(act)).count();
        let Some(best) = (0..groups.len()).max_by_key(|index| events(&groups[*index])) else {
            continue;
        };
        let kept = sequence.iter().copied().filter(|act| groups[best].contains(act));
        parts[best].add(kept.collect(), cases);
    }
    parts
}
