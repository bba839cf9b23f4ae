//! A [`ValueTest`] made ready: the bytes to compare, and the ranges of index rows to walk.

use super::encode::{date, encode, one, read_i64, sortable_i64, two};
use super::globe::Circle;
use super::number::{self, Bounds, escaped};
use super::{MAX_ROW_KEY, Range, SHORT_US, composite, normalise, tag};
use fhir::IndexValue;
use store::ValueTest;

/// A test on one key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    /// The whole key.
    Equal(Vec<u8>),
    /// Its beginning.
    Prefix(Vec<u8>),
    /// A token whose part after the separator is this (separator included).
    TokenSystem(Vec<u8>),
    /// A string whose normalised part contains this.
    Contains(Vec<u8>),
    /// A date; the bounds are inclusive. `inside == false` negates the whole.
    Date {
        lo: (i64, i64),
        hi: (i64, i64),
        inside: bool,
    },
    /// Never true, e.g. an empty range of moments.
    Nothing,
    /// A number or quantity.
    Number {
        bounds: Bounds,
        system: Option<Vec<u8>>,
        code: Option<Vec<u8>>,
    },
    /// A quantity with these base units.
    Base { bounds: Bounds, base: Vec<u8> },
    /// A text beside a code that has a word beginning with this.
    Text(Vec<u8>),
    /// An identifier with a type: the whole key, and the beginning of the identifier's own.
    OfType { key: Vec<u8>, identifier: Vec<u8> },
    /// A composite: one test for each component.
    Composite(Vec<Test>),
    /// A place.
    Near(Circle),
    /// A URI that the given one starts with.
    UriAbove(Vec<u8>),
}

/// What to walk for a set of tests.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cover {
    /// Sorted, disjoint ranges that hold an index row of every resource that passes.
    pub ranges: Vec<Range>,
}

const ANY: (i64, i64) = (i64::MIN, i64::MAX);

impl Test {
    /// Makes a test ready.
    pub fn new(test: &ValueTest) -> Self {
        use ValueTest as V;
        match test {
            V::Token { system, code } => Self::token(system.as_deref(), code.as_deref()),
            V::StringStarts(start) => Self::Prefix(one(tag::STRING, start)),
            V::StringContains(part) => Self::Contains(escaped(part)),
            V::StringExact(exact) => Self::Equal(two(tag::STRING, &fhir::normalize_string(exact), exact)),
            V::Number { .. } | V::Canonical { .. } => Self::number(test),
            V::Text(words) => Self::Text(escaped(words)),
            V::OfType { system, code, value } => Self::OfType {
                key: encode(&IndexValue::OfType {
                    system: system.clone(),
                    code: code.clone(),
                    value: value.clone(),
                }),
                identifier: with_end(tag::TOKEN, value),
            },
            V::Composite(tests) => Self::Composite(tests.iter().map(Self::new).collect()),
            V::Near {
                latitude,
                longitude,
                distance_m,
            } => Self::Near(Circle {
                latitude: *latitude,
                longitude: *longitude,
                distance_m: *distance_m,
            }),
            // The search refused it before.
            V::CodeSet(_) => Self::Nothing,
            V::Reference { rtype: Some(rtype), id } => Self::Equal(two(tag::REFERENCE, id, rtype)),
            V::Reference { rtype: None, id } => Self::Prefix(with_end(tag::REFERENCE, id)),
            V::ReferenceUrl(url) => Self::Equal(one(tag::REFERENCE_URL, url)),
            V::ReferenceIdentifier {
                system: Some(system),
                value,
            } => Self::Equal(two(tag::REFERENCE_IDENTIFIER, value, system)),
            V::ReferenceIdentifier { system: None, value } => Self::Prefix(with_end(tag::REFERENCE_IDENTIFIER, value)),
            V::Uri(uri) => Self::Equal(one(tag::URI, uri)),
            V::UriBelow(uri) => Self::Prefix(one(tag::URI, uri)),
            V::UriAbove(uri) => Self::UriAbove(one(tag::URI, uri)),
            _ => Self::date(test),
        }
    }

    fn token(system: Option<&str>, code: Option<&str>) -> Self {
        match (system, code) {
            (Some(system), Some(code)) => Self::Equal(two(tag::TOKEN, code, system)),
            (None, Some(code)) => Self::Prefix(with_end(tag::TOKEN, code)),
            (Some(system), None) => Self::TokenSystem(one(0, system)),
            (None, None) => Self::Prefix(vec![tag::TOKEN]),
        }
    }

