//! `GET /strutture`: the register, searched.

use super::words;
use crate::App;
use crate::find::{Asked, Found, PAGE, find};
use crate::register::Register;
use crate::rules;
use askama::Template;
use axum::extract::{Query, State};
use web::{Answer, Page};

/// A structure in a list.
pub(super) struct Row {
    pub id: String,
    pub name: String,
    pub kind: String,
    pub address: String,
    pub asl: String,
    pub codes: String,
    pub demo: bool,
    pub gone: bool,
    pub state: String,
    pub colour: &'static str,
    pub distance: String,
    pub service: String,
    pub position: Option<(f64, f64)>,
    pub rough: bool,
    pub chosen: bool,
}

#[derive(Template)]
#[template(path = "structures.html")]
struct SearchPage {
    page: Page,
    asked: Asked,
    total: usize,
    rows: Vec<Row>,
    choices: Choices,
    past: Option<String>,
    next: Option<String>,
    sees_changes: bool,
    brings_lists: bool,
}

/// What can be chosen.
pub(super) struct Choices {
    pub kinds: Vec<(String, String)>,
    pub services: Vec<(String, String)>,
    pub asls: Vec<(String, String)>,
}

impl Choices {
    pub fn of(page: &Page, register: &Register) -> Self {
        let mut services: Vec<(String, String)> = rules::services()
            .iter()
            .map(|one| (one.code.clone(), one.of(page.lang()).to_owned()))
            .collect();
        for one in register.all().iter().flat_map(|one| &one.services) {
            if services.len() < 300 && !services.iter().any(|(code, _)| *code == one.code) {
                services.push((one.code.clone(), one.name.clone()));
            }
        }
        services.sort_by(|a, b| a.1.cmp(&b.1));
        Self {
            kinds: rules::kinds()
                .iter()
                .map(|kind| (kind.code.clone(), kind.of(page.lang()).to_owned()))
                .collect(),
            services,
            asls: register
                .asls()
                .iter()
                .map(|asl| (asl.id.clone(), asl.name.clone()))
                .collect(),
        }
    }
}

/// A found structure as it is shown.
pub(super) fn row(page: &Page, register: &Register, found: &Found<'_>, now: jiff::civil::DateTime) -> Row {
    let one = found.one;
    let codes = one
        .identifiers
        .iter()
        .map(|code| format!("{} {}", code.kind, code.value));
    Row {
        id: one.id.clone(),
        name: one.name.clone(),
        kind: words::kind(page, &one.kind),
        address: words::address(one),
        asl: register
            .asl(one)
            .filter(|asl| asl.id != one.id)
            .map(|asl| asl.name.clone())
            .unwrap_or_default(),
        codes: codes
            .filter(|code| !code.starts_with("http"))
            .collect::<Vec<_>>()
            .join(", "),
        demo: one.is_demo(),
        gone: !one.stood(now.date()),
        state: words::state(page, found.state, now),
        colour: words::colour(found.state),
        distance: found
            .distance_km
            .map(|km| words::distance(page, km))
            .unwrap_or_default(),
        service: found.service.map(|one| one.name.clone()).unwrap_or_default(),
        position: one.position,
        rough: one.precision != "struttura",
        chosen: false,
    }
}

/// The address of the following page, when there is one.
pub(super) fn following(path: &str, asked: &Asked, page: usize, total: usize) -> Option<String> {
    if page.saturating_mul(PAGE) >= total {
        return None;
    }
    let next = (page + 1).to_string();
    let all = [
        ("q", asked.q.as_str()),
        ("comune", &asked.comune),
        ("tipo", &asked.tipo),
        ("servizio", &asked.servizio),
        ("asl", &asked.asl),
        ("stato", &asked.stato),
        ("al", &asked.al),
        ("vicino", &asked.vicino),
        ("qui", &asked.qui),
        ("aperte", &asked.aperte),
        ("pagina", &next),
    ];
    let given: Vec<_> = all.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    Some(format!(
        "{path}?{}",
        serde_urlencoded::to_string(given).unwrap_or_default()
    ))
}

/// `GET /strutture?q=&comune=&tipo=&servizio=&asl=&stato=&al=`.
pub(crate) async fn search(State(app): State<App>, page: Page, Query(asked): Query<Asked>) -> Answer {
    let register = app.register().await?;
    let now = words::now(page.now());
    let result = find(&register, &asked, now, PAGE);
    web::show(&SearchPage {
        rows: result
            .found
            .iter()
            .map(|found| row(&page, &register, found, now))
            .collect(),
        choices: Choices::of(&page, &register),
        past: (result.day != now.date()).then(|| web::date(result.day)),
        next: following("/strutture", &asked, result.page, result.total),
        total: result.total,
        sees_changes: crate::who::works_here(page.actor()),
        brings_lists: crate::who::is_office(page.actor()),
        page: page.titled("structures-title"),
        asked,
    })
}
