//! `/il-mio-medico`: who my doctor is, whom I can choose, what became of what I asked. Also for a child or a ward, for whom
//! the person acts.

use super::doctors::{self, Doctor};
use super::person::Person;
use super::record::Record;
use super::request::{self, Asked, CODE};
use super::rules::{self, Ground};
use super::shown::{Current, Shown, assistance};
use super::{codes, ending, receipt as letter};
use crate::App;
use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use serde::Deserialize;
use web::{Answer, Failure, Flash, Page};

/// Doctors in the list.
const LISTED: usize = 20;
/// Longest text.
const LONGEST: usize = 1000;

#[derive(Template)]
#[template(path = "my_doctor.html")]
struct Home {
    page: Page,
    current: Option<Current>,
    ends: Option<String>,
    assistance: String,
    requests: Vec<Shown>,
    rules: Vec<(String, &'static str, &'static str)>,
}

/// The id of the person whose doctor it is about: the citizen's own, or of whom they act for.
fn citizen(page: &Page) -> Result<String, Failure> {
    let own = page.actor().patient().map(str::to_owned);
    own.ok_or_else(|| Failure::Forbidden(page.t("choice-citizens-only")))
}

async fn person(app: &App, id: &str) -> Result<Person, Failure> {
    let found = Person::load(&app.system(), id).await?;
    found.ok_or_else(|| Failure::NotFound(id.to_owned()))
}

/// `GET /il-mio-medico`.
pub(super) async fn home(State(app): State<App>, page: Page) -> Answer {
    let id = citizen(&page)?;
    let person = person(&app, &id).await?;
    let today = web::local_date(page.now());
    let doctor = match person.doctor() {
        Some(doctor) => doctors::one(&app.system(), doctor, today).await?,
        None => None,
    };
    let requests = request::of_person(&app.system(), &id).await?;
    web::show(&Home {
        current: Current::of(&page, &person, doctor.as_ref()),
        ends: ending::soon(&person, today).map(web::date),
        assistance: assistance(&page, &person),
        requests: requests
            .iter()
            .map(|one| Shown::of(&page, one, String::new()))
            .collect(),
        rules: rules::on(today).told(),
        page: page.titled("my-doctor-title"),
    })
}

/// Which list.
#[derive(Deserialize)]
pub(super) struct Which {
    #[serde(default)]
    tipo: String,
}

#[derive(Template)]
#[template(path = "choose_doctor.html")]
pub(super) struct Choose {
    pub page: Page,
    pub kinds: Vec<&'static str>,
    pub kind: String,
    pub doctors: Vec<(Doctor, bool)>,
    pub residence: String,
    pub grounds: &'static [Ground],
    pub error: Option<String>,
    pub sent: Sent,
    pub person: Option<(String, String)>,
    pub action: &'static str,
    pub back: &'static str,
    pub min: String,
    pub max: String,
}

/// What the form sends.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    /// At the desk: Patient id.
    pub persona: String,
    pub cosa: String,
    pub tipo: String,
    pub medico: String,
    pub deroga: String,
    pub familiare: String,
    pub motivo14: String,
    pub fine: String,
    pub parole: String,
}

/// The doctors near a person, with places, and whether each covers where the person lives.
pub(super) async fn listed(
    app: &App,
    person: &Person,
    page: &Page,
    kind: &str,
) -> Result<Vec<(Doctor, bool)>, Failure> {
    let system = app.system();
    let today = web::local_date(page.now());
    let near = doctors::all(&system, kind, Some(person), today).await?;
    let mut listed = Vec::new();
    for mut doctor in near.into_iter().take(LISTED) {
        doctor.count(&system).await?;
        let covers = doctor.covers(person);
        listed.push((doctor, covers));
    }
    listed.sort_by_key(|(doctor, covers)| (!covers, doctor.places.is_none_or(|places| places <= 0)));
    Ok(listed)
}

