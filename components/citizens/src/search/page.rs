//! `GET /anagrafe`: the search box of the desk.

use super::{Asked, Found, How, Person, find};
use crate::App;
use askama::Template;
use axum::extract::{Query, State};
use codicefiscale::CodiceFiscale;
use jiff::civil::Date;
use serde::Deserialize;
use web::{Answer, Page};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Ask {
    q: String,
    dopo: String,
}

struct Row {
    id: String,
    name: String,
    born: String,
    age: Option<i64>,
    code: String,
    city: String,
    phone: String,
    dead: bool,
    inactive: bool,
    /// A note on how it was found, where it is not by what was written.
    how: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    page: Page,
    q: String,
    asked: bool,
    rows: Vec<Row>,
    next: Option<String>,
    /// What is wrong with the code that was written, where nobody has it.
    code_error: Option<String>,
    too_wide: bool,
    only_alike: bool,
}

/// Shows the box and what was found.
pub(crate) async fn show(State(app): State<App>, page: Page, Query(ask): Query<Ask>) -> Answer {
    let today = web::local_date(page.now());
    let asked = Asked::of(&ask.q, today);
    let found = match asked.is_empty() {
        true => Found::default(),
        false => {
            find(
                &app.fhir(&page),
                &asked,
                Some(ask.dopo.as_str()).filter(|mark| !mark.is_empty()),
            )
            .await?
        }
    };
    let code_error = match (&asked.code, found.people.is_empty()) {
        (Some(code), true) => CodiceFiscale::parse(code)
            .err()
            .filter(|_| code.len() == 16 && !code.starts_with("STP") && !code.starts_with("ENI"))
            .map(|error| crate::fiscal::told(&page, error.key(), &error.arguments())),
        _ => None,
    };
    let only_alike = !found.people.is_empty()
        && found
            .people
            .iter()
            .all(|(_, how)| matches!(how, How::Sound | How::Likeness));
    let next = found.next.as_ref().and_then(|mark| {
        let query = serde_urlencoded::to_string([("q", ask.q.as_str()), ("dopo", mark)]).ok()?;
        Some(format!("/anagrafe?{query}"))
    });
    web::show(&SearchPage {
        asked: !asked.is_empty(),
        rows: found
            .people
            .iter()
            .map(|(person, how)| row(&page, person, *how, today))
            .collect(),
        next,
        code_error,
        too_wide: found.too_wide,
        only_alike,
        q: ask.q,
        page: page.titled("citizens-title"),
    })
}

fn row(page: &Page, person: &Person, how: How, today: Date) -> Row {
    let born = person.birth_date();
    Row {
        id: person.id().to_owned(),
        name: person.shown_name(),
        born: page.fhir_date(born),
        age: age(born, today).filter(|_| !person.is_dead()),
        code: person.main_code().map_or_else(|| page.t("code-none"), str::to_owned),
        city: person.any_city().to_owned(),
        phone: person.phone().to_owned(),
        dead: person.is_dead(),
        inactive: person.is_inactive(),
        how: match how {
            How::Code | How::Letters => None,
            How::Sound => Some("found-by-sound"),
            How::Likeness => Some("found-by-likeness"),
        },
    }
}

/// Whole years.
pub(crate) fn age(born: &str, today: Date) -> Option<i64> {
    let born: Date = born.parse().ok()?;
    let before = (today.month(), today.day()) < (born.month(), born.day());
    Some(i64::from(today.year() - born.year()) - i64::from(before)).filter(|age| *age >= 0)
}
