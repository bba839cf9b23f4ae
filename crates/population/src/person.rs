//! A person, and a doctor.

use codicefiscale::{CodiceFiscale, Sex};
use jiff::civil::Date;

/// Somebody who lives in the region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Id of the resource: `abitante-` and a number that counts from 1 through the region.
    pub id: String,
    /// Family that they live in; counts from 1 through the region.
    pub family: u64,
    /// Surname.
    pub surname: String,
    /// Given names.
    pub given: String,
    /// Sex.
    pub sex: Sex,
    /// Day of birth.
    pub birth: Date,
    /// Belfiore code of the place of birth, `Z…` abroad.
    pub birthplace: String,
    /// Belfiore code of the state of citizenship, `None` for Italy.
    pub citizen_of: Option<&'static str>,
    /// Unique in the region.
    pub codice_fiscale: CodiceFiscale,
    /// Street and number.
    pub street: String,
    /// Name of the municipality.
    pub municipality: String,
    /// Letters of its province.
    pub province: String,
    /// ISTAT code of it.
    pub municipality_code: String,
    /// Id of the general practitioner or paediatrician.
    pub doctor: String,
}

/// A general practitioner (`mmg-…`) or a paediatrician (`pls-…`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doctor {
    /// Id of the resource: kind, Belfiore code of the municipality, number.
    pub id: String,
    /// Surname.
    pub surname: String,
    /// Given names.
    pub given: String,
    /// Sex.
    pub sex: Sex,
    /// Whether it is a paediatrician.
    pub children: bool,
}
