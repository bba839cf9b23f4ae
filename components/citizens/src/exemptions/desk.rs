//! `/anagrafe/esenzioni`: the desk records and ends exemptions, and takes the list of the ministry.

use super::citizen::{Shown, shown};
use super::held::{self, Given, New};
use super::{list, rules};
use crate::App;
use crate::choice::person::Person;
use crate::choice::{codes, person};
use access::AuditPatient;
use askama::Template;
use axum::Form;
use axum::extract::{Multipart, Path, State};
use http::StatusCode;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;
use web::{Answer, Failure, Flash, Page};

/// Rows of a list told as wrong.
const TOLD: usize = 50;
/// Codes proposed for some words.
const PROPOSED: usize = 30;

#[derive(Template)]
#[template(path = "exemptions_desk.html")]
struct Desk {
    page: Page,
    sent: Sent,
    error: Option<String>,
    found: Option<Found>,
    codes: Vec<(&'static str, &'static str)>,
    wrong: Vec<(usize, String)>,
    kinds: &'static [rules::Kind],
    unverified: bool,
    today: String,
}

struct Found {
    name: String,
    born: String,
    exemptions: Vec<Shown>,
}

/// What the forms send.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    codice_fiscale: String,
    /// Words of a code that is looked for.
    cerca: String,
    codice: String,
    dal: String,
    al: String,
}

/// `GET /anagrafe/esenzioni`.
pub(super) async fn home(State(app): State<App>, page: Page) -> Answer {
    show(&app, page, Sent::default(), None, None, Vec::new()).await
}

async fn show(
    app: &App,
    page: Page,
    sent: Sent,
    found: Option<Person>,
    error: Option<String>,
    wrong: Vec<(usize, String)>,
) -> Answer {
    let today = web::local_date(page.now());
    let seen = found.as_ref().map(|one| one.id().to_owned());
    let found = match found {
        Some(person) => Some(Found {
            name: person.name(),
            born: person.birth().map(web::date).unwrap_or_default(),
            exemptions: held::of_person(&app.system(), person.id())
                .await?
                .iter()
                .map(|one| shown(&page, one, today))
                .collect(),
        }),
        None => None,
    };
    let failed = error.is_some();
    let mut response = web::show(&Desk {
        page: page
            .titled("exemptions-desk-title")
            .crumb("/anagrafe", "citizens-title"),
        codes: if sent.cerca.trim().is_empty() {
            Vec::new()
        } else {
            rules::find(&sent.cerca, PROPOSED)
        },
        kinds: &rules::rules().kinds,
        unverified: rules::list().status != "verified",
        today: today.to_string(),
        sent,
        error,
        found,
        wrong,
    })?;
    if failed {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    if let Some(seen) = seen {
        response.extensions_mut().insert(AuditPatient(seen));
    }
    Ok(response)
}

async fn by_code(app: &App, code: &str) -> Result<Option<Person>, Failure> {
    let code = code.trim().to_uppercase();
    if code.len() != 16 || !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(None);
    }
    let identifier = format!("{}|{code}", codes::FISCAL);
    let found = app.system().search("Patient", &[("identifier", &identifier)]).await?;
    match found
        .iter()
        .find(|one| one["active"] != false)
        .and_then(|one| one["id"].as_str())
    {
        Some(id) => Ok(Person::load(&app.system(), id).await?),
        None => Ok(None),
    }
}

/// `POST /anagrafe/esenzioni`: finds the person, and codes for some words.
pub(super) async fn find(State(app): State<App>, page: Page, Form(sent): Form<Sent>) -> Answer {
    match by_code(&app, &sent.codice_fiscale).await? {
        Some(person) => show(&app, page, sent, Some(person), None, Vec::new()).await,
        None => {
            let error = page.t("choice-nobody");
            show(&app, page, sent, None, Some(error), Vec::new()).await
        }
    }
}

/// `POST /anagrafe/esenzioni/registra`.
pub(super) async fn record(State(app): State<App>, page: Page, Form(sent): Form<Sent>) -> Answer {
    let person = by_code(&app, &sent.codice_fiscale).await?;
    let person = person.ok_or_else(|| Failure::Unprocessable(page.t("choice-nobody")))?;
    let day = |text: &str| person::date(&json!(text));
    let today = web::local_date(page.now());
    let from: Date = day(&sent.dal).unwrap_or(today);
    let code = sent.codice.trim().to_uppercase();
    let last = rules::last_day(&code, from, day(&sent.al));
    let wrong = match (rules::text(&code), &last, person.death()) {
        (None, _, _) => Some("exemption-which"),
        (_, Err(key), _) => Some(*key),
        (_, _, Some(_)) => Some("choice-dead"),
        _ if !rules::age_fits(&code, person.age(from).unwrap_or(0)) => Some("exemption-age"),
        _ => None,
    };
    if let Some(key) = wrong {
        let error = page.t(key);
        return show(&app, page, sent, Some(person), Some(error), Vec::new()).await;
    }
    let new = New {
        patient: &person.patient,
        code: &code,
        from,
        to: last.unwrap_or_default(),
        origin: "asl",
    };
    let given = held::give(&app.system(), &new, None).await?;
    let again = Sent {
        codice_fiscale: sent.codice_fiscale,
        ..Sent::default()
    };
    match given {
        Given::Done => {
            let page = {
                let flash = Flash::success(page.t("exemption-recorded"));
                page.with_flash(flash)
            };
            show(&app, page, again, Some(person), None, Vec::new()).await
        }
        Given::Already => {
            let error = page.t("exemption-already");
            show(&app, page, again, Some(person), Some(error), Vec::new()).await
        }
    }
}

/// `POST /anagrafe/esenzioni/{id}/termina`.
pub(super) async fn end(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let found = app.system().find("Coverage", &id).await?.and_then(held::Held::of);
    let held = found
        .filter(|one| one.active)
        .ok_or_else(|| Failure::NotFound("exemption".into()))?;
    held::end(&app.system(), &held, web::local_date(page.now()), "asl").await?;
    page.redirect("/anagrafe/esenzioni", Flash::success(page.t("exemption-ended")))
}

/// `POST /anagrafe/esenzioni/elenco`: the list of the ministry.
pub(super) async fn load(State(app): State<App>, page: Page, mut form: Multipart) -> Answer {
    let mut text = String::new();
    let refuse = |error: axum::extract::multipart::MultipartError| Failure::Unprocessable(error.body_text());
    while let Some(part) = form.next_field().await.map_err(refuse)? {
        if part.name() == Some("file") {
            text = String::from_utf8_lossy(&part.bytes().await.map_err(refuse)?).into_owned();
        }
    }
    match list::load(&app.system(), &text).await? {
        Ok(mut loaded) => {
            let count = loaded.wrong.len();
            loaded.wrong.truncate(TOLD);
            let told = [
                page.t1("exemptions-list-given", "n", loaded.given),
                page.t1("exemptions-list-already", "n", loaded.already),
                page.t1("exemptions-list-wrong", "n", count),
            ];
            let page = page.with_flash(Flash::success(told.join(" ")));
            show(&app, page, Sent::default(), None, None, loaded.wrong).await
        }
        Err(reason) => show(&app, page, Sent::default(), None, Some(reason), Vec::new()).await,
    }
}
