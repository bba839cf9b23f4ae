//! Where the tokens are.

use super::Place;

/// Places with their tokens, in the order in which they got their first. Few places are marked at a time, so that a
/// list is the fastest of maps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Marking(Vec<(Place, i64)>);

impl Marking {
    /// One token in each of some places.
    #[must_use]
    pub fn of(places: impl IntoIterator<Item = Place>) -> Self {
        let mut marking = Self::default();
        places.into_iter().for_each(|place| marking.add(place, 1));
        marking
    }

    /// How many tokens a place has.
    #[must_use]
    pub fn tokens(&self, place: Place) -> i64 {
        self.0
            .iter()
            .find(|(marked, _)| *marked == place)
            .map_or(0, |(_, tokens)| *tokens)
    }

    /// Puts tokens in a place, or takes them when negative; a place without tokens is not marked.
    pub fn add(&mut self, place: Place, tokens: i64) {
        match self.0.iter().position(|(marked, _)| *marked == place) {
            Some(at) => {
                self.0[at].1 += tokens;
                if self.0[at].1 == 0 {
                    self.0.remove(at);
                }
            }
            None => self.0.push((place, tokens)),
        }
    }

    /// The marked places with their tokens.
    pub fn iter(&self) -> impl Iterator<Item = (Place, i64)> {
        self.0.iter().copied()
    }

    /// All tokens.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.0.iter().map(|(_, tokens)| tokens).sum()
    }

    /// How many places are marked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no place is marked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same tokens in the order of the places, to compare markings by.
    #[must_use]
    pub fn sorted(&self) -> Vec<(Place, i64)> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted
    }
}
