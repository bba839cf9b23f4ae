//! One command to one instance: load, step, commit, and again when someone else was faster.

use crate::commit::{After, Answer, Applied, Builder, Extras};
use crate::idempotency::Idempotency;
use crate::instance::Hot;
use crate::leases::{Claim, Take};
use crate::{Orchestrator, OrchestratorError};
use access::spans;
use engine::{Command, Env, Event, InstanceState, State, StepError};
use jiff::Timestamp;
use std::collections::HashSet;
use std::sync::Arc;
use store::{InstanceStatus, Precondition, StoreError};

/// The instance a command is for.
pub(crate) enum Target<'a> {
    /// One in the store.
    Existing(&'a str),
    /// A new one; its id must be free.
    New(Box<Hot>),
}

/// Refuses a command by what the instance is like now.
pub(crate) type Check<'a> = &'a (dyn Fn(&Hot) -> Result<(), OrchestratorError> + Sync);

/// Says what is to be done with an instance as it is now: all of it in one commit, or nothing.
pub(crate) type Several<'a> = &'a (dyn Fn(&Hot) -> Result<Vec<Command>, OrchestratorError> + Sync);

/// What is asked of an instance.
pub(crate) enum Asked<'a> {
    /// One command.
    One(Command),
    /// What follows from where it stands.
    Several(Several<'a>),
    /// It is about this patient from now on; no token moves.
    Reassign(&'a str),
}

/// A command with all that goes along.
pub(crate) struct Order<'a> {
    pub target: Target<'a>,
    pub asked: Asked<'a>,
    /// Who or what caused it, for history.
    pub actor: &'a str,
    pub extras: Extras,
    /// Looked at before the step, under the lock of the instance.
    pub check: Option<Check<'a>>,
    /// Keyed request, with its answer.
    pub keyed: Option<(&'a Idempotency, Answer<'a>)>,
    /// A worker outside says that the job is in its hands.
    pub claim: Option<Claim>,
    /// Put before the events of the command in history: why, where the command does not say.
    pub note: Option<Event>,
    /// That worker takes the jobs the step leads to.
    pub take: Option<&'a Take>,
}

impl<'a> Order<'a> {
    /// A plain command to a stored instance.
    pub(crate) fn new(instance: &'a str, command: Command, actor: &'a str) -> Self {
        Self {
            target: Target::Existing(instance),
            asked: Asked::One(command),
            actor,
            extras: Extras::default(),
            check: None,
            keyed: None,
            claim: None,
            note: None,
            take: None,
        }
    }

    /// Several commands to a stored instance, in one commit.
    pub(crate) fn several(instance: &'a str, several: Several<'a>, actor: &'a str) -> Self {
        let mut order = Self::new(instance, Command::Resume, actor);
        order.asked = Asked::Several(several);
        order
    }
}

impl Orchestrator {
    /// Carries out an order. When this returns `Ok`, everything about it is durable.
    pub(crate) async fn carry_out(&self, order: Order<'_>) -> Result<Applied, OrchestratorError> {
        spans::part_or_trace("orchestrator.step", self.carried_out(order)).await
    }

    async fn carried_out(&self, order: Order<'_>) -> Result<Applied, OrchestratorError> {
        if order.extras.resources.len() > self.config.max_resources {
            return Err(OrchestratorError::Invalid(format!(
                "resources: at most {} in one request",
                self.config.max_resources
            )));
        }
        let registry = self.registry().await?;
        if let Target::New(hot) = &order.target
            && registry.is_suspended(&hot.state.definition)
        {
            return Err(OrchestratorError::DefinitionSuspended(hot.state.definition.clone()));
        }
        if let Target::New(hot) = &order.target
            && registry.is_retired(&hot.state.definition)
        {
            let text = format!(
                "the process definition '{}' was withdrawn; start a newer one",
                hot.state.definition
            );
            return Err(StepError::CannotStart(text).into());
        }
        self.refuse_repeat(order.keyed.map(|(request, _)| request)).await?;
        let id = match &order.target {
            Target::Existing(id) => (*id).to_owned(),
            Target::New(hot) => hot.state.id.clone(),
        };
        let (applied, after) = {
            let _one_at_a_time = self.locks.lock(&id).await;
            self.until_committed(&id, &order).await?
        };
        self.ended.tell(&applied.hot);
        self.after_commit(after);
        Ok(applied)
    }

