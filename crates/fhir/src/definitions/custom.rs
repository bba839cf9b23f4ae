//! Search parameters that users define with SearchParameter resources.
//!
//! The rules: a resource in force has status `active`; a name that the standard (or Sinfonia) gives to a parameter of a
//! type is never taken over, so that no search changes its meaning; definitions of the standard itself, recognised by
//! their URL, are kept as documents and change nothing.

use super::{Definitions, ParamId, ParamType, SearchParam};
use crate::extract::CustomProgram;
use crate::{IndexEntry, ResourceError};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

/// The first number of a user-defined parameter; those of the standard are below.
pub const FIRST_CUSTOM: u16 = 0x8000;

/// URLs of the standard's own definitions.
const STANDARD: &str = "http://hl7.org/fhir/SearchParameter/";

/// Characters of an expression at most.
const MAX_EXPRESSION: usize = 4_000;

/// What a SearchParameter resource defines on one type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CustomParam {
    /// Resource type.
    pub base: String,
    /// Name in URLs.
    pub code: String,
    /// Type, as in the resource.
    pub kind: String,
    /// Canonical URL.
    pub url: String,
    /// The parts of the expression that start at this type.
    pub expression: String,
    /// Allowed reference targets, separated by blanks (empty: any).
    pub targets: String,
}

impl CustomParam {
    /// What a SearchParameter resource defines, for each of its types; nothing when it is not active or one of the
    /// standard's own. The errors say which element is why it cannot be put in force.
    pub fn of(definitions: &Definitions, resource: &Value) -> Result<Vec<Self>, Vec<ResourceError>> {
        let text = |name: &str| resource.get(name).and_then(Value::as_str).unwrap_or_default();
        if text("status") != "active" || text("url").starts_with(STANDARD) {
            return Ok(Vec::new());
        }
        let mut errors = Vec::new();
        let mut refuse = |element: &str, message: String| {
            errors.push(ResourceError::Invalid {
                path: format!("SearchParameter.{element}"),
                message: format!("{message}; correct it, or store the definition as a draft"),
            });
        };
        let (code, kind, expression) = (text("code"), text("type"), text("expression"));
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if !code.starts_with(|c: char| c.is_ascii_alphabetic()) || code.len() > 64 || !code.chars().all(is_name) {
            let rule = "a name in URLs is 1 to 64 letters, digits, '-' or '_', and starts with a letter";
            refuse("code", format!("'{code}' cannot be searched by: {rule}"));
        }
        if parse_kind(kind).is_none() {
            refuse(
                "type",
                format!("a parameter of type '{kind}' cannot be defined by users"),
            );
        }
        if expression.is_empty() || expression.len() > MAX_EXPRESSION {
            let rule = format!("an active parameter needs an expression of at most {MAX_EXPRESSION} characters");
            refuse("expression", rule);
        }
        let texts = |name: &str| {
            let list = resource.get(name).and_then(Value::as_array).into_iter().flatten();
            list.filter_map(Value::as_str)
                .map(str::to_owned)
                .collect::<Vec<String>>()
        };
        let mut found = Vec::new();
        for base in bases(definitions, &texts("base")) {
            if !definitions.is_resource(&base) {
                refuse("base", format!("'{base}' is not an R4 resource type"));
                continue;
            }
            if let Some(taken) = definitions.standard_param(&base, code) {
                let rule = format!(
                    "{base} has a parameter '{code}' already ({}), which stays as it is",
                    taken.url
                );
                refuse("code", rule);
                continue;
            }
            let param = Self {
                expression: CustomProgram::parts_of(expression, &base),
                base,
                code: code.to_owned(),
                kind: kind.to_owned(),
                url: text("url").to_owned(),
                targets: texts("target").join(" "),
            };
            if let Some(kind) = parse_kind(kind)
                && let Err(why) = CustomProgram::check(definitions, &param.leak_free(kind))
            {
                refuse("expression", why);
            }
            found.push(param);
        }
        if errors.is_empty() { Ok(found) } else { Err(errors) }
    }

    /// The parameter under the number a store gave it. It stays for the life of the process, as every parameter does;
    /// numbers are never given twice, so that there can only be so many. `None` when it cannot be kept.
    pub fn register(&self, id: ParamId) -> Option<&'static SearchParam> {
        let targets: Vec<&'static str> = keep(&self.targets)?.split_whitespace().collect();
        let param = SearchParam {
            id,
            base: keep(&self.base)?,
            code: keep(&self.code)?,
            kind: parse_kind(&self.kind)?,
            url: keep(&self.url)?,
            expression: keep(&self.expression)?,
            targets: targets.leak(),
            components: &[],
        };
        Some(Box::leak(Box::new(param)))
    }

    /// What [`CustomProgram::check`] looks at.
    fn leak_free(&self, kind: ParamType) -> (&str, &str, ParamType) {
        (&self.base, &self.expression, kind)
    }
}

