//! `/ufficio-privacy/persone-esposte`: people whose data draw curiosity. A FHIR List that only the office sees; each access
//! to their data is a finding.

use crate::anomaly::restricted;
use crate::identity::Sought;
use crate::{App, person};
use access::{Actor, AuditPatient};
use askama::Template;
use axum::Form;
use axum::extract::State;
use component::{Context, PeerError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashSet;
use web::{Answer, Failure, Flash, Page};

/// The resource.
const LIST: &str = "persone-esposte";
/// People on the list at most.
const MOST: usize = 1_000;
const PATH: &str = "/ufficio-privacy/persone-esposte";

#[derive(Template)]
#[template(path = "exposed.html")]
struct ExposedPage {
    page: Page,
    people: Vec<Exposed>,
}

struct Exposed {
    id: String,
    name: String,
    since: String,
    why: String,
}

/// What the form sends: a codice fiscale to add, or an id to take away.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    cf: String,
    perche: String,
    togli: String,
}

/// The people on the list.
///
/// # Errors
/// The hub cannot be reached.
pub async fn ids(context: &Context) -> Result<HashSet<String>, PeerError> {
    let list = context.peers.fhir(&Actor::system()).find("List", LIST).await?;
    let entries = list.iter().flat_map(entries);
    Ok(entries.filter_map(|entry| patient(entry).map(str::to_owned)).collect())
}

fn entries(list: &Value) -> impl Iterator<Item = &Value> {
    list["entry"].as_array().into_iter().flatten()
}

fn patient(entry: &Value) -> Option<&str> {
    entry["item"]["reference"].as_str()?.strip_prefix("Patient/")
}

/// The page.
pub async fn list(State(app): State<App>, page: Page) -> Answer {
    let list = app
        .context
        .peers
        .fhir(&Actor::system())
        .find("List", LIST)
        .await?
        .unwrap_or_default();
    let references: Vec<&str> = entries(&list)
        .filter_map(|entry| entry["item"]["reference"].as_str())
        .collect();
    let names = person::names(&app.context.peers.fhir(&Actor::system()), references.iter().copied()).await?;
    let shown = entries(&list).filter_map(|entry| {
        let id = patient(entry)?;
        Some(Exposed {
            id: id.to_owned(),
            name: names.get(&format!("Patient/{id}")).cloned().unwrap_or_default(),
            since: page.fhir_date(entry["date"].as_str().unwrap_or_default()),
            why: entry["item"]["display"].as_str().unwrap_or_default().to_owned(),
        })
    });
    web::show(&ExposedPage {
        people: shown.collect(),
        page: page.titled("exposed-title").crumb("/ufficio-privacy", "desk-title"),
    })
}

/// Adds somebody, or takes them away.
pub async fn change(State(app): State<App>, page: Page, Form(sent): Form<Sent>) -> Answer {
    let fhir = app.context.peers.fhir(&Actor::system());
    let stored = fhir.find("List", LIST).await?;
    let mut list = stored.clone().unwrap_or_else(empty);
    let mut kept: Vec<Value> = entries(&list).cloned().collect();
    let (id, text) = if sent.togli.is_empty() {
        let sought = Sought {
            cf: sent.cf,
            ..Sought::default()
        };
        let found = if sought.is_empty() {
            None
        } else {
            sought.find(&app.context.peers.fhir(&Actor::system())).await?
        };
        let Some(id) = found.as_ref().and_then(|found| found["id"].as_str()).map(str::to_owned) else {
            return page.redirect(PATH, Flash::warning(page.t("log-nobody")));
        };
        if kept.len() >= MOST {
            return Err(Failure::Conflict(page.t1("exposed-full", "n", MOST)));
        }
        if kept.iter().all(|entry| patient(entry) != Some(&id)) {
            let why: String = sent.perche.trim().chars().take(200).collect();
            let mut item = json!({"reference": format!("Patient/{id}")});
            if !why.is_empty() {
                item["display"] = json!(why);
            }
            kept.push(json!({"date": page.now().to_string(), "item": item}));
        }
        (id, "exposed-added")
    } else {
        kept.retain(|entry| patient(entry) != Some(&sent.togli));
        (sent.togli, "exposed-removed")
    };
    match list.as_object_mut() {
        Some(list) if kept.is_empty() => drop(list.remove("entry")),
        _ => list["entry"] = json!(kept),
    }
    list["date"] = json!(page.now().to_string());
    match stored {
        Some(_) => fhir.update_if_unchanged(&list).await?,
        None => fhir.update(&list).await?,
    };
    let mut response = page.redirect(PATH, Flash::success(page.t(text)))?;
    response.extensions_mut().insert(AuditPatient(id));
    Ok(response)
}

/// The list without anybody.
pub(crate) fn empty() -> Value {
    restricted(json!({
        "resourceType": "List", "id": LIST, "status": "current", "mode": "working",
        "title": "Persone esposte alla curiosità",
    }))
}
