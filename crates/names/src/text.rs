//! Texts as they are compared: plain lower-case Latin letters, digits and single spaces.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Letters that are no Latin letter with an accent, as travel documents write them (ICAO Doc 9303-3, section 6: Cyrillic
/// and Latin; Greek by ISO 843 as passports use it).
const LETTERS: &[(char, &str)] = &[
    ('æ', "ae"),
    ('œ', "oe"),
    ('ø', "o"),
    ('đ', "d"),
    ('ð', "d"),
    ('ł', "l"),
    ('þ', "th"),
    ('ß', "ss"),
    ('ı', "i"),
    ('ŋ', "n"),
    ('ħ', "h"),
    ('а', "a"),
    ('б', "b"),
    ('в', "v"),
    ('г', "g"),
    ('ґ', "g"),
    ('д', "d"),
    ('е', "e"),
    ('є', "ie"),
    ('ж', "zh"),
    ('з', "z"),
    ('и', "i"),
    ('і', "i"),
    ('к', "k"),
    ('л', "l"),
    ('м', "m"),
    ('н', "n"),
    ('о', "o"),
    ('п', "p"),
    ('р', "r"),
    ('с', "s"),
    ('т', "t"),
    ('у', "u"),
    ('ф', "f"),
    ('х', "kh"),
    ('ц', "ts"),
    ('ч', "ch"),
    ('ш', "sh"),
    ('щ', "shch"),
    ('ъ', "ie"),
    ('ы', "y"),
    ('ь', ""),
    ('э', "e"),
    ('ю', "iu"),
    ('я', "ia"),
    ('ђ', "d"),
    ('ј', "j"),
    ('љ', "lj"),
    ('њ', "nj"),
    ('ћ', "c"),
    ('џ', "dz"),
    ('α', "a"),
    ('β', "v"),
    ('γ', "g"),
    ('δ', "d"),
    ('ε', "e"),
    ('ζ', "z"),
    ('η', "i"),
    ('θ', "th"),
    ('ι', "i"),
    ('κ', "k"),
    ('λ', "l"),
    ('μ', "m"),
    ('ν', "n"),
    ('ξ', "x"),
    ('ο', "o"),
    ('π', "p"),
    ('ρ', "r"),
    ('σ', "s"),
    ('ς', "s"),
    ('τ', "t"),
    ('υ', "y"),
    ('φ', "f"),
    ('χ', "ch"),
    ('ψ', "ps"),
    ('ω', "o"),
];

/// A text in plain lower-case letters: accents and apostrophes fall away, letters of other alphabets are transliterated,
/// anything else separates words by one space.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    if text.is_ascii() {
        // Nearly all names: nothing to take apart.
        text.chars().for_each(|c| push(&mut folded, c.to_ascii_lowercase()));
    } else {
        let letters = text.nfd().filter(|c| !is_combining_mark(*c));
        letters.flat_map(char::to_lowercase).for_each(|c| push(&mut folded, c));
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// Adds a lower-case letter without an accent as it is compared.
fn push(folded: &mut String, c: char) {
    match c {
        'a'..='z' | '0'..='9' => folded.push(c),
        '\'' | '’' | 'ʼ' | '`' => {}
        _ => match LETTERS.iter().find(|(letter, _)| *letter == c) {
            Some((_, latin)) => folded.push_str(latin),
            None if !folded.is_empty() && !folded.ends_with(' ') => folded.push(' '),
            None => {}
        },
    }
}

/// The letters and digits of a text, upper or lower case the same, nothing between them: codes and numbers.
pub fn code(text: &str) -> String {
    fold(text).replace(' ', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accents_apostrophes_and_alphabets() {
        for (text, folded) in [
            ("D'Àmico  Nicolò", "damico nicolo"),
            ("Müller-Großkopf", "muller grosskopf"),
            ("Юлия Щербакова", "iuliia shcherbakova"),
            (" (Ødegård) ", "odegard"),
            ("", ""),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
        assert_eq!(code("rss-mra 41R64"), "rssmra41r64");
    }
}
