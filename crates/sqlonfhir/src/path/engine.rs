//! Expressions that go to the FHIRPath engine underneath, with their constants filled in.

use super::item::{Data, Item};
use super::lower::constant;
use super::{Constant, Items, Place, Scope};
use fhir::fhirpath::{self, Expression, Options};
use rh_fhirpath::{Expression as Tree, Invocation, Literal, Term};
use serde_json::Value;
use std::borrow::Cow;

/// Functions that the engine has and this crate leaves to it; others are mistakes.
const KNOWN: &[&str] = &[
    "abs",
    "aggregate",
    "all",
    "allFalse",
    "allTrue",
    "anyFalse",
    "anyTrue",
    "as",
    "ceiling",
    "children",
    "combine",
    "comparable",
    "contains",
    "convertsToBoolean",
    "convertsToDate",
    "convertsToDateTime",
    "convertsToDecimal",
    "convertsToInteger",
    "convertsToLong",
    "convertsToQuantity",
    "convertsToString",
    "convertsToTime",
    "count",
    "dateOf",
    "dayOf",
    "decode",
    "descendants",
    "distinct",
    "empty",
    "encode",
    "endsWith",
    "escape",
    "exclude",
    "exists",
    "exp",
    "extension",
    "first",
    "floor",
    "getReferenceKey",
    "getResourceKey",
    "getValue",
    "hasValue",
    "highBoundary",
    "hourOf",
    "iif",
    "indexOf",
    "intersect",
    "is",
    "isDistinct",
    "join",
    "last",
    "lastIndexOf",
    "length",
    "ln",
    "log",
    "lowBoundary",
    "lower",
    "matches",
    "matchesFull",
    "millisecondOf",
    "minuteOf",
    "monthOf",
    "not",
    "now",
    "ofType",
    "power",
    "precision",
    "repeat",
    "replace",
    "replaceMatches",
    "round",
    "secondOf",
    "select",
    "single",
    "skip",
    "sort",
    "split",
    "sqrt",
    "startsWith",
    "subsetOf",
    "substring",
    "supersetOf",
    "tail",
    "take",
    "timeOf",
    "timeOfDay",
    "timezoneOffsetOf",
    "toBoolean",
    "toChars",
    "toDate",
    "toDateTime",
    "toDecimal",
    "toInteger",
    "toLong",
    "toQuantity",
    "toString",
    "toTime",
    "today",
    "trace",
    "trim",
    "truncate",
    "type",
    "unescape",
    "union",
    "upper",
    "where",
    "yearOf",
];

/// An expression for the engine.
#[derive(Debug)]
pub(super) struct Engine {
    expression: Expression,
    uses_row_index: bool,
}

impl Engine {
    pub(super) fn new(expression: Expression, scope: &Scope<'_>) -> Result<Engine, String> {
        let mut uses_row_index = false;
        let mut tree = expression.tree().clone();
        walk(&mut tree, &mut |tree| {
            if let Tree::Term(Term::Invocation(invocation)) | Tree::Invocation { invocation, .. } = tree
                && let Invocation::Function { name, .. } = invocation
                && !KNOWN.contains(&name.as_str())
            {
                return Err(format!("there is no function {name}() with these arguments"));
            }
            let Tree::Term(Term::ExternalConstant(name)) = tree else {
                return Ok(());
            };
            match name.as_str() {
                "rowIndex" => uses_row_index = true,
                "context" => *tree = Tree::Term(Term::Invocation(Invocation::This)),
                "resource" | "rootResource" => {
                    return Err(format!(
                        "%{name} cannot be used together with the functions of this expression"
                    ));
                }
                name => *tree = Tree::Term(Term::Literal(literal(constant(name, scope)?))),
            }
            Ok(())
        })?;
        Ok(Engine {
            expression: expression.with_tree(tree),
            uses_row_index,
        })
    }

