//! Ways between places through silent transitions only.

use super::{Net, Place};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

/// The longest way, in transitions.
const MAXIMUM_LENGTH: usize = 51;

/// From a place to another, the shortest list of silent transitions that carries a token there.
pub(super) type Ways = HashMap<(Place, Place), Vec<usize>>;

/// The ways of a net; of equally short ones, the one whose transitions were made first.
pub(super) fn ways(net: &Net) -> Ways {
    let mut after: Vec<Vec<usize>> = vec![vec![]; net.places.len()];
    for (index, transition) in net.transitions.iter().enumerate() {
        if transition.label.is_none() {
            transition.inputs.iter().for_each(|place| after[*place].push(index));
        }
    }
    let mut ways = Ways::new();
    for start in 0..net.places.len() {
        let mut open = VecDeque::from([(start, vec![])]);
        while let Some((place, way)) = open.pop_front() {
            if way.len() >= MAXIMUM_LENGTH {
                continue;
            }
            for &silent in &after[place] {
                for &reached in &net.transitions[silent].outputs {
                    if let Entry::Vacant(unknown) = ways.entry((start, reached)) {
                        let mut longer = way.clone();
                        longer.push(silent);
                        open.push_back((reached, unknown.insert(longer).clone()));
                    }
                }
            }
        }
    }
    ways
}
