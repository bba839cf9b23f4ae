//! `/assistiti`: finding a person by name, birth date or codice fiscale.

use super::tasks::escape;
use super::{App, people};
use askama::Template;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::Value;
use web::{Answer, Page};

const MOST: &str = "50";

/// What to look for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Filter {
    q: String,
    /// `miei`: only the GP's own.
    lista: String,
}

struct Row {
    id: String,
    name: String,
    born: String,
    age: Option<i32>,
    sex: String,
    codice_fiscale: String,
    city: String,
    dead: bool,
}

#[derive(Template)]
#[template(path = "patients.html")]
struct Patients {
    page: Page,
    q: String,
    own: bool,
    is_gp: bool,
    rows: Vec<Row>,
    total: u64,
}

/// The list.
pub async fn search(State(app): State<App>, page: Page, Query(filter): Query<Filter>) -> Answer {
    let q = filter.q.trim();
    let is_gp = page.actor().has_role("mmg");
    let own = is_gp && (filter.lista == "miei" || (filter.lista.is_empty() && q.is_empty()));
    let mut search = criteria(q);
    if own {
        search.push(("general-practitioner", page.actor().subject.clone()));
    }
    search.extend([
        ("_sort", "family,given".into()),
        ("_count", MOST.into()),
        ("_total", "accurate".into()),
    ]);
    let search: Vec<(&str, &str)> = search.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let bundle = app.fhir(&page).bundle("Patient", &search).await?;
    let today = web::local_date(page.now());
    let entries = bundle["entry"].as_array().into_iter().flatten();
    let rows = entries
        .map(|e| &e["resource"])
        .filter(|r| r["resourceType"] == "Patient");
    web::show(&Patients {
        rows: rows.map(|patient| row(&page, patient, today)).collect(),
        total: bundle["total"].as_u64().unwrap_or_default(),
        q: q.to_owned(),
        own,
        is_gp,
        page: page.titled("patients-title"),
    })
}

/// A date is a birth date, sixteen letters and digits a codice fiscale, anything else words of the name.
fn criteria(q: &str) -> Vec<(&'static str, String)> {
    let mut search = Vec::new();
    for word in q.split_whitespace().take(8) {
        if let Some(date) = date(word) {
            search.push(("birthdate", date));
        } else if word.len() == 16 && word.bytes().all(|b| b.is_ascii_alphanumeric()) {
            search.push(("identifier", word.to_ascii_uppercase()));
        } else {
            // Anywhere in the name: the second word of "De Luca" is looked for as often as the first.
            search.push(("name:contains", escape(word)));
        }
    }
    search
}

/// `21/11/1950` or `1950-11-21`, also a year alone.
fn date(word: &str) -> Option<String> {
    if let Some((day, rest)) = word.split_once('/') {
        let (month, year) = rest.split_once('/')?;
        let date = jiff::civil::Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
        return Some(date.to_string());
    }
    if word.parse::<jiff::civil::Date>().is_ok() {
        return Some(word.to_owned());
    }
    let year: i32 = word.parse().ok()?;
    (1880..=2100).contains(&year).then(|| year.to_string())
}

fn row(page: &Page, patient: &Value, today: jiff::civil::Date) -> Row {
    Row {
        id: patient["id"].as_str().unwrap_or_default().to_owned(),
        name: people::name(patient),
        born: patient["birthDate"]
            .as_str()
            .map(|d| page.fhir_date(d))
            .unwrap_or_default(),
        age: people::age(patient, today),
        sex: page.t(people::sex_key(patient)),
        codice_fiscale: people::codice_fiscale(patient).unwrap_or_default(),
        city: patient["address"][0]["city"].as_str().unwrap_or_default().to_owned(),
        dead: people::died(patient).is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_find_their_parameter() {
        assert_eq!(
            criteria("rossi 21/11/1950"),
            [("name:contains", "rossi".into()), ("birthdate", "1950-11-21".into())]
        );
        assert_eq!(
            criteria("rssmra50s21f839x"),
            [("identifier", "RSSMRA50S21F839X".into())]
        );
        assert_eq!(criteria("1950"), [("birthdate", "1950".into())]);
        assert_eq!(criteria("31/02/1950"), [("name:contains", "31/02/1950".into())]);
    }
}
