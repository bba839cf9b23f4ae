//! `/ufficio-privacy/registro`: the log by patient, by person, by day.

use super::{Entry, Log, Outcome};
use crate::{App, person};
use access::Actor;
use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use component::{Context, PeerError};
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use web::{Answer, Failure, Flash, Page};

/// Entries on a page.
const PAGE: usize = 50;
/// Entries looked at for a page without those of the program itself: most are.
const MORE: usize = 200;

/// What to look for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// Patient id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub assistito: String,
    /// Who: `Practitioner/…`, or a family name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub persona: String,
    /// First day.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub dal: String,
    /// Last day.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub al: String,
    /// `rifiutati`: only what was refused.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub esito: String,
    /// `1`: what the program does by itself, too.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sistema: String,
    /// Mark of the page.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub pagina: String,
}

/// One access as shown.
pub struct Row {
    pub(crate) at: String,
    pub(crate) who: String,
    pub(crate) who_ref: String,
    pub(crate) for_whom: String,
    pub(crate) action: String,
    pub(crate) outcome: &'static str,
    pub(crate) patients: Vec<(String, String)>,
    pub(crate) path: String,
    pub(crate) purpose: String,
    pub(crate) policies: String,
    pub(crate) step: String,
}

#[derive(Template)]
#[template(path = "log.html")]
struct LogPage {
    page: Page,
    filter: Filter,
    patient_name: String,
    people: Vec<(String, String)>,
    rows: Vec<Row>,
    next: Option<String>,
    csv: String,
}

/// Whom a name may mean.
pub(crate) enum Who {
    Anybody,
    One(String),
    Several(Vec<(String, String)>),
    Nobody,
}

/// The list.
pub async fn show(State(app): State<App>, page: Page, Query(filter): Query<Filter>) -> Answer {
    let who = who(&app, &filter.persona).await?;
    let people = match &who {
        Who::Several(people) => people.clone(),
        _ => Vec::new(),
    };
    let (entries, mark) = match criteria(&filter, &who) {
        Some(criteria) => {
            let query: Vec<(&str, &str)> = criteria.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let mark = Some(filter.pagina.as_str()).filter(|mark| !mark.is_empty());
            Log::of(&app.context, page.actor())
                .page(&query, mark, if filter.sistema.is_empty() { MORE } else { PAGE })
                .await?
        }
        None => (Vec::new(), None),
    };
    let mut entries = entries;
    if filter.sistema.is_empty() {
        entries.retain(|entry| entry.who != "system");
    }
    let address = |path: &str, filter: &Filter| {
        let query = serde_urlencoded::to_string(filter).unwrap_or_default();
        format!("{path}?{query}")
    };
    let next = mark.map(|mark| {
        let next = Filter {
            pagina: mark,
            ..filter.clone()
        };
        address("/ufficio-privacy/registro", &next)
    });
    let patient = format!("Patient/{}", filter.assistito);
    let names = person::names(
        &app.context.peers.fhir(&Actor::system()),
        std::iter::once(patient.as_str()),
    )
    .await?;
    web::show(&LogPage {
        rows: rows(&app.context, &page, entries).await?,
        csv: address(
            "/ufficio-privacy/registro.csv",
            &Filter {
                pagina: String::new(),
                ..filter.clone()
            },
        ),
        patient_name: names.get(&patient).cloned().unwrap_or_default(),
        filter,
        people,
        next,
        page: page.titled("log-title").crumb("/ufficio-privacy", "desk-title"),
    })
}

/// What the form by codice fiscale sends. It is posted, so that the code is in no address.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Code {
    cf: String,
}

/// Finds the person of a codice fiscale and shows the log of accesses to their data.
pub async fn by_code(State(app): State<App>, page: Page, Form(code): Form<Code>) -> Answer {
    let sought = crate::identity::Sought {
        cf: code.cf,
        ..Default::default()
    };
    let found = if sought.is_empty() {
        None
    } else {
        sought.find(&app.context.peers.fhir(&Actor::system())).await?
    };
    match found.as_ref().and_then(|person| person["id"].as_str()) {
        Some(id) => page.go(&format!("/ufficio-privacy/registro?assistito={id}")),
        None => page.redirect("/ufficio-privacy/registro", Flash::warning(page.t("log-nobody"))),
    }
}

