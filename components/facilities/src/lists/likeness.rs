//! How alike names of structures are: words weighed by how rare they are in the registry (TF-IDF), each taken for the word that is
//! most like it (soft TF-IDF; Cohen, Ravikumar, Fienberg, *A comparison of string distance metrics for name-matching tasks*, 2003).

use super::rules::rules;
use crate::fold::fold;
use crate::model::Facility;
use std::cell::RefCell;
use std::collections::HashMap;

/// How alike two words must be to be taken for the same.
const WORDS: f64 = 0.9;
/// Share of a name's weight that must remain when the municipality's words are left out of it.
const REST: f64 = 0.4;
/// Words of a name that are looked at.
const MOST: usize = 24;

/// The words of a name, written out and without those that say nothing.
pub fn words(name: &str) -> Vec<String> {
    let folded = fold(name);
    let mut joined: Vec<String> = Vec::new();
    let mut letters = String::new();
    // Points part letters: `S.p.A.` is one word, if the rules know it; else they stay initials.
    let end = |letters: &mut String, joined: &mut Vec<String>| {
        let mut rest = letters.as_str();
        while !rest.is_empty() {
            let known = (2..=rest.len())
                .rev()
                .find(|at| rest.get(..*at).is_some_and(|word| rules().words.contains_key(word)));
            let first = rest.chars().next().map_or(1, char::len_utf8);
            let (word, after) = rest.split_at(known.unwrap_or(first));
            joined.push(word.to_owned());
            rest = after;
        }
        letters.clear();
    };
    for word in folded.split(' ').take(MOST) {
        if word.chars().count() == 1 {
            letters.push_str(word);
        } else {
            end(&mut letters, &mut joined);
            joined.push(word.to_owned());
        }
    }
    end(&mut letters, &mut joined);
    let mut made: Vec<String> = Vec::new();
    for word in joined {
        match rules().words.get(&word) {
            Some(other) => made.extend(other.split(' ').filter(|word| !word.is_empty()).map(str::to_owned)),
            None => made.push(word),
        }
    }
    let mut seen = std::collections::HashSet::new();
    made.retain(|word| seen.insert(word.clone()));
    made
}

/// How alike two words are; nothing below [`WORDS`], but for beginnings.
fn alike(one: &str, other: &str) -> Option<f64> {
    if one == other {
        return Some(1.0);
    }
    let (short, long) = if one.len() < other.len() {
        (one, other)
    } else {
        (other, one)
    };
    if long.starts_with(short) {
        return match short.len() {
            0 => None,
            1 => Some(0.4),
            2 => Some(0.6),
            _ => Some(0.92),
        };
    }
    if short.len() < 4 || short.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let like = f64::from(linkage::jaro_winkler(one.as_bytes(), other.as_bytes()));
    (like >= WORDS).then_some(like)
}

/// A name of a structure, or of its other names.
struct Document {
    facility: usize,
    /// Words by their place in the index, with their weight; the squares of a whole sum to one.
    words: HashMap<usize, f64>,
}

/// The names of a registry.
pub struct Index {
    words: Vec<String>,
    weights: Vec<f64>,
    /// Weight of a word that no structure has.
    unknown: f64,
    documents: Vec<Document>,
    /// Which documents have a word.
    having: Vec<Vec<usize>>,
    /// Words that are like a word, as they were found.
    like: RefCell<HashMap<String, Vec<(usize, f64)>>>,
}

impl Index {
    /// Of all structures, whose places are as in `all`.
    pub fn of(all: &[Facility]) -> Self {
        let mut names: Vec<(usize, Vec<String>)> = Vec::new();
        for (at, one) in all.iter().enumerate() {
            let city = words(&one.city);
            for name in std::iter::once(&one.name).chain(&one.aliases) {
                let whole = words(name);
                let rest: Vec<String> = whole.iter().filter(|word| !city.contains(word)).cloned().collect();
                if rest.len() < whole.len() && !rest.is_empty() {
                    names.push((at, rest));
                }
                names.push((at, whole));
            }
        }
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut list: Vec<String> = Vec::new();
        let mut in_how_many: Vec<std::collections::HashSet<usize>> = Vec::new();
        for (facility, name) in &names {
            for word in name {
                let at = *places.entry(word.clone()).or_insert_with(|| {
                    list.push(word.clone());
                    in_how_many.push(std::collections::HashSet::new());
                    list.len() - 1
                });
                in_how_many[at].insert(*facility);
            }
        }
        let rare = |count: usize| (1.0 + all.len() as f64 / count.max(1) as f64).ln();
        let mut made = Self {
            weights: in_how_many.iter().map(|facilities| rare(facilities.len())).collect(),
            unknown: rare(1),
            having: vec![Vec::new(); list.len()],
            words: list,
            documents: Vec::new(),
            like: RefCell::default(),
        };
        for (facility, name) in names {
            made.add(facility, &name, &places);
        }
        made
    }