/// Bytes of texts kept at most.
const MAX_KEPT: usize = 32 << 20;

/// A text that stays for the life of the process, as the definitions do; the same text is kept once. `None` when so much
/// was defined since the start that no more is kept.
pub(crate) fn keep(text: &str) -> Option<&'static str> {
    static KEPT: Mutex<(usize, BTreeSet<&'static str>)> = Mutex::new((0, BTreeSet::new()));
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept.1.get(text) {
        return Some(known);
    }
    kept.0 += text.len();
    if kept.0 > MAX_KEPT {
        return None;
    }
    let text: &'static str = String::leak(text.to_owned());
    kept.1.insert(text);
    Some(text)
}

/// Types that users may define.
fn parse_kind(kind: &str) -> Option<ParamType> {
    Some(match kind {
        "number" => ParamType::Number,
        "date" => ParamType::Date,
        "string" => ParamType::String,
        "token" => ParamType::Token,
        "reference" => ParamType::Reference,
        "quantity" => ParamType::Quantity,
        "uri" => ParamType::Uri,
        _ => return None,
    })
}

/// The types named, with `Resource` and `DomainResource` taken as every type.
fn bases(definitions: &Definitions, named: &[String]) -> Vec<String> {
    if named.iter().any(|base| base == "Resource" || base == "DomainResource") {
        return definitions
            .resource_types()
            .iter()
            .map(|name| (*name).to_owned())
            .collect();
    }
    named.to_vec()
}

/// The user-defined parameters in force at one moment.
#[derive(Debug, Default)]
pub struct CustomParams {
    generation: u64,
    by_code: BTreeMap<(&'static str, &'static str), &'static SearchParam>,
    by_id: HashMap<ParamId, &'static SearchParam>,
    programs: HashMap<&'static str, CustomProgram>,
}

impl CustomParams {
    /// The parameters `active`, and those that were so before (`known`), which queries under way may still name.
    /// `generation` tells one set from another.
    pub fn new(
        definitions: &Definitions,
        generation: u64,
        active: &[&'static SearchParam],
        known: impl IntoIterator<Item = &'static SearchParam>,
    ) -> Self {
        let mut of_base: HashMap<&'static str, Vec<&'static SearchParam>> = HashMap::new();
        for param in active {
            of_base.entry(param.base).or_default().push(param);
        }
        let compile = |(base, params): (&'static str, Vec<_>)| (base, CustomProgram::compile(definitions, &params));
        Self {
            generation,
            by_code: active.iter().map(|param| ((param.base, param.code), *param)).collect(),
            by_id: known
                .into_iter()
                .chain(active.iter().copied())
                .map(|param| (param.id, param))
                .collect(),
            programs: of_base.into_iter().map(compile).collect(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_code.is_empty()
    }

    /// Tells this set from others of the same store.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether the type has any.
    pub fn covers(&self, base: &str) -> bool {
        !self.programs.is_empty() && self.programs.contains_key(base)
    }

    /// One by type and name.
    pub fn param(&self, base: &str, code: &str) -> Option<&'static SearchParam> {
        if self.by_code.is_empty() {
            return None;
        }
        self.by_code.get(&(base, code)).copied()
    }

    /// One by number, also when it is no longer in force.
    pub fn by_id(&self, id: ParamId) -> Option<&'static SearchParam> {
        self.by_id.get(&id).copied()
    }

    /// Every one ever in force here.
    pub fn known(&self) -> impl Iterator<Item = &'static SearchParam> {
        self.by_id.values().copied()
    }

    /// Those of a type, by name.
    pub fn params_of(&self, base: &str) -> impl Iterator<Item = &'static SearchParam> {
        self.by_code.values().copied().filter(move |param| param.base == base)
    }