    async fn until_committed(&self, id: &str, order: &Order<'_>) -> Result<(Applied, After), OrchestratorError> {
        let mut last = None;
        for _ in 0..=self.config.conflict_retries {
            let (before, kept) = match &order.target {
                Target::Existing(id) => match self.cache.get(id) {
                    Some(kept) => (kept, true),
                    None => (self.load(id).await?, false),
                },
                Target::New(hot) => (Arc::new((**hot).clone()), false),
            };
            let now = self.clock.now();
            let mut applied = match self.attempt(&before, order, now) {
                Ok(applied) => applied,
                // Another node may have moved it since it was kept here: refused is only what the store bears out.
                Err(_) if kept && self.duty.is_some() => {
                    self.cache.remove(id);
                    continue;
                }
                Err(refused) => {
                    // The same request may have been carried out since its key was looked for: then its answer is the answer.
                    self.refuse_repeat(order.keyed.map(|(request, _)| request)).await?;
                    return Err(refused);
                }
            };
            if let Some(note) = &order.note {
                applied.events.insert(0, note.clone());
            }
            let (transaction, after) = Builder::new(self, now).build(&mut applied, order).await?;
            match self.store.commit(transaction).await {
                Ok(_) => {
                    self.cache.put(id, applied.hot.clone());
                    if let Some(claim) = &order.claim {
                        self.held.forget(&claim.job);
                    }
                    return Ok((applied, after));
                }
                Err(StoreError::Conflict { detail, .. }) => {
                    self.cache.remove(id);
                    if let Some(claim) = &order.claim {
                        self.held.forget(&claim.job);
                    }
                    self.refuse_repeat(order.keyed.map(|(request, _)| request)).await?;
                    if let Target::New(hot) = &order.target {
                        self.explain_refused_start(hot, &order.extras.preconditions).await?;
                    }
                    last = Some(detail);
                }
                Err(error) => {
                    // Whether it was committed is not known: the next command reads the store.
                    self.cache.remove(id);
                    return Err(error.into());
                }
            }
        }
        tracing::warn!(instance = id, detail = last, "a command lost every race");
        Err(OrchestratorError::Contended(format!("instance {id}")))
    }

    /// Looks whether it may be, and steps.
    fn attempt(&self, before: &Arc<Hot>, order: &Order<'_>, now: Timestamp) -> Result<Applied, OrchestratorError> {
        if let Some(check) = order.check {
            check(before)?;
        }
        match &order.asked {
            Asked::One(command) => self.step(before, command.clone(), now),
            Asked::Several(several) => self.steps(before, several(before)?, now),
            Asked::Reassign(patient) => Ok(Self::reassigned(before, patient)),
        }
    }

    /// A start that conflicts: the id is taken, the patient is missing, or has the process running already.
    async fn explain_refused_start(&self, hot: &Hot, preconditions: &[Precondition]) -> Result<(), OrchestratorError> {
        let mut snapshot = self.store.snapshot().await?;
        if snapshot.instance(&hot.state.id).await?.is_some() {
            return Err(StepError::CannotStart(format!("instance {} exists already", hot.state.id)).into());
        }
        if let Some(patient) = &hot.patient
            && snapshot
                .read("Patient", patient)
                .await?
                .is_none_or(|p| p.body.is_none())
        {
            return Err(OrchestratorError::Invalid(format!(
                "patient: Patient/{patient} does not exist; create it in the hub first"
            )));
        }
        for precondition in preconditions {
            if let (Precondition::NoMatch(query), Some(patient)) = (precondition, &hot.patient)
                && !snapshot.search(query).await?.matches.is_empty()
            {
                let process = hot.state.definition.split(':').next().unwrap_or_default();
                return Err(OrchestratorError::Running {
                    patient: patient.clone(),
                    process: process.to_owned(),
                });
            }
        }
        Ok(())
    }

