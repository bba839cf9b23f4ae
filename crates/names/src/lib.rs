//! Names of persons, pure: letters of any alphabet as plain Latin ones, the words of a name as Italian records write them, how a
//! word sounds, and the keys by which a search finds a person whose name is written otherwise.

mod key;
mod person;
pub mod text;

pub use key::{Key, MAX_WORDS};
pub use person::{full_form, sound, words};
