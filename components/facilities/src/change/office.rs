//! `/strutture/variazioni`: requests: the office's desk, and what became of one's own.

use super::{PROCESS, Request, kind};
use crate::App;
use crate::register::Register;
use crate::who::{is_office, may_ask};
use access::Actor;
use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use component::TaskQuery;
use jiff::Timestamp;
use orchestrator::api::CompleteTask;
use serde::Deserialize;
use web::{Answer, Failure, Flash, Page};

/// A request in a list.
struct Row {
    id: String,
    structure: String,
    what: String,
    asked: String,
    day: String,
    state: String,
}

#[derive(Template)]
#[template(path = "changes.html")]
struct Changes {
    page: Page,
    open: Vec<Row>,
    done: Vec<Row>,
}

#[derive(Template)]
#[template(path = "change.html")]
struct Change {
    page: Page,
    request: Request,
    row: Row,
    structure: String,
    values: Vec<(String, String)>,
    asked_by: String,
    decided_by: String,
    may_decide: bool,
    own: bool,
}

fn row(page: &Page, register: &Register, request: &Request) -> Row {
    let moment = |name: &str| {
        request
            .get(name)
            .parse::<Timestamp>()
            .map(|at| page.date_time(&at))
            .unwrap_or_default()
    };
    Row {
        id: request.id.clone(),
        structure: register.name(request.get("struttura")),
        what: kind(request.get("tipo"))
            .map_or(request.get("tipo"), |kind| kind.of(page.lang()))
            .to_owned(),
        asked: moment("chiesta-il"),
        day: request.day().map(web::date).unwrap_or_default(),
        state: page.named("change-state", request.get("stato")),
    }
}

/// `GET /strutture/variazioni`.
pub(crate) async fn list(State(app): State<App>, page: Page) -> Answer {
    let register = app.register().await?;
    let (mut open, mut done) = (Vec::new(), Vec::new());
    for request in Request::all(&app.system()).await? {
        if !may_ask(page.actor(), &register, request.get("struttura")) {
            continue;
        }
        let row = row(&page, &register, &request);
        if request.is_open() {
            open.push(row)
        } else {
            done.push(row)
        }
    }
    open.reverse();
    web::show(&Changes {
        open,
        done,
        page: page.titled("changes-title").crumb("/strutture", "structures-title"),
    })
}

async fn find(app: &App, page: &Page, id: &str) -> Result<(Request, std::sync::Arc<Register>), Failure> {
    let register = app.register().await?;
    let found = Request::find(&app.system(), id).await?;
    let found = found.filter(|request| may_ask(page.actor(), &register, request.get("struttura")));
    Ok((found.ok_or_else(|| Failure::NotFound(id.to_owned()))?, register))
}

/// `GET /strutture/variazioni/{id}`.
pub(crate) async fn show(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let (request, register) = find(&app, &page, &id).await?;
    let fields = kind(request.get("tipo"))
        .map(|kind| kind.fields.as_slice())
        .unwrap_or_default();
    let own = request.get("chiesta-da") == page.actor().subject;
    let row = row(&page, &register, &request);
    web::show(&Change {
        structure: request.get("struttura").to_owned(),
        values: fields
            .iter()
            .filter(|field| field.kind != "file" && !request.value(&field.name).is_empty())
            .map(|field| (field.of(page.lang()).to_owned(), request.value(&field.name).to_owned()))
            .collect(),
        asked_by: request.get("chiesta-da-nome").to_owned(),
        decided_by: request.get("deciso-da-nome").to_owned(),
        may_decide: request.is_open() && is_office(page.actor()) && !own,
        own: own && request.is_open() && is_office(page.actor()),
        page: page
            .with_title(row.what.clone())
            .crumb("/strutture", "structures-title")
            .crumb("/strutture/variazioni", "changes-title"),
        row,
        request,
    })
}

/// What the office decides.
#[derive(Deserialize)]
pub(crate) struct Decision {
    #[serde(default)]
    esito: String,
    #[serde(default)]
    risposta: String,
}

/// `POST /strutture/variazioni/{id}`: another than who asked decides.
pub(crate) async fn decide(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Form(decision): Form<Decision>,
) -> Answer {
    let (mut request, _) = find(&app, &page, &id).await?;
    if request.get("chiesta-da") == page.actor().subject {
        return Err(Failure::Forbidden(page.t("change-own")));
    }
    let text = decision.risposta.trim();
    let refused = decision.esito == "respinta";
    if !["accolta", "respinta"].contains(&decision.esito.as_str())
        || (refused && text.is_empty())
        || text.chars().count() > 2000
    {
        return Err(Failure::Unprocessable(page.t("change-decision-missing")));
    }
    let task = open_task(&app, &page, &id).await?.filter(|_| request.is_open());
    let task = task.ok_or_else(|| Failure::Conflict(page.t("change-decided")))?;
    request.set("stato", &decision.esito);
    request.set("risposta", text);
    request.set("problema", "");
    request.set("deciso-da", &page.actor().subject);
    request.set("deciso-da-nome", &page.actor().name);
    request.set("deciso-il", &page.now().to_string());
    request.save(&app.system()).await?;
    app.context
        .peers
        .orchestrator(page.actor())
        .complete(&task, &CompleteTask::default())
        .await?;
    app.kept.forget();
    let told = page.t("change-decided-now");
    page.redirect("/strutture/variazioni", Flash::success(told))
}

/// The open task of a request's process.
async fn open_task(app: &App, page: &Page, key: &str) -> Result<Option<String>, Failure> {
    let system = app.context.peers.orchestrator(&Actor::system());
    let started = system.started_by_program(PROCESS, key).await?;
    let Some(instance) = started.into_iter().find(|one| one.ended.is_none()) else {
        return Ok(None);
    };
    let query = TaskQuery {
        instance: Some(instance.id),
        state: Some("open".into()),
        ..TaskQuery::default()
    };
    let tasks = app.context.peers.orchestrator(page.actor()).tasks(&query).await?;
    Ok(tasks.items.into_iter().next().map(|task| task.id))
}