    /// The instance as it was when it was last used here, or as it is now: where a change by another node is heard of
    /// ([`crate::shared`]) or what follows is checked by revision.
    pub(crate) async fn near(&self, id: &str) -> Result<Arc<Hot>, OrchestratorError> {
        if let Some(hot) = self.cache.get(id) {
            return Ok(hot);
        }
        let hot = self.load(id).await?;
        self.cache.offer(id, hot.clone());
        Ok(hot)
    }

    /// The instance as it is now.
    pub(crate) async fn load(&self, id: &str) -> Result<Arc<Hot>, OrchestratorError> {
        // Others may have moved it since.
        let kept = self.cache.get(id).filter(|_| self.duty.is_none());
        if let Some(hot) = kept {
            return Ok(hot);
        }
        let record = self.store.snapshot().await?.instance(id).await?;
        let record = record.ok_or_else(|| OrchestratorError::NotFound {
            what: "instance",
            id: id.to_owned(),
        })?;
        let hot = Arc::new(Hot::read(record)?);
        if self.duty.is_some() && self.registry().await?.process(&hot.state.definition).is_none() {
            self.read_registry_again().await?;
        }
        Ok(hot)
    }

    /// Reads instances that are about to be used, on one snapshot instead of one for each.
    pub(crate) async fn warm(&self, ids: impl Iterator<Item = &str> + Send) -> Result<(), OrchestratorError> {
        let cold: HashSet<&str> = ids
            .filter(|id| !id.is_empty() && self.cache.get(id).is_none())
            .collect();
        if cold.is_empty() {
            return Ok(());
        }
        let mut snapshot = self.store.snapshot().await?;
        for id in cold {
            if let Some(record) = snapshot.instance(id).await? {
                self.cache.offer(id, Arc::new(Hot::read(record)?));
            }
        }
        Ok(())
    }

    /// The pure part.
    pub(crate) fn step(
        &self,
        before: &Arc<Hot>,
        command: Command,
        now: Timestamp,
    ) -> Result<Applied, OrchestratorError> {
        self.steps(before, vec![command], now)
    }

    /// The pure part, of several commands one after the other: one revision. Retries are set where there is a job by
    /// then.
    pub(crate) fn steps(
        &self,
        before: &Arc<Hot>,
        commands: Vec<Command>,
        now: Timestamp,
    ) -> Result<Applied, OrchestratorError> {
        let registry = self.registry_now();
        let env = Env {
            now,
            evaluator: registry.evaluator(),
            models: registry.as_ref(),
            limits: &self.config.engine,
        };
        let process = registry
            .process(&before.state.definition)
            .ok_or_else(|| StepError::UnknownDefinition(before.state.definition.clone()))?;
        let mut state = before.state.clone();
        let (mut effects, mut events) = (Vec::new(), Vec::new());
        for (n, command) in commands.into_iter().enumerate() {
            if n > 0
                && let Command::SetRetries { job, .. } = &command
                && state.job(job, registry.as_ref()).is_none()
            {
                continue;
            }
            let (more, happened) = engine::apply(process, &mut state, command, &env)?;
            if n == 0 {
                (effects, events) = (more, happened);
            } else {
                effects.extend(more);
                events.extend(happened);
            }
        }
        let status = status_of(&state);
        let ended = matches!(status, InstanceStatus::Completed | InstanceStatus::Terminated);
        let hot = Hot {
            revision: before.revision + 1,
            patient: before.patient.clone(),
            status,
            started: before.started,
            ended: ended.then_some(now),
            state,
        };
        Ok(Applied {
            hot: Arc::new(hot),
            effects,
            events,
            before: before.clone(),
            written: Vec::new(),
            taken: Vec::new(),
        })
    }
}

/// Where an instance stands, by its state.
pub(crate) fn status_of(state: &State) -> InstanceStatus {
    match state.status() {
        InstanceState::Completed => InstanceStatus::Completed,
        InstanceState::Terminated => InstanceStatus::Terminated,
        _ if state.suspended() => InstanceStatus::Suspended,
        _ if state.has_incidents() => InstanceStatus::Incident,
        _ => InstanceStatus::Active,
    }
}
