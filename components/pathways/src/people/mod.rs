//! Invented people for the demo region: names common in Campania, valid codici fiscali, clinical courses with years of
//! observations. Everything follows from a seed and the day taken as today, so the same call gives the same people.

mod course;
mod generate;
mod history;
mod names;
mod places;
mod resources;

pub use course::{Control, Course, Eye, Foot, Insulin, Therapy};
pub use generate::{Person, Sex, generate};
pub(crate) use history::number;
pub use history::{history, lab_report};
pub use places::{Comune, comuni};
pub use resources::{conditions, medications, patient};

/// System of the codice fiscale (HL7 Italia base profile).
pub const CODICE_FISCALE: &str = "http://hl7.it/sid/codiceFiscale";
/// System of LOINC codes.
pub const LOINC: &str = "http://loinc.org";
/// System of UCUM units.
pub const UCUM: &str = "http://unitsofmeasure.org";
