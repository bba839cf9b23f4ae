//! A search answered the slow way: every clause against every value of every resource, straight from the contract.

use fhir::{IndexValue, ParamId};
use std::cmp::Ordering;
use store::{Clause, ResourceWrite, Sort, SortKey, ValueTest, Words};

/// What is live, with its place in the order of creation.
pub type World = Vec<ResourceWrite>;

fn values<'a>(resource: &'a ResourceWrite, param: &'a ParamId) -> impl Iterator<Item = &'a IndexValue> {
    resource
        .index
        .iter()
        .filter(move |entry| entry.param == *param)
        .map(|entry| &entry.value)
}

/// Whether a clause holds.
pub fn holds(world: &World, resource: &ResourceWrite, clause: &Clause) -> bool {
    let points = |from: &ResourceWrite, param: &ParamId, to: &ResourceWrite| {
        values(from, param).any(|value| {
            *value
                == IndexValue::Reference {
                    rtype: to.rtype.clone(),
                    id: to.id.clone(),
                }
        })
    };
    let all = |other: &ResourceWrite, clauses: &[Clause]| clauses.iter().all(|clause| holds(world, other, clause));
    match clause {
        Clause::Param { param, any } => values(resource, param).any(|value| any.iter().any(|test| passes(test, value))),
        Clause::Not { param, any } => !values(resource, param).any(|value| any.iter().any(|test| passes(test, value))),
        Clause::Missing { param, missing } => values(resource, param).next().is_none() == *missing,
        Clause::Chain { param, target, clauses } => world
            .iter()
            .any(|other| other.rtype == *target && points(resource, param, other) && all(other, clauses)),
        Clause::Has { source, param, clauses } => world
            .iter()
            .any(|other| other.rtype == *source && points(other, param, resource) && all(other, clauses)),
        // The only text of a body here, the type's name aside.
        Clause::Words { words, .. } => has_words(&resource.id, words),
        Clause::Id(ids) => ids.contains(&resource.id),
        Clause::LastUpdated { from, until } => {
            from.is_none_or(|from| from <= resource.last_updated)
                && until.is_none_or(|until| resource.last_updated < until)
        }
        Clause::Patient(patient) => resource.patient.as_ref() == Some(patient),
        Clause::Or(alternatives) => alternatives.iter().any(|clause| holds(world, resource, clause)),
        Clause::Never => false,
    }
}

/// Whether a value passes a test, by the words of the contract.
pub fn passes(test: &ValueTest, value: &IndexValue) -> bool {
    use IndexValue as I;
    use ValueTest as V;
    let is = |wanted: &Option<String>, found: &String| wanted.as_ref().is_none_or(|wanted| wanted == found);
    match (test, value) {
        (V::Token { system, code }, I::Token { system: s, code: c }) => is(system, s) && is(code, c),
        (V::StringStarts(start), I::String { normalized, .. }) => normalized.starts_with(start.as_str()),
        (V::StringContains(part), I::String { normalized, .. }) => normalized.contains(part.as_str()),
        (V::StringExact(whole), I::String { exact, .. }) => exact == whole,
        (V::DateWithin { lo, hi }, I::Date { lo: l, hi: h }) => lo <= l && h <= hi,
        (V::DateNotWithin { lo, hi }, I::Date { lo: l, hi: h }) => !(lo <= l && h <= hi),
        (V::DateHiAbove { at, or_equal }, I::Date { hi, .. }) => hi > at || *or_equal && hi == at,
        (V::DateLoBelow { at, or_equal }, I::Date { lo, .. }) => lo < at || *or_equal && lo == at,
        (V::DateLoAbove { at }, I::Date { lo, .. }) => lo > at,
        (V::DateHiBelow { at }, I::Date { hi, .. }) => hi < at,
        (V::Number { .. } | V::Canonical { .. }, _) => number_passes(test, value),
        (V::Text(words), I::Text(text, _)) => {
            let mut starts = vec![0];
            starts.extend(text.match_indices(' ').map(|(at, _)| at + 1));
            starts
                .into_iter()
                .any(|start| text[start..].starts_with(words.as_str()))
        }
        (
            V::OfType { system, code, value },
            I::OfType {
                system: s,
                code: c,
                value: v,
            },
        ) => (system, code, value) == (s, c, v),
        (V::Composite(tests), I::Composite(values)) => {
            tests.len() <= values.len() && tests.iter().zip(values).all(|(test, value)| passes(test, value))
        }
        (
            V::Near {
                latitude,
                longitude,
                distance_m,
            },
            I::Position {
                latitude: lat,
                longitude: lon,
            },
        ) => chord_m((*latitude, *longitude), (*lat, *lon)) <= *distance_m,
        (V::Reference { rtype, id }, I::Reference { rtype: r, id: i }) => is(rtype, r) && id == i,
        (V::ReferenceUrl(url), I::ReferenceUrl(found)) => url == found,
        (V::ReferenceIdentifier { system, value }, I::ReferenceIdentifier { system: s, value: v }) => {
            is(system, s) && value == v
        }
        (V::Uri(uri), I::Uri(found)) => uri == found,
        (V::UriBelow(uri), I::Uri(found)) => found.starts_with(uri.as_str()),
        (V::UriAbove(uri), I::Uri(found)) => uri.starts_with(found.as_str()),
        _ => false,
    }
}

