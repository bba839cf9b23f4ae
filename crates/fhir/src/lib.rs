//! FHIR R4 as a pure model: definitions compiled at build time, search-value extraction, FHIRPath, identifiers.
//!
//! No IO, no clock. Resources are `serde_json::Value` (numbers keep their digits: `arbitrary_precision`).

mod check;
mod date;
mod definitions;
mod error;
mod extract;
pub mod fhirpath;
mod index;
mod links;
mod person;
mod reference;
pub mod ucum;
mod words;
pub mod xml;

pub use check::{MAX_DEPTH, MAX_ERRORS, check};
pub use date::date_interval;
pub use definitions::{
    Component, CustomParam, CustomParams, Definitions, ElementDef, FIRST_CUSTOM, ParamId, ParamType, Primitive,
    SearchParam, TypeDef, TypeId, TypeKind,
};
pub use error::ResourceError;
pub use extract::{Extracted, extract, instant, resource_type};
pub use index::{Canonical, IndexEntry, IndexValue, MAX_INDEXED_CHARS, normalize_string};
pub use links::{for_each_link, for_each_reference};
pub use person::{NameKey, phone_digits};
pub use reference::{ReferenceText, is_id};
pub use words::{all_words, narrative_words};
