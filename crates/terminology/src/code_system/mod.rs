//! Code systems in compact form: some 50 bytes a concept beside its texts, which lie in one allocation.

mod build;
mod hierarchy;
pub(crate) mod raw;

use crate::TermError;
use crate::strings::{Span, Strings};
use hierarchy::Hierarchy;
use serde_json::Value;

/// Concepts of one code system.
pub const MAX_CONCEPTS: usize = 1_000_000;

/// How much of the code system there is (<http://hl7.org/fhir/R4/valueset-codesystem-content-mode.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Every concept: what is not here does not exist.
    Complete,
    /// Some of the concepts (also `example`).
    Part,
    /// None of them.
    Absent,
    /// More about the concepts of another code system.
    Supplement,
}

/// A concept, by its place in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Concept(pub(crate) u32);

impl Concept {
    pub(crate) fn at(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug, Clone, Copy)]
struct Row {
    code: Span,
    display: Span,
    definition: Span,
    inactive: bool,
    is_abstract: bool,
}

#[derive(Debug, Clone, Copy)]
struct DesignationRow {
    concept: u32,
    language: Span,
    /// System, code and display, between [`build::MARK`].
    usage: Span,
    value: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Code,
    Text,
    /// System, code and display, between [`build::MARK`].
    Coding,
    Integer,
    Boolean,
    DateTime,
    Decimal,
}

#[derive(Debug, Clone, Copy)]
struct PropertyRow {
    concept: u32,
    property: u16,
    kind: Kind,
    value: Span,
}

/// A property that concepts may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyDefinition {
    /// Its code.
    pub code: Box<str>,
    /// Formal meaning, such as `http://hl7.org/fhir/concept-properties#parent`.
    pub uri: Option<Box<str>>,
    /// In words.
    pub description: Option<Box<str>>,
}

