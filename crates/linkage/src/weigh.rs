//! The weight of a pair, what it means, and why.

use crate::compare::level;
use crate::em::{Pattern, level_of, probability};
use crate::setup::MAX_FIELDS;
use crate::{Fitted, Level, Model, Table};
use serde::{Deserialize, Serialize};

/// What a weight means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Band {
    /// Different persons.
    Different,
    /// A person must look.
    Review,
    /// The same person.
    Same,
}

/// Total weights at which bands begin.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// From here on the pair is the same person.
    pub same: f64,
    /// From here on, up to `same`, a person must look; below, the persons are different.
    pub review: f64,
}

/// Most wrong pairs among those taken for the same, and most missed ones among those of the same person, that the bands let
/// through by the model's own reckoning (the error rates of Fellegi and Sunter).
const ERRORS: (f64, f64) = (0.001, 0.001);

/// The model takes fields as independent, and is surer than it should be: whatever it reckons, between odds of 1 to 99 and 99
/// to 1 a person looks.
const LEAST_ODDS: f64 = 99.0;

impl Thresholds {
    /// The bands for which the model expects at most one wrong link of a thousand, and at most one missed of a thousand.
    pub(crate) fn of(model: &Model, patterns: &[(Pattern, f64)]) -> Thresholds {
        let weighed = patterns.iter().map(|(pattern, count)| {
            let (strangers, relatives) = model.weights(*pattern);
            (strangers.min(relatives), *count)
        });
        let mut weighed: Vec<(f64, f64)> = weighed.collect();
        weighed.sort_by(|a, b| b.0.total_cmp(&a.0));
        let matches: f64 = weighed.iter().map(|(weight, count)| count * probability(*weight)).sum();
        let (mut taken, mut wrong, mut found) = (0.0, 0.0, 0.0);
        // half a chance is the least for the same and the most for the different
        let mut thresholds = Thresholds {
            same: f64::INFINITY,
            review: 0.0,
        };
        for (weight, count) in weighed {
            let chance = probability(weight);
            taken += count;
            wrong += count * (1.0 - chance);
            if weight >= 0.0 && wrong <= ERRORS.0 * taken {
                thresholds.same = weight;
            }
            if weight <= 0.0 && matches - found > ERRORS.1 * matches {
                thresholds.review = weight;
            }
            found += count * chance;
        }
        if thresholds.same.is_infinite() {
            thresholds.same = (1.0 / ERRORS.0).ln();
        }
        thresholds.same = thresholds.same.max(LEAST_ODDS.ln());
        thresholds.review = thresholds.review.min(-LEAST_ODDS.ln());
        thresholds
    }

    /// The band of a weight.
    pub fn band(&self, weight: f64) -> Band {
        if weight >= self.same {
            Band::Same
        } else if weight >= self.review {
            Band::Review
        } else {
            Band::Different
        }
    }
}

/// What one field says of a pair.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Explanation {
    /// Number of the field.
    pub field: usize,
    /// How far the values agree.
    pub level: Level,
    /// Its weight, natural logarithm: positive speaks for the same person.
    pub weight: f64,
    /// The part of the weight that comes from how rare the value is.
    pub rarity: f64,
    /// Whether the weight is against relatives of the same house, the likelier alternative, and not against strangers.
    pub against_kin: bool,
}

/// Weighs pairs of a table by a model.
#[derive(Debug)]
pub struct Scorer<'a> {
    table: &'a Table,
    model: &'a Model,
    weights: Vec<[f64; Level::COUNT]>,
    kin_weights: Vec<[f64; Level::COUNT]>,
    /// Of each field and value what its rarity adds to the weight of the level Same.
    rarity: Vec<Vec<f32>>,
    /// Of each field the most that a pair of different values can say, against strangers and against relatives.
    best: Vec<(f64, f64)>,
    /// Fields in the order in which different values are compared: those first that decide most.
    order: Vec<usize>,
    /// The weights beforehand.
    priors: (f64, f64),
    /// Of each field whether relatives share it.
    shared: Vec<bool>,
}

/// Bounds of what rarity adds and takes, so that a value that came up once is no proof.
pub(crate) const RARITY: (f64, f64) = (-4.0, 3.0);

