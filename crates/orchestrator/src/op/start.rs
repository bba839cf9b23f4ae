//! Starts an instance: `POST /orchestrator/instances`.

use crate::api::{InstanceInfo, StartInstance};
use crate::command::{Order, Target};
use crate::commit::Applied;
use crate::filing::Filed;
use crate::idempotency::Idempotency;
use crate::instance::Hot;
use crate::plumbing::{Body, to_the_end};
use crate::{Orchestrator, OrchestratorError, mirror};
use access::Actor;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::{Command, StartBy};
use fhir::Definitions;
use http::{HeaderMap, StatusCode};
use jiff::SignedDuration;
use serde_json::json;
use std::sync::Arc;
use store::{Clause, Precondition, Query, ValueTest};

impl Orchestrator {
    /// Starts an instance of the newest version of a process (or of a given version). The caller's resources are
    /// written in the same commit.
    ///
    /// # Errors
    /// Unknown definition (404), already running where one is all there may be (409), unknown patient or bad resource (422), a start the model refuses (422).
    pub async fn start(
        &self,
        actor: &Actor,
        mut request: StartInstance,
        keyed: Option<&Idempotency>,
    ) -> Result<InstanceInfo, OrchestratorError> {
        self.may_begin(actor, request.patient.as_deref(), request.business_key.as_deref())
            .await?;
        let about = Filed::Start(request.patient.as_deref());
        self.may_file(actor, &mut request.resources, about).await?;
        let registry = self.registry().await?;
        let definition = registry.resolve(&request.definition)?;
        may_start(actor, registry.process(&definition).map(Arc::as_ref))?;
        let business_key = request
            .business_key
            .or_else(|| request.patient.as_ref().map(|p| format!("Patient/{p}")));
        let running = match &request.patient {
            Some(patient) if request.only_one => Some(running(&definition, patient)?),
            _ => None,
        };
        let mut variables = request.variables;
        if let Some(name) = registry
            .process(&definition)
            .and_then(|process| process.initiator.clone())
        {
            variables.entry(name).or_insert_with(|| actor.subject.clone().into());
        }
        let hot = Hot::new(
            self.ids.next(),
            definition,
            business_key,
            request.patient,
            self.clock.now(),
        );
        let answer = |applied: &Applied| (StatusCode::CREATED, json!(self.instance_info(&applied.hot, true)));
        let mut order = Order::new(
            "",
            Command::Start {
                by: StartBy::None,
                variables,
            },
            &actor.subject,
        );
        order.target = Target::New(Box::new(hot));
        order.extras.resources = request.resources;
        order.extras.preconditions = running.into_iter().map(Precondition::NoMatch).collect();
        order.keyed = keyed.map(|k| (k, &answer as _));
        let applied = self.carry_out(order).await?;
        Ok(self.instance_info(&applied.hot, true))
    }
}

impl Orchestrator {
    /// The instance when it has ended, or as it stands after `wait`.
    async fn once_ended(&self, info: InstanceInfo, wait: SignedDuration) -> Result<InstanceInfo, OrchestratorError> {
        // Whether it came to its end in time is told by the status.
        let _ = tokio::time::timeout(wait.unsigned_abs(), self.until_ended(&info.id)).await;
        Ok(self.instance_info(&*self.load(&info.id).await?, true))
    }
}

/// Refuses people and other systems a process that says `sinfonia:start` = `system`: it stands for something that the
/// program itself noted (a request of a citizen, an access opened), and an instance started by others would stand for
/// nothing. Such a process has a plain start event only.
fn may_start(actor: &Actor, process: Option<&bpmn::Process>) -> Result<(), OrchestratorError> {
    let by_program = process.is_some_and(|process| process.extensions.get("sinfonia:start") == Some("system"));
    if !by_program || actor.has_role("system") {
        return Ok(());
    }
    Err(OrchestratorError::Forbidden(
        "this process is started by the program itself only (sinfonia:start): use the page that it belongs to".into(),
    ))
}

/// Finds the running instances of a process for a patient, by their CarePlans.
fn running(definition: &str, patient: &str) -> Result<Query, OrchestratorError> {
    let param = |code: &str| {
        let param = Definitions::r4().param("CarePlan", code);
        param
            .map(|p| p.id)
            .ok_or_else(|| OrchestratorError::Damaged(format!("R4 has no search parameter CarePlan.{code}")))
    };
    let process = definition.split(':').next().unwrap_or(definition);
    let active = ValueTest::Token {
        system: None,
        code: Some("active".into()),
    };
    let of_process = ValueTest::UriBelow(format!("{}:", mirror::definition_uri(process)));
    Ok(Query {
        rtype: "CarePlan".into(),
        clauses: vec![
            Clause::Patient(patient.to_owned()),
            Clause::Param {
                param: param("status")?,
                any: vec![active],
            },
            Clause::Param {
                param: param("instantiates-uri")?,
                any: vec![of_process],
            },
        ],
        ..Query::default()
    })
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    headers: HeaderMap,
    Body(request): Body<StartInstance>,
) -> Result<Response, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, "start", &request)?;
    let wait = SignedDuration::from_millis(i64::from(request.wait_ms));
    if wait > orchestrator.config.fetch_wait_max {
        let most = orchestrator.config.fetch_wait_max;
        return Err(OrchestratorError::Invalid(format!("waitMs: at most {most:#}")));
    }
    let me = orchestrator.clone();
    let mut info = to_the_end(async move { me.start(&actor, request, keyed.as_ref()).await }).await?;
    if !wait.is_zero() && info.ended.is_none() {
        info = orchestrator.once_ended(info, wait).await?;
    }
    let location = format!("/orchestrator/instances/{}", info.id);
    Ok((StatusCode::CREATED, [("location", location)], axum::Json(info)).into_response())
}
