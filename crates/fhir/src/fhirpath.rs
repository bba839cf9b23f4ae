//! FHIRPath (<http://hl7.org/fhirpath/N1>) on resources as JSON, by the rh-fhirpath engine.
//!
//! `resolve()` is not supported. `now()`, `today()` and `timeOfDay()` read the clock of the machine inside that engine;
//! where time must be the injected one, do not use them in expressions.

mod cache;
mod item;
mod model;
mod stack;

use cache::Cache;
pub use item::Item;
use rh_fhirpath::{EvaluationContext, FhirPathEvaluator, FhirPathExpression, FhirPathParser, FhirPathValue};
use serde_json::Value;
pub use stack::{MAX_EXPRESSION, MAX_NESTING, MAX_STEPS, with_large_stack};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

/// Why an expression has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FhirPathError {
    /// It is longer than [`MAX_EXPRESSION`], has more than [`MAX_STEPS`] or is nested deeper than [`MAX_NESTING`].
    #[error("the FHIRPath expression is too large: {0}")]
    TooLarge(String),
    /// It is not FHIRPath.
    #[error("the FHIRPath expression '{expression}' is not well formed: {message}")]
    Syntax {
        /// The expression.
        expression: String,
        /// What the parser met.
        message: String,
    },
    /// It cannot be evaluated on this resource.
    #[error("the FHIRPath expression '{expression}' failed: {message}")]
    Evaluation {
        /// The expression.
        expression: String,
        /// What went wrong.
        message: String,
    },
}

/// How to evaluate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Elements that the model does not know, and names such as `valueQuantity` for `value`, are errors.
    pub strict: bool,
    /// Functions that need an order (`first()`, `skip()`) are errors on collections without one (`children()`).
    pub ordered: bool,
}

/// Where an expression starts, when that is not the root of a resource.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The element it starts at.
    pub focus: &'a Value,
    /// `%resource`. It is copied for every evaluation, so leave it out where the expression does not name it.
    pub resource: Option<&'a Value>,
    /// Other variables, by name without `%`.
    pub variables: &'a [(&'a str, &'a Value)],
}

/// A parsed expression.
#[derive(Debug, Clone)]
pub struct Expression {
    text: String,
    steps: usize,
    parsed: FhirPathExpression,
}

impl Expression {
    /// Parses `text`.
    pub fn parse(text: &str) -> Result<Expression, FhirPathError> {
        let steps = stack::count_steps(text)?;
        let syntax = |message: String| FhirPathError::Syntax {
            expression: text.to_owned(),
            message,
        };
        let parsed = stack::with_room(steps, || {
            let parsed = catch_unwind(|| FhirPathParser::new().parse(text))
                .map_err(|_| syntax("it cannot be read".into()))?
                .map_err(|error| syntax(error.to_string()))?;
            model::check_types(&parsed.root).map_err(syntax)?;
            Ok(parsed)
        })?;
        let text = text.to_owned();
        Ok(Expression { text, steps, parsed })
    }

    /// Looks for elements and types that a resource of type `root` cannot have, without evaluating: for whoever writes
    /// expressions into forms and rules.
    pub fn check(&self, root: &str) -> Result<(), FhirPathError> {
        let failed = |message| self.failed(message);
        stack::with_room(self.steps, || model::check(&self.parsed.root, root).map_err(failed))
    }

    /// The values on `resource`, in order.
    pub fn evaluate(&self, resource: &Value, options: Options) -> Result<Vec<Item>, FhirPathError> {
        if options.strict {
            self.check(resource.get("resourceType").and_then(Value::as_str).unwrap_or(""))?;
        }
        stack::with_room(self.steps, || {
            let mut context = EvaluationContext::new(resource.clone());
            context.strict_mode = options.strict;
            context.check_ordered_functions = options.ordered;
            self.run(&context)
        })
    }

    /// How many steps and operators it has, at most.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// What it means, for those who evaluate or change expressions themselves.
    pub fn tree(&self) -> &rh_fhirpath::Expression {
        &self.parsed.root
    }

    /// The same expression with another meaning, of at most as many steps: constants filled in.
    #[must_use]
    pub fn with_tree(mut self, root: rh_fhirpath::Expression) -> Expression {
        self.parsed.root = root;
        self
    }

    /// The values at a place inside a resource: what invariants of element definitions need.
    pub fn evaluate_at(&self, place: &Place<'_>) -> Result<Vec<Item>, FhirPathError> {
        stack::with_room(self.steps, || {
            let constants = place.variables.iter();
            let context = EvaluationContext {
                root: place.resource.cloned().unwrap_or(Value::Null),
                current: place.focus.clone(),
                this_value: Some(FhirPathValue::from_json(place.focus)),
                total_value: None,
                index_value: None,
                constants: constants
                    .map(|(name, value)| ((*name).to_owned(), FhirPathValue::from_json(value)))
                    .collect(),
                trace_logs: Default::default(),
                strict_mode: false,
                check_ordered_functions: false,
            };
            self.run(&context)
        })
    }

