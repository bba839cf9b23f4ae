//! Statistics that never hold what they have counted.

/// Relative error of percentiles.
const PRECISION: f64 = 0.01;
/// Values below this many seconds count as zero in the sketch.
const SMALLEST: f64 = 1e-6;

/// Count, mean, variance, extremes and percentiles of a stream. Percentiles come from buckets whose bounds grow by 2 %
/// (DDSketch: Masson, Rim, Lee, VLDB 2019), so they are right within 1 % of their value.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Tally {
    pub count: u64,
    mean: f64,
    m2: f64,
    pub min: f64,
    pub max: f64,
    zeros: u64,
    first: i32,
    buckets: Vec<u64>,
}

fn growth() -> f64 {
    ((1.0 + PRECISION) / (1.0 - PRECISION)).ln()
}

impl Tally {
    pub fn add(&mut self, value: f64) {
        if self.count == 0 {
            (self.min, self.max) = (value, value);
        }
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.count += 1;
        let delta = value - self.mean;
        self.mean += delta / self.count as f64;
        self.m2 += delta * (value - self.mean);
        if value < SMALLEST {
            self.zeros += 1;
        } else {
            *self.bucket((value.ln() / growth()).ceil() as i32) += 1;
        }
    }

    fn bucket(&mut self, key: i32) -> &mut u64 {
        if self.buckets.is_empty() {
            self.first = key;
        }
        if key < self.first {
            let more = (self.first - key) as usize;
            self.buckets.splice(0..0, std::iter::repeat_n(0, more));
            self.first = key;
        }
        let place = (key - self.first) as usize;
        if place >= self.buckets.len() {
            self.buckets.resize(place + 1, 0);
        }
        &mut self.buckets[place]
    }

    /// Adds what another one has counted (Chan, Golub, LeVeque 1979).
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = other.clone();
            return;
        }
        let (n, m) = (self.count as f64, other.count as f64);
        let delta = other.mean - self.mean;
        self.mean += delta * m / (n + m);
        self.m2 += other.m2 + delta * delta * n * m / (n + m);
        self.count += other.count;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.zeros += other.zeros;
        for (place, count) in other.buckets.iter().enumerate().filter(|(_, count)| **count > 0) {
            *self.bucket(other.first + place as i32) += count;
        }
    }

    pub fn mean(&self) -> f64 {
        self.mean
    }

    pub fn total(&self) -> f64 {
        self.mean * self.count as f64
    }

    pub fn sd(&self) -> f64 {
        if self.count < 2 {
            return 0.0;
        }
        (self.m2 / (self.count - 1) as f64).max(0.0).sqrt()
    }

    /// The value below which a share `q` of the values lies; 0 of none.
    pub fn quantile(&self, q: f64) -> f64 {
        if self.count == 0 {
            return 0.0;
        }
        let rank = ((q * self.count as f64).ceil() as u64).clamp(1, self.count);
        let mut seen = self.zeros;
        if rank <= seen {
            return self.min.max(0.0);
        }
        for (place, count) in self.buckets.iter().enumerate() {
            seen += count;
            if rank <= seen {
                let upper = (f64::from(self.first + place as i32) * growth()).exp();
                return (upper * (1.0 - PRECISION)).clamp(self.min, self.max);
            }
        }
        self.max
    }
}

/// A number that changes in time, averaged over time. Moments are microseconds. What lasts no time has no part in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Level {
    pub now: u64,
    pub max: u64,
    since: i64,
    /// Begin of the window: what was before does not count.
    from: i64,
    area: f64,
}

impl Level {
    pub fn new(from: i64) -> Self {
        Self {
            from,
            since: from,
            ..Self::default()
        }
    }

    pub fn set(&mut self, at: i64, value: u64) {
        self.pass(at);
        self.now = value;
    }

    pub fn change(&mut self, at: i64, by: i64) {
        self.set(at, self.now.saturating_add_signed(by));
    }

    fn pass(&mut self, at: i64) {
        if at > self.since {
            self.area += self.now as f64 * (at - self.since) as f64;
            self.since = at;
            self.max = self.max.max(self.now);
        }
    }

    /// The mean from the begin of the window to `until`.
    pub fn mean(&mut self, until: i64) -> f64 {
        self.pass(until);
        let length = (until - self.from) as f64;
        if length > 0.0 { self.area / length } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_right_within_one_per_cent_and_merging_changes_nothing() {
        let (mut all, mut odd, mut even) = (Tally::default(), Tally::default(), Tally::default());
        for n in 1..=10_000 {
            let value = f64::from(n) / 7.0;
            all.add(value);
            if n % 2 == 0 { &mut even } else { &mut odd }.add(value);
        }
        odd.merge(&even);
        for (q, exact) in [(0.5, 5000.0 / 7.0), (0.9, 9000.0 / 7.0), (0.95, 9500.0 / 7.0)] {
            assert!((all.quantile(q) / exact - 1.0).abs() < 0.01);
            assert_eq!(odd.quantile(q), all.quantile(q));
        }
        assert!((odd.mean() - all.mean()).abs() < 1e-9);
        assert!((odd.sd() - all.sd()).abs() < 1e-6);
        assert!((all.sd() - 2886.9 / 7.0).abs() < 0.1);
    }

    #[test]
    fn a_level_is_averaged_over_the_window_only() {
        let mut level = Level::new(100);
        level.change(50, 4);
        level.change(150, -2);
        assert_eq!((level.mean(200), level.max), (3.0, 4));
    }
}
