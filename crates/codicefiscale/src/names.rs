//! Given names that make three letters.

use crate::{Sex, given_letters};
use std::collections::HashMap;
use std::sync::LazyLock;

static NAMES: LazyLock<HashMap<String, Vec<(Sex, &'static str)>>> = LazyLock::new(|| {
    let mut by_letters: HashMap<String, Vec<(Sex, &'static str)>> = HashMap::new();
    for line in include_str!("../data/names.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let (sex, name) = line.split_once('\t').expect("names.tsv: sex and name");
        let sex = if sex == "F" { Sex::Female } else { Sex::Male };
        let letters = given_letters(name).expect("names.tsv: a name has letters");
        by_letters.entry(letters).or_default().push((sex, name));
    }
    by_letters
});

/// Names in use in Italy whose letters in a codice fiscale are these, of one sex or of both, each once.
pub fn of_letters(letters: &str, sex: Option<Sex>) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = vec![];
    for (of, name) in NAMES.get(letters).into_iter().flatten() {
        if sex.is_none_or(|sex| sex == *of) && !names.contains(name) {
            names.push(name);
        }
    }
    names
}

/// Every name of the table with its sex.
pub fn all() -> impl Iterator<Item = (Sex, &'static str)> {
    let mut all: Vec<(Sex, &'static str)> = NAMES.values().flatten().copied().collect();
    all.sort_unstable_by_key(|(sex, name)| (*sex == Sex::Female, *name));
    all.into_iter()
}
