//! First values of a form: what the process already knows, what the form says, what can be computed.

use super::html::{Entry, Raw};
use super::{Answer, Form, Item, Kind};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value};

/// Where first values come from, strongest first: the item's `initialExpression`, its `initial`.
///
/// What the process knows is put into a question only where the form asks for it, by the expression `%process.<name>`:
/// a therapy in course may be proposed again, the result of the last examination must not, or it would be filed a
/// second time as today's.
#[derive(Debug, Clone, Copy)]
pub struct Prefill<'a> {
    /// Today, in Italy.
    pub today: Date,
    /// The moment, for what a form computes.
    pub now: Timestamp,
    /// The patient (JSON), for expressions with `%patient`.
    pub patient: Option<&'a Value>,
    /// What the process knows: task variables, for expressions `%process.<name>`.
    pub values: &'a Map<String, Value>,
}

impl Form {
    /// The form with its first values.
    pub fn fill(&self, prefill: &Prefill<'_>) -> Entry<'_> {
        let (form, fixed) = self.resolve(prefill, None);
        let mut raw = form.initial_raw(prefill);
        raw.extend(fixed);
        Entry {
            form,
            raw,
            errors: Vec::new(),
        }
    }

    pub(super) fn initial_raw(&self, prefill: &Prefill<'_>) -> Raw {
        let mut raw = Raw::new();
        for item in self.all().into_iter().filter(|i| i.kind.is_question()) {
            let own = || item.initial.iter().map(Answer::raw).collect::<Vec<_>>();
            let values = match item.initial_expression.as_deref() {
                // A row holds what its own value says, never what a variable of the same name does.
                _ if item.computed.preset.is_some() => {
                    let preset = item.computed.preset.iter().flat_map(|v| from_variable(item, v));
                    Some(preset.collect::<Vec<_>>())
                        .filter(|v| !v.is_empty())
                        .unwrap_or_else(own)
                }
                Some(expression) => prefill.first(item, expression).unwrap_or_else(own),
                None => own(),
            };
            place(item, values, &mut raw);
        }
        raw
    }
}

/// Free texts of an open choice belong into their own field.
fn place(item: &Item, values: Vec<String>, raw: &mut Raw) {
    for value in values {
        let free = item.kind == Kind::OpenChoice && !item.options.iter().any(|o| o.key == value);
        let name = if free { item.other_name() } else { item.link.clone() };
        raw.entry(name).or_default().push(value);
    }
    if let Some(Answer::Quantity { unit, .. }) = item.initial.first()
        && let Some(code) = &unit.code
    {
        raw.insert(item.unit_name(), vec![code.clone()]);
    }
}

fn from_variable(item: &Item, value: &Value) -> Vec<String> {
    match value {
        Value::Null | Value::Object(_) => Vec::new(),
        Value::Array(list) if item.repeats => list.iter().flat_map(|v| from_variable(item, v)).collect(),
        Value::Array(_) => Vec::new(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

impl Prefill<'_> {
    /// The first values that an expression gives; `None` where it gives nothing.
    fn first(&self, item: &Item, expression: &str) -> Option<Vec<String>> {
        match expression.trim().strip_prefix("%process.") {
            Some(name) => self
                .values
                .get(name)
                .map(|v| from_variable(item, v))
                .filter(|v| !v.is_empty()),
            None => self.evaluate(expression).map(|value| vec![value]),
        }
    }

    /// An initial expression. Time is ours, not the machine's, so `today()` becomes a literal first; `(today() -
    /// %patient.birthDate).years`, which FHIRPath has no operator for but forms are written with, is the age.
    fn evaluate(&self, expression: &str) -> Option<String> {
        let expression = expression.trim();
        if expression == "today()" {
            return Some(self.today.to_string());
        }
        let squeezed: String = expression.chars().filter(|c| !c.is_whitespace()).collect();
        if squeezed == "(today()-%patient.birthDate).years" {
            return self.age().map(|years| years.to_string());
        }
        let nobody = Value::Object(Map::new());
        let literal = expression
            .replace("today()", &format!("@{}", self.today))
            .replace("%patient.", "%resource.");
        match fhir::fhirpath::evaluate(&literal, self.patient.unwrap_or(&nobody)) {
            Ok(values) => match values.into_iter().next()? {
                Value::String(text) => Some(text),
                Value::Null => None,
                other => Some(other.to_string()),
            },
            Err(error) => {
                tracing::warn!(%error, "an initial value of a form could not be computed");
                None
            }
        }
    }

    fn age(&self) -> Option<i16> {
        let born: Date = self.patient?["birthDate"].as_str()?.parse().ok()?;
        let before = (self.today.month(), self.today.day()) < (born.month(), born.day());
        Some(self.today.year() - born.year() - i16::from(before))
    }
}
