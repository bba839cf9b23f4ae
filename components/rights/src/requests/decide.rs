//! What the office does with a request: grants or refuses it, prolongs its deadline, holds data back from erasure.

use super::office::{find, open_task};
use super::page::end_of;
use super::{Request, erase, id_of};
use crate::App;
use crate::rules;
use axum::Form;
use axum::extract::{Path, State};
use jiff::ToSpan as _;
use orchestrator::api::{ChangeTask, CompleteTask};
use serde::Deserialize;
use web::{Answer, Failure, Flash, Page};

/// What the office decides.
#[derive(Deserialize)]
pub(crate) struct Decision {
    #[serde(default)]
    esito: String,
    #[serde(default)]
    risposta: String,
}

/// `POST /richieste-dati/{id}`: the decision and its reason; the process does what was decided and answers the citizen.
pub(crate) async fn decide(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Form(decision): Form<Decision>,
) -> Answer {
    let mut request = find(&app, &id).await?;
    let text = decision.risposta.trim();
    if !["accolta", "respinta"].contains(&decision.esito.as_str()) || text.is_empty() || text.chars().count() > 4000 {
        return Err(Failure::Unprocessable(page.t("decision-missing")));
    }
    let task = open_task(&app, &page, &id).await?.filter(|_| request.is_open());
    let task = task.ok_or_else(|| Failure::Conflict(page.t("request-decided")))?;
    // What counts is what stands in the request: the process reads it there, not in variables (`verdict`).
    request.set("esito", &decision.esito);
    request.set("risposta", text);
    request.set("deciso-da", &page.actor().subject);
    request.set("deciso-da-nome", &page.actor().name);
    request.save(&app.system()).await?;
    let orchestrator = app.context.peers.orchestrator(page.actor());
    orchestrator.complete(&task.id, &CompleteTask::default()).await?;
    page.redirect("/richieste-dati", Flash::success(page.t("request-decided-now")))
}

/// Why the deadline is prolonged, or data is held.
#[derive(Deserialize)]
pub(crate) struct Why {
    #[serde(default)]
    motivo: String,
}

/// `POST /richieste-dati/{id}/proroga`: once, and the citizen reads why (art. 12(3)).
pub(crate) async fn prolong(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Form(why): Form<Why>,
) -> Answer {
    let mut request = find(&app, &id).await?;
    let reason = reason(&page, &why)?;
    if !request.is_open() || !request.get("proroga").is_empty() {
        return Err(Failure::Conflict(page.t("prolonged-already")));
    }
    let due = request.moment("scadenza").unwrap_or(page.now());
    let day = web::local_date(due);
    let later = day.checked_add(rules::requests().more_months.months()).unwrap_or(day);
    let later = end_of(later).unwrap_or(due);
    request.set("scadenza", &later.to_string());
    request.set("proroga", reason);
    let task = open_task(&app, &page, &id).await?;
    request.save(&app.system()).await?;
    if let Some(task) = task {
        let change = ChangeTask {
            due: Some(later),
            ..ChangeTask::default()
        };
        // The office was asked above; changing tasks of others is not theirs.
        let system = app.context.peers.orchestrator(&access::Actor::system());
        system.change_task(&task.id, &change).await?;
    }
    page.redirect(&format!("/richieste-dati/{id}"), Flash::success(page.t("prolonged")))
}

/// `POST /richieste-dati/{id}/blocco`: a legal hold on the person's data, or its end (an empty reason).
pub(crate) async fn set_hold(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Form(why): Form<Why>,
) -> Answer {
    let request = find(&app, &id).await?;
    let system = app.system();
    let active = !why.motivo.trim().is_empty();
    if active {
        reason(&page, &why)?;
    }
    let known = Request::search(&system, erase::HOLD, Some(&request.patient)).await?;
    let mut hold = match known.into_iter().next() {
        Some(known) => known,
        None => {
            let id = id_of("blocco", &[&request.patient]);
            let mut new = Request::new(&id, &request.patient, &page.actor().subject, erase::HOLD, page.now());
            new.code(erase::HOLD, "Blocco legale");
            let made = system.update(&new.resource()).await?;
            Request::of(made, erase::HOLD).ok_or_else(|| Failure::Internal("the hold cannot be read back".into()))?
        }
    };
    hold.set("motivo", why.motivo.trim());
    hold.set("deciso-da", &page.actor().subject);
    hold.save(&system).await?;
    let key = if active { "hold-set" } else { "hold-ended" };
    page.redirect(&format!("/richieste-dati/{id}"), Flash::success(page.t(key)))
}

fn reason<'a>(page: &Page, why: &'a Why) -> Result<&'a str, Failure> {
    let reason = why.motivo.trim();
    if reason.is_empty() || reason.chars().count() > 1000 {
        return Err(Failure::Unprocessable(page.t("reason-missing")));
    }
    Ok(reason)
}