/// The page with the list.
pub(super) async fn choose(
    app: &App,
    page: Page,
    person: &Person,
    sent: Sent,
    error: Option<String>,
    desk: bool,
) -> Answer {
    let today = web::local_date(page.now());
    let age = person.age(today).unwrap_or(0);
    let rules = rules::on(today);
    let mut kinds = rules.kinds(age).to_vec();
    if (rules.age.paediatrician_to..rules.age.paediatrician_to_with_grounds).contains(&age) || desk {
        kinds = vec!["mmg", "pls"];
    }
    let kind = if kinds.contains(&sent.tipo.as_str()) {
        sent.tipo.clone()
    } else {
        rules.kinds(age)[0].to_owned()
    };
    let day = |days: i32| today.saturating_add(jiff::Span::new().days(days)).to_string();
    let wrong = error.is_some();
    let page = page.titled("choose-doctor-title");
    let mut response = web::show(&Choose {
        doctors: listed(app, person, &page, &kind).await?,
        residence: person.residence().map(|one| one.name.to_owned()).unwrap_or_default(),
        grounds: if kind == "pls" && (age >= rules.age.paediatrician_to || ending::soon(person, today).is_some()) {
            &rules.grounds_after_14
        } else {
            &[]
        },
        person: desk.then(|| (person.id().to_owned(), person.name())),
        action: if desk {
            "/anagrafe/scelta/richieste"
        } else {
            "/il-mio-medico/richieste"
        },
        back: if desk { "/anagrafe/scelta" } else { "/il-mio-medico" },
        min: day(rules.temporary.min_days),
        max: day(rules.temporary.max_days),
        page: if desk {
            page.crumb("/anagrafe/scelta", "choice-desk-title")
        } else {
            page.crumb("/il-mio-medico", "my-doctor-title")
        },
        kinds,
        kind,
        error,
        sent,
    })?;
    if wrong {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

/// `GET /il-mio-medico/scegli?tipo=`.
pub(super) async fn list(State(app): State<App>, page: Page, Query(which): Query<Which>) -> Answer {
    let person = person(&app, &citizen(&page)?).await?;
    let sent = Sent {
        tipo: which.tipo,
        ..Sent::default()
    };
    choose(&app, page, &person, sent, None, false).await
}

/// What is wrong with what was sent, in words.
fn wrong(page: &Page, sent: &Sent) -> Option<String> {
    let long = [&sent.deroga, &sent.familiare, &sent.parole]
        .iter()
        .any(|text| text.chars().count() > LONGEST);
    let until_is_day = sent.fine.is_empty() || sent.fine.parse::<jiff::civil::Date>().is_ok();
    match () {
        () if long => Some(page.t1("choice-too-long", "max", LONGEST)),
        () if !until_is_day => Some(page.t("choice-bad-date")),
        () if sent.cosa != "revoca" && sent.medico.is_empty() => Some(page.t("choice-no-doctor")),
        () => None,
    }
}

/// Makes a request for a person, and waits a moment; the record, or what is wrong.
pub(super) async fn make(
    app: &App,
    page: &Page,
    person: &Person,
    sent: &Sent,
    channel: &str,
) -> Result<Result<Record, String>, Failure> {
    let wrong = wrong(page, sent);
    if let Some(wrong) = wrong {
        return Ok(Err(wrong));
    }
    let system = app.system();
    let open = request::of_person(&system, person.id()).await?;
    let open: Vec<&Record> = open.iter().filter(|one| request::is_open(one)).collect();
    let revokes = sent.cosa == "revoca";
    if open.len() >= request::MAX_OPEN {
        return Ok(Err(page.t1("choice-too-many", "max", request::MAX_OPEN)));
    }
    let id = if revokes {
        person.doctor().unwrap_or_default()
    } else {
        sent.medico.as_str()
    };
    if revokes && id.is_empty() {
        return Ok(Err(page.t("choice-no-doctor-now")));
    }
    let doctor = doctors::one(&system, id, web::local_date(page.now())).await?;
    if doctor.is_none() && !revokes {
        return Ok(Err(page.t("choice-no-doctor")));
    }
    let name = doctor.map_or_else(
        || {
            person.patient["generalPractitioner"][0]["display"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        },
        |one| one.name,
    );
    let relative = sent.familiare.trim().to_uppercase();
    let asked = Asked {
        what: if revokes { "revoca" } else { "scelta" },
        patient: person.id(),
        doctor: id,
        doctor_name: &name,
        until: Some(sent.fine.as_str()).filter(|fine| !fine.is_empty()),
        derogation: sent.deroga.trim(),
        relative: &relative,
        after_14: &sent.motivo14,
        ground: "",
        words: sent.parole.trim(),
        channel,
        by: (&page.actor().subject, &page.actor().name),
    };
    let record = request::new(&app.context.ids.next(), &asked, page.now());
    request::start(&app.context, &record, true).await?;
    Ok(Ok(record))
}

/// `POST /il-mio-medico/richieste`.
pub(super) async fn ask(State(app): State<App>, page: Page, Form(sent): Form<Sent>) -> Answer {
    let person = person(&app, &citizen(&page)?).await?;
    match make(&app, &page, &person, &sent, "cittadino").await? {
        Ok(record) => page.redirect(
            &format!("/il-mio-medico/richieste/{}", record.id),
            Flash::success(page.t("choice-asked")),
        ),
        Err(_) if sent.cosa == "revoca" => {
            page.redirect("/il-mio-medico", Flash::warning(page.t("choice-no-doctor-now")))
        }
        Err(error) => choose(&app, page, &person, sent, Some(error), false).await,
    }
}

/// The request, if it is about the person; another's does not exist. What a doctor asked is not shown before it is decided.
async fn own(app: &App, page: &Page, id: &str) -> Result<Record, Failure> {
    let patient = citizen(page)?;
    let found = Record::find(&app.system(), CODE, id).await?;
    found
        .filter(|one| one.patient == patient)
        .ok_or_else(|| Failure::NotFound("request".into()))
}

#[derive(Template)]
#[template(path = "choice_request.html")]
struct RequestPage {
    page: Page,
    request: Shown,
    alternatives: Vec<Doctor>,
}

/// `GET /il-mio-medico/richieste/{id}`.
pub(super) async fn show(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let record = own(&app, &page, &id).await?;
    let today = web::local_date(page.now());
    let mut alternatives = Vec::new();
    for doctor in record.get("alternative").split_whitespace().take(LISTED) {
        alternatives.extend(doctors::one(&app.system(), doctor, today).await?);
    }
    web::show(&RequestPage {
        request: Shown::of(&page, &record, String::new()),
        alternatives,
        page: page
            .titled("choice-request-title")
            .crumb("/il-mio-medico", "my-doctor-title"),
    })
}

/// `GET /il-mio-medico/richieste/{id}/ricevuta`.
pub(super) async fn receipt(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let record = own(&app, &page, &id).await?;
    let person = person(&app, &record.patient).await?;
    Ok(letter::answer(&record, &person, page.now()))
}

/// Whether a text can be a codice fiscale, so that it may be searched.
pub(super) fn is_code(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The person of a codice fiscale.
pub(super) async fn by_code(app: &App, code: &str) -> Result<Option<Person>, Failure> {
    if !is_code(code) {
        return Ok(None);
    }
    let identifier = format!("{}|{code}", codes::FISCAL);
    let found = app.system().search("Patient", &[("identifier", &identifier)]).await?;
    let current = found.iter().find(|one| one["active"] != false).or(found.first());
    match current.and_then(|one| one["id"].as_str()) {
        Some(id) => Ok(Person::load(&app.system(), id).await?),
        None => Ok(None),
    }
}
