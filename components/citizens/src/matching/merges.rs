//! `/anagrafe/fusioni`: merges, their ledgers, and separating again.

use super::kept::Kept;
use super::merge::ledger::{DONE, MERGE, MOVING, RETURNING, SEPARATED, json_of, leaves, listed};
use super::merge::{MergeError, join, split};
use super::show::name_of;
use crate::App;
use access::AuditPatient;
use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use component::Fhir;
use serde_json::Value;
use web::{Answer, Failure, Flash, Page};

/// Merges shown of each state.
const SHOWN: usize = 200;

#[derive(Template)]
#[template(path = "match_merges.html")]
struct MergesPage {
    page: Page,
    rows: Vec<Row>,
}

/// One merge in the list.
struct Row {
    id: String,
    name: String,
    when: String,
    state: String,
}

#[derive(Template)]
#[template(path = "match_merge.html")]
struct MergePage {
    page: Page,
    id: String,
    survivor: (String, String),
    other: (String, String),
    when: String,
    who: String,
    second: String,
    reason: String,
    state: String,
    moved: usize,
    leaves: usize,
    closed: usize,
    changed: Vec<String>,
    left: usize,
    can_resume: bool,
    can_separate: bool,
    separated: bool,
    separated_why: String,
    added: Vec<Added>,
}

/// Something written about the survivor since the merge.
struct Added {
    reference: String,
    what: String,
    when: String,
}

/// `GET /anagrafe/fusioni`.
pub(crate) async fn list(State(app): State<App>, page: Page) -> Answer {
    let (system, own) = (app.system(), app.fhir(&page));
    let mut rows: Vec<(String, Row)> = vec![];
    for state in [MOVING, RETURNING, DONE, SEPARATED] {
        for one in Kept::list(&system, MERGE, state, SHOWN).await? {
            // as whoever looks
            let Some(person) = own.find("Patient", one.get("resta")).await? else {
                continue;
            };
            let when = one.get("quando").to_owned();
            let row = Row {
                name: name_of(&person),
                when: when.parse().map(|at| page.date_time(&at)).unwrap_or_default(),
                state: page.t(&format!("merge-state-{state}")),
                id: one.id,
            };
            rows.push((when, row));
        }
    }
    rows.sort_by(|a, b| b.0.cmp(&a.0));
    web::show(&MergesPage {
        rows: rows.into_iter().map(|(_, row)| row).collect(),
        page: page
            .titled("merges-title")
            .crumb("/anagrafe", "citizens-title")
            .crumb("/anagrafe/doppioni", "match-title"),
    })
}

/// A merge that whoever asks may see.
async fn find(app: &App, page: &Page, id: &str) -> Result<(Kept, Value, Value), Failure> {
    let none = || Failure::NotFound("merge".into());
    let merge = Kept::find(&app.system(), MERGE, id).await?.ok_or_else(none)?;
    let own = app.fhir(page);
    let survivor = own.find("Patient", merge.get("resta")).await?.ok_or_else(none)?;
    let other = own.find("Patient", merge.get("tolta")).await?.ok_or_else(none)?;
    Ok((merge, survivor, other))
}

/// `GET /anagrafe/fusioni/{id}`.
pub(crate) async fn show(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let (merge, survivor, other) = find(&app, &page, &id).await?;
    let system = app.system();
    let separated = merge.state == SEPARATED;
    let added = split::added(&system, &merge).await?;
    let left = if merge.state == DONE {
        split::left(&system, &merge).await?
    } else {
        0
    };
    let list = |name: &str| json_of(&merge, name).as_array().cloned().unwrap_or_default();
    let named = |one: &Value| (one["id"].as_str().unwrap_or_default().to_owned(), name_of(one));
    let closed = list("chiusi").len();
    let mut response = web::show(&MergePage {
        survivor: named(&survivor),
        other: named(&other),
        when: merge
            .get("quando")
            .parse()
            .map(|at| page.date_time(&at))
            .unwrap_or_default(),
        who: who(&system, merge.get("chi")).await?,
        second: who(&system, merge.get("conferma")).await?,
        reason: merge.get("motivo").to_owned(),
        state: page.t(&format!("merge-state-{}", merge.state)),
        moved: listed(&system, &merge).await?.len() - closed,
        leaves: leaves(&merge),
        closed,
        changed: list("cambiati")
            .iter()
            .filter_map(|one| one.as_str().map(str::to_owned))
            .collect(),
        can_resume: merge.state == MOVING || merge.state == RETURNING || left > 0,
        left,
        can_separate: merge.state == DONE,
        separated,
        separated_why: merge.get("separata-perche").to_owned(),
        added: added.iter().map(|one| shown(&page, one)).collect(),
        id: merge.id.clone(),
        page: page
            .titled("merge-title")
            .crumb("/anagrafe", "citizens-title")
            .crumb("/anagrafe/doppioni", "match-title")
            .crumb("/anagrafe/fusioni", "merges-title"),
    })?;
    response
        .extensions_mut()
        .insert(AuditPatient(merge.get("resta").to_owned()));
    Ok(response)
}

