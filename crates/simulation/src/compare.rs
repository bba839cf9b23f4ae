//! Two runs beside each other.

use crate::report::{Estimate, Report, Series};
use serde::{Deserialize, Serialize};

/// One figure of two runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// As in [`Series::what`].
    pub what: String,
    /// Element or resource; empty for the process.
    pub at: String,
    /// Name shown.
    pub name: String,
    /// The first run.
    pub before: Estimate,
    /// The second run.
    pub after: Estimate,
    /// Second less first. Paired by replication when both drew the same random numbers, else Welch's interval.
    pub difference: Estimate,
    /// Whether zero lies outside the interval of the difference.
    pub significant: bool,
}

/// Two runs compared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// Name of the first scenario.
    pub before: String,
    /// Name of the second one.
    pub after: String,
    /// Whether both drew the same random numbers (same seed and number of replications).
    pub paired: bool,
    /// The figures that both have.
    pub differences: Vec<Difference>,
}

/// Compares a run (as it is) with another one (as it could be).
pub fn compare(before: &Report, after: &Report) -> Comparison {
    let paired = before.seed == after.seed && before.replications == after.replications;
    let differences = before.series.iter().filter_map(|one| {
        let other = after
            .series
            .iter()
            .find(|other| other.what == one.what && other.at == one.at)?;
        let same = paired && one.values.len() == other.values.len();
        let difference = if same { pairs(one, other) } else { welch(one, other) };
        let outside = |low: f64, high: f64| low > 0.0 || high < 0.0;
        Some(Difference {
            what: one.what.clone(),
            at: one.at.clone(),
            name: one.name.clone(),
            before: Estimate::of(&one.values),
            after: Estimate::of(&other.values),
            difference,
            significant: difference
                .low
                .zip(difference.high)
                .is_some_and(|(low, high)| outside(low, high)),
        })
    });
    Comparison {
        before: before.scenario.clone(),
        after: after.scenario.clone(),
        paired,
        differences: differences.collect(),
    }
}

fn pairs(one: &Series, other: &Series) -> Estimate {
    let values: Vec<f64> = one.values.iter().zip(&other.values).map(|(a, b)| b - a).collect();
    Estimate::of(&values)
}

/// B. L. Welch (1947): independent samples of unequal variance.
fn welch(one: &Series, other: &Series) -> Estimate {
    let moments = |values: &[f64]| {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n.max(1.0);
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        (n, mean, variance / n.max(1.0))
    };
    let ((n, a, u), (m, b, v)) = (moments(&one.values), moments(&other.values));
    let mean = b - a;
    if n < 2.0 || m < 2.0 {
        return Estimate {
            mean,
            ..Estimate::default()
        };
    }
    let below = u * u / (n - 1.0) + v * v / (m - 1.0);
    let degrees = if below > 0.0 {
        (u + v).powi(2) / below
    } else {
        n + m - 2.0
    };
    let half = crate::student::quantile(degrees.floor().max(1.0) as usize) * (u + v).sqrt();
    Estimate {
        mean,
        low: Some(mean - half),
        high: Some(mean + half),
    }
}
