//! How much each level of each field says, estimated from the records themselves.
//!
//! What different persons agree on by chance (u) is seen in pairs drawn at random. What records of one person agree on (m)
//! is learnt, by expectation maximisation, from pairs that share a key that says much (a codice fiscale; name and birth), for
//! the fields outside that key. To estimate both at once from all candidates would take the most striking likeness for
//! identity, and that is the family at one address. Relatives are therefore a class of their own: in the fields that they
//! share they agree as is learnt from the candidates, in the others no more than strangers do.

use crate::Level;
use crate::setup::MAX_FIELDS;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Most rounds of the estimation.
const MAX_ROUNDS: usize = 500;
/// The estimation ends when no probability changes by more than this.
const SETTLED: f64 = 1e-7;
/// Pairs that each level is taken to have had beforehand, so that none is impossible.
const BEFOREHAND: f64 = 0.1;

/// Probabilities of levels among pairs of the same person (m) and of different persons (u), and the share of the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// Of each field, the probability of each level where the persons are the same; of values that are not missing.
    pub m: Vec<[f64; Level::COUNT]>,
    /// The same where they are different.
    pub u: Vec<[f64; Level::COUNT]>,
    /// The same where they are different persons who live together or are related: fields that such people share have
    /// probabilities of their own.
    pub kin: Vec<[f64; Level::COUNT]>,
    /// The share of pairs of the same person among all pairs of the table.
    pub share: f64,
    /// The share of pairs of relatives among all pairs of the table; 0 if no field is shared.
    pub kin_share: f64,
}

/// The levels of a pair, three bits a field.
pub(crate) type Pattern = u64;

/// The level of a field in a pattern.
pub(crate) fn level_of(pattern: Pattern, field: usize) -> usize {
    usize::try_from(pattern >> (3 * field) & 7).expect("three bits")
}

/// Where the estimation of m starts: agreement is frequent among the same.
const START: [f64; Level::COUNT] = [0.0, 0.05, 0.03, 0.07, 0.03, 0.02, 0.8];

/// Probabilities of the levels of one field.
pub(crate) type Levels = [f64; Level::COUNT];

impl Model {
    /// Natural logarithm of m/u of a level: positive speaks for the same person. 0 for a missing value.
    pub fn weight(&self, field: usize, level: Level) -> f64 {
        match level {
            Level::Missing => 0.0,
            level => (self.m[field][level as usize] / self.u[field][level as usize]).ln(),
        }
    }

    /// The same against relatives.
    pub fn kin_weight(&self, field: usize, level: Level) -> f64 {
        match level {
            Level::Missing => 0.0,
            level => (self.m[field][level as usize] / self.kin[field][level as usize]).ln(),
        }
    }

    /// The weight that the share of the same among all pairs gives every pair beforehand.
    pub fn prior(&self) -> f64 {
        (self.share / (1.0 - self.share)).ln()
    }

    /// The same against relatives; infinite if there are none.
    pub fn kin_prior(&self) -> f64 {
        (self.share / self.kin_share).ln()
    }
}

/// The probability that a total weight means.
pub(crate) fn probability(weight: f64) -> f64 {
    1.0 / (1.0 + (-weight).exp())
}

/// How often patterns came up, in one order: the same sums, the same model.
pub(crate) fn counted<S: std::hash::BuildHasher>(patterns: &HashMap<Pattern, u64, S>) -> Vec<(Pattern, f64)> {
    let mut counted: Vec<(Pattern, f64)> = patterns
        .iter()
        .map(|(pattern, count)| {
            #[expect(clippy::cast_precision_loss, reason = "counts of pairs")]
            let count = *count as f64;
            (*pattern, count)
        })
        .collect();
    counted.sort_unstable_by_key(|(pattern, _)| *pattern);
    counted
}

/// What one training found: how often each level is expected among the pairs of the same person.
#[derive(Debug, Clone, PartialEq)]
pub struct Training {
    /// Of each field; empty counts for the fields of the key.
    pub expected: Vec<[f64; Level::COUNT]>,
    /// The share of pairs of the same person among those that shared the key.
    pub share: f64,
    /// Rounds until it settled.
    pub rounds: usize,
}

/// Learns m from the patterns (three bits a field) of pairs that share a key, with u known; fields for which `key` is true
/// are left out. Fields are taken as independent.
pub fn train<S: std::hash::BuildHasher>(
    patterns: &HashMap<u64, u64, S>,
    u: &[[f64; Level::COUNT]],
    key: &[bool],
) -> Training {
    assert!(
        u.len() <= MAX_FIELDS && u.len() == key.len(),
        "as many as the setup has, and it is checked"
    );
    let counted = counted(patterns);
    let total: f64 = counted.iter().map(|(_, count)| count).sum();
    let mut found = Training {
        expected: vec![[0.0; Level::COUNT]; u.len()],
        share: 0.5,
        rounds: 0,
    };
    if total == 0.0 {
        return found;
    }
    let mut m = vec![START; u.len()];
    for round in 1..=MAX_ROUNDS {
        let (expected, matches) = expect(&counted, &m, u, key, (found.share / (1.0 - found.share)).ln());
        let next: Vec<Levels> = expected.iter().map(|sums| shares_of(*sums)).collect();
        let share = (matches / total).clamp(1e-9, 0.999_999);
        let moved = m
            .iter()
            .flatten()
            .zip(next.iter().flatten())
            .map(|(a, b)| (a - b).abs());
        let change = moved.fold((share - found.share).abs(), f64::max);
        m = next;
        found = Training {
            expected,
            share,
            rounds: round,
        };
        if change < SETTLED {
            break;
        }
    }
    found
}

