//! `/i-miei-assistiti`: the list of a family doctor or paediatrician, its movements, what waits for their answer, a refusal.

use super::desk::open_task;
use super::doctors::{self, Doctor};
use super::movements;
use super::person::{self, Person};
use super::record::Record;
use super::request::{self, Asked, CODE, WAITS};
use super::rules::{self, Ground};
use super::shown::Shown;
use crate::App;
use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::IntoResponse as _;
use http::header;
use jiff::ToSpan as _;
use jiff::civil::Date;
use orchestrator::api::CompleteTask;
use serde::Deserialize;
use web::{Answer, Failure, Flash, Page};

/// Persons on a page.
const LISTED: usize = 50;
/// Requests that wait for a doctor, at most.
const WAITING: usize = 50;

#[derive(Template)]
#[template(path = "panel.html")]
struct Panel {
    page: Page,
    doctor: Option<Doctor>,
    people: Vec<Assisted>,
    more: bool,
    q: String,
    total: u64,
    waiting: Vec<Shown>,
    grounds: &'static [Ground],
    from: String,
    to: String,
    unverified: bool,
}

struct Assisted {
    id: String,
    name: String,
    code: String,
    born: String,
    age: String,
}

/// What is looked for in the list.
#[derive(Deserialize)]
pub(super) struct Look {
    #[serde(default)]
    q: String,
}

fn doctor(page: &Page) -> Result<String, Failure> {
    let id = page.actor().subject.strip_prefix("Practitioner/").map(str::to_owned);
    id.ok_or_else(|| Failure::Forbidden(page.t("panel-doctors-only")))
}

/// `GET /i-miei-assistiti?q=`.
pub(super) async fn list(State(app): State<App>, page: Page, Query(look): Query<Look>) -> Answer {
    let id = doctor(&page)?;
    let system = app.system();
    let today = web::local_date(page.now());
    let reference = format!("Practitioner/{id}");
    let count = (LISTED + 1).to_string();
    let mut asked = vec![
        ("general-practitioner", reference.as_str()),
        ("active", "true"),
        ("_sort", "family"),
        ("_count", &count),
    ];
    let q: String = look.q.trim().chars().take(100).collect();
    if !q.is_empty() {
        asked.push(("name", &q));
    }
    // Their own list: a doctor sees, as themselves, whom they have.
    let mut found = app.fhir(&page).search("Patient", &asked).await?;
    let more = found.len() > LISTED;
    found.truncate(LISTED);
    let people = found.into_iter().map(|patient| assisted(patient, today)).collect();
    let waiting = format!("{WAITS}|in-corso");
    let requests = Record::search(&system, CODE, &[("code", &waiting)], 500).await?;
    let mut shown = Vec::new();
    for record in requests.iter().filter(|one| one.get("medico") == id).take(WAITING) {
        let task = open_task(&app, &record.id).await?;
        if task.is_some_and(|task| task.element == "consenso") {
            let who = system.find("Patient", &record.patient).await?;
            shown.push(Shown::of(
                &page,
                record,
                who.as_ref().map(person::name).unwrap_or_default(),
            ));
        }
    }
    web::show(&Panel {
        doctor: doctors::one(&system, &id, today).await?,
        total: system
            .count("Patient", &[("general-practitioner", &reference), ("active", "true")])
            .await?,
        people,
        more,
        q,
        waiting: shown,
        grounds: &rules::on(today).refusal.grounds,
        from: today.checked_sub(30.days()).unwrap_or(today).to_string(),
        to: today.to_string(),
        unverified: rules::movements().status != "verified",
        page: page.titled("panel-title"),
    })
}

fn assisted(patient: serde_json::Value, today: Date) -> Assisted {
    let person = Person {
        patient,
        ..Person::default()
    };
    Assisted {
        id: person.id().to_owned(),
        name: person.name(),
        code: person.code().to_owned(),
        born: person.birth().map(web::date).unwrap_or_default(),
        age: person.age(today).map(|age| age.to_string()).unwrap_or_default(),
    }
}

/// Between which days.
#[derive(Deserialize)]
pub(super) struct Span {
    #[serde(default)]
    da: String,
    #[serde(default)]
    a: String,
}

