//! Distributions: how long, how much.

use crate::random::Random;
use crate::read::{At, Problems};
use crate::special::{normal_cdf, normal_quantile};

/// Most values of an empirical distribution.
const MAX_VALUES: usize = 10_000;
/// Largest number of phases of an Erlang distribution.
const MAX_PHASES: u64 = 1_000;
const NAMES: &str = "constant, uniform, exponential, normal, lognormal, triangular, gamma, erlang, empirical";

/// What a distribution's parameters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Durations: ISO 8601 or bare numbers in the scenario's unit; never negative.
    Duration,
    /// Plain numbers.
    Number,
}

/// A distribution. Durations are seconds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Distribution {
    Constant(f64),
    Uniform {
        min: f64,
        max: f64,
    },
    Exponential {
        mean: f64,
    },
    /// Truncated to `[min, max]`.
    Normal {
        mean: f64,
        sd: f64,
        min: f64,
        max: f64,
    },
    LogNormal {
        mu: f64,
        sigma: f64,
    },
    Triangular {
        min: f64,
        mode: f64,
        max: f64,
    },
    Gamma {
        shape: f64,
        scale: f64,
    },
    Erlang {
        phases: u32,
        mean: f64,
    },
    /// Values with their cumulative share.
    Empirical(Vec<(f64, f64)>),
}

struct Fields<'p, 'a> {
    at: At<'a>,
    kind: Kind,
    problems: &'p mut Problems,
}

impl Fields<'_, '_> {
    fn optional(&mut self, key: &str) -> Option<f64> {
        let at = self.at.get(key)?;
        quantity(&at, self.kind, self.problems)
    }

    fn needed(&mut self, key: &str) -> Option<f64> {
        if self.at.get(key).is_none() {
            self.problems
                .add(&self.at, format!("'{key}' is missing"), format!("add \"{key}\": …"));
        }
        self.optional(key)
    }

    fn check(&mut self, holds: bool, rule: &str) -> Option<()> {
        if !holds {
            self.problems.add(&self.at, rule, "correct the numbers");
        }
        holds.then_some(())
    }
}

fn quantity(at: &At<'_>, kind: Kind, problems: &mut Problems) -> Option<f64> {
    match kind {
        Kind::Number => at.number(-1e15, 1e15, problems),
        Kind::Duration => {
            let seconds = at.duration(problems)?;
            if (0.0..=3.2e10).contains(&seconds) {
                return Some(seconds);
            }
            problems.add(at, "a duration is from 0 to 1000 years", "correct it");
            None
        }
    }
}

impl Distribution {
    /// Reads `{"exponential": {"mean": "PT20M"}}`; a bare duration or number is a constant.
    pub fn read(at: &At<'_>, kind: Kind, problems: &mut Problems) -> Option<Self> {
        let Some(members) = at.value.as_object() else {
            return quantity(at, kind, problems).map(Self::Constant);
        };
        let Some((name, value)) = members.iter().next().filter(|_| members.len() == 1) else {
            problems.add(
                at,
                "a distribution has exactly one name",
                format!("use one of: {NAMES}"),
            );
            return None;
        };
        let inner = at.inside(name, value);
        let known: &[&str] = match name.as_str() {
            "constant" if !value.is_object() => return quantity(&inner, kind, problems).map(Self::Constant),
            "empirical" if value.is_array() => return empirical(&inner, &inner, None, kind, problems),
            "constant" => &["value"],
            "uniform" => &["min", "max"],
            "exponential" => &["mean"],
            "normal" => &["mean", "sd", "min", "max"],
            "lognormal" => &["mean", "sd", "median", "p90"],
            "triangular" => &["min", "mode", "max"],
            "gamma" => &["mean", "sd", "shape"],
            "erlang" => &["mean", "phases"],
            "empirical" => &["values", "weights"],
            _ => {
                problems.add(&inner, "there is no such distribution", format!("use one of: {NAMES}"));
                return None;
            }
        };
        inner.object(known, problems)?;
        let fields = Fields {
            at: inner,
            kind,
            problems,
        };
        Self::of(name, fields)
    }

