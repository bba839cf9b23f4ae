//! The answer as a letter, to be printed.

use super::Request;
use super::page::own;
use crate::rules;
use crate::{App, people};
use askama::Template;
use axum::extract::{Path, State};
use serde_json::Value;
use web::{Answer, Failure, Page};

#[derive(Template)]
#[template(path = "letter.html")]
struct Letter {
    page: Page,
    person: String,
    address: String,
    day: String,
    opened: String,
    kind: String,
    article: String,
    request: Request,
}

/// `GET /diritti/richieste/{id}/lettera`.
pub(crate) async fn letter(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let request = own(&app, &page, &id).await?;
    if request.is_open() {
        return Err(Failure::NotFound("letter".into()));
    }
    let person = app
        .fhir(&page)
        .find("Patient", &request.patient)
        .await?
        .unwrap_or(Value::Null);
    let kind = rules::request(request.get("tipo")).ok_or_else(|| Failure::NotFound(id.clone()))?;
    let date = |name: &str| request.moment(name).map(|at| page.date(&at)).unwrap_or_default();
    let address = &person["address"][0];
    let line = address["line"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    let address: Vec<&str> = line.chain(address["city"].as_str()).collect();
    web::show(&Letter {
        person: people::name(&person),
        address: address.join(", "),
        day: date("risposta-del"),
        opened: date("aperta"),
        kind: kind.name.of(page.lang()).to_owned(),
        article: kind.article.clone(),
        page: page
            .titled("letter-title")
            .crumb("/diritti", "rights-title")
            .crumb("/diritti/richieste", "requests-title"),
        request,
    })
}
