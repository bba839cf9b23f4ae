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
