//! The compiled R4 definitions.

mod custom;
mod elements;
mod table;

use crate::extract::Program;
pub(crate) use custom::keep;
pub use custom::{CustomParam, CustomParams, FIRST_CUSTOM};
pub use elements::{ElementDef, Primitive, TypeDef, TypeId, TypeKind};
use std::{
    collections::HashMap,
    ops::{Deref, Range},
    sync::{Arc, LazyLock, OnceLock, PoisonError, RwLock},
};

/// A search parameter's number. Those of the standard are stable for one build of the definitions, so never stored
/// outside index tables without [`Definitions::fingerprint`]; user-defined ones begin at [`FIRST_CUSTOM`] and keep the
/// number their store gave them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParamId(pub u16);

/// The type of a search parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ParamType {
    Number,
    Date,
    String,
    Token,
    Reference,
    Composite,
    Quantity,
    Uri,
    Special,
}

/// A search parameter on one resource type (a definition with several bases makes one of these for each).
///
/// `_text`, `_content` and `_query` have no expression in R4 and are not here.
#[derive(Debug, Clone)]
pub struct SearchParam {
    /// Its number.
    pub id: ParamId,
    /// Resource type it is on; `Resource` or `DomainResource` parameters are repeated for every type.
    pub base: &'static str,
    /// Name in URLs.
    pub code: &'static str,
    /// Type.
    pub kind: ParamType,
    /// Canonical URL of the definition.
    pub url: &'static str,
    /// FHIRPath expression for this base.
    pub expression: &'static str,
    /// Allowed reference targets (empty: any).
    pub targets: &'static [&'static str],
    /// Components of a composite, in the order of the values in a URL; else empty.
    pub components: &'static [Component],
}

/// One component of a composite parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Component {
    /// How its value is written and compared.
    pub kind: ParamType,
    /// FHIRPath expression, from the element that the composite's own expression leads to.
    pub expression: &'static str,
}

/// Raised whenever extraction makes other values of the same definitions.
const EXTRACTION_RULES: u64 = 4;

/// All that is known about R4, and the search parameters that users added to it.
#[derive(Debug)]
pub struct Definitions {
    r4: &'static Core,
    custom: RwLock<Arc<CustomParams>>,
}

/// What the build compiled; shared by every [`Definitions`].
#[derive(Debug)]
pub struct Core {
    fingerprint: u64,
    types: Vec<TypeDef>,
    type_ids: HashMap<&'static str, TypeId>,
    resource_types: &'static [&'static str],
    params: &'static [SearchParam],
    params_of: HashMap<&'static str, Range<usize>>,
    compartment: HashMap<&'static str, Vec<ParamId>>,
    programs: HashMap<&'static str, OnceLock<Program>>,
}

static CORE: LazyLock<Core> = LazyLock::new(|| table::read(include_str!(concat!(env!("OUT_DIR"), "/r4.tsv"))));
static R4: LazyLock<Definitions> = LazyLock::new(Definitions::new);

impl Deref for Definitions {
    type Target = Core;

    fn deref(&self) -> &Core {
        self.r4
    }
}

