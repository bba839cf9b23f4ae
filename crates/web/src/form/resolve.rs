//! A form as it is for these values: its rows made, its texts, options, tables and values computed.

use super::computed::{self, Table};
use super::html::Raw;
use super::item::{Choice, Item, Kind};
use super::rows::Expansion;
use super::{Answer, Coding, Form, MAX_OPTIONS, MAX_ROWS, Prefill, check};
use crate::Lang;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

/// A form as it is asked: the one that was read, or one made of it for these values.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Asked<'f> {
    Read(&'f Form),
    Made(Box<Form>),
}

impl Deref for Asked<'_> {
    type Target = Form;

    fn deref(&self) -> &Form {
        match self {
            Self::Read(form) => form,
            Self::Made(form) => form,
        }
    }
}

impl Form {
    /// The form for what the process knows and what was posted (`None`: a fresh form), and the fields whose content is
    /// ours. Costs nothing for a form that neither computes nor repeats.
    pub(super) fn resolve(&self, prefill: &Prefill<'_>, posted: Option<&Raw>) -> (Asked<'_>, Raw) {
        if self
            .all()
            .iter()
            .all(|item| item.rows.is_none() && item.computed.is_empty())
        {
            return (Asked::Read(self), Raw::new());
        }
        let mut expansion = Expansion {
            raw: posted,
            values: prefill.values,
            items: 0,
        };
        let mut form = Self {
            items: expansion.items(&self.items, "", &BTreeMap::new(), None),
            ..self.clone()
        };
        let first = form.initial_raw(prefill);
        let raw = posted.unwrap_or(&first);
        let mut context = prefill.values.clone();
        answers(&form.items, raw, &mut context);
        let names: BTreeSet<String> = self
            .all()
            .iter()
            .filter(|i| (i.kind.is_question() || i.rows.is_some()) && i.computed.value.is_none())
            .map(|i| i.origin.clone())
            .collect();
        let mut resolver = Resolver {
            prefill,
            names,
            fixed: Raw::new(),
        };
        let mut items = std::mem::take(&mut form.items);
        resolver.items(&mut items, &mut context);
        form.items = items;
        (Asked::Made(Box::new(form)), resolver.fixed)
    }
}

/// Puts what was answered so far under the linkIds: rows as lists of contexts.
fn answers(items: &[Item], raw: &Raw, context: &mut Map<String, Value>) {
    for item in items {
        if item.rows.is_some() {
            let rows = item.items.iter().map(|row| {
                let mut one = Map::new();
                answers(&row.items, raw, &mut one);
                Value::Object(one)
            });
            context.insert(item.origin.clone(), rows.collect());
            continue;
        }
        if item.kind.is_question() && item.kind != Kind::Attachment {
            context.insert(item.origin.clone(), answer(item, raw));
        }
        answers(&item.items, raw, context);
    }
}

/// What was answered, as the process would get it; what is wrong counts as missing.
fn answer(item: &Item, raw: &Raw) -> Value {
    let values = raw.get(&item.link).map_or(&[][..], Vec::as_slice);
    let choice = matches!(item.kind, Kind::Choice | Kind::OpenChoice);
    let given: Vec<Value> = if choice {
        let filled = values.iter().filter(|v| !v.is_empty());
        filled.map(|v| Value::String(v.clone())).collect()
    } else {
        let read = check::read(item, values, None, None, Lang::It).unwrap_or_default();
        read.iter().map(Answer::plain).collect()
    };
    if item.repeats {
        return given.into();
    }
    given.into_iter().next().unwrap_or_default()
}

struct Resolver<'a> {
    prefill: &'a Prefill<'a>,
    /// What people answer.
    names: BTreeSet<String>,
    fixed: Raw,
}

impl Resolver<'_> {
    fn items(&mut self, items: &mut [Item], context: &mut Map<String, Value>) {
        for item in items {
            self.item(item, context);
            if item.rows.is_none() {
                self.items(&mut item.items, context);
                continue;
            }
            let rows = context.get(&item.origin).cloned().unwrap_or_default();
            for (row, known) in item.items.iter_mut().zip(rows.as_array().into_iter().flatten()) {
                let mut inner = context.clone();
                inner.extend(known.as_object().cloned().unwrap_or_default());
                inner.insert("this".into(), known.clone());
                self.items(&mut row.items, &mut inner);
            }
        }
    }

    fn item(&mut self, item: &mut Item, context: &mut Map<String, Value>) {
        let now = self.prefill.now;
        let run = |expression: &str, context: &Map<String, Value>| computed::evaluate(expression, context, now);
        if let Some(text) = &item.computed.text {
            item.text = computed::plain(&computed::words(&run(text, context)));
        }
        if let Some(expression) = &item.computed.shown {
            item.computed.withheld = run(expression, context) != Value::Bool(true);
            item.computed.depends = computed::mentions(expression, self.names.iter().map(String::as_str));
        }
        if let Some(options) = &item.computed.options {
            item.options = choices(&run(options, context));
        }
        if let Some(table) = &mut item.computed.table {
            fill(table, |expression| run(expression, context));
        }
        if let Some(expression) = &item.computed.value {
            let value = run(expression, context);
            context.insert(item.origin.clone(), value.clone());
            self.fixed.insert(item.link.clone(), vec![computed::words(&value)]);
            item.computed.result = Some(value);
            item.read_only = true;
        }
    }
}

/// Options out of a list of texts, numbers, or contexts with `label` and `value`; each value once.
fn choices(list: &Value) -> Vec<Choice> {
    let mut seen = BTreeSet::new();
    let list = list.as_array().map_or(&[][..], Vec::as_slice);
    let one = |entry: &Value| {
        let value = entry.get("value").unwrap_or(entry);
        let key = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let label = entry.get("label").map_or_else(|| key.clone(), computed::words);
        if value.is_null() || !seen.insert(key.clone()) {
            return None;
        }
        let coding = Coding {
            system: None,
            code: Some(key.clone()),
            display: Some(label.clone()),
        };
        Some(Choice {
            key,
            label,
            value: Answer::Coding(coding),
            initial: false,
            variable: (!value.is_string()).then(|| value.clone()),
        })
    };
    list.iter().filter_map(one).take(MAX_OPTIONS).collect()
}

fn fill(table: &mut Table, run: impl Fn(&str) -> Value) {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    if let Some(columns) = &table.columns_from {
        let columns = run(columns);
        let columns = columns.as_array().map_or(&[][..], Vec::as_slice).iter();
        table.columns = columns
            .filter_map(|c| {
                let key = text(&c["key"])?;
                Some((key.clone(), text(&c["label"]).unwrap_or(key)))
            })
            .collect();
    }
    if let Value::Array(mut rows) = run(&table.source) {
        rows.truncate(MAX_ROWS);
        table.rows = rows;
    }
}
