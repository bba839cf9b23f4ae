//! Where an extension may stand (<https://hl7.org/fhir/R4/defining-extensions.html#context>).

use super::Run;
use super::item::Item;
use crate::profile::Context;
use crate::{BASE, Profile, Severity, r4, split_canonical};
use fhir::{Definitions, TypeDef};
use serde_json::Value;

/// Types that derive from each other, at most.
const MAX_DERIVED: usize = 8;

/// Extensions that R4's own definitions use elsewhere than their contexts say.
const LOOSE: [&str; 3] = [
    "structuredefinition-fhir-type",
    "structuredefinition-normative-version",
    "regex",
];

/// The element that an extension is on.
struct Owner<'a> {
    value: &'a Value,
    /// Path from its resource, choices without their type: `Patient.name.family`.
    path: String,
    /// The same from the type it is an element of: `HumanName.family`. Of a resource: its type.
    short: String,
    of_type: &'static TypeDef,
}

impl<'a> Owner<'a> {
    fn resource(value: &'a Value) -> Option<Self> {
        let name = value.get("resourceType")?.as_str()?;
        let r4 = Definitions::r4();
        Some(Self {
            value,
            path: name.to_owned(),
            short: name.to_owned(),
            of_type: r4.type_def(r4.type_by_path(name)?),
        })
    }

    /// The value of a child, by a step of a path as issues have it: `name[0]`. Of a primitive, what is beside it.
    fn value_at(&self, step: &str) -> Option<(&'a Value, String)> {
        let (name, index) = match step.split_once('[') {
            Some((name, index)) => (name, Some(index.trim_end_matches(']').parse::<usize>().ok()?)),
            None => (step, None),
        };
        let get = |name: &str| {
            let member = self.value.get(name)?;
            index.map_or(Some(member), |index| member.get(index))
        };
        let found = get(name)
            .filter(|value| value.is_object())
            .or_else(|| get(&format!("_{name}")))?;
        Some((found, name.to_owned()))
    }

    fn child(&self, step: &str) -> Option<Self> {
        let (value, name) = self.value_at(step)?;
        if value.get("resourceType").is_some() {
            return Self::resource(value);
        }
        let r4 = Definitions::r4();
        let (stem, of_type) = match name.as_str() {
            "extension" | "modifierExtension" => (name.as_str(), r4.type_by_path("Extension")?),
            _ => {
                let element = self.of_type.element(&name)?;
                let stem = if element.stem.is_empty() { &name } else { element.stem };
                (stem, element.type_id)
            }
        };
        Some(Self {
            value,
            path: format!("{}.{stem}", self.path),
            short: format!("{}.{stem}", self.of_type.path),
            of_type: r4.type_def(of_type),
        })
    }

    /// Whether it is what a context names. What is not known does not speak against it.
    fn is(&self, context: &Context) -> bool {
        match context {
            Context::Expression => true,
            Context::Extension(url) => {
                let own = self.value.get("url").and_then(Value::as_str);
                url.contains('#') || own.is_some_and(|own| own == split_canonical(url).0)
            }
            Context::Element(name) => self.is_element(name),
        }
    }

    fn is_element(&self, name: &str) -> bool {
        let head = name.split('.').next().unwrap_or_default();
        // slices and elements of profiles, and types that R4 does not have
        let foreign = name.contains([':', '#', '(']) || Definitions::r4().type_by_path(head).is_none();
        if foreign || name == "Element" || name == self.path || name == self.short {
            return true;
        }
        let mut of_type = self.of_type.path.to_owned();
        for _ in 0..MAX_DERIVED {
            if of_type == name {
                return true;
            }
            let base = match r4().of_type(&of_type) {
                Some(profile) => profile.base.clone(),
                None if of_type.contains('.') => Some("BackboneElement".to_owned()),
                None => None,
            };
            match base {
                Some(base) => base.rsplit('/').next().unwrap_or_default().clone_into(&mut of_type),
                None => return false,
            }
        }
        false
    }
}

impl<'a> Run<'_, 'a> {
    /// Whether an extension is where its definition allows it.
    pub(super) fn context(&mut self, profile: &Profile, item: &Item<'a>) {
        let name = profile.url.strip_prefix(BASE).unwrap_or_default();
        if profile.contexts.is_empty() || LOOSE.contains(&name) {
            return;
        }
        let Some(owner) = self.owner(item) else { return };
        if profile.contexts.iter().any(|context| owner.is(context)) {
            return;
        }
        let allowed = profile.contexts.iter().map(|context| match context {
            Context::Element(name) => name.as_str(),
            Context::Extension(url) => url.as_str(),
            Context::Expression => "what an expression tells",
        });
        let allowed: Vec<&str> = allowed.collect();
        let message = format!(
            "the extension {} may not be used on {}; it is for {}",
            profile.url,
            owner.path,
            allowed.join(", ")
        );
        self.issue(Severity::Error, "extension", "context", profile, message);
    }

    /// What the extension of the current path is on; `None` where the path leads through a reference.
    fn owner(&self, item: &Item<'a>) -> Option<Owner<'a>> {
        let (_, steps) = self.path.split_once('.')?;
        let (steps, last) = steps.rsplit_once('.').unwrap_or(("", steps));
        let mut owner = Owner::resource(self.frames.first()?.resource)?;
        for step in steps.split('.').filter(|step| !step.is_empty()) {
            owner = owner.child(step)?;
        }
        let (found, _) = owner.value_at(last)?;
        std::ptr::eq(found, item.value?).then_some(owner)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Checks, NoBindings, Severity, Validator, r4};
    use serde_json::{Value, json};

    fn misplaced(resource: Value) -> Vec<String> {
        let validator = Validator {
            profiles: r4(),
            bindings: &NoBindings,
            checks: Checks::all(),
        };
        let issues = validator.validate(&resource, &[]);
        let wrong = issues.iter().filter(|issue| issue.rule == "context");
        wrong
            .inspect(|issue| assert_eq!(issue.severity, Severity::Error))
            .map(|issue| issue.path.clone())
            .collect()
    }

    #[test]
    fn extensions_stand_where_they_may() {
        let url = |name: &str| format!("http://hl7.org/fhir/StructureDefinition/{name}");
        let birth_time = json!([{"url": url("patient-birthTime"), "valueDateTime": "2000-01-01T10:00:00Z"}]);
        let prefix = json!([{"url": url("humanname-own-prefix"), "valueString": "van"}]);
        let street = json!([null, {"extension": [{"url": url("iso21090-ADXP-streetName"), "valueString": "Via Po"}]}]);
        let sound = json!({"resourceType": "Patient", "birthDate": "2000-01-01",
            "_birthDate": {"extension": birth_time},
            "name": [{"family": "van Rossi", "_family": {"extension": prefix}}],
            "contact": [{"name": {"family": "van Rossi", "_family": {"extension": prefix}}}],
            "address": [{"line": ["x", "Via Po 1"], "_line": street}]});
        assert_eq!(misplaced(sound.clone()), [] as [&str; 0]);
        let bundle = json!({"resourceType": "Bundle", "type": "collection", "entry": [
            {"fullUrl": "http://x/Patient/1", "resource": sound}]});
        assert_eq!(misplaced(bundle), [] as [&str; 0]);
        let wrong = json!({"resourceType": "Patient", "extension": birth_time, "name": [{"extension": prefix}]});
        assert_eq!(
            misplaced(wrong),
            ["Patient.extension[0]", "Patient.name[0].extension[0]"]
        );
    }
}