impl Definitions {
    /// The definitions compiled into this program (read from their table at the first call, in a few milliseconds).
    pub fn r4() -> &'static Definitions {
        &R4
    }

    /// A handle on the same definitions that takes user-defined parameters of its own. A store makes one; it lives as
    /// long as the process, like the definitions themselves.
    pub fn extensible() -> &'static Definitions {
        Box::leak(Box::new(Self::new()))
    }

    fn new() -> Self {
        Self {
            r4: &CORE,
            custom: RwLock::default(),
        }
    }

    /// The user-defined parameters in force.
    pub fn custom(&self) -> Arc<CustomParams> {
        self.custom.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts other user-defined parameters in force, for everyone who holds this handle.
    pub fn set_custom(&self, params: Arc<CustomParams>) {
        *self.custom.write().unwrap_or_else(PoisonError::into_inner) = params;
    }

    /// Whether `name` is a concrete R4 resource type.
    pub fn is_resource(&self, name: &str) -> bool {
        self.programs.contains_key(name)
    }

    /// Concrete resource type names, sorted.
    pub fn resource_types(&self) -> &'static [&'static str] {
        self.resource_types
    }

    /// A parameter by type and name; one of the standard goes before a user-defined one of the same name.
    pub fn param(&self, base: &str, code: &str) -> Option<&'static SearchParam> {
        self.standard_param(base, code)
            .or_else(|| self.custom().param(base, code))
    }

    fn standard_param(&self, base: &str, code: &str) -> Option<&'static SearchParam> {
        let params = self.params_of(base);
        params
            .binary_search_by(|param| param.code.cmp(code))
            .ok()
            .map(|at| &params[at])
    }

    /// A parameter by number. Panics if the number comes from other definitions.
    pub fn param_by_id(&self, id: ParamId) -> &'static SearchParam {
        if id.0 >= FIRST_CUSTOM {
            return self.custom().by_id(id).expect("a number that this store gave out");
        }
        &self.params[usize::from(id.0)]
    }

    /// All parameters of the standard on a type, sorted by name.
    pub fn params_of(&self, base: &str) -> &'static [SearchParam] {
        self.params_of
            .get(base)
            .map_or(&[], |range| &self.params[range.clone()])
    }

    /// Changes whenever numbering or extraction rules change: a store built under another value must be reindexed.
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// Parameters that place a resource of this type into the compartment of the patient they refer to, those that
    /// say whom the resource is about first.
    pub fn patient_compartment(&self, base: &str) -> &[ParamId] {
        self.compartment.get(base).map_or(&[], Vec::as_slice)
    }

    /// A type by its path: a resource (`Patient`), data type (`HumanName`, `date`) or nested element
    /// (`Patient.contact`).
    pub fn type_by_path(&self, path: &str) -> Option<TypeId> {
        self.type_ids.get(path).copied()
    }

    /// A type by number.
    pub fn type_def(&self, id: TypeId) -> &TypeDef {
        &self.types[usize::from(id.0)]
    }

    /// The extraction program of a resource type, compiled at its first use.
    pub(crate) fn program(&self, base: &str) -> Option<&Program> {
        self.programs
            .get(base)
            .map(|cell| cell.get_or_init(|| Program::compile(self, base)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_type_of_r4_is_known() {
        let r4 = Definitions::r4();
        // value set resource-types has 148 codes; Resource and DomainResource are abstract
        assert_eq!(r4.resource_types().len(), 146);
        assert!(r4.resource_types().is_sorted());
        assert!(r4.is_resource("Observation") && r4.is_resource("Parameters"));
        for no in ["DomainResource", "Resource", "HumanName", "observation", ""] {
            assert!(!r4.is_resource(no), "{no}");
        }
    }

    #[test]
    fn parameters_are_per_base_and_found_by_name_and_number() {
        let r4 = Definitions::r4();
        let code = r4.param("Observation", "code").unwrap();
        assert_eq!((code.kind, code.expression), (ParamType::Token, "Observation.code"));
        assert_eq!(code.url, "http://hl7.org/fhir/SearchParameter/clinical-code");
        assert_eq!(r4.param_by_id(code.id).url, code.url);
        let plan = r4.param("InsurancePlan", "name").unwrap();
        assert_eq!(plan.expression, "InsurancePlan.name | InsurancePlan.alias");
        assert_eq!(r4.param("Encounter", "subject").unwrap().targets, ["Group", "Patient"]);
        assert!(r4.param("Patient", "_id").is_some() && r4.param("Binary", "_lastUpdated").is_some());
        assert!(r4.param("Patient", "code").is_none() && r4.param("Nothing", "_id").is_none());
        for base in r4.resource_types() {
            let params = r4.params_of(base);
            assert!(
                params
                    .iter()
                    .all(|param| param.base == *base && !param.expression.is_empty())
            );
            assert!(params.is_sorted_by_key(|param| param.code), "{base}");
        }
    }

    #[test]
    fn elements_have_types_counts_and_expanded_choices() {
        let r4 = Definitions::r4();
        let element = |path: &str, name: &str| {
            let element = r4.type_def(r4.type_by_path(path).unwrap()).element(name).unwrap();
            (
                r4.type_def(element.type_id).path,
                element.min,
                element.many,
                element.stem,
            )
        };
        assert_eq!(element("Observation", "valueQuantity"), ("Quantity", 0, false, "value"));
        assert_eq!(element("Observation", "status"), ("code", 1, false, ""));
        assert_eq!(
            element("Observation.component", "referenceRange"),
            ("Observation.referenceRange", 0, true, "")
        );
        assert_eq!(element("Patient", "id"), ("id", 0, false, ""));
        assert_eq!(element("HumanName", "id"), ("string", 0, false, ""));
        assert_eq!(element("Extension", "url"), ("uri", 1, false, ""));
    }

    #[test]
    fn the_patient_compartment_names_the_subject_first() {
        let r4 = Definitions::r4();
        let names = |base| {
            r4.patient_compartment(base)
                .iter()
                .map(|id| r4.param_by_id(*id).code)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            names("Coverage"),
            ["beneficiary", "policy-holder", "subscriber", "payor"]
        );
        assert_eq!(names("Observation"), ["subject", "performer"]);
        assert!(names("Organization").is_empty());
    }
}
