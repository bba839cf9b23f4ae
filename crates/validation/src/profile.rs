//! A profile, compiled.

use crate::invariant::Constraint;
use serde_json::Value;
use std::sync::Arc;

/// Where profiles come from. The definitions of R4 are built in and need not be given.
pub trait Profiles: Sync {
    /// The profile of this canonical (`url` or `url|version`), if it is known.
    fn profile(&self, canonical: &str) -> Option<Arc<Profile>>;
}

/// Why a StructureDefinition is of no use to the validator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Not a StructureDefinition, or one without the element named.
    #[error("the StructureDefinition {url} has no {lacks}")]
    Lacks {
        /// Its URL, as far as it has one.
        url: String,
        /// What is missing.
        lacks: &'static str,
    },
    /// An element that its place in the list does not explain.
    #[error("the StructureDefinition {url} has the element '{path}' without its parent before it")]
    Orphan {
        /// Its URL.
        url: String,
        /// Path of the element.
        path: String,
    },
    /// A profile given as a differential alone cannot be completed.
    #[error("the snapshot of {url} cannot be made: {why}; load the profile with its snapshot")]
    Snapshot {
        /// Its URL.
        url: String,
        /// What is missing.
        why: String,
    },
}

/// `url|version` in its two parts.
pub fn split_canonical(canonical: &str) -> (&str, Option<&str>) {
    let canonical = canonical.split('#').next().unwrap_or(canonical);
    match canonical.split_once('|') {
        Some((url, version)) => (url, Some(version)),
        None => (canonical, None),
    }
}

/// A compiled snapshot: elements as a tree.
#[derive(Debug)]
pub struct Profile {
    /// Canonical URL.
    pub url: String,
    /// Business version.
    pub version: Option<String>,
    /// Name for people.
    pub name: String,
    /// The type it constrains: `Patient`, `HumanName`, `Extension`.
    pub type_name: String,
    /// Canonical of what it derives from.
    pub base: Option<String>,
    /// Whether it constrains a type, rather than defining one.
    pub constraint: bool,
    /// Whether it is one of R4's own.
    pub(crate) official: bool,
    /// Where an extension may be used; empty of what is none.
    pub(crate) contexts: Vec<Context>,
    /// Elements; the first is the root.
    pub(crate) nodes: Vec<Node>,
}

/// A place where an extension may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Context {
    /// Path of an element, or name of a type.
    Element(String),
    /// Canonical of the extension it is a part of.
    Extension(String),
    /// Told by a FHIRPath expression, which is not evaluated.
    Expression,
}

/// An element of a profile.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// Path, e.g. `Patient.name`.
    pub path: String,
    /// Last step of the path, without `[x]`.
    pub name: String,
    /// Whether it is a choice of types.
    pub choice: bool,
    /// Name of the slice it defines.
    pub slice: Option<String>,
    pub min: u32,
    /// `None`: no maximum.
    pub max: Option<u32>,
    pub types: Vec<TypeRef>,
    /// Path of the element whose content it has.
    pub content: Option<String>,
    pub fixed: Option<Value>,
    pub pattern: Option<Value>,
    pub least: Option<Value>,
    pub most: Option<Value>,
    pub max_length: Option<usize>,
    pub binding: Option<Binding>,
    pub constraints: Vec<Arc<Constraint>>,
    pub slicing: Option<Slicing>,
    /// Slices (of a slice: its reslices).
    pub slices: Vec<usize>,
    /// Child elements, without their slices.
    pub children: Vec<usize>,
}

/// A type that an element may have.
#[derive(Debug)]
pub(crate) struct TypeRef {
    /// FHIR type; `System` for the primitive value itself.
    pub code: String,
    /// Profiles of which one must hold.
    pub profiles: Vec<String>,
    /// Profiles of which the target of a reference must meet one.
    pub targets: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strength {
    Required,
    Extensible,
}

#[derive(Debug)]
pub(crate) struct Binding {
    pub strength: Strength,
    pub value_set: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rules {
    Open,
    OpenAtEnd,
    Closed,
}

#[derive(Debug)]
pub(crate) struct Slicing {
    pub discriminators: Vec<Discriminator>,
    pub rules: Rules,
    pub ordered: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DiscriminatorKind {
    Value,
    Pattern,
    Exists,
    Type,
    Profile,
}

#[derive(Debug)]
pub(crate) struct Discriminator {
    pub kind: DiscriminatorKind,
    pub path: Vec<Step>,
    /// As written.
    pub text: String,
}

/// A step of a discriminator's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Child(String),
    Extension(String),
    Resolve,
    OfType(String),
}

impl Profile {
    /// A child of a node by name.
    pub(crate) fn child(&self, of: usize, name: &str) -> Option<usize> {
        self.nodes[of]
            .children
            .iter()
            .copied()
            .find(|at| self.nodes[*at].name == name)
    }

    /// How it is named in messages: nothing for the rules of R4 itself.
    pub(crate) fn label(&self) -> &str {
        if self.constraint { &self.url } else { "" }
    }
}
