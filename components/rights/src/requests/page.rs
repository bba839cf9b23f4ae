//! The citizen's pages: what one can ask for, what became of it.

use super::request::CODE;
use super::{PROCESS, Request};
use crate::rules::{self, Field, RequestKind};
use crate::{App, people};
use access::Actor;
use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use orchestrator::api::StartInstance;
use serde::Deserialize;
use serde_json::{Map, json};
use web::{Answer, Failure, Flash, Page};

/// Longest text of the person.
const LONGEST: usize = 4000;
/// Open requests of one person at most.
const MAX_OPEN: usize = 10;

#[derive(Template)]
#[template(path = "requests.html")]
struct RequestsPage {
    page: Page,
    kinds: &'static [RequestKind],
    requests: Vec<Shown>,
}

/// A request in a list.
pub(super) struct Shown {
    pub id: String,
    pub name: String,
    pub opened: String,
    pub state: String,
    pub due: Option<Timestamp>,
    pub open: bool,
    pub who: String,
}

#[derive(Template)]
#[template(path = "request_form.html")]
struct RequestForm {
    page: Page,
    kind: &'static RequestKind,
    fields: &'static [Field],
    sent: Sent,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "request.html")]
struct RequestPage {
    page: Page,
    request: Request,
    kind: &'static RequestKind,
    state: String,
    due: Option<Timestamp>,
    field: String,
    progress: u32,
    parts: Vec<usize>,
    until: String,
}

/// `GET /diritti/richieste`.
pub(crate) async fn list(State(app): State<App>, page: Page) -> Answer {
    let patient = people::citizen(&page)?;
    let requests = Request::all(&app.system(), Some(&patient)).await?;
    web::show(&RequestsPage {
        kinds: &rules::requests().kinds,
        requests: requests.iter().map(|one| shown(&page, one, String::new())).collect(),
        page: page.titled("requests-title").crumb("/diritti", "rights-title"),
    })
}

pub(super) fn shown(page: &Page, request: &Request, who: String) -> Shown {
    let kind = rules::request(request.get("tipo"));
    Shown {
        id: request.id.clone(),
        name: kind
            .map_or(request.get("tipo"), |kind| kind.name.of(page.lang()))
            .to_owned(),
        opened: request.moment("aperta").map(|at| page.date(&at)).unwrap_or_default(),
        state: state(page, request),
        due: request.moment("scadenza"),
        open: request.is_open(),
        who,
    }
}

/// Where it stands, in words.
pub(super) fn state(page: &Page, request: &Request) -> String {
    let key = match (request.is_open(), request.get("esito")) {
        (true, _) if !request.get("proroga").is_empty() => "request-prolonged",
        (true, _) => "request-open",
        (false, "respinta") => "request-refused",
        (false, _) if !request.get("copia-scaduta").is_empty() => "request-copy-over",
        (false, _) if !request.get("parti").is_empty() => "request-copy-ready",
        (false, _) => "request-granted",
    };
    page.t(key)
}

#[derive(Deserialize)]
pub(crate) struct Which {
    #[serde(default)]
    tipo: String,
}

/// What the form sends.
#[derive(Default, Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    tipo: String,
    #[serde(default)]
    campo: String,
    #[serde(default)]
    valore: String,
    #[serde(default)]
    parole: String,
}

/// `GET /diritti/richieste/nuova?tipo=`.
pub(crate) async fn ask(State(_): State<App>, page: Page, Query(which): Query<Which>) -> Answer {
    people::citizen(&page)?;
    let kind = rules::request(&which.tipo).ok_or(Failure::NotFound(which.tipo))?;
    form(page, kind, Sent::default(), None)
}

