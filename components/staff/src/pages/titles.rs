//! Registers and titles of a person: `POST /personale/persone/{id}/titoli` and `…/titoli/togli`.

use crate::alerts;
use crate::app::App;
use crate::person::Title;
use crate::registry;
use axum::extract::{Path, State};
use web::form::Posted;
use web::{Answer, Failure, Flash, Page};

/// Titles of one person.
const MAX: usize = 50;

/// Adds one, or puts it in the place of the one with the same code and number: a renewal.
pub(crate) async fn add(State(app): State<App>, page: Page, Path(id): Path<String>, posted: Posted) -> Answer {
    let text = |name: &str| posted.first(name).unwrap_or_default().trim().to_owned();
    let title = Title {
        code: text("titolo"),
        number: text("numero"),
        issuer: text("ordine"),
        start: text("dal"),
        end: text("al"),
        text: text("descrizione"),
    };
    if let Some(wrong) = title.wrong() {
        return Err(Failure::Unprocessable(super::edit::told(&page, &wrong)));
    }
    let fhir = app.fhir(&page);
    let person = registry::person(&fhir, &id).await?;
    let mut person = person.ok_or_else(|| Failure::NotFound(id.clone()))?;
    person.version = text("versione");
    person
        .titles
        .retain(|one| one.code != title.code || one.number != title.number);
    if person.titles.len() >= MAX {
        return Err(Failure::Unprocessable(page.t1("titles-many", "n", MAX)));
    }
    person.titles.push(title.clone());
    registry::save(&fhir, &person)
        .await
        .map_err(|error| App::changed(&page, error))?;
    alerts::watch(&app.context, &id, &title).await?;
    page.redirect(
        &format!("/personale/persone/{id}"),
        Flash::success(page.t("title-saved")),
    )
}

/// Takes one away.
pub(crate) async fn remove(State(app): State<App>, page: Page, Path(id): Path<String>, posted: Posted) -> Answer {
    let text = |name: &str| posted.first(name).unwrap_or_default().trim().to_owned();
    let fhir = app.fhir(&page);
    let person = registry::person(&fhir, &id).await?;
    let mut person = person.ok_or_else(|| Failure::NotFound(id.clone()))?;
    person.version = text("versione");
    let at = text("posto")
        .parse::<usize>()
        .ok()
        .filter(|at| *at < person.titles.len());
    let at = at.ok_or_else(|| Failure::NotFound("title".into()))?;
    person.titles.remove(at);
    registry::save(&fhir, &person)
        .await
        .map_err(|error| App::changed(&page, error))?;
    page.redirect(
        &format!("/personale/persone/{id}"),
        Flash::success(page.t("title-removed")),
    )
}
