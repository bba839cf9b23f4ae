//! What the definitions know about an expression before it is evaluated: elements and types that do not exist.
//!
//! A type is followed as long as it is certain; where it is not (a choice, a contained resource, the result of most
//! functions) nothing is claimed.

use crate::{Definitions, TypeId, TypeKind};
use rh_fhirpath::{Expression, Invocation, Term};

/// Functions whose result has the type of their input.
const KEEP_TYPE: [&str; 10] = [
    "where", "first", "last", "tail", "skip", "take", "single", "distinct", "trace", "exclude",
];

/// Functions whose arguments are evaluated on each item of their input.
const ON_ITEMS: [&str; 5] = ["where", "select", "all", "exists", "trace"];

/// Types of FHIRPath itself, and profiles that FHIR uses like types.
const OTHER_TYPES: [&str; 12] = [
    "Boolean",
    "String",
    "Integer",
    "Long",
    "Decimal",
    "Date",
    "DateTime",
    "Time",
    "Quantity",
    "Any",
    "SimpleQuantity",
    "MoneyQuantity",
];

/// The first element or type in `expression`, on a resource of type `root`, that does not exist, in words.
pub(super) fn check(expression: &Expression, root: &str) -> Result<(), String> {
    let model = Model(Definitions::r4());
    model.expression(expression, model.0.type_by_path(root)).map(|_| ())
}

/// The first unknown name of a type in an `as(…)` or `ofType(…)`, in words: an error in any mode.
pub(super) fn check_types(expression: &Expression) -> Result<(), String> {
    Model(Definitions::r4()).expression(expression, None).map(|_| ())
}

/// The type of a value, where it is certain.
type Known = Option<TypeId>;

struct Model(&'static Definitions);

impl Model {
    fn expression(&self, expression: &Expression, context: Known) -> Result<Known, String> {
        match expression {
            Expression::Term(Term::Invocation(invocation)) => self.first(invocation, context),
            Expression::Term(Term::Parenthesized(inner)) => self.expression(inner, context),
            Expression::Term(_) => Ok(None),
            Expression::Invocation { left, invocation } => {
                let input = self.expression(left, context)?;
                self.invocation(invocation, input, context)
            }
            Expression::Indexer { left, index } => {
                self.expression(index, context)?;
                self.expression(left, context)
            }
            Expression::Polarity { operand, .. } => self.expression(operand, context).map(|_| None),
            Expression::Type { left, .. } => self.expression(left, context).map(|_| None),
            Expression::Multiplicative { left, right, .. }
            | Expression::Additive { left, right, .. }
            | Expression::Union { left, right }
            | Expression::Inequality { left, right, .. }
            | Expression::Equality { left, right, .. }
            | Expression::Membership { left, right, .. }
            | Expression::And { left, right }
            | Expression::Or { left, right, .. }
            | Expression::Implies { left, right } => {
                self.expression(left, context)?;
                self.expression(right, context).map(|_| None)
            }
        }
    }

    /// A name at the start of a path may be the type of the context itself.
    fn first(&self, invocation: &Invocation, context: Known) -> Result<Known, String> {
        let (Invocation::Member(name), Some(context_type)) = (invocation, context) else {
            return self.invocation(invocation, context, context);
        };
        let path = self.0.type_def(context_type).path;
        if name == path || name == "Resource" || name == "DomainResource" {
            return Ok(context);
        }
        if self.0.is_resource(name) {
            return Err(format!(
                "the expression starts at {name}, the resource is of type {path}"
            ));
        }
        self.invocation(invocation, context, context)
    }

    fn invocation(&self, invocation: &Invocation, input: Known, context: Known) -> Result<Known, String> {
        match invocation {
            Invocation::Member(name) => input.map_or(Ok(None), |input| self.member(input, name)),
            Invocation::This => Ok(context),
            Invocation::Index | Invocation::Total => Ok(None),
            Invocation::Function { name, parameters } if matches!(name.as_str(), "as" | "ofType") => {
                parameters.first().map_or(Ok(None), |parameter| self.cast(parameter))
            }
            Invocation::Function { name, parameters } if name == "is" => {
                let _ = parameters; // a type, maybe of another model: then it is false
                Ok(None)
            }
            Invocation::Function { name, parameters } => {
                let inner = if ON_ITEMS.contains(&name.as_str()) { input } else { None };
                parameters
                    .iter()
                    .try_for_each(|parameter| self.expression(parameter, inner).map(|_| ()))?;
                Ok(input.filter(|_| KEEP_TYPE.contains(&name.as_str())))
            }
        }
    }

    fn member(&self, input: TypeId, name: &str) -> Result<Known, String> {
        let definition = self.0.type_def(input);
        if matches!(definition.kind, TypeKind::Primitive(_) | TypeKind::AbstractResource) {
            return Ok(None);
        }
        if let Some(element) = definition.element(name).filter(|element| element.stem.is_empty()) {
            let of_resource = self.0.type_def(element.type_id).kind == TypeKind::AbstractResource;
            return Ok((!of_resource).then_some(element.type_id));
        }
        if definition.elements.iter().any(|element| element.stem == name) {
            return Ok(None);
        }
        Err(format!("{} has no element '{name}'", definition.path))
    }

    /// The type named by the argument of `as` or `ofType`; qualified names are left to the engine.
    fn cast(&self, parameter: &Expression) -> Result<Known, String> {
        let Expression::Term(Term::Invocation(Invocation::Member(name))) = parameter else {
            return Ok(None);
        };
        match self.0.type_by_path(name) {
            Some(found) => Ok(Some(found)),
            None if OTHER_TYPES.contains(&name.as_str()) => Ok(None),
            None => Err(format!("there is no type '{name}'")),
        }
    }
}