    fn date(test: &ValueTest) -> Self {
        use ValueTest as V;
        let date = |lo, hi| Self::Date { lo, hi, inside: true };
        match test {
            V::DateWithin { lo, hi } => date((*lo, i64::MAX), (i64::MIN, *hi)),
            V::DateNotWithin { lo, hi } => Self::Date {
                lo: (*lo, i64::MAX),
                hi: (i64::MIN, *hi),
                inside: false,
            },
            V::DateHiAbove { at, or_equal } => above(*at, *or_equal).map_or(Self::Nothing, |hi| date(ANY, hi)),
            V::DateLoBelow { at, or_equal } => below(*at, *or_equal).map_or(Self::Nothing, |lo| date(lo, ANY)),
            V::DateLoAbove { at } => above(*at, false).map_or(Self::Nothing, |lo| date(lo, ANY)),
            V::DateHiBelow { at } => below(*at, false).map_or(Self::Nothing, |hi| date(ANY, hi)),
            _ => Self::Nothing,
        }
    }

    fn number(test: &ValueTest) -> Self {
        let (ValueTest::Number {
            lo,
            hi,
            lo_open,
            hi_open,
            inside,
            ..
        }
        | ValueTest::Canonical {
            lo,
            hi,
            lo_open,
            hi_open,
            inside,
            ..
        }) = test
        else {
            return Self::Nothing;
        };
        let bounds = Bounds {
            lo: *lo,
            hi: *hi,
            lo_open: *lo_open,
            hi_open: *hi_open,
            inside: *inside,
        };
        match test {
            ValueTest::Number { system, code, .. } => Self::Number {
                bounds,
                system: system.as_deref().map(escaped),
                code: code.as_deref().map(escaped),
            },
            ValueTest::Canonical { base, .. } => Self::Base {
                bounds,
                base: escaped(base),
            },
            _ => Self::Nothing,
        }
    }

    /// Whether a whole (uncut) key passes.
    pub fn passes(&self, key: &[u8]) -> bool {
        let kind = key.first().copied().unwrap_or_default();
        match self {
            Self::Equal(this) => key == this,
            Self::Prefix(this) => key.starts_with(this),
            Self::TokenSystem(end) => kind == tag::TOKEN && key.ends_with(end),
            Self::Contains(part) => {
                let end = key.iter().position(|byte| *byte == 0).unwrap_or(key.len());
                kind == tag::STRING && contains(&key[1..end.max(1)], part)
            }
            Self::Date { lo, hi, inside } => {
                let (Some(start), Some(end)) = (key.get(1..).and_then(read_i64), key.get(9..).and_then(read_i64))
                else {
                    return false;
                };
                let within = lo.0 <= start && start <= lo.1 && hi.0 <= end && end <= hi.1;
                kind == tag::DATE && within == *inside
            }
            Self::Nothing => false,
            Self::Number { bounds, system, code } => number::passes(bounds, system.as_deref(), code.as_deref(), key),
            Self::Base { bounds, base } => number::base_passes(bounds, base, key),
            Self::Text(words) => matches!(kind, tag::TEXT | tag::TEXT_ALONE) && has_words(&key[1..], words),
            Self::OfType { key: wanted, .. } => key == wanted,
            Self::Composite(tests) => kind == tag::COMPOSITE && composite::passes(tests, key),
            Self::Near(circle) => circle.holds(key),
            Self::UriAbove(uri) => kind == tag::URI && uri.starts_with(key),
        }
    }

    /// Whether the index rows of [`Test::ranges`] are exactly those whose keys pass (nothing cut, nothing to filter).
    pub fn exact(&self) -> bool {
        match self {
            Self::Equal(key) | Self::Prefix(key) => key.len() < MAX_ROW_KEY,
            _ => false,
        }
    }

    /// Ranges of the row of a component that passes; `None` where they are not worth having.
    pub(super) fn component_ranges(&self) -> Option<Vec<Range>> {
        match self {
            Self::Equal(key) | Self::Prefix(key) => Some(vec![Range::prefix(key)]),
            Self::Date { lo, hi, inside: true } => Some(vec![by_start(lo.0, lo.1.min(hi.1))]),
            Self::Number { bounds, .. } if bounds.inside => Some(number::ranges(bounds)),
            _ => None,
        }
    }

