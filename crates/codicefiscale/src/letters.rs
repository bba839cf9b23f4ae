//! Letters of names, omocodia and the check character.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Letters that stand for the digits 0 to 9 in omocodia.
const OMOCODIA: &[u8; 10] = b"LMNPQRSTUV";

/// Values of 0–9 and A–Z in odd places (the first is odd); a letter counts as the digit of the same rank here.
const ODD: [u16; 36] = [
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, // 0-9
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23, // A-Z
];

/// The check character of the first fifteen.
pub(crate) fn check_character(code: &[u8]) -> char {
    let sum: u16 = code
        .iter()
        .take(15)
        .enumerate()
        .map(|(at, c)| value(*c, at % 2 == 0))
        .sum();
    char::from(b'A' + u8::try_from(sum % 26).expect("below 26"))
}

fn value(c: u8, odd: bool) -> u16 {
    let rank = if c.is_ascii_digit() { c - b'0' } else { c - b'A' };
    match (odd, c.is_ascii_digit()) {
        (true, true) => ODD[usize::from(rank)],
        (true, false) => ODD[usize::from(rank) + 10],
        (false, _) => u16::from(rank),
    }
}

/// The digit that a digit or an omocodia letter stands for.
pub(crate) fn plain_digit(c: u8) -> Option<u8> {
    if c.is_ascii_digit() {
        return Some(c);
    }
    OMOCODIA
        .iter()
        .zip(b'0'..)
        .find_map(|(letter, digit)| (*letter == c).then_some(digit))
}

/// The letter that stands for a digit; letters stay.
pub(crate) fn omocode_letter(digit: u8) -> u8 {
    if digit.is_ascii_digit() {
        OMOCODIA[usize::from(digit - b'0')]
    } else {
        digit
    }
}

/// The three letters of a surname: consonants, then vowels, then X; `XXX` of no name. `None` if a name has no letter that
/// has a place in the Latin alphabet.
pub fn surname_letters(surname: &str) -> Option<String> {
    if surname.trim().is_empty() {
        return Some("XXX".into());
    }
    let (consonants, vowels) = sorted(surname);
    three(consonants.chain(vowels))
}

/// The three letters of a given name: as for surnames, but of four or more consonants the second is left out.
pub fn given_letters(given: &str) -> Option<String> {
    if given.trim().is_empty() {
        return Some("XXX".into());
    }
    let (consonants, vowels) = sorted(given);
    let many = consonants.clone().count() > 3;
    three(
        consonants
            .enumerate()
            .filter(move |(at, _)| !(many && *at == 1))
            .map(|(_, c)| c)
            .chain(vowels),
    )
}

type Letters = std::vec::IntoIter<char>;

fn sorted(name: &str) -> (Letters, Letters) {
    let (vowels, consonants): (Vec<char>, Vec<char>) = latin(name).partition(|c| "AEIOU".contains(*c));
    (consonants.into_iter(), vowels.into_iter())
}

fn three(letters: impl Iterator<Item = char>) -> Option<String> {
    let mut letters = letters.peekable();
    letters.peek()?;
    Some(letters.chain(std::iter::repeat('X')).take(3).collect())
}

/// Plain capitals: accents, apostrophes and spaces fall away; letters that no accent makes are spelt out.
fn latin(name: &str) -> impl Iterator<Item = char> + '_ {
    name.nfd().flat_map(char::to_uppercase).flat_map(|c| {
        let spelt = match c {
            'Æ' => "AE",
            'Œ' => "OE",
            'Ø' => "O",
            'Đ' | 'Ð' => "D",
            'Ł' => "L",
            'Þ' => "TH",
            'ẞ' => "SS",
            'A'..='Z' => return vec![c].into_iter(),
            _ => "",
        };
        spelt.chars().collect::<Vec<_>>().into_iter()
    })
}

/// A text as it is compared: lower case, without accents; whatever is no letter or digit separates words, by one space.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text
        .nfd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
    {
        if c.is_alphanumeric() {
            folded.push(c);
        } else if !folded.ends_with(' ') && !folded.is_empty() {
            folded.push(' ');
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}
