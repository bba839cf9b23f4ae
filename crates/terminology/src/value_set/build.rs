//! From JSON to the form that answers.

use super::raw::{RawCompose, RawContains, RawFilter, RawInclude, RawListed};
use super::{Filter, Include, Listed, ListedName, Op, ValueSet};
use crate::code_system::raw::RawDesignation;
use crate::{CodeSystem, TermError};
use regex::{Regex, RegexBuilder};
use serde::Deserialize as _;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Bytes of a compiled regular expression.
const MAX_REGEX_BYTES: usize = 1 << 20;

/// Value sets contained in contained value sets: none of R4 goes deeper than one.
const MAX_CONTAINED_DEPTH: usize = 2;

/// Elements that an expansion does not repeat.
const CONTENT: &[&str] = &["compose", "expansion", "text", "contained"];

fn malformed(error: impl ToString) -> TermError {
    TermError::malformed("value set", error)
}

pub(super) fn build(mut value: Value, depth: usize) -> Result<ValueSet, TermError> {
    let object = value.as_object_mut().ok_or_else(|| malformed("it is no JSON object"))?;
    let compose = object.remove("compose");
    let expansion = object.remove("expansion");
    let contained = object.remove("contained");
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(Box::<str>::from);
    let url = text("url").unwrap_or_default();
    let mut set = ValueSet {
        version: text("version"),
        header: Map::new(),
        includes: Vec::new(),
        excludes: Vec::new(),
        inactive: None,
        code_systems: Vec::new(),
        value_sets: Vec::new(),
        url,
    };
    match (compose, expansion) {
        (Some(compose), _) => {
            let raw = RawCompose::deserialize(&compose).map_err(malformed)?;
            set.inactive = raw.inactive;
            set.includes = raw.include.into_iter().map(include).collect::<Result<_, _>>()?;
            set.excludes = raw.exclude.into_iter().map(include).collect::<Result<_, _>>()?;
        }
        (None, Some(expansion)) => set.includes = expanded(&expansion)?,
        (None, None) => {}
    }
    if let Some(Value::Array(contained)) = contained {
        hold(&mut set, contained, depth)?;
    }
    object.retain(|name, _| !CONTENT.contains(&name.as_str()));
    set.header = std::mem::take(object);
    Ok(set)
}

fn hold(set: &mut ValueSet, contained: Vec<Value>, depth: usize) -> Result<(), TermError> {
    for resource in contained {
        let id: Box<str> = format!("#{}", resource["id"].as_str().unwrap_or_default()).into();
        match resource["resourceType"].as_str() {
            Some("CodeSystem") => set
                .code_systems
                .push((id, Arc::new(CodeSystem::from_value(&resource)?))),
            Some("ValueSet") if depth < MAX_CONTAINED_DEPTH => {
                set.value_sets.push((id, Arc::new(build(resource, depth + 1)?)));
            }
            _ => {}
        }
    }
    Ok(())
}

fn include(raw: RawInclude) -> Result<Include, TermError> {
    let filters = raw.filter.into_iter().map(filter).collect::<Result<_, _>>()?;
    let mut include = Include {
        system: raw.system.map(Into::into),
        version: raw.version.map(Into::into),
        filters,
        value_sets: raw.value_set.into_iter().map(Into::into).collect(),
        ..Include::default()
    };
    if include.system.is_none() && (!raw.concept.is_empty() || !include.filters.is_empty()) {
        return Err(malformed("codes and filters need a system beside them"));
    }
    include.listed = raw.concept.into_iter().map(listed).collect();
    Ok(indexed(include))
}

fn indexed(mut include: Include) -> Include {
    let count = u32::try_from(include.listed.len()).unwrap_or(u32::MAX);
    let mut places: Vec<u32> = (0..count).collect();
    places.sort_by(|a, b| include.listed[*a as usize].code.cmp(&include.listed[*b as usize].code));
    include.by_code = places.into();
    include
}

fn listed(raw: RawListed) -> Listed {
    Listed {
        code: raw.code.into(),
        display: raw.display.map(Into::into),
        designations: raw.designation.into_iter().map(designation).collect(),
    }
}

fn designation(raw: RawDesignation) -> ListedName {
    let usage = raw.r#use.unwrap_or_default();
    (
        raw.language.unwrap_or_default().into(),
        [usage.system.into(), usage.code.into(), usage.display.into()],
        raw.value.into(),
    )
}

fn filter(raw: RawFilter) -> Result<Filter, TermError> {
    let list = |text: &str| text.split(',').map(|part| part.trim().into()).collect();
    let op = match raw.op.as_str() {
        "=" => Op::Equal,
        "is-a" => Op::IsA,
        "descendent-of" => Op::DescendentOf,
        "is-not-a" => Op::IsNotA,
        "regex" => Op::Regex(Box::new(whole(&raw.value)?)),
        "in" => Op::In(list(&raw.value)),
        "not-in" => Op::NotIn(list(&raw.value)),
        "generalizes" => Op::Generalizes,
        "exists" => Op::Exists(raw.value != "false"),
        other => {
            return Err(malformed(format!(
                "the filter operator '{other}' is not one of R4: = is-a descendent-of is-not-a regex in not-in \
                 generalizes exists"
            )));
        }
    };
    Ok(Filter {
        property: raw.property.into(),
        op,
        value: raw.value.into(),
    })
}

/// The expression on the whole value, as `[A-Z]{2}` for two-letter codes means it. Its cost is linear.
fn whole(pattern: &str) -> Result<Regex, TermError> {
    let built = RegexBuilder::new(&format!("^(?:{pattern})$"))
        .size_limit(MAX_REGEX_BYTES)
        .build();
    built.map_err(|error| malformed(format!("the regular expression '{pattern}' cannot be used: {error}")))
}

/// An expansion as lists of codes, one for each run of the same system.
fn expanded(expansion: &Value) -> Result<Vec<Include>, TermError> {
    let list = expansion.get("contains").cloned().unwrap_or(Value::Array(Vec::new()));
    let raw: Vec<RawContains> = serde_json::from_value(list).map_err(malformed)?;
    let mut includes: Vec<Include> = Vec::new();
    let mut open: Vec<RawContains> = raw.into_iter().rev().collect();
    while let Some(mut one) = open.pop() {
        open.extend(std::mem::take(&mut one.contains).into_iter().rev());
        let Some(code) = one.code else { continue };
        let same = |last: &&mut Include| last.system.as_deref() == one.system.as_deref();
        let listed = listed(RawListed {
            code,
            display: one.display,
            designation: one.designation,
        });
        match includes.last_mut().filter(same) {
            Some(last) => last.listed.push(listed),
            None => includes.push(Include {
                system: Some(one.system.unwrap_or_default().into()),
                version: one.version.map(Into::into),
                listed: vec![listed],
                ..Include::default()
            }),
        }
    }
    Ok(includes.into_iter().map(indexed).collect())
}

impl ValueSet {
    /// A value set of these parts and nothing else.
    pub(crate) fn of_includes(includes: Vec<Include>) -> Self {
        Self {
            url: "".into(),
            version: None,
            header: Map::new(),
            includes: includes.into_iter().map(indexed).collect(),
            excludes: Vec::new(),
            inactive: None,
            code_systems: Vec::new(),
            value_sets: Vec::new(),
        }
    }
}
