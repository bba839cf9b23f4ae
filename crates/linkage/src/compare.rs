//! Comparing two values of a field: how far they agree.

use crate::similar::{distance, jaro_winkler};
use crate::text;
use crate::{fiscal, names};

/// How the values of a field are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Names of persons: words in any order, one name of several, short forms, spelling.
    Name,
    /// Other names: places, streets.
    Text,
    /// A date, `YYYY-MM-DD` or `YYYYMMDD`.
    Date,
    /// A code of letters and digits, in which one or two may be mistaken.
    Code,
    /// A house number.
    Number,
    /// One of few values.
    Category,
}

/// How far two values agree. Which levels a field has depends on its [`Kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Level {
    /// One of them is missing: nothing is said.
    Missing = 0,
    /// They differ.
    Different = 1,
    /// Alike: Jaro-Winkler from 0.84 on, the same sound; a date with two parts of three the same; a code with two mistakes.
    Similar = 2,
    /// Almost the same: one letter or digit mistaken, put in, left out or exchanged with its neighbour, or Jaro-Winkler from
    /// 0.93 on.
    Close = 3,
    /// The same in another form: words in another order, one name of two, a short form; a date with day and month exchanged.
    Variant = 4,
    /// The value of the field that it is exchanged with.
    Exchanged = 5,
    /// The same.
    Same = 6,
}

impl Level {
    /// How many there are.
    pub const COUNT: usize = 7;

    /// All of them, by number.
    pub const ALL: [Level; Level::COUNT] = [
        Level::Missing,
        Level::Different,
        Level::Similar,
        Level::Close,
        Level::Variant,
        Level::Exchanged,
        Level::Same,
    ];

    /// Its name, for message keys.
    pub fn name(self) -> &'static str {
        match self {
            Level::Missing => "missing",
            Level::Different => "different",
            Level::Similar => "similar",
            Level::Close => "close",
            Level::Variant => "variant",
            Level::Exchanged => "exchanged",
            Level::Same => "same",
        }
    }
}

/// A value ready to be compared.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Prepared {
    /// What is compared; empty if missing. Two values with the same text are the same.
    pub text: Box<[u8]>,
    /// Its words in alphabetical order, short forms of given names in full.
    pub words: Box<[Box<[u8]>]>,
    /// How it sounds, as a number; 0 where that does not matter.
    pub sound: u32,
    /// Which letters and digits it has, a bit each.
    pub letters: u64,
    /// Which its words have.
    pub word_letters: u64,
}

/// A bit for each letter and digit of a text.
fn letters(text: &[u8]) -> u64 {
    text.iter().fold(0, |bits, byte| match byte {
        b'a'..=b'z' => bits | 1 << (byte - b'a'),
        b'0'..=b'9' => bits | 1 << (26 + byte - b'0'),
        _ => bits,
    })
}

fn bytes(text: &str) -> Box<[u8]> {
    text.as_bytes().into()
}

impl Prepared {
    /// Prepares a value.
    pub fn of(kind: Kind, value: &str) -> Prepared {
        let mut prepared = Prepared::read(kind, value.trim());
        prepared.letters = letters(&prepared.text);
        prepared.word_letters = prepared.words.iter().fold(0, |bits, word| bits | letters(word));
        prepared
    }

    fn read(kind: Kind, value: &str) -> Prepared {
        match kind {
            Kind::Name => {
                let words = names::words(value);
                let sound: String = words.first().map(|word| names::sound(word)).unwrap_or_default();
                let mut sorted: Vec<Box<[u8]>> = words.iter().map(|word| bytes(names::full_form(word))).collect();
                sorted.sort_unstable();
                Prepared {
                    text: bytes(&words.join(" ")),
                    words: sorted.into(),
                    sound: number(sound.as_bytes()),
                    ..Prepared::default()
                }
            }
            Kind::Text => {
                let text = text::fold(value);
                let mut words: Vec<Box<[u8]>> = text.split(' ').map(bytes).collect();
                words.sort_unstable();
                Prepared {
                    sound: number(names::sound(&text).as_bytes()),
                    text: bytes(&text),
                    words: words.into(),
                    ..Prepared::default()
                }
            }
            Kind::Date => Prepared {
                text: value.bytes().filter(u8::is_ascii_digit).collect(),
                ..Prepared::default()
            },
            Kind::Code | Kind::Number | Kind::Category => Prepared {
                text: bytes(&text::code(value)),
                ..Prepared::default()
            },
        }
    }
}

/// A number for some bytes (FNV-1a), never 0 for any.
pub(crate) fn number(bytes: &[u8]) -> u32 {
    if bytes.is_empty() {
        return 0;
    }
    let hash = bytes.iter().fold(0x811c_9dc5u32, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    });
    hash.max(1)
}

