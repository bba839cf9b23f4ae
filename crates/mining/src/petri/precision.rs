//! Precision: how much of what the model allows the log does. J. Muñoz-Gama, J. Carmona, *A Fresh Look at Precision in
//! Process Conformance*, 2010: after each beginning of a case that replays, the activities that the net allows are
//! compared with those that followed.

use super::replay::Run;
use super::{Marking, Net, Place, Replayer};
use crate::EventLog;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

/// The most silent transitions that are followed from one marking.
const MAXIMUM_FOLLOWED: usize = 100_000;

/// pm4py joins the activities of a beginning with commas and splits them again, so that an activity with a comma in its
/// name is looked for in parts; figures stay comparable only by doing likewise.
const SEPARATOR: char = ',';

type Labels = BTreeSet<Arc<str>>;

struct Beginning {
    run: Option<Run>,
    cases: u64,
    followed_by: Labels,
}

/// Precision of a net for a log, 0 to 1; 1 when the net allows nothing.
#[must_use]
#[allow(clippy::cast_precision_loss)] // counts of cases are far below 2^52
pub fn precision(log: &EventLog, net: &Net) -> f64 {
    let replayer = Replayer::new(net);
    let mut allowed = Allowed {
        net,
        known: HashMap::new(),
    };
    let (mut all, mut escaping) = (0_u64, 0_u64);
    let mut count = |allowed: &Labels, followed: &Labels, cases: u64| {
        all += cases * allowed.len() as u64;
        escaping += cases * allowed.difference(followed).count() as u64;
    };
    let variants = log.variants();
    let starts: Labels = variants
        .iter()
        .filter_map(|variant| variant.activities.first().cloned())
        .collect();
    count(
        allowed.after(&net.initial),
        &starts,
        variants.iter().map(|variant| variant.cases).sum(),
    );
    for beginning in beginnings(&replayer, &variants).values() {
        if let Some(run) = &beginning.run {
            count(allowed.after(&run.marking), &beginning.followed_by, beginning.cases);
        }
    }
    if all == 0 {
        1.0
    } else {
        1.0 - escaping as f64 / all as f64
    }
}

/// Every beginning of a case that something follows, played as far as it goes without a missing token.
fn beginnings(replayer: &Replayer<'_>, variants: &[crate::Variant]) -> HashMap<String, Beginning> {
    let mut beginnings: HashMap<String, Beginning> = HashMap::new();
    for variant in variants {
        let (mut name, mut before) = (String::new(), Some(replayer.start()));
        for pair in variant.activities.windows(2) {
            if !name.is_empty() {
                name.push(SEPARATOR);
            }
            name.push_str(&pair[0]);
            let beginning = beginnings.entry(name.clone()).or_insert_with(|| {
                let mut run = before.clone();
                let plays = |run: &mut Run| pair[0].split(SEPARATOR).all(|part| replayer.step(run, part, true));
                if !run.as_mut().is_some_and(plays) {
                    run = None;
                }
                Beginning {
                    run,
                    cases: 0,
                    followed_by: Labels::new(),
                }
            });
            beginning.cases += variant.cases;
            beginning.followed_by.insert(pair[1].clone());
            before.clone_from(&beginning.run);
        }
    }
    beginnings
}

/// What a net allows after a marking, each marking looked at once.
struct Allowed<'a> {
    net: &'a Net,
    known: HashMap<Vec<(Place, i64)>, Labels>,
}

impl Allowed<'_> {
    fn after(&mut self, marking: &Marking) -> &Labels {
        let net = self.net;
        self.known
            .entry(marking.sorted())
            .or_insert_with(|| follow(net, marking))
    }
}

fn enabled(net: &Net, marking: &Marking) -> Vec<usize> {
    let mut all: Vec<usize> = (0..net.transitions.len())
        .filter(|index| net.enabled(*index, marking))
        .collect();
    all.sort_by_key(|index| &net.transitions[*index].name);
    all
}

/// The labels that are enabled, at once or after silent transitions. As in pm4py a transition is taken at the last
/// marking at which it was found, so that not every combination of silent transitions is followed.
fn follow(net: &Net, marking: &Marking) -> Labels {
    let mut open = enabled(net, marking);
    let mut found_at: HashMap<usize, Marking> = open.iter().map(|index| (*index, marking.clone())).collect();
    let (mut labels, mut visited, mut next) = (Labels::new(), HashSet::new(), 0);
    while next < open.len().min(MAXIMUM_FOLLOWED) {
        let index = open[next];
        next += 1;
        let mut at = found_at[&index].clone();
        if !visited.insert((index, at.sorted())) {
            continue;
        }
        if let Some(label) = &net.transitions[index].label {
            labels.insert(label.clone());
        } else if net.enabled(index, &at) {
            net.fire(index, &mut at);
            for reached in enabled(net, &at) {
                found_at.insert(reached, at.clone());
                open.push(reached);
            }
        }
    }
    labels
}

#[cfg(test)]
mod tests {
    use super::super::net_of;
    use super::*;
    use crate::discovery::discover;
    use crate::log::log_of;

    #[test]
    fn a_model_that_allows_more_is_less_precise() {
        let log = log_of(&[("abc", 1)]);
        let exact = net_of(&discover(&log, 0.0).unwrap());
        let loose = net_of(&discover(&log_of(&[("abc", 1), ("acb", 1)]), 0.0).unwrap());
        assert!((precision(&log, &exact) - 1.0).abs() < 1e-12);
        assert!((precision(&log, &loose) - 0.75).abs() < 1e-12);
    }
}
