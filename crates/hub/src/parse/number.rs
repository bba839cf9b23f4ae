//! Numbers and quantities of searches: the digits written state the precision.

use super::prefix::{self, Prefix};
use super::{ParseError, escape};
use store::ValueTest;

/// Value and half of the last written digit: `5.40` is 5.40 ± 0.005, `1e2` is 100 ± 50.
fn read(text: &str) -> Option<(f64, f64)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let digits = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let shape = |c: char| c.is_ascii_digit() || c == '.';
    if !digits.starts_with(|c: char| c.is_ascii_digit()) || !digits.chars().all(shape) || exponent.abs() > 300 {
        return None;
    }
    let value: f64 = text.parse().ok()?;
    let decimals = i32::try_from(digits.split_once('.').map_or(0, |(_, d)| d.len())).ok()?;
    let half = 0.5 * 10_f64.powi(exponent.checked_sub(decimals)?);
    value.is_finite().then_some((value, half))
}

/// The double next to the decimal number meant: `0.3 + 0.05` is a little less than `0.35`.
fn decimal(value: f64) -> f64 {
    format!("{value:.14e}").parse().unwrap_or(value)
}

fn range(prefix: Prefix, value: f64, half: f64, system: Option<String>, code: Option<String>) -> ValueTest {
    let open = |lo, hi, lo_open, hi_open, inside| ValueTest::Number {
        lo,
        hi,
        lo_open,
        hi_open,
        inside,
        system,
        code,
    };
    match prefix {
        Prefix::Eq => open(decimal(value - half), decimal(value + half), false, true, true),
        Prefix::Ne => open(decimal(value - half), decimal(value + half), false, true, false),
        Prefix::Gt | Prefix::Sa => open(value, f64::INFINITY, true, false, true),
        Prefix::Lt | Prefix::Eb => open(f64::NEG_INFINITY, value, false, true, true),
        Prefix::Ge => open(value, f64::INFINITY, false, false, true),
        Prefix::Le => open(f64::NEG_INFINITY, value, false, false, true),
        Prefix::Ap => {
            let slack = (value.abs() * 0.1).max(half);
            open(decimal(value - slack), decimal(value + slack), false, false, true)
        }
    }
}

/// The test of one value of a number parameter.
pub fn number(param: &str, value: &str) -> Result<ValueTest, ParseError> {
    let (prefix, text) = prefix::take(value);
    let (number, half) = read(text).ok_or_else(|| ParseError::value(param, value, "[prefix]number, e.g. gt0.8"))?;
    Ok(range(prefix, number, half, None, None))
}

/// The test of one value of a quantity parameter.
pub fn quantity(param: &str, value: &str) -> Result<ValueTest, ParseError> {
    let expected = "[prefix]number or [prefix]number|system|code, e.g. gt53|http://unitsofmeasure.org|mmol/mol";
    let bad = || ParseError::value(param, value, expected);
    let parts = escape::split(value, '|');
    let (system, code) = match parts.as_slice() {
        [_] => (None, None),
        [_, system, code] => (filled(system), filled(code)),
        _ => return Err(bad()),
    };
    let (prefix, text) = prefix::take(parts[0]);
    let (number, half) = read(text).ok_or_else(bad)?;
    let unit = match (system.as_deref(), code.as_deref()) {
        (Some(fhir::ucum::SYSTEM), Some(code)) => fhir::ucum::Unit::of(code),
        _ => None,
    };
    let test = range(prefix, number, half, system, code);
    Ok(match unit {
        Some(unit) => in_base_units(test, &unit),
        None => test,
    })
}

/// A stated UCUM unit finds every unit of its dimension.
fn in_base_units(test: ValueTest, unit: &fhir::ucum::Unit) -> ValueTest {
    match test {
        ValueTest::Number {
            lo,
            hi,
            lo_open,
            hi_open,
            inside,
            ..
        } => ValueTest::Canonical {
            lo: unit.canonical(lo),
            hi: unit.canonical(hi),
            lo_open,
            hi_open,
            inside,
            base: unit.base.to_string(),
        },
        other => other,
    }
}

fn filled(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| escape::unescape(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_state_the_precision() {
        assert_eq!(read("100"), Some((100.0, 0.5)));
        assert_eq!(read("-5.40"), Some((-5.4, 0.005)));
        assert_eq!(read("1e2"), Some((100.0, 50.0)));
        for bad in ["", "-", ".5", "1.2.3", "NaN", "inf", "1e999", "0x1", "1e"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn quantities_carry_their_unit() {
        let ValueTest::Number {
            lo,
            lo_open,
            system,
            code,
            ..
        } = quantity("value", "gt53||mmol/mol").unwrap()
        else {
            panic!("a number test");
        };
        assert_eq!(
            (lo, lo_open, system, code.as_deref()),
            (53.0, true, None, Some("mmol/mol"))
        );
        assert!(quantity("value", "53|x").is_err());
        let milligrams = quantity("value", "5.4|http://unitsofmeasure.org|mg").unwrap();
        let expected = ValueTest::Canonical {
            lo: 0.00535,
            hi: 0.00545,
            lo_open: false,
            hi_open: true,
            inside: true,
            base: "g".into(),
        };
        assert_eq!(milligrams, expected);
    }
}
