//! `rules/scelta.json` and `rules/movimenti.json`, read once.

use jiff::civil::Date;
use serde::Deserialize;
use std::sync::LazyLock;

/// The rules in force from a day on.
#[derive(Debug, Deserialize)]
pub(crate) struct Rules {
    valid_from: Date,
    /// Ages.
    pub age: Age,
    ceilings: Vec<Ceiling>,
    exceptions: Vec<Exception>,
    /// Choices for a time.
    pub temporary: Temporary,
    /// A doctor who refuses somebody.
    pub refusal: Refusal,
    /// Why somebody over fourteen stays with the paediatrician.
    pub grounds_after_14: Vec<Ground>,
    /// How long before its last day people are told that a choice ends.
    pub ending: Ending,
    /// Days within which the office answers.
    pub answer_days: i64,
}

/// When people are told that a choice ends, by age or because it was for a time; from then on a stay with the paediatrician can
/// be asked for, too.
#[derive(Debug, Deserialize)]
pub(crate) struct Ending {
    pub notice_days: i32,
    pub source: String,
    pub status: String,
}

/// Ages in completed years.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Age {
    pub gp_from: i64,
    pub paediatrician_to: i64,
    pub paediatrician_to_with_grounds: i64,
    pub source: String,
    pub status: String,
}

/// How many persons a doctor may have.
#[derive(Debug, Deserialize)]
pub(crate) struct Ceiling {
    pub kind: String,
    pub ceiling: i64,
    pub source: String,
    pub status: String,
}

/// What departs from the ceiling.
#[derive(Debug, Deserialize)]
pub(crate) struct Exception {
    pub code: String,
    pub kind: String,
    pub text: String,
    #[serde(default)]
    pub beyond: Option<i64>,
    #[serde(default)]
    pub ceiling_max: Option<i64>,
    pub source: String,
    pub status: String,
}

/// How long a choice for a time is.
#[derive(Debug, Deserialize)]
pub(crate) struct Temporary {
    pub min_days: i32,
    pub max_days: i32,
    pub source: String,
    pub status: String,
}

/// When and why a doctor refuses.
#[derive(Debug, Deserialize)]
pub(crate) struct Refusal {
    pub notice_days: i32,
    pub grounds: Vec<Ground>,
    pub source: String,
    pub status: String,
}

/// A ground with its words.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Ground {
    pub code: String,
    pub it: String,
    pub en: String,
}

impl Ground {
    /// In a language.
    pub fn of(&self, lang: web::Lang) -> &str {
        match lang {
            web::Lang::It => &self.it,
            web::Lang::En => &self.en,
        }
    }
}

impl Rules {
    /// The ceiling of a kind of doctor; a doctor's own one counts up to what is allowed.
    pub fn ceiling(&self, kind: &str, own: Option<i64>) -> i64 {
        let general = self
            .ceilings
            .iter()
            .find(|one| one.kind == kind)
            .map_or(0, |one| one.ceiling);
        let exception = self
            .exceptions
            .iter()
            .find(|one| one.kind == kind && one.code == "individuale");
        let most = exception.and_then(|one| one.ceiling_max).unwrap_or(general);
        own.map_or(general, |own| own.clamp(0, most))
    }

    /// Places beyond the ceiling for the family of somebody who is there already.
    pub fn beyond(&self, kind: &str) -> i64 {
        let exception = self
            .exceptions
            .iter()
            .find(|one| one.kind == kind && one.code == "ricongiungimento");
        exception.and_then(|one| one.beyond).unwrap_or(0)
    }

    /// The kinds of doctor somebody of an age may choose without more ado.
    pub fn kinds(&self, age: i64) -> &'static [&'static str] {
        match age {
            _ if age < self.age.gp_from => &["pls"],
            _ if age < self.age.paediatrician_to => &["pls", "mmg"],
            _ => &["mmg"],
        }
    }

    /// What the rules say, with source and status, for the pages: text, source, status.
    pub fn told(&self) -> Vec<(String, &str, &str)> {
        let age = &self.age;
        let mut all = vec![(
            format!(
                "Pediatra fino a {} anni; medico di medicina generale da {}; pediatra fino a {} con motivo e accettazione.",
                age.paediatrician_to, age.gp_from, age.paediatrician_to_with_grounds
            ),
            age.source.as_str(),
            age.status.as_str(),
        )];
        for one in &self.ceilings {
            all.push((
                format!("Massimale {}: {} assistiti.", one.kind, one.ceiling),
                &one.source,
                &one.status,
            ));
        }
        for one in &self.exceptions {
            all.push((format!("{}: {}", one.kind, one.text), &one.source, &one.status));
        }
        let (time, refusal) = (&self.temporary, &self.refusal);
        all.push((
            format!("Scelta a tempo da {} a {} giorni.", time.min_days, time.max_days),
            &time.source,
            &time.status,
        ));
        let ending = &self.ending;
        all.push((
            format!(
                "Chi ha una scelta che finisce lo sa {} giorni prima; da allora si può chiedere di restare dal pediatra.",
                ending.notice_days
            ),
            &ending.source,
            &ending.status,
        ));
        all.push((
            format!("Ricusazione motivata, con {} giorni di preavviso.", refusal.notice_days),
            &refusal.source,
            &refusal.status,
        ));
        all
    }
}

#[derive(Deserialize)]
struct File {
    versions: Vec<Rules>,
}

static FILE: LazyLock<File> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../rules/scelta.json")).expect("rules/scelta.json is well formed")
});

/// The rules in force on a day; the oldest before any.
pub(crate) fn on(day: Date) -> &'static Rules {
    let versions = &FILE.versions;
    versions
        .iter()
        .rev()
        .find(|one| one.valid_from <= day)
        .unwrap_or(&versions[0])
}

/// The file of movements: its columns.
#[derive(Debug, Deserialize)]
pub(crate) struct Layout {
    /// Between two cells.
    pub separator: char,
    /// At the end of a line.
    pub line_end: String,
    pub columns: Vec<Column>,
    pub status: String,
}

/// A column.
#[derive(Debug, Deserialize)]
pub(crate) struct Column {
    pub name: String,
    pub field: String,
}

static MOVEMENTS: LazyLock<Layout> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../rules/movimenti.json")).expect("rules/movimenti.json is well formed")
});

/// The layout of the movements.
pub(crate) fn movements() -> &'static Layout {
    &MOVEMENTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ceilings_and_ages_are_those_of_the_table() {
        let rules = on("2026-11-22".parse().unwrap());
        assert_eq!((rules.ceiling("mmg", None), rules.ceiling("pls", None)), (1500, 800));
        assert_eq!(
            (rules.ceiling("mmg", Some(1000)), rules.ceiling("mmg", Some(9000))),
            (1000, 1800)
        );
        assert_eq!(rules.kinds(5), ["pls"]);
        assert_eq!(rules.kinds(6), ["pls", "mmg"]);
        assert_eq!(rules.kinds(14), ["mmg"]);
        assert!(rules.told().iter().all(|one| one.2 == "unverified"));
    }
}
