//! A distribution for values that were seen.

use crate::special::normal_cdf;
use serde_json::{Value, json};

/// Below this many values no shape is guessed: they stand for themselves.
const FEW: usize = 20;
/// Most values of a proposed empirical distribution.
const MAX_EMPIRICAL: usize = 100;

/// A duration as a scenario writes it.
pub(super) fn iso(seconds: f64) -> String {
    if seconds >= 60.0 {
        format!("PT{:.0}S", seconds)
    } else {
        let text = format!("{seconds:.3}");
        format!("PT{}S", text.trim_end_matches('0').trim_end_matches('.'))
    }
}

/// A rounded number.
pub(super) fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale
}

struct Candidate {
    told: Value,
    distance: f64,
}

/// The distribution (of durations in seconds) that fits best by the distance of Kolmogorov and Smirnov; the values
/// themselves when none fits at the 5 % level. `None` of nothing.
pub(super) fn fit(values: &[f64]) -> Option<Value> {
    let mut sorted: Vec<f64> = values
        .iter()
        .copied()
        .filter(|value| value.is_finite() && *value >= 0.0)
        .collect();
    sorted.sort_by(f64::total_cmp);
    let (min, max) = (*sorted.first()?, *sorted.last()?);
    if max - min < 1e-3 {
        return Some(json!({"constant": {"value": iso(min)}}));
    }
    if sorted.len() < FEW {
        return Some(empirical(&sorted));
    }
    let n = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / n;
    let sd = (sorted.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let mut candidates = vec![Candidate {
        told: json!({"exponential": {"mean": iso(mean)}}),
        distance: distance(&sorted, |x| 1.0 - (-x / mean).exp()),
    }];
    if mean > 2.0 * sd {
        candidates.push(Candidate {
            told: json!({"normal": {"mean": iso(mean), "sd": iso(sd)}}),
            distance: distance(&sorted, |x| normal_cdf((x - mean) / sd)),
        });
    }
    if min > 0.0 {
        let logs: Vec<f64> = sorted.iter().map(|x| x.ln()).collect();
        let mu = logs.iter().sum::<f64>() / n;
        let sigma = (logs.iter().map(|x| (x - mu).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        let p90 = (mu + 1.281_551_565_544_6 * sigma).exp();
        candidates.push(Candidate {
            told: json!({"lognormal": {"median": iso(mu.exp()), "p90": iso(p90)}}),
            distance: distance(&sorted, |x| normal_cdf((x.ln() - mu) / sigma)),
        });
    }
    candidates.push(Candidate {
        told: json!({"uniform": {"min": iso(min), "max": iso(max)}}),
        distance: distance(&sorted, |x| (x - min) / (max - min)),
    });
    let best = candidates
        .into_iter()
        .min_by(|a, b| a.distance.total_cmp(&b.distance))?;
    Some(if best.distance <= 1.36 / n.sqrt() {
        best.told
    } else {
        empirical(&sorted)
    })
}

/// The values themselves, thinned out to their quantiles.
fn empirical(sorted: &[f64]) -> Value {
    let count = sorted.len().min(MAX_EMPIRICAL);
    let pick = |place: usize| iso(sorted[((place as f64 + 0.5) / count as f64 * sorted.len() as f64) as usize]);
    let values: Vec<String> = (0..count).map(pick).collect();
    json!({"empirical": {"values": values}})
}

fn distance(sorted: &[f64], cdf: impl Fn(f64) -> f64) -> f64 {
    let n = sorted.len() as f64;
    let gaps = sorted.iter().enumerate().map(|(place, x)| {
        let (p, place) = (cdf(*x), place as f64);
        (p - place / n).abs().max(((place + 1.0) / n - p).abs())
    });
    gaps.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;
    use crate::special::normal_quantile;

    fn name(values: &[f64]) -> String {
        fit(values).unwrap().as_object().unwrap().keys().next().unwrap().clone()
    }

    #[test]
    fn the_shape_behind_the_values_is_found() {
        let mut random = Random::new(5, 1);
        let mut draw = |f: &dyn Fn(f64) -> f64| -> Vec<f64> { (0..500).map(|_| f(random.uniform())).collect() };
        assert_eq!(name(&draw(&|u| -600.0 * u.ln())), "exponential");
        assert_eq!(name(&draw(&|u| 600.0 + 100.0 * normal_quantile(u))), "normal");
        assert_eq!(name(&draw(&|u| (6.0 + 0.8 * normal_quantile(u)).exp())), "lognormal");
        assert_eq!(name(&draw(&|u| 60.0 + 600.0 * u)), "uniform");
        assert_eq!(
            name(&draw(&|u| if u < 0.5 { 60.0 + u } else { 6000.0 + u })),
            "empirical"
        );
        assert_eq!(name(&[5.0; 30]), "constant");
        assert_eq!(name(&[5.0, 6.0, 7.0]), "empirical");
        assert_eq!(fit(&[]), None);
    }
}
