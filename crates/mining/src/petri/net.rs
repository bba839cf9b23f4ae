//! The net itself.

use super::Marking;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A place, by its index.
pub type Place = usize;

/// A transition: takes a token from each input, puts one in each output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// Its name, unique in the net.
    pub name: String,
    /// The activity; `None` when it is silent.
    pub label: Option<Arc<str>>,
    /// Places it takes from.
    pub inputs: Vec<Place>,
    /// Places it puts into.
    pub outputs: Vec<Place>,
    /// Places it empties, whatever is in them, before it puts: what an interruption clears. Replay by tokens does not
    /// look at them, [`super::Replayer::plays`] does.
    pub resets: Vec<Place>,
}

/// A Petri net with where it starts and where it should end. All arcs have weight one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Net {
    /// The names of the places.
    pub places: Vec<String>,
    /// The transitions.
    pub transitions: Vec<Transition>,
    /// The tokens at the start.
    pub initial: Marking,
    /// The tokens of a complete case.
    pub last: Marking,
    /// Places in which tokens may be left over without telling anything: of what was interrupted.
    pub forgiven: BTreeSet<Place>,
}

impl Net {
    /// Adds a place.
    pub fn place(&mut self, name: impl Into<String>) -> Place {
        self.places.push(name.into());
        self.places.len() - 1
    }

    /// Whether a transition can fire.
    #[must_use]
    pub fn enabled(&self, transition: usize, marking: &Marking) -> bool {
        self.transitions[transition]
            .inputs
            .iter()
            .all(|place| marking.tokens(*place) >= 1)
    }

    /// Fires a transition that is enabled.
    pub fn fire(&self, transition: usize, marking: &mut Marking) {
        let fired = &self.transitions[transition];
        fired.inputs.iter().for_each(|place| marking.add(*place, -1));
        fired.outputs.iter().for_each(|place| marking.add(*place, 1));
    }
}