/// How far two different values agree.
pub(crate) fn level(kind: Kind, a: &Prepared, b: &Prepared) -> Level {
    // an edit brings in one letter and takes out one at most: with more of them different, it is far
    if matches!(kind, Kind::Code) && (a.letters ^ b.letters).count_ones() > 4 {
        return Level::Different;
    }
    match kind {
        Kind::Name => name(a, b),
        Kind::Text => words(a, b),
        Kind::Date => date(&a.text, &b.text),
        Kind::Code => code(&a.text, &b.text),
        Kind::Number => house_number(&a.text, &b.text),
        Kind::Category => Level::Different,
    }
}

/// Whether all words of one are words of the other; both are sorted.
fn contains(a: &Prepared, b: &Prepared) -> bool {
    let (few, many) = if a.words.len() <= b.words.len() { (a, b) } else { (b, a) };
    few.word_letters & !many.word_letters == 0 && few.words.iter().all(|word| many.words.binary_search(word).is_ok())
}

/// Whether the letters alone say that two texts are below 0.84 by Jaro-Winkler and more than one edit apart: a letter that the
/// other has not finds no like. (0.84 needs at least 0.733 by Jaro, to which the prefix adds four tenths of the rest at most.)
fn far(a: &Prepared, b: &Prepared) -> bool {
    let missing = |own: &Prepared, other: &Prepared| (own.letters & !other.letters).count_ones() as usize;
    let likes = |own: &Prepared, other: &Prepared| own.text.len().saturating_sub(missing(own, other));
    let matched = likes(a, b).min(likes(b, a));
    #[expect(clippy::cast_precision_loss, reason = "lengths of names")]
    let share = |text: &[u8]| matched as f32 / text.len() as f32;
    (share(&a.text) + share(&b.text) + 1.0) / 3.0 < 0.733 && (a.letters ^ b.letters).count_ones() > 2
}

fn name(a: &Prepared, b: &Prepared) -> Level {
    if contains(a, b) {
        return Level::Variant;
    }
    let alike = if far(a, b) { 0.0 } else { jaro_winkler(&a.text, &b.text) };
    if alike >= 0.93 || (alike > 0.0 && a.text.len() > 3 && b.text.len() > 3 && distance(&a.text, &b.text, 1) <= 1) {
        return Level::Close;
    }
    // an initial in the place of a name
    let initial = |short: &[u8], long: &[u8]| short.len() == 1 && long.first() == short.first();
    if alike >= 0.84 || (a.sound != 0 && a.sound == b.sound) || initial(&a.text, &b.text) || initial(&b.text, &a.text) {
        return Level::Similar;
    }
    Level::Different
}

fn words(a: &Prepared, b: &Prepared) -> Level {
    let contained = contains(a, b);
    let single = a.words.len().min(b.words.len()) == 1;
    if contained && !single {
        return Level::Variant;
    }
    let alike = if far(a, b) { 0.0 } else { jaro_winkler(&a.text, &b.text) };
    if alike >= 0.93 || (alike > 0.0 && a.text.len() > 4 && b.text.len() > 4 && distance(&a.text, &b.text, 1) <= 1) {
        return Level::Close;
    }
    if alike >= 0.84 || contained {
        return Level::Similar;
    }
    Level::Different
}

fn date(a: &[u8], b: &[u8]) -> Level {
    if a.len() != 8 || b.len() != 8 {
        return code(a, b);
    }
    let (year, month, day) = (a[..4] == b[..4], a[4..6] == b[4..6], a[6..] == b[6..]);
    if year && a[4..6] == b[6..] && a[6..] == b[4..6] {
        return Level::Variant;
    }
    let wrong = a.iter().zip(b).filter(|(a, b)| a != b).count();
    if wrong == 1 || distance(a, b, 1) <= 1 {
        return Level::Close;
    }
    if u8::from(year) + u8::from(month) + u8::from(day) == 2 || wrong == 2 {
        return Level::Similar;
    }
    Level::Different
}

fn code(a: &[u8], b: &[u8]) -> Level {
    // twins differ in a letter or two; a code whose check character fits was not mistaken in one
    if fiscal::is_sound(a) && fiscal::is_sound(b) {
        return Level::Different;
    }
    match distance(a, b, 2) {
        0 => Level::Same,
        1 => Level::Close,
        2 if a.len().min(b.len()) > 5 => Level::Similar,
        _ => Level::Different,
    }
}

fn house_number(a: &[u8], b: &[u8]) -> Level {
    let digits = |text: &[u8]| text.iter().take_while(|c| c.is_ascii_digit()).count();
    let same_digits = digits(a) > 0 && a[..digits(a)] == b[..digits(b)];
    if same_digits || distance(a, b, 1) <= 1 {
        Level::Close
    } else {
        Level::Different
    }
}
