//! Who may see what: the facts that tie somebody to patients, and the policies that decide from them.
//!
//! *The right to see comes from the work*: a [`View`] is what one actor may see and write at this moment. It is made of
//! ties read from the hub's own facts (the chosen doctor, teams, episodes, encounters, tasks in hand, consents, emergency
//! accesses) and of the policies of the crate `policy`. Ties are remembered until something that makes them is written:
//! what is revoked is revoked with the commit that revokes it.

mod authorizer;
mod epochs;
mod extract;
mod follow;
mod hidden;
mod labels;
mod own;
mod sight;
mod ties;
mod view;
mod watched;

pub use authorizer::Authorizer;
pub use hidden::HiddenVisits;
pub use own::NOT_ONESELF;
pub use ties::{
    AccessGrant, GRANT, GrantKind, GrantReview, STEP_DATA_EXTENSION, StepData, makes_ties, settle_ties, ties_people,
};
pub(crate) use ties::{GRANT_LOG, GRANT_UNTOLD};
pub use view::{Access, View};