/// Whom the words of the filter mean.
pub(crate) async fn who(app: &App, text: &str) -> Result<Who, PeerError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Who::Anybody);
    }
    if let Some((rtype @ ("Practitioner" | "Patient"), id)) = text.split_once('/') {
        return Ok(if person::is_id(id) {
            Who::One(format!("{rtype}/{id}"))
        } else {
            Who::Nobody
        });
    }
    let search = [("name", text), ("_count", "20"), ("_elements", "name")];
    let found = app
        .context
        .peers
        .fhir(&Actor::system())
        .search("Practitioner", &search)
        .await?;
    let named = |found: &serde_json::Value| {
        let id = found["id"].as_str().unwrap_or_default();
        (format!("Practitioner/{id}"), person::name(found))
    };
    Ok(match found.as_slice() {
        [] => Who::Nobody,
        [one] => Who::One(named(one).0),
        several => Who::Several(several.iter().map(named).collect()),
    })
}

/// The search of the log; `None` when nothing can match.
pub(super) fn criteria(filter: &Filter, who: &Who) -> Option<Vec<(&'static str, String)>> {
    let mut criteria = Vec::new();
    if !filter.assistito.is_empty() {
        criteria.push((
            "patient",
            person::is_id(&filter.assistito).then(|| filter.assistito.clone())?,
        ));
    }
    match who {
        Who::Anybody => {}
        Who::One(reference) => criteria.push(("agent", reference.clone())),
        Who::Several(_) | Who::Nobody => return None,
    }
    let day = |text: &str| text.trim().parse::<Date>().ok();
    if let Some(start) = day(&filter.dal).and_then(web::local_start) {
        criteria.push(("date", format!("ge{start}")));
    }
    let after = day(&filter.al).and_then(|last| last.checked_add(1.day()).ok());
    if let Some(end) = after.and_then(web::local_start) {
        criteria.push(("date", format!("lt{end}")));
    }
    if filter.esito == "rifiutati" {
        criteria.push(("outcome", "4".into()));
    }
    Some(criteria)
}

/// Entries as shown, with names.
///
/// # Errors
/// The hub cannot be reached.
pub async fn rows(context: &Context, page: &Page, entries: Vec<Entry>) -> Result<Vec<Row>, Failure> {
    let references = |entry: &Entry| {
        let patients = entry.patients.iter().map(|id| format!("Patient/{id}"));
        let people = [Some(entry.who.clone()), entry.for_whom.clone()].into_iter().flatten();
        patients.chain(people).collect::<Vec<_>>()
    };
    let all: Vec<String> = entries.iter().flat_map(references).collect();
    let names = person::names(&context.peers.fhir(&Actor::system()), all.iter().map(String::as_str)).await?;
    Ok(entries.into_iter().map(|entry| row(page, &names, entry)).collect())
}

fn row(page: &Page, names: &HashMap<String, String>, entry: Entry) -> Row {
    let named = |reference: &str| match reference {
        "system" => page.t("log-system"),
        "anonymous" => page.t("log-anonymous"),
        other => names
            .get(other)
            .filter(|name| !name.is_empty())
            .cloned()
            .unwrap_or_else(|| other.to_owned()),
    };
    Row {
        at: page.date_time(&entry.at),
        who: named(&entry.who),
        for_whom: entry.for_whom.as_deref().map(named).unwrap_or_default(),
        action: page.named("log-action", &entry.action),
        outcome: match entry.outcome {
            Outcome::Done => "done",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
        },
        patients: entry
            .patients
            .iter()
            .map(|id| (id.clone(), named(&format!("Patient/{id}"))))
            .collect(),
        purpose: entry.purpose.join(", "),
        policies: entry.policies.join(", "),
        step: entry.step.unwrap_or_default(),
        who_ref: entry.who,
        path: entry.path,
    }
}
