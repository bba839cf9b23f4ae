//! The sequence cut: groups that follow each other, never back; and the strict form that joins groups which can only be
//! skipped together (Leemans, page 233).

use super::sublog::{Act, Graph, Group, Sequences};
use std::collections::BTreeMap;

/// The groups in order.
pub(super) fn cut(graph: &Graph) -> Option<Vec<Group>> {
    let groups = strict(plain(graph)?, graph);
    (groups.len() > 1).then_some(groups)
}

/// What can be reached from each activity, itself only when it is on a cycle.
fn reachable(graph: &Graph) -> BTreeMap<Act, Group> {
    let mut next: BTreeMap<Act, Vec<Act>> = graph.vertices().into_iter().map(|act| (act, vec![])).collect();
    for (from, to) in graph.edges.keys() {
        next.entry(*from).or_default().push(*to);
    }
    let from = |act: &Act| {
        let (mut seen, mut open) = (Group::new(), next[act].clone());
        while let Some(reached) = open.pop() {
            if seen.insert(reached) {
                open.extend(&next[&reached]);
            }
        }
        (*act, seen)
    };
    next.keys().map(from).collect()
}

fn plain(graph: &Graph) -> Option<Vec<Group>> {
    let reach = reachable(graph);
    let forward = |a: Act, b: Act| reach[&a].contains(&b);
    // Two activities that reach each other both ways, or neither way, cannot be parts of a sequence.
    let together = |a: &Group, b: &Group| a.iter().any(|a| b.iter().any(|b| forward(*a, *b) == forward(*b, *a)));
    let mut groups: Vec<Group> = reach.keys().map(|act| Group::from([*act])).collect();
    let mut before = usize::MAX;
    while before != groups.len() {
        before = groups.len();
        let mut first = 0;
        while first < groups.len() {
            let mut second = first + 1;
            while second < groups.len() {
                if together(&groups[first], &groups[second]) {
                    let joined = groups.remove(second);
                    groups[first].extend(joined);
                } else {
                    second += 1;
                }
            }
            first += 1;
        }
    }
    // Between groups reachability is a total order: how many groups a group can reach tells its place.
    groups.sort_by_key(|group| {
        let outside = |act: &Act| reach[act].iter().filter(|other| !group.contains(other)).count();
        std::cmp::Reverse(group.first().map_or(0, outside))
    });
    (groups.len() > 1).then_some(groups)
}

fn strict(mut groups: Vec<Group>, graph: &Graph) -> Vec<Group> {
    let place: BTreeMap<Act, isize> = (0isize..)
        .zip(&groups)
        .flat_map(|(index, group)| group.iter().map(move |act| (*act, index)))
        .collect();
    let bound = |group: &Group, marks: &BTreeMap<Act, u64>, inside: isize| {
        if group.iter().any(|act| marks.contains_key(act)) {
            inside
        } else {
            -inside
        }
    };
    // The earliest group that leads to a group, and the latest that it leads to.
    let mut earliest: Vec<isize> = groups
        .iter()
        .map(|group| bound(group, &graph.starts, -isize::MAX))
        .collect();
    let mut latest: Vec<isize> = groups
        .iter()
        .map(|group| bound(group, &graph.ends, isize::MAX))
        .collect();
    for (from, to) in graph.edges.keys() {
        let (from, to) = (place[from], place[to]);
        earliest[to.unsigned_abs()] = earliest[to.unsigned_abs()].min(from);
        latest[from.unsigned_abs()] = latest[from.unsigned_abs()].max(to);
    }
    for pivot in 0..groups.len() {
        if !skippable(&groups, pivot, graph) {
            continue;
        }
        let at = pivot.cast_signed();
        for before in (0..pivot).rev().take_while(|before| latest[*before] <= at) {
            let joined = std::mem::take(&mut groups[before]);
            groups[pivot].extend(joined);
        }
        for after in (pivot + 1..groups.len()).take_while(|after| earliest[*after] >= at) {
            let joined = std::mem::take(&mut groups[after]);
            groups[pivot].extend(joined);
        }
    }
    groups.retain(|group| !group.is_empty());
    groups
}

/// Whether a case can pass by a group.
fn skippable(groups: &[Group], pivot: usize, graph: &Graph) -> bool {
    let (before, after) = (&groups[..pivot], &groups[pivot + 1..]);
    let within = |side: &[Group], act: Act| side.iter().any(|group| group.contains(&act));
    graph
        .edges
        .keys()
        .any(|(from, to)| within(before, *from) && within(after, *to))
        || graph.starts.keys().any(|act| within(after, *act))
        || graph.ends.keys().any(|act| within(before, *act))
}

/// Each sequence is split where the fewest events fall outside their group.
pub(super) fn split(sequences: &Sequences, groups: &[Group]) -> Vec<Sequences> {
    let mut parts = vec![Sequences::default(); groups.len()];
    for (sequence, cases) in sequences.iter() {
        let (mut start, mut passed) = (0, Group::new());
        for (group, part) in groups.iter().zip(&mut parts) {
            let end = split_point(sequence, group, start, &passed);
            let kept = sequence[start..end].iter().copied().filter(|act| group.contains(act));
            part.add(kept.collect(), cases);
            start = end;
            passed.extend(group);
        }
    }
    parts
}

fn split_point(sequence: &[Act], group: &Group, start: usize, passed: &Group) -> usize {
    let (mut cost, mut least, mut best) = (0i64, 0i64, start);
    for (index, act) in sequence.iter().enumerate().skip(start) {
        if group.contains(act) {
            cost -= 1;
        } else if !passed.contains(act) {
            cost += 1;
        }
        if cost < least {
            (least, best) = (cost, index + 1);
        }
    }
    best
}
