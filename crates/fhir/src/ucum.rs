//! Quantities in base units (UCUM 2.2, <https://ucum.org/ucum>), so that `5.4 mg` is found as `0.0054 g`.

use crate::Canonical;
use octofhir_ucum::{Dimension, EvalResult, SpecialKind, evaluate, parse_expression};
use std::{cell::RefCell, collections::HashMap, fmt::Write, sync::Arc};

/// The UCUM code system.
pub const SYSTEM: &str = "http://unitsofmeasure.org";

/// Units remembered by each thread.
const REMEMBERED: usize = 4096;

/// Longest unit that is read.
const MAX_CODE: usize = 128;

/// A unit as its base units: a value `v` in it is `v × factor + offset` of `base`.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// Base units with their exponents, `g.m-3`; `1` without any. Arbitrary units (`[iU]`) stand for themselves.
    pub base: Arc<str>,
    factor: f64,
    offset: f64,
}

impl Unit {
    /// The unit of a code; `None` where it is no UCUM unit, or one on a logarithmic or other uneven scale (`[pH]`,
    /// `dB`), which is compared as it is written.
    pub fn of(code: &str) -> Option<Arc<Unit>> {
        thread_local! {
            static KNOWN: RefCell<HashMap<Box<str>, Option<Arc<Unit>>>> = RefCell::default();
        }
        KNOWN.with_borrow_mut(|known| {
            if let Some(unit) = known.get(code) {
                return unit.clone();
            }
            if known.len() >= REMEMBERED {
                known.clear();
            }
            let unit = read(code).map(Arc::new);
            known.insert(code.into(), unit.clone());
            unit
        })
    }

    /// A value in base units, rounded to 12 significant digits.
    pub fn canonical(&self, value: f64) -> f64 {
        round(value * self.factor + self.offset)
    }
}

/// The quantity in base units, if `system` and `code` are a UCUM unit.
pub(crate) fn canonical(value: f64, system: &str, code: &str) -> Option<Canonical> {
    if system != SYSTEM {
        return None;
    }
    let unit = Unit::of(code)?;
    let value = unit.canonical(value);
    value.is_finite().then(|| Canonical {
        value,
        base: unit.base.clone(),
    })
}

fn read(code: &str) -> Option<Unit> {
    if code.is_empty() || code.len() > MAX_CODE {
        return None;
    }
    let term = evaluate(&parse_expression(code).ok()?).ok()?;
    let factor = term.factor.to_f64();
    let (scale, offset) = match term.special {
        None => (1.0, 0.0),
        Some(special) => {
            let offset = match special.unit.special {
                SpecialKind::Celsius => 273.15,
                SpecialKind::Fahrenheit => 459.67,
                SpecialKind::Reaumur => 218.52,
                _ => return None,
            };
            (special.scale.to_f64(), offset)
        }
    };
    Some(Unit {
        base: base(&term).into(),
        factor: scale * factor,
        offset: offset * factor,
    })
}

fn base(term: &EvalResult) -> String {
    let basic = Dimension::BASE_UNITS
        .iter()
        .copied()
        .zip(term.dim.0.iter().map(|power| i32::from(*power)));
    let mut out = String::new();
    for (unit, power) in basic
        .chain(term.arbitrary.iter().copied())
        .filter(|(_, power)| *power != 0)
    {
        if !out.is_empty() {
            out.push('.');
        }
        out.push_str(unit);
        if power != 1 {
            write!(out, "{power}").expect("a String accepts all");
        }
    }
    if out.is_empty() { "1".to_owned() } else { out }
}

/// To 12 significant digits: what two units say of one amount differs in the last bits of a double.
fn round(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value + 0.0;
    }
    let mut power = 11 - value.abs().log10().floor() as i32;
    let mut digits = scaled(value, power).round();
    if digits.abs() >= 1e12 {
        power -= 1;
        digits = (digits / 10.0).round();
    } else if digits.abs() < 1e11 {
        power += 1;
        digits = scaled(value, power).round();
    }
    scaled(digits, -power)
}

/// `value × 10^power`, by dividing where the power is negative: powers of ten up to 10^22 are exact, their inverses not.
fn scaled(value: f64, power: i32) -> f64 {
    if power >= 0 {
        value * 10_f64.powi(power)
    } else {
        value / 10_f64.powi(-power)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn same(a: f64, unit: &str, b: f64, other: &str) {
        let (a, b) = (
            canonical(a, SYSTEM, unit).unwrap(),
            canonical(b, SYSTEM, other).unwrap(),
        );
        assert_eq!(a, b, "{unit} and {other}");
    }

    #[test]
    fn one_amount_in_two_units_is_one_value() {
        same(5.4, "mg", 0.0054, "g");
        same(185.0, "[lb_av]", 83.914_588_45, "kg");
        same(37.0, "Cel", 98.6, "[degF]");
        same(120.0, "mm[Hg]", 15.998_64, "kPa");
        same(5.0, "mmol/L", 0.005, "mol/L");
        same(50.0, "%", 0.5, "1");
        same(10.0, "[IU]/mL", 10_000.0, "[iU]/L");
        same(0.0, "Cel", 273.15, "K");
    }

    #[test]
    fn what_is_no_even_unit_is_left() {
        for code in ["", "[pH]", "dB", "furlongs", "mg mg", "((((", &"m".repeat(200)] {
            assert_eq!(Unit::of(code), None, "{code}");
        }
        assert_eq!(canonical(1.0, "http://snomed.info/sct", "mg"), None);
        assert_eq!(&*Unit::of("{score}").unwrap().base, "1");
        assert_eq!(&*Unit::of("ng/mL").unwrap().base, "m-3.g");
        assert_eq!(&*Unit::of("[iU]/L").unwrap().base, "m-3.[iU]");
    }

    proptest! {
        #[test]
        fn rounding_is_stable_and_close(digits in 1_000..9_999_999i64, power in -30..30i32, ulps in -4..5i64) {
            let value = digits as f64 * 10_f64.powi(power);
            let near = f64::from_bits((value.to_bits() as i64 + ulps) as u64);
            prop_assert_eq!(round(value), round(near));
            prop_assert_eq!(round(round(value)), round(value));
            prop_assert!((round(value) / value - 1.0).abs() < 1e-11);
        }
    }
}
