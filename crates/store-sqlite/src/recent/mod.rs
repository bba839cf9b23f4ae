//! The newest index rows, in memory until they are many enough to be written well.
//!
//! A new resource has some twenty index rows, and nearly each belongs on another page of the tree `idx`: written with
//! their resource, they would make a commit write twenty pages for it. So a commit writes the resource, with its packed
//! keys, and its rows wait here, sorted; when they are many, they go into the file in the order of the tree, where many
//! share a page. A few go with each commit, so that none is slow.
//!
//! * A search sees the rows of the file and those that wait as one index ([`crate::source`]).
//! * A snapshot must see those of its own moment: each commit that changes them has an *epoch*, which stands in the file
//!   (`meta.epoch`); the [`View`] of that epoch is published just before the commit. A reader begins its transaction,
//!   reads the epoch and takes the view of it ([`Views`]).
//! * Nothing is lost with the memory: `meta.merged` says up to which place of the change feed the file has all index
//!   rows. What was written after it has its keys in its row; [`recover`] writes their rows when the file is opened.
//! * A row is either in the file or waits here, never both. A row to be removed that waits is covered by a *removal* in a
//!   newer run; any other is deleted from the file at once.

mod recover;
mod run;
mod view;
mod views;
mod waiting;

pub(crate) use recover::recover;
pub(crate) use view::{Span, View};
pub(crate) use views::Views;
pub(crate) use waiting::Waiting;