/// The value of a property.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PropertyValue<'a> {
    /// A code of the same code system.
    Code(&'a str),
    /// A text.
    Text(&'a str),
    /// A code of another code system: system, code, display (each may be empty).
    Coding(&'a str, &'a str, &'a str),
    /// An integer, as written.
    Integer(&'a str),
    /// True or false.
    Boolean(bool),
    /// A date or moment, as written.
    DateTime(&'a str),
    /// A decimal, as written.
    Decimal(&'a str),
}

impl<'a> PropertyValue<'a> {
    /// What filters compare: the code of a coding, else the value as written.
    pub fn text(&self) -> &'a str {
        match self {
            Self::Code(text) | Self::Text(text) | Self::Integer(text) | Self::DateTime(text) | Self::Decimal(text) => {
                text
            }
            Self::Coding(_, code, _) => code,
            Self::Boolean(true) => "true",
            Self::Boolean(false) => "false",
        }
    }
}

/// A property of a concept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Property<'a> {
    /// Its code.
    pub code: &'a str,
    /// Its value.
    pub value: PropertyValue<'a>,
}

/// Another name of a concept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Designation<'a> {
    /// BCP 47; empty where unknown.
    pub language: &'a str,
    /// What for: system, code, display (each may be empty).
    pub usage: (&'a str, &'a str, &'a str),
    /// The name.
    pub value: &'a str,
}

/// A code system.
#[derive(Debug)]
pub struct CodeSystem {
    url: Box<str>,
    version: Option<Box<str>>,
    /// Computable name.
    pub name: Option<Box<str>>,
    /// Name for people.
    pub title: Option<Box<str>>,
    /// Language of the displays.
    pub language: Option<Box<str>>,
    /// Whether upper and lower case make different codes. Unknown counts as yes.
    pub case_sensitive: bool,
    /// The value set of all its codes.
    pub value_set: Option<Box<str>>,
    /// What the hierarchy means: `is-a`, `part-of`, …
    pub hierarchy_meaning: Option<Box<str>>,
    /// How much is here.
    pub content: Content,
    /// The code system it adds to.
    pub supplements: Option<Box<str>>,
    properties: Vec<PropertyDefinition>,
    strings: Strings,
    rows: Box<[Row]>,
    by_code: Box<[u32]>,
    designation_rows: Box<[DesignationRow]>,
    property_rows: Box<[PropertyRow]>,
    hierarchy: Hierarchy,
}

impl CodeSystem {
    /// Reads a CodeSystem resource.
    ///
    /// # Errors
    /// It is no CodeSystem with a `url`, repeats a code, has a circle in its hierarchy or more than [`MAX_CONCEPTS`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, TermError> {
        build::build(serde_json::from_slice(bytes).map_err(|error| TermError::malformed("code system", error))?)
    }

    /// The same, from a value.
    pub fn from_value(value: &Value) -> Result<Self, TermError> {
        use serde::Deserialize as _;
        build::build(raw::Raw::deserialize(value).map_err(|error| TermError::malformed("code system", error))?)
    }

    /// Canonical URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Version.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// How many concepts there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no concepts.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes in memory, about.
    pub fn bytes(&self) -> usize {
        use std::mem::size_of;
        self.strings.bytes()
            + self.rows.len() * (size_of::<Row>() + 20)
            + self.designation_rows.len() * size_of::<DesignationRow>()
            + self.property_rows.len() * size_of::<PropertyRow>()
    }

    /// Every concept, in document order.
    pub fn concepts(&self) -> impl Iterator<Item = Concept> + use<> {
        (0..u32::try_from(self.rows.len()).unwrap_or(u32::MAX)).map(Concept)
    }

    /// The concept of a code.
    pub fn find(&self, code: &str) -> Option<Concept> {
        let found = if self.case_sensitive {
            self.by_code.binary_search_by(|at| self.code(Concept(*at)).cmp(code))
        } else {
            let wanted = build::fold(code);
            self.by_code
                .binary_search_by(|at| build::fold(self.code(Concept(*at))).cmp(&wanted))
        };
        found.ok().map(|at| Concept(self.by_code[at]))
    }

    /// Its code.
    pub fn code(&self, concept: Concept) -> &str {
        self.strings.get(self.rows[concept.at()].code)
    }

    /// Its display.
    pub fn display(&self, concept: Concept) -> Option<&str> {
        self.strings.filled(self.rows[concept.at()].display)
    }

    /// Its definition.
    pub fn definition(&self, concept: Concept) -> Option<&str> {
        self.strings.filled(self.rows[concept.at()].definition)
    }

    /// Whether it is no longer in use (`inactive`, or a `status` of retired).
    pub fn is_inactive(&self, concept: Concept) -> bool {
        self.rows[concept.at()].inactive
    }

    /// Whether it only groups others (`notSelectable`, `abstract`).
    pub fn is_abstract(&self, concept: Concept) -> bool {
        self.rows[concept.at()].is_abstract
    }

    /// Its other names.
    pub fn designations(&self, concept: Concept) -> impl Iterator<Item = Designation<'_>> {
        let start = self.designation_rows.partition_point(|row| row.concept < concept.0);
        let rows = self.designation_rows[start..].iter();
        rows.take_while(move |row| row.concept == concept.0)
            .map(|row| Designation {
                language: self.strings.get(row.language),
                usage: split(self.strings.get(row.usage)),
                value: self.strings.get(row.value),
            })
    }

    /// Its properties.
    pub fn properties(&self, concept: Concept) -> impl Iterator<Item = Property<'_>> {
        let start = self.property_rows.partition_point(|row| row.concept < concept.0);
        let rows = self.property_rows[start..].iter();
        rows.take_while(move |row| row.concept == concept.0)
            .map(|row| Property {
                code: &self.properties[usize::from(row.property)].code,
                value: self.value(row),
            })
    }

    /// What its properties are.
    pub fn property_definitions(&self) -> &[PropertyDefinition] {
        &self.properties
    }

    fn value(&self, row: &PropertyRow) -> PropertyValue<'_> {
        let text = self.strings.get(row.value);
        match row.kind {
            Kind::Code => PropertyValue::Code(text),
            Kind::Text => PropertyValue::Text(text),
            Kind::Coding => {
                let (system, code, display) = split(text);
                PropertyValue::Coding(system, code, display)
            }
            Kind::Integer => PropertyValue::Integer(text),
            Kind::Boolean => PropertyValue::Boolean(text == "true"),
            Kind::DateTime => PropertyValue::DateTime(text),
            Kind::Decimal => PropertyValue::Decimal(text),
        }
    }

    /// The concepts directly above.
    pub fn parents(&self, concept: Concept) -> &[Concept] {
        self.hierarchy.parents(concept)
    }

    /// The concepts directly below.
    pub fn children(&self, concept: Concept) -> &[Concept] {
        self.hierarchy.children(concept)
    }

    /// Whether some concept is below another.
    pub fn has_hierarchy(&self) -> bool {
        self.hierarchy.is_used()
    }

    /// Whether `above` is `below` or one of its ancestors.
    pub fn subsumes(&self, above: Concept, below: Concept) -> bool {
        self.hierarchy.subsumes(above, below)
    }

    /// A concept with all its descendants, in document order.
    pub fn descendants_or_self(&self, concept: Concept) -> Vec<Concept> {
        self.hierarchy.descendants_or_self(concept)
    }

    /// A concept with all its ancestors, in document order.
    pub fn ancestors_or_self(&self, concept: Concept) -> Vec<Concept> {
        self.hierarchy.ancestors_or_self(concept)
    }

    /// The display in a language where there is one, else the usual one.
    pub fn display_in(&self, concept: Concept, language: Option<&str>) -> Option<&str> {
        let usual = self.display(concept);
        let Some(language) = language else { return usual };
        let own = self.language.as_deref().unwrap_or_default();
        if is_language(own, language) {
            return usual;
        }
        let named = self.designations(concept).find(|d| is_language(d.language, language));
        named.map(|d| d.value).or(usual)
    }
}

fn split(text: &str) -> (&str, &str, &str) {
    let mut parts = text.split(build::MARK);
    let mut next = || parts.next().unwrap_or_default();
    (next(), next(), next())
}

/// `it-IT` is `it`; case does not matter.
pub(crate) fn is_language(found: &str, wanted: &str) -> bool {
    let same = found
        .get(..wanted.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(wanted));
    !wanted.is_empty() && same && matches!(found.as_bytes().get(wanted.len()), None | Some(b'-'))
}

#[cfg(test)]
mod tests;
