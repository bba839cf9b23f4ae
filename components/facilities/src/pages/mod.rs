//! The pages that everybody sees.

mod map;
mod search;
mod show;
mod words;

pub(crate) use map::{borders, map};
pub(crate) use search::search;
pub(crate) use show::show;
pub(crate) use words::{address as where_is, kind as kind_name, now};
