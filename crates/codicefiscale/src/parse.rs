//! The form of a code.

use crate::Arguments;
use crate::code::{DIGITS, MONTHS};
use crate::letters::{check_character, plain_digit};
use jiff::civil::Date;

/// What is wrong with a tax code or with the data to make one of.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodiceFiscaleError {
    /// Not sixteen letters and digits.
    #[error("a codice fiscale has 16 letters and digits, this one has {0}; codes of 11 digits are provisional ones")]
    Length(usize),
    /// A character that cannot stand where it does.
    #[error("character {position} of the codice fiscale is '{found}': {expected} is expected there")]
    Character {
        /// Place, from 1.
        position: usize,
        /// What is there.
        found: char,
        /// What may be there.
        expected: &'static str,
    },
    /// The letters of surname or given name are in an order that no name makes.
    #[error("'{0}' cannot come from a name: consonants come first, then vowels, then X")]
    Name(String),
    /// No such day.
    #[error("the codice fiscale says day {day} of month {month}, which does not exist")]
    Date {
        /// Month, from 1.
        month: i8,
        /// Day of the month, without the 40 of women.
        day: i8,
    },
    /// The check character is another.
    #[error(
        "the check character of the codice fiscale is '{found}' and should be '{expected}': look for a misspelling"
    )]
    Check {
        /// What is there.
        found: char,
        /// What the other fifteen characters make.
        expected: char,
    },
    /// A name without any letter.
    #[error("'{0}' has no letter to make a codice fiscale of")]
    NoLetters(String),
    /// Not a Belfiore code.
    #[error("'{0}' is not a Belfiore code: a letter from A to M or Z, then three digits")]
    Place(String),
}

impl CodiceFiscaleError {
    /// Key of the message.
    pub fn key(&self) -> &'static str {
        match self {
            CodiceFiscaleError::Length(_) => "fiscal-length",
            CodiceFiscaleError::Character { .. } => "fiscal-character",
            CodiceFiscaleError::Name(_) => "fiscal-name",
            CodiceFiscaleError::Date { .. } => "fiscal-date",
            CodiceFiscaleError::Check { .. } => "fiscal-check",
            CodiceFiscaleError::NoLetters(_) => "fiscal-no-letters",
            CodiceFiscaleError::Place(_) => "fiscal-place",
        }
    }

    /// Arguments of the message.
    pub fn arguments(&self) -> Arguments {
        match self {
            CodiceFiscaleError::Length(length) => vec![("length", length.to_string())],
            CodiceFiscaleError::Character { position, found, .. } => {
                vec![("position", position.to_string()), ("found", found.to_string())]
            }
            CodiceFiscaleError::Name(name) | CodiceFiscaleError::NoLetters(name) => vec![("name", name.clone())],
            CodiceFiscaleError::Date { month, day } => vec![("month", month.to_string()), ("day", day.to_string())],
            CodiceFiscaleError::Check { found, expected } => {
                vec![("found", found.to_string()), ("expected", expected.to_string())]
            }
            CodiceFiscaleError::Place(place) => vec![("place", place.clone())],
        }
    }
}

/// Checks an upper-case text.
pub(crate) fn check(text: &str) -> Result<(), CodiceFiscaleError> {
    let length = text.chars().count();
    if length != 16 {
        return Err(CodiceFiscaleError::Length(length));
    }
    for (at, found) in text.chars().enumerate() {
        if let Some(expected) = expected(at, found) {
            return Err(CodiceFiscaleError::Character {
                position: at + 1,
                found,
                expected,
            });
        }
    }
    let code = text.as_bytes(); // all are ASCII by now
    for name in [&text[..3], &text[3..6]] {
        if !is_name(name.as_bytes()) {
            return Err(CodiceFiscaleError::Name(name.to_owned()));
        }
    }
    check_date(code)?;
    let place: Vec<u8> = code[11..15].iter().map(|c| plain_digit(*c).unwrap_or(*c)).collect();
    // the first is a letter, which may be one that omocodia uses, too
    if !is_place(&[&code[11..12], &place[1..]].concat()) {
        return Err(CodiceFiscaleError::Place(text[11..15].to_owned()));
    }
    let (found, expected) = (char::from(code[15]), check_character(code));
    if found == expected {
        Ok(())
    } else {
        Err(CodiceFiscaleError::Check { found, expected })
    }
}

/// What is expected at a place where `found` is wrong.
fn expected(at: usize, found: char) -> Option<&'static str> {
    let byte = u8::try_from(found).unwrap_or(0);
    if DIGITS.contains(&at) {
        return plain_digit(byte)
            .is_none()
            .then_some("a digit, or one of LMNPQRSTUV in its place,");
    }
    match at {
        8 => month(byte).is_none().then_some("a month letter (one of ABCDEHLMPRST)"),
        11 => (!matches!(byte, b'A'..=b'M' | b'Z')).then_some("a letter from A to M, or Z,"),
        _ => (!byte.is_ascii_uppercase()).then_some("a letter"),
    }
}

fn check_date(code: &[u8]) -> Result<(), CodiceFiscaleError> {
    let year = number(&code[6..8]).unwrap_or_default();
    let month = month(code[8]).unwrap_or_default();
    let day = number(&code[9..11]).unwrap_or_default();
    let day = if day > 40 { day - 40 } else { day };
    if day_exists(year, month, day) {
        Ok(())
    } else {
        Err(CodiceFiscaleError::Date { month, day })
    }
}

/// Month of a letter, from 1.
pub(crate) fn month(letter: u8) -> Option<i8> {
    MONTHS
        .iter()
        .zip(1..)
        .find_map(|(month, number)| (*month == letter).then_some(number))
}

/// Two digits, or the letters that omocodia put for them.
pub(crate) fn number(digits: &[u8]) -> Option<i8> {
    let digit = |c: &u8| plain_digit(*c).and_then(|digit| i8::try_from(digit - b'0').ok());
    Some(digit(digits.first()?)? * 10 + digit(digits.get(1)?)?)
}

/// A Belfiore code: a letter from A to M or Z and three digits, not 000.
pub(crate) fn is_place(place: &[u8]) -> bool {
    place.len() == 4
        && matches!(place[0], b'A'..=b'M' | b'Z')
        && place[1..].iter().all(u8::is_ascii_digit)
        && place[1..] != *b"000"
}

/// Consonants, then vowels, then X as filling (X is a consonant, too).
fn is_name(letters: &[u8]) -> bool {
    let is_vowel = |c: &u8| b"AEIOU".contains(c);
    let vowels = letters.iter().position(is_vowel);
    vowels.is_none_or(|first| letters[first..].iter().skip_while(|c| is_vowel(c)).all(|c| *c == b'X'))
}

/// Whether a day exists in a year with these last two digits, of any century.
fn day_exists(of_century: i8, month: i8, day: i8) -> bool {
    // 00 may be 2000, which was a leap year; the other years are leap in every century or in none
    Date::new(2000 + i16::from(of_century), month, day).is_ok()
}
