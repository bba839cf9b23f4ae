//! The Italian tax code of a person, codice fiscale (decreto ministeriale 23 dicembre 1976, n. 13813), and the codes that
//! stand in its place: pure, without clock or files; the tables lie in `data`.
//!
//! - [`CodiceFiscale`]: compute, check, decode, omocodia;
//! - [`compare`]: whether a code is that of a person, with a finding for each part that differs;
//! - [`places`]: municipalities and states with the periods in which they were so;
//! - [`Identifier`]: a codice fiscale, a provisional number, an STP or an ENI code;
//! - [`reading`]: dates and places as people write them.
//!
//! Every error and finding has an English text (`Display`) and a message key with arguments, for texts in other languages.

mod code;
mod compare;
mod identifier;
mod letters;
pub mod names;
mod omocodia;
mod parse;
pub mod places;
pub mod reading;

pub use code::{CodiceFiscale, Sex};
pub use compare::{Field, Finding, Record, compare};
pub use identifier::{Identifier, IdentifierError, check_digit};
pub use letters::{fold, given_letters, surname_letters};
pub use parse::CodiceFiscaleError;

/// Arguments of a message: name and value.
pub type Arguments = Vec<(&'static str, String)>;

#[cfg(test)]
mod tests;
