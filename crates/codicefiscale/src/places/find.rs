//! Finding a place by what people write of it.

use super::{Place, Places, table::in_any_order};
use crate::{Arguments, fold, reading};
use jiff::civil::Date;
use std::collections::BTreeSet;

/// Most places that are suggested.
const SUGGESTIONS: usize = 5;
/// From what similarity (Jaro-Winkler) on a place is suggested.
const SIMILAR: f64 = 0.86;

/// A place found by its name or code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    /// The place, in the period that holds the day asked for or lies nearest.
    pub place: &'a Place,
    /// Whether it was so on that day.
    pub in_force: bool,
}

/// Why a name is not one place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// No place has this name.
    #[error("no municipality or state is called '{text}'{}", suggestions(.similar))]
    Unknown {
        /// What was looked for.
        text: String,
        /// Places with a similar name.
        similar: Vec<Place>,
    },
    /// More than one have it.
    #[error("more than one municipality is called '{text}': {}; write the province, too", labels(.candidates))]
    Ambiguous {
        /// What was looked for.
        text: String,
        /// Which have it.
        candidates: Vec<Place>,
    },
}

impl PlaceError {
    /// Key of the message.
    pub fn key(&self) -> &'static str {
        match self {
            PlaceError::Unknown { similar, .. } if similar.is_empty() => "place-unknown",
            PlaceError::Unknown { .. } => "place-unknown-similar",
            PlaceError::Ambiguous { .. } => "place-ambiguous",
        }
    }

    /// Arguments of the message.
    pub fn arguments(&self) -> Arguments {
        let (PlaceError::Unknown { text, similar: places }
        | PlaceError::Ambiguous {
            text,
            candidates: places,
        }) = self;
        vec![("place", text.clone()), ("similar", labels(places))]
    }
}

fn suggestions(similar: &[Place]) -> String {
    if similar.is_empty() {
        String::new()
    } else {
        format!("; similar are {}", labels(similar))
    }
}

fn labels(places: &[Place]) -> String {
    let labels: Vec<String> = places
        .iter()
        .map(|place| format!("{} {}", place.label(), place.code))
        .collect();
    labels.join(", ")
}

impl Places {
    /// The place of a name (with or without province: `Roma`, `Roma (RM)`, `Roma, Italia`) or of a Belfiore code on a day.
    ///
    /// Case, accents and apostrophes do not count, except to choose between `Paternò` and `Paterno`; names in another order
    /// of their words are found, too. Of the same name, places that were in force on the day go before others, and without
    /// a day those of today.
    pub fn find(&self, text: &str, day: Option<Date>) -> Result<Found<'_>, PlaceError> {
        let (name, province) = reading::place(text);
        let code = name.to_ascii_uppercase();
        if !self.of_code(&code).is_empty() {
            let place = day.map_or_else(|| self.latest(&code), |day| self.at(&code, day));
            return Ok(found(place.expect("the code has periods"), day));
        }
        let folded = fold(name);
        let by_name = self
            .names
            .get(&folded)
            .or_else(|| self.words.get(&in_any_order(&folded)));
        let mut rows: Vec<&Place> = by_name
            .into_iter()
            .flatten()
            .map(|at| &self.rows[*at as usize])
            .collect();
        if let Some(province) = &province {
            rows.retain(|place| self.had_province(place.code, province));
        }
        if rows.is_empty() {
            return Err(PlaceError::Unknown {
                text: text.trim().to_owned(),
                similar: self.similar(name, day),
            });
        }
        choose(&rows, name, day).map_err(|candidates| PlaceError::Ambiguous {
            text: text.trim().to_owned(),
            candidates,
        })
    }

    fn had_province(&self, code: &str, province: &str) -> bool {
        self.of_code(code).iter().any(|place| place.province == province)
    }

    /// Places with a name like this one, the most similar first, each once: those in force on the day go before others of
    /// the same similarity. At most five.
    pub fn similar(&self, name: &str, day: Option<Date>) -> Vec<Place> {
        let folded = fold(name);
        let mut near: Vec<(i64, bool, &Place)> = vec![];
        for place in &self.rows {
            let near_name = |name: &&str| strsim::jaro_winkler(&folded, &fold(name));
            let alike = std::iter::once(&place.name)
                .chain(&place.others)
                .map(near_name)
                .fold(0.0, f64::max);
            if alike >= SIMILAR {
                #[expect(clippy::cast_possible_truncation, reason = "between 0 and 1000")]
                near.push((-(alike * 1_000.0) as i64, !valid(place, day), place));
            }
        }
        near.sort_by_key(|(alike, past, place)| (*alike, *past, std::cmp::Reverse(place.from)));
        let mut seen = BTreeSet::new();
        let once = near.into_iter().filter(|(_, _, place)| seen.insert(place.code));
        once.take(SUGGESTIONS).map(|(_, _, place)| place.clone()).collect()
    }
}

fn valid(place: &Place, day: Option<Date>) -> bool {
    day.map_or(place.to.is_none(), |day| place.in_force(day))
}

fn found<'a>(place: &'a Place, day: Option<Date>) -> Found<'a> {
    let in_force = valid(place, day);
    Found { place, in_force }
}

/// One of the rows, or those that cannot be told apart, each code once.
fn choose<'a>(rows: &[&'a Place], name: &str, day: Option<Date>) -> Result<Found<'a>, Vec<Place>> {
    let mut rows = rows.to_vec();
    let exact = |place: &&Place| place.name.to_lowercase() == name.trim().to_lowercase();
    // each preference holds only if somebody has it
    let prefer = |rows: &mut Vec<&'a Place>, has: &dyn Fn(&&Place) -> bool| {
        if rows.iter().any(has) {
            rows.retain(has);
        }
    };
    let all = rows.clone();
    prefer(&mut rows, &|place| valid(place, day));
    prefer(&mut rows, &exact);
    prefer(&mut rows, &|place| place.to.is_none());
    let mut codes: Vec<&Place> = vec![];
    for place in &rows {
        if !codes.iter().any(|other| other.code == place.code) {
            codes.push(place);
        }
    }
    let [one] = codes[..] else {
        return Err(codes.into_iter().cloned().collect());
    };
    // of its periods with this name: the one that holds the day, else the last before, else the first after
    let mut periods = all.into_iter().filter(|place| place.code == one.code);
    let place = match day {
        Some(day) => {
            let periods: Vec<&Place> = periods.collect();
            let holds = periods.iter().find(|place| place.in_force(day));
            let nearest = || {
                periods
                    .iter()
                    .rev()
                    .find(|place| place.from <= day)
                    .or_else(|| periods.first())
            };
            holds.or_else(nearest).copied()
        }
        None => periods.find(|place| place.to.is_none()),
    };
    Ok(found(place.unwrap_or(one), day))
}
