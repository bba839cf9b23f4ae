//! Names of persons as Italian records write them: particles, double names, married names, short forms, how they sound.

use crate::text::fold;
use std::collections::HashMap;
use std::sync::LazyLock;

/// Words that belong to the name that follows: *De Luca* and *Deluca*, *D'Amico* and *Damico*, *La Rosa* and *Larosa*.
const PARTICLES: &[&str] = &[
    "d", "da", "dal", "dall", "dalla", "dalle", "de", "degli", "dei", "del", "dell", "della", "delle", "dello", "di",
    "el", "la", "le", "li", "lo", "mac", "mc", "o", "san", "santa", "van", "von", "der", "al", "ben", "ait",
];

/// Words that say that a surname of marriage or of a dead husband follows.
const MARRIED: &[&str] = &["in", "ved", "vedova", "coniugata", "nata"];

/// Short and other forms of given names (`data/nicknames.tsv`, unverified).
static FORMS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    let lines = include_str!("../data/nicknames.tsv").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('\t'))
        .collect()
});

/// The words of a name, particles joined to what they belong to, words about a marriage left out, in the order they stand.
pub fn words(name: &str) -> Vec<String> {
    let folded = fold(name);
    let mut words: Vec<String> = vec![];
    let mut joined = String::new();
    let mut rest = folded.split(' ').filter(|word| !word.is_empty()).peekable();
    while let Some(word) = rest.next() {
        if MARRIED.contains(&word) && !words.is_empty() && rest.peek().is_some() {
            continue;
        }
        joined.push_str(word);
        if !PARTICLES.contains(&word) || rest.peek().is_none() {
            words.push(std::mem::take(&mut joined));
        }
    }
    words
}

/// The full form of a given name that has one, else the name.
pub fn full_form(word: &str) -> &str {
    FORMS.get(word).copied().unwrap_or(word)
}

/// How a word sounds to an Italian ear, roughly: the first letter's sound and the consonants that follow, doubles once;
/// *Nicolò* and *Nikolo*, *Giovanni* and *Jovani* are the same.
pub fn sound(word: &str) -> String {
    let letters: Vec<char> = fold(word).chars().filter(char::is_ascii_alphabetic).collect();
    let mut sounds = String::new();
    let mut at = 0;
    while at < letters.len() {
        let next = letters.get(at + 1).copied().unwrap_or(' ');
        let (sound, read) = match (letters[at], next) {
            ('c', 'h') | ('g', 'h') => (if letters[at] == 'c' { 'k' } else { 'g' }, 2),
            ('p', 'h') => ('f', 2),
            ('s', 'c' | 'h') if letters.get(at + 2).is_none_or(|c| "ei".contains(*c)) || next == 'h' => ('s', 2),
            ('g', 'e' | 'i') => ('j', 1),
            ('g', 'n') => ('n', 2),
            ('g', 'l') if letters.get(at + 2) == Some(&'i') => ('l', 2),
            ('c', 'e' | 'i') => ('c', 1),
            ('c' | 'k' | 'q', _) => ('k', 1),
            ('x' | 'z', _) => ('s', 1),
            ('w', _) => ('v', 1),
            ('y', _) => ('i', 1),
            ('h', _) => (' ', 1),
            (other, _) => (other, 1),
        };
        let vowel = "aeiou".contains(sound);
        if sound != ' ' && !sounds.ends_with(sound) && (!vowel || sounds.is_empty()) {
            sounds.push(sound);
        }
        at += read;
    }
    sounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn particles_belong_to_their_name() {
        assert_eq!(words("De Luca"), words("DELUCA"));
        assert_eq!(words("D’Amico"), words("D'Amico"));
        assert_eq!(words("d amico"), ["damico"]);
        assert_eq!(words("Della Rosa Bianchi"), ["dellarosa", "bianchi"]);
        assert_eq!(words("Rossi in Bianchi"), ["rossi", "bianchi"]);
        assert_eq!(words("Rossi ved. Verdi"), ["rossi", "verdi"]);
        assert_eq!(words("Di"), ["di"]);
        assert_eq!(words("In"), ["in"]);
        assert_eq!(words(" "), [""; 0]);
    }

    #[test]
    fn forms_and_sounds() {
        assert_eq!((full_form("peppe"), full_form("anna")), ("giuseppe", "anna"));
        assert_eq!(sound("Nicolò"), sound("Nikolo"));
        assert_eq!(sound("Giovanni"), sound("Jovani"));
        assert_eq!(sound("Filippo"), sound("Philipo"));
        assert_eq!(sound("Muhammad"), sound("Mohamed"));
        assert_ne!(sound("Carlo"), sound("Cesare"));
    }
}
