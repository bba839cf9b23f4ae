//! Reading the table (`data/places.tsv`).

use super::{Place, Places};
use crate::fold;
use jiff::civil::Date;
use std::collections::HashMap;

/// Words that are left out when names are compared whatever their order.
const LITTLE: &[&str] = &[
    "a", "ad", "al", "alla", "d", "da", "de", "degli", "dei", "del", "dell", "della", "delle", "dello", "di", "e",
    "il", "in", "l", "la", "le", "lo", "nel", "nell", "nella", "of", "sul", "sull", "sulla", "the",
];

pub(super) fn read() -> Places {
    let rows: Vec<Place> = include_str!("../../data/places.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| row(line).unwrap_or_else(|| panic!("places.tsv has a line that cannot be read: {line}")))
        .collect();
    let (mut names, mut words): (HashMap<String, Vec<u32>>, HashMap<String, Vec<u32>>) = Default::default();
    for (at, place) in (0u32..).zip(&rows) {
        for name in std::iter::once(&place.name).chain(&place.others) {
            let folded = fold(name);
            words.entry(in_any_order(&folded)).or_default().push(at);
            names.entry(folded).or_default().push(at);
        }
    }
    Places { rows, names, words }
}

fn row(line: &'static str) -> Option<Place> {
    let mut fields = line.split('\t');
    let mut next = || fields.next();
    Some(Place {
        code: next()?,
        from: day(next()?)?,
        to: match next()? {
            "" => None,
            last => Some(day(last)?),
        },
        name: next()?,
        province: next()?,
        others: next().map(|others| others.split('|').collect()).unwrap_or_default(),
    })
}

fn day(text: &str) -> Option<Date> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}

/// The words of a folded name that say something, in alphabetical order.
pub(super) fn in_any_order(folded: &str) -> String {
    let mut words: Vec<&str> = folded.split(' ').filter(|word| !LITTLE.contains(word)).collect();
    words.sort_unstable();
    words.join(" ")
}
