//! Taking back what an import wrote, but for the records that somebody changed since.

use super::job::{self, Job, Stage};
use super::run::door;
use crate::{App, people};
use access::Actor;
use component::PeerError;
use serde_json::{Value, json};

/// Records taken back in one commit.
const BATCH: usize = 50;

/// Takes back all it can.
pub(super) async fn undo(app: App, actor: Actor, id: String) {
    if let Err(error) = all(&app, &actor, &id).await {
        tracing::warn!(%error, import = %id, "an import could not be taken back; it goes on when it is asked for again");
    }
}

async fn all(app: &App, actor: &Actor, id: &str) -> Result<(), PeerError> {
    let system = app.system();
    let Some(mut job) = job::load(&system, id).await? else {
        return Ok(());
    };
    loop {
        let found = written(app, &job).await?;
        if found.is_empty() {
            break;
        }
        let mut entries = vec![];
        for patient in &found {
            entries.push(back(app, actor, patient).await?);
        }
        let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
        system.transaction(&bundle).await?;
        job.undone += found.len();
        job.beat = app.context.clock.now().to_string();
        job::save(&system, &job).await?;
    }
    job.kept = (job.created + job.updated).saturating_sub(job.undone);
    job.stage = Stage::Undone;
    job::save(&system, &job).await?;
    job::drop_file(&system, id).await
}

/// Records whose present version is the import's: nobody changed them since.
async fn written(app: &App, job: &Job) -> Result<Vec<Value>, PeerError> {
    let source = format!("https://sinfonia.it/fhir/{}#{}", job.by, door(job));
    let count = BATCH.to_string();
    app.system()
        .search("Patient", &[("_source", &source), ("_count", &count)])
        .await
}

/// What takes a record back: it goes, or is again as it was.
async fn back(app: &App, actor: &Actor, patient: &Value) -> Result<Value, PeerError> {
    let id = people::text(patient, "id");
    let version = people::text(&patient["meta"], "versionId");
    let url = format!("Patient/{id}");
    let matching = format!("W/\"{version}\"");
    if version == "1" {
        return Ok(json!({"request": {"method": "DELETE", "url": url, "ifMatch": matching}}));
    }
    let versions = app.system().history("Patient", id, 10).await?;
    let before = versions.into_iter().find(|other| other["meta"]["versionId"] != version);
    let mut before = before.ok_or_else(|| PeerError::Malformed(format!("{url} has no version before {version}")))?;
    crate::person::write::sign(&mut before, actor, "annullamento");
    Ok(json!({"resource": before, "request": {"method": "PUT", "url": url, "ifMatch": matching}}))
}

/// Whether an import can be taken back.
pub(super) fn can(job: &Job) -> bool {
    matches!(job.stage, Stage::Done | Stage::Undoing) && job.created + job.updated > 0
}
