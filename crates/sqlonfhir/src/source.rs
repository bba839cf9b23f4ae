//! A ViewDefinition as it is written, taken apart with the place of every mistake.

use crate::ViewError;
use serde_json::{Map, Value};

/// Deepest nesting of selects.
const MAX_DEPTH: usize = 32;

/// An object of the definition with its place.
pub(crate) struct Part<'a> {
    pub place: String,
    fields: &'a Map<String, Value>,
}

impl<'a> Part<'a> {
    /// `value` as an object.
    pub(crate) fn of(place: impl Into<String>, value: &'a Value) -> Result<Self, ViewError> {
        let place = place.into();
        match value.as_object() {
            Some(fields) => Ok(Self { place, fields }),
            None => Err(ViewError::new(place, "an object is expected here")),
        }
    }

    /// The place of a field.
    pub(crate) fn at(&self, name: &str) -> String {
        format!("{}.{name}", self.place)
    }

    /// Every field.
    pub(crate) fn fields(&self) -> &'a Map<String, Value> {
        self.fields
    }

    /// A field that holds text, if it is there.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, ViewError> {
        match self.fields.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Err(ViewError::new(self.at(name), "it is empty")),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(ViewError::new(self.at(name), format!("text is expected, not {other}"))),
        }
    }

    /// A field that must hold text.
    pub(crate) fn needs_text(&self, name: &str, remedy: &str) -> Result<&'a str, ViewError> {
        self.text(name)?
            .ok_or_else(|| ViewError::new(self.at(name), format!("it is missing: {remedy}")))
    }

    /// A field that holds true or false, if it is there.
    pub(crate) fn truth(&self, name: &str) -> Result<Option<bool>, ViewError> {
        match self.fields.get(name) {
            None => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(*truth)),
            Some(other) => Err(ViewError::new(
                self.at(name),
                format!("true or false is expected, not {other}"),
            )),
        }
    }

    /// The objects of a list, with their places; empty where the field is absent.
    pub(crate) fn list(&self, name: &str) -> Result<Vec<Part<'a>>, ViewError> {
        let values = self.values(name)?.iter().enumerate();
        values
            .map(|(at, value)| Part::of(format!("{}[{at}]", self.at(name)), value))
            .collect()
    }

    /// The values of a list; empty where the field is absent.
    pub(crate) fn values(&self, name: &str) -> Result<&'a [Value], ViewError> {
        match self.fields.get(name) {
            None => Ok(&[]),
            Some(Value::Array(values)) if values.is_empty() => Err(ViewError::new(
                self.at(name),
                "the list is empty: leave it out, or fill it",
            )),
            Some(Value::Array(values)) => Ok(values),
            Some(other) => Err(ViewError::new(
                self.at(name),
                format!("a list is expected, not {other}"),
            )),
        }
    }
}

/// Refuses nesting that is deeper than any table needs.
pub(crate) fn check_depth(place: &str, depth: usize) -> Result<(), ViewError> {
    if depth < MAX_DEPTH {
        return Ok(());
    }
    Err(ViewError::new(
        place,
        format!("selects are nested more than {MAX_DEPTH} deep"),
    ))
}

/// The rule sql-name of the standard: a letter, then letters, digits and `_`.
pub(crate) fn check_name(place: String, name: &str) -> Result<(), ViewError> {
    let mut letters = name.chars();
    let sound = letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && name.len() <= 255;
    if sound {
        return Ok(());
    }
    let message = format!("'{name}' is no name for a database (rule sql-name): a letter, then letters, digits and '_'");
    Err(ViewError::new(place, message))
}
