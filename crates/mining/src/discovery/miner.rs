//! The recursion of the Inductive Miner.

use super::sublog::{Graph, Sequences};
use super::tree::{Operator, ProcessTree};
use super::{cuts, fall_through, fold, order};
use crate::{EventLog, MiningError};
use std::collections::HashMap;
use std::sync::Arc;

/// The most different activities that a model is discovered from: cuts cost their square and more.
const MAXIMUM_ACTIVITIES: usize = 1_000;

/// The deepest that a log is cut. Each cut takes at least an activity or an iteration away, so it is not reached by
/// logs within [`MAXIMUM_ACTIVITIES`] in practice.
const MAXIMUM_DEPTH: usize = 1_000;

/// Discovers the process tree of a log: with `noise` 0 every case fits (IM); above, what is rarer than this share of
/// the most frequent alternative is set aside where the log has no cut otherwise (IMf; 0.2 is customary).
///
/// # Errors
/// [`MiningError::TooMuch`] when the log has more activities than a model can be discovered from.
pub fn discover(log: &EventLog, noise: f64) -> Result<ProcessTree, MiningError> {
    let names = log.activities();
    if names.len() > MAXIMUM_ACTIVITIES {
        return Err(MiningError::TooMuch {
            what: "activities of a log",
            maximum: MAXIMUM_ACTIVITIES,
        });
    }
    let numbers: HashMap<&Arc<str>, u32> = names.iter().zip(0..).collect();
    let mut sequences = Sequences::default();
    for variant in log.variants() {
        sequences.add(
            variant.activities.iter().map(|name| numbers[name]).collect(),
            variant.cases,
        );
    }
    let miner = Miner { names: &names, noise };
    Ok(order::ordered(fold::folded(miner.mine(sequences, 0)?)))
}

struct Miner<'a> {
    names: &'a [Arc<str>],
    noise: f64,
}

impl Miner<'_> {
    fn mine(&self, mut sequences: Sequences, depth: usize) -> Result<ProcessTree, MiningError> {
        if depth > MAXIMUM_DEPTH {
            return Err(MiningError::TooMuch {
                what: "cuts within cuts",
                maximum: MAXIMUM_DEPTH,
            });
        }
        if let Some(rest) = sequences.without_empty() {
            if rest.len() == 0 {
                return Ok(ProcessTree::Silent);
            }
            if self.is_frequent(sequences.total() - rest.total(), sequences.total()) {
                let rest = self.mine(rest, depth + 1)?;
                return Ok(ProcessTree::Node(Operator::Choice, vec![ProcessTree::Silent, rest]));
            }
            sequences = rest;
        }
        if let Some(leaf) = self.leaf(&sequences) {
            return Ok(leaf);
        }
        let graph = Graph::of(&sequences);
        let cut = cuts::find(&graph).or_else(|| {
            let quiet = (self.noise > 0.0).then(|| graph.without_noise(self.noise))?;
            cuts::find(&quiet)
        });
        let (operator, parts) = match cut {
            Some((operator, groups)) => (operator, cuts::project(&sequences, operator, &groups)),
            None => fall_through::find(&sequences),
        };
        drop(sequences);
        let children = parts.into_iter().map(|part| self.mine(part, depth + 1));
        Ok(ProcessTree::Node(operator, children.collect::<Result<_, _>>()?))
    }

    #[allow(clippy::cast_precision_loss)] // counts of cases are far below 2^52
    fn is_frequent(&self, cases: u64, of: u64) -> bool {
        cases as f64 > self.noise * of as f64
    }

    /// The leaf of a log that is empty or has only cases of one and the same single activity.
    fn leaf(&self, sequences: &Sequences) -> Option<ProcessTree> {
        let mut all = sequences.iter();
        match (all.next(), all.next()) {
            (None, _) => Some(ProcessTree::Silent),
            (Some(([act], _)), None) => Some(ProcessTree::Activity(self.names[*act as usize].clone())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::log_of;

    fn tree(traces: &[(&str, usize)], noise: f64) -> String {
        discover(&log_of(traces), noise).unwrap().to_string()
    }

    #[test]
    fn finds_the_four_operators() {
        assert_eq!(tree(&[("abc", 1)], 0.0), "->( 'a', 'b', 'c' )");
        assert_eq!(tree(&[("a", 1), ("b", 1)], 0.0), "X( 'a', 'b' )");
        assert_eq!(tree(&[("ab", 1), ("ba", 1)], 0.0), "+( 'a', 'b' )");
        assert_eq!(tree(&[("a", 1), ("aba", 1)], 0.0), "*( 'a', 'b' )");
        assert_eq!(tree(&[("ac", 1), ("abc", 1)], 0.0), "->( 'a', X( tau, 'b' ), 'c' )");
        assert_eq!(tree(&[("aa", 1), ("a", 1)], 0.0), "*( 'a', tau )");
        assert_eq!(tree(&[], 0.0), "tau");
    }

    #[test]
    fn sets_rare_behaviour_aside_when_asked() {
        let log = [("abcd", 50), ("acbd", 50), ("adbc", 1)];
        assert_ne!(tree(&log, 0.0), tree(&log, 0.2));
        assert_eq!(tree(&log, 0.2), "->( 'a', +( 'c', 'b' ), 'd' )");
    }
}
