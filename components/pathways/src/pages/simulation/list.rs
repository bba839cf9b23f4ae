//! The simulations that are kept, and choosing a process for a new one.

use crate::pages::App;
use crate::pages::start::newest;
use askama::Template;
use axum::extract::State;
use orchestrator::api::{DefinitionInfo, SimulationInfo};
use web::{Answer, Page};

#[derive(Template)]
#[template(path = "simulations.html")]
struct Simulations {
    page: Page,
    definitions: Vec<DefinitionInfo>,
    simulations: Vec<SimulationInfo>,
}

impl Simulations {
    fn status(&self, one: &SimulationInfo) -> String {
        self.page.t(&format!("sim-status-{}", one.status))
    }
}

/// The page.
pub async fn list(State(app): State<App>, page: Page) -> Answer {
    let orchestrator = app.orchestrator(&page);
    let mut definitions = newest(orchestrator.definitions().await?);
    definitions.sort_by(|a, b| a.name.cmp(&b.name));
    let simulations = orchestrator.simulations().await?;
    web::show(&Simulations {
        page: page.titled("sim-title"),
        definitions,
        simulations,
    })
}
