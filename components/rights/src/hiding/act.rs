//! Hiding and showing again.

use super::page::{Fact, fact};
use super::{is_hidden, label};
use crate::rules::HiddenType;
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
/// How often a visit is looked through for what was recorded in it meanwhile.
const ROUNDS: usize = 5;
/// Visits within a visit, one in the other, at most.
const DEPTH: usize = 4;
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
    let mut resource = own(app, &page, reference).await?;
    let patient = people::in_person(&page)?;
    if !hidden && in_hidden_visit(app, &page, &resource).await? {
        return Err(Failure::Unprocessable(page.t("show-visit-first")));
    }
    let mut changed = 0;
    for _ in 0..ROUNDS {
        let facts = together(app, &page, &patient, resource.clone()).await?;
        let more: Vec<Value> = facts
            .into_iter()
            .filter(|one| is_hidden(one) != hidden)
            .map(|one| label(one, hidden))
            .collect();
        for chunk in more.chunks(AT_ONCE) {
            people::write_unchanged(app, chunk).await?;
        }
        changed += more.len();
        // What was recorded meanwhile is found in another round.
        if more.is_empty() || !hidden || resource["resourceType"] != "Encounter" {
            break;
        }
        resource = own(app, &page, reference).await?;
    }
    let key = if hidden { "hidden-done" } else { "shown-done" };
    page.redirect("/diritti/nascondi", Flash::success(page.t1(key, "n", changed)))
}

/// The fact, if it is one of the person's own that can be hidden.
async fn own(app: &App, page: &Page, text: &str) -> Result<Value, Failure> {
    let patient = people::in_person(page)?;
    let none = || Failure::NotFound("fact".into());
    let (rtype, id) = people::reference(text).ok_or_else(none)?;
    let known = rules::hiding().iter().find(|one| one.rtype == rtype && !one.with_visit);
    known.ok_or_else(none)?;
    let resource = app.fhir(page).find(rtype, id).await?.ok_or_else(none)?;
    let own = format!("Patient/{patient}");
    let about = [&resource["subject"], &resource["patient"]];
    if about.iter().any(|subject| subject["reference"] == own.as_str()) {
        Ok(resource)
    } else {
        Err(none())
    }
}

/// Whether a fact is hidden by its visit, with which alone it is shown again.
async fn in_hidden_visit(app: &App, page: &Page, resource: &Value) -> Result<bool, PeerError> {
    if resource["resourceType"] == "Encounter" {
        return Ok(false);
    }
    let encounters = [
        &resource["encounter"],
        &resource["context"],
        &resource["context"]["encounter"][0],
    ];
    for encounter in encounters {
        let named = encounter["reference"].as_str().and_then(people::reference);
        if let Some(("Encounter", id)) = named
            && let Some(visit) = app.fhir(page).find("Encounter", id).await?
            && is_hidden(&visit)
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A fact; a visit with everything that was recorded in it and the visits that are part of it; a document with the file
/// behind it.
async fn together(app: &App, page: &Page, patient: &str, resource: Value) -> Result<Vec<Value>, PeerError> {
    let mut facts = vec![resource];
    let mut looked_at = 0;
    for _ in 0..DEPTH {
        let visits: Vec<String> = facts[looked_at..]
            .iter()
            .filter(|one| one["resourceType"] == "Encounter")
            .filter_map(|one| Some(format!("Encounter/{}", one["id"].as_str()?)))
            .collect();
        looked_at = facts.len();
        for visit in visits {
            for kind in rules::hiding() {
                let more = recorded(app, page, patient, kind, &visit).await?;
                let new = |one: &Value| !facts.iter().any(|old| same(old, one));
                let more: Vec<Value> = more.into_iter().filter(new).collect();
                facts.extend(more);
            }
        }
    }
    let mut files = Vec::new();
    for fact in &facts {
        attached(fact, &mut files);
    }
    files.sort();
    files.dedup();
    for id in files {
        // The file follows its document, whoever may read it by itself.
        facts.extend(app.system().find("Binary", &id).await?);
    }
    Ok(facts)
}

fn same(one: &Value, other: &Value) -> bool {
    one["resourceType"] == other["resourceType"] && one["id"] == other["id"]
}

/// The facts of a type that name a visit.
async fn recorded(
    app: &App,
    page: &Page,
    patient: &str,
    kind: &HiddenType,
    visit: &str,
) -> Result<Vec<Value>, PeerError> {
    let mut asked = vec![("patient", patient), ("_count", "200")];
    if let Some(parameter) = &kind.encounter {
        asked.push((parameter.as_str(), visit));
    }
    let mut found = app.fhir(page).search_all(&kind.rtype, &asked, MAX).await?;
    if kind.encounter.is_none() {
        found.retain(|one| names(one, visit));
    }
    Ok(found)
}

/// Whether some reference in a fact is to a visit.
fn names(value: &Value, visit: &str) -> bool {
    match value {
        Value::Object(object) => object
            .iter()
            .any(|(name, inner)| (name == "reference" && inner == visit) || names(inner, visit)),
        Value::Array(items) => items.iter().any(|inner| names(inner, visit)),
        _ => false,
    }
}

/// The Binaries that the attachments of a fact are, by id.
fn attached(value: &Value, files: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            if let Some(url) = object.get("url").and_then(Value::as_str)
                && let Some((_, id)) = url.rsplit_once("Binary/")
                && people::is_id(id)
            {
                files.push(id.to_owned());
            }
            object.values().for_each(|inner| attached(inner, files));
        }
        Value::Array(items) => items.iter().for_each(|inner| attached(inner, files)),
        _ => {}
    }
}