    /// A panic of the engine (it has some, on numbers beyond its range) is an error of this expression.
    fn run(&self, context: &EvaluationContext) -> Result<Vec<Item>, FhirPathError> {
        let evaluated = catch_unwind(AssertUnwindSafe(|| {
            EVALUATOR.with(|evaluator| evaluator.evaluate(&self.parsed, context))
        }));
        match evaluated {
            Ok(Ok(value)) => Ok(Item::list(value)),
            Ok(Err(error)) => Err(self.failed(error.to_string())),
            Err(_) => Err(self.failed("a number is beyond what can be calculated with".into())),
        }
    }

    fn failed(&self, message: String) -> FhirPathError {
        let expression = self.text.clone();
        FhirPathError::Evaluation { expression, message }
    }
}

thread_local! {
    /// Its table of functions is costly to build.
    static EVALUATOR: FhirPathEvaluator = FhirPathEvaluator::new();
}

static PARSED: LazyLock<Cache> = LazyLock::new(Cache::default);

/// The values of `expression` on `resource`, in order, as JSON. Parsed expressions are kept for the next time.
pub fn evaluate(expression: &str, resource: &Value) -> Result<Vec<Value>, FhirPathError> {
    let items = compiled(expression)?.evaluate(resource, Options::default())?;
    Ok(items.into_iter().map(Item::into_json).collect())
}

/// The parsed expression, from the cache where it is known.
pub fn compiled(expression: &str) -> Result<Arc<Expression>, FhirPathError> {
    PARSED.get_or_parse(expression)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_come_in_order_as_json() {
        let patient = json!({
            "resourceType": "Patient", "birthDate": "1980-02-03",
            "name": [{"given": ["Ada", "Eva"]}, {"given": ["Ida"]}],
        });
        assert_eq!(
            evaluate("name.given", &patient).unwrap(),
            [json!("Ada"), json!("Eva"), json!("Ida")]
        );
        assert_eq!(evaluate("Patient.name.count() + 1", &patient).unwrap(), [json!(3)]);
        assert_eq!(evaluate("birthDate < @2000-01-01", &patient).unwrap(), [json!(true)]);
        assert_eq!(
            evaluate("name.where(given = 'Nobody')", &patient).unwrap(),
            [] as [Value; 0]
        );
        assert_eq!(evaluate("1.10 + 0", &patient).unwrap()[0].to_string(), "1.10");
    }

    #[test]
    fn errors_name_the_expression() {
        let syntax = evaluate("name.(", &json!({})).unwrap_err();
        assert!(
            matches!(&syntax, FhirPathError::Syntax { expression, .. } if expression == "name.("),
            "{syntax}"
        );
        let failed = evaluate("name.nothing()", &json!({"name": "x"})).unwrap_err();
        assert!(matches!(&failed, FhirPathError::Evaluation { expression, .. } if expression == "name.nothing()"));
    }

    #[test]
    fn elements_that_do_not_exist_are_told_without_evaluating() {
        let check = |text: &str| {
            Expression::parse(text)
                .unwrap()
                .check("Patient")
                .map_err(|error| error.to_string())
        };
        for sound in [
            "name.given",
            "Patient.name.where(use = 'official' and given.exists()).first().family",
            "deceased as dateTime",
            "contained.name.anything",
            "extension.value.unit",
            "name.select(given | family)",
            "Resource.id",
            "generalPractitioner.resolve().name",
        ] {
            assert_eq!(check(sound), Ok(()), "{sound}");
        }
        let told =
            |text: &str, message: &str| assert!(check(text).unwrap_err().ends_with(message), "{:?}", check(text));
        told("name.given1", "HumanName has no element 'given1'");
        told("name.where(user = 'x')", "HumanName has no element 'user'");
        told(
            "Encounter.status",
            "the expression starts at Encounter, the resource is of type Patient",
        );
        told("contact.first().name.given = naem", "Patient has no element 'naem'");
        let unknown = Expression::parse("gender.as(string1)").unwrap_err().to_string();
        assert!(unknown.ends_with("there is no type 'string1'"), "{unknown}");
    }

    /// Found by fuzzing: the engine panics where a decimal overflows.
    #[test]
    fn a_number_beyond_every_range_is_an_error_of_the_expression() {
        let text = "1-1-1-3/221-21-13221/221-22-11-22-1/221-21";
        assert!(evaluate(text, &json!({"resourceType": "Patient"})).is_err());
    }
}
