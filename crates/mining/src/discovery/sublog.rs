//! A part of a log while it is being cut: variants of activity numbers with their counts, and the graph that tells how
//! to cut it. Activities are numbered in the order of their names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// An activity by its number.
pub(super) type Act = u32;
/// Activities that belong together.
pub(super) type Group = BTreeSet<Act>;

/// A multiset of sequences, in the order in which each was first added.
#[derive(Debug, Clone, Default)]
pub(super) struct Sequences {
    counts: Vec<(Vec<Act>, u64)>,
    index: HashMap<Vec<Act>, usize>,
}

impl Sequences {
    pub fn add(&mut self, sequence: Vec<Act>, cases: u64) {
        if let Some(&at) = self.index.get(&sequence) {
            self.counts[at].1 += cases;
        } else {
            self.index.insert(sequence.clone(), self.counts.len());
            self.counts.push((sequence, cases));
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&[Act], u64)> {
        self.counts
            .iter()
            .map(|(sequence, cases)| (sequence.as_slice(), *cases))
    }

    /// How many different sequences.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// How many cases.
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|(_, cases)| cases).sum()
    }

    /// Every activity that occurs.
    pub fn alphabet(&self) -> Group {
        self.counts.iter().flat_map(|(sequence, _)| sequence).copied().collect()
    }

    /// Each sequence with only the activities that are kept.
    pub fn projected(&self, keep: impl Fn(Act) -> bool) -> Self {
        let mut kept = Self::default();
        for (sequence, cases) in self.iter() {
            kept.add(sequence.iter().copied().filter(|act| keep(*act)).collect(), cases);
        }
        kept
    }

    /// Without the empty sequence, when it is there.
    pub fn without_empty(&self) -> Option<Self> {
        self.index.contains_key([].as_slice()).then(|| {
            let mut rest = Self::default();
            for (sequence, cases) in self.iter().filter(|(sequence, _)| !sequence.is_empty()) {
                rest.add(sequence.to_vec(), cases);
            }
            rest
        })
    }
}

/// The directly-follows graph by numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct Graph {
    pub edges: BTreeMap<(Act, Act), u64>,
    pub starts: BTreeMap<Act, u64>,
    pub ends: BTreeMap<Act, u64>,
}

impl Graph {
    pub fn of(sequences: &Sequences) -> Self {
        let mut graph = Self::default();
        for (sequence, cases) in sequences.iter() {
            for pair in sequence.windows(2) {
                *graph.edges.entry((pair[0], pair[1])).or_default() += cases;
            }
            if let (Some(first), Some(last)) = (sequence.first(), sequence.last()) {
                *graph.starts.entry(*first).or_default() += cases;
                *graph.ends.entry(*last).or_default() += cases;
            }
        }
        graph
    }

    pub fn has(&self, from: Act, to: Act) -> bool {
        self.edges.contains_key(&(from, to))
    }

    /// Every activity that is in an edge, starts or ends.
    pub fn vertices(&self) -> Group {
        let ends = self.starts.keys().chain(self.ends.keys()).copied();
        self.edges
            .keys()
            .flat_map(|(from, to)| [*from, *to])
            .chain(ends)
            .collect()
    }

    /// Without the edges that are rare beside the most frequent way out of their source, and the starts that are rare
    /// beside the most frequent start (IMf, section 6.2 of Leemans).
    #[allow(clippy::cast_precision_loss)] // counts of cases are far below 2^52
    pub fn without_noise(&self, threshold: f64) -> Self {
        let mut most: BTreeMap<Act, u64> = BTreeMap::new();
        for (&(from, _), &count) in &self.edges {
            let ending = self.ends.get(&from).copied().unwrap_or(0);
            let top = most.entry(from).or_default();
            *top = (*top).max(count).max(ending);
        }
        let start = self.starts.values().max().copied().unwrap_or(0) as f64 * threshold;
        let frequent = |&(&(from, _), &count): &(&(Act, Act), &u64)| count as f64 > threshold * most[&from] as f64;
        Self {
            edges: self
                .edges
                .iter()
                .filter(frequent)
                .map(|(edge, count)| (*edge, *count))
                .collect(),
            starts: self
                .starts
                .iter()
                .filter(|(_, count)| **count as f64 >= start)
                .map(|(a, c)| (*a, *c))
                .collect(),
            ends: self.ends.clone(),
        }
    }
}

/// Groups of activities connected by edges whichever their direction, ordered by their first activity.
pub(super) fn components(vertices: &Group, edges: impl Iterator<Item = (Act, Act)>) -> Vec<Group> {
    let mut groups: Vec<Group> = vertices.iter().map(|act| Group::from([*act])).collect();
    for (from, to) in edges {
        let find = |act: Act| groups.iter().position(|group| group.contains(&act));
        let (Some(a), Some(b)) = (find(from), find(to)) else {
            continue;
        };
        if a != b {
            let moved = groups.remove(a.max(b));
            groups[a.min(b)].extend(moved);
        }
    }
    groups
}
