//! Judges: what must be true, said independently of how the engine does it.

mod inclusive;
mod ledger;

pub use inclusive::{Marking, Net};
pub use ledger::Ledger;
