//! Taking back what an import wrote, but for the records that somebody changed since.

use super::job::{self, Job, Stage};
use super::run::door;
use crate::{App, people};
use access::Actor;
use component::{Before, PeerError};
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
            entries.extend(back(app, actor, patient).await?);
        }
        if entries.is_empty() {
            break;
        }
        job.undone += entries.len();
        let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": entries});
        system.transaction(&bundle).await?;
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

/// What takes a record back: it goes, or is again as it was. Nothing, when somebody changed it since.
async fn back(app: &App, actor: &Actor, patient: &Value) -> Result<Option<Value>, PeerError> {
    let url = format!("Patient/{}", people::text(patient, "id"));
    let matching = format!("W/\"{}\"", people::text(&patient["meta"], "versionId"));
    Ok(match app.system().before(patient).await? {
        Before::ChangedSince => None,
        Before::Nothing => Some(json!({"request": {"method": "DELETE", "url": url, "ifMatch": matching}})),
        Before::Was(mut before) => {
            crate::person::write::sign(&mut before, actor, "annullamento");
            Some(json!({"resource": before, "request": {"method": "PUT", "url": url, "ifMatch": matching}}))
        }
    })
}

/// Whether an import can be taken back.
pub(super) fn can(job: &Job) -> bool {
    matches!(job.stage, Stage::Done | Stage::Undoing) && job.created + job.updated > 0
}
