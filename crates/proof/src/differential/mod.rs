//! Models that other engines run too, and how both are driven alike.

mod drive;
mod pieces;

pub use drive::{Trace, drive};
pub use pieces::{Piece, Way, data, pieces, xml};