    fn of(name: &str, mut f: Fields<'_, '_>) -> Option<Self> {
        let found = match name {
            "constant" => Self::Constant(f.needed("value")?),
            "uniform" => {
                let (min, max) = (f.needed("min")?, f.needed("max")?);
                f.check(min <= max, "min is not above max")?;
                Self::Uniform { min, max }
            }
            "exponential" => {
                let mean = f.needed("mean")?;
                f.check(mean > 0.0, "mean is above 0")?;
                Self::Exponential { mean }
            }
            "normal" => {
                let (mean, sd) = (f.needed("mean")?, f.needed("sd")?);
                let lowest = if f.kind == Kind::Duration {
                    0.0
                } else {
                    f64::NEG_INFINITY
                };
                let min = f.optional("min").unwrap_or(lowest);
                let max = f.optional("max").unwrap_or(f64::INFINITY);
                f.check(sd > 0.0 && min < max, "sd is above 0 and min below max")?;
                let inside = normal_cdf((max - mean) / sd) - normal_cdf((min - mean) / sd);
                f.check(inside > 1e-9, "some of the distribution lies between min and max")?;
                Self::Normal { mean, sd, min, max }
            }
            "lognormal" => log_normal(&mut f)?,
            "triangular" => {
                let (min, mode, max) = (f.needed("min")?, f.needed("mode")?, f.needed("max")?);
                f.check(
                    min <= mode && mode <= max && min < max,
                    "min <= mode <= max, and min < max",
                )?;
                Self::Triangular { min, mode, max }
            }
            "gamma" => gamma(&mut f)?,
            "erlang" => {
                let mean = f.needed("mean")?;
                f.check(mean > 0.0, "mean is above 0")?;
                let phases = f.at.get("phases");
                f.check(phases.is_some(), "'phases' says how many phases there are")?;
                let phases = phases?.whole(1, MAX_PHASES, f.problems)? as u32;
                Self::Erlang { phases, mean }
            }
            _ => {
                f.check(f.at.get("values").is_some(), "'values' is the list of what was seen")?;
                let (values, weights) = (f.at.get("values")?, f.at.get("weights"));
                return empirical(&f.at, &values, weights.as_ref(), f.kind, f.problems);
            }
        };
        Some(found)
    }

    /// One value, by inversion wherever that is possible: the same uniform number gives the same rank.
    pub fn sample(&self, random: &mut Random) -> f64 {
        match self {
            Self::Constant(value) => *value,
            Self::Uniform { min, max } => min + (max - min) * random.uniform(),
            Self::Exponential { mean } => -mean * random.uniform().ln(),
            Self::Normal { mean, sd, min, max } => {
                let (low, high) = (normal_cdf((min - mean) / sd), normal_cdf((max - mean) / sd));
                let p = (low + (high - low) * random.uniform()).clamp(1e-300, 1.0 - 1e-16);
                (mean + sd * normal_quantile(p)).clamp(*min, *max)
            }
            Self::LogNormal { mu, sigma } => (mu + sigma * normal_quantile(random.uniform())).exp(),
            Self::Triangular { min, mode, max } => {
                let (u, width) = (random.uniform(), max - min);
                let split = (mode - min) / width;
                if u < split {
                    min + (u * width * (mode - min)).sqrt()
                } else {
                    max - ((1.0 - u) * width * (max - mode)).sqrt()
                }
            }
            Self::Gamma { shape, scale } => scale * standard_gamma(*shape, random),
            Self::Erlang { phases, mean } => {
                let sum: f64 = (0..*phases).map(|_| -random.uniform().ln()).sum();
                mean * sum / f64::from(*phases)
            }
            Self::Empirical(values) => {
                let u = random.uniform();
                let place = values.partition_point(|(_, share)| *share < u);
                values[place.min(values.len() - 1)].0
            }
        }
    }
}

/// The mean and standard deviation of the variable itself, or its median and 90th percentile.
fn log_normal(f: &mut Fields<'_, '_>) -> Option<Distribution> {
    if f.at.get("median").is_some() {
        let (median, p90) = (f.needed("median")?, f.needed("p90")?);
        f.check(0.0 < median && median < p90, "0 < median < p90")?;
        let sigma = (p90 / median).ln() / normal_quantile(0.9);
        return Some(Distribution::LogNormal { mu: median.ln(), sigma });
    }
    let (mean, sd) = (f.needed("mean")?, f.needed("sd")?);
    f.check(mean > 0.0 && sd > 0.0, "mean and sd are above 0")?;
    let variance = (1.0 + (sd / mean).powi(2)).ln();
    Some(Distribution::LogNormal {
        mu: mean.ln() - variance / 2.0,
        sigma: variance.sqrt(),
    })
}

/// The mean and either the standard deviation or the shape.
fn gamma(f: &mut Fields<'_, '_>) -> Option<Distribution> {
    let mean = f.needed("mean")?;
    f.check(mean > 0.0, "mean is above 0")?;
    let shape = if let Some(at) = f.at.get("shape") {
        at.number(1e-3, 1e6, f.problems)?
    } else {
        let sd = f.needed("sd")?;
        f.check(sd > 0.0, "sd is above 0")?;
        (mean / sd).powi(2)
    };
    Some(Distribution::Gamma {
        shape,
        scale: mean / shape,
    })
}

