//! `/registro-trattamenti`, for the office and the data-protection officer.

use super::build::{Evidence, Measure, Register, build};
use super::render;
use crate::App;
use access::View;
use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse as _;
use web::{Answer, Failure, Html, Page};

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterPage {
    page: Page,
    body: Html,
}

/// `GET /registro-trattamenti`.
pub(crate) async fn show(State(app): State<App>, page: Page, view: View) -> Answer {
    let register = made(&app, &view, &page).await?;
    web::show(&RegisterPage {
        body: Html(render::body(&register)),
        page: page.titled("register-title").crumb("/richieste-dati", "office-title"),
    })
}

/// `GET /registro-trattamenti.json`.
pub(crate) async fn json(State(app): State<App>, page: Page, view: View) -> Answer {
    Ok(Json(made(&app, &view, &page).await?).into_response())
}

async fn made(app: &App, view: &View, page: &Page) -> Result<Register, Failure> {
    // What only the machine knows is gathered by the command.
    let unknown = |name: &str| Measure {
        name: name.to_owned(),
        evidence: "si rileva con «sinfonia privacy register» sul server".into(),
        status: "unverified".into(),
    };
    let evidence = Evidence {
        measures: vec![
            unknown("Catena del registro degli accessi verificata"),
            unknown("Utenze con secondo fattore"),
        ],
        ..Evidence::default()
    };
    Ok(build(&app.context.peers, view.policies(), &evidence, page.now()).await?)
}
