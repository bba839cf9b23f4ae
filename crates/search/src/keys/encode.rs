//! From values to keys.

use super::{composite, globe, tag};
use fhir::IndexValue;

/// The key of a value.
pub(crate) fn encode(value: &IndexValue) -> Vec<u8> {
    match value {
        IndexValue::Token { system, code } => two(tag::TOKEN, code, system),
        IndexValue::String { normalized, exact } => two(tag::STRING, normalized, exact),
        // An interval that ends before it starts (bad data upstream) is taken as its start alone.
        IndexValue::Date { lo, hi } => date(tag::DATE, *lo, *hi.max(lo)),
        IndexValue::Number(value) => {
            let mut key = vec![tag::NUMBER];
            key.extend(sortable_f64(*value));
            key
        }
        IndexValue::Quantity {
            value,
            system,
            code,
            unit,
            canonical,
        } => {
            let mut key = vec![tag::QUANTITY];
            key.extend(sortable_f64(*value));
            text(&mut key, system);
            key.push(0);
            text(&mut key, code);
            key.push(0);
            text(&mut key, unit);
            if let Some(canonical) = canonical {
                key.push(0);
                text(&mut key, &canonical.base);
                key.push(0);
                key.extend(sortable_f64(canonical.value));
            }
            key
        }
        IndexValue::Composite(parts) => composite::encode(parts),
        IndexValue::Position { latitude, longitude } => globe::encode(*latitude, *longitude),
        IndexValue::Text(text, alone) => one(if *alone { tag::TEXT_ALONE } else { tag::TEXT }, text),
        IndexValue::OfType { system, code, value } => {
            let mut key = two(tag::OF_TYPE, value, code);
            key.push(0);
            text(&mut key, system);
            key
        }
        IndexValue::Reference { rtype, id } => two(tag::REFERENCE, id, rtype),
        IndexValue::ReferenceUrl(url) => one(tag::REFERENCE_URL, url),
        IndexValue::ReferenceIdentifier { system, value } => two(tag::REFERENCE_IDENTIFIER, value, system),
        IndexValue::Uri(uri) => one(tag::URI, uri),
    }
}

/// Tag, escaped text.
pub(super) fn one(tag: u8, a: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(a.len() + 1);
    key.push(tag);
    text(&mut key, a);
    key
}

/// Tag, escaped text, 0, escaped text.
pub(super) fn two(tag: u8, a: &str, b: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(a.len() + b.len() + 2);
    key.push(tag);
    text(&mut key, a);
    key.push(0);
    text(&mut key, b);
    key
}

/// Tag and two moments.
pub(super) fn date(tag: u8, first: i64, second: i64) -> Vec<u8> {
    let mut key = Vec::with_capacity(17);
    key.push(tag);
    key.extend(sortable_i64(first));
    key.extend(sortable_i64(second));
    key
}

/// Appends text so that byte order is preserved and no byte 0 remains.
pub(super) fn text(key: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|byte| byte > 1) {
        key.extend_from_slice(text.as_bytes());
        return;
    }
    for byte in text.bytes() {
        match byte {
            0 => key.extend([1, 1]),
            1 => key.extend([1, 2]),
            other => key.push(other),
        }
    }
}

/// Undoes [`text`].
pub(crate) fn untext(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(&byte) = rest.next() {
        out.push(if byte == 1 {
            rest.next().map_or(0, |second| second.wrapping_sub(1))
        } else {
            byte
        });
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Big endian with the sign bit flipped.
pub(crate) fn sortable_i64(value: i64) -> [u8; 8] {
    ((value as u64) ^ (1 << 63)).to_be_bytes()
}

/// Undoes [`sortable_i64`]; `bytes` holds at least 8.
pub(crate) fn read_i64(bytes: &[u8]) -> Option<i64> {
    let eight: [u8; 8] = bytes.get(..8)?.try_into().ok()?;
    Some((u64::from_be_bytes(eight) ^ (1 << 63)) as i64)
}

/// Total order of the numbers; both zeros are one.
pub(super) fn sortable_f64(value: f64) -> [u8; 8] {
    let bits = (value + 0.0).to_bits();
    (if bits >> 63 == 1 { !bits } else { bits | (1 << 63) }).to_be_bytes()
}

/// Undoes [`sortable_f64`].
pub(super) fn read_f64(bytes: &[u8]) -> Option<f64> {
    let bits = u64::from_be_bytes(bytes.get(..8)?.try_into().ok()?);
    Some(f64::from_bits(if bits >> 63 == 1 { bits & !(1 << 63) } else { !bits }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Letters around the escaped bytes, so that collisions and prefixes are common.
    fn tricky() -> impl Strategy<Value = String> {
        proptest::collection::vec(
            proptest::sample::select(vec!['\0', '\u{1}', '\u{2}', 'a', 'b', 'è', '\u{10FFFF}']),
            0..5,
        )
        .prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #[test]
        fn texts_sort_as_their_bytes((a, b) in (tricky(), tricky()), (c, d) in (tricky(), tricky())) {
            let left = IndexValue::Token { code: a.clone(), system: b.clone() };
            let right = IndexValue::Token { code: c.clone(), system: d.clone() };
            prop_assert_eq!(encode(&left).cmp(&encode(&right)), (a, b).cmp(&(c, d)));
        }

        #[test]
        fn texts_come_back(a in tricky()) {
            let mut key = Vec::new();
            text(&mut key, &a);
            prop_assert!(!key.contains(&0));
            prop_assert_eq!(untext(&key), a);
        }

        #[test]
        fn numbers_sort_and_come_back(a in proptest::num::f64::NORMAL | proptest::num::f64::ZERO | proptest::num::f64::SUBNORMAL,
                                      b in proptest::num::f64::NORMAL | proptest::num::f64::ZERO | proptest::num::f64::INFINITE) {
            let (left, right) = (encode(&IndexValue::Number(a)), encode(&IndexValue::Number(b)));
            prop_assert_eq!(left.cmp(&right), a.partial_cmp(&b).unwrap());
            prop_assert_eq!(read_f64(&left[1..]).unwrap(), a);
        }

        #[test]
        fn dates_sort_by_start_then_end(a: (i64, i64), b: (i64, i64)) {
            let key = |(lo, hi)| encode(&IndexValue::Date { lo, hi });
            let (a, b) = ((a.0, a.1.max(a.0)), (b.0, b.1.max(b.0)));
            prop_assert_eq!(key(a).cmp(&key(b)), a.cmp(&b));
            prop_assert_eq!(read_i64(&key(a)[1..]).unwrap(), a.0);
        }

        #[test]
        fn quantities_sort_by_value_first(a in -1e9..1e9f64, b in -1e9..1e9f64, unit in tricky()) {
            let key = |value, code: &str| encode(&IndexValue::Quantity {
                value, system: String::new(), code: code.into(), unit: unit.clone(), canonical: None });
            if a != b {
                prop_assert_eq!(key(a, "z").cmp(&key(b, "a")), a.partial_cmp(&b).unwrap());
            }
        }
    }
}
