//! Who lives together. Families take from the counts of a municipality until nobody is left, so that ages and sexes stay exact.

use crate::table::{AGES, Municipality};
use codicefiscale::Sex;
use rand::Rng;

/// A member of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member {
    pub sex: Sex,
    /// Years; 100 means 100 or more.
    pub age: usize,
    pub part: Part,
}

/// Their part in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// One of the couple, or alone.
    Head,
    /// A child of the heads.
    Child,
}

/// Largest number of children in one family.
const MOST: usize = 5;
/// How far from the age wanted one is taken instead, in years.
const REACH: usize = 10;
/// Of ten parents of a minor, so many live with the other one.
const TOGETHER: u32 = 8;

/// Who is not yet in a family.
#[derive(Debug)]
pub(crate) struct Rest {
    counts: [[u32; AGES]; 2],
    left: u64,
}

fn row(sex: Sex) -> usize {
    usize::from(sex == Sex::Male)
}

fn other(sex: Sex) -> Sex {
    if sex == Sex::Male { Sex::Female } else { Sex::Male }
}

impl Rest {
    /// The residents, `scale` times: each count is rounded up or down by chance, so that the sums come out.
    pub fn of(municipality: &Municipality, scale: f64, rng: &mut impl Rng) -> Self {
        let mut counts = [[0; AGES]; 2];
        for (row, list) in [&municipality.women, &municipality.men].into_iter().enumerate() {
            for (age, count) in list.iter().enumerate() {
                let wanted = f64::from(*count) * scale;
                let up = rng.random_bool(wanted.fract().clamp(0.0, 1.0));
                counts[row][age] = wanted.trunc() as u32 + u32::from(up);
            }
        }
        let left = counts.iter().flatten().map(|count| u64::from(*count)).sum();
        Self { counts, left }
    }

    /// The next family; `None` when everybody is in one.
    pub fn family(&mut self, rng: &mut impl Rng) -> Option<Vec<Member>> {
        if self.left == 0 {
            return None;
        }
        if let Some(child) = self.any(0, 17, rng) {
            return Some(self.with_minors(child, rng));
        }
        let (sex, age) = self.any(0, AGES - 1, rng)?;
        Some(self.of_adults(sex, age, rng))
    }

    /// A minor, the parents, brothers and sisters.
    fn with_minors(&mut self, (sex, age): (Sex, usize), rng: &mut impl Rng) -> Vec<Member> {
        let mut family = Vec::new();
        let mother = self.near(Sex::Female, age + rng.random_range(21..38), 18, rng);
        let of = mother.unwrap_or(age + 30);
        family.extend(mother.map(|age| head(Sex::Female, age)));
        if mother.is_none() || rng.random_ratio(TOGETHER, 10) {
            let father = self.near(Sex::Male, of + rng.random_range(0..7), 18, rng);
            family.extend(father.map(|age| head(Sex::Male, age)));
        }
        family.push(child(sex, age));
        while family.len() < MOST && rng.random_ratio(45, 100) {
            let wanted = (age + rng.random_range(1..6)).saturating_sub(rng.random_range(0..6));
            let sex = if rng.random() { Sex::Female } else { Sex::Male };
            let Some(age) = self.near_within(sex, wanted, 4, 0).filter(|age| age + 15 < of) else {
                break;
            };
            self.take(sex, age);
            family.push(child(sex, age));
        }
        family
    }

    /// Adults: alone, a couple, and grown children who still live there.
    fn of_adults(&mut self, sex: Sex, age: usize, rng: &mut impl Rng) -> Vec<Member> {
        let mut family = vec![head(sex, age)];
        let couples = match age {
            ..26 => 5,
            26..35 => 45,
            35..75 => 72,
            _ => 45,
        };
        if rng.random_ratio(couples, 100) {
            let older = rng.random_range(0..6);
            let wanted = if sex == Sex::Male {
                age.saturating_sub(older)
            } else {
                age + older
            };
            let partner = self.near(other(sex), wanted, 20, rng);
            family.extend(partner.map(|age| head(other(sex), age)));
        }
        while age >= 45 && family.len() < MOST && rng.random_ratio(35, 100) {
            let sex = if rng.random() { Sex::Female } else { Sex::Male };
            let wanted = age - rng.random_range(24..36).min(age);
            let Some(age) = self
                .near_within(sex, wanted, 5, 18)
                .filter(|grown| grown + 16 <= age && *grown < 40)
            else {
                break;
            };
            self.take(sex, age);
            family.push(child(sex, age));
        }
        family
    }

    /// Somebody between two ages, everybody with the same chance.
    fn any(&mut self, from: usize, to: usize, rng: &mut impl Rng) -> Option<(Sex, usize)> {
        let all: u64 = self
            .counts
            .iter()
            .flat_map(|row| &row[from..=to])
            .map(|count| u64::from(*count))
            .sum();
        let mut at = (all > 0).then(|| rng.random_range(0..all))?;
        for sex in [Sex::Female, Sex::Male] {
            for age in from..=to {
                let count = u64::from(self.counts[row(sex)][age]);
                if at < count {
                    self.take(sex, age);
                    return Some((sex, age));
                }
                at -= count;
            }
        }
        None
    }

    /// Takes somebody of about this age, if there is one; not younger than `least`.
    fn near(&mut self, sex: Sex, wanted: usize, least: usize, rng: &mut impl Rng) -> Option<usize> {
        let wanted = (wanted + usize::from(rng.random_ratio(1, 3))).min(AGES - 1);
        let age = self.near_within(sex, wanted, REACH, least)?;
        self.take(sex, age);
        Some(age)
    }

    fn near_within(&self, sex: Sex, wanted: usize, reach: usize, least: usize) -> Option<usize> {
        let there = |age: &usize| *age >= least && *age < AGES && self.counts[row(sex)][*age] > 0;
        (0..=reach).find_map(|by| [wanted + by, wanted.wrapping_sub(by)].into_iter().find(there))
    }

    fn take(&mut self, sex: Sex, age: usize) {
        self.counts[row(sex)][age] -= 1;
        self.left -= 1;
    }
}

fn head(sex: Sex, age: usize) -> Member {
    let part = Part::Head;
    Member { sex, age, part }
}

fn child(sex: Sex, age: usize) -> Member {
    let part = Part::Child;
    Member { sex, age, part }
}
