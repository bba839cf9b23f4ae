//! Search values as byte strings that sort as the values do.
//!
//! A key is a tag byte (the kind of value) and then:
//!
//! | kind | bytes |
//! |---|---|
//! | token | code, 0, system |
//! | string | normalised text, 0, exact text |
//! | date | lo, hi (8 bytes each, sign flipped, big endian) |
//! | number | 8 bytes, total order |
//! | quantity | number, system, 0, code, 0, unit |
//! | reference | id, 0, type |
//! | reference URL | URL |
//! | reference identifier | value, 0, system |
//! | URI | URI |
//! | composite | for each component: length (2 bytes), key |
//! | position | place on a curve through the globe (8 bytes), latitude, longitude |
//! | text beside a code | normalised text |
//! | identifier of a type | value, 0, code of the type, 0, its system |
//!
//! A quantity in a UCUM unit ends with 0, its base units, 0, its value in them.
//!
//! so that "code", "system|code", "starts with", "this id of any type" are each one range of keys. Texts escape the
//! bytes 0 and 1, which keeps their order and leaves 0 as the separator.
//!
//! Index rows carry at most [`MAX_ROW_KEY`] bytes of a key; the whole key is in the resource's packed list, against
//! which every candidate is tested. A quantity's row is its number alone, a position's its place on the curve, a
//! composite's the rows of its components one after the other, so that a code with a range of numbers is one range. Texts
//! and types have no row: where there is a code or an identifier, that one's row leads to them.
//!
//! A second index row, never in a packed list: a date interval longer than a day led by its end, so that "ends after"
//! walks only what ends after; a quantity in base units, unit first.

mod composite;
mod encode;
mod globe;
mod number;
mod pack;
mod range;
mod test;

pub(crate) use encode::{encode, sortable_i64, untext};
pub(crate) use pack::index_row;
pub use pack::{Packed, index_rows, iter, of_param, pack};
pub use range::Range;
pub(crate) use range::normalise;
pub(crate) use test::{Cover, Test, combined_dates, every_row};

/// Tag bytes.
pub(crate) mod tag {
    pub const TOKEN: u8 = 1;
    pub const STRING: u8 = 2;
    pub const DATE: u8 = 3;
    pub const NUMBER: u8 = 4;
    pub const QUANTITY: u8 = 5;
    pub const REFERENCE: u8 = 6;
    pub const REFERENCE_URL: u8 = 7;
    pub const REFERENCE_IDENTIFIER: u8 = 8;
    pub const URI: u8 = 9;
    pub const COMPOSITE: u8 = 10;
    pub const POSITION: u8 = 11;
    /// A text that is the only value there.
    pub const TEXT_ALONE: u8 = 12;
    /// First of the tags whose keys have no index row of their own.
    pub const WITHOUT_ROW: u8 = 0x40;
    pub const TEXT: u8 = 0x41;
    pub const OF_TYPE: u8 = 0x42;
    /// Second row of a long date interval: hi, lo.
    pub const DATE_END: u8 = 0x81;
    /// Second row of a quantity: base units, 0, number.
    pub const QUANTITY_BASE: u8 = 0x82;
}

/// Longest key in an index row, in bytes.
pub(crate) const MAX_ROW_KEY: usize = 240;

/// Intervals longer than this have a second index row (µs; one day).
pub(crate) const SHORT_US: i64 = 86_400_000_000;