impl<'a> Scorer<'a> {
    /// A scorer: the rarity of every value is reckoned once.
    pub fn new(table: &'a Table, model: &'a Model) -> Scorer<'a> {
        let fields = 0..table.columns.len();
        Scorer::with(table, model, fields.map(|field| rarity(table, field)).collect())
    }

    /// A scorer by what was learnt elsewhere, for a table of few records.
    pub fn fitted(table: &'a Table, fitted: &'a Fitted) -> Scorer<'a> {
        Scorer::with(table, &fitted.model, fitted.rarity(table))
    }

    fn with(table: &'a Table, model: &'a Model, rarity: Vec<Vec<f32>>) -> Scorer<'a> {
        let fields = 0..table.columns.len();
        let of = |weight: &dyn Fn(usize, Level) -> f64| {
            let levels = |field| Level::ALL.map(|level| weight(field, level));
            fields.clone().map(levels).collect()
        };
        let weights: Vec<[f64; Level::COUNT]> = of(&|field, level| model.weight(field, level));
        let kin_weights: Vec<[f64; Level::COUNT]> = of(&|field, level| model.kin_weight(field, level));
        // of two values that differ: anything but Missing and Same
        let most = |weights: &[f64; Level::COUNT]| {
            let differing = weights[1..Level::Same as usize].iter();
            differing.copied().fold(f64::NEG_INFINITY, f64::max)
        };
        let best: Vec<(f64, f64)> = (weights.iter().zip(&kin_weights))
            .map(|(weights, kin)| (most(weights), most(kin)))
            .collect();
        let mut order: Vec<usize> = fields.collect();
        let falls = |field: &usize| {
            let different = Level::Different as usize;
            let fall = (best[*field].0 - weights[*field][different]).min(40.0);
            fall + (best[*field].1 - kin_weights[*field][different]).min(40.0)
        };
        order.sort_by(|a, b| falls(b).total_cmp(&falls(a)));
        Scorer {
            weights,
            kin_weights,
            rarity,
            best,
            order,
            priors: (model.prior(), model.kin_prior()),
            shared: table.setup.fields.iter().map(|field| field.shared).collect(),
            table,
            model,
        }
    }

    /// The total weight of a pair if it reaches `floor`. What a pair can reach at most is known from which of its values are
    /// the same, before any are compared; the comparing ends as soon as the floor is out of reach, which for most pairs of a
    /// key is after one field or two.
    pub(crate) fn at_least(&self, floor: f64, (a, b): (u32, u32), cache: &mut Cache) -> Option<f64> {
        let (row, other) = (self.table.row(a), self.table.row(b));
        let (mut strangers, mut relatives) = (self.priors.0, self.priors.1);
        let (mut open, mut count, mut pattern) = ([0usize; MAX_FIELDS], 0, 0);
        for &field in &self.order {
            let (left, right) = (row[field], other[field]);
            if left == 0 || right == 0 {
                continue;
            }
            if left == right {
                let rare = self.rare(field, left);
                strangers += self.weights[field][Level::Same as usize] + rare.0;
                relatives += self.kin_weights[field][Level::Same as usize] + rare.1;
                pattern |= (Level::Same as u64) << (3 * field);
            } else {
                strangers += self.best[field].0;
                relatives += self.best[field].1;
                (open[count], count) = (field, count + 1);
            }
        }
        // sums in another order differ in their last digits
        let reach = floor - 1e-6;
        for &field in &open[..count] {
            if strangers.min(relatives) < reach {
                return None;
            }
            let level = differing(self.table, field, (row[field], other[field]), (a, b), Some(&mut *cache));
            strangers += self.weights[field][usize::from(level)] - self.best[field].0;
            relatives += self.kin_weights[field][usize::from(level)] - self.best[field].1;
            pattern |= u64::from(level) << (3 * field);
        }
        if strangers.min(relatives) < reach {
            return None;
        }
        Some(self.weigh(pattern, a)).filter(|weight| *weight >= floor)
    }

    /// What the rarity of a value adds against strangers, and against relatives, who share a value because they are relatives,
    /// however rare it is.
    fn rare(&self, field: usize, value: u32) -> (f64, f64) {
        let rare = self.rarity[field]
            .get(value as usize)
            .map_or(0.0, |rare| f64::from(*rare));
        (rare, if self.shared[field] { 0.0 } else { rare })
    }

    /// The total weight of a pair whose levels are known, against whichever is likelier: strangers, or relatives; what the
    /// same persons are among all pairs is a weight beforehand.
    pub(crate) fn weigh(&self, pattern: Pattern, a: u32) -> f64 {
        let (strangers, relatives) = self.both(pattern, a);
        strangers.min(relatives)
    }

    fn both(&self, pattern: Pattern, a: u32) -> (f64, f64) {
        let (mut strangers, mut relatives) = self.priors;
        let row = self.table.row(a);
        for (field, (weights, kin)) in self.weights.iter().zip(&self.kin_weights).enumerate() {
            let level = level_of(pattern, field);
            strangers += weights[level];
            relatives += kin[level];
            if level == Level::Same as usize {
                let rare = self.rare(field, row[field]);
                strangers += rare.0;
                relatives += rare.1;
            }
        }
        (strangers, relatives)
    }

    /// The total weight of a pair: the natural logarithm of the odds that it is the same person.
    pub fn weight(&self, a: u32, b: u32) -> f64 {
        self.weigh(pattern(self.table, a, b, None), a)
    }

    /// The probability that a pair is the same person.
    pub fn probability(&self, a: u32, b: u32) -> f64 {
        probability(self.weight(a, b))
    }

    /// The part of a pair's weight that it has beforehand: with the fields' weights it makes the total.
    pub fn beforehand(&self, a: u32, b: u32) -> f64 {
        let (strangers, relatives) = self.both(pattern(self.table, a, b, None), a);
        if relatives < strangers {
            self.model.kin_prior()
        } else {
            self.model.prior()
        }
    }

    /// What each field says of a pair.
    pub fn explain(&self, a: u32, b: u32) -> Vec<Explanation> {
        let pattern = pattern(self.table, a, b, None);
        let (strangers, relatives) = self.both(pattern, a);
        let against_kin = relatives < strangers;
        let weights = if against_kin { &self.kin_weights } else { &self.weights };
        let row = self.table.row(a);
        let part = |(field, weights): (usize, &[f64; Level::COUNT])| {
            let level = Level::ALL[level_of(pattern, field)];
            let counts = level == Level::Same && !(against_kin && self.table.setup.fields[field].shared);
            let rarity = self.rarity[field].get(row[field] as usize).filter(|_| counts);
            let rarity = f64::from(rarity.copied().unwrap_or(0.0));
            Explanation {
                field,
                level,
                weight: weights[level as usize] + rarity,
                rarity,
                against_kin,
            }
        };
        weights.iter().enumerate().map(part).collect()
    }
}

