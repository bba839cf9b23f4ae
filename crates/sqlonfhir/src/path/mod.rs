//! FHIRPath of views: the expressions that views are made of are evaluated here, on borrowed values and with the
//! types of R4; whatever else FHIRPath has is left to `fhir::fhirpath`.

mod engine;
mod eval;
mod expr;
mod functions;
mod item;
mod lower;
mod operators;
mod temporal;
mod types;

use engine::Engine;
use expr::Expr;
use fhir::{Definitions, TypeId};
use item::Data;
pub(crate) use item::decimal;
pub use item::{Item, Items};
use lower::Refusal;
use rust_decimal::Decimal;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;

/// Most steps of one expression of a view: evaluation recurses once for each.
const MAX_STEPS: usize = 200;

/// The value of a constant.
#[derive(Debug, Clone)]
pub(crate) enum Constant {
    Boolean(bool),
    Integer(i64),
    Decimal(Decimal),
    Text(String),
    Date(String),
    DateTime(String),
    Time(String),
}

impl Constant {
    fn data(self) -> Data<'static> {
        match self {
            Constant::Boolean(truth) => Data::Boolean(truth),
            Constant::Integer(number) => Data::Integer(number),
            Constant::Decimal(number) => Data::Decimal(number),
            Constant::Text(text) => Data::Text(Cow::Owned(text)),
            Constant::Date(text) => Data::Date(Cow::Owned(text)),
            Constant::DateTime(text) => Data::DateTime(Cow::Owned(text)),
            Constant::Time(text) => Data::Time(Cow::Owned(text)),
        }
    }
}

/// What an expression may speak of.
pub(crate) struct Scope<'a> {
    pub constants: &'a HashMap<String, Constant>,
    pub resource: &'a str,
    pub focus: Option<TypeId>,
}

/// Where an expression is evaluated.
#[derive(Debug, Clone)]
pub(crate) struct Place<'p> {
    pub focus: Item<'p>,
    pub resource: &'p Value,
    pub row_index: usize,
}

impl<'p> Place<'p> {
    /// The same resource, another element.
    pub(crate) fn with<'q>(&self, focus: Item<'q>, row_index: usize) -> Place<'q>
    where
        'p: 'q,
    {
        Place {
            focus,
            resource: self.resource,
            row_index,
        }
    }
}

/// A checked expression.
#[derive(Debug)]
pub(crate) struct Path {
    text: String,
    program: Program,
    result: Option<TypeId>,
}

#[derive(Debug)]
enum Program {
    Own(Expr),
    Engine(Box<Engine>),
}

impl Path {
    /// Checks an expression; the error says what is wrong with it.
    pub(crate) fn compile(text: &str, scope: &Scope<'_>) -> Result<Path, String> {
        let parsed = fhir::fhirpath::Expression::parse(text).map_err(|error| error.to_string())?;
        if parsed.steps() > MAX_STEPS {
            return Err(format!(
                "the expression has {} steps, and {MAX_STEPS} are allowed in a view",
                parsed.steps()
            ));
        }
        let (program, result) = match lower::expression(parsed.tree(), scope) {
            Ok(expr) => {
                let result = types::of(&expr, scope.focus, scope.resource);
                (Program::Own(expr), result)
            }
            Err(Refusal::Wrong(message)) => return Err(message),
            Err(Refusal::Engine) => (Program::Engine(Box::new(Engine::new(parsed, scope)?)), None),
        };
        Ok(Path {
            text: text.to_owned(),
            program,
            result,
        })
    }

    /// The expression as written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The type of its values, where it is certain.
    pub(crate) fn static_type(&self) -> Option<TypeId> {
        self.result
    }

    /// The name of the type of its values, where it is certain.
    pub(crate) fn result_type(&self) -> Option<String> {
        self.result.map(|kind| Definitions::r4().type_def(kind).path.to_owned())
    }

    /// Its values at a place; the error says why there are none.
    pub(crate) fn evaluate<'p>(&'p self, place: &Place<'p>) -> Result<Items<'p>, String> {
        match &self.program {
            Program::Own(expr) => eval::evaluate(expr, place),
            Program::Engine(engine) => engine.evaluate(place),
        }
    }
}
