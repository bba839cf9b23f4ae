//! Keys of a name: what stands in an index so that one walk of neighbouring rows finds surname and given name, in any order.

use crate::{sound, words};

/// Words of a surname, and of the given names, that have keys. Further ones are not found.
pub const MAX_WORDS: usize = 4;

/// What is kept of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// Its letters: the start of the last word asked for is enough.
    Words,
    /// Its sound: whole words only, for the start of a word does not sound as the word.
    Sound,
}

impl Key {
    /// The keys of a name, without repeats: each word of the surname with each given name, in both orders, and words of one
    /// side that follow each other. A side that is empty leaves the pairs of the other, a lone word itself.
    pub fn of_name(self, family: &str, given: &str) -> Vec<String> {
        let (family, given) = (self.parts(family), self.parts(given));
        let mut keys: Vec<String> = vec![];
        let mut add = |key: String| {
            if !keys.contains(&key) {
                keys.push(key);
            }
        };
        for (first, second) in family.iter().flat_map(|f| given.iter().map(move |g| (f, g))) {
            add(self.join(first, second));
            add(self.join(second, first));
        }
        for side in [&family, &given] {
            side.windows(2).for_each(|pair| add(self.join(&pair[0], &pair[1])));
        }
        if let ([alone], []) | ([], [alone]) = (&family[..], &given[..]) {
            add(self.one(alone));
        }
        if family.is_empty() || given.is_empty() {
            // Which word is the surname is not known: whatever stands first is found with each of the others.
            for side in [&family, &given] {
                side.windows(2).for_each(|pair| add(self.join(&pair[1], &pair[0])));
                side.iter().skip(2).for_each(|word| add(self.join(&side[0], word)));
                side.iter().skip(2).for_each(|word| add(self.join(word, &side[0])));
            }
        }
        keys
    }

    /// The start of every key that a search for these words finds. `None` where nothing of them can be searched.
    ///
    /// # Errors
    /// How many words there are, when more than two: a key holds two.
    pub fn asked(self, text: &str) -> Result<Option<String>, usize> {
        let parts = self.all(text);
        match &parts[..] {
            [] => Ok(None),
            [word] => Ok(Some(self.one(word))),
            [first, second] => Ok(Some(self.join(first, second))),
            more => Err(more.len()),
        }
    }

    /// As [`Key::of_name`], each key after the year of birth: who has a name and was born in a year is one walk, too.
    /// `birth` is a FHIR date; without a year in it there are no keys.
    pub fn of_born(self, birth: &str, family: &str, given: &str) -> Vec<String> {
        match year(birth) {
            Some(year) => {
                let keys = self.of_name(family, given).into_iter();
                keys.map(|key| format!("{year} {key}")).collect()
            }
            None => vec![],
        }
    }

    /// The start of every key of [`Key::of_born`] that a search for a year and one or two words finds.
    ///
    /// # Errors
    /// How many words there are beside the year, when more than two; 0 where the year or every word is missing.
    pub fn asked_born(self, text: &str) -> Result<Option<String>, usize> {
        let (first, rest) = text.trim().split_once(' ').ok_or(0usize)?;
        let year = year(first).filter(|year| *year == first).ok_or(0usize)?;
        Ok(self.asked(rest)?.map(|start| format!("{year} {start}")))
    }

    fn all(self, text: &str) -> Vec<String> {
        let parts = words(text).into_iter().map(|word| match self {
            Key::Words => word,
            Key::Sound => sound(&word),
        });
        parts.filter(|part| !part.is_empty()).collect()
    }

    fn parts(self, text: &str) -> Vec<String> {
        let mut parts = self.all(text);
        parts.truncate(MAX_WORDS);
        parts
    }

    /// A sound ends where it ends; letters may go on.
    fn one(self, word: &str) -> String {
        match self {
            Key::Words => word.to_owned(),
            Key::Sound => format!("{word} "),
        }
    }

    fn join(self, first: &str, second: &str) -> String {
        self.one(&format!("{first} {second}"))
    }
}

/// The year of a FHIR date.
fn year(date: &str) -> Option<&str> {
    let year = date.get(..4)?;
    let ends = matches!(date.as_bytes().get(4), None | Some(b'-'));
    (ends && year.bytes().all(|byte| byte.is_ascii_digit())).then_some(year)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(key: Key, asked: &str, family: &str, given: &str) -> bool {
        let start = key.asked(asked).unwrap().unwrap();
        key.of_name(family, given).iter().any(|key| key.starts_with(&start))
    }

    #[test]
    fn a_name_is_found_in_any_order_and_by_its_start() {
        for asked in [
            "de luca carmela",
            "Carmela De Luca",
            "DELUCA car",
            "carmela del",
            "de luca",
            "carm",
            "Càrmela",
        ] {
            assert!(finds(Key::Words, asked, "De Luca", "Carmela"), "{asked}");
        }
        assert!(!finds(Key::Words, "luca carmelo", "De Luca", "Carmela"));
        assert!(finds(Key::Words, "maria rita", "Rossi", "Maria Rita"));
        assert!(finds(Key::Words, "rita rossi", "Rossi", "Maria Rita"));
        assert!(finds(Key::Words, "bianchi anna", "Rossi Bianchi", "Anna"));
    }

    #[test]
    fn a_name_is_found_within_a_year_of_birth() {
        let born = |key: Key, asked: &str, birth: &str| {
            let start = key.asked_born(asked).unwrap().unwrap();
            key.of_born(birth, "De Luca", "Carmela")
                .iter()
                .any(|key| key.starts_with(&start))
        };
        for asked in ["1946 carmela de luca", "1946 deluca car", "1946 carm"] {
            assert!(born(Key::Words, asked, "1946-03-12"), "{asked}");
            assert!(born(Key::Words, asked, "1946"), "{asked}");
            assert!(!born(Key::Words, asked, "1947-03-12"), "{asked}");
        }
        assert!(born(Key::Sound, "1946 karmela deluka", "1946-03-12"));
        assert_eq!(Key::Words.of_born("", "Rossi", "Ugo"), [""; 0]);
        assert_eq!(Key::Words.of_born("19461", "Rossi", "Ugo"), [""; 0]);
        assert_eq!(Key::Words.asked_born("1946 -"), Ok(None));
        assert_eq!(Key::Words.asked_born("1946"), Err(0));
        assert_eq!(Key::Words.asked_born("rossi 1946"), Err(0));
        assert_eq!(Key::Words.asked_born("1946 a b c"), Err(3));
    }

    #[test]
    fn sounds_are_whole() {
        assert!(finds(Key::Sound, "Filippo Nikolo", "Nicolò", "Philipo"));
        assert!(finds(Key::Sound, "Nicolo", "Nicolò", "Filippo"));
        assert!(!finds(Key::Sound, "Rossi", "Rosanti", "Ugo"));
    }

    #[test]
    fn names_of_one_part_have_keys_too() {
        assert_eq!(Key::Words.of_name("Madonna", ""), ["madonna"]);
        assert!(finds(Key::Words, "rossi paolo", "", "Dott. Paolo Rossi"));
        assert_eq!(Key::Words.of_name("", "-"), [""; 0]);
        assert_eq!(Key::Sound.asked(" "), Ok(None));
        assert_eq!(Key::Words.asked("a b c"), Err(3));
        assert!(Key::Words.of_name("a b c e f g", "h i j k l m").len() <= 2 * 16 + 6);
    }
}
