//! Record linkage: which records of a registry are of the same person. Pure: no files, no clock; of FHIR only how a Patient
//! becomes a record ([`patient`]).
//!
//! Pairs that share a blocking key ([`Block`]) are compared field by field ([`Kind`], [`Level`]); how much each level of
//! each field speaks for or against (Fellegi and Sunter, *A theory for record linkage*, 1969) is estimated from the data
//! themselves ([`Model`]), by expectation maximisation, without known answers; agreement on a rare value counts for more
//! than on a frequent one. A pair is then the same person, different persons, or for a person to review
//! ([`Band`]), with the weight of each field as its explanation; pairs make groups ([`cluster`]) whose contradictions are told.
//!
//! What was learnt of a registry can be kept ([`Fitted`]) to weigh a few pairs alone.
//!
//! Values are interned and prepared once ([`Table`]); two threads compare more than a million pairs a second.

mod block;
mod cluster;
mod compare;
mod em;
mod fiscal;
mod fitted;
mod labels;
pub mod patient;
mod run;
mod setup;
mod similar;
mod table;
mod weigh;

pub use names;
pub use names::text;

pub use block::{Block, How, Part};
pub use cluster::{Clusters, Conflict, cluster};
pub use compare::{Kind, Level};
pub use em::{Model, Training, train};
pub use fitted::{Fitted, FittedError, Frequencies, LEARNT_ID, LEARNT_IN};
pub use labels::label;
pub use run::{Limits, Link, Outcome, Progress, link, link_by};
pub use setup::{Field, Setup, SetupError, persons};
pub use similar::{distance, jaro_winkler};
pub use table::{Table, TableError};
pub use weigh::{Band, Explanation, Scorer, Thresholds};

#[cfg(test)]
mod tests;
