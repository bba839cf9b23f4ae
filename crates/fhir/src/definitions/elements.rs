//! Types and their elements.

/// A type's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TypeId(pub u16);

/// What sort of type it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeKind {
    /// A concrete resource.
    Resource,
    /// `Resource` or `DomainResource`: any concrete resource stands here.
    AbstractResource,
    /// A data type with elements.
    Complex,
    /// An element with children, defined in place.
    Nested,
    /// A value with a format.
    Primitive(Primitive),
}

/// The primitive types (<https://hl7.org/fhir/R4/datatypes.html#primitive>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Primitive {
    Base64Binary,
    Boolean,
    Canonical,
    Code,
    Date,
    DateTime,
    Decimal,
    Id,
    Instant,
    Integer,
    Markdown,
    Oid,
    PositiveInt,
    String,
    Time,
    UnsignedInt,
    Uri,
    Url,
    Uuid,
    Xhtml,
}

impl Primitive {
    /// By FHIR name.
    pub fn named(name: &str) -> Option<Primitive> {
        Some(match name {
            "base64Binary" => Primitive::Base64Binary,
            "boolean" => Primitive::Boolean,
            "canonical" => Primitive::Canonical,
            "code" => Primitive::Code,
            "date" => Primitive::Date,
            "dateTime" => Primitive::DateTime,
            "decimal" => Primitive::Decimal,
            "id" => Primitive::Id,
            "instant" => Primitive::Instant,
            "integer" => Primitive::Integer,
            "markdown" => Primitive::Markdown,
            "oid" => Primitive::Oid,
            "positiveInt" => Primitive::PositiveInt,
            "string" => Primitive::String,
            "time" => Primitive::Time,
            "unsignedInt" => Primitive::UnsignedInt,
            "uri" => Primitive::Uri,
            "url" => Primitive::Url,
            "uuid" => Primitive::Uuid,
            "xhtml" => Primitive::Xhtml,
            _ => return None,
        })
    }
}

/// A type and its elements.
#[derive(Debug)]
pub struct TypeDef {
    /// Path: `Patient`, `HumanName`, `Patient.contact`.
    pub path: &'static str,
    /// Sort of type.
    pub kind: TypeKind,
    /// Elements sorted by JSON name, choices expanded; empty for primitives.
    pub elements: Vec<ElementDef>,
}

impl TypeDef {
    /// The element of this JSON name.
    pub fn element(&self, name: &str) -> Option<&ElementDef> {
        self.elements
            .binary_search_by(|element| element.name.cmp(name))
            .ok()
            .map(|at| &self.elements[at])
    }
}

/// An element of a type.
#[derive(Debug)]
pub struct ElementDef {
    /// JSON name, e.g. `valueQuantity`.
    pub name: &'static str,
    /// Its type.
    pub type_id: TypeId,
    /// Least count; for a choice, of the whole choice.
    pub min: u8,
    /// Whether it repeats (a JSON array).
    pub many: bool,
    /// Name of the choice it belongs to (`value`), else empty.
    pub stem: &'static str,
    /// Types that a Reference may point to; empty for any.
    pub targets: &'static [&'static str],
    /// Code system implied by the required binding of a `code`; empty where there is none or several.
    pub system: &'static str,
    /// Place among the elements as defined: the order of XML.
    pub order: u16,
    /// Whether `_summary=true` shows it.
    pub is_summary: bool,
    /// Whether it changes the meaning of the elements beside it.
    pub is_modifier: bool,
}
