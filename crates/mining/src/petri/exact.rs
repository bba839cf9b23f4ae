//! Whether a net can play a case at all: a search through its markings, where replay by tokens takes the first way it
//! finds. Reset arcs (what an interruption clears) are obeyed, so that models with interruptions are judged as they run.

use super::{Net, Place, Replayed, Replayer};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Most markings looked at for one case; beyond, nothing is known.
const MAXIMUM_MARKINGS: usize = 200_000;
/// Most tokens in one place: nets of loops could put any number there.
const MAXIMUM_TOKENS: i64 = 8;
/// Most steps from one activity to the next.
const MAXIMUM_SILENT: usize = 60;

/// Places with tokens, sorted: equal markings are equal lists.
type State = Vec<(Place, i64)>;

/// Which transitions may fire, found by what is marked.
struct Index<'a> {
    net: &'a Net,
    /// Silent transitions by their first input.
    silent: HashMap<Place, Vec<usize>>,
    /// Silent transitions without input.
    free: Vec<usize>,
    labels: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn new(net: &'a Net) -> Self {
        let mut index = Self {
            net,
            silent: HashMap::new(),
            free: Vec::new(),
            labels: HashMap::new(),
        };
        for (at, transition) in net.transitions.iter().enumerate() {
            match (&transition.label, transition.inputs.first()) {
                (Some(label), _) => index.labels.entry(label).or_default().push(at),
                (None, Some(first)) => index.silent.entry(*first).or_default().push(at),
                (None, None) => index.free.push(at),
            }
        }
        index
    }

    /// The state after a transition; `None` when it cannot fire, or would fill a place beyond the limit.
    fn fire(&self, at: usize, state: &State) -> Option<State> {
        let transition = &self.net.transitions[at];
        let mut next = state.clone();
        let place = |next: &State, place: Place| next.binary_search_by_key(&place, |(p, _)| *p);
        for input in &transition.inputs {
            let found = place(&next, *input).ok()?;
            next[found].1 -= 1;
            if next[found].1 == 0 {
                next.remove(found);
            }
        }
        next.retain(|(place, _)| !transition.resets.contains(place));
        for output in &transition.outputs {
            match place(&next, *output) {
                Ok(found) if next[found].1 >= MAXIMUM_TOKENS => return None,
                Ok(found) => next[found].1 += 1,
                Err(found) => next.insert(found, (*output, 1)),
            }
        }
        Some(next)
    }

    fn is_end(&self, state: &State) -> bool {
        let tokens = |place: Place| state.iter().find(|(p, _)| *p == place).map_or(0, |(_, tokens)| *tokens);
        let complete = self.net.last.iter().all(|(place, wanted)| tokens(place) >= wanted);
        let left = |(place, tokens): &(Place, i64)| {
            !self.net.forgiven.contains(place) && *tokens > self.net.last.tokens(*place)
        };
        complete && !state.iter().any(left)
    }
}

