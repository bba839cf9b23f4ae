//! Invariants: FHIRPath, or the same rule in Rust where it concerns nearly every element.

use crate::native::{self, Native};
use fhir::fhirpath::{self, Expression, Item, Place};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

/// A rule of an element definition.
#[derive(Debug)]
pub(crate) struct Constraint {
    /// Its key, e.g. `pat-1`.
    pub key: String,
    /// Whether breaking it is an error; else a warning.
    pub error: bool,
    /// What it asks, for people.
    pub human: String,
    expression: String,
    rule: OnceLock<Rule>,
}

#[derive(Debug)]
enum Rule {
    Native(Native),
    Path(Path),
    Unusable(String),
}

#[derive(Debug)]
struct Path {
    expression: Arc<Expression>,
    /// The variables it names; they are copied for every evaluation.
    resource: bool,
    root: bool,
    context: bool,
    resolves: bool,
}

/// How an invariant came out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Holds,
    Broken,
    /// Cannot be told; why.
    Unknown(String),
}

/// What an invariant may look at.
pub(crate) struct Scope<'a> {
    /// The element.
    pub focus: &'a Value,
    /// The resource it is in.
    pub resource: &'a Value,
    /// The resource that contains that one, or the same.
    pub root: &'a Value,
    /// Where references lead, as far as that is known here.
    pub resolve: &'a dyn Fn(&str) -> Option<&'a Value>,
}

/// The member that stands for `resolve()`: the FHIRPath engine has no such function, so the targets are put beside
/// the references and the expression steps to them.
const RESOLVED: &str = "resolvedTargetOfReference";

/// Steps of an element tree that one `resolve()` may search.
const MAX_RESOLVED: usize = 10_000;

impl Constraint {
    /// Of an ElementDefinition's `constraint`; `None` for one without an expression, and for `ele-1`, which is checked
    /// on every element anyhow.
    pub(crate) fn read(value: &Value) -> Option<Constraint> {
        let text = |name: &str| value.get(name).and_then(Value::as_str);
        let (key, expression) = (text("key")?, text("expression")?);
        if key == "ele-1" {
            return None;
        }
        let rule = OnceLock::new();
        // the rules in Rust are R4's own: another guide may use the same key for something else
        if text("source").is_none_or(|source| source.starts_with(crate::BASE))
            && let Some(native) = native::named(key)
        {
            let _ = rule.set(Rule::Native(native));
        }
        Some(Constraint {
            key: key.to_owned(),
            error: text("severity") != Some("warning"),
            human: text("human").unwrap_or_default().to_owned(),
            expression: expression.to_owned(),
            rule,
        })
    }

    /// Whether two constraints are the same rule.
    pub(crate) fn same(&self, other: &Constraint) -> bool {
        self.key == other.key && self.expression == other.expression
    }

    /// Evaluates it.
    pub(crate) fn check(&self, scope: &Scope<'_>) -> Outcome {
        match self.rule.get_or_init(|| self.parse()) {
            Rule::Native(Native(rule)) if rule(scope) => Outcome::Holds,
            Rule::Native(_) => Outcome::Broken,
            Rule::Path(path) => path.check(scope),
            Rule::Unusable(why) => Outcome::Unknown(why.clone()),
        }
    }

    fn parse(&self) -> Rule {
        let resolves = self.expression.contains("resolve()");
        let text = if resolves {
            Cow::Owned(self.expression.replace("resolve()", RESOLVED))
        } else {
            Cow::Borrowed(&self.expression)
        };
        if text.contains("memberOf(") || text.contains("conformsTo(") || text.contains("htmlChecks(") {
            return Rule::Unusable("it uses a function that this server does not have".into());
        }
        match fhirpath::compiled(&text) {
            Ok(expression) => Rule::Path(Path {
                expression,
                resource: text.contains("%resource"),
                root: text.contains("%rootResource"),
                context: text.contains("%context"),
                resolves,
            }),
            Err(error) => Rule::Unusable(error.to_string()),
        }
    }
}