/// `GET /i-miei-assistiti/movimenti?da=&a=`: a file.
pub(super) async fn movements(State(app): State<App>, page: Page, Query(span): Query<Span>) -> Answer {
    let id = doctor(&page)?;
    let day = |text: &str| {
        text.parse::<Date>()
            .map_err(|_| Failure::Unprocessable(page.t("choice-bad-date")))
    };
    let (from, to) = (day(&span.da)?, day(&span.a)?);
    if to < from || (to - from).get_days() > 400 {
        return Err(Failure::Unprocessable(page.t("panel-span")));
    }
    let found = movements::of(&app.system(), &id, from, to).await?;
    let name = format!("attachment; filename=\"movimenti-{from}-{to}.csv\"");
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    Ok((headers, movements::file(&found)).into_response())
}

/// Whom a doctor no longer wants to have.
#[derive(Deserialize)]
pub(super) struct Refusal {
    #[serde(default)]
    persona: String,
    #[serde(default)]
    motivo: String,
    #[serde(default)]
    parole: String,
}

/// `POST /i-miei-assistiti/ricusa`.
pub(super) async fn refuse(State(app): State<App>, page: Page, Form(sent): Form<Refusal>) -> Answer {
    let id = doctor(&page)?;
    let system = app.system();
    let person = Person::load(&system, &sent.persona).await?;
    let person = person.filter(|one| one.doctor() == Some(&id));
    let person = person.ok_or_else(|| Failure::NotFound("person".into()))?;
    let grounds = &rules::on(web::local_date(page.now())).refusal.grounds;
    let ground = grounds.iter().find(|one| one.code == sent.motivo);
    let words = sent.parole.trim();
    let (Some(ground), false) = (ground, words.is_empty() || words.chars().count() > 1000) else {
        return Err(Failure::Unprocessable(page.t("panel-refusal-why")));
    };
    let open = request::of_person(&system, person.id()).await?;
    let already = open
        .iter()
        .any(|one| request::is_open(one) && one.get("tipo") == "ricusazione");
    if already {
        return page.redirect("/i-miei-assistiti", Flash::warning(page.t("panel-refusal-already")));
    }
    let asked = Asked {
        what: "ricusazione",
        patient: person.id(),
        doctor: &id,
        doctor_name: &page.actor().name,
        ground: ground.of(web::Lang::It),
        words,
        channel: "medico",
        by: (&page.actor().subject, &page.actor().name),
        ..Asked::default()
    };
    let record = request::new(&app.context.ids.next(), &asked, page.now());
    request::start(&app.context, &record, false).await?;
    page.redirect("/i-miei-assistiti", Flash::success(page.t("panel-refusal-sent")))
}

/// What a doctor answers.
#[derive(Deserialize)]
pub(super) struct Consent {
    #[serde(default)]
    risposta: String,
    #[serde(default)]
    nota: String,
}

/// `POST /i-miei-assistiti/richieste/{id}`: accepts somebody or does not.
pub(super) async fn answer(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Form(consent): Form<Consent>,
) -> Answer {
    let me = doctor(&page)?;
    let found = Record::find(&app.system(), CODE, &id).await?;
    let found = found.filter(|one| one.get("medico") == me);
    let mut record = found.ok_or_else(|| Failure::NotFound("request".into()))?;
    if !["accettata", "rifiutata"].contains(&consent.risposta.as_str()) || consent.nota.chars().count() > 1000 {
        return Err(Failure::Unprocessable(page.t("choice-decision-missing")));
    }
    let task = open_task(&app, &id).await?.filter(|task| task.element == "consenso");
    let task = task.ok_or_else(|| Failure::Conflict(page.t("choice-decided")))?;
    record.set("risposta-medico", &consent.risposta);
    record.set("medico-risponde", &page.actor().subject);
    record.set("nota", consent.nota.trim());
    record.save(&app.system()).await?;
    let system = app.context.peers.orchestrator(&access::Actor::system());
    system.complete(&task.id, &CompleteTask::default()).await?;
    page.redirect("/i-miei-assistiti", Flash::success(page.t("choice-decided-now")))
}
