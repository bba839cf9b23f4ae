//! The codes by which the health service knows a person: codice fiscale, provisional number, STP, ENI.

use crate::{Arguments, CodiceFiscale, CodiceFiscaleError};

/// Regions and autonomous provinces by the three digits that STP and ENI codes begin with (ISTAT code and a zero, 041 and
/// 042 for Bolzano and Trento).
const REGIONS: [&str; 21] = [
    "010", "020", "030", "041", "042", "050", "060", "070", "080", "090", "100", "110", "120", "130", "140", "150",
    "160", "170", "180", "190", "200",
];

/// A code of a person, checked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identifier {
    /// Sixteen characters.
    Fiscal(CodiceFiscale),
    /// The provisional number of eleven digits, the last of them a check digit, which the tax office gives where data are
    /// missing (DPR 605/1973; NSIS, SDK Pronto Soccorso: campo AssistitoTipologiaCI).
    Provisional(String),
    /// *Straniero temporaneamente presente*: `STP` and thirteen digits: region (3), azienda (3), number (7).
    /// DPR 394/1999 art. 43; circolare of the Ministry of Health 5/2000 (its parts: `unverified`).
    Stp(String),
    /// *Europeo non iscritto*: `ENI`, as STP (`unverified`, by analogy).
    Eni(String),
}

/// What is wrong with a code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// Neither of the forms.
    #[error(
        "'{0}' is no code of a person: 16 letters and digits (codice fiscale), 11 digits (provisional), STP or ENI with 13 digits"
    )]
    Form(String),
    /// A codice fiscale that is wrong.
    #[error(transparent)]
    Fiscal(#[from] CodiceFiscaleError),
    /// The check digit of a provisional number is another.
    #[error("the check digit of the provisional number '{number}' should be {expected}: look for a misspelling")]
    CheckDigit {
        /// The number.
        number: String,
        /// The digit that the first ten make.
        expected: u8,
    },
    /// An STP or ENI code without thirteen digits.
    #[error("'{0}' is no STP or ENI code: three letters and 13 digits (region, azienda, number) are expected")]
    Digits(String),
    /// No such region.
    #[error("'{code}' begins with region '{region}', which does not exist: look for a misspelling")]
    Region {
        /// The code.
        code: String,
        /// Its first three digits.
        region: String,
    },
}

impl IdentifierError {
    /// Key of the message.
    pub fn key(&self) -> &'static str {
        match self {
            IdentifierError::Form(_) => "identifier-form",
            IdentifierError::Fiscal(error) => error.key(),
            IdentifierError::CheckDigit { .. } => "identifier-check-digit",
            IdentifierError::Digits(_) => "identifier-digits",
            IdentifierError::Region { .. } => "identifier-region",
        }
    }

    /// Arguments of the message.
    pub fn arguments(&self) -> Arguments {
        match self {
            IdentifierError::Form(code) | IdentifierError::Digits(code) => vec![("code", code.clone())],
            IdentifierError::Fiscal(error) => error.arguments(),
            IdentifierError::CheckDigit { number, expected } => {
                vec![("code", number.clone()), ("expected", expected.to_string())]
            }
            IdentifierError::Region { code, region } => vec![("code", code.clone()), ("region", region.clone())],
        }
    }

    /// Whether the broken rule is one that no source at hand confirms: then it is worth a notice, not a refusal.
    pub fn is_unverified(&self) -> bool {
        matches!(
            self,
            IdentifierError::Region { .. } | IdentifierError::CheckDigit { .. }
        )
    }
}

impl Identifier {
    /// Recognises and checks a code, typed with or without spaces and hyphens, in upper or lower case.
    pub fn read(text: &str) -> Result<Identifier, IdentifierError> {
        let separates = |c: &char| c.is_whitespace() || matches!(c, '-' | '.');
        let text: String = text.chars().filter(|c| !separates(c)).collect();
        let code = text.to_ascii_uppercase();
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if code.starts_with("STP") && code.len() == 16 && digits(&code[3..8]) {
            return foreigner(&code).map(Identifier::Stp);
        }
        if code.starts_with("ENI") && code.len() == 16 && digits(&code[3..8]) {
            return foreigner(&code).map(Identifier::Eni);
        }
        if digits(&code) && code.len() == 11 {
            return provisional(&code).map(Identifier::Provisional);
        }
        if code.chars().count() == 16 {
            return Ok(Identifier::Fiscal(CodiceFiscale::parse(&code)?));
        }
        Err(IdentifierError::Form(code))
    }

    /// The code, upper case, without separators.
    pub fn as_str(&self) -> &str {
        match self {
            Identifier::Fiscal(code) => code.as_str(),
            Identifier::Provisional(code) | Identifier::Stp(code) | Identifier::Eni(code) => code,
        }
    }

    /// Name of the kind: `codice-fiscale`, `provisional`, `stp` or `eni`.
    pub fn kind(&self) -> &'static str {
        match self {
            Identifier::Fiscal(_) => "codice-fiscale",
            Identifier::Provisional(_) => "provisional",
            Identifier::Stp(_) => "stp",
            Identifier::Eni(_) => "eni",
        }
    }
}

fn provisional(number: &str) -> Result<String, IdentifierError> {
    let expected = check_digit(&number.as_bytes()[..10]);
    if number.as_bytes()[10] == b'0' + expected {
        Ok(number.to_owned())
    } else {
        Err(IdentifierError::CheckDigit {
            number: number.to_owned(),
            expected,
        })
    }
}

fn foreigner(code: &str) -> Result<String, IdentifierError> {
    if !code[3..].bytes().all(|b| b.is_ascii_digit()) {
        return Err(IdentifierError::Digits(code.to_owned()));
    }
    let region = &code[3..6];
    if REGIONS.contains(&region) {
        Ok(code.to_owned())
    } else {
        Err(IdentifierError::Region {
            code: code.to_owned(),
            region: region.to_owned(),
        })
    }
}

/// The check digit of ten ASCII digits, which makes the Luhn sum of the eleven a multiple of ten: numeric codici fiscali
/// and partite IVA have it.
pub fn check_digit(first_ten: &[u8]) -> u8 {
    let sum: u32 = first_ten
        .iter()
        .enumerate()
        .map(|(at, byte)| {
            let digit = u32::from(byte.saturating_sub(b'0'));
            let doubled = digit * 2;
            if at % 2 == 0 {
                digit
            } else {
                doubled / 10 + doubled % 10
            }
        })
        .sum();
    u8::try_from((10 - sum % 10) % 10).expect("below ten")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_apart() {
        let kind = |text: &str| Identifier::read(text).map(|identifier| identifier.kind());
        assert_eq!(kind("rss mra 41r64 a455o"), Ok("codice-fiscale"));
        assert_eq!(kind("00177330073"), Ok("provisional"));
        assert_eq!(kind("STP1501050000123"), Ok("stp"));
        assert_eq!(kind("eni 150 105 0000123"), Ok("eni"));
        // a codice fiscale may begin with the same letters
        assert_eq!(
            kind("STPMRA41R64A455A").map_err(|error| error.key()),
            Err("fiscal-check")
        );
    }

    #[test]
    fn errors_name_the_part() {
        let error = |text: &str| Identifier::read(text).unwrap_err();
        assert_eq!(error("00177330074").key(), "identifier-check-digit");
        assert!(error("00177330074").is_unverified() && error("00177330074").to_string().contains("should be 3"));
        assert_eq!(error("STP9991050000123").arguments()[1], ("region", "999".into()));
        assert_eq!(error("STP15010500001AB").key(), "identifier-digits");
        assert_eq!(error("123").key(), "identifier-form");
    }
}