/// The levels expected among the same, and how many pairs are expected to be.
fn expect(counted: &[(Pattern, f64)], m: &[Levels], u: &[Levels], key: &[bool], prior: f64) -> (Vec<Levels>, f64) {
    let weigh =
        |m: &Levels, u: &Levels| std::array::from_fn(|level| if level == 0 { 0.0 } else { (m[level] / u[level]).ln() });
    let weights: Vec<Levels> = m.iter().zip(u).map(|(m, u)| weigh(m, u)).collect();
    let fields = || (0..m.len()).filter(|field| !key[*field]);
    let (mut expected, mut matches) = (vec![[0.0; Level::COUNT]; m.len()], 0.0);
    for (pattern, count) in counted {
        let weight: f64 = fields().map(|field| weights[field][level_of(*pattern, field)]).sum();
        let same = count * probability(weight + prior);
        matches += same;
        for field in fields() {
            expected[field][level_of(*pattern, field)] += same;
        }
    }
    (expected, matches)
}

/// Puts trainings together, and reckons the shares of the same and of relatives among `all` pairs of the table so that they
/// are what the weights find among the candidates, whose `patterns` stand for `each` pairs; what relatives agree on in the
/// `shared` fields is learnt on the way.
pub(crate) fn model(
    trainings: &[Training],
    u: Vec<Levels>,
    shared: &[bool],
    patterns: &[(Pattern, f64)],
    (each, all): (f64, f64),
) -> Model {
    let m = (0..u.len()).map(|field| {
        let mut sums = [0.0; Level::COUNT];
        for training in trainings {
            sums.iter_mut()
                .zip(training.expected[field])
                .for_each(|(sum, expected)| *sum += expected);
        }
        // a field that nothing was learnt of agrees as fields do
        if sums[1..].iter().sum::<f64>() < 1.0 {
            START
        } else {
            shares_of(sums)
        }
    });
    let m: Vec<Levels> = m.collect();
    let of = |field: usize| if shared[field] { m[field] } else { u[field] };
    let has_kin = shared.contains(&true);
    let mut model = Model {
        kin: (0..u.len()).map(of).collect(),
        m,
        u,
        share: 1e-6,
        kin_share: if has_kin { 1e-6 } else { 0.0 },
    };
    for _ in 0..MAX_ROUNDS {
        let (same, kin, levels) = classes(&model, patterns);
        let next = (same * each / all.max(1.0)).clamp(1e-15, 0.5);
        let next_kin = if has_kin {
            (kin * each / all.max(1.0)).clamp(1e-15, 0.4)
        } else {
            0.0
        };
        let settled = (next / model.share - 1.0).abs() < 1e-6 && (next_kin - model.kin_share).abs() <= 1e-6 * next_kin;
        (model.share, model.kin_share) = (next, next_kin);
        for (field, levels) in levels.into_iter().enumerate().filter(|(field, _)| shared[*field]) {
            model.kin[field] = shares_of(levels);
        }
        if settled {
            break;
        }
    }
    model
}

/// How many pairs are expected to be the same, how many relatives, and the levels of these.
fn classes(model: &Model, patterns: &[(Pattern, f64)]) -> (f64, f64, Vec<Levels>) {
    let (mut same, mut kin, mut levels) = (0.0, 0.0, vec![[0.0; Level::COUNT]; model.m.len()]);
    for (pattern, count) in patterns {
        let (strangers, relatives) = model.weights(*pattern);
        // odds of strangers and of relatives against the same
        let (odds, kin_odds) = ((-strangers).exp(), (-relatives).exp());
        let whole = 1.0 + odds + kin_odds;
        same += count / whole;
        let related = if whole.is_finite() {
            count * kin_odds / whole
        } else {
            0.0
        };
        kin += related;
        for (field, levels) in levels.iter_mut().enumerate() {
            levels[level_of(*pattern, field)] += related;
        }
    }
    (same, kin, levels)
}

impl Model {
    /// The total weights of a pattern against strangers and against relatives.
    pub(crate) fn weights(&self, pattern: Pattern) -> (f64, f64) {
        let (mut strangers, mut relatives) = (self.prior(), self.kin_prior());
        for field in 0..self.m.len() {
            let level = Level::ALL[level_of(pattern, field)];
            strangers += self.weight(field, level);
            relatives += self.kin_weight(field, level);
        }
        (strangers, relatives)
    }
}

/// Shares of the levels among values that are not missing.
pub(crate) fn shares_of(mut sums: Levels) -> Levels {
    sums[0] = 0.0;
    sums[1..].iter_mut().for_each(|sum| *sum += BEFOREHAND);
    let whole: f64 = sums.iter().sum();
    sums.map(|sum| sum / whole)
}
