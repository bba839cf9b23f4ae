//! The structures of Campania that the ministry lists: region, ASL, inpatient structures and their buildings. Loaded as often as one
//! likes: what is there already, and what people have changed since, stays as it is.

pub(crate) mod ministry;
mod write;

pub use ministry::resources;
pub use write::{Seeded, write};

use component::{Fhir, PeerError};

/// Loads the ministry's tables.
///
/// # Errors
/// The hub refuses a resource, or does not answer.
pub async fn seed(fhir: &Fhir) -> Result<Seeded, PeerError> {
    write(fhir, &resources()).await
}
