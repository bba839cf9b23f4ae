//! Linking a table with itself: keys, estimation, weights; all cores, memory that does not grow with the pairs.

use crate::block::Keys;
use crate::em::{self, Levels, Model, Pattern, Training, level_of, shares_of, train};
use crate::weigh::{Cache, Scorer, Thresholds, pattern};
use crate::{Fitted, Level, Table, table};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Bounds of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Threads.
    pub threads: usize,
    /// Records that may share a key; larger groups are left out and counted.
    pub max_group: usize,
    /// Most links that are kept; reaching it ends the run.
    pub max_links: usize,
    /// About how many pairs the estimation looks at.
    pub sample: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            max_group: 1_000,
            max_links: 50_000_000,
            sample: 4_000_000,
        }
    }
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// `false` while the weights are estimated, `true` while all pairs are weighed.
    pub weighing: bool,
    /// Pairs looked at, those that share several keys counted again.
    pub done: u64,
    /// Pairs to look at.
    pub of: u64,
}

/// Two records that may be of the same person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Link {
    /// The earlier record.
    pub a: u32,
    /// The later one.
    pub b: u32,
    /// Total weight, natural logarithm of the odds.
    pub weight: f32,
}

/// What a run found.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What each level says.
    pub model: Model,
    /// Where bands begin.
    pub thresholds: Thresholds,
    /// Pairs of the bands Same and Review, by record.
    pub links: Vec<Link>,
    /// Pairs that were compared, each once.
    pub compared: u64,
    /// Groups of one key that were left out for their size, and the records in them.
    pub left_out: (u64, u64),
    /// Whether links beyond the limit were lost.
    pub truncated: bool,
}

/// About how many pairs of groups one thread takes at a time.
const CHUNK: u64 = 65_536;

/// Pairs that are drawn to see what different persons agree on.
const RANDOM: u64 = 500_000;

/// Links a table with itself. `progress` is called now and then, from several threads.
pub fn link(table: &Table, limits: &Limits, progress: &(dyn Fn(Progress) + Sync)) -> Outcome {
    let keys = Keys::of(table, limits.max_group);
    let walk = Walk {
        table,
        keys: &keys,
        threads: limits.threads.clamp(1, 256),
    };
    let u = by_chance(table);
    let blocks = table.setup().blocks.iter().enumerate();
    let trainings: Vec<Training> = blocks
        .filter(|(_, block)| block.trains)
        .map(|(at, block)| {
            let fields = 0..table.columns.len();
            let key: Vec<bool> = fields
                .map(|field| block.parts.iter().any(|part| part.field == field))
                .collect();
            train(&walk.patterns(Some(at), limits.sample, &|_| {}).0, &u, &key)
        })
        .collect();
    let (patterns, each) = walk.patterns(None, limits.sample, progress);
    let patterns = em::counted(&patterns);
    #[expect(clippy::cast_precision_loss, reason = "a count of pairs")]
    let (records, each) = (table.len() as f64, each as f64);
    let shared: Vec<bool> = table.setup().fields.iter().map(|field| field.shared).collect();
    let all = records * (records - 1.0) / 2.0;
    let model = em::model(&trainings, u, &shared, &patterns, (each, all));
    let thresholds = Thresholds::of(&model, &patterns);
    walk.weigh(
        &Scorer::new(table, &model),
        (model.clone(), thresholds),
        limits,
        progress,
    )
}

/// Links a table with itself by what was learnt elsewhere: for a registry too small to learn from.
pub fn link_by(table: &Table, fitted: &Fitted, limits: &Limits, progress: &(dyn Fn(Progress) + Sync)) -> Outcome {
    let keys = Keys::of(table, limits.max_group);
    let walk = Walk {
        table,
        keys: &keys,
        threads: limits.threads.clamp(1, 256),
    };
    let learnt = (fitted.model.clone(), fitted.thresholds);
    walk.weigh(&Scorer::fitted(table, fitted), learnt, limits, progress)
}

/// What pairs of different persons agree on: pairs drawn at random, and for the same value, which is rare, its exact chance.
fn by_chance(table: &Table) -> Vec<Levels> {
    let mut sums = vec![[0.0; Level::COUNT]; table.columns.len()];
    let records = table.len() as u64;
    if records < 2 {
        return sums.into_iter().map(shares_of).collect();
    }
    let (mut state, mut cache) = (0x5eed_u64, Cache::new(table.columns.len()));
    let mut draw = |below: u64| {
        // a generator of Lehmer's kind over 64 bits is even enough to draw pairs, and always draws the same
        state = state
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(0x1405_7b7e_f767_814f);
        u32::try_from((u128::from(state) * u128::from(below)) >> 64).expect("below the number of records")
    };
    // a small table tells no more by more draws
    for _ in 0..RANDOM.min(records * 40).min(records * (records - 1) / 2) {
        let (a, b) = (draw(records), draw(records));
        if a != b {
            let pattern = pattern(table, a, b, Some(&mut cache));
            sums.iter_mut()
                .enumerate()
                .for_each(|(field, sums)| sums[level_of(pattern, field)] += 1.0);
        }
    }
    for (sums, column) in sums.iter_mut().zip(&table.columns) {
        let counts = || column.counts[1..].iter().map(|count| f64::from(*count));
        let whole: f64 = counts().sum();
        let same: f64 = counts().map(|count| count * (count - 1.0)).sum::<f64>() / (whole * (whole - 1.0)).max(1.0);
        let others: f64 = sums[1..Level::Same as usize].iter().sum();
        sums[Level::Same as usize] = others * same / (1.0 - same).max(1e-9);
    }
    sums.into_iter().map(shares_of).collect()
}

