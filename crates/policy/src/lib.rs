//! Policy as data: readable Cedar policies, versioned, decided from facts, without IO.
//!
//! A [`Question`] says who asks (roles, assurance), for what (action, purpose) and about what kind of fact (type, ties
//! to the patient, sensitive labels). [`Policies::decide`] answers with the policy that decided. The policies are the
//! files of `policies/`: a region may give a folder of its own. Tables of cases beside them say what must come out.

mod by_code;
mod capabilities;
mod cases;
mod decide;
mod error;
mod explain;
mod label;
mod policies;
mod question;
mod relation;
mod roles;
mod tying;
mod types;

pub use by_code::{add_label, label_by_code};
pub use capabilities::{Capabilities, Capability};
pub use cases::{CaseFailure, CaseReport};
pub use decide::{NO_POLICY, Ruling};
pub use error::PolicyError;
pub use explain::Explanation;
pub use label::{Code, Label, LabelKind, LabelSet, Labels};
pub use policies::{About, Policies};
pub use question::{Action, Asker, Question};
pub use relation::{Relation, Relations};
pub use roles::{Role, Roles};
pub use tying::Tying;
pub use types::{Types, Withheld};
