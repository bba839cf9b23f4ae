//! How like what was asked a person is.

use super::person::Name;
use super::{Asked, Birth, Person};
use names::{full_form, sound};

/// How like what was asked a person is: 0 to 1 for the name, more for the date of birth, less for records that are closed.
pub(crate) fn likeness(asked: &Asked, person: &Person) -> f32 {
    let words = asked.words.len();
    let mut likeness = 0.0;
    if words > 0 {
        let of_names = person.name.iter().map(|name| of_name(asked, name));
        likeness += of_names.fold(0.0, f32::max);
    }
    if let Some(birth) = asked.birth {
        let born = person.birth_date();
        likeness += match birth {
            Birth::Day(day) if born == day.to_string() => 0.5,
            Birth::Day(_) => 0.0,
            other if born.starts_with(&other.fhir()) => 0.3,
            _ => 0.0,
        };
    }
    if person.is_inactive() {
        likeness -= 0.2;
    }
    likeness
}

fn of_name(asked: &Asked, name: &Name) -> f32 {
    let mut theirs: Vec<String> = names::words(name.family());
    let surnames = theirs.len();
    theirs.extend(names::words(&name.given()));
    if theirs.is_empty() {
        theirs = names::words(name.text());
    }
    let mut total = 0.0;
    for (at, word) in asked.words.iter().enumerate() {
        let likes = theirs.iter().enumerate().map(|(place, own)| {
            // Surname first is how a registry writes it: of two that are alike it is the likelier.
            let in_order = (at == 0) == (place < surnames);
            of_word(word, own) - if in_order { 0.0 } else { 0.01 }
        });
        total += likes.fold(0.0, f32::max);
    }
    // A person with many names that were not asked for is less like.
    let spare = theirs.len().saturating_sub(asked.words.len());
    total / asked.words.len() as f32 - 0.02 * spare.min(5) as f32
}

fn of_word(asked: &str, own: &str) -> f32 {
    if asked == own {
        return 1.0;
    }
    if full_form(asked) == full_form(own) {
        return 0.95;
    }
    if own.starts_with(asked) {
        return 0.9;
    }
    let alike = linkage::jaro_winkler(asked.as_bytes(), own.as_bytes());
    let sounds = if sound(asked) == sound(own) { 0.15 } else { 0.0 };
    alike * 0.7 + sounds
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_likeliest_comes_first() {
        let asked = Asked::of("rossi mario 12/3/1946", jiff::civil::date(2026, 11, 22));
        let person = |family: &str, given: &str, born: &str| -> Person {
            let person = json!({"name": [{"family": family, "given": [given]}], "birthDate": born});
            serde_json::from_value(person).unwrap()
        };
        let order = [
            person("Rossi", "Mario", "1946-03-12"),
            person("Rosi", "Mario", "1946-03-12"),
            person("Rossi", "Mario", "1950-01-01"),
            person("Mario", "Rossi", "1950-01-01"),
            person("Rossi", "Mario Ugo", "1950-01-01"),
            person("Rosi", "Maria", "1950-01-01"),
        ];
        let likes: Vec<f32> = order.iter().map(|person| likeness(&asked, person)).collect();
        assert!(likes.is_sorted_by(|a, b| a > b), "{likes:?}");
    }
}
