//! Starts by condition: `POST /orchestrator/conditions`, and hub writes that have one looked at.

use crate::api::{Correlated, EvaluateConditions};
use crate::delivery::{Delivery, StartDelivery};
use crate::idempotency::Idempotency;
use crate::plumbing::{Body, to_the_end};
use crate::registry::{BPMN, Registry};
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::Json;
use axum::extract::State;
use bpmn::StartTrigger;
use engine::Variables;
use http::HeaderMap;
use jiff::Timestamp;
use std::sync::Arc;

/// A start event whose condition holds.
struct Held {
    process: String,
    element: String,
    part: Option<usize>,
}

/// The conditional start events of the newest version of a process that hold. A condition that cannot be evaluated
/// with these variables does not.
fn holding(registry: &Registry, process: &str, variables: &Variables, now: Timestamp) -> Vec<Held> {
    let startable = registry
        .newest(BPMN, process)
        .is_some_and(|definition| !registry.is_suspended(&definition.info.key));
    let Some(model) = registry.newest_process(process).filter(|_| startable) else {
        return Vec::new();
    };
    let holds = |text: &str| {
        let value = registry.evaluator().evaluate(text, variables, now);
        value.is_ok_and(|value| value.as_bool() == Some(true))
    };
    let starts = model.start_events().into_iter();
    let held = starts
        .filter(|start| matches!(start.trigger, StartTrigger::Conditional(condition) if holds(condition.as_str())));
    held.map(|start| Held {
        process: process.to_owned(),
        element: start.element.to_owned(),
        part: start.part,
    })
    .collect()
}

impl Orchestrator {
    /// Starts an instance of every process one of whose conditional start events holds for the variables. About a patient
    /// whom the actor does not work for none holds.
    ///
    /// # Errors
    /// An unknown process (404), an unknown patient (422). That no condition holds is no error.
    pub async fn evaluate_conditions(
        &self,
        actor: &Actor,
        request: EvaluateConditions,
        keyed: Option<&Idempotency>,
    ) -> Result<Correlated, OrchestratorError> {
        let registry = self.registry().await?;
        self.refuse_repeat(keyed).await?;
        let EvaluateConditions {
            variables,
            business_key,
            patient,
            definition,
        } = request;
        if let Some(definition) = &definition {
            registry.resolve(definition)?;
        }
        let key = business_key.or_else(|| patient.as_ref().map(|patient| format!("Patient/{patient}")));
        let only = definition.as_deref().map(|id| id.split(':').next().unwrap_or(id));
        let mut to = Vec::new();
        if !self.eyes(actor).await?.begin(patient.as_deref(), key.as_deref()) {
            return self.send_to(to, keyed).await;
        }
        for newest in registry.all_newest(BPMN) {
            let id = newest.info.id.as_str();
            if only.is_some_and(|only| only != id) {
                continue;
            }
            for held in holding(&registry, id, &variables, self.clock.now()) {
                to.push(self.start_of(held, key.clone(), patient.clone(), variables.clone(), &actor.subject));
            }
        }
        self.send_to(to, keyed).await
    }

    fn start_of(
        &self,
        held: Held,
        business_key: Option<String>,
        patient: Option<String>,
        variables: Variables,
        actor: &str,
    ) -> Delivery {
        Delivery::ToStart(Box::new(StartDelivery {
            id: self.ids.next(),
            process: held.process,
            element: held.element,
            business_key,
            patient,
            variables,
            actor: actor.to_owned(),
            part: held.part,
        }))
    }

    /// What a hub write about a patient starts by the condition of a start event: one live instance for each patient.
    pub(crate) async fn started_by_hub(
        &self,
        process: &str,
        element: &str,
        patient: &str,
        variables: Variables,
    ) -> Result<Vec<Delivery>, OrchestratorError> {
        let registry = self.registry().await?;
        let mut held = holding(&registry, process, &variables, self.clock.now());
        held.retain(|held| held.element == element);
        let key = format!("Patient/{patient}");
        let mut snapshot = self.store.snapshot().await?;
        if held.is_empty() || self.runs_already(&mut *snapshot, process, &key).await? {
            return Ok(Vec::new());
        }
        let start = |held| {
            self.start_of(
                held,
                Some(key.clone()),
                Some(patient.to_owned()),
                variables.clone(),
                "hub",
            )
        };
        Ok(held.into_iter().map(start).collect())
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    headers: HeaderMap,
    Body(request): Body<EvaluateConditions>,
) -> Result<Json<Correlated>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, "conditions", &request)?;
    to_the_end(async move { orchestrator.evaluate_conditions(&actor, request, keyed.as_ref()).await })
        .await
        .map(Json)
}
