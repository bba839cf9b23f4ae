//! `/modelli`: the deployed processes, and deploying one.

use super::App;
use super::start::newest;
use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use orchestrator::api::{DefinitionInfo, Deploy, DeployFile};
use serde::Deserialize;
use web::{Answer, Flash, Page};

#[derive(Template)]
#[template(path = "models.html")]
struct Models {
    page: Page,
    definitions: Vec<DefinitionInfo>,
    name: String,
    content: String,
    refused: Vec<String>,
}

/// The list.
pub async fn list(State(app): State<App>, page: Page) -> Answer {
    show_list(&app, page, Model::default(), Vec::new()).await
}

/// A file to deploy.
#[derive(Debug, Default, Deserialize)]
pub struct Model {
    nome: String,
    testo: String,
}

/// Deploys it, or shows what is wrong with it, line by line.
pub async fn deploy(State(app): State<App>, page: Page, Form(model): Form<Model>) -> Answer {
    let file = DeployFile {
        name: model.nome.trim().to_owned(),
        content: model.testo.clone(),
    };
    match app.orchestrator(&page).deploy(&Deploy { files: vec![file] }).await {
        Ok(deployed) => {
            let text = page.t1("model-deployed", "keys", deployed.keys.join(", "));
            page.redirect("/modelli", Flash::success(text))
        }
        Err(component::PeerError::Status { status, message }) if status.is_client_error() => {
            let findings = message.lines().map(str::to_owned).collect();
            let mut response = show_list(&app, page, model, findings).await?;
            *response.status_mut() = status;
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

async fn show_list(app: &App, page: Page, model: Model, refused: Vec<String>) -> Answer {
    let mut definitions = newest(app.orchestrator(&page).definitions().await?);
    definitions.sort_by(|a, b| a.name.cmp(&b.name));
    web::show(&Models {
        page: page.titled("models-title"),
        definitions,
        name: model.nome,
        content: model.testo,
        refused,
    })
}

#[derive(Template)]
#[template(path = "model.html")]
struct ModelPage {
    page: Page,
    definition: DefinitionInfo,
    diagram: web::Html,
    source: String,
}

/// One process: its diagram and its source.
pub async fn show(State(app): State<App>, page: Page, Path(key): Path<String>) -> Answer {
    let source = app.sources.get(&app.orchestrator(&page), &key).await?;
    let definition = source.definition.clone();
    let diagram = super::drawing::draw(&page, &source, Default::default(), Default::default());
    let page = page
        .with_diagram()
        .crumb("/modelli", "models-title")
        .with_title(definition.name.clone());
    web::show(&ModelPage {
        page,
        definition,
        diagram,
        source: source.xml.clone(),
    })
}