/// What it is and since when it is there; not what it says: the desk sees no clinical data.
fn shown(page: &Page, one: &Value) -> Added {
    let rtype = one["resourceType"].as_str().unwrap_or_default();
    let at = one["meta"]["lastUpdated"].as_str().and_then(|at| at.parse().ok());
    Added {
        reference: format!("{rtype}/{}", one["id"].as_str().unwrap_or_default()),
        what: page.named("fhir-type", rtype),
        when: at.map(|at| page.date_time(&at)).unwrap_or_default(),
    }
}

async fn who(system: &Fhir, subject: &str) -> Result<String, Failure> {
    let found = system.resolve(subject).await?;
    Ok(found.map_or_else(|| subject.to_owned(), |one| name_of(&one)))
}

/// `POST /anagrafe/fusioni/{id}/riprendi`: goes on with what was interrupted, or moves what came since.
pub(crate) async fn resume(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let (merge, ..) = find(&app, &page, &id).await?;
    let outcome = match merge.state.as_str() {
        RETURNING => split::resume(&app.context, &id).await,
        _ => join::resume(&app.context, &id).await,
    };
    told(&page, &id, outcome.map(drop), "merge-resumed")
}

/// Why.
#[derive(serde::Deserialize)]
pub(crate) struct Why {
    #[serde(default)]
    motivo: String,
}

/// `POST /anagrafe/fusioni/{id}/separa`.
pub(crate) async fn separate(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Form(sent): Form<Why>,
) -> Answer {
    find(&app, &page, &id).await?;
    let reason = sent.motivo.trim();
    if reason.is_empty() || reason.chars().count() > 500 {
        return page.redirect(
            &format!("/anagrafe/fusioni/{id}"),
            Flash::danger(page.t("match-reason-needed")),
        );
    }
    let outcome = split::split(&app.context, &id, &page.actor().subject, reason).await;
    told(&page, &id, outcome.map(drop), "merge-separated")
}

/// `POST /anagrafe/fusioni/{id}/assegna`: gives what was written since to the other record.
pub(crate) async fn assign(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Answer {
    find(&app, &page, &id).await?;
    let names: Vec<String> = sent
        .into_iter()
        .filter(|(name, _)| name == "risorsa")
        .map(|(_, value)| value)
        .collect();
    let outcome = split::assign(&app.context, &id, &names).await;
    told(&page, &id, outcome.map(drop), "merge-assigned")
}

fn told(page: &Page, id: &str, outcome: Result<(), MergeError>, done: &str) -> Answer {
    let back = format!("/anagrafe/fusioni/{id}");
    match outcome {
        Ok(()) => page.redirect(&back, Flash::success(page.t(done))),
        Err(MergeError::Refused(why)) => page.redirect(&back, Flash::danger(page.t(why))),
        Err(error) => Err(failure(page, error)),
    }
}

/// A merge that did not go on, for the person: somebody was faster, or a defect.
pub(super) fn failure(page: &Page, error: MergeError) -> Failure {
    match error {
        MergeError::Peer(error) if error.is_conflict() => Failure::Conflict(page.t("match-conflict")),
        MergeError::Peer(error) => error.into(),
        MergeError::Refused(why) => Failure::Unprocessable(page.t(why)),
    }
}
