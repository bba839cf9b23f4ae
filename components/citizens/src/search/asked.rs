//! What somebody wrote into the search box, taken apart.

use codicefiscale::{CodiceFiscale, Identifier};
use jiff::civil::Date;

/// Characters read; the rest is left out.
const MAX_CHARS: usize = 200;
/// Words of a name looked for.
const MAX_WORDS: usize = 5;

/// A date of birth, as precise as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Birth {
    /// A day.
    Day(Date),
    /// Year and month.
    Month(i16, i8),
    /// A year.
    Year(i16),
}

impl Birth {
    /// The year, which is always known.
    pub fn year(self) -> i16 {
        match self {
            Birth::Day(day) => day.year(),
            Birth::Month(year, _) | Birth::Year(year) => year,
        }
    }

    /// As FHIR writes it.
    pub fn fhir(self) -> String {
        match self {
            Birth::Day(day) => day.to_string(),
            Birth::Month(year, month) => format!("{year:04}-{month:02}"),
            Birth::Year(year) => format!("{year:04}"),
        }
    }
}

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Words of the name, folded, particles joined to what they belong to.
    pub words: Vec<String>,
    /// Date of birth.
    pub birth: Option<Birth>,
    /// A code, upper case without separators.
    pub code: Option<String>,
    /// Digits of a telephone number.
    pub phone: Option<String>,
}

const MONTHS: [&str; 12] = [
    "gennaio",
    "febbraio",
    "marzo",
    "aprile",
    "maggio",
    "giugno",
    "luglio",
    "agosto",
    "settembre",
    "ottobre",
    "novembre",
    "dicembre",
];

impl Asked {
    /// Takes a text apart; `today` tells the century of years written with two digits.
    pub fn of(text: &str, today: Date) -> Self {
        let text: String = text.chars().take(MAX_CHARS).collect();
        if let Some(code) = whole_code(&text) {
            return Self {
                code: Some(code),
                ..Self::default()
            };
        }
        let tokens: Vec<&str> = text
            .split([' ', '\t', ',', ';', '\u{a0}'])
            .filter(|token| !token.is_empty())
            .collect();
        let mut asked = Self::default();
        let (mut name, mut digits) = (String::new(), String::new());
        let mut at = 0;
        while at < tokens.len() {
            let (birth, read) = birth(&tokens[at..], today);
            if let Some(birth) = birth.filter(|_| asked.birth.is_none()) {
                asked.birth = Some(birth);
                at += read;
                continue;
            }
            let token = tokens[at];
            match code(token) {
                Some(code) => asked.code = Some(code),
                None if is_number(token) => digits.push_str(token),
                None => {
                    name.push(' ');
                    name.push_str(token);
                }
            }
            at += 1;
        }
        let phone = fhir::phone_digits(&digits);
        asked.phone = (phone.len() >= 6).then_some(phone);
        asked.words = names::words(&name);
        asked.words.truncate(MAX_WORDS);
        asked
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The code under every form that omocodia allows, the written and the base one first.
    pub fn code_forms(&self) -> Vec<String> {
        let Some(code) = &self.code else { return vec![] };
        let mut forms = vec![code.clone()];
        if let Ok(fiscal) = CodiceFiscale::parse(code) {
            let others = fiscal.forms().into_iter().map(|form| form.as_str().to_owned());
            forms.extend(others.filter(|form| form != code));
        }
        forms
    }
}

/// A code typed in groups: `RSS MRA 41R64 A455O`.
fn whole_code(text: &str) -> Option<String> {
    let identifier = Identifier::read(text).ok()?;
    (identifier.kind() != "provisional").then(|| identifier.as_str().to_owned())
}

/// A token that can only be a code: long, letters and digits or many digits.
fn code(token: &str) -> Option<String> {
    let plain: String = token
        .chars()
        .filter(|c| !matches!(c, '-' | '.'))
        .collect::<String>()
        .to_ascii_uppercase();
    let digits = plain.bytes().filter(u8::is_ascii_digit).count();
    let fits = plain.bytes().all(|b| b.is_ascii_alphanumeric());
    let mixed = plain.len() >= 11 && digits >= 3 && digits < plain.len();
    // Numbers of telephones have at most 15 digits, those of cards 20.
    let card = digits == plain.len() && digits >= 16;
    (fits && (mixed || card)).then_some(plain)
}

fn is_number(token: &str) -> bool {
    let fits = |c: char| c.is_ascii_digit() || "+-/.()".contains(c);
    token.chars().all(fits) && token.bytes().any(|b| b.is_ascii_digit())
}

/// A date at the start of the tokens, and how many it takes.
fn birth(tokens: &[&str], today: Date) -> (Option<Birth>, usize) {
    let token = tokens[0];
    if let Some(day) = day(token, today) {
        return (Some(Birth::Day(day)), 1);
    }
    if let Some((month, year)) = token.split_once(['/', '-', '.'])
        && let (Some(month), Some(year)) = (number(month, 2), self::year(year, today))
        && (1..=12).contains(&month)
    {
        return (Some(Birth::Month(year, i8::try_from(month).unwrap_or(1))), 1);
    }
    if let [first, second, third, ..] = tokens
        && let (Some(day), Some(month), Some(year)) = (number(first, 2), month(second), year(third, today))
    {
        let day = i8::try_from(day).unwrap_or_default();
        return (Date::new(year, month, day).ok().map(Birth::Day), 3);
    }
    if let [first, second, ..] = tokens
        && let (Some(month), Some(year)) = (month(first), year(second, today))
    {
        return (Some(Birth::Month(year, month)), 2);
    }
    if token.len() == 4
        && let Some(year) = year(token, today)
    {
        return (Some(Birth::Year(year)), 1);
    }
    (None, 0)
}

/// `12/3/1946`, `12.03.46`, `1946-03-12`, `12031946`.
fn day(token: &str, today: Date) -> Option<Date> {
    let plausible = |day: &Date| (1880..=today.year()).contains(&day.year()) && *day <= today;
    if let Some(day) = codicefiscale::reading::date(token).filter(plausible) {
        return Some(day);
    }
    if token.len() == 8 && token.bytes().all(|b| b.is_ascii_digit()) {
        let part = |range: std::ops::Range<usize>| token[range].parse::<i16>().ok();
        let (day, month, year) = (part(0..2)?, part(2..4)?, part(4..8)?);
        let found = Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok();
        return found.filter(plausible);
    }
    let parts: Vec<&str> = token.split(['/', '-', '.']).collect();
    let [day, month, short] = parts[..] else { return None };
    if short.len() != 2 {
        return None;
    }
    let year = year(short, today)?;
    let (day, month) = (
        i8::try_from(number(day, 2)?).ok()?,
        i8::try_from(number(month, 2)?).ok()?,
    );
    Date::new(year, month, day).ok().filter(plausible)
}

/// A year of four digits, or of two: the latest that is not to come.
fn year(text: &str, today: Date) -> Option<i16> {
    let number = number(text, 4)?;
    let year = match text.len() {
        4 => number,
        2 => {
            let here = today.year() / 100 * 100 + number;
            if here > today.year() { here - 100 } else { here }
        }
        _ => return None,
    };
    (1880..=today.year()).contains(&year).then_some(year)
}

fn number(text: &str, most: usize) -> Option<i16> {
    let fits = !text.is_empty() && text.len() <= most && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| fits)
}

