//! The walk of a resource along profiles.

mod binding;
mod context;
mod discriminator;
mod element;
mod extension;
mod item;
mod object;
mod reference;
mod resource;
mod scope;
mod slicing;
mod value;

use crate::invariant::Constraint;
use crate::{Bindings, Issue, Profile, Profiles, Severity, r4};
use item::Item;
use scope::Frame;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// Most issues that one validation reports.
pub const MAX_ISSUES: usize = 200;

/// Elements that one validation looks at, slices and conformity of targets included.
const MAX_STEPS: usize = 4_000_000;

/// Deepest nesting of elements and of profiles within profiles.
const MAX_DEPTH: usize = 80;

/// What to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checks {
    /// Codes against the value sets of required and extensible bindings.
    pub bindings: bool,
    /// Profiles that a resource declares in `meta.profile`, and those of extensions and references.
    pub profiles: bool,
    /// FHIRPath invariants.
    pub invariants: bool,
    /// Identifiers of known Italian systems; `None`: not looked at.
    pub identifiers: Option<Severity>,
}

impl Checks {
    /// Everything; a malformed Italian identifier is a warning.
    pub fn all() -> Self {
        Self {
            bindings: true,
            profiles: true,
            invariants: true,
            identifiers: Some(Severity::Warning),
        }
    }
}

/// Validates resources.
pub struct Validator<'v> {
    /// Profiles beside those of R4.
    pub profiles: &'v dyn Profiles,
    /// Terminology.
    pub bindings: &'v dyn Bindings,
    /// What to look at.
    pub checks: Checks,
}

impl Validator<'_> {
    /// Validates `resource` against the base definition of its type, the profiles it declares and those asked for.
    ///
    /// Structure (names, JSON types, formats) is taken as checked by [`fhir::check`]: what has no structure is passed
    /// over here. Issues come in the order of the elements, the worst not first.
    pub fn validate(&self, resource: &Value, profiles: &[&str]) -> Vec<Issue> {
        let mut run = Run {
            validator: self,
            issues: Vec::new(),
            path: resource
                .get("resourceType")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            frames: Vec::new(),
            depth: 0,
            steps: 0,
            conformity: HashMap::new(),
            bundle: None,
        };
        run.resource(resource, profiles);
        run.issues
    }
}

/// A node of a profile.
#[derive(Clone)]
struct Spot {
    profile: Arc<Profile>,
    at: usize,
}

impl Spot {
    fn root(profile: Arc<Profile>) -> Spot {
        Spot { profile, at: 0 }
    }

    fn node(&self) -> &crate::profile::Node {
        &self.profile.nodes[self.at]
    }

    fn to(&self, at: usize) -> Spot {
        Spot {
            profile: Arc::clone(&self.profile),
            at,
        }
    }
}

struct Run<'v, 'a> {
    validator: &'v Validator<'v>,
    issues: Vec<Issue>,
    path: String,
    frames: Vec<Frame<'a>>,
    depth: usize,
    steps: usize,
    /// Whether a resource meets a profile; `None` while it is being found out.
    conformity: HashMap<(*const Value, String), Option<bool>>,
    bundle: Option<scope::Entries<'a>>,
}

impl<'a> Run<'_, 'a> {
    fn profile(&self, canonical: &str) -> Option<Arc<Profile>> {
        use crate::Profiles as _;
        r4().profile(canonical)
            .or_else(|| self.validator.profiles.profile(canonical))
    }

    fn issue(&mut self, severity: Severity, code: &'static str, rule: &str, profile: &Profile, message: String) {
        if self.issues.len() >= MAX_ISSUES {
            return;
        }
        let same = |issue: &Issue| issue.rule == rule && issue.path == self.path && issue.message == message;
        if self.issues.iter().any(same) {
            return;
        }
        self.issues.push(Issue {
            severity,
            code,
            path: self.path.clone(),
            rule: rule.to_owned(),
            message,
            profile: profile.label().to_owned(),
        });
    }

    /// Runs `inner` one step further along the path.
    fn at<T>(&mut self, step: std::fmt::Arguments<'_>, inner: impl FnOnce(&mut Self) -> T) -> T {
        use std::fmt::Write as _;
        let length = self.path.len();
        self.path.write_fmt(step).expect("a String accepts all");
        let result = inner(self);
        self.path.truncate(length);
        result
    }

    /// Counts the work; false, with an issue, when it is too much.
    fn room(&mut self, spot: &Spot) -> bool {
        self.steps += 1;
        if self.steps <= MAX_STEPS && self.depth < MAX_DEPTH {
            return true;
        }
        let message = format!(
            "validation stops here: more than {MAX_STEPS} steps, or elements nested more than {MAX_DEPTH} deep; \
             validate the parts on their own"
        );
        self.issue(
            Severity::Error,
            "too-costly",
            "limit",
            &Arc::clone(&spot.profile),
            message,
        );
        false
    }

    /// The constraints of an element that are not among those `seen` already.
    fn constraints(&mut self, spot: &Spot, item: &Item<'a>, seen: &[Arc<Constraint>]) {
        if !self.validator.checks.invariants || item.value.is_none() {
            return;
        }
        let spot = spot.clone();
        for constraint in &spot.node().constraints {
            if !seen.iter().any(|other| other.same(constraint)) {
                self.constraint(constraint, item, &spot.profile);
            }
        }
    }

    fn constraint(&mut self, constraint: &Constraint, item: &Item<'a>, profile: &Profile) {
        use crate::invariant::Outcome;
        let (Some(focus), Some(frame)) = (item.value, self.frames.last()) else {
            return;
        };
        let root = frame.root;
        let outcome = {
            let resolve = |reference: &str| self.resolve(reference);
            constraint.check(&crate::invariant::Scope {
                focus,
                resource: frame.resource,
                root,
                resolve: &resolve,
            })
        };
        match outcome {
            Outcome::Holds => {}
            Outcome::Broken => {
                let severity = if constraint.error {
                    Severity::Error
                } else {
                    Severity::Warning
                };
                let message = format!("breaks the rule {}: {}", constraint.key, constraint.human);
                self.issue(severity, "invariant", &constraint.key, profile, message);
            }
            Outcome::Unknown(why) => {
                let message = format!(
                    "the rule {} is not evaluated ({why}): {}",
                    constraint.key, constraint.human
                );
                self.issue(
                    Severity::Information,
                    "informational",
                    &constraint.key,
                    profile,
                    message,
                );
            }
        }
    }
}