    /// The values of the type's parameters in a resource's JSON text; nothing where there are none, without reading it.
    pub fn extract(&self, base: &str, body: &[u8]) -> Vec<IndexEntry> {
        let Some(program) = self.programs.get(base) else {
            return Vec::new();
        };
        match serde_json::from_slice(body) {
            Ok(resource) => program.run(&resource),
            Err(_) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::IndexValue;
    use serde_json::json;

    fn definition(change: Value) -> Value {
        let mut resource = json!({
            "resourceType": "SearchParameter", "url": "https://example.org/p", "name": "p", "status": "active",
            "description": "x", "code": "birth-place", "base": ["Patient"], "type": "string",
            "expression": "Patient.extension('http://hl7.org/fhir/StructureDefinition/patient-birthPlace').value.as(Address)",
        });
        for (name, value) in change.as_object().unwrap() {
            resource[name] = value.clone();
        }
        resource
    }

    fn refused(change: Value) -> String {
        let errors = CustomParam::of(Definitions::r4(), &definition(change)).unwrap_err();
        errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    fn values(change: Value, resource: &Value) -> Vec<IndexValue> {
        let r4 = Definitions::r4();
        let found = CustomParam::of(r4, &definition(change)).unwrap();
        let params: Vec<_> = (0..)
            .zip(&found)
            .map(|(n, p)| p.register(ParamId(FIRST_CUSTOM + n)).unwrap())
            .collect();
        let set = CustomParams::new(r4, 1, &params, []);
        let entries = set.extract(
            resource["resourceType"].as_str().unwrap(),
            resource.to_string().as_bytes(),
        );
        entries.into_iter().map(|entry| entry.value).collect()
    }

    #[test]
    fn extensions_are_searched_by_path() {
        let patient = json!({"resourceType": "Patient", "extension": [
            {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": {"city": "Forlì"}},
            {"url": "http://example.org/other", "valueAddress": {"city": "Roma"}},
        ]});
        let forli = [IndexValue::String {
            normalized: "forli".into(),
            exact: "Forlì".into(),
        }];
        assert_eq!(values(json!({}), &patient), forli);
        let cast = "(Patient.extension.where(url = 'http://hl7.org/fhir/StructureDefinition/patient-birthPlace').value as Address)";
        assert_eq!(values(json!({"expression": cast}), &patient), forli);
    }

    #[test]
    fn what_is_more_than_a_path_is_evaluated() {
        let patient = json!({"resourceType": "Patient", "name": [{"family": "Rossi"}, {"family": "Bianchi"}],
            "birthDate": "1980-02-03", "identifier": [{"system": "s", "value": "1"}]});
        let change = json!({"expression": "Patient.name.first().family", "code": "first-family"});
        assert_eq!(values(change, &patient).len(), 1);
        let change = json!({"expression": "Patient.name.count() > 1", "type": "token", "code": "renamed"});
        assert_eq!(
            values(change, &patient),
            [IndexValue::Token {
                system: "".into(),
                code: "true".into()
            }]
        );
        let change = json!({"expression": "Patient.identifier.first()", "type": "token", "code": "first-identifier"});
        assert_eq!(
            values(change, &patient),
            [IndexValue::Token {
                system: "s".into(),
                code: "1".into()
            }]
        );
        let change = json!({"expression": "Patient.birthDate.first()", "type": "date", "code": "born"});
        assert!(matches!(values(change, &patient)[..], [IndexValue::Date { .. }]));
    }

    #[test]
    fn several_types_take_their_own_parts() {
        let change = json!({"base": ["Patient", "Practitioner"], "code": "house",
            "expression": "Patient.address.line | Practitioner.address.line"});
        let doctor = json!({"resourceType": "Practitioner", "address": [{"line": ["Via Po 1"]}]});
        assert_eq!(values(change, &doctor).len(), 1);
        let text = refused(json!({"base": ["Patient", "Group"], "expression": "Patient.address.line"}));
        assert!(text.contains("starts at Group"), "{text}");
    }

    #[test]
    fn what_cannot_be_put_in_force_is_refused_with_the_reason() {
        for (change, reason) in [
            (json!({"code": "family"}), "has a parameter 'family' already"),
            (json!({"code": "_mine"}), "starts with a letter"),
            (json!({"code": "a.b"}), "starts with a letter"),
            (json!({"type": "composite"}), "cannot be defined by users"),
            (json!({"base": ["Pazient"]}), "'Pazient' is not an R4 resource type"),
            (json!({"expression": "Patient.nme"}), "no element 'nme'"),
            (json!({"expression": "Patient.name.("}), "not well formed"),
            (
                json!({"expression": "Patient.photo"}),
                "nothing of it can be searched as a string",
            ),
            (json!({"expression": null}), "needs an expression"),
        ] {
            let text = refused(change.clone());
            assert!(text.contains(reason), "{change}: {text}");
        }
    }

    #[test]
    fn drafts_and_the_standards_own_definitions_change_nothing() {
        let none = |change| CustomParam::of(Definitions::r4(), &definition(change)).unwrap();
        assert!(none(json!({"status": "draft", "expression": "("})).is_empty());
        let url = "http://hl7.org/fhir/SearchParameter/individual-family";
        assert!(none(json!({"url": url, "code": "family"})).is_empty());
    }
}
