//! `GET /oauth/consenti/{id}`, `POST /oauth/consenti/{id}`: an application asks, the person answers.

use super::wording::{Line, lines};
use super::{Apps, failure};
use crate::{Answer, Failure, Page};
use access::Session;
use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::response::Response;
use http::HeaderValue;
use oauth::Question;
use serde::Deserialize;
use serde_json::Value;

/// Patients shown by a search, at most.
const MAX_FOUND: usize = 20;

#[derive(Template)]
#[template(path = "app_consent.html")]
struct ConsentPage {
    page: Page,
    id: String,
    question: Question,
    lines: Vec<Line>,
    /// Whether something would let data be changed.
    writes: bool,
    /// The patient in context, by name.
    patient: Option<String>,
    /// Whether one must be chosen here.
    choose: bool,
    sought: String,
    found: Vec<Found>,
}

struct Found {
    id: String,
    name: String,
    born: String,
}

#[derive(Template)]
#[template(path = "app_leave.html")]
struct LeavePage {
    page: Page,
    to: String,
}

#[derive(Deserialize)]
pub(super) struct Sought {
    #[serde(default)]
    cerca: String,
}

#[derive(Deserialize)]
pub(super) struct Word {
    #[serde(default)]
    risposta: String,
    #[serde(default)]
    paziente: String,
    #[serde(default)]
    sola_lettura: String,
}

/// The question.
pub(super) async fn show(
    State(apps): State<Apps>,
    page: Page,
    Path(id): Path<String>,
    Query(sought): Query<Sought>,
) -> Answer {
    let question = question(&apps, &page, &id).await?;
    let fhir = apps.context.peers.fhir(page.actor());
    let patient = match &question.patient {
        Some(patient) => Some(fhir.read("Patient", patient).await.map(|patient| name_of(&patient))?),
        None => None,
    };
    let choose = question.needs_patient && question.patient.is_none();
    let found = if choose && sought.cerca.trim().len() >= 2 {
        let count = MAX_FOUND.to_string();
        let found = fhir
            .search("Patient", &[("name", sought.cerca.trim()), ("_count", &count)])
            .await?;
        found.iter().map(found_of).collect()
    } else {
        vec![]
    };
    let lines = lines(&page, &question.scopes);
    crate::show(&ConsentPage {
        writes: lines.iter().any(|line| line.writes),
        lines,
        page: page.titled("app-consent-title"),
        id,
        question,
        patient,
        choose,
        sought: sought.cerca,
        found,
    })
}

/// The answer. The browser leaves by a page of its own: our policy for contents lets forms lead to our own pages only.
pub(super) async fn answer(
    State(apps): State<Apps>,
    page: Page,
    session: Session,
    Path(id): Path<String>,
    Form(word): Form<Word>,
) -> Answer {
    let question = question(&apps, &page, &id).await?;
    let to = if word.risposta == "si" {
        let read_only = !word.sola_lettura.is_empty();
        let asked = lines(&page, &question.scopes);
        let writes = |scope: &String| asked.iter().any(|line| line.writes && line.scope == *scope);
        let scopes: Vec<String> = question
            .scopes
            .iter()
            .filter(|scope| !(read_only && writes(scope)))
            .cloned()
            .collect();
        let chosen = question
            .patient
            .is_none()
            .then_some(word.paziente.as_str())
            .filter(|id| !id.is_empty());
        if let Some(chosen) = chosen {
            // Who may not see the patient cannot let an application see them.
            apps.context.peers.fhir(page.actor()).read("Patient", chosen).await?;
        }
        apps.oauth.approve(&id, &session, &scopes, chosen).await
    } else {
        apps.oauth.deny(&id).await
    };
    leave(page, to.map_err(failure)?)
}

/// A page that goes on to an address outside.
pub(super) fn leave(page: Page, to: String) -> Answer {
    let refresh = HeaderValue::from_str(&format!("0;url={to}"));
    let refresh = refresh.map_err(|_| Failure::Internal("an address that no header can hold".into()))?;
    let mut response: Response = crate::show(&LeavePage {
        page: page.titled("app-leave-title"),
        to,
    })?;
    response.headers_mut().insert("refresh", refresh);
    Ok(response)
}

async fn question(apps: &Apps, page: &Page, id: &str) -> Result<Question, Failure> {
    let question = apps.oauth.question(id, page.actor()).await.map_err(failure)?;
    question.ok_or_else(|| Failure::Unprocessable(page.t("app-consent-over")))
}

fn found_of(patient: &Value) -> Found {
    Found {
        id: patient["id"].as_str().unwrap_or_default().to_owned(),
        name: name_of(patient),
        born: patient["birthDate"].as_str().map(crate::fhir_date).unwrap_or_default(),
    }
}

/// First name given by the resource: `text`, or family and given names.
pub(super) fn name_of(patient: &Value) -> String {
    let name = &patient["name"][0];
    if let Some(text) = name["text"].as_str() {
        return text.to_owned();
    }
    let given = name["given"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let all: Vec<&str> = given.chain(name["family"].as_str()).collect();
    if all.is_empty() {
        patient["id"].as_str().unwrap_or_default().to_owned()
    } else {
        all.join(" ")
    }
}
