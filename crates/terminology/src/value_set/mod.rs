//! Value sets, ready to be asked whether a code is in them.

mod build;
mod raw;

use crate::{CodeSystem, TermError};
use regex::Regex;
use serde_json::{Map, Value};
use std::sync::Arc;

/// A value set.
#[derive(Debug)]
pub struct ValueSet {
    url: Box<str>,
    version: Option<Box<str>>,
    /// Elements that an expansion repeats: all but the content, the narrative and what is contained.
    pub header: Map<String, Value>,
    /// What is in.
    pub includes: Vec<Include>,
    /// What of that is out again.
    pub excludes: Vec<Include>,
    /// Whether codes no longer in use are in; `None` where not said (then they are).
    pub inactive: Option<bool>,
    /// Contained code systems, by `#id`.
    pub code_systems: Vec<(Box<str>, Arc<CodeSystem>)>,
    /// Contained value sets, by `#id`.
    pub value_sets: Vec<(Box<str>, Arc<ValueSet>)>,
}

/// A part of a value set: the codes of a system (all, listed, or filtered), the codes of other value sets, or what is in
/// both.
#[derive(Debug, Default)]
pub struct Include {
    /// Code system.
    pub system: Option<Box<str>>,
    /// Its version.
    pub version: Option<Box<str>>,
    /// Listed codes, in their order.
    pub listed: Vec<Listed>,
    /// Conditions, all of which must hold.
    pub filters: Vec<Filter>,
    /// Value sets: what is in all of them.
    pub value_sets: Vec<Box<str>>,
    pub(crate) by_code: Box<[u32]>,
}

/// A listed code.
#[derive(Debug)]
pub struct Listed {
    /// The code.
    pub code: Box<str>,
    /// Its display in this value set.
    pub display: Option<Box<str>>,
    /// Other names in this value set.
    pub designations: Vec<ListedName>,
}

/// Another name of a listed code: language, use (system, code, display), name.
pub type ListedName = (Box<str>, [Box<str>; 3], Box<str>);

/// A condition on the concepts of a code system.
#[derive(Debug)]
pub struct Filter {
    /// Property it looks at.
    pub property: Box<str>,
    /// How.
    pub op: Op,
    /// With what.
    pub value: Box<str>,
}

/// How a filter compares (<http://hl7.org/fhir/R4/valueset-filter-operator.html>).
#[derive(Debug)]
pub enum Op {
    /// `=`
    Equal,
    /// `is-a`: the concept itself or below it.
    IsA,
    /// `descendent-of`: below it.
    DescendentOf,
    /// `is-not-a`: neither itself nor below it.
    IsNotA,
    /// `regex`: the whole value matches.
    Regex(Box<Regex>),
    /// `in`: one of these.
    In(Vec<Box<str>>),
    /// `not-in`: none of these.
    NotIn(Vec<Box<str>>),
    /// `generalizes`: the concept itself or above it.
    Generalizes,
    /// `exists`: whether there is a value.
    Exists(bool),
}

impl ValueSet {
    /// Reads a ValueSet resource. One without `compose` is what its `expansion` lists.
    ///
    /// # Errors
    /// It is no ValueSet, has a filter that is not of R4, or an expression that is not regular.
    pub fn from_json(bytes: &[u8]) -> Result<Self, TermError> {
        Self::from_value(serde_json::from_slice(bytes).map_err(|error| TermError::malformed("value set", error))?)
    }

    /// The same, from a value. A value set without `url` is one sent with a request: its URL is empty.
    pub fn from_value(value: Value) -> Result<Self, TermError> {
        build::build(value, 0)
    }

    /// Canonical URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Version.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Codes and conditions it holds: a measure of its size in memory.
    pub fn size(&self) -> usize {
        let of = |list: &[Include]| list.iter().map(|i| 1 + i.listed.len() + i.filters.len()).sum::<usize>();
        of(&self.includes) + of(&self.excludes) + self.code_systems.iter().map(|(_, s)| s.len()).sum::<usize>()
    }
}

impl Include {
    /// The listed concept of a code.
    pub fn find(&self, code: &str) -> Option<&Listed> {
        let found = self
            .by_code
            .binary_search_by(|at| (*self.listed[*at as usize].code).cmp(code));
        found.ok().map(|at| &self.listed[self.by_code[at] as usize])
    }

    /// Whether it is a whole code system.
    pub fn is_whole_system(&self) -> bool {
        self.system.is_some() && self.listed.is_empty() && self.filters.is_empty()
    }
}
