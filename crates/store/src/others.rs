//! What other nodes of the program commit to the same store, as far as this one heard of it.

use std::collections::BTreeMap;

/// How often others have committed something of a kind since this node listens. Kinds, as words: `work` (instances, timers,
/// waits, entries of the outbox), `suspended` (an instance that is), `definitions`, `record:KIND` of a small value, `type:TYPE` of a resource, and [`LOST`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Others(BTreeMap<String, u64>);

/// Words may have been lost with a connection: anything may have changed.
pub const LOST: &str = "lost";

/// Kinds counted one by one at most; further ones are told as [`LOST`].
const MAX: usize = 1_000;

impl Others {
    /// Others committed something of this kind.
    pub fn note(&mut self, word: &str) {
        let known = self.0.len() < MAX || self.0.contains_key(word);
        *self.0.entry(if known { word } else { LOST }.to_owned()).or_default() += 1;
    }

    /// Whether others committed something of this kind, or may have, since `before`.
    pub fn changed(&self, before: &Self, word: &str) -> bool {
        let count = |others: &Self, word: &str| others.0.get(word).copied().unwrap_or(0);
        count(self, word) != count(before, word) || count(self, LOST) != count(before, LOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_changes_by_its_own_words_and_by_lost_ones() {
        let before = Others::default();
        let mut now = before.clone();
        now.note("work");
        assert!(now.changed(&before, "work") && !now.changed(&before, "definitions"));
        let then = now.clone();
        assert!(!now.changed(&then, "work"));
        now.note(LOST);
        assert!(now.changed(&then, "work") && now.changed(&then, "definitions"));
    }
}
