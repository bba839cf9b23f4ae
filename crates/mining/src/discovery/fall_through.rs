//! What to do with a log that no cut divides, in the order in which it is tried.

use super::cuts;
use super::sublog::{Act, Graph, Group, Sequences};
use super::tree::Operator;
use std::collections::HashMap;

/// An operator and the parts of the log under it. A log without empty sequences and without a cut always has one.
pub(super) fn find(sequences: &Sequences) -> (Operator, Vec<Sequences>) {
    once_per_case(sequences)
        .or_else(|| concurrent(sequences))
        .map(|act| aside(sequences, act))
        .or_else(|| silent_loop(sequences, true))
        .or_else(|| silent_loop(sequences, false))
        .unwrap_or_else(|| flower(sequences))
}

/// The first activity that every case has exactly once.
fn once_per_case(sequences: &Sequences) -> Option<Act> {
    let mut candidates = sequences.alphabet();
    for (sequence, _) in sequences.iter() {
        let mut counts: HashMap<Act, usize> = HashMap::new();
        sequence.iter().for_each(|act| *counts.entry(*act).or_default() += 1);
        candidates.retain(|act| counts.get(act) == Some(&1));
    }
    candidates.first().copied()
}

/// The first activity without which there is a cut.
fn concurrent(sequences: &Sequences) -> Option<Act> {
    let cut = |act: &Act| cuts::find(&Graph::of(&sequences.projected(|other| other != *act))).is_some();
    sequences.alphabet().into_iter().find(cut)
}

/// An activity in parallel with the rest.
fn aside(sequences: &Sequences, act: Act) -> (Operator, Vec<Sequences>) {
    let parts = vec![
        sequences.projected(|other| other == act),
        sequences.projected(|other| other != act),
    ];
    (Operator::Parallel, parts)
}

/// A case that starts again before it ends: split at the activities that start cases, in the strict form only after
/// one that ends cases.
fn silent_loop(sequences: &Sequences, strict: bool) -> Option<(Operator, Vec<Sequences>)> {
    let starts: Group = sequences
        .iter()
        .filter_map(|(sequence, _)| sequence.first().copied())
        .collect();
    let ends: Group = sequences
        .iter()
        .filter_map(|(sequence, _)| sequence.last().copied())
        .collect();
    let mut body = Sequences::default();
    for (sequence, cases) in sequences.iter() {
        let mut from = 0;
        for index in 1..sequence.len() {
            if starts.contains(&sequence[index]) && (!strict || ends.contains(&sequence[index - 1])) {
                body.add(sequence[from..index].to_vec(), cases);
                from = index;
            }
        }
        body.add(sequence[from..].to_vec(), cases);
    }
    (body.total() > sequences.total()).then(|| (Operator::Loop, vec![body, Sequences::default()]))
}

/// Anything, any number of times.
fn flower(sequences: &Sequences) -> (Operator, Vec<Sequences>) {
    let mut petals = Sequences::default();
    sequences
        .alphabet()
        .into_iter()
        .for_each(|act| petals.add(vec![act], 1));
    (Operator::Loop, vec![Sequences::default(), petals])
}