fn month(text: &str) -> Option<i8> {
    let text = text.to_lowercase();
    let at = MONTHS
        .iter()
        .position(|name| *name == text || (text.len() >= 3 && name.starts_with(&text)))?;
    i8::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn asked(text: &str) -> Asked {
        Asked::of(text, date(2026, 11, 22))
    }

    #[test]
    fn names_and_dates_in_italian_forms() {
        let day = Some(Birth::Day(date(1946, 3, 12)));
        for text in [
            "De Luca Carmela 12/03/1946",
            "12-3-46 de luca carmela",
            "De Luca, Carmela, 12 marzo 1946",
            "de luca 1946-03-12 carmela",
            "deluca càrmela 12031946",
            "DE LUCA CARMELA 12.3.1946",
        ] {
            let asked = asked(text);
            assert_eq!(asked.birth, day, "{text}");
            assert_eq!(asked.words, ["deluca", "carmela"], "{text}");
        }
        assert_eq!(asked("rossi 1950").birth, Some(Birth::Year(1950)));
        assert_eq!(asked("rossi marzo 1950").birth, Some(Birth::Month(1950, 3)));
        assert_eq!(asked("rossi 03/1950").birth, Some(Birth::Month(1950, 3)));
        assert_eq!(asked("rossi 31/02/1950").birth, None);
    }

    #[test]
    fn codes_and_numbers() {
        assert_eq!(asked("rss mra 41r64 a455o").code.as_deref(), Some("RSSMRA41R64A455O"));
        assert_eq!(
            asked("rossi RSSMRA41R64A455O").code.as_deref(),
            Some("RSSMRA41R64A455O")
        );
        assert_eq!(asked("STP1501050000123").code.as_deref(), Some("STP1501050000123"));
        assert_eq!(
            asked("80380000300000000001").code.as_deref(),
            Some("80380000300000000001")
        );
        // A code with a wrong check character is looked for as it stands.
        assert_eq!(asked("RSSMRA41R64A455X").code.as_deref(), Some("RSSMRA41R64A455X"));
        assert_eq!(asked("+39 081 555 1234").phone.as_deref(), Some("0815551234"));
        assert_eq!(asked("rossi 333-1234567").phone.as_deref(), Some("3331234567"));
        assert_eq!(asked("RSSMRA41R64A455O").code_forms().len(), 128);
        assert!(asked("  ").is_empty());
    }
}
