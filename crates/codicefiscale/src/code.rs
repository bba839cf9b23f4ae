//! A code: computed from a person's data, checked, decoded.

use crate::letters::{check_character, given_letters, omocode_letter, plain_digit, surname_letters};
use crate::parse::{self, CodiceFiscaleError};
use crate::places::places;
use jiff::civil::Date;

/// Positions that hold digits, in the order in which omocodia replaces them.
pub(crate) const DIGITS: [usize; 7] = [14, 13, 12, 10, 9, 7, 6];

/// Letters of the months, from January.
pub(crate) const MONTHS: &[u8; 12] = b"ABCDEHLMPRST";

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
pub struct CodiceFiscale(pub(crate) String);

impl CodiceFiscale {
    /// Checks form, date of birth and check character. Lower case and spaces around are accepted.
    pub fn parse(text: &str) -> Result<CodiceFiscale, CodiceFiscaleError> {
        let text = text.trim().to_ascii_uppercase();
        parse::check(&text)?;
        Ok(CodiceFiscale(text))
    }

    /// As [`CodiceFiscale::parse`], of a text as people type it: spaces, hyphens and full stops in between fall away.
    pub fn read(text: &str) -> Result<CodiceFiscale, CodiceFiscaleError> {
        let separates = |c: &char| c.is_whitespace() || matches!(c, '-' | '.' | '\u{2011}');
        CodiceFiscale::parse(&text.chars().filter(|c| !separates(c)).collect::<String>())
    }

    /// The code that these data make (before any omocodia). A person with one name only has an empty surname or given
    /// name, which makes `XXX`.
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
        if surname.trim().is_empty() && given.trim().is_empty() {
            return Err(no_letters(""));
        }
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

    /// Date of birth. The code has two digits of the year: of the dates that exist and are not after `today` the latest is
    /// taken, unless the place of birth was one then no more and was one a century before. So a person of more than a
    /// hundred years appears a century younger, where the place does not tell. `None` if there is no date in the century of
    /// `today` and the one before.
    pub fn birth_date(&self, today: Date) -> Option<Date> {
        let of_century = i16::from(self.number(6));
        let century = today.year() / 100 * 100;
        let date = |century: i16| Date::new(century + of_century, self.month(), self.day()).ok();
        let (late, early) = (date(century).filter(|date| *date <= today), date(century - 100));
        let (Some(late), Some(early)) = (late, early) else {
            return late.or(early).filter(|date| *date <= today);
        };
        let place = self.place();
        let periods = places().of_code(&place);
        let existed = |day: Date| periods.iter().any(|place| place.in_force(day));
        Some(if !existed(late) && existed(early) { early } else { late })
    }

    /// Belfiore code of the place of birth.
    pub fn place(&self) -> String {
        self.plain()[11..15].to_owned()
    }

    /// The three letters of the surname.
    pub fn surname(&self) -> &str {
        &self.0[..3]
    }

    /// The three letters of the given name.
    pub fn given(&self) -> &str {
        &self.0[3..6]
    }

    /// The last two digits of the year of birth.
    pub fn year_of_century(&self) -> i8 {
        self.number(6)
    }

    /// Month of birth, from 1.
    pub fn month(&self) -> i8 {
        parse::month(self.0.as_bytes()[8]).expect("checked when it was made")
    }

    /// Day of the month of birth.
    pub fn day(&self) -> i8 {
        let day = self.number(9);
        if day > 40 { day - 40 } else { day }
    }

    /// The two digits that start at `at`.
    fn number(&self, at: usize) -> i8 {
        parse::number(&self.0.as_bytes()[at..at + 2]).expect("checked when it was made")
    }

    pub(crate) fn plain(&self) -> String {
        let mut code = self.0.clone().into_bytes();
        for at in DIGITS {
            code[at] = plain_digit(code[at]).expect("checked when it was made");
        }
        code.into_iter().map(char::from).collect()
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