    /// Ranges of index rows that hold a row of every key that passes.
    fn ranges(&self) -> Vec<Range> {
        match self {
            Self::Equal(key) => vec![Range::equal(key)],
            Self::Prefix(key) => vec![Range::prefix(key)],
            Self::TokenSystem(_) => vec![Range::tag(tag::TOKEN)],
            Self::Contains(_) => vec![Range::tag(tag::STRING)],
            Self::Date { inside: false, .. } => vec![Range::tag(tag::DATE)],
            Self::Date { lo, hi, .. } => date_ranges(*lo, *hi),
            Self::Nothing => Vec::new(),
            Self::Number { bounds, .. } => number::ranges(bounds),
            Self::Base { bounds, base } => number::base_ranges(bounds, base),
            Self::Text(_) => vec![every_row()],
            Self::OfType { identifier, .. } => vec![Range::prefix(identifier)],
            Self::Composite(tests) => composite::ranges(tests),
            Self::Near(circle) => circle.ranges(),
            Self::UriAbove(uri) if uri.len() > 512 => vec![Range::tag(tag::URI)],
            Self::UriAbove(uri) => (1..=uri.len()).map(|end| Range::equal(&uri[..end])).collect(),
        }
    }
}

/// Every row of a parameter but the second ones.
pub(crate) fn every_row() -> Range {
    Range {
        lo: vec![0],
        hi: vec![tag::WITHOUT_ROW],
    }
}

impl Cover {
    /// What to walk so that whatever passes one of the tests is met.
    pub fn of(tests: &[Test]) -> Self {
        Self {
            ranges: normalise(tests.iter().flat_map(Test::ranges).collect()),
        }
    }
}

/// For several single-test conditions on a date parameter with one value per resource: the cover of their meeting.
pub(crate) fn combined_dates<'a>(tests: impl Iterator<Item = &'a Test>) -> Option<Cover> {
    let (mut lo, mut hi, mut count) = (ANY, ANY, 0);
    for test in tests {
        let Test::Date {
            lo: this_lo,
            hi: this_hi,
            inside: true,
        } = test
        else {
            continue;
        };
        lo = (lo.0.max(this_lo.0), lo.1.min(this_lo.1));
        hi = (hi.0.max(this_hi.0), hi.1.min(this_hi.1));
        count += 1;
    }
    (count > 1).then(|| Cover {
        ranges: normalise(date_ranges(lo, hi)),
    })
}

/// Rows of intervals whose start lies in `lo` and whose end lies in `hi` (inclusive bounds).
///
/// Short intervals: the end bounds the start within a day. Long ones: by start when there is a bound above it and
/// none below their end, else by end.
fn date_ranges(lo: (i64, i64), hi: (i64, i64)) -> Vec<Range> {
    if lo.0 > lo.1 || hi.0 > hi.1 {
        return Vec::new();
    }
    if lo.0 > i64::MIN || hi.0 == i64::MIN {
        // The start is bounded below as it is, or nothing below bounds the end: one range by start does.
        return vec![by_start(lo.0, lo.1.min(hi.1))];
    }
    let short = by_start(hi.0.saturating_sub(SHORT_US), lo.1.min(hi.1));
    let long = Range {
        lo: date(tag::DATE_END, hi.0, i64::MIN),
        hi: after(tag::DATE_END, hi.1),
    };
    vec![short, long]
}

/// Rows of intervals that start between these moments.
fn by_start(from: i64, to: i64) -> Range {
    Range {
        lo: date(tag::DATE, from, i64::MIN),
        hi: after(tag::DATE, to),
    }
}

/// The first key after every key of `tag` that starts with this moment.
fn after(tag: u8, moment: i64) -> Vec<u8> {
    match moment.checked_add(1) {
        Some(next) => {
            let mut key = vec![tag];
            key.extend(sortable_i64(next));
            key
        }
        None => vec![tag + 1],
    }
}

/// Whether one of the words of a normalised text, or of what follows it, begins with these.
fn has_words(text: &[u8], words: &[u8]) -> bool {
    !words.is_empty()
        && (text.starts_with(words)
            || text
                .windows(words.len() + 1)
                .any(|window| window[0] == b' ' && window[1..] == *words))
}

fn above(at: i64, or_equal: bool) -> Option<(i64, i64)> {
    Some((if or_equal { at } else { at.checked_add(1)? }, i64::MAX))
}

fn below(at: i64, or_equal: bool) -> Option<(i64, i64)> {
    Some((i64::MIN, if or_equal { at } else { at.checked_sub(1)? }))
}

fn with_end(tag: u8, a: &str) -> Vec<u8> {
    let mut key = one(tag, a);
    key.push(0);
    key
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}
