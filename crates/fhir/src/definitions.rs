//! The compiled R4 definitions.

/// A search parameter's number: stable for one build of the definitions, so never stored outside index tables
/// without [`Definitions::fingerprint`].
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
}

/// All that is known about R4.
#[derive(Debug)]
pub struct Definitions {}

impl Definitions {
    /// The definitions compiled into this program.
    pub fn r4() -> &'static Definitions {
        unimplemented!("helper fhir")
    }
    /// Whether `name` is a concrete R4 resource type.
    pub fn is_resource(&self, _name: &str) -> bool {
        unimplemented!("helper fhir")
    }
    /// Concrete resource type names, sorted.
    pub fn resource_types(&self) -> &'static [&'static str] {
        unimplemented!("helper fhir")
    }
    /// A parameter by type and name.
    pub fn param(&self, _base: &str, _code: &str) -> Option<&'static SearchParam> {
        unimplemented!("helper fhir")
    }
    /// A parameter by number.
    pub fn param_by_id(&self, _id: ParamId) -> &'static SearchParam {
        unimplemented!("helper fhir")
    }
    /// All parameters of a type, sorted by name.
    pub fn params_of(&self, _base: &str) -> &'static [SearchParam] {
        unimplemented!("helper fhir")
    }
    /// Changes whenever numbering or extraction rules change: a store built under another value must be reindexed.
    pub fn fingerprint(&self) -> u64 {
        unimplemented!("helper fhir")
    }
}
