//! Two records become one, and one becomes two again.
//!
//! **What points to the other record is pointed to the survivor**, and a ledger lists every place that was changed. The other way,
//! to leave everything where it is and let each reading follow the link, would have to be followed by every search, every right to
//! see, every page and every flow; a single one that forgot would show half a history. Re-pointing costs as much as the record has
//! resources, once.
//!
//! One transaction decides ([`join`]): survivor by field rules, the other inactive and linked, assistances and choices that would
//! be two closed, the ledger begun, each with the version that was read. From then on the records are one. The references follow
//! in transactions of at most [`AT_ONCE`], each with its leaf of the ledger, so that a stop in between leaves nothing undone: it
//! goes on where it was ([`keeper`] sees to it). Instances of processes follow with their Tasks and CarePlan ([`processes`]).
//!
//! To separate ([`split`]) does the ledger backwards: places that still point where the merge put them are put back, the
//! two records are as before wherever nobody changed them since, instances go back with all their tasks, and what was added
//! since is shown for a person to assign. Both are told to whoever follows them ([`message`]).

pub(crate) mod golden;
pub(crate) mod join;
pub(crate) mod keeper;
pub(crate) mod ledger;
mod message;
mod processes;
pub(crate) mod references;
mod sound;
pub(crate) mod split;

use component::PeerError;

/// Resources changed in one transaction.
pub(crate) const AT_ONCE: usize = 100;

/// Why a merge or a separation does not go on.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum MergeError {
    /// What was read is no more, somebody changed it, or the hub cannot be reached.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// It is not possible; the key of the text that says why.
    #[error("the records cannot be merged or separated: {0}")]
    Refused(&'static str),
}
