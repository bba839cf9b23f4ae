//! The Italian tax code of a person, codice fiscale (decreto ministeriale 23 dicembre 1976, n. 13813).
//!
//! Sixteen characters: three of the surname, three of the given name, year, month and day of birth with the sex, the
//! place of birth (its Belfiore code), a check character. Two people with the same code are told apart by *omocodia*:
//! digits, from the right, become letters.

mod letters;
mod parse;

pub use letters::{given_letters, surname_letters};

use crate::date::days_in_month;
use jiff::civil::Date;
use letters::{check_character, omocode_letter, plain_digit};

/// Positions that hold digits, in the order in which omocodia replaces them.
const DIGITS: [usize; 7] = [14, 13, 12, 10, 9, 7, 6];

/// Letters of the months, from January.
const MONTHS: &[u8; 12] = b"ABCDEHLMPRST";

/// Sex as the tax code knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sex {
    /// M.
    Male,
    /// F: 40 is added to the day of birth.
    Female,
}

/// A tax code whose form, date and check character are right. Whether it was ever issued only the tax office knows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CodiceFiscale(String);

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

impl CodiceFiscale {
    /// Checks form, date of birth and check character. Lower case and spaces around are accepted.
    pub fn parse(text: &str) -> Result<CodiceFiscale, CodiceFiscaleError> {
        let text = text.trim().to_ascii_uppercase();
        parse::check(&text)?;
        Ok(CodiceFiscale(text))
    }

    /// The code that these data make (before any omocodia).
    ///
    /// `belfiore` is the code of the comune, or of the foreign state (`Z…`), of birth.
    pub fn compute(
        surname: &str,
        given: &str,
        birth: Date,
        sex: Sex,
        belfiore: &str,
    ) -> Result<CodiceFiscale, CodiceFiscaleError> {
        let no_letters = |name: &str| CodiceFiscaleError::NoLetters(name.to_owned());
        let surname = surname_letters(surname).ok_or_else(|| no_letters(surname))?;
        let given = given_letters(given).ok_or_else(|| no_letters(given))?;
        let place = belfiore.trim().to_ascii_uppercase();
        if !parse::is_place(place.as_bytes()) {
            return Err(CodiceFiscaleError::Place(belfiore.to_owned()));
        }
        let month = char::from(MONTHS[usize::from(birth.month().unsigned_abs()) - 1]);
        let day = birth.day() + if sex == Sex::Female { 40 } else { 0 };
        let mut code = format!(
            "{surname}{given}{:02}{month}{day:02}{place}",
            birth.year().rem_euclid(100)
        );
        code.push(check_character(code.as_bytes()));
        Ok(CodiceFiscale(code))
    }

    /// The sixteen characters, upper case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The code without omocodia: letters in the place of digits are digits again, with the check character they make.
    /// Two codes of the same data have the same base.
    pub fn base(&self) -> CodiceFiscale {
        let mut code = self.plain();
        code.truncate(15);
        code.push(check_character(code.as_bytes()));
        CodiceFiscale(code)
    }

    /// Whether digits were replaced by letters.
    pub fn is_omocode(&self) -> bool {
        DIGITS.iter().any(|at| self.0.as_bytes()[*at].is_ascii_alphabetic())
    }

    /// The variant in which the digits at these `places` (0 is the rightmost of the seven) are letters.
    pub fn omocode(&self, places: &[usize]) -> CodiceFiscale {
        let mut code = self.plain().into_bytes();
        for at in places.iter().filter_map(|place| DIGITS.get(*place)) {
            code[*at] = omocode_letter(code[*at]);
        }
        let mut code: String = code[..15].iter().copied().map(char::from).collect();
        code.push(check_character(code.as_bytes()));
        CodiceFiscale(code)
    }

    /// Sex.
    pub fn sex(&self) -> Sex {
        if self.number(9) > 40 { Sex::Female } else { Sex::Male }
    }

    /// Date of birth. The code has two digits of the year: the latest date that exists and is not after `today` is
    /// taken, so that a person of more than a hundred years appears a century younger. `None` if there is none in the
    /// century of `today` and the one before.
    pub fn birth_date(&self, today: Date) -> Option<Date> {
        let month = self.month();
        let day = self.day();
        let of_century = self.number(6);
        let century = today.year() / 100 * 100;
        [century + i16::from(of_century), century - 100 + i16::from(of_century)]
            .into_iter()
            .filter_map(|year| Date::new(year, month, day).ok())
            .find(|date| *date <= today)
    }

    /// Belfiore code of the place of birth.
    pub fn place(&self) -> String {
        self.plain()[11..15].to_owned()
    }

    /// Whether the code, omocodia aside, is the one that these data make: says what differs by its parts.
    pub fn matches(&self, surname: &str, given: &str, birth: Date, sex: Sex) -> Mismatch {
        let code = self.plain();
        let month = usize::from(birth.month().unsigned_abs()) - 1;
        Mismatch {
            surname: surname_letters(surname).as_deref() != Some(&code[..3]),
            given: given_letters(given).as_deref() != Some(&code[3..6]),
            birth: i16::from(self.number(6)) != birth.year().rem_euclid(100)
                || code.as_bytes()[8] != MONTHS[month]
                || self.day() != birth.day(),
            sex: self.sex() != sex,
        }
    }

    fn month(&self) -> i8 {
        parse::month(self.0.as_bytes()[8]).expect("checked when it was made")
    }

    fn day(&self) -> i8 {
        let day = self.number(9);
        if day > 40 { day - 40 } else { day }
    }

    /// The two digits that start at `at`.
    fn number(&self, at: usize) -> i8 {
        parse::number(&self.0.as_bytes()[at..at + 2]).expect("checked when it was made")
    }

    fn plain(&self) -> String {
        let mut code = self.0.clone().into_bytes();
        for at in DIGITS {
            code[at] = plain_digit(code[at]).expect("checked when it was made");
        }
        code.into_iter().map(char::from).collect()
    }
}

/// Which parts of a code differ from a person's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mismatch {
    /// Surname.
    pub surname: bool,
    /// Given name.
    pub given: bool,
    /// Date of birth.
    pub birth: bool,
    /// Sex.
    pub sex: bool,
}

impl Mismatch {
    /// Whether all parts agree.
    pub fn is_none(self) -> bool {
        self == Mismatch::default()
    }
}

impl std::fmt::Display for CodiceFiscale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::str::FromStr for CodiceFiscale {
    type Err = CodiceFiscaleError;

    fn from_str(text: &str) -> Result<CodiceFiscale, CodiceFiscaleError> {
        CodiceFiscale::parse(text)
    }
}

/// Whether a day exists in a year with these last two digits, of any century.
fn day_exists(of_century: i8, month: i8, day: i8) -> bool {
    // 00 may be 2000, which was a leap year; the other years are leap in every century or in none
    (1..=days_in_month(2000 + i64::from(of_century), i64::from(month))).contains(&i64::from(day))
}

#[cfg(test)]
mod tests;
