//! The log of accesses as the office reads it: search, paging, CSV.

mod csv;
mod entry;
mod query;
mod search;

pub use csv::csv;
pub use entry::{Entry, Outcome};
pub use query::Log;
pub use search::{Row, by_code, rows, show};
pub(crate) use search::{Who, who};
