//! `/regia/istanze/{id}`: one instance, and what can be done with it.

use super::{App, is_id};
use askama::Template;
use axum::extract::{Path, State};
use orchestrator::api::{DefinitionInfo, InstanceInfo};
use web::{Answer, Failure, Page};

#[derive(Template)]
#[template(path = "operate_instance.html")]
struct InstancePage {
    page: Page,
    instance: InstanceInfo,
    versions: Vec<DefinitionInfo>,
    variables: Vec<(String, String)>,
}

impl InstancePage {
    fn running(&self) -> bool {
        self.instance.ended.is_none()
    }

    fn state_key(&self) -> String {
        format!("status-{}", self.instance.status)
    }

    fn suspended(&self) -> bool {
        self.instance.status == "suspended"
    }
}

/// The page.
pub async fn show(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    if !is_id(&id) {
        return Err(Failure::NotFound(id));
    }
    let orchestrator = app.orchestrator(&page);
    let (instance, versions) = tokio::try_join!(orchestrator.instance(&id), orchestrator.all_definitions())?;
    let process = instance.definition.split(':').next().unwrap_or_default().to_owned();
    let versions = versions
        .into_iter()
        .filter(|version| version.id == process && version.key != instance.definition)
        .collect();
    let variables = instance.variables.iter();
    let variables = variables
        .map(|(name, value)| (name.clone(), value.to_string()))
        .collect();
    let title = page.t1("instance-title", "id", id.as_str());
    web::show(&InstancePage {
        page: page.crumb("/regia", "operate-title").with_title(title),
        instance,
        versions,
        variables,
    })
}
