//! `/anagrafe/nuova`, `/anagrafe/{id}/modifica`: entering a person and correcting a record.

use super::check::{Checked, Problem, check};
use super::facts::differences;
use super::similar::{Similar, similar};
use super::{Sent, build, write};
use crate::{App, people};
use access::AuditPatient;
use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use http::StatusCode;
use serde_json::{Value, json};
use web::{Answer, Failure, Flash, Page};

#[derive(Template)]
#[template(path = "person_form.html")]
struct FormPage {
    page: Page,
    sent: Sent,
    action: String,
    cancel: String,
    new: bool,
    errors: Vec<Problem>,
    notices: Vec<Problem>,
    similar: Vec<Similar>,
    /// What somebody else changed meanwhile.
    changed: Vec<(&'static str, String, String)>,
}

impl FormPage {
    fn error(&self, field: &str) -> Option<&str> {
        self.errors
            .iter()
            .find(|one| one.field == field)
            .map(|one| one.text.as_str())
    }

    /// Whether there is something to be read before it is written.
    fn to_read(&self) -> bool {
        !self.notices.is_empty() || !self.similar.is_empty()
    }
}

/// The empty form.
pub(crate) async fn blank(State(_): State<App>, page: Page) -> Answer {
    let sent = Sent {
        tipo_codice: "cf".into(),
        ..Sent::default()
    };
    render(form(page, None, sent), StatusCode::OK, None)
}

/// Writes a new person, unless there is something to correct or to read first.
pub(crate) async fn create(State(app): State<App>, page: Page, Form(sent): Form<Sent>) -> Answer {
    let checked = check(page.texts(), &sent, web::local_date(page.now()));
    if !checked.errors.is_empty() {
        return refused(page, None, sent, checked);
    }
    let mut patient = build::patient(None, &sent, &checked);
    if let Some(owner) = owner(&app, &page, &patient).await? {
        let mut shown = form(page, None, sent);
        let text = shown.page.t1("error-code-taken", "name", people::name(&owner));
        shown.errors.push(Problem { field: "codice", text });
        shown.similar = similar(&app.fhir(&shown.page), &patient).await?;
        return render(shown, StatusCode::UNPROCESSABLE_ENTITY, None);
    }
    let alike = similar(&app.fhir(&page), &patient).await?;
    if sent.letto.is_empty() && !(alike.is_empty() && checked.notices.is_empty()) {
        let mut shown = form(page, None, sent);
        (shown.similar, shown.notices) = (alike, checked.notices);
        return render(shown, StatusCode::UNPROCESSABLE_ENTITY, None);
    }
    write::sign(&mut patient, page.actor(), "sportello");
    let mut entry = write::entry(&patient);
    // A code that somebody else enters at the same moment is seen by the hub, inside the commit.
    if let Some((_, code)) = people::main_code(&patient) {
        entry["request"]["ifNoneExist"] = json!(format!("identifier={code}"));
    }
    let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": [entry]});
    let written = app.fhir(&page).transaction(&bundle).await?;
    let place = people::items(&written, "entry").find_map(|one| one["response"]["location"].as_str());
    let id = place
        .and_then(id_of)
        .ok_or_else(|| Failure::Internal("a new person has no place".into()))?;
    page.redirect(&format!("/anagrafe/{id}"), Flash::success(page.t("person-created")))
}

/// `…/Patient/<id>/_history/1`.
fn id_of(location: &str) -> Option<String> {
    let (_, rest) = location.split_once("Patient/")?;
    rest.split('/').next().map(str::to_owned)
}

/// Somebody else who has this code, under any form of it.
async fn owner(app: &App, page: &Page, patient: &Value) -> Result<Option<Value>, Failure> {
    let Some((_, code)) = people::main_code(patient) else {
        return Ok(None);
    };
    let found = app
        .fhir(page)
        .search("Patient", &[("identifier", code), ("_count", "5")])
        .await?;
    Ok(found
        .into_iter()
        .find(|other| other["id"] != patient["id"] && !people::is_inactive(other)))
}

/// The form with what is there.
pub(crate) async fn change(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let patient = app.fhir(&page).read("Patient", &id).await?;
    render(form(page, Some(&patient), Sent::of(&patient)), StatusCode::OK, Some(id))
}

/// Writes what was changed, in the place of the version that was shown.
pub(crate) async fn save(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Form(mut sent): Form<Sent>,
) -> Answer {
    let fhir = app.fhir(&page);
    let stored = fhir.read("Patient", &id).await?;
    let checked = check(page.texts(), &sent, web::local_date(page.now()));
    if stored["meta"]["versionId"] != sent.versione.as_str() {
        return conflict(&app, page, &stored, sent).await;
    }
    if !checked.errors.is_empty() {
        return refused(page, Some(&stored), sent, checked);
    }
    let mut patient = build::patient(Some(&stored), &sent, &checked);
    if patient == stored {
        return page.redirect(&format!("/anagrafe/{id}"), Flash::success(page.t("person-unchanged")));
    }
    if let Some(owner) = owner(&app, &page, &patient).await? {
        let mut shown = form(page, Some(&stored), sent);
        let text = shown.page.t1("error-code-taken", "name", people::name(&owner));
        shown.errors.push(Problem { field: "codice", text });
        return render(shown, StatusCode::UNPROCESSABLE_ENTITY, Some(id));
    }
    if sent.letto.is_empty() && !checked.notices.is_empty() {
        let mut shown = form(page, Some(&stored), sent);
        shown.notices = checked.notices;
        return render(shown, StatusCode::UNPROCESSABLE_ENTITY, Some(id));
    }
    write::sign(&mut patient, page.actor(), "sportello");
    match write::commit(&fhir, &[patient]).await {
        Ok(()) => page.redirect(&format!("/anagrafe/{id}"), Flash::success(page.t("person-saved"))),
        Err(error) if write::is_conflict(&error) => {
            let stored = fhir.read("Patient", &id).await?;
            sent.letto.clear();
            conflict(&app, page, &stored, sent).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Somebody else was faster: what they changed, and the form to send again over it.
async fn conflict(app: &App, page: Page, stored: &Value, mut sent: Sent) -> Answer {
    let id = people::text(stored, "id").to_owned();
    let day = web::local_date(page.now()).to_string();
    let versions = app.fhir(&page).history("Patient", &id, 50).await?;
    let seen = versions
        .iter()
        .find(|version| version["meta"]["versionId"] == sent.versione.as_str());
    let changed = seen
        .map(|seen| differences(&page, seen, stored, &day))
        .unwrap_or_default();
    sent.versione = people::text(&stored["meta"], "versionId").to_owned();
    let mut shown = form(page, Some(stored), sent);
    shown.errors = vec![Problem {
        field: "",
        text: shown.page.t("error-conflict"),
    }];
    shown.changed = changed;
    render(shown, StatusCode::CONFLICT, Some(id))
}

fn refused(page: Page, stored: Option<&Value>, sent: Sent, checked: Checked) -> Answer {
    let id = stored.map(|stored| people::text(stored, "id").to_owned());
    let mut shown = form(page, stored, sent);
    shown.errors = checked.errors;
    render(shown, StatusCode::UNPROCESSABLE_ENTITY, id)
}

fn form(page: Page, stored: Option<&Value>, sent: Sent) -> FormPage {
    let page = page.crumb("/anagrafe", "citizens-title");
    let (page, action, cancel) = match stored {
        None => (
            page.titled("person-new"),
            "/anagrafe/nuova".to_owned(),
            "/anagrafe".to_owned(),
        ),
        Some(stored) => {
            let record = format!("/anagrafe/{}", people::text(stored, "id"));
            let page = page.crumb_named(&record, people::name(stored)).titled("person-change");
            (page, format!("{record}/modifica"), record)
        }
    };
    FormPage {
        page,
        sent,
        action,
        cancel,
        new: stored.is_none(),
        errors: vec![],
        notices: vec![],
        similar: vec![],
        changed: vec![],
    }
}

fn render(template: FormPage, status: StatusCode, patient: Option<String>) -> Answer {
    let mut response = web::show(&template)?;
    *response.status_mut() = status;
    if let Some(id) = patient {
        response.extensions_mut().insert(AuditPatient(id));
    }
    Ok(response)
}