fn form(page: Page, kind: &'static RequestKind, sent: Sent, error: Option<String>) -> Answer {
    let name = kind.name.of(page.lang());
    let page = page.with_title(name);
    let wrong = error.is_some();
    let mut response = web::show(&RequestForm {
        page: page
            .crumb("/diritti", "rights-title")
            .crumb("/diritti/richieste", "requests-title"),
        fields: &rules::requests().fields,
        kind,
        sent,
        error,
    })?;
    if wrong {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

/// `POST /diritti/richieste`.
pub(crate) async fn make(State(app): State<App>, page: Page, Form(sent): Form<Sent>) -> Answer {
    let patient = people::may_decide(&app, &page).await?;
    let kind = rules::request(&sent.tipo).ok_or_else(|| Failure::NotFound(sent.tipo.clone()))?;
    if let Some(error) = wrong(&page, kind, &sent) {
        return form(page, kind, sent, Some(error));
    }
    let open: Vec<Request> = Request::all(&app.system(), Some(&patient))
        .await?
        .into_iter()
        .filter(Request::is_open)
        .collect();
    if let Some(same) = open
        .iter()
        .find(|one| one.get("tipo") == kind.code && kind.code != "rettifica")
    {
        let path = format!("/diritti/richieste/{}", same.id);
        return page.redirect(&path, Flash::warning(page.t("request-already")));
    }
    if open.len() >= MAX_OPEN {
        let error = page.t1("too-many-requests", "max", MAX_OPEN);
        return form(page, kind, sent, Some(error));
    }
    let mut request = Request::new(
        &app.context.ids.next(),
        &patient,
        &page.actor().subject,
        &kind.code,
        page.now(),
    );
    request.set("campo", &sent.campo);
    request.set("valore", sent.valore.trim());
    request.set("parole", sent.parole.trim());
    start(&app.context, &mut request, page.now())
        .await
        .map_err(Failure::from)?;
    page.redirect(
        &format!("/diritti/richieste/{}", request.id),
        Flash::success(page.t("request-made")),
    )
}

fn wrong(page: &Page, kind: &RequestKind, sent: &Sent) -> Option<String> {
    let long = [&sent.valore, &sent.parole]
        .iter()
        .any(|text| text.chars().count() > LONGEST);
    let field = || rules::requests().fields.iter().any(|field| field.code == sent.campo);
    match () {
        () if long => Some(page.t1("text-too-long", "max", LONGEST)),
        () if kind.asks("field") && !field() => Some(page.t("field-missing")),
        () if kind.asks("value") && sent.valore.trim().is_empty() => Some(page.t("value-missing")),
        () => None,
    }
}

/// Starts the process of a request, with its deadline; the request is written in the same commit.
pub(crate) async fn start(
    context: &component::Context,
    request: &mut Request,
    now: Timestamp,
) -> Result<(), component::PeerError> {
    let rules = rules::requests();
    let today = web::local_date(now);
    let last = today.checked_add(rules.months.months()).unwrap_or(today);
    let due = end_of(last).unwrap_or(now);
    let reminder = (due - SignedDuration::from_hours(24 * rules.reminder_days)).max(now);
    request.set("scadenza", &due.to_string());
    let variables = Map::from_iter([
        ("richiesta".to_owned(), json!(request.id)),
        ("tipo".to_owned(), json!(request.get("tipo"))),
        ("scadenza".to_owned(), json!(due.to_string())),
        ("promemoria".to_owned(), json!(reminder.to_string())),
        ("durataCopia".to_owned(), json!(format!("P{}D", rules.copy_days))),
    ]);
    let start = StartInstance {
        definition: PROCESS.into(),
        business_key: Some(request.id.clone()),
        variables,
        resources: vec![request.resource()],
        ..StartInstance::default()
    };
    context
        .peers
        .orchestrator(&Actor::system())
        .start(&start)
        .await
        .map(drop)
}

/// The last second of a day in Italy.
pub(super) fn end_of(day: Date) -> Option<Timestamp> {
    let next = day.checked_add(1.day()).ok()?;
    Some(web::local_start(next)? - SignedDuration::from_secs(1))
}

/// `GET /diritti/richieste/{id}`.
pub(crate) async fn show(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let request = own(&app, &page, &id).await?;
    let kind = rules::request(request.get("tipo")).ok_or_else(|| Failure::NotFound(id.clone()))?;
    let parts: usize = request.get("parti").parse().unwrap_or(0);
    let over = !request.get("copia-scaduta").is_empty();
    let field = rules::requests()
        .fields
        .iter()
        .find(|field| field.code == request.get("campo"));
    let (name, field) = (
        kind.name.of(page.lang()),
        field.map(|field| field.name.of(page.lang()).to_owned()),
    );
    web::show(&RequestPage {
        state: state(&page, &request),
        due: request.moment("scadenza"),
        field: field.unwrap_or_default(),
        progress: request.get("avanzamento").parse().unwrap_or(0),
        parts: if over { Vec::new() } else { (1..=parts).collect() },
        until: request
            .moment("copia-fino")
            .map(|at| page.date(&at))
            .unwrap_or_default(),
        page: page
            .with_title(name)
            .crumb("/diritti", "rights-title")
            .crumb("/diritti/richieste", "requests-title"),
        kind,
        request,
    })
}

/// The request, if it is about the person, or about whom the person acts for; another's does not exist.
pub(crate) async fn own(app: &App, page: &Page, id: &str) -> Result<Request, Failure> {
    let patient = people::citizen(page)?;
    let none = || Failure::NotFound("request".into());
    if !people::is_id(id) {
        return Err(none());
    }
    let found = Request::find(&app.system(), CODE, id).await?;
    found.filter(|request| request.patient == patient).ok_or_else(none)
}