fn merge(mut a: HashMap<Pattern, u64>, b: HashMap<Pattern, u64>) -> HashMap<Pattern, u64> {
    for (pattern, count) in b {
        *a.entry(pattern).or_default() += count;
    }
    a
}

/// A walk through the pairs of all blocks.
struct Walk<'a> {
    table: &'a Table,
    keys: &'a Keys,
    threads: usize,
}

/// Which pairs a walk looks at.
#[derive(Clone, Copy)]
struct Steps {
    /// Only those of one block, else those of all, each once.
    block: Option<usize>,
    /// Of so many one.
    every: u64,
    /// For the progress.
    weighing: bool,
}

impl Walk<'_> {
    /// Weighs all pairs and keeps those that are not of different persons.
    fn weigh(
        &self,
        scorer: &Scorer<'_>,
        (model, thresholds): (Model, Thresholds),
        limits: &Limits,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> Outcome {
        let kept = AtomicUsize::new(0);
        let steps = Steps {
            block: None,
            every: 1,
            weighing: true,
        };
        progress(Progress {
            weighing: true,
            done: 0,
            of: self.keys.pairs,
        });
        let (links, compared) = self.all(steps, progress, Vec::new, |links: &mut Vec<Link>, cache, a, b| {
            // whatever does not reach the band Review is of different persons
            if let Some(weight) = scorer.at_least(thresholds.review, (a, b), cache)
                && kept.fetch_add(1, Ordering::Relaxed) < limits.max_links
            {
                #[expect(clippy::cast_possible_truncation, reason = "a weight")]
                links.push(Link {
                    a,
                    b,
                    weight: weight as f32,
                });
            }
        });
        let mut links: Vec<Link> = links.into_iter().flatten().collect();
        links.sort_unstable_by_key(|link| (link.a, link.b));
        Outcome {
            model,
            thresholds,
            links,
            compared,
            left_out: self.keys.left_out,
            truncated: kept.into_inner() > limits.max_links,
        }
    }

    /// How often patterns come up in one block or in all, and of how many pairs one was looked at.
    fn patterns(
        &self,
        block: Option<usize>,
        sample: u64,
        progress: &(dyn Fn(Progress) + Sync),
    ) -> (HashMap<Pattern, u64>, u64) {
        let pairs = block.map_or(self.keys.pairs, |block| self.keys.groups[block].pairs);
        let every = (pairs / sample.max(1)).max(1);
        let steps = Steps {
            block,
            every,
            weighing: false,
        };
        let (patterns, _) = self.all(
            steps,
            progress,
            HashMap::<Pattern, u64>::new,
            |patterns, cache, a, b| {
                *patterns.entry(pattern(self.table, a, b, Some(cache))).or_default() += 1;
            },
        );
        (patterns.into_iter().reduce(merge).unwrap_or_default(), every)
    }

    /// Hands pairs to `visit` with what this thread collects and its cache. Gives what the threads collected and how many
    /// pairs there were.
    fn all<T: Send>(
        &self,
        steps: Steps,
        progress: &(dyn Fn(Progress) + Sync),
        start: impl Fn() -> T + Sync,
        visit: impl Fn(&mut T, &mut Cache, u32, u32) + Sync,
    ) -> (Vec<T>, u64) {
        let chunks = self.chunks(steps.block);
        let of = steps
            .block
            .map_or(self.keys.pairs, |block| self.keys.groups[block].pairs);
        let (next, done, compared) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicU64::new(0));
        let collected = Mutex::new(vec![]);
        std::thread::scope(|scope| {
            for _ in 0..self.threads {
                scope.spawn(|| {
                    let mut own = start();
                    let mut cache = Cache::new(self.table.columns.len());
                    while let Some(chunk) = chunks.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let mut looked = 0;
                        let seen = self.pairs(chunk, steps, |a, b| {
                            looked += 1;
                            visit(&mut own, &mut cache, a, b);
                        });
                        compared.fetch_add(looked, Ordering::Relaxed);
                        let done = done.fetch_add(seen, Ordering::Relaxed) + seen;
                        progress(Progress {
                            weighing: steps.weighing,
                            done,
                            of,
                        });
                    }
                    collected.lock().expect("no thread panics with it").push(own);
                });
            }
        });
        (
            collected.into_inner().expect("no thread panics with it"),
            compared.into_inner(),
        )
    }

    /// The pairs of some groups; gives how many there are.
    fn pairs(&self, (block, groups): &(usize, Range<usize>), steps: Steps, mut visit: impl FnMut(u32, u32)) -> u64 {
        let mut seen = 0u64;
        for group in groups.clone() {
            let group = self.keys.groups[*block].group(group);
            for (at, a) in group.iter().enumerate() {
                for b in &group[at + 1..] {
                    seen += 1;
                    let taken = steps.every == 1 || seen.is_multiple_of(steps.every);
                    if taken && (steps.block.is_some() || !self.keys.met_before(*block, *a, *b)) {
                        visit(*a, *b);
                    }
                }
            }
        }
        seen
    }

    /// Groups in pieces of about as many pairs.
    fn chunks(&self, only: Option<usize>) -> Vec<(usize, Range<usize>)> {
        let mut chunks = vec![];
        for (block, groups) in self.keys.groups.iter().enumerate() {
            if only.is_some_and(|only| only != block) {
                continue;
            }
            let (mut start, mut pairs) = (0, 0);
            for group in 0..groups.len() {
                let size = groups.group(group).len() as u64;
                pairs += size * (size - 1) / 2;
                if pairs >= CHUNK || group + 1 == groups.len() {
                    chunks.push((block, start..group + 1));
                    (start, pairs) = (group + 1, 0);
                }
            }
        }
        chunks
    }
}

const _: () = assert!(table::MAX_RECORDS < u32::MAX as usize);
