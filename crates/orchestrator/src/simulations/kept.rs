//! Simulations as records, so that they are there after a restart: one record of the kind `simulation` each, with its
//! scenario and result, as many as are kept in memory.

use super::{Job, MAX_KEPT, Past, Status};
use crate::api::SimulationInfo;
use crate::batch::record;
use crate::{Orchestrator, OrchestratorError};
use parking_lot::Mutex;
use simulation::Progress;
use std::sync::Arc;

/// Kind of the records.
const KIND: &str = "simulation";
/// Largest result kept, in bytes.
const MAX_BYTES: usize = 16 << 20;

impl Orchestrator {
    /// Reads what was kept, once after a start. What waited or ran then has no result and will not get one.
    pub(super) async fn load_simulations(&self) -> Result<(), OrchestratorError> {
        let load = async || {
            let found = self.store.snapshot().await?.records(KIND, "", MAX_KEPT).await?;
            let mut past: Vec<SimulationInfo> = Vec::new();
            for (id, bytes) in found {
                match serde_json::from_slice(&bytes) {
                    Ok(info) => past.push(info),
                    Err(error) => tracing::warn!(id, %error, "a simulation that was kept cannot be read"),
                }
            }
            past.sort_by_key(|info| info.created);
            let mut jobs = self.simulations.jobs.lock();
            past.into_iter()
                .rev()
                .for_each(|info| jobs.push_front(Arc::new(job(info))));
            Ok::<_, OrchestratorError>(())
        };
        self.simulations.loaded.get_or_try_init(load).await?;
        Ok(())
    }

    /// Writes one down as it stands; those that had to make room for it go.
    pub(super) async fn keep_simulation(&self, job: &Job, gone: &[String]) -> Result<(), OrchestratorError> {
        let mut records: Vec<_> = gone.iter().map(|id| record(KIND, id, None)).collect();
        match serde_json::to_vec(&job.info(true)) {
            Ok(bytes) if bytes.len() <= MAX_BYTES => records.push(record(KIND, &job.id, Some(bytes))),
            Ok(bytes) => tracing::warn!(id = job.id, bytes = bytes.len(), "a result is too large to be kept"),
            Err(error) => tracing::warn!(id = job.id, %error, "a result cannot be kept"),
        }
        self.write_records(records).await
    }
}

/// One of the past.
fn job(info: SimulationInfo) -> Job {
    let status = match (info.status.as_str(), info.report, info.error) {
        ("done", Some(report), _) => Status::Done(Arc::from(report)),
        ("cancelled", ..) => Status::Cancelled,
        ("failed", _, Some(error)) => Status::Failed(error),
        _ => Status::Failed("the program was started anew before it was over: send the scenario again".into()),
    };
    Job {
        id: info.id,
        name: info.name,
        definition: info.definition,
        created: info.created,
        actor: info.actor,
        scenario: info.scenario.unwrap_or_default(),
        warnings: info.warnings,
        progress: Progress::default(),
        past: Some(Past {
            progress: info.progress,
            replications: info.replications,
        }),
        status: Mutex::new(status),
    }
}
