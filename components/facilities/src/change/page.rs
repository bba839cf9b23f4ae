//! The form of who manages a structure.

use super::{Field, Kind, PROCESS, Request, document, kind, kinds};
use crate::App;
use crate::register::Register;
use crate::rules;
use crate::who::may_ask;
use access::Actor;
use askama::Template;
use axum::extract::{self, Path, Query, State};
use http::StatusCode;
use jiff::Timestamp;
use jiff::civil::Date;
use orchestrator::api::StartInstance;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use web::{Answer, Failure, Flash, Page};

/// Longest text of a field.
const LONGEST: usize = 2000;

#[derive(Template)]
#[template(path = "change_form.html")]
struct ChangeForm {
    page: Page,
    id: String,
    kinds: &'static [Kind],
    kind: Option<&'static Kind>,
    fields: Vec<(&'static Field, String)>,
    day: String,
    today: String,
    reason: String,
    services: Vec<(String, String)>,
    titles: Vec<(String, String)>,
    access: Vec<(String, String)>,
    structures: Vec<(String, String)>,
    error: Option<String>,
}

/// Which kind.
#[derive(Deserialize)]
pub(crate) struct Which {
    #[serde(default)]
    tipo: String,
}

/// `GET /strutture/{id}/variazione?tipo=`.
pub(crate) async fn ask(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Query(which): Query<Which>,
) -> Answer {
    form(&app, page, &id, kind(&which.tipo), &HashMap::new(), None).await
}

async fn form(
    app: &App,
    page: Page,
    id: &str,
    kind: Option<&'static Kind>,
    sent: &HashMap<String, String>,
    error: Option<String>,
) -> Answer {
    let register = app.register().await?;
    let one = register.get(id).ok_or_else(|| Failure::NotFound(id.to_owned()))?;
    if !may_ask(page.actor(), &register, id) {
        return Err(Failure::Forbidden(page.t("not-your-structure")));
    }
    let of = |name: &str| sent.get(name).cloned().unwrap_or_default();
    let wrong = error.is_some();
    let today = web::local_date(page.now()).to_string();
    let mut response = web::show(&ChangeForm {
        id: id.to_owned(),
        kinds: kinds(),
        fields: kind
            .map(|kind| kind.fields.iter().map(|field| (field, of(&field.name))).collect())
            .unwrap_or_default(),
        kind,
        day: sent.get("decorrenza").cloned().unwrap_or_else(|| today.clone()),
        today,
        reason: of("motivo"),
        services: rules::services()
            .iter()
            .map(|one| (one.code.clone(), one.of(page.lang()).to_owned()))
            .collect(),
        titles: rules::TITLES
            .iter()
            .map(|code| ((*code).to_owned(), page.named("title", code)))
            .collect(),
        access: rules::accessibility()
            .iter()
            .map(|one| (one.code.clone(), one.of(page.lang()).to_owned()))
            .collect(),
        structures: super::new::kinds()
            .map(|one| (one.code.clone(), one.of(page.lang()).to_owned()))
            .collect(),
        error,
        page: page
            .titled("change-title")
            .crumb("/strutture", "structures-title")
            .crumb_named(&format!("/strutture/{id}"), one.name.clone()),
    })?;
    if wrong {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

/// `POST /strutture/{id}/variazione`.
pub(crate) async fn send(State(app): State<App>, page: Page, Path(id): Path<String>, sent: extract::Request) -> Answer {
    let (sent, file) = document::sent(&page, sent).await?;
    let register = app.register().await?;
    if register.get(&id).is_none() {
        return Err(Failure::NotFound(id));
    }
    if !may_ask(page.actor(), &register, &id) {
        return Err(Failure::Forbidden(page.t("not-your-structure")));
    }
    let of = |name: &str| sent.get(name).map(|text| text.trim().to_owned()).unwrap_or_default();
    let kind = kind(&of("tipo")).ok_or_else(|| Failure::NotFound(of("tipo")))?;
    let bad = file.as_ref().and_then(|file| document::wrong(&page, file));
    if let Some(error) = bad
        .or_else(|| wrong(&page, kind, &of))
        .or_else(|| new_wrong(&page, &register, kind, &of))
    {
        return form(&app, page, &id, Some(kind), &sent, Some(error)).await;
    }
    let mut request = Request::new(
        &app.context.ids.next(),
        &id,
        &kind.code,
        &page.actor().subject,
        page.now(),
    );
    request.set("chiesta-da-nome", &page.actor().name);
    request.set("motivo", &of("motivo"));
    request.set("decorrenza", &of("decorrenza"));
    for field in &kind.fields {
        request.set(&format!("valore-{}", field.name), &of(&field.name));
    }
    // A name without its file says nothing.
    if file.is_none() {
        request.set("valore-documento", "");
    }
    let beside = file.map(|file| document::resource(&request.id, &file));
    start(&app.context, &request, beside, page.now()).await?;
    let text = page.t("change-sent");
    page.redirect(&format!("/strutture/variazioni/{}", request.id), Flash::success(text))
}

fn wrong(page: &Page, kind: &Kind, of: &dyn Fn(&str) -> String) -> Option<String> {
    let long = kind
        .fields
        .iter()
        .any(|field| of(&field.name).chars().count() > LONGEST)
        || of("motivo").chars().count() > LONGEST;
    let day: Option<Date> = of("decorrenza").parse().ok();
    let missing = kind
        .fields
        .iter()
        .find(|field| !field.optional && of(&field.name).is_empty());
    match (day, missing) {
        _ if long => Some(page.t1("text-too-long", "max", LONGEST)),
        (None, _) => Some(page.t("change-day-missing")),
        (Some(day), _) if day < web::local_date(page.now()) => Some(page.t("change-day-past")),
        (_, Some(field)) => Some(page.t1("change-field-missing", "field", field.of(page.lang()))),
        _ if kind.fields.iter().any(|field| field.kind == "lines") && !of("orari").is_empty() => {
            super::hours::read(&of("orari"), crate::period::Period::default())
                .err()
                .map(|line| page.t1("change-hours-wrong", "line", line))
        }
        _ if kind.fields.iter().any(|field| field.kind == "number") && of("numero").parse::<u32>().is_err() => {
            Some(page.t("change-number-wrong"))
        }
        _ => None,
    }
}

/// What is wrong with a structure that is asked for.
fn new_wrong(page: &Page, register: &Register, kind: &Kind, of: &dyn Fn(&str) -> String) -> Option<String> {
    if kind.code != "nuova-struttura" {
        return None;
    }
    let (place, code) = (of("comune"), of("codice"));
    if !super::new::kinds().any(|one| one.code == of("genere")) {
        let field = kind.fields.iter().find(|field| field.name == "genere")?;
        return Some(page.t1("change-field-missing", "field", field.of(page.lang())));
    }
    if !place.is_empty() && super::new::municipality(&place).is_none() {
        return Some(page.t1("lists-wrong-place", "value", place));
    }
    if code.is_empty() {
        return None;
    }
    let Some((_, read)) = super::new::code(&code) else {
        return Some(page.t1("lists-wrong-code", "value", code));
    };
    let known = register.all().iter();
    let mut known = known.filter(|one| one.identifiers.iter().any(|code| code.value == read));
    known
        .next()
        .map(|one| page.t1("change-code-known", "structure", one.name.as_str()))
}

/// Starts the process of a request, which is written in the same commit, with what is `beside` it.
pub(crate) async fn start(
    context: &component::Context,
    request: &Request,
    beside: Option<Value>,
    now: Timestamp,
) -> Result<(), component::PeerError> {
    let day = request.day().and_then(web::local_start).unwrap_or(now).max(now);
    let variables = Map::from_iter([
        ("richiesta".to_owned(), json!(request.id)),
        ("decorrenza".to_owned(), json!(day.to_string())),
    ]);
    let start = StartInstance {
        definition: PROCESS.into(),
        business_key: Some(request.id.clone()),
        variables,
        resources: std::iter::once(request.resource()).chain(beside).collect(),
        ..StartInstance::default()
    };
    context
        .peers
        .orchestrator(&Actor::system())
        .start(&start)
        .await
        .map(drop)
}