/// What the rarity of each value adds: the mean chance that two records share a value, over the chance for this one.
fn rarity(table: &Table, field: usize) -> Vec<f32> {
    let column = &table.columns[field];
    if !table.setup.fields[field].by_frequency {
        return vec![];
    }
    let counts = || column.counts[1..].iter().map(|count| f64::from(*count));
    let whole: f64 = counts().sum();
    let mean: f64 = counts().map(|count| (count / whole) * (count / whole)).sum();
    let of = |count: &u32| {
        let share = f64::from(*count) / whole;
        #[expect(clippy::cast_possible_truncation, reason = "a weight")]
        let added = (mean / share).ln().clamp(RARITY.0, RARITY.1) as f32;
        if *count == 0 { 0.0 } else { added }
    };
    column.counts.iter().map(of).collect()
}

/// Levels of pairs of values that were compared before, by field: most pairs of frequent values come again.
/// One number holds two values of 27 bits each (there are at most as many as records) and their level.
pub(crate) struct Cache {
    fields: Vec<Vec<u64>>,
}

const _: () = assert!(crate::table::MAX_RECORDS < 1 << 27);

/// Places of a cache for one field, a power of two.
const PLACES: usize = 1 << 14;

impl Cache {
    pub fn new(fields: usize) -> Cache {
        Cache {
            fields: vec![vec![0; PLACES]; fields],
        }
    }
}

/// The levels of a pair.
pub(crate) fn pattern(table: &Table, a: u32, b: u32, mut cache: Option<&mut Cache>) -> Pattern {
    let mut pattern = 0;
    for (field, (left, right)) in table.row(a).iter().zip(table.row(b)).enumerate() {
        let (left, right) = (*left, *right);
        let level = if left == 0 || right == 0 {
            Level::Missing as u8
        } else if left == right {
            Level::Same as u8
        } else {
            differing(table, field, (left, right), (a, b), cache.as_deref_mut())
        };
        pattern |= u64::from(level) << (3 * field);
    }
    pattern
}

fn differing(table: &Table, field: usize, ids: (u32, u32), records: (u32, u32), cache: Option<&mut Cache>) -> u8 {
    let of = &table.setup.fields[field];
    let column = &table.columns[field];
    let compare = || level(of.kind, &column.values[ids.0 as usize], &column.values[ids.1 as usize]) as u8;
    let level = match cache {
        None => compare(),
        Some(cache) => {
            let key = u64::from(ids.0.min(ids.1)) << 27 | u64::from(ids.0.max(ids.1));
            let place = usize::try_from(key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50).expect("14 bits");
            let found = &mut cache.fields[field][place];
            if *found >> 3 != key {
                *found = key << 3 | u64::from(compare());
            }
            u8::try_from(*found & 7).expect("three bits")
        }
    };
    if level > Level::Similar as u8 {
        return level;
    }
    let exchanged = of.exchanged_with.is_some_and(|other| {
        // each value stands in the other's place, unless it is missing there
        let same = |a: u32, b: u32| {
            let (mine, theirs) = (table.value(field, a), table.value(other, b));
            mine.zip(theirs).map(|(mine, theirs)| mine.text == theirs.text)
        };
        match (same(records.0, records.1), same(records.1, records.0)) {
            (Some(one), Some(two)) => one && two,
            (one, two) => one.or(two) == Some(true),
        }
    });
    if exchanged { Level::Exchanged as u8 } else { level }
}
