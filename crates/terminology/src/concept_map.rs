//! Concept maps.

use crate::{Canonical, TermError};
use serde::Deserialize;
use serde_json::Value;

/// A concept map, as R4 spells it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConceptMap {
    #[serde(default)]
    url: String,
    version: Option<String>,
    source_uri: Option<String>,
    source_canonical: Option<String>,
    target_uri: Option<String>,
    target_canonical: Option<String>,
    /// Mappings, one group for a pair of code systems.
    #[serde(default)]
    pub group: Vec<Group>,
}

/// Mappings from one code system to another.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Source code system.
    pub source: Option<String>,
    /// Its version.
    pub source_version: Option<String>,
    /// Target code system.
    pub target: Option<String>,
    /// Its version.
    pub target_version: Option<String>,
    /// Source codes.
    #[serde(default)]
    pub element: Vec<Element>,
    /// What to do with codes that are not mapped.
    pub unmapped: Option<Unmapped>,
}

/// A source code.
#[derive(Debug, Deserialize)]
pub struct Element {
    /// The code.
    #[serde(default)]
    pub code: String,
    /// Its display.
    pub display: Option<String>,
    /// What it becomes.
    #[serde(default)]
    pub target: Vec<Target>,
}

/// A target code.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// The code; none where there is no match.
    pub code: Option<String>,
    /// Its display.
    pub display: Option<String>,
    /// How good the match is (<http://hl7.org/fhir/R4/valueset-concept-map-equivalence.html>).
    pub equivalence: String,
    /// A remark.
    pub comment: Option<String>,
    /// Other elements that must have a value for this target to hold.
    #[serde(default)]
    pub depends_on: Vec<Other>,
    /// Other elements that the target sets too.
    #[serde(default)]
    pub product: Vec<Other>,
}

/// Another element and its value.
#[derive(Debug, Deserialize)]
pub struct Other {
    /// Which element.
    pub property: String,
    /// Code system of the value.
    pub system: Option<String>,
    /// The value.
    pub value: String,
    /// Its display.
    pub display: Option<String>,
}

/// What becomes of a code that is not mapped.
#[derive(Debug, Deserialize)]
pub struct Unmapped {
    /// `provided`, `fixed` or `other-map`.
    pub mode: String,
    /// For `fixed`.
    pub code: Option<String>,
    /// Its display.
    pub display: Option<String>,
    /// For `other-map`.
    pub url: Option<String>,
}

impl ConceptMap {
    /// Reads a ConceptMap resource.
    pub fn from_json(bytes: &[u8]) -> Result<Self, TermError> {
        serde_json::from_slice(bytes).map_err(|error| TermError::malformed("concept map", error))
    }

    /// The same, from a value.
    pub fn from_value(value: &Value) -> Result<Self, TermError> {
        Self::deserialize(value).map_err(|error| TermError::malformed("concept map", error))
    }

    /// Canonical URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Version.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The value set or system it maps from.
    pub fn source(&self) -> Option<&str> {
        self.source_uri.as_deref().or(self.source_canonical.as_deref())
    }

    /// The value set or system it maps to.
    pub fn target(&self) -> Option<&str> {
        self.target_uri.as_deref().or(self.target_canonical.as_deref())
    }

    /// How many codes it maps.
    pub fn len(&self) -> usize {
        self.group.iter().map(|group| group.element.len()).sum()
    }

    /// Whether it maps nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it maps from one scope (value set, or code system of a group) to another.
    pub fn between(&self, from: &str, to: Option<&str>) -> bool {
        let same = |scope: Option<&str>, wanted: &str| {
            scope.is_some_and(|scope| Canonical::parse(scope).url == Canonical::parse(wanted).url)
        };
        let maps_from = |from: &str| {
            same(self.source(), from) || self.group.iter().any(|group| same(group.source.as_deref(), from))
        };
        let maps_to =
            |to: &str| same(self.target(), to) || self.group.iter().any(|group| same(group.target.as_deref(), to));
        maps_from(from) && to.is_none_or(maps_to)
    }
}
