//! Token-based replay: a case is played on the net, silent transitions are fired where that lets an activity happen,
//! tokens that lack are added and counted. A. Berti, W. van der Aalst, *Reviving Token-based Replay*, 2019.

use super::hidden::{Ways, ways};
use super::{Marking, Net, Place};
use crate::EventLog;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// How deep one silent transition is prepared by others.
const MAXIMUM_PREPARATION: usize = 2;
/// How often the end is tried for.
const MAXIMUM_ENDINGS: usize = 5;

/// What the replay of one case counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Replayed {
    /// Whether no token lacked and none remained.
    pub fits: bool,
    /// Tokens that had to be added.
    pub missing: i64,
    /// Tokens taken.
    pub consumed: i64,
    /// Tokens left over.
    pub remaining: i64,
    /// Tokens put.
    pub produced: i64,
}

impl Replayed {
    /// `0.5 (1 - missing / consumed) + 0.5 (1 - remaining / produced)`; 1 when no token moved.
    #[must_use]
    pub fn fitness(&self) -> f64 {
        ratio(self.missing, self.consumed, self.remaining, self.produced).unwrap_or(1.0)
    }
}

#[allow(clippy::cast_precision_loss)] // counts of tokens are far below 2^52
fn ratio(missing: i64, consumed: i64, remaining: i64, produced: i64) -> Option<f64> {
    let share = |part: i64, whole: i64| 0.5 * (1.0 - part as f64 / whole as f64);
    (consumed > 0 && produced > 0).then(|| share(missing, consumed) + share(remaining, produced))
}

/// How well a log replays on a net.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Fitness {
    /// Cases that fit, per cent.
    pub fitting_traces_percent: f64,
    /// The mean of the fitness of the cases, 0 to 1.
    pub average_trace_fitness: f64,
    /// The fitness of all tokens together, 0 to 1.
    pub log_fitness: f64,
}

/// Replays each variant of a log once.
#[must_use]
pub fn fitness(log: &EventLog, net: &Net) -> Fitness {
    let replayer = Replayer::new(net);
    fitness_by(log, |activities| replayer.replay(activities))
}

/// As [`fitness`], by another way to replay a case.
#[must_use]
#[allow(clippy::cast_precision_loss)] // counts of cases are far below 2^52
pub fn fitness_by(log: &EventLog, replay: impl Fn(&[Arc<str>]) -> Replayed) -> Fitness {
    let (mut cases, mut fitting, mut sum, mut all) = (0_u64, 0_u64, 0.0, [0_i64; 4]);
    for variant in log.variants() {
        let replayed = replay(&variant.activities);
        cases += variant.cases;
        fitting += if replayed.fits { variant.cases } else { 0 };
        sum += replayed.fitness() * variant.cases as f64;
        let counts = [
            replayed.missing,
            replayed.consumed,
            replayed.remaining,
            replayed.produced,
        ];
        for (total, count) in all.iter_mut().zip(counts) {
            *total += count * variant.cases.cast_signed();
        }
    }
    let [missing, consumed, remaining, produced] = all;
    ratio(missing, consumed, remaining, produced).map_or_else(Fitness::default, |log_fitness| Fitness {
        fitting_traces_percent: 100.0 * fitting as f64 / cases as f64,
        average_trace_fitness: sum / cases as f64,
        log_fitness,
    })
}

/// A net made ready for replay.
pub struct Replayer<'a> {
    pub(super) net: &'a Net,
    labels: HashMap<Arc<str>, Vec<usize>>,
    pub(super) ways: Ways,
    /// The rank of each place by its name: the order in which ways are tried.
    rank: Vec<usize>,
}

/// A case on its way.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    pub marking: Marking,
    missing: i64,
    consumed: i64,
    produced: i64,
}

