//! Hiding and showing again.

use super::page::{Fact, fact};
use super::{is_hidden, label};
use crate::{App, people, rules};
use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use component::PeerError;
use serde::Deserialize;
use serde_json::Value;
use web::{Answer, Failure, Flash, Page};

/// Facts of one visit at most.
const MAX: usize = 2000;
/// Facts in one commit.
const AT_ONCE: usize = 100;

#[derive(Template)]
#[template(path = "hide.html")]
struct HidePage {
    page: Page,
    fact: Fact,
    is_visit: bool,
}

/// Which fact.
#[derive(Deserialize)]
pub(crate) struct Which {
    dato: String,
}

/// `GET /diritti/nascondi/conferma?dato=`: what hiding means, before it is done.
pub(crate) async fn ask(State(app): State<App>, page: Page, Query(which): Query<Which>) -> Answer {
    let resource = own(&app, &page, &which.dato).await?;
    web::show(&HidePage {
        fact: fact(&page, &resource),
        is_visit: resource["resourceType"] == "Encounter",
        page: page
            .titled("hide-title")
            .crumb("/diritti", "rights-title")
            .crumb("/diritti/nascondi", "hiding-title"),
    })
}

/// `POST /diritti/nascondi`.
pub(crate) async fn hide(State(app): State<App>, page: Page, Form(which): Form<Which>) -> Answer {
    set(&app, page, &which.dato, true).await
}

/// `POST /diritti/nascondi/togli`.
pub(crate) async fn show_again(State(app): State<App>, page: Page, Form(which): Form<Which>) -> Answer {
    set(&app, page, &which.dato, false).await
}

async fn set(app: &App, page: Page, reference: &str, hidden: bool) -> Answer {
    let resource = own(app, &page, reference).await?;
    let patient = people::in_person(&page)?;
    let facts = together(app, &page, &patient, resource).await?;
    let changed: Vec<Value> = facts
        .into_iter()
        .filter(|one| is_hidden(one) != hidden)
        .map(|one| label(one, hidden))
        .collect();
    for chunk in changed.chunks(AT_ONCE) {
        people::write_unchanged(app, chunk).await?;
    }
    let key = if hidden { "hidden-done" } else { "shown-done" };
    page.redirect("/diritti/nascondi", Flash::success(page.t1(key, "n", changed.len())))
}

/// The fact, if it is one of the person's own that can be hidden.
async fn own(app: &App, page: &Page, text: &str) -> Result<Value, Failure> {
    let patient = people::in_person(page)?;
    let none = || Failure::NotFound("fact".into());
    let (rtype, id) = people::reference(text).ok_or_else(none)?;
    rules::hiding().iter().find(|one| one.rtype == rtype).ok_or_else(none)?;
    let resource = app.fhir(page).find(rtype, id).await?.ok_or_else(none)?;
    let own = format!("Patient/{patient}");
    let about = [&resource["subject"], &resource["patient"]];
    if about.iter().any(|subject| subject["reference"] == own.as_str()) {
        Ok(resource)
    } else {
        Err(none())
    }
}

/// A fact; a visit with everything that was recorded in it.
async fn together(app: &App, page: &Page, patient: &str, resource: Value) -> Result<Vec<Value>, PeerError> {
    let visit = match (resource["resourceType"].as_str(), resource["id"].as_str()) {
        (Some("Encounter"), Some(id)) => format!("Encounter/{id}"),
        _ => return Ok(vec![resource]),
    };
    let mut facts = vec![resource];
    for kind in rules::hiding() {
        if let Some(parameter) = &kind.encounter {
            let asked = [
                ("patient", patient),
                (parameter.as_str(), visit.as_str()),
                ("_count", "200"),
            ];
            facts.extend(app.fhir(page).search_all(&kind.rtype, &asked, MAX).await?);
        }
    }
    Ok(facts)
}
