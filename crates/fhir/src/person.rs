//! Search parameters that find people by names written otherwise, and by telephone numbers.

use crate::SearchParam;
use names::Key;

/// The standard's own definitions.
const STANDARD: &str = "http://hl7.org/fhir/SearchParameter/";
/// Sinfonia's parameters `fullname`, `fullname-born` and `phonetic-born`.
const WORDS: &str = "https://sinfonia.it/fhir/SearchParameter/individual-fullname";
const BORN_WORDS: &str = "https://sinfonia.it/fhir/SearchParameter/patient-fullname-born";
const BORN_SOUND: &str = "https://sinfonia.it/fhir/SearchParameter/patient-phonetic-born";

/// The keys of a parameter that searches people by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NameKey {
    /// Of the name alone.
    Name(Key),
    /// Of the year of birth and the name.
    Born(Key),
}

impl NameKey {
    /// The start of every key that a search for this text finds; `None` where nothing of it can be searched.
    ///
    /// # Errors
    /// What the text should have been.
    pub fn asked(self, text: &str) -> Result<Option<String>, &'static str> {
        match self {
            Self::Name(key) => key.asked(text).map_err(|_| "one or two words of a name"),
            Self::Born(key) => key
                .asked_born(text)
                .map_err(|_| "a year of birth, then one or two words of a name (1946 rossi mario)"),
        }
    }
}

impl SearchParam {
    /// The keys of names that this parameter searches: R4's `phonetic` by sound, Sinfonia's `fullname` by letters, and both
    /// within a year of birth.
    pub fn name_key(&self) -> Option<NameKey> {
        match self.url {
            WORDS => Some(NameKey::Name(Key::Words)),
            BORN_WORDS => Some(NameKey::Born(Key::Words)),
            BORN_SOUND => Some(NameKey::Born(Key::Sound)),
            url if self.code == "phonetic" && url.starts_with(STANDARD) => Some(NameKey::Name(Key::Sound)),
            _ => None,
        }
    }
}

/// The digits of a telephone number as it is dialled in Italy: without spaces, signs and the country's own prefix.
pub fn phone_digits(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let abroad = number.trim_start().starts_with('+');
    let home = match abroad {
        true => digits.strip_prefix("39"),
        false => digits.strip_prefix("0039"),
    };
    match home {
        Some(home) if home.len() >= 6 => home.to_owned(),
        _ => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Definitions, IndexValue, extract};
    use serde_json::json;

    #[test]
    fn numbers_are_found_however_they_are_written() {
        for number in ["081 555 1234", "+39 081-5551234", "0039 0815551234", "081/5551234"] {
            assert_eq!(phone_digits(number), "0815551234", "{number}");
        }
        assert_eq!(phone_digits("+44 20 7946 0000"), "442079460000");
    }

    #[test]
    fn a_person_is_entered_by_words_and_sounds_in_both_orders() {
        let r4 = Definitions::r4();
        let patient = json!({"resourceType": "Patient", "name": [{"family": "D'Àmico", "given": ["Nicolò"]}],
            "birthDate": "1946-03-12",
            "telecom": [{"system": "phone", "value": "333 12 34 567"}]});
        let found = extract(r4, &patient).unwrap();
        let of = |code: &str| -> Vec<String> {
            let id = r4.param("Patient", code).unwrap().id;
            let entries = found.entries.iter().filter(|entry| entry.param == id);
            let text = entries.map(|entry| match &entry.value {
                IndexValue::String { normalized, .. } => normalized.clone(),
                IndexValue::Token { code, .. } => code.clone(),
                other => panic!("{other:?}"),
            });
            text.collect()
        };
        assert_eq!(of("fullname"), ["damico nicolo", "nicolo damico"]);
        assert_eq!(of("phonetic"), ["dmk nkl ", "nkl dmk "]);
        assert_eq!(of("fullname-born"), ["1946 damico nicolo", "1946 nicolo damico"]);
        assert_eq!(of("phonetic-born"), ["1946 dmk nkl ", "1946 nkl dmk "]);
        assert_eq!(of("phone"), ["333 12 34 567", "3331234567"]);
        assert_eq!(of("family"), ["d amico"]);
    }
}
