//! The parts of a TestScript.

use serde_json::Value;
use std::collections::HashMap;

/// A script.
pub(super) struct Script {
    pub fixtures: Vec<Fixture>,
    pub variables: Vec<Variable>,
    /// Id to canonical URL.
    pub profiles: HashMap<String, String>,
    pub setup: Vec<Value>,
    pub tests: Vec<Test>,
    pub teardown: Vec<Value>,
}

/// A resource the script works with.
pub(super) struct Fixture {
    pub id: String,
    /// Reference: file, `Type/id` or `#contained`.
    pub reference: String,
    pub autocreate: bool,
    pub autodelete: bool,
}

/// A value taken from a header, a resource, or given.
#[derive(Clone)]
pub(super) struct Variable {
    pub name: String,
    pub default: Option<String>,
    pub expression: Option<String>,
    pub path: Option<String>,
    pub header: Option<String>,
    pub source: Option<String>,
}

/// A test.
pub(super) struct Test {
    pub name: Option<String>,
    pub actions: Vec<Value>,
}

pub(super) fn text(value: &Value, name: &str) -> Option<String> {
    match &value[name] {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn list<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    value[name].as_array().into_iter().flatten()
}

fn actions(value: &Value) -> Vec<Value> {
    list(value, "action").cloned().collect()
}

impl Script {
    pub(super) fn read(value: &Value) -> Self {
        let fixture = |one: &Value| Fixture {
            id: text(one, "id").unwrap_or_default(),
            reference: text(&one["resource"], "reference").unwrap_or_default(),
            autocreate: one["autocreate"] == true,
            autodelete: one["autodelete"] == true,
        };
        let variable = |one: &Value| Variable {
            name: text(one, "name").unwrap_or_default(),
            default: text(one, "defaultValue"),
            expression: text(one, "expression"),
            path: text(one, "path"),
            header: text(one, "headerField"),
            source: text(one, "sourceId"),
        };
        let profile = |one: &Value| Some((text(one, "id")?, text(one, "reference")?));
        let test = |one: &Value| Test {
            name: text(one, "name").or_else(|| text(one, "id")),
            actions: actions(one),
        };
        Self {
            fixtures: list(value, "fixture").map(fixture).collect(),
            variables: list(value, "variable").map(variable).collect(),
            profiles: list(value, "profile").filter_map(profile).collect(),
            setup: actions(&value["setup"]),
            tests: list(value, "test").map(test).collect(),
            teardown: actions(&value["teardown"]),
        }
    }
}
