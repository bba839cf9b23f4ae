//! Student's t distribution.

/// The 97.5 % points for 1 to 30 degrees of freedom (any table; computed to 4 decimals).
const T: [f64; 30] = [
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281, 2.2010, 2.1788, 2.1604, 2.1448,
    2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860, 2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484,
    2.0452, 2.0423,
];

/// Half the width of the 95 % confidence interval of the mean of independent values; `None` for fewer than two.
pub(crate) fn half_width(values: &[f64]) -> Option<f64> {
    let n = values.len();
    if n < 2 {
        return None;
    }
    let mean = values.iter().sum::<f64>() / n as f64;
    let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
    Some(quantile(n - 1) * (variance / n as f64).sqrt())
}

/// The 97.5 % point. Above 30 degrees of freedom by the expansion of Cornish and Fisher (Abramowitz and Stegun,
/// 26.7.5), which is exact to 4 decimals there.
pub(crate) fn quantile(degrees: usize) -> f64 {
    if let Some(t) = degrees.checked_sub(1).and_then(|place| T.get(place)) {
        return *t;
    }
    let (z, v) = (1.959_964_f64, degrees as f64);
    z + (z.powi(3) + z) / (4.0 * v)
        + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * v.powi(2))
        + (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / (384.0 * v.powi(3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_in_the_tables() {
        for (degrees, t) in [(1, 12.7062), (9, 2.2622), (30, 2.0423), (40, 2.0211), (120, 1.9799)] {
            assert!((quantile(degrees) - t).abs() < 6e-5, "{degrees}: {}", quantile(degrees));
        }
        assert_eq!(half_width(&[1.0]), None);
        let half = half_width(&[1.0, 2.0, 3.0]).unwrap();
        assert!((half - 4.3027 / 3.0_f64.sqrt()).abs() < 1e-9);
    }
}
