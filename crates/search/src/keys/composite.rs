//! Composites: the keys of the components, each with its length before it.

use super::encode::encode as encode_value;
use super::pack::index_row;
use super::{MAX_ROW_KEY, Range, Test, tag};
use fhir::IndexValue;

/// The key of a composite.
pub(super) fn encode(parts: &[IndexValue]) -> Vec<u8> {
    let mut key = vec![tag::COMPOSITE];
    for part in parts {
        let part = encode_value(part);
        let length = u16::try_from(part.len()).unwrap_or(u16::MAX);
        key.extend(length.to_be_bytes());
        key.extend_from_slice(&part[..usize::from(length)]);
    }
    key
}

/// The keys of the components.
pub(super) fn parts(key: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = key.get(1..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, tail) = rest.split_at_checked(2)?;
        let (part, after) = tail.split_at_checked(usize::from(u16::from_be_bytes([length[0], length[1]])))?;
        rest = after;
        Some(part)
    })
}

/// The rows of the components, one after the other, 0 between.
pub(super) fn row(key: &[u8]) -> Vec<u8> {
    let mut row = vec![tag::COMPOSITE];
    for part in parts(key) {
        if row.len() > 1 {
            row.push(0);
        }
        row.extend_from_slice(&index_row(part).unwrap_or_default());
    }
    row.truncate(MAX_ROW_KEY);
    row
}

/// Whether each component passes its test.
pub(super) fn passes(tests: &[Test], key: &[u8]) -> bool {
    let mut parts = parts(key);
    tests
        .iter()
        .all(|test| parts.next().is_some_and(|part| test.passes(part)))
}

/// Ranges of rows that hold every composite that passes: the first component leads, the second narrows where the first
/// is one code of one system.
pub(super) fn ranges(tests: &[Test]) -> Vec<Range> {
    let start = |key: &[u8]| [&[tag::COMPOSITE], key].concat();
    match tests {
        [Test::Equal(code), rest @ ..] => {
            let mut lead = start(code);
            lead.push(0);
            match rest.first().and_then(Test::component_ranges) {
                Some(ranges) => ranges.into_iter().map(|range| range.behind(&lead)).collect(),
                None => vec![Range::prefix(&lead)],
            }
        }
        [Test::Prefix(code), ..] => vec![Range::prefix(&start(code))],
        _ => vec![Range::tag(tag::COMPOSITE)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::ValueTest;

    fn composite(code: &str, value: f64) -> Vec<u8> {
        encode(&[
            IndexValue::Token {
                system: "s".into(),
                code: code.into(),
            },
            IndexValue::Number(value),
        ])
    }

    #[test]
    fn a_code_with_numbers_is_one_range() {
        let number = ValueTest::Number {
            lo: 3.0,
            hi: f64::INFINITY,
            lo_open: false,
            hi_open: false,
            inside: true,
            system: None,
            code: None,
        };
        let token = ValueTest::Token {
            system: Some("s".into()),
            code: Some("a".into()),
        };
        let tests = [Test::new(&token), Test::new(&number)];
        let ranges = ranges(&tests);
        let met = |key: &[u8]| ranges.iter().any(|range| range.holds(&row(key)));
        for (code, value, expected) in [("a", 3.0, true), ("a", 2.0, false), ("b", 4.0, false), ("a", 1e9, true)] {
            let key = composite(code, value);
            assert_eq!(
                (met(&key), passes(&tests, &key)),
                (expected, expected),
                "{code} {value}"
            );
        }
        assert!(!passes(&tests, &[tag::COMPOSITE]), "a torn key passes nothing");
    }
}
