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
//!
//! so that "code", "system|code", "starts with", "this id of any type" are each one range of keys. Texts escape the
//! bytes 0 and 1, which keeps their order and leaves 0 as the separator.
//!
//! Index rows carry at most [`MAX_ROW_KEY`] bytes of a key; the whole key is in the resource's packed list, against
//! which every candidate is tested. A date interval longer than a day has a second index row led by its end, so that
//! "ends after" walks only what ends after.

mod encode;
mod pack;
mod range;
mod test;

pub(crate) use encode::{encode, sortable_i64, untext};
pub(crate) use pack::{Packed, index_rows, iter, of_param, pack};
pub(crate) use range::{Range, normalise};
pub(crate) use test::{Cover, Test, combined_dates};

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
    /// Second row of a long date interval: hi, lo. Only in the index tree, never in a packed list.
    pub const DATE_END: u8 = 11;
}

/// Longest key in an index row, in bytes.
pub(crate) const MAX_ROW_KEY: usize = 240;

/// Intervals longer than this have a second index row (µs; one day).
pub(crate) const SHORT_US: i64 = 86_400_000_000;
