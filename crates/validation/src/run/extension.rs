//! Extensions that no slice is about, and identifiers.

use super::item::Item;
use super::{Run, Spot};
use crate::{Severity, identifiers};
use serde_json::{Map, Value};

impl<'a> Run<'_, 'a> {
    /// An extension against the definition its URL names.
    pub(super) fn extension(
        &mut self,
        spot: &Spot,
        head: Option<&Spot>,
        item: &Item<'a>,
        object: &'a Map<String, Value>,
    ) {
        let url = object.get("url").and_then(Value::as_str).unwrap_or_default();
        let definition = || self.profile(url).filter(|profile| profile.type_name == "Extension");
        if self.validator.checks.profiles
            && let Some(profile) = definition()
        {
            self.context(&profile, item);
        }
        let defined = |spot: &Spot| spot.node().types.iter().any(|one| !one.profiles.is_empty());
        if !self.validator.checks.profiles || defined(spot) || head.is_some_and(defined) {
            return;
        }
        // the parts of a complex extension have relative URLs and are defined with it
        if !url.contains(':') {
            return;
        }
        if let Some(profile) = self.profile(url).filter(|profile| profile.type_name == "Extension") {
            return self.against(profile, item);
        }
        let (severity, what) = match item.name {
            "modifierExtension" => (
                Severity::Warning,
                "a modifier extension, which may change the meaning of what it is in,",
            ),
            _ => (Severity::Information, "an extension"),
        };
        let message = format!("is {what} that is not known here: {url}");
        self.issue(severity, "extension", "extension", &spot.profile.clone(), message);
    }

    /// An identifier of a system whose form is known.
    pub(super) fn identifier(&mut self, object: &Map<String, Value>) {
        let Some(severity) = self.validator.checks.identifiers else {
            return;
        };
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        let (Some(system), Some(value)) = (text("system"), text("value")) else {
            return;
        };
        if let Err(wrong) = identifiers::check(system, value) {
            let severity = if wrong.unverified {
                Severity::Information
            } else {
                severity
            };
            if let Some(profile) = crate::r4().of_type("Identifier") {
                self.at(format_args!(".value"), |run| {
                    run.issue(severity, "value", wrong.rule, &profile, wrong.message);
                });
            }
        }
    }
}
