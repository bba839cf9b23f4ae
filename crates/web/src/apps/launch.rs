//! `GET /assistiti/{id}/app`, `POST /assistiti/{id}/app/{client}`: opens an application on the patient in front of one (EHR
//! launch).

use super::consent::{leave, name_of};
use super::{Apps, failure};
use crate::{Answer, Page};
use askama::Template;
use axum::extract::{Path, State};
use oauth::{Client, Launch};

#[derive(Template)]
#[template(path = "app_launch.html")]
struct LaunchPage {
    page: Page,
    patient: String,
    apps: Vec<Client>,
}

/// The applications that can be opened.
pub(super) async fn list(State(apps): State<Apps>, page: Page, Path(patient): Path<String>) -> Answer {
    let found = apps.context.peers.fhir(page.actor()).read("Patient", &patient).await?;
    let title = format!("{}: {}", page.t("app-launch-title"), name_of(&found));
    let crumb = format!("/assistiti/{patient}");
    crate::show(&LaunchPage {
        page: page.with_title(title).crumb_named(&crumb, name_of(&found)),
        patient,
        apps: apps.oauth.launchable().await.map_err(failure)?,
    })
}

/// Opens one.
pub(super) async fn open(
    State(apps): State<Apps>,
    page: Page,
    Path((patient, client)): Path<(String, String)>,
) -> Answer {
    // Who may not see the patient cannot launch on them.
    apps.context.peers.fhir(page.actor()).read("Patient", &patient).await?;
    let launch = Launch {
        client,
        subject: String::new(),
        patient: Some(patient),
        encounter: None,
    };
    let to = apps.oauth.launch(page.actor(), launch).await.map_err(failure)?;
    leave(page, to)
}