impl<'a> Replayer<'a> {
    /// Prepares a net.
    #[must_use]
    pub fn new(net: &'a Net) -> Self {
        let mut labels: HashMap<Arc<str>, Vec<usize>> = HashMap::new();
        for (index, transition) in net.transitions.iter().enumerate() {
            if let Some(label) = &transition.label {
                labels.entry(label.clone()).or_default().push(index);
            }
        }
        let mut by_name: Vec<Place> = (0..net.places.len()).collect();
        by_name.sort_by_key(|place| &net.places[*place]);
        let mut rank = vec![0; by_name.len()];
        by_name.into_iter().enumerate().for_each(|(at, place)| rank[place] = at);
        Self {
            net,
            labels,
            ways: ways(net),
            rank,
        }
    }

    /// Replays a case to its end. Activities that the net does not have are passed over.
    #[must_use]
    pub fn replay(&self, activities: &[Arc<str>]) -> Replayed {
        let mut run = self.start();
        for activity in activities {
            self.step(&mut run, activity, false);
        }
        self.finish(&mut run);
        self.judge(&run)
    }

    pub(super) fn start(&self) -> Run {
        Run {
            marking: self.net.initial.clone(),
            produced: self.net.initial.total(),
            ..Run::default()
        }
    }

    /// Plays one activity; `false` when `strict` and a token lacks.
    pub(super) fn step(&self, run: &mut Run, activity: &str, strict: bool) -> bool {
        let Some(transitions) = self.labels.get(activity) else {
            return true;
        };
        let enabled = transitions.iter().find(|index| self.net.enabled(**index, &run.marking));
        let Some(&chosen) = enabled.or(transitions.last()) else {
            return true;
        };
        if !self.net.enabled(chosen, &run.marking) {
            self.prepare(run, chosen, 0, &mut HashSet::new());
        }
        if !self.net.enabled(chosen, &run.marking) {
            if strict {
                return false;
            }
            for place in &self.net.transitions[chosen].inputs {
                if run.marking.tokens(*place) < 1 {
                    run.missing += 1;
                    run.marking.add(*place, 1);
                }
            }
        }
        self.fire(run, chosen);
        true
    }

    fn fire(&self, run: &mut Run, transition: usize) {
        self.net.fire(transition, &mut run.marking);
        run.consumed += self.net.transitions[transition].inputs.len() as i64;
        run.produced += self.net.transitions[transition].outputs.len() as i64;
    }

    /// Ways from the marked places to some places, the shortest first; of equals in the order of the places' names.
    fn ways_to(&self, marking: &Marking, goals: &[Place]) -> Vec<&[usize]> {
        let sorted = |mut places: Vec<Place>| {
            places.sort_by_key(|place| self.rank[*place]);
            places
        };
        let goals = sorted(goals.to_vec());
        let from = sorted(marking.iter().map(|(place, _)| place).collect());
        let pairs = from.iter().flat_map(|from| goals.iter().map(move |to| (*from, *to)));
        let mut found: Vec<&[usize]> = pairs
            .filter_map(|pair| self.ways.get(&pair))
            .map(Vec::as_slice)
            .collect();
        found.sort_by_key(|way| way.len());
        found
    }

    /// Fires silent transitions so that `target` can happen, if they can do it.
    fn prepare(&self, run: &mut Run, target: usize, depth: usize, visited: &mut HashSet<usize>) {
        if depth >= MAXIMUM_PREPARATION || !visited.insert(target) {
            return;
        }
        let inputs = &self.net.transitions[target].inputs;
        let lacking: Vec<Place> = inputs
            .iter()
            .copied()
            .filter(|place| run.marking.tokens(*place) < 1)
            .collect();
        let ways = self.ways_to(&run.marking, &lacking);
        if ways.is_empty() {
            return;
        }
        self.walk(run, target, &ways, visited);
        if self.net.enabled(target, &run.marking) {
            return;
        }
        for way in self.ways_to(&run.marking, &lacking) {
            for &silent in way {
                if silent == target || visited.contains(&silent) {
                    continue;
                }
                if !self.net.enabled(silent, &run.marking) {
                    self.prepare(run, silent, depth + 1, visited);
                }
                if self.net.enabled(silent, &run.marking) {
                    self.fire(run, silent);
                    visited.insert(silent);
                }
            }
        }
    }

