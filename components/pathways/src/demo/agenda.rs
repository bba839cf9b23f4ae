//! What is going to happen in the demo, by moment.

use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// One thing that a person or system of the demo does. People are indices into the list of people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Act {
    /// The GP starts the pathway.
    Start(usize),
    /// Someone completes a task.
    Complete {
        /// Whose.
        person: usize,
        /// Task id.
        task: String,
    },
    /// The laboratory writes results into the hub.
    Lab(usize),
    /// The person leaves the pathway.
    Leave(usize),
    /// The person dies.
    Die(usize),
    /// A check is asked for ahead of time.
    Hasten(usize),
    /// Someone else's patient is evaluated (index into the guests).
    Guest(usize),
}

/// Acts, earliest first; at the same moment in the order they were added.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    acts: BinaryHeap<Reverse<(Timestamp, u64, Act)>>,
    added: u64,
}

impl Agenda {
    /// Adds an act.
    pub fn add(&mut self, at: Timestamp, act: Act) {
        self.acts.push(Reverse((at, self.added, act)));
        self.added += 1;
    }

    /// When the earliest act is.
    pub fn next(&self) -> Option<Timestamp> {
        self.acts.peek().map(|Reverse((at, ..))| *at)
    }

    /// Takes the earliest act.
    pub fn take(&mut self) -> Option<Act> {
        self.acts.pop().map(|Reverse((.., act))| act)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earliest_first_then_as_added() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut agenda = Agenda::default();
        agenda.add(at(2), Act::Lab(1));
        agenda.add(at(1), Act::Start(9));
        agenda.add(at(1), Act::Die(0));
        assert_eq!(agenda.next(), Some(at(1)));
        let order: Vec<Act> = std::iter::from_fn(|| agenda.take()).collect();
        assert_eq!(order, [Act::Start(9), Act::Die(0), Act::Lab(1)]);
    }
}
