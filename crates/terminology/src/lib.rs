//! Terminology as a pure model: code systems, value sets and concept maps in compact form, and the operations of the
//! FHIR terminology service on them (<https://hl7.org/fhir/R4/terminology-service.html>).
//!
//! No IO and no clock: what is asked about comes from a [`Source`]. [`Builtin`] is the one that needs no setup: the
//! terminology of R4 itself and Italian tables. Answers about systems that cannot be enumerated (languages, media types, units, SNOMED CT)
//! come from their rules or are [`Membership::Unknown`]: never "no" because the server lacks the content.

mod builtin;
mod canonical;
mod code_system;
mod concept_map;
mod error;
pub mod expand;
mod filter;
pub mod lookup;
mod membership;
mod rules;
mod source;
mod strings;
mod subsumes;
pub mod table;
pub mod translate;
pub mod validate_code;
mod value_set;

pub use builtin::Builtin;
pub use canonical::Canonical;
pub use code_system::{CodeSystem, Concept, Content, Designation, Property, PropertyDefinition, PropertyValue};
pub use concept_map::ConceptMap;
pub use error::TermError;
pub use membership::{Membership, membership, membership_in};
pub use source::{Layered, Single, Source};
pub use subsumes::{Subsumption, subsumes};
pub use value_set::{Filter, Include, Listed, ListedName, Op, ValueSet};