fn number_passes(test: &ValueTest, value: &IndexValue) -> bool {
    use IndexValue as I;
    use ValueTest as V;
    let is = |wanted: &Option<String>, found: &String| wanted.as_ref().is_none_or(|wanted| wanted == found);
    let (V::Number {
        lo,
        hi,
        lo_open,
        hi_open,
        inside,
        ..
    }
    | V::Canonical {
        lo,
        hi,
        lo_open,
        hi_open,
        inside,
        ..
    }) = test
    else {
        return false;
    };
    let within = |value: &f64| {
        (if *lo_open { value > lo } else { value >= lo }) && (if *hi_open { value < hi } else { value <= hi })
    };
    match (test, value) {
        (
            V::Number {
                system: None,
                code: None,
                ..
            },
            I::Number(number),
        ) => within(number) == *inside,
        (
            V::Number { system, code, .. },
            I::Quantity {
                value,
                system: s,
                code: c,
                unit,
                ..
            },
        ) => is(system, s) && (is(code, c) || is(code, unit)) && within(value) == *inside,
        (
            V::Canonical { base, .. },
            I::Quantity {
                canonical: Some(canonical),
                ..
            },
        ) => *base == *canonical.base && within(&canonical.value) == *inside,
        _ => false,
    }
}

/// Along the great circle, by the angle between the two places seen from the earth's centre.
fn chord_m(a: (f64, f64), b: (f64, f64)) -> f64 {
    let vector = |(lat, lon): (f64, f64)| {
        let (lat, lon) = (lat.to_radians(), lon.to_radians());
        [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
    };
    let (a, b) = (vector(a), vector(b));
    let squared: f64 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
    6_371_008.8 * 2.0 * (squared.sqrt() / 2.0).min(1.0).asin()
}

fn has_words(text: &str, words: &Words) -> bool {
    match words {
        Words::Word(word) => text
            .split(|c: char| !c.is_alphanumeric())
            .any(|found| found.starts_with(word.as_str())),
        Words::And(all) => all.iter().all(|words| has_words(text, words)),
        Words::Or(any) => any.iter().any(|words| has_words(text, words)),
        Words::Not(words) => !has_words(text, words),
    }
}

/// The order of values of one parameter (all of one kind here).
fn compare(a: &IndexValue, b: &IndexValue) -> Ordering {
    use IndexValue as I;
    match (a, b) {
        (I::Token { system: s, code: c }, I::Token { system, code }) => (c, s).cmp(&(code, system)),
        (
            I::String {
                normalized: n,
                exact: e,
            },
            I::String { normalized, exact },
        ) => sorted_by(&format!("{n}\0{e}")).cmp(sorted_by(&format!("{normalized}\0{exact}"))),
        (I::Date { lo: l, hi: h }, I::Date { lo, hi }) => (l, h).cmp(&(lo, hi)),
        (I::Quantity { value: v, .. }, I::Quantity { value, .. }) => (v + 0.0).total_cmp(&(value + 0.0)),
        (I::Text(a, _), I::Text(b, _)) => sorted_by(a).cmp(sorted_by(b)),
        (I::Number(a), I::Number(b)) => (a + 0.0).total_cmp(&(b + 0.0)),
        (I::Uri(a), I::Uri(b)) => sorted_by(a).cmp(sorted_by(b)),
        (I::Reference { rtype: r, id: i }, I::Reference { rtype, id }) => (i, r).cmp(&(id, rtype)),
        (I::ReferenceUrl(a), I::ReferenceUrl(b)) => a.cmp(b),
        (I::ReferenceIdentifier { system: s, value: v }, I::ReferenceIdentifier { system, value }) => {
            (v, s).cmp(&(value, system))
        }
        (a, b) => rank(a).cmp(&rank(b)),
    }
}

/// Long texts are ordered by their beginning: an index row holds 240 bytes, one of them the kind.
fn sorted_by(text: &str) -> &[u8] {
    &text.as_bytes()[..text.len().min(239)]
}

/// Kinds in the order in which a parameter of several kinds sorts.
fn rank(value: &IndexValue) -> u8 {
    match value {
        IndexValue::Number(_) => 4,
        IndexValue::Quantity { .. } => 5,
        IndexValue::Reference { .. } => 6,
        IndexValue::ReferenceUrl(_) => 7,
        IndexValue::ReferenceIdentifier { .. } => 8,
        IndexValue::Text(..) => 12,
        _ => 0,
    }
}

/// How two resources stand to each other under the sort keys; `Equal` where only ties would decide.
pub fn order(sort: &[Sort], a: &ResourceWrite, b: &ResourceWrite) -> Ordering {
    for sort in sort {
        let direct = match &sort.key {
            SortKey::Id => a.id.cmp(&b.id),
            SortKey::LastUpdated => a.last_updated.cmp(&b.last_updated),
            SortKey::Param(param) => {
                let best = |resource| {
                    // What only stands beside a value has no place in the order.
                    let values = values(resource, param)
                        .filter(|value| !matches!(value, IndexValue::Text(_, false) | IndexValue::OfType { .. }));
                    if sort.descending {
                        values.max_by(|a, b| compare(a, b))
                    } else {
                        values.min_by(|a, b| compare(a, b))
                    }
                };
                match (best(a), best(b)) {
                    (Some(a), Some(b)) => compare(a, b),
                    // Missing ones come last in both directions.
                    (a, b) if a.is_some() != b.is_some() => return b.is_some().cmp(&a.is_some()),
                    _ => Ordering::Equal,
                }
            }
        };
        if direct != Ordering::Equal {
            return if sort.descending { direct.reverse() } else { direct };
        }
    }
    Ordering::Equal
}
