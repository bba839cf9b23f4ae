//! The people of a synthetic region: as many of each age and sex in each municipality as the census counts, in families with names,
//! addresses, places of birth, codici fiscali and general practitioners that could be. Nobody in it exists.
//!
//! Pure: no clock, no files; the same region, scale and seed give the same people. What is in memory is the counts of one
//! municipality, one family, and eight bytes for each codice fiscale given out (real ones are unique: who would get one that is
//! taken gets the next form of omocodia, as from the tax office).
//!
//! Age, sex and municipality are exact at scale 1; how people live together, are called and where they were born is invented from
//! tables marked `unverified` (`data/README.md`).

mod birth;
mod family;
mod fhir;
mod names;
mod person;
mod region;
mod table;

pub use person::{Doctor, Person};
pub use region::{Region, Residents};
pub use table::{Municipality, PopulationError, REGIONS};

#[cfg(test)]
mod tests;
