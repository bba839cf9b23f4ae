//! Gathers entries.

use super::systems;
use crate::{IndexEntry, IndexValue, MAX_INDEXED_CHARS, ParamId, ReferenceText, normalize_string};
use serde_json::Value;
use std::cmp::Ordering;

/// Where a run puts its entries.
pub(super) struct Sink<'a> {
    entries: Vec<IndexEntry>,
    compartment: &'a [ParamId],
    /// Place of the best parameter of the compartment that has a patient so far, and the patient.
    patient: Option<(usize, String)>,
}

impl<'a> Sink<'a> {
    pub(super) fn new(compartment: &'a [ParamId]) -> Sink<'a> {
        Sink {
            entries: Vec::with_capacity(32),
            compartment,
            patient: None,
        }
    }

    pub(super) fn push(&mut self, param: ParamId, value: IndexValue) {
        self.entries.push(IndexEntry { param, value });
    }

    /// Empty codes are not values. A code system with two names is entered under both.
    pub(super) fn token(&mut self, param: ParamId, system: &str, code: &str) {
        if !fits(code) || system.len() > MAX_INDEXED_CHARS {
            return;
        }
        if let Some(other) = systems::other_name(system) {
            self.push(
                param,
                IndexValue::Token {
                    system: other.to_owned(),
                    code: code.to_owned(),
                },
            );
        }
        self.push(
            param,
            IndexValue::Token {
                system: system.to_owned(),
                code: code.to_owned(),
            },
        );
    }

    pub(super) fn string(&mut self, param: ParamId, text: &str) {
        if text.is_empty() {
            return;
        }
        let exact = match text.char_indices().nth(MAX_INDEXED_CHARS) {
            Some((end, _)) => &text[..end],
            None => text,
        };
        let (normalized, exact) = (normalize_string(exact), exact.to_owned());
        self.push(param, IndexValue::String { normalized, exact });
    }

    pub(super) fn uri(&mut self, param: ParamId, uri: &str) {
        if fits(uri) {
            self.push(param, IndexValue::Uri(uri.to_owned()));
        }
    }

    /// `Reference.reference`, a canonical or a URI. Contained resources are not reachable from outside.
    pub(super) fn reference(&mut self, param: ParamId, text: &str) {
        match ReferenceText::parse(text) {
            ReferenceText::Local { rtype, id, .. } => self.local(param, rtype, id),
            ReferenceText::Absolute(text) | ReferenceText::Other(text) => {
                if fits(text) {
                    self.push(param, IndexValue::ReferenceUrl(text.to_owned()));
                }
            }
            ReferenceText::Contained(_) | ReferenceText::Conditional { .. } => {}
        }
    }

    pub(super) fn reference_identifier(&mut self, param: ParamId, system: &str, value: &str) {
        if !fits(value) || system.len() > MAX_INDEXED_CHARS {
            return;
        }
        if let Some(other) = systems::other_name(system) {
            let (system, value) = (other.to_owned(), value.to_owned());
            self.push(param, IndexValue::ReferenceIdentifier { system, value });
        }
        let (system, value) = (system.to_owned(), value.to_owned());
        self.push(param, IndexValue::ReferenceIdentifier { system, value });
    }

    fn local(&mut self, param: ParamId, rtype: &str, id: &str) {
        if rtype == "Patient"
            && let Some(place) = self.compartment.iter().position(|member| *member == param)
            && self.patient.as_ref().is_none_or(|(best, _)| place < *best)
        {
            self.patient = Some((place, id.to_owned()));
        }
        self.push(
            param,
            IndexValue::Reference {
                rtype: rtype.to_owned(),
                id: id.to_owned(),
            },
        );
    }

    /// `deceased`: true for a date or `true`, else false.
    pub(super) fn deceased(&mut self, param: ParamId, patient: &Value) {
        let is_deceased =
            patient.get("deceasedBoolean") == Some(&Value::Bool(true)) || patient.get("deceasedDateTime").is_some();
        self.token(param, "", if is_deceased { "true" } else { "false" });
    }

    /// The first resource of a bundle, as a reference to it.
    pub(super) fn first_entry(&mut self, param: ParamId, rtype: &str, bundle: &Value) {
        let Some(first) = bundle.pointer("/entry/0/resource") else {
            return;
        };
        let text = |name: &str| first.get(name).and_then(Value::as_str);
        if let (Some(found), Some(id)) = (text("resourceType"), text("id"))
            && found == rtype
        {
            self.local(param, found, id);
        }
    }

    /// Entries in order, without repeats, and the patient.
    pub(super) fn finish(mut self) -> (Vec<IndexEntry>, Option<String>) {
        self.entries.sort_unstable_by(compare);
        self.entries.dedup_by(|a, b| compare(a, b) == Ordering::Equal);
        (self.entries, self.patient.map(|(_, id)| id))
    }
}

/// Not empty, and short enough for an index.
fn fits(text: &str) -> bool {
    (1..=MAX_INDEXED_CHARS).contains(&text.len())
}

fn compare(a: &IndexEntry, b: &IndexEntry) -> Ordering {
    a.param.cmp(&b.param).then_with(|| compare_values(&a.value, &b.value))
}

/// A total order within one parameter.
fn compare_values(a: &IndexValue, b: &IndexValue) -> Ordering {
    use IndexValue as V;
    match (a, b) {
        (V::Token { system: s1, code: c1 }, V::Token { system: s2, code: c2 }) => (c1, s1).cmp(&(c2, s2)),
        (V::String { exact: a, .. }, V::String { exact: b, .. }) => a.cmp(b),
        (V::Date { lo: l1, hi: h1 }, V::Date { lo: l2, hi: h2 }) => (l1, h1).cmp(&(l2, h2)),
        (V::Number(a), V::Number(b)) => a.total_cmp(b),
        (
            V::Quantity {
                value: v1,
                system: s1,
                code: c1,
                unit: u1,
            },
            V::Quantity {
                value: v2,
                system: s2,
                code: c2,
                unit: u2,
            },
        ) => v1.total_cmp(v2).then_with(|| (s1, c1, u1).cmp(&(s2, c2, u2))),
        (V::Reference { rtype: t1, id: i1 }, V::Reference { rtype: t2, id: i2 }) => (t1, i1).cmp(&(t2, i2)),
        (V::ReferenceUrl(a), V::ReferenceUrl(b)) | (V::Uri(a), V::Uri(b)) => a.cmp(b),
        (V::ReferenceIdentifier { system: s1, value: v1 }, V::ReferenceIdentifier { system: s2, value: v2 }) => {
            (s1, v1).cmp(&(s2, v2))
        }
        _ => rank(a).cmp(&rank(b)),
    }
}

fn rank(value: &IndexValue) -> u8 {
    match value {
        IndexValue::Token { .. } => 0,
        IndexValue::String { .. } => 1,
        IndexValue::Date { .. } => 2,
        IndexValue::Number(_) => 3,
        IndexValue::Quantity { .. } => 4,
        IndexValue::Reference { .. } => 5,
        IndexValue::ReferenceUrl(_) => 6,
        IndexValue::ReferenceIdentifier { .. } => 7,
        IndexValue::Uri(_) => 8,
    }
}