    pub(super) fn evaluate<'p>(&self, place: &Place<'p>) -> Result<Items<'p>, String> {
        let focus = place.focus.to_json();
        let values = if self.uses_row_index {
            let mut tree = self.expression.tree().clone();
            let index = i64::try_from(place.row_index).unwrap_or(i64::MAX);
            walk(&mut tree, &mut |tree| {
                if matches!(tree, Tree::Term(Term::ExternalConstant(name)) if name == "rowIndex") {
                    *tree = Tree::Term(Term::Literal(Literal::Integer(index)));
                }
                Ok(())
            })?;
            let expression = self.expression.clone().with_tree(tree);
            expression.evaluate(&focus, Options::default())
        } else {
            self.expression.evaluate(&focus, Options::default())
        };
        let values = values.map_err(|error| error.to_string())?;
        Ok(values.into_iter().map(item).collect())
    }
}

fn item<'p>(value: fhirpath::Item) -> Item<'p> {
    let data = match value {
        fhirpath::Item::Boolean(truth) => Data::Boolean(truth),
        fhirpath::Item::Integer(number) => Data::Integer(number),
        fhirpath::Item::String(text) => Data::Text(Cow::Owned(text)),
        fhirpath::Item::Date(text) => Data::Date(Cow::Owned(text)),
        fhirpath::Item::DateTime(text) => Data::DateTime(Cow::Owned(text)),
        fhirpath::Item::Time(text) => Data::Time(Cow::Owned(text)),
        fhirpath::Item::Decimal(digits) => match super::decimal(&digits) {
            Some(number) => Data::Decimal(number),
            None => Data::Text(Cow::Owned(digits)),
        },
        other => match other.into_json() {
            Value::Null => Data::Absent,
            value => return Item::made(value),
        },
    };
    Item::new(data)
}

fn literal(constant: Constant) -> Literal {
    match constant {
        Constant::Boolean(truth) => Literal::Boolean(truth),
        Constant::Integer(number) => Literal::Integer(number),
        Constant::Decimal(number) => Literal::Number(number),
        Constant::Text(text) => Literal::String(text),
        Constant::Date(text) => Literal::Date(text),
        Constant::DateTime(text) => Literal::DateTime(text),
        Constant::Time(text) => Literal::Time(text),
    }
}

/// Visits every expression of a tree, inner ones first.
fn walk(tree: &mut Tree, visit: &mut dyn FnMut(&mut Tree) -> Result<(), String>) -> Result<(), String> {
    let inside = |invocation: &mut Invocation, visit: &mut dyn FnMut(&mut Tree) -> Result<(), String>| match invocation
    {
        Invocation::Function { name, parameters } => {
            let types = matches!(name.as_str(), "ofType" | "as" | "is" | "getReferenceKey");
            let parameters = parameters.iter_mut().filter(|_| !types);
            parameters.into_iter().try_for_each(|inner| walk(inner, visit))
        }
        _ => Ok(()),
    };
    match tree {
        Tree::Term(Term::Invocation(invocation)) => inside(invocation, visit)?,
        Tree::Term(Term::Parenthesized(inner)) => walk(inner, visit)?,
        Tree::Term(_) => {}
        Tree::Invocation { left, invocation } => {
            walk(left, visit)?;
            inside(invocation, visit)?;
        }
        Tree::Polarity { operand: inner, .. } | Tree::Type { left: inner, .. } => walk(inner, visit)?,
        Tree::Indexer { left, index: right }
        | Tree::Multiplicative { left, right, .. }
        | Tree::Additive { left, right, .. }
        | Tree::Union { left, right }
        | Tree::Inequality { left, right, .. }
        | Tree::Equality { left, right, .. }
        | Tree::Membership { left, right, .. }
        | Tree::And { left, right }
        | Tree::Or { left, right, .. }
        | Tree::Implies { left, right } => {
            walk(left, visit)?;
            walk(right, visit)?;
        }
    }
    visit(tree)
}
