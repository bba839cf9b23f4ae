//! What a batch would do: `POST /orchestrator/batches/preview`. The commands are tried on the instances as they are, and
//! nothing of it is kept.

use crate::api::{BatchPreview, BatchReason, BatchRequest, BatchResult, BatchSample};
use crate::batch::commands::{Doing, check};
use crate::batch::item::judged;
use crate::batch::select::bounded;
use crate::instance::Hot;
use crate::plumbing::Body;
use crate::query::selection::Selection;
use crate::{Orchestrator, OrchestratorError, view};
use access::Actor;
use axum::Json;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;

/// Instances looked at, at most.
const MOST_SEEN: usize = 200_000;
/// Instances tried, at most.
const MOST_TRIED: u64 = 2_000;
/// Instances and reasons shown.
const SHOWN: usize = 20;
/// Rows read at a time.
const PAGE: usize = 500;
/// Most instances that may be listed in one request.
const MAX_LISTED: usize = 10_000;
/// How long a confirmation is good.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(1);

impl Orchestrator {
    /// Counts, tries, and shows the first ones, of the patients whom the actor works for. Listed ones of others do not
    /// exist.
    ///
    /// # Errors
    /// A request that makes no sense (422), an unknown definition (404).
    pub async fn preview_batch(
        &self,
        actor: &Actor,
        request: &BatchRequest,
    ) -> Result<BatchPreview, OrchestratorError> {
        self.check_batch(request).await?;
        let now = self.clock.now();
        let mut trial = Trial {
            doing: Doing::new(request.operation.clone(), "preview".into()),
            preview: BatchPreview {
                complete: true,
                confirmation: confirmation(request, now),
                ..BatchPreview::default()
            },
            reasons: HashMap::new(),
        };
        if let Some(listed) = &request.instances {
            let eyes = self.eyes(actor).await?;
            for id in listed {
                let found = match self.load(id).await {
                    Ok(hot) => eyes.operate(id, hot.patient.as_deref()).map(|()| hot),
                    Err(error) => Err(error),
                };
                match found {
                    Ok(hot) => trial.add(self, &hot).await?,
                    Err(error @ (OrchestratorError::NotFound { .. } | OrchestratorError::Forbidden(_))) => {
                        trial.missing(id, &error);
                    }
                    Err(error) => return Err(error),
                }
            }
            return Ok(trial.result());
        }
        let selection = Selection::of(bounded(request.filter.clone().unwrap_or_default(), now), false)?;
        let meant = self.meant_by(actor, &selection).await?;
        let (mut after, mut seen) = (None, 0);
        loop {
            let page = self.select(&selection, after, PAGE).await?;
            seen += page.seen;
            for found in page.found {
                if !meant.holds(found.patient()) {
                    continue;
                }
                if trial.preview.tried < MOST_TRIED {
                    trial.add(self, &Arc::new(found.read()?)).await?;
                } else {
                    trial.preview.count += 1;
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(trial.result());
            }
            if seen >= MOST_SEEN {
                trial.preview.complete = false;
                return Ok(trial.result());
            }
        }
    }

    /// Refuses what makes no sense before anything is looked at.
    pub(crate) async fn check_batch(&self, request: &BatchRequest) -> Result<(), OrchestratorError> {
        let invalid = |text: &str| Err(OrchestratorError::Invalid(text.to_owned()));
        check(&request.operation)?;
        match (&request.instances, &request.filter) {
            (Some(_), Some(_)) => return invalid("instances, filter: give one of them, not both"),
            (None, None) => return invalid("instances or filter: which instances?"),
            (Some(listed), None) if listed.is_empty() || listed.len() > MAX_LISTED => {
                return Err(OrchestratorError::Invalid(format!(
                    "instances: 1 to {MAX_LISTED}; for more use a filter"
                )));
            }
            (Some(_), None) => {}
            (None, Some(filter)) => {
                if !Selection::of(filter.clone(), false)?.is_narrow() {
                    return invalid("filter: say at least one condition; an empty one would mean every instance");
                }
                if let Some(definition) = &filter.definition {
                    self.registry().await?.resolve(definition)?;
                }
            }
        }
        self.registry().await?;
        if let crate::api::BatchOperation::Migrate { from, to, .. } = &request.operation {
            let registry = self.registry_now();
            registry.resolve(to)?;
            from.as_ref().map(|from| registry.resolve(from)).transpose()?;
        }
        Ok(())
    }
}

/// A preview under way.
struct Trial {
    doing: Doing,
    preview: BatchPreview,
    reasons: HashMap<String, BatchReason>,
}

impl Trial {
    async fn add(&mut self, orchestrator: &Orchestrator, hot: &Arc<Hot>) -> Result<(), OrchestratorError> {
        let tried = match self.doing.prepare(orchestrator, hot).await {
            Ok(()) => self
                .doing
                .commands(hot)
                .and_then(|commands| orchestrator.steps(hot, commands, orchestrator.clock.now())),
            Err(error) => Err(error),
        };
        let problem = match tried {
            Ok(_) => None,
            Err(error @ OrchestratorError::Store(_)) => return Err(error),
            Err(error) => Some(error),
        };
        self.note(&hot.state.id, problem.as_ref());
        if self.preview.sample.len() < SHOWN {
            self.preview.sample.push(BatchSample {
                instance: hot.state.id.clone(),
                definition: hot.state.definition.clone(),
                business_key: hot.state.business_key.clone(),
                patient: hot.patient.clone(),
                status: view::status_name(hot.status).to_owned(),
                problem: problem.map(|error| error.to_string()),
            });
        }
        Ok(())
    }

