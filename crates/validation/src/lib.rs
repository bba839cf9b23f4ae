//! Validation of FHIR R4 resources against profiles, pure: definitions, terminology and other resources come in through
//! [`Profiles`] and [`Bindings`].
//!
//! A StructureDefinition's snapshot is compiled once to a [`Profile`], a compact tree; [`Validator::validate`] walks a
//! resource along it: cardinality, types, fixed values and patterns, slices, bindings, invariants, references, bundle
//! entries, extensions, contained resources. The base definitions of R4 are built in ([`r4`]).
//!
//! Structure alone (names, JSON types, formats) is [`fhir::check`]'s work, which is much faster.

mod base;
mod bindings;
mod compile;
pub mod identifiers;
mod invariant;
mod issue;
mod native;
mod profile;
mod run;
mod snapshot;

pub use base::{BASE, r4, r4_definition};
pub use bindings::{Bindings, Membership, NoBindings};
pub use compile::compile;
pub use issue::{Issue, Severity};
pub use profile::{Profile, ProfileError, Profiles, split_canonical};
pub use run::{Checks, MAX_ISSUES, Validator};
pub use snapshot::with_snapshot;
