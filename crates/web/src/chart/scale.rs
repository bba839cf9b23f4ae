//! From values and days to places on the paper, and which marks to write at the axes.

use jiff::civil::Date;

/// A linear axis from values to pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    pub low: f64,
    pub high: f64,
    pub from: f64,
    pub to: f64,
}

impl Axis {
    pub(super) fn place(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }
}

/// Round marks that cover `[low, high]`, about `count` of them: 1, 2 or 5 times a power of ten apart. Also how many
/// decimals to write them with.
pub(super) fn round_marks(low: f64, high: f64, count: f64) -> (Vec<f64>, usize) {
    let (low, high) = if high - low < 1e-9 {
        (low - 1.0, high + 1.0)
    } else {
        (low, high)
    };
    let rough = (high - low) / count;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|m| m * power)
        .find(|s| *s >= rough)
        .unwrap_or(10.0 * power);
    let first = (low / step).floor();
    let marks = (0..50)
        .map(|n| (first + f64::from(n)) * step)
        .take_while(|m| *m < high + step * 0.999)
        .collect();
    let mut decimals = 0;
    let mut scaled = step;
    while decimals < 6 && (scaled - scaled.round()).abs() > 1e-6 {
        scaled *= 10.0;
        decimals += 1;
    }
    (marks, decimals)
}

/// First days of months, at most `count` of them, between two days; the days themselves when they are close together.
pub(super) fn month_marks(from: Date, to: Date, count: i32) -> Vec<Date> {
    let index = |day: Date| i32::from(day.year()) * 12 + i32::from(day.month()) - 1;
    let (first, last) = (index(from), index(to));
    if last - first < 2 {
        return if from == to { vec![from] } else { vec![from, to] };
    }
    let steps = [1, 2, 3, 6, 12, 24, 60, 120, 240];
    let step = steps.into_iter().find(|s| (last - first) / s <= count).unwrap_or(480);
    let start = (first + step - 1).div_euclid(step) * step;
    (start..=last)
        .step_by(usize::try_from(step).unwrap_or(1))
        .filter_map(|m| {
            Date::new(
                i16::try_from(m.div_euclid(12)).ok()?,
                i8::try_from(m.rem_euclid(12) + 1).ok()?,
                1,
            )
            .ok()
        })
        .filter(|day| *day >= from && *day <= to)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn marks_are_round() {
        assert_eq!(round_marks(41.0, 78.0, 4.0).0, [40.0, 50.0, 60.0, 70.0, 80.0]);
        let (marks, decimals) = round_marks(6.9, 7.4, 4.0);
        assert!(
            decimals == 1 && marks[0] <= 6.9 && marks[marks.len() - 1] >= 7.4,
            "{marks:?}"
        );
        assert_eq!(round_marks(5.0, 5.0, 4.0).0.len(), 5);
    }

    #[test]
    fn months_are_not_crowded() {
        let marks = month_marks(date(2024, 11, 20), date(2026, 11, 2), 5);
        assert_eq!(
            marks,
            [date(2025, 1, 1), date(2025, 7, 1), date(2026, 1, 1), date(2026, 7, 1)]
        );
        assert_eq!(
            month_marks(date(2026, 1, 3), date(2026, 1, 20), 5),
            [date(2026, 1, 3), date(2026, 1, 20)]
        );
    }
}