    fn missing(&mut self, id: &str, error: &OrchestratorError) {
        self.note(id, Some(error));
        if self.preview.sample.len() < SHOWN {
            self.preview.sample.push(BatchSample {
                instance: id.to_owned(),
                problem: Some(error.to_string()),
                ..BatchSample::default()
            });
        }
    }

    fn note(&mut self, id: &str, problem: Option<&OrchestratorError>) {
        self.preview.count += 1;
        self.preview.tried += 1;
        let Some(error) = problem else {
            self.preview.possible += 1;
            return;
        };
        match judged(error) {
            BatchResult::Skipped => self.preview.skipped += 1,
            _ => self.preview.refused += 1,
        }
        // Ids differ from instance to instance; the reason does not.
        let text = error.to_string().replace(id, "…");
        let reason = self.reasons.entry(text.clone()).or_insert_with(|| BatchReason {
            text,
            count: 0,
            example: id.to_owned(),
        });
        reason.count += 1;
    }

    fn result(self) -> BatchPreview {
        let mut reasons: Vec<BatchReason> = self.reasons.into_values().collect();
        reasons.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.text.cmp(&b.text)));
        reasons.truncate(SHOWN);
        BatchPreview {
            reasons,
            ..self.preview
        }
    }
}

/// What must be sent back: which request was previewed, and when.
fn confirmation(request: &BatchRequest, at: Timestamp) -> String {
    let asked = json!([request.operation, request.filter, request.instances]).to_string();
    let hash = asked.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}-{:x}", at.as_microsecond())
}

/// The moment of the preview that a request confirms.
///
/// # Errors
/// None was sent, it was of another request, or it is too old.
pub(crate) fn confirmed(request: &BatchRequest, now: Timestamp) -> Result<Timestamp, OrchestratorError> {
    let again = "POST /orchestrator/batches/preview with the same operation and instances or filter, and send its \
                 confirmation";
    let invalid = |what: &str| OrchestratorError::Invalid(format!("confirmation: {what}; {again}"));
    let given = request.confirmation.as_deref().ok_or_else(|| invalid("missing"))?;
    let at = given
        .split_once('-')
        .and_then(|(_, at)| i64::from_str_radix(at, 16).ok());
    let at = at.and_then(|at| Timestamp::from_microsecond(at).ok());
    let at = at.ok_or_else(|| invalid("not one that a preview gave"))?;
    if confirmation(request, at) != given {
        return Err(invalid("it is of another request"));
    }
    if at > now || now.duration_since(at) > GOOD_FOR {
        return Err(invalid("older than an hour"));
    }
    Ok(at)
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    Body(request): Body<BatchRequest>,
) -> Result<Json<BatchPreview>, OrchestratorError> {
    orchestrator.preview_batch(&actor, &request).await.map(Json)
}
