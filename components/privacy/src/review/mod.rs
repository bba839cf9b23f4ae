//! The review of accesses opened for a time: the list, one access with what was done under it, and the worker that notes
//! what came out.

mod list;
mod show;
mod worker;

pub use list::list;
pub(crate) use list::{Row, row};
pub use show::{close, show, submit};
pub use worker::workers;

use crate::notify::needs_review;
use access::AccessGrant;
use jiff::Timestamp;

/// How an access stands with its review, as the end of a message key.
pub fn state(grant: &AccessGrant, now: Timestamp) -> &'static str {
    let outcome = grant.reviews.last().map(|review| review.outcome.as_str());
    match outcome {
        Some("giustificato") => "justified",
        Some("non-giustificato") => "unjustified",
        Some(_) => "deepening",
        None if !needs_review(grant) => "none",
        None if grant.review_due.is_some_and(|due| due < now) => "late",
        None => "due",
    }
}

/// Whether the office still has to look at it.
pub fn is_due(grant: &AccessGrant, now: Timestamp) -> bool {
    matches!(state(grant, now), "due" | "late" | "deepening")
}
