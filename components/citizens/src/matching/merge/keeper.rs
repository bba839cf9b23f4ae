//! What goes on with a merge or a separation that was interrupted: an instance of `processes/fusione-schede.bpmn`, begun before the
//! first write. The orchestrator keeps it over a stop of the program; some minutes later its job finishes what is left.

use super::ledger::{MERGE, MOVING, RETURNING};
use super::{MergeError, join, split};
use crate::matching::kept::Kept;
use access::Actor;
use component::{Context, PeerError, Worker, WorkerResult};
use engine::JobSpec;
use futures::FutureExt as _;
use orchestrator::api::StartInstance;
use serde_json::{Map, json};
use std::sync::Arc;

/// The process.
const PROCESS: &str = "fusione-schede";

/// Begins to look after a merge, before anything of it is written.
pub(super) async fn look_after(context: &Context, merge: &str) -> Result<(), PeerError> {
    let start = StartInstance {
        definition: PROCESS.into(),
        business_key: Some(merge.to_owned()),
        ..StartInstance::default()
    };
    let system = Actor::system();
    context.peers.orchestrator(&system).start(&start).await.map(drop)
}

/// The worker of the process.
pub(crate) fn workers() -> Vec<Worker> {
    vec![Worker {
        job_type: "anagrafe-fusione-prosegui",
        run: Arc::new(|context, job| finish(context, job).boxed()),
    }]
}

async fn finish(context: Context, job: JobSpec) -> WorkerResult {
    let told = |error: PeerError| error.to_string();
    let system = Actor::system();
    let instance = job
        .id
        .rsplit_once('.')
        .map_or(job.id.as_str(), |(instance, _)| instance);
    let info = context
        .peers
        .orchestrator(&system)
        .instance(instance)
        .await
        .map_err(told)?;
    let id = info.business_key.unwrap_or_default();
    let fhir = context.peers.fhir(&system);
    // None: it was refused before anything was written.
    let state = Kept::find(&fhir, MERGE, &id)
        .await
        .map_err(told)?
        .map(|merge| merge.state);
    let outcome = match state.as_deref() {
        Some(MOVING) => join::resume(&context, &id).await,
        Some(RETURNING) => split::resume(&context, &id).await,
        _ => return Ok(Map::new()),
    };
    match outcome {
        Ok(_) => Ok(Map::from_iter([("ripresa".to_owned(), json!(true))])),
        // Somebody finished it at the same moment, or separates it now: that has a keeper of its own.
        Err(MergeError::Refused(_)) => Ok(Map::new()),
        Err(error) => Err(error.to_string()),
    }
}