impl Path {
    fn check(&self, scope: &Scope<'_>) -> Outcome {
        let mut missing = None;
        let focus = if self.resolves {
            let mut focus = scope.focus.clone();
            let mut left = MAX_RESOLVED;
            attach_targets(&mut focus, scope.resolve, &mut missing, &mut left);
            Cow::Owned(focus)
        } else {
            Cow::Borrowed(scope.focus)
        };
        let mut variables: Vec<(&str, &Value)> = Vec::new();
        if self.root {
            variables.push(("rootResource", scope.root));
        }
        if self.context {
            variables.push(("context", &focus));
        }
        let place = Place {
            focus: &focus,
            resource: self.resource.then_some(scope.resource),
            variables: &variables,
        };
        match self.expression.evaluate_at(&place) {
            Ok(items) if holds(&items) => Outcome::Holds,
            Ok(_) => match missing {
                Some(reference) => Outcome::Unknown(format!("the target of {reference} is not at hand")),
                None => Outcome::Broken,
            },
            Err(error) => Outcome::Unknown(error.to_string()),
        }
    }
}

/// As the reference validator sees it: nothing is false, one boolean is itself, anything else is true.
fn holds(items: &[Item]) -> bool {
    match items {
        [] => false,
        [Item::Boolean(truth)] => *truth,
        _ => true,
    }
}

/// Puts beside every reference its target; the first without one is told.
fn attach_targets<'a>(
    value: &mut Value,
    resolve: &dyn Fn(&str) -> Option<&'a Value>,
    missing: &mut Option<String>,
    left: &mut usize,
) {
    *left = left.saturating_sub(1);
    if *left == 0 {
        return;
    }
    match value {
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| attach_targets(item, resolve, missing, left)),
        Value::Object(object) => {
            for child in object.values_mut() {
                attach_targets(child, resolve, missing, left);
            }
            attach_target(object, resolve, missing);
        }
        _ => {}
    }
}

fn attach_target<'a>(
    object: &mut Map<String, Value>,
    resolve: &dyn Fn(&str) -> Option<&'a Value>,
    missing: &mut Option<String>,
) {
    let Some(Value::String(reference)) = object.get("reference") else {
        return;
    };
    match resolve(reference) {
        Some(target) => {
            let target = target.clone();
            object.insert(RESOLVED.into(), target);
        }
        None => {
            missing.get_or_insert_with(|| reference.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn outcome(expression: &str, focus: Value) -> Outcome {
        let constraint = json!({"key": "x-1", "severity": "error", "human": "x", "expression": expression});
        let patient = json!({"resourceType": "Patient", "id": "p", "active": true});
        let resolve = |reference: &str| (reference == "Patient/p").then_some(&patient);
        let scope = Scope {
            focus: &focus,
            resource: &focus,
            root: &focus,
            resolve: &resolve,
        };
        Constraint::read(&constraint).unwrap().check(&scope)
    }

    #[test]
    fn invariants_start_at_the_element_and_see_the_resource() {
        let period = json!({"start": "2020", "end": "2021"});
        assert_eq!(
            outcome("start.exists() and %resource.end.exists()", period.clone()),
            Outcome::Holds
        );
        assert_eq!(outcome("start.empty()", period.clone()), Outcome::Broken);
        assert_eq!(
            outcome("nothing", period.clone()),
            Outcome::Broken,
            "nothing is not true"
        );
        assert!(matches!(outcome("start.nothing()", period), Outcome::Unknown(_)));
        assert_eq!(outcome("matches('[0-9]{5}')", json!("12345")), Outcome::Holds);
        assert_eq!(outcome("$this.length() = 5", json!("12345")), Outcome::Holds);
    }

    #[test]
    fn references_that_are_at_hand_are_followed() {
        let to = |reference: &str| json!({"subject": {"reference": reference}});
        let rule = "subject.resolve().active = true";
        assert_eq!(outcome(rule, to("Patient/p")), Outcome::Holds);
        assert_eq!(
            outcome("subject.resolve().ofType(Patient).exists()", to("Patient/p")),
            Outcome::Holds
        );
        assert_eq!(
            outcome(rule, to("Patient/q")),
            Outcome::Unknown("the target of Patient/q is not at hand".into())
        );
    }
}