fn empirical(
    at: &At<'_>,
    values: &At<'_>,
    weights: Option<&At<'_>>,
    kind: Kind,
    problems: &mut Problems,
) -> Option<Distribution> {
    let items = values.items(problems);
    let read: Vec<f64> = items.iter().filter_map(|item| quantity(item, kind, problems)).collect();
    if read.len() != items.len() {
        return None;
    }
    if read.is_empty() || read.len() > MAX_VALUES {
        problems.add(
            values,
            format!("1 to {MAX_VALUES} values are needed"),
            "thin the list out, or fill it",
        );
        return None;
    }
    let weights: Vec<f64> = match weights {
        None => vec![1.0; read.len()],
        Some(weights) => {
            let items = weights.items(problems);
            items
                .iter()
                .filter_map(|item| item.number(0.0, 1e12, problems))
                .collect()
        }
    };
    let total: f64 = weights.iter().sum();
    if weights.len() != read.len() || total <= 0.0 {
        problems.add(
            at,
            "there is one weight for each value, and one is above 0",
            "complete weights",
        );
        return None;
    }
    let mut pairs: Vec<(f64, f64)> = read.into_iter().zip(weights).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut sum = 0.0;
    for pair in &mut pairs {
        sum += pair.1 / total;
        pair.1 = sum;
    }
    Some(Distribution::Empirical(pairs))
}

/// G. Marsaglia, W. Tsang, "A Simple Method for Generating Gamma Variables" (2000).
fn standard_gamma(shape: f64, random: &mut Random) -> f64 {
    if shape < 1.0 {
        let boost = random.uniform().powf(1.0 / shape);
        return boost * standard_gamma(shape + 1.0, random);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal_quantile(random.uniform());
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && random.uniform().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(value: &Value) -> Result<Distribution, String> {
        let mut problems = Problems::default();
        let at = At {
            path: "duration".into(),
            value,
        };
        Distribution::read(&at, Kind::Duration, &mut problems).ok_or_else(|| problems.list[0].to_string())
    }

    /// Mean and standard deviation of many values.
    fn moments(value: &Value) -> (f64, f64) {
        let distribution = read(value).unwrap();
        let mut random = Random::new(1, 2);
        let values: Vec<f64> = (0..40_000).map(|_| distribution.sample(&mut random)).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / values.len() as f64;
        (mean, variance.sqrt())
    }

    #[test]
    fn each_has_the_moments_of_the_textbook() {
        for (value, mean, sd) in [
            (json!("PT1M"), 60.0, 0.0),
            (json!({"uniform": {"min": "PT1M", "max": "PT3M"}}), 120.0, 34.64),
            (json!({"exponential": {"mean": "PT1M"}}), 60.0, 60.0),
            (json!({"normal": {"mean": "PT1M", "sd": "PT10S"}}), 60.0, 10.0),
            // cut at its mean: the half normal
            (
                json!({"normal": {"mean": "PT0S", "sd": "PT1M", "min": "PT0S"}}),
                47.87,
                36.17,
            ),
            (json!({"lognormal": {"mean": "PT1M", "sd": "PT30S"}}), 60.0, 30.0),
            (
                json!({"triangular": {"min": "PT0S", "mode": "PT1M", "max": "PT2M"}}),
                60.0,
                24.49,
            ),
            (json!({"gamma": {"mean": "PT1M", "sd": "PT30S"}}), 60.0, 30.0),
            (json!({"gamma": {"mean": "PT1M", "shape": 0.25}}), 60.0, 120.0),
            (json!({"erlang": {"mean": "PT1M", "phases": 4}}), 60.0, 30.0),
            (
                json!({"empirical": {"values": ["PT1M", "PT2M"], "weights": [3, 1]}}),
                75.0,
                25.98,
            ),
            (json!({"empirical": ["PT1M", "PT2M"]}), 90.0, 30.0),
        ] {
            let (found, spread) = moments(&value);
            assert!((found - mean).abs() < 0.02 * mean, "{value}: {found}");
            assert!((spread - sd).abs() < 0.03 * sd + 1e-9, "{value}: sd {spread}");
        }
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        for (value, part) in [
            (json!(20), "no unit"),
            (json!("20 min"), "PT20M"),
            (json!({"poisson": {"mean": "PT1M"}}), "duration.poisson"),
            (json!({"exponential": {"rate": 3}}), "duration.exponential.rate"),
            (
                json!({"uniform": {"min": "PT2M", "max": "PT1M"}}),
                "min is not above max",
            ),
            (json!({"normal": {"mean": "PT1M"}}), "'sd' is missing"),
            (json!({"empirical": []}), "1 to 10000"),
            (json!("-PT1M"), "not a duration"),
        ] {
            let error = read(&value).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
