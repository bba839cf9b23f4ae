//! Dates of searches: a value covers the whole interval its precision leaves open.

use super::ParseError;
use super::prefix::{self, Prefix};
use jiff::Timestamp;
use store::{Clause, ValueTest};

const EXPECTED: &str = "[prefix]yyyy[-mm[-dd[Thh:mm[:ss[.fff]][Z|±hh:mm]]]]";

/// Both ends inclusive, µs since epoch.
fn interval(text: &str) -> Option<(i64, i64)> {
    // A `+` that came as a space (not percent-encoded by the client) still counts as `+`.
    if text.contains(' ') {
        fhir::date_interval(&text.replace(' ', "+"))
    } else {
        fhir::date_interval(text)
    }
}

/// Start and exclusive end.
fn bounds(text: &str) -> Option<(Timestamp, Timestamp)> {
    let (lo, hi) = interval(text)?;
    Some((
        Timestamp::from_microsecond(lo).ok()?,
        Timestamp::from_microsecond(hi.checked_add(1)?).ok()?,
    ))
}

/// The test of one value of a date parameter.
///
/// `ge` and `le` are read as "ends at or after the start" and "starts at or before the end", as the common servers do:
/// a period that lies partly inside the value passes.
pub fn test(param: &str, value: &str, now: Timestamp) -> Result<ValueTest, ParseError> {
    let (prefix, text) = prefix::take(value);
    let (lo, hi) = interval(text).ok_or_else(|| ParseError::value(param, value, EXPECTED))?;
    Ok(match prefix {
        Prefix::Eq => ValueTest::DateWithin { lo, hi },
        Prefix::Ne => ValueTest::DateNotWithin { lo, hi },
        Prefix::Gt => ValueTest::DateHiAbove {
            at: hi,
            or_equal: false,
        },
        Prefix::Lt => ValueTest::DateLoBelow {
            at: lo,
            or_equal: false,
        },
        Prefix::Ge => ValueTest::DateHiAbove { at: lo, or_equal: true },
        Prefix::Le => ValueTest::DateLoBelow { at: hi, or_equal: true },
        Prefix::Sa => ValueTest::DateLoAbove { at: hi },
        Prefix::Eb => ValueTest::DateHiBelow { at: lo },
        Prefix::Ap => {
            let slack = now.as_microsecond().abs_diff(lo).min(i64::MAX as u64 / 4) as i64 / 10;
            ValueTest::DateWithin {
                lo: lo.saturating_sub(slack),
                hi: hi.saturating_add(slack),
            }
        }
    })
}

/// `_lastUpdated`: the store keeps it as a moment, not as an interval.
pub fn last_updated(value: &str, now: Timestamp) -> Result<Clause, ParseError> {
    let error = || ParseError::value("_lastUpdated", value, EXPECTED);
    let (prefix, text) = prefix::take(value);
    let (start, end) = bounds(text).ok_or_else(error)?;
    let between = |from: Option<Timestamp>, until: Option<Timestamp>| Clause::LastUpdated { from, until };
    Ok(match prefix {
        Prefix::Eq => between(Some(start), Some(end)),
        Prefix::Ne => Clause::Or(vec![between(None, Some(start)), between(Some(end), None)]),
        Prefix::Gt | Prefix::Sa => between(Some(end), None),
        Prefix::Lt | Prefix::Eb => between(None, Some(start)),
        Prefix::Ge => between(Some(start), None),
        Prefix::Le => between(None, Some(end)),
        Prefix::Ap => {
            let slack = now.duration_since(start).abs() / 10;
            between(
                Some(start.checked_sub(slack).map_err(|_| error())?),
                Some(end.checked_add(slack).map_err(|_| error())?),
            )
        }
    })
}

/// The moments that a value of `date` leaves: not before, before.
pub fn moments(value: &str) -> Option<(Option<Timestamp>, Option<Timestamp>)> {
    let (prefix, text) = prefix::take(value);
    let (start, end) = bounds(text)?;
    match prefix {
        Prefix::Eq => Some((Some(start), Some(end))),
        Prefix::Gt | Prefix::Sa => Some((Some(end), None)),
        Prefix::Lt | Prefix::Eb => Some((None, Some(start))),
        Prefix::Ge => Some((Some(start), None)),
        Prefix::Le => Some((None, Some(end))),
        Prefix::Ne | Prefix::Ap => None,
    }
}

/// A moment for `_since`: the start of the interval.
pub fn since(text: &str) -> Option<Timestamp> {
    bounds(text).map(|(start, _)| start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn us(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    #[test]
    fn an_unencoded_plus_is_understood() {
        assert_eq!(
            interval("2024-02-29T10:00:00 01:00"),
            interval("2024-02-29T10:00:00+01:00")
        );
        assert!(interval("2024-02-29T10:00:00 01:00").is_some());
        assert!(interval("2024-02-30").is_none());
    }

    #[test]
    fn prefixes_choose_the_bound() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let lo = us("2024-01-01T00:00:00Z");
        assert_eq!(
            test("date", "lt2024", now),
            Ok(ValueTest::DateLoBelow {
                at: lo,
                or_equal: false
            })
        );
        assert_eq!(
            test("date", "ge2024", now),
            Ok(ValueTest::DateHiAbove { at: lo, or_equal: true })
        );
        assert!(test("date", "xx2024", now).is_err());
    }
}
