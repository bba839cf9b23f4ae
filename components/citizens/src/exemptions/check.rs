//! `GET /citizens/exemptions/check?patient=&date=&code=&service=`: at the desk, in the pharmacy, when something is prescribed.

use super::held::{self, Held};
use super::rules;
use crate::App;
use crate::choice::codes::FISCAL;
use access::{Actor, AuditPatient};
use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Roles that are told of exemptions for a disease without naming its code: those who treat.
const TREAT: &[&str] = &[
    "mmg",
    "pls",
    "medico",
    "specialista",
    "diabetologo",
    "operatore-anagrafe",
];

/// What is asked.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct Asked {
    /// Id of the Patient, or codice fiscale.
    patient: String,
    /// Day; today when absent.
    #[serde(default)]
    date: Option<String>,
    /// Code of an exemption: does it hold?
    #[serde(default)]
    code: Option<String>,
    /// Code of a service (`ServiceRequest.code`): which exemptions hold for it?
    #[serde(default)]
    service: Option<String>,
}

/// The answer.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Checked {
    /// Whether the exemption that was named holds; without one, whether some exemption does without more ado.
    exempt: bool,
    /// Those that hold.
    exemptions: Vec<Holds>,
    /// What the answer does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'static str>,
}

/// An exemption that holds.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Holds {
    /// Code.
    code: String,
    /// Kind: `reddito`, `patologia`, …
    kind: &'static str,
    /// Last day.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// `all`: every service; `related`: those that belong to the condition, as whoever prescribes says.
    covers: &'static str,
}

/// Answers for whom the route lets in; a disease is told to who treats, or who names its code.
pub(super) async fn check(
    State(app): State<App>,
    actor: Actor,
    Query(asked): Query<Asked>,
) -> Result<Response, Response> {
    let problem = |status: StatusCode, detail: &str| {
        let title = status.canonical_reason().unwrap_or_default();
        (
            status,
            Json(json!({"title": title, "status": status.as_u16(), "detail": detail})),
        )
            .into_response()
    };
    let today = web::local_date(app.context.clock.now());
    let day = match asked.date.as_deref().filter(|date| !date.is_empty()) {
        Some(date) => date
            .parse::<Date>()
            .map_err(|_| problem(StatusCode::BAD_REQUEST, "date: write yyyy-mm-dd"))?,
        None => today,
    };
    let code = asked
        .code
        .as_deref()
        .map(str::to_uppercase)
        .filter(|code| !code.is_empty());
    if code.as_deref().is_some_and(|code| rules::text(code).is_none()) {
        return Err(problem(StatusCode::BAD_REQUEST, "code: there is no such exemption"));
    }
    let system = app.system();
    let failed = |error: component::PeerError| problem(StatusCode::BAD_GATEWAY, &error.to_string());
    let person = if asked.patient.len() == 16 && asked.patient.bytes().all(|b| b.is_ascii_alphanumeric()) {
        let identifier = format!("{FISCAL}|{}", asked.patient.to_uppercase());
        let found = system
            .search("Patient", &[("identifier", &identifier)])
            .await
            .map_err(failed)?;
        found.into_iter().find(|one| one["active"] != false)
    } else {
        system.find("Patient", &asked.patient).await.map_err(failed)?
    };
    let Some(id) = person.as_ref().and_then(|one| one["id"].as_str()) else {
        return Err(problem(StatusCode::NOT_FOUND, "there is no such person"));
    };
    let held = held::of_person(&system, id).await.map_err(failed)?;
    let open = actor.roles.iter().any(|role| TREAT.contains(&role.as_str()));
    let answer = answered(&held, day, code.as_deref(), asked.service.is_some(), open);
    let mut response = Json(answer).into_response();
    response.extensions_mut().insert(AuditPatient(id.to_owned()));
    Ok(response)
}

fn answered(held: &[Held], day: Date, code: Option<&str>, for_service: bool, open: bool) -> Checked {
    let private = |one: &Held| {
        matches!(
            rules::kind(&one.code).kind.as_str(),
            "patologia" | "malattia-rara" | "altro"
        )
    };
    let holding: Vec<&Held> = held.iter().filter(|one| one.holds(day)).collect();
    let told = holding.iter().filter(|one| match code {
        Some(code) => one.code == code,
        None => open || !private(one),
    });
    let exemptions: Vec<Holds> = told
        .map(|one| {
            let kind = rules::kind(&one.code);
            Holds {
                code: one.code.clone(),
                kind: &kind.kind,
                until: one.to.map(|to| to.to_string()),
                covers: &kind.covers,
            }
        })
        .collect();
    let exempt = match code {
        Some(_) => !exemptions.is_empty(),
        None => exemptions.iter().any(|one| one.covers == "all"),
    };
    let related = for_service && exemptions.iter().any(|one| one.covers == "related");
    let note = match () {
        () if code.is_none() && !open && holding.iter().any(|one| private(one)) => {
            Some("exemptions for a disease are told by their code, or to who treats the person")
        }
        () if related => Some("which services belong to a condition is not in the table: whoever prescribes says it"),
        () => None,
    };
    Checked {
        exempt,
        exemptions,
        note,
    }
}
