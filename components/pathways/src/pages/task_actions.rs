//! Taking, giving back and handing over a task.

use super::App;
use axum::Form;
use axum::extract::{Path, State};
use jiff::civil::Date;
use orchestrator::api::ChangeTask;
use serde::Deserialize;
use web::{Answer, Failure, Flash, Page};

/// `POST /attivita/{id}/prendi`: takes the task and opens it.
pub async fn claim(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    app.orchestrator(&page).claim(&id).await?;
    page.redirect(&format!("/attivita/{id}"), Flash::success(page.t("task-claimed")))
}

/// `POST /attivita/{id}/rilascia`: gives it back to the role.
pub async fn unclaim(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    app.orchestrator(&page).unclaim(&id).await?;
    page.redirect("/attivita", Flash::success(page.t("task-unclaimed")))
}

/// To whom, and why.
#[derive(Debug, Deserialize)]
pub struct Handover {
    a: String,
    motivo: String,
}

/// `POST /attivita/{id}/riassegna`: hands it to a colleague, with the reason.
pub async fn reassign(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Form(handover): Form<Handover>,
) -> Answer {
    let reason = handover.motivo.trim();
    if reason.is_empty() {
        return Err(Failure::Unprocessable(page.t("reassign-reason-missing")));
    }
    let roles = app.orchestrator(&page).task(&id).await?.roles;
    // The form offers only these; a request made by hand gets no further.
    let colleagues = super::task::colleagues(&app, &page, &roles).await?;
    if !colleagues.iter().any(|(reference, _)| *reference == handover.a) {
        return Err(Failure::Unprocessable(page.t("reassign-person-missing")));
    }
    app.orchestrator(&page).reassign(&id, &handover.a, reason).await?;
    page.redirect("/attivita", Flash::success(page.t("task-reassigned")))
}

/// Until when.
#[derive(Debug, Deserialize)]
pub struct PutOff {
    dal: String,
}

/// `POST /attivita/{id}/rimanda`: to be taken up again from a day on; the due moment stays.
pub async fn put_off(State(app): State<App>, page: Page, Path(id): Path<String>, Form(until): Form<PutOff>) -> Answer {
    let today = web::local_date(page.now());
    let day = until.dal.parse::<Date>().ok().filter(|day| *day > today);
    let wrong = || Failure::Unprocessable(page.t("put-off-wrong"));
    let day = day.ok_or_else(wrong)?;
    let change = ChangeTask {
        follow_up: Some(web::local_start(day).ok_or_else(wrong)?),
        ..ChangeTask::default()
    };
    app.orchestrator(&page).change_task(&id, &change).await?;
    let text = page.t1("put-off-done", "day", web::date(day));
    page.redirect("/attivita", Flash::success(text))
}
