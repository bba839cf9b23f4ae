//! Gathers entries.

use super::{program::Composite, systems};
use crate::{IndexEntry, IndexValue, MAX_INDEXED_CHARS, ParamId, ReferenceText, normalize_string};
use serde_json::Value;
use std::cmp::Ordering;

/// Where a run puts its entries.
pub(super) struct Sink<'a> {
    entries: Vec<IndexEntry>,
    compartment: &'a [ParamId],
    /// Place of the best parameter of the compartment that has a patient so far, and the patient.
    patient: Option<(usize, String)>,
    resource: &'a Value,
}

/// Values of one composite in one element at most; more combinations are not found.
const MAX_COMBINATIONS: usize = 256;

impl<'a> Sink<'a> {
    pub(super) fn new(compartment: &'a [ParamId], resource: &'a Value) -> Sink<'a> {
        Sink {
            entries: Vec::with_capacity(32),
            compartment,
            patient: None,
            resource,
        }
    }

    /// Every combination of what the components find in an element. The last component is looked at first: of the
    /// many `code-value-…` most have no value of their type.
    pub(super) fn composite(&mut self, composite: &Composite, element: &Value) {
        let mut found: Vec<Vec<IndexValue>> = vec![];
        for part in composite.parts.iter().rev() {
            let before = self.entries.len();
            part.node
                .walk(if part.from_resource { self.resource } else { element }, self);
            let values: Vec<IndexValue> = self
                .entries
                .drain(before..)
                .map(|entry| entry.value)
                .filter(|value| !matches!(value, IndexValue::Text(..) | IndexValue::OfType { .. }))
                .collect();
            if values.is_empty() {
                return;
            }
            found.push(values);
        }
        let mut combinations: Vec<Vec<IndexValue>> = vec![vec![]];
        for values in found.iter().rev() {
            let longer = combinations.iter().flat_map(|start| {
                values
                    .iter()
                    .map(move |value| start.iter().chain([value]).cloned().collect())
            });
            combinations = longer.take(MAX_COMBINATIONS).collect();
        }
        for param in &composite.params {
            for values in &combinations {
                self.push(*param, IndexValue::Composite(values.clone()));
            }
        }
    }

    pub(super) fn push(&mut self, param: ParamId, value: IndexValue) {
        self.entries.push(IndexEntry { param, value });
    }

    /// Empty codes are not values. A code system with two names is entered under both. Whether there was a value.
    pub(super) fn token(&mut self, param: ParamId, system: &str, code: &str) -> bool {
        if !fits(code) || system.len() > MAX_INDEXED_CHARS {
            return false;
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
        true
    }

    /// What `:text` searches; `alone` where it is all there is.
    pub(super) fn text(&mut self, param: ParamId, text: &str, alone: bool) {
        if text.is_empty() {
            return;
        }
        let normalized = normalize_string(cut(text));
        if !normalized.is_empty() {
            self.push(param, IndexValue::Text(normalized, alone));
        }
    }

    pub(super) fn of_type(&mut self, param: ParamId, system: &str, code: &str, value: &str) {
        if fits(code) && fits(value) && system.len() <= MAX_INDEXED_CHARS {
            let (system, code, value) = (system.to_owned(), code.to_owned(), value.to_owned());
            self.push(param, IndexValue::OfType { system, code, value });
        }
    }

    pub(super) fn string(&mut self, param: ParamId, text: &str) {
        if text.is_empty() {
            return;
        }
        let exact = cut(text);
        let (normalized, exact) = (normalize_string(exact), exact.to_owned());
        self.push(param, IndexValue::String { normalized, exact });
    }

    /// What is only compared, never shown.
    pub(super) fn key(&mut self, param: ParamId, key: String) {
        if fits(&key) {
            let exact = String::new();
            self.push(param, IndexValue::String { normalized: key, exact });
        }
    }

    pub(super) fn uri(&mut self, param: ParamId, uri: &str) {
        if fits(uri) {
            self.push(param, IndexValue::Uri(uri.to_owned()));
        }
    }

    /// `Reference.reference`, a canonical or a URI. Contained resources are not reachable from outside. Whether there
    /// was a value.
    pub(super) fn reference(&mut self, param: ParamId, text: &str) -> bool {
        let before = self.entries.len();
        match ReferenceText::parse(text) {
            ReferenceText::Local { rtype, id, .. } => self.local(param, rtype, id),
            ReferenceText::Absolute(text) | ReferenceText::Other(text) => {
                if fits(text) {
                    self.push(param, IndexValue::ReferenceUrl(text.to_owned()));
                }
            }
            ReferenceText::Contained(_) | ReferenceText::Conditional { .. } => {}
        }
        self.entries.len() > before
    }

    pub(super) fn reference_identifier(&mut self, param: ParamId, system: &str, value: &str) -> bool {
        if !fits(value) || system.len() > MAX_INDEXED_CHARS {
            return false;
        }
        if let Some(other) = systems::other_name(system) {
            let (system, value) = (other.to_owned(), value.to_owned());
            self.push(param, IndexValue::ReferenceIdentifier { system, value });
        }
        let (system, value) = (system.to_owned(), value.to_owned());
        self.push(param, IndexValue::ReferenceIdentifier { system, value });
        true
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

/// The part of a text that is indexed.
fn cut(text: &str) -> &str {
    if text.len() <= MAX_INDEXED_CHARS {
        return text;
    }
    match text.char_indices().nth(MAX_INDEXED_CHARS) {
        Some((end, _)) => &text[..end],
        None => text,
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
        (
            V::String {
                exact: e1,
                normalized: n1,
            },
            V::String {
                exact: e2,
                normalized: n2,
            },
        ) => (e1, n1).cmp(&(e2, n2)),
        (V::Date { lo: l1, hi: h1 }, V::Date { lo: l2, hi: h2 }) => (l1, h1).cmp(&(l2, h2)),
        (V::Number(a), V::Number(b)) => a.total_cmp(b),
        (
            V::Quantity {
                value: v1,
                system: s1,
                code: c1,
                unit: u1,
                ..
            },
            V::Quantity {
                value: v2,
                system: s2,
                code: c2,
                unit: u2,
                ..
            },
        ) => v1.total_cmp(v2).then_with(|| (s1, c1, u1).cmp(&(s2, c2, u2))),
        (V::Reference { rtype: t1, id: i1 }, V::Reference { rtype: t2, id: i2 }) => (t1, i1).cmp(&(t2, i2)),
        (V::ReferenceUrl(a), V::ReferenceUrl(b)) | (V::Uri(a), V::Uri(b)) => a.cmp(b),
        (V::ReferenceIdentifier { system: s1, value: v1 }, V::ReferenceIdentifier { system: s2, value: v2 }) => {
            (s1, v1).cmp(&(s2, v2))
        }
        (V::Composite(a), V::Composite(b)) => compare_lists(a, b),
        (
            V::Position {
                latitude: a1,
                longitude: o1,
            },
            V::Position {
                latitude: a2,
                longitude: o2,
            },
        ) => a1.total_cmp(a2).then_with(|| o1.total_cmp(o2)),
        (V::Text(a, x), V::Text(b, y)) => (a, x).cmp(&(b, y)),
        (
            V::OfType {
                system: s1,
                code: c1,
                value: v1,
            },
            V::OfType {
                system: s2,
                code: c2,
                value: v2,
            },
        ) => (v1, c1, s1).cmp(&(v2, c2, s2)),
        _ => rank(a).cmp(&rank(b)),
    }
}

fn compare_lists(a: &[IndexValue], b: &[IndexValue]) -> Ordering {
    let differing = a
        .iter()
        .zip(b)
        .map(|(a, b)| compare_values(a, b))
        .find(|order| order.is_ne());
    differing.unwrap_or_else(|| a.len().cmp(&b.len()))
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
        IndexValue::Composite(_) => 9,
        IndexValue::Position { .. } => 10,
        IndexValue::Text(..) => 11,
        IndexValue::OfType { .. } => 12,
    }
}