    fn add(&mut self, facility: usize, name: &[String], places: &HashMap<String, usize>) {
        let at: Vec<usize> = name.iter().filter_map(|word| places.get(word).copied()).collect();
        let norm = at.iter().map(|word| self.weights[*word].powi(2)).sum::<f64>().sqrt();
        for word in &at {
            self.having[*word].push(self.documents.len());
        }
        let words = at.iter().map(|word| (*word, self.weights[*word] / norm)).collect();
        self.documents.push(Document { facility, words });
    }

    fn like(&self, word: &str) -> Vec<(usize, f64)> {
        if let Some(found) = self.like.borrow().get(word) {
            return found.clone();
        }
        let all = self.words.iter().enumerate();
        let found: Vec<(usize, f64)> = all.filter_map(|(at, other)| Some((at, alike(word, other)?))).collect();
        self.like.borrow_mut().insert(word.to_owned(), found.clone());
        found
    }

    /// How much a word says: as much as the rarest one it stands for.
    fn weight(&self, like: &[(usize, f64)]) -> f64 {
        let exact = like.iter().find(|(_, how)| *how == 1.0);
        let known = exact.or_else(|| like.iter().max_by(|a, b| a.1.total_cmp(&b.1)));
        known.map_or(self.unknown, |(at, _)| self.weights[*at])
    }

    /// How alike the structures are to a name, by their places; those that share no word are left out. `city`: the municipality
    /// that stands beside the name.
    pub fn find(&self, name: &str, city: &str) -> HashMap<usize, f64> {
        let whole = words(name);
        let mut found = self.compare(&whole);
        let city = words(city);
        let rest: Vec<String> = whole.iter().filter(|word| !city.contains(word)).cloned().collect();
        let total = |words: &[String]| {
            words
                .iter()
                .map(|word| self.weight(&self.like(word)).powi(2))
                .sum::<f64>()
        };
        if rest.len() < whole.len() && !rest.is_empty() && total(&rest) >= REST * total(&whole) {
            for (facility, score) in self.compare(&rest) {
                let best = found.entry(facility).or_default();
                *best = best.max(score);
            }
        }
        found
    }

    fn compare(&self, name: &[String]) -> HashMap<usize, f64> {
        let likes: Vec<Vec<(usize, f64)>> = name.iter().map(|word| self.like(word)).collect();
        let weights: Vec<f64> = likes.iter().map(|like| self.weight(like)).collect();
        let norm = weights.iter().map(|weight| weight.powi(2)).sum::<f64>().sqrt();
        let mut scores: HashMap<usize, f64> = HashMap::new();
        for (like, weight) in likes.iter().zip(&weights) {
            let mut best: HashMap<usize, f64> = HashMap::new();
            for (word, how) in like {
                for document in &self.having[*word] {
                    let score = how * weight / norm * self.documents[*document].words[word];
                    let known = best.entry(*document).or_default();
                    *known = known.max(score);
                }
            }
            for (document, score) in best {
                *scores.entry(document).or_default() += score;
            }
        }
        let mut found: HashMap<usize, f64> = HashMap::new();
        for (document, score) in scores {
            let best = found.entry(self.documents[document].facility).or_default();
            *best = best.max(score.min(1.0));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::Register;
    use crate::seed::resources;

    #[test]
    fn names_are_written_out() {
        for (name, expected) in [
            ("P.O. S.ANNA", "presidio ospedale san anna"),
            ("Casa di Cura S.R.L. 'Villa Fiorita'", "casa cura villa fiorita"),
            ("A.O.R.N. SANTOBONO-PAUSILIPON", "azienda ospedale santobono pausilipon"),
            ("PRESIDIO OSPEDALIERO S.G.MOSCATI", "presidio ospedale san g moscati"),
        ] {
            assert_eq!(words(name).join(" "), expected, "{name}");
        }
    }

    #[test]
    fn a_structure_is_found_by_another_spelling_before_any_other() {
        let register = Register::of(&resources());
        let index = Index::of(register.all());
        for (name, city, expected) in [
            ("Ospedale Antonio Cardarelli", "Napoli", "hsp-150901"),
            ("Ospedale San Giuseppe Moscati", "Aversa", "hsp-150013"),
            ("Clinica Mediteranea", "Napoli", "hsp-150095"),
            ("Ospedale L. Curto", "Polla", "hsp-150160"),
        ] {
            let found = index.find(name, city);
            let best = found.iter().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
            assert_eq!(register.all()[*best.0].id, expected, "{name}: {best:?}");
            assert!(*best.1 > 0.5, "{name}: {best:?}");
        }
    }
}
