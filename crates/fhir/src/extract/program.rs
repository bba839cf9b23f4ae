//! A resource type's search parameters as one tree of element names.

use super::{convert, sink::Sink};
use crate::{Component, ParamId, ReferenceText};
use serde_json::Value;

/// How a value of one datatype becomes entries of one type of parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Convert {
    TokenCoding,
    TokenConcept,
    TokenIdentifier,
    TokenContact,
    /// As a contact, and its digits alone.
    TokenPhone,
    TokenBoolean,
    /// A text, in the code system that its binding implies (or none).
    TokenText(&'static str),
    StringText,
    StringName,
    /// The keys of a person's name.
    NameKeys(names::Key),
    /// The keys of a text that is a name.
    TextKeys(names::Key),
    StringAddress,
    StringConcept,
    Date,
    DatePeriod,
    DateTiming,
    Reference,
    ReferenceCanonical,
    Quantity,
    QuantityMoney,
    QuantityRange,
    QuantitySampled,
    Number,
    NumberRange,
    Uri,
    UriCanonical,
    Position,
}

/// A value wanted by a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Emit {
    pub param: ParamId,
    pub convert: Convert,
}

/// A condition on a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// A reference to this resource type.
    ResolveIs(&'static str),
    /// An object whose element has this text.
    Equals(&'static str, &'static str),
}

/// A composite wanted of a value: the parameters that want the same of it, and the components.
#[derive(Debug)]
pub(super) struct Composite {
    pub params: Vec<ParamId>,
    pub definition: &'static [Component],
    pub parts: Vec<Part>,
}

/// One component of a composite.
#[derive(Debug)]
pub(super) struct Part {
    /// Whether it starts at the resource instead of at the value.
    pub from_resource: bool,
    /// What is wanted there.
    pub node: Node,
}

/// What is wanted of a value and of the elements below it.
#[derive(Debug, Default)]
pub(super) struct Node {
    pub emits: Vec<Emit>,
    pub guarded: Vec<(Guard, Node)>,
    pub composites: Vec<Composite>,
    /// Sorted by name once compiled.
    pub children: Vec<(&'static str, Node)>,
}

/// The expressions that are more than paths: two of R4, and names within a year of birth.
#[derive(Debug, Clone, Copy)]
pub(super) enum Special {
    /// `Patient.deceased.exists() and Patient.deceased != false`.
    Deceased(ParamId),
    /// `Bundle.entry[0].resource`, for a resource of the given type.
    FirstEntry(ParamId, &'static str),
    /// `Patient.birthDate` and `Patient.name` in one key.
    Born(ParamId, names::Key),
}

/// The extraction program of a resource type.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(super) root: Node,
    pub(super) specials: Vec<Special>,
}

impl Program {
    /// Puts every value of `resource` into `sink`.
    pub(super) fn run(&self, resource: &Value, sink: &mut Sink<'_>) {
        self.root.walk(resource, sink);
        for special in &self.specials {
            match *special {
                Special::Deceased(param) => sink.deceased(param, resource),
                Special::FirstEntry(param, rtype) => sink.first_entry(param, rtype, resource),
                Special::Born(param, key) => convert::born(param, key, resource, sink),
            }
        }
    }
}

impl Node {
    pub(super) fn walk(&self, value: &Value, sink: &mut Sink<'_>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.walk(item, sink)),
            Value::Null => {}
            _ => {
                for emit in &self.emits {
                    convert::convert(*emit, value, sink);
                }
                for (guard, node) in &self.guarded {
                    if guard.holds(value) {
                        node.walk(value, sink);
                    }
                }
                for composite in &self.composites {
                    sink.composite(composite, value);
                }
                self.descend(value, sink);
            }
        }
    }

    fn descend(&self, value: &Value, sink: &mut Sink<'_>) {
        if self.children.is_empty() {
            return;
        }
        let Value::Object(object) = value else { return };
        for (name, child) in object {
            if let Ok(at) = self.children.binary_search_by(|(wanted, _)| (*wanted).cmp(name)) {
                self.children[at].1.walk(child, sink);
            }
        }
    }
}

impl Guard {
    /// The standard's `resolve()` would fetch the target; its type is told by the reference itself: its text, its
    /// `type`, or, for a reference by identifier alone, nothing, which is taken as a match so that it can be found.
    fn holds(self, value: &Value) -> bool {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        match self {
            Guard::Equals(name, wanted) => text(name) == Some(wanted),
            Guard::ResolveIs(wanted) => match text("reference").map(|text| ReferenceText::parse(text).target_type()) {
                Some(Some(found)) => found == wanted,
                Some(None) => text("type") == Some(wanted),
                None => text("type").is_none_or(|found| found == wanted),
            },
        }
    }
}