    /// Walks the ways one by one, each once, until the target is enabled or a way changes nothing.
    fn walk(&self, run: &mut Run, target: usize, ways: &[&[usize]], visited: &mut HashSet<usize>) {
        for way in ways {
            let mut changed = false;
            for &silent in *way {
                if silent != target && !visited.contains(&silent) && self.net.enabled(silent, &run.marking) {
                    self.fire(run, silent);
                    visited.insert(silent);
                    changed = true;
                }
                if self.net.enabled(target, &run.marking) {
                    return;
                }
            }
            if !changed {
                return;
            }
        }
    }

    fn at_end(&self, marking: &Marking) -> bool {
        self.net.last.iter().all(|(place, _)| marking.tokens(place) != 0)
    }

    /// Fires silent transitions towards the end.
    fn finish(&self, run: &mut Run) {
        let goals: Vec<Place> = self.net.last.iter().map(|(place, _)| place).collect();
        for _ in 0..MAXIMUM_ENDINGS {
            if self.at_end(&run.marking) {
                return;
            }
            let ways = self.ways_to(&run.marking, &goals);
            for way in ways {
                for silent in way {
                    if self.net.enabled(*silent, &run.marking) {
                        self.fire(run, *silent);
                    }
                }
                if self.at_end(&run.marking) {
                    return;
                }
            }
        }
        let ([sink], false) = (goals.as_slice(), self.at_end(&run.marking)) else {
            return;
        };
        let marked: Vec<Place> = run.marking.iter().map(|(place, _)| place).collect();
        let mut ways: Vec<&Vec<usize>> = marked
            .iter()
            .filter_map(|place| self.ways.get(&(*place, *sink)))
            .collect();
        ways.sort_by_key(|way| way.len());
        for _ in 0..MAXIMUM_ENDINGS {
            for way in &ways {
                for silent in way.iter() {
                    if !self.net.enabled(*silent, &run.marking) {
                        break;
                    }
                    self.fire(run, *silent);
                }
            }
        }
    }

    fn judge(&self, run: &Run) -> Replayed {
        let last = &self.net.last;
        let lacking: i64 = last
            .iter()
            .map(|(place, wanted)| (wanted - run.marking.tokens(place)).max(0))
            .sum();
        let left = |(place, tokens): (Place, i64)| match last.tokens(place) {
            _ if self.net.forgiven.contains(&place) => 0,
            0 => tokens,
            wanted => (tokens - wanted).max(0),
        };
        let remaining: i64 = run.marking.iter().map(left).sum();
        Replayed {
            fits: run.missing == 0 && remaining == 0,
            missing: run.missing + lacking,
            consumed: run.consumed + last.total(),
            remaining,
            produced: run.produced,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::net_of;
    use super::*;
    use crate::discovery::discover;
    use crate::log::log_of;

    #[test]
    fn every_case_fits_the_model_of_its_own_log() {
        let log = log_of(&[("abcd", 3), ("acbd", 2), ("ad", 1), ("abcabcd", 1)]);
        let net = net_of(&discover(&log, 0.0).unwrap());
        assert_eq!(fitness(&log, &net).fitting_traces_percent, 100.0);
    }

    #[test]
    fn a_step_left_out_costs_a_token() {
        let net = net_of(&discover(&log_of(&[("abc", 1)]), 0.0).unwrap());
        let replayed = Replayer::new(&net).replay(&["a".into(), "c".into()]);
        assert_eq!(
            (
                replayed.missing,
                replayed.consumed,
                replayed.remaining,
                replayed.produced
            ),
            (1, 3, 1, 3)
        );
        assert!(!replayed.fits);
        assert!((replayed.fitness() - 2.0 / 3.0).abs() < 1e-12);
    }
}