impl Replayer<'_> {
    /// Whether some way through the net plays exactly these activities from the beginning to the end; `None` when the
    /// search was given up. Activities that the net does not have are passed over, as in replay by tokens.
    #[must_use]
    pub fn plays(&self, activities: &[Arc<str>]) -> Option<bool> {
        let index = Index::new(self.net);
        let wanted: Vec<&str> = activities
            .iter()
            .map(|activity| &**activity)
            .filter(|activity| index.labels.contains_key(activity))
            .collect();
        let mut seen: HashSet<(usize, State)> = HashSet::new();
        let mut gave_up = false;
        let first: State = self.net.initial.sorted();
        // Depth first, what is wanted next before what is silent: a case that fits is found almost at once.
        let mut open: Vec<(usize, usize, State)> = vec![(0, 0, first)];
        while let Some((at, silent, state)) = open.pop() {
            if at == wanted.len() && index.is_end(&state) {
                return Some(true);
            }
            if !seen.insert((at, state.clone())) {
                continue;
            }
            if seen.len() > MAXIMUM_MARKINGS {
                return None;
            }
            if silent < MAXIMUM_SILENT {
                let of_places = state.iter().filter_map(|(place, _)| index.silent.get(place)).flatten();
                let some: Vec<usize> = index.free.iter().chain(of_places).copied().collect();
                let toward = self.toward(wanted.get(at).copied(), &index, &state);
                let mut next: Vec<(usize, State)> = some
                    .into_iter()
                    .filter_map(|t| Some((toward.get(&t).copied().unwrap_or(usize::MAX), index.fire(t, &state)?)))
                    .collect();
                // The last one pushed is the first one tried.
                next.sort_by(|(a, _), (b, _)| b.cmp(a));
                open.extend(next.into_iter().map(|(_, state)| (at, silent + 1, state)));
            } else {
                gave_up = true;
            }
            let visible = wanted.get(at).and_then(|label| index.labels.get(label));
            let visible = visible.into_iter().flatten().filter_map(|t| index.fire(*t, &state));
            open.extend(visible.map(|state| (at + 1, 0, state)));
        }
        if gave_up { None } else { Some(false) }
    }

    /// Silent transitions that begin a way from what is marked to what is wanted, with the length of the way.
    fn toward(&self, wanted: Option<&str>, index: &Index<'_>, state: &State) -> HashMap<usize, usize> {
        let goals: Vec<Place> = match wanted {
            Some(label) => {
                let transitions = index.labels.get(label).into_iter().flatten();
                transitions
                    .flat_map(|t| self.net.transitions[*t].inputs.iter().copied())
                    .collect()
            }
            None => self.net.last.iter().map(|(place, _)| place).collect(),
        };
        let mut found = HashMap::new();
        for (from, _) in state {
            for to in &goals {
                let Some(way) = self.ways.get(&(*from, *to)) else {
                    continue;
                };
                let Some(first) = way.first() else { continue };
                let length = found.entry(*first).or_insert(way.len());
                *length = way.len().min(*length);
            }
        }
        found
    }

    /// Replay by tokens, but a case that the net plays somehow fits, whatever way the replay took.
    #[must_use]
    pub fn replay_fairly(&self, activities: &[Arc<str>]) -> Replayed {
        let replayed = self.replay(activities);
        if replayed.fits || self.plays(activities) != Some(true) {
            return replayed;
        }
        Replayed {
            fits: true,
            missing: 0,
            remaining: 0,
            ..replayed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Marking, Transition};
    use super::*;

    fn transition(label: &str, inputs: &[Place], outputs: &[Place], resets: &[Place]) -> Transition {
        Transition {
            name: format!("{label}{inputs:?}{outputs:?}"),
            label: (!label.is_empty()).then(|| label.into()),
            inputs: inputs.to_vec(),
            outputs: outputs.to_vec(),
            resets: resets.to_vec(),
        }
    }

    /// a and b at the same time, interrupted by c; places: source, alive, a, b, done a, done b, sink, after.
    fn net() -> Net {
        let mut net = Net::default();
        for place in ["source", "alive", "a", "b", "done a", "done b", "sink", "after"] {
            net.place(place);
        }
        net.transitions = vec![
            transition("", &[0], &[1, 2, 3], &[]),
            transition("a", &[2], &[4], &[]),
            transition("b", &[3], &[5], &[]),
            transition("", &[4, 5, 1], &[6], &[]),
            transition("", &[1], &[7], &[2, 3, 4, 5]),
            transition("c", &[7], &[6], &[]),
        ];
        net.initial = Marking::of([0]);
        net.last = Marking::of([6]);
        net
    }

    #[test]
    fn an_interruption_clears_what_was_inside() {
        let net = net();
        let replayer = Replayer::new(&net);
        let plays = |text: &str| {
            let activities: Vec<Arc<str>> = text.chars().map(|c| c.to_string().into()).collect();
            replayer.plays(&activities)
        };
        for fits in ["ab", "ba", "c", "ac", "bc", "abc"] {
            assert_eq!(plays(fits), Some(true), "{fits}");
        }
        for wrong in ["a", "ca", "abcc", "aa"] {
            assert_eq!(plays(wrong), Some(false), "{wrong}");
        }
        assert!(replayer.replay_fairly(&["a".into(), "c".into()]).fits);
    }
}
