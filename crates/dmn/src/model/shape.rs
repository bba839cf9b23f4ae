//! JSON variables in the shape that a model declares.
//!
//! JSON has no dates: text becomes a date, a time or a duration where the model declares one, and a value of another
//! kind than the declared one is an error instead of a silent null.

use super::xml::{child, children, content};
use dsntk_feel::context::FeelContext;
use dsntk_feel::values::Value as Feel;
use dsntk_feel_temporal::{FeelDate, FeelDateTime, FeelDaysAndTimeDuration, FeelTime, FeelYearsAndMonthsDuration};
use roxmltree::{Document, Node};
use std::collections::HashMap;
use std::str::FromStr;

/// Deepest nesting of types that is followed.
const MAX_DEPTH: usize = 20;

/// The item definitions of a model.
#[derive(Debug, Default)]
pub(crate) struct Types(HashMap<String, Item>);

#[derive(Debug, Clone)]
struct Item {
    base: Option<String>,
    components: Vec<(String, Item)>,
    collection: bool,
}

impl Types {
    /// The item definitions of a document.
    pub(crate) fn read(document: &Document<'_>) -> Self {
        let definitions = children(document.root_element(), "itemDefinition");
        Self(
            definitions
                .filter_map(|node| Some((node.attribute("name")?.to_owned(), item(node, 0))))
                .collect(),
        )
    }

    /// The value as the type of this name; `path` names it in errors.
    pub(crate) fn shaped(&self, value: Feel, type_ref: Option<&str>, path: &str) -> Result<Feel, String> {
        self.named(value, type_ref, path, 0)
    }

    fn named(&self, value: Feel, type_ref: Option<&str>, path: &str, depth: usize) -> Result<Feel, String> {
        let Some(name) = type_ref.filter(|_| depth < MAX_DEPTH && !value.is_null()) else {
            return Ok(value);
        };
        match self.0.get(name) {
            Some(item) => self.item(value, item, path, depth + 1),
            None => simple(value, name.strip_prefix("feel:").unwrap_or(name), path),
        }
    }

    fn item(&self, value: Feel, item: &Item, path: &str, depth: usize) -> Result<Feel, String> {
        match value {
            Feel::List(values) if item.collection => {
                let one = Item {
                    collection: false,
                    ..item.clone()
                };
                let indexed = values.into_iter().enumerate();
                let shaped =
                    indexed.map(|(index, value)| self.item(value, &one, &format!("{path}[{}]", index + 1), depth));
                Ok(Feel::List(shaped.collect::<Result<_, _>>()?))
            }
            Feel::Context(entries) if !item.components.is_empty() => {
                let mut shaped: FeelContext = entries;
                for (name, component) in &item.components {
                    let name = name.as_str().into();
                    if let Some(value) = shaped.remove_entry(&name) {
                        let value = self.item(value, component, &format!("{path}.{name}"), depth + 1)?;
                        shaped.set_entry(&name, value);
                    }
                }
                Ok(Feel::Context(shaped))
            }
            value => self.named(value, item.base.as_deref(), path, depth),
        }
    }
}

fn item(node: Node<'_, '_>, depth: usize) -> Item {
    let components = children(node, "itemComponent").filter(|_| depth < MAX_DEPTH);
    Item {
        base: child(node, "typeRef").map(content),
        components: components
            .filter_map(|each| Some((each.attribute("name")?.to_owned(), item(each, depth + 1))))
            .collect(),
        collection: node.attribute("isCollection") == Some("true"),
    }
}

fn simple(value: Feel, kind: &str, path: &str) -> Result<Feel, String> {
    let wrong = |value: &Feel| format!("input '{path}' must be a {kind}, it is {value}");
    let text = match &value {
        Feel::String(text) => Some(text.clone()),
        _ => None,
    };
    let parsed = match (kind, text) {
        ("date", Some(text)) => FeelDate::from_str(&text).ok().map(Feel::Date),
        ("time", Some(text)) => FeelTime::from_str(&text).ok().map(Feel::Time),
        ("date and time" | "dateTime", Some(text)) => FeelDateTime::try_from(text.as_str()).ok().map(Feel::DateTime),
        ("days and time duration" | "dayTimeDuration", Some(text)) => FeelDaysAndTimeDuration::try_from(text.as_str())
            .ok()
            .map(Feel::DaysAndTimeDuration),
        ("years and months duration" | "yearMonthDuration", Some(text)) => {
            FeelYearsAndMonthsDuration::try_from(text.as_str())
                .ok()
                .map(Feel::YearsAndMonthsDuration)
        }
        ("number", Some(_)) | ("boolean", Some(_)) => None,
        ("string", None) if matches!(value, Feel::Number(_) | Feel::Boolean(_)) => None,
        ("number", None) if matches!(value, Feel::Boolean(_)) => None,
        ("boolean", None) if matches!(value, Feel::Number(_)) => None,
        _ => return Ok(value),
    };
    parsed.ok_or_else(|| wrong(&value))
}
