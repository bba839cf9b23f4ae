//! `/esenzioni`: the citizen's exemptions, and the self-certification of those by income.

use super::held::{self, Given, Held, New};
use super::rules::{self, Declaration};
use crate::App;
use crate::choice::person::Person;
use crate::choice::record::{Record, id_of};
use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use http::StatusCode;
use jiff::civil::Date;
use serde::Deserialize;
use web::{Answer, Failure, Flash, Page};

/// Code of the records of self-certifications.
pub(super) const DECLARATION: &str = "autocertificazione-esenzione";

/// An exemption in words.
pub(super) struct Shown {
    pub id: String,
    pub code: String,
    pub text: String,
    pub kind: String,
    pub from: String,
    pub to: String,
    pub origin: String,
    pub holds: bool,
    pub soon: bool,
    pub may_end: bool,
}

/// In words of the page.
pub(super) fn shown(page: &Page, held: &Held, today: Date) -> Shown {
    let days = held.to.map(|to| i64::from((to - today).get_days()));
    let holds = held.holds(today);
    Shown {
        id: held.id.clone(),
        code: held.code.clone(),
        text: held.text.clone(),
        kind: rules::kind(&held.code).of(page.lang()).to_owned(),
        from: held.from.map(web::date).unwrap_or_default(),
        to: held.to.map(web::date).unwrap_or_default(),
        origin: page.named("exemption-origin", &held.origin),
        soon: holds && days.is_some_and(|days| days <= rules::rules().notice_days),
        may_end: holds && held.origin == "autocertificazione",
        holds,
    }
}

#[derive(Template)]
#[template(path = "exemptions.html")]
struct Home {
    page: Page,
    exemptions: Vec<Shown>,
    codes: Vec<(&'static str, &'static str)>,
    declaration: &'static Declaration,
    sent: Sent,
    error: Option<String>,
}

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    codice: String,
    dichiaro: String,
    nucleo: String,
}

async fn own(app: &App, page: &Page) -> Result<Person, Failure> {
    let id = page.actor().patient().map(str::to_owned);
    let id = id.ok_or_else(|| Failure::Forbidden(page.t("choice-citizens-only")))?;
    let found = Person::load(&app.system(), &id).await?;
    found.ok_or(Failure::NotFound(id))
}

/// `GET /esenzioni`.
pub(super) async fn home(State(app): State<App>, page: Page) -> Answer {
    let person = own(&app, &page).await?;
    show(&app, page, &person, Sent::default(), None).await
}

async fn show(app: &App, page: Page, person: &Person, sent: Sent, error: Option<String>) -> Answer {
    let today = web::local_date(page.now());
    let age = person.age(today).unwrap_or(0);
    let held = held::of_person(&app.system(), person.id()).await?;
    let wrong = error.is_some();
    let mut response = web::show(&Home {
        exemptions: held.iter().map(|one| shown(&page, one, today)).collect(),
        codes: rules::declared()
            .into_iter()
            .filter(|one| rules::age_fits(one.0, age))
            .collect(),
        declaration: &rules::rules().declaration,
        page: page.titled("exemptions-title"),
        sent,
        error,
    })?;
    if wrong {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

/// `POST /esenzioni`: a self-certification.
pub(super) async fn declare(State(app): State<App>, page: Page, Form(sent): Form<Sent>) -> Answer {
    let person = own(&app, &page).await?;
    let today = web::local_date(page.now());
    let age = person.age(today).unwrap_or(0);
    let known = rules::text(&sent.codice).is_some() && rules::kind(&sent.codice).declared;
    let wrong = match () {
        () if !known => Some("exemption-which"),
        () if !rules::age_fits(&sent.codice, age) => Some("exemption-age"),
        () if sent.dichiaro != "si" => Some("exemption-declare-missing"),
        () if sent.nucleo.chars().count() > 500 => Some("exemption-too-long"),
        () if person.death().is_some() => Some("exemption-which"),
        () => None,
    };
    if let Some(key) = wrong {
        let error = page.t(key);
        return show(&app, page, &person, sent, Some(error)).await;
    }
    let to = rules::last_day(&sent.codice, today, None).map_err(|key| Failure::Unprocessable(page.t(key)))?;
    let declaration = &rules::rules().declaration;
    let actor = page.actor();
    let id = app.context.ids.next();
    let mut record = Record::new(
        &id,
        DECLARATION,
        "Autocertificazione di esenzione",
        person.id(),
        &actor.subject,
        page.now(),
    );
    for (name, value) in [
        ("codice", sent.codice.as_str()),
        ("testo", &declaration.version),
        ("nucleo", sent.nucleo.trim()),
        ("da-nome", &actor.name),
        ("controllo", "no"),
    ] {
        record.set(name, value);
    }
    let new = New {
        patient: &person.patient,
        code: &sent.codice,
        from: today,
        to,
        origin: "autocertificazione",
    };
    match held::give(&app.system(), &new, Some(&record)).await? {
        Given::Done => page.redirect("/esenzioni", Flash::success(page.t("exemption-declared"))),
        Given::Already => {
            let error = page.t("exemption-already");
            show(&app, page, &person, sent, Some(error)).await
        }
    }
}

/// `POST /esenzioni/{id}/termina`: the condition has ended.
pub(super) async fn end(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let person = own(&app, &page).await?;
    let today = web::local_date(page.now());
    let held = held::of_person(&app.system(), person.id()).await?;
    let found = held
        .into_iter()
        .find(|one| one.id == id && shown(&page, one, today).may_end);
    let found = found.ok_or_else(|| Failure::NotFound("exemption".into()))?;
    held::end(&app.system(), &found, today, "rinuncia").await?;
    page.redirect("/esenzioni", Flash::success(page.t("exemption-ended")))
}

/// An id of a sample, of its seed and day.
pub(super) fn sample_id(seed: &str, day: &str) -> String {
    id_of("controllo", &[seed, day])
}
