//! The packed list of a resource's keys: sorted by parameter then key, without repeats.
//! Each item: parameter (u16, big endian), key length (LEB128), key.

use super::encode::{date, encode, read_i64};
use super::{MAX_ROW_KEY, SHORT_US, composite, number, tag};
use fhir::{IndexEntry, ParamId};
use std::borrow::Cow;

/// A packed list.
pub type Packed = Vec<u8>;

/// Packs what was extracted.
pub fn pack(entries: &[IndexEntry]) -> Packed {
    let mut keys: Vec<(u16, Vec<u8>)> = entries
        .iter()
        .map(|entry| (entry.param.0, encode(&entry.value)))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    let mut packed = Vec::with_capacity(keys.iter().map(|(_, key)| key.len() + 4).sum());
    for (param, key) in &keys {
        packed.extend(param.to_be_bytes());
        let mut length = key.len();
        while length >= 0x80 {
            packed.push(length as u8 | 0x80);
            length >>= 7;
        }
        packed.push(length as u8);
        packed.extend_from_slice(key);
    }
    packed
}

/// Walks a packed list; stops at the first thing that cannot be read.
pub fn iter(packed: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    let mut rest = packed;
    std::iter::from_fn(move || {
        let (param, mut tail) = rest.split_at_checked(2)?;
        let param = u16::from_be_bytes([param[0], param[1]]);
        let (mut length, mut shift) = (0usize, 0);
        loop {
            let (&byte, after) = tail.split_first()?;
            tail = after;
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
            if shift > 28 {
                return None;
            }
        }
        let (key, after) = tail.split_at_checked(length)?;
        rest = after;
        Some((param, key))
    })
}

/// The keys of one parameter, in order.
pub fn of_param(packed: &[u8], param: ParamId) -> impl Iterator<Item = &[u8]> {
    iter(packed)
        .skip_while(move |(this, _)| *this < param.0)
        .take_while(move |(this, _)| *this == param.0)
        .map(|(_, key)| key)
}

/// The index row of a key, at most [`MAX_ROW_KEY`] bytes: it alone decides the place in a sorted answer.
pub(crate) fn index_row(key: &[u8]) -> Option<Cow<'_, [u8]>> {
    let kind = *key.first()?;
    let whole = match kind {
        tag::WITHOUT_ROW.. => return None,
        tag::QUANTITY | tag::POSITION => &key[..key.len().min(9)],
        tag::COMPOSITE => return Some(Cow::Owned(composite::row(key))),
        _ => key,
    };
    Some(Cow::Borrowed(&whole[..whole.len().min(MAX_ROW_KEY)]))
}

/// The second index row: of a long interval the one led by its end, of a quantity in a known unit the one in base
/// units.
pub(crate) fn second_row(key: &[u8]) -> Option<Vec<u8>> {
    match *key.first()? {
        tag::DATE => {
            let (lo, hi) = (read_i64(&key[1..])?, key.get(9..).and_then(read_i64)?);
            (hi.saturating_sub(lo) > SHORT_US).then(|| date(tag::DATE_END, hi, lo))
        }
        tag::QUANTITY => number::base_row(key),
        _ => None,
    }
}

/// Both index rows of a key.
pub fn index_rows(key: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    index_row(key).into_iter().chain(second_row(key).map(Cow::Owned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fhir::IndexValue;

    fn entry(param: u16, code: &str) -> IndexEntry {
        IndexEntry {
            param: ParamId(param),
            value: IndexValue::Token {
                system: "s".into(),
                code: code.into(),
            },
        }
    }

    #[test]
    fn packs_in_order_without_repeats_and_reads_back() {
        let long = "x".repeat(20_000);
        let packed = pack(&[entry(300, "b"), entry(2, &long), entry(300, "a"), entry(300, "b")]);
        let read: Vec<(u16, usize)> = iter(&packed).map(|(param, key)| (param, key.len())).collect();
        assert_eq!(read, [(2, 20_003), (300, 4), (300, 4)]);
        assert_eq!(of_param(&packed, ParamId(300)).next().unwrap(), b"\x01a\x00s");
        assert_eq!(of_param(&packed, ParamId(3)).count(), 0);
    }

    #[test]
    fn a_torn_list_ends_instead_of_panicking() {
        let packed = pack(&[entry(1, "abc"), entry(2, "def")]);
        for cut in 0..packed.len() {
            assert!(iter(&packed[..cut]).count() < 2);
        }
    }

    #[test]
    fn only_long_intervals_have_a_second_row() {
        let day = encode(&IndexValue::Date { lo: 0, hi: SHORT_US });
        let open = encode(&IndexValue::Date { lo: 0, hi: i64::MAX });
        assert!(second_row(&day).is_none());
        assert_eq!(second_row(&open).unwrap(), date(tag::DATE_END, i64::MAX, 0));
    }

    #[test]
    fn a_quantity_has_a_row_for_its_number_and_one_for_its_base_units() {
        let quantity = |canonical| {
            encode(&IndexValue::Quantity {
                value: 5.4,
                system: "http://unitsofmeasure.org".into(),
                code: "mg".into(),
                unit: "mg".into(),
                canonical,
            })
        };
        assert_eq!(
            index_rows(&quantity(None)).map(|row| row.len()).collect::<Vec<_>>(),
            [9]
        );
        let key = quantity(Some(fhir::Canonical {
            value: 0.0054,
            base: "g".into(),
        }));
        assert_eq!(index_rows(&key).map(|row| row.len()).collect::<Vec<_>>(), [9, 11]);
        let text = encode(&IndexValue::Text("a".into(), false));
        assert_eq!(index_rows(&text).count(), 0);
    }
}
