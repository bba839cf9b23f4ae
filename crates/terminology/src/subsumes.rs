//! How two codes of a code system relate (<https://hl7.org/fhir/R4/codesystem-operation-subsumes.html>).

use crate::{CodeSystem, TermError};

/// The relation of A to B.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subsumption {
    /// The same concept.
    Equivalent,
    /// A is above B.
    Subsumes,
    /// A is below B.
    SubsumedBy,
    /// Neither.
    NotSubsumed,
}

impl Subsumption {
    /// The code of the standard.
    pub fn code(self) -> &'static str {
        match self {
            Self::Equivalent => "equivalent",
            Self::Subsumes => "subsumes",
            Self::SubsumedBy => "subsumed-by",
            Self::NotSubsumed => "not-subsumed",
        }
    }
}

/// The relation of code `a` to code `b`.
///
/// # Errors
/// One of them is not in the code system.
pub fn subsumes(system: &CodeSystem, a: &str, b: &str) -> Result<Subsumption, TermError> {
    let find = |code: &str| {
        system.find(code).ok_or_else(|| TermError::UnknownCode {
            system: system.url().to_owned(),
            code: code.to_owned(),
        })
    };
    let (a, b) = (find(a)?, find(b)?);
    Ok(match (system.subsumes(a, b), system.subsumes(b, a)) {
        (true, true) => Subsumption::Equivalent,
        (true, false) => Subsumption::Subsumes,
        (false, true) => Subsumption::SubsumedBy,
        (false, false) => Subsumption::NotSubsumed,
    })
}
