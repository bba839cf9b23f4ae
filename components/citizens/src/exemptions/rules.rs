//! `rules/esenzioni.tsv`, `rules/esenzioni.json` and `rules/elenco-mef.json`, read once.

use jiff::civil::Date;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// A kind of exemption.
#[derive(Debug, Deserialize)]
pub(super) struct Kind {
    pub kind: String,
    prefixes: Vec<String>,
    it: String,
    en: String,
    /// `31-march`, `asked`, `optional`, `open`.
    pub ends: String,
    /// Whether people declare it themselves.
    pub declared: bool,
    /// `all` services, or `related` ones only.
    pub covers: String,
    pub source: String,
    pub status: String,
}

impl Kind {
    /// In a language.
    pub fn of(&self, lang: web::Lang) -> &str {
        match lang {
            web::Lang::It => &self.it,
            web::Lang::En => &self.en,
        }
    }
}

#[derive(Debug, Deserialize)]
struct Ages {
    code: String,
    below: Option<i64>,
    above: Option<i64>,
}

/// The legal text of a self-certification.
#[derive(Debug, Deserialize)]
pub(super) struct Declaration {
    pub version: String,
    it: String,
    en: String,
    pub source: String,
}

impl Declaration {
    /// In a language.
    pub fn of(&self, lang: web::Lang) -> &str {
        match lang {
            web::Lang::It => &self.it,
            web::Lang::En => &self.en,
        }
    }
}

/// All of it.
#[derive(Debug, Deserialize)]
pub(super) struct Rules {
    pub kinds: Vec<Kind>,
    ages: Vec<Ages>,
    /// Days before the end when people are told.
    pub notice_days: i64,
    pub declaration: Declaration,
}

/// Columns of the list of the ministry.
#[derive(Debug, Deserialize)]
pub(super) struct ListLayout {
    pub separator: char,
    pub columns: BTreeMap<String, String>,
    pub status: String,
}

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../rules/esenzioni.json")).expect("rules/esenzioni.json is well formed")
});
static LIST: LazyLock<ListLayout> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../rules/elenco-mef.json")).expect("rules/elenco-mef.json is well formed")
});
static CODES: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| {
    let lines = include_str!("../../rules/esenzioni.tsv").lines().skip(1);
    lines.filter_map(|line| line.split_once('\t')).collect()
});

/// The rules.
pub(super) fn rules() -> &'static Rules {
    &RULES
}

/// The layout of the list.
pub(super) fn list() -> &'static ListLayout {
    &LIST
}

/// The text of a code; `None`: there is no such code.
pub(super) fn text(code: &str) -> Option<&'static str> {
    CODES.get(code).copied()
}

/// Codes and texts that hold some words, at most `most`.
pub(super) fn find(words: &str, most: usize) -> Vec<(&'static str, &'static str)> {
    let folded = codicefiscale::fold(words.trim());
    let fits = |one: &(&str, &str)| {
        codicefiscale::fold(one.0).starts_with(&folded) || codicefiscale::fold(one.1).contains(&folded)
    };
    CODES
        .iter()
        .map(|(code, text)| (*code, *text))
        .filter(fits)
        .take(most)
        .collect()
}

/// Codes that people declare themselves.
pub(super) fn declared() -> Vec<(&'static str, &'static str)> {
    CODES
        .iter()
        .map(|(code, text)| (*code, *text))
        .filter(|one| kind(one.0).declared)
        .collect()
}

/// The kind of a code.
pub(super) fn kind(code: &str) -> &'static Kind {
    let fits = |kind: &&Kind| kind.prefixes.iter().any(|prefix| code.starts_with(prefix.as_str()));
    RULES
        .kinds
        .iter()
        .find(fits)
        .expect("the last kind has the empty prefix")
}

/// Whether somebody of an age may have a code.
pub(super) fn age_fits(code: &str, age: i64) -> bool {
    RULES
        .ages
        .iter()
        .filter(|one| one.code == code)
        .all(|one| one.below.is_some_and(|below| age < below) || one.above.is_some_and(|above| age >= above))
}

/// The last day of an exemption that begins on `from`: the next 31 March for income, the day that was asked otherwise.
///
/// # Errors
/// The kind needs a day and none was given, or it lies before the beginning.
pub(super) fn last_day(code: &str, from: Date, asked: Option<Date>) -> Result<Option<Date>, &'static str> {
    let kind = kind(code);
    if asked.is_some_and(|asked| asked < from) {
        return Err("exemption-end-before");
    }
    match kind.ends.as_str() {
        "31-march" => {
            let this = jiff::civil::date(from.year(), 3, 31);
            let march = if from <= this {
                this
            } else {
                jiff::civil::date(from.year() + 1, 3, 31)
            };
            Ok(Some(asked.map_or(march, |asked| asked.min(march))))
        }
        "asked" if asked.is_none() => Err("exemption-end-missing"),
        "open" => Ok(None),
        _ => Ok(asked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_ends_and_ages_are_those_of_the_table() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        assert_eq!(CODES.len(), 907);
        for (code, expected) in [
            ("E01", "reddito"),
            ("E52", "altro"),
            ("RB0010", "malattia-rara"),
            ("M28", "gravidanza"),
            ("C01", "invalidita"),
            ("030", "patologia"),
        ] {
            assert_eq!(kind(code).kind, expected, "{code}");
        }
        assert_eq!(last_day("E01", day("2026-11-22"), None), Ok(Some(day("2027-03-31"))));
        assert_eq!(last_day("E01", day("2027-03-31"), None), Ok(Some(day("2027-03-31"))));
        assert_eq!(last_day("M28", day("2026-11-22"), None), Err("exemption-end-missing"));
        assert_eq!(last_day("RB0010", day("2026-11-22"), None), Ok(None));
        assert!(
            age_fits("E01", 5)
                && !age_fits("E01", 40)
                && age_fits("E01", 65)
                && age_fits("E02", 40)
                && !age_fits("E04", 59)
        );
        assert!(find("sjogren", 5).iter().any(|one| one.0 == "030"));
    }
}
