//! From one engine step to one store transaction.

use crate::api::FetchedJob;
use crate::command::{Asked, Order};
use crate::history::record;
use crate::instance::Hot;
use crate::leases::{Claim, Take, rank};
use crate::op::reassign::tasks_of;
use crate::timers::JOB_TIMER;
use crate::{Orchestrator, OrchestratorError, delivery::Delivery, leases, mirror};
use engine::{Effect, Event, JobSpec};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{
    CursorWrite, HistoryWrite, InstanceStatus, InstanceWrite, Lease, LeaseWrite, Method, OutboxWrite, Precondition,
    RecordWrite, Snapshot, StoreError, TimerWrite, Transaction, WaitKey, WaitKind, WaitWrite, prepare_write,
};

/// What else goes into the commit of a command.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extras {
    /// FHIR resources of the caller.
    pub resources: Vec<Value>,
    /// What must hold in the store.
    pub preconditions: Vec<Precondition>,
    /// Timers, e.g. the fired one taken away.
    pub timers: Vec<TimerWrite>,
    /// Outbox, e.g. the delivered entry taken away.
    pub outbox: Vec<OutboxWrite>,
    /// Small values, e.g. the outcome of a batch for this instance.
    pub records: Vec<RecordWrite>,
    /// The fence of the background work ([`crate::shared`]).
    pub cursors: Vec<CursorWrite>,
}

/// What a step leads to once it is committed.
#[derive(Debug, Default)]
pub(crate) struct After {
    /// New jobs.
    pub jobs: Vec<JobSpec>,
    /// Whether something waits in the outbox.
    pub relay: bool,
    /// Message name and key now waited for.
    pub awaited: Vec<(String, String)>,
    /// Earliest new timer.
    pub due: Option<Timestamp>,
    /// Job types with a new lease, and when it ends.
    pub leased: Vec<(String, Timestamp)>,
    /// Leases on jobs of this step, in the hands of the worker that led to them.
    pub held: Vec<Lease>,
}

/// A step, before or after its commit.
#[derive(Debug)]
pub(crate) struct Applied {
    /// The instance after the step.
    pub hot: Arc<Hot>,
    /// What the engine asked for.
    pub effects: Vec<Effect>,
    /// What happened, for history.
    pub events: Vec<Event>,
    /// The instance before the step.
    pub before: Arc<Hot>,
    /// References of the caller's resources.
    pub written: Vec<String>,
    /// Jobs of this step that the worker has in its hands with the commit.
    pub taken: Vec<FetchedJob>,
}

/// The answer of a keyed request, made before the commit so that it goes into it.
pub(crate) type Answer<'a> = &'a (dyn Fn(&Applied) -> (StatusCode, Value) + Sync);

/// What an assisted person's own task may file: what they answer and what they measure, never a change to something
/// that is there.
const ASSISTED_MAY_WRITE: [&str; 2] = ["QuestionnaireResponse", "Observation"];

fn assisted_may_write(actor: &str, rtype: &str, id: Option<&str>) -> Result<(), OrchestratorError> {
    if !actor.starts_with("Patient/") || (ASSISTED_MAY_WRITE.contains(&rtype) && id.is_none()) {
        return Ok(());
    }
    Err(OrchestratorError::Forbidden(format!(
        "resources: with a task of one's own pathway one can file a new {}, not a {rtype}{}",
        ASSISTED_MAY_WRITE.join(" or "),
        if id.is_some() { " under a chosen id" } else { "" }
    )))
}

/// Refuses a resource of another person (or of none) in the commit of a person's pathway.
fn about(patient: Option<&str>, found: Option<&str>, rtype: &str) -> Result<(), OrchestratorError> {
    match patient {
        Some(patient) if found != Some(patient) => Err(OrchestratorError::Forbidden(format!(
            "resources: the {rtype} is {}, but this pathway is about Patient/{patient}: write only about that person",
            found.map_or_else(|| "about nobody".to_owned(), |other| format!("about Patient/{other}"))
        ))),
        _ => Ok(()),
    }
}

/// The program itself, as an actor.
const SYSTEM: &str = "system";

/// A process about nobody files nothing about anybody, unless it is the program that does.
fn about_somebody(patient: Option<&str>, found: Option<&str>, actor: &str) -> Result<(), OrchestratorError> {
    match (patient, found) {
        (None, Some(_)) if actor != SYSTEM => Err(OrchestratorError::Forbidden(
            "resources: this process is about nobody, so that nothing about a person is filed with it".into(),
        )),
        _ => Ok(()),
    }
}

/// Gathers the rows of one step.
pub(crate) struct Builder<'a> {
    orchestrator: &'a Orchestrator,
    now: Timestamp,
    snapshot: Option<Box<dyn Snapshot>>,
    /// Task mirrors by id: stored version and body.
    tasks: BTreeMap<String, (u64, Value)>,
    transaction: Transaction,
    after: After,
    /// The job a worker outside has in its hands, and the fence of its lease.
    claimed: Option<(String, u64)>,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(orchestrator: &'a Orchestrator, now: Timestamp) -> Self {
        Self {
            orchestrator,
            now,
            snapshot: None,
            tasks: BTreeMap::new(),
            transaction: Transaction::default(),
            after: After::default(),
            claimed: None,
        }
    }

    /// All rows of the step. `applied.written` is filled with the references of the caller's resources.
    pub(crate) async fn build(
        mut self,
        applied: &mut Applied,
        order: &Order<'_>,
    ) -> Result<(Transaction, After), OrchestratorError> {
        let (actor, extras) = (order.actor, order.extras.clone());
        if let Some(claim) = &order.claim {
            self.claim(claim, &applied.hot).await?;
        }
        self.after.relay = extras.outbox.iter().any(|o| matches!(o, OutboxWrite::Add { .. }));
        for timer in extras.timers {
            match timer {
                TimerWrite::Set { id, instance, due } => self.set_timer(id, instance, due),
                remove @ TimerWrite::Remove { .. } => self.transaction.timers.push(remove),
            }
        }
        self.transaction.outbox = extras.outbox;
        self.transaction.cursors = extras.cursors;
        self.transaction.records = extras.records;
        self.transaction.preconditions = extras.preconditions;
        for resource in extras.resources {
            let reference = self.resource(resource, applied.hot.patient.as_deref(), actor).await?;
            applied.written.push(reference);
        }
        for (n, effect) in applied.effects.iter().enumerate() {
            self.effect(n, effect, applied, actor).await?;
        }
        if let Some(take) = order.take {
            applied.taken = self.hand_over(take, &applied.hot);
        }
        let moves = applied.before.patient.clone().filter(|_| applied.hot.revision > 1);
        let moves = moves.filter(|before| applied.hot.patient.as_ref() != Some(before));
        if let Some(before) = &moves {
            self.tasks_follow(&applied.hot, before).await?;
        }
        self.care_plan(&applied.hot, moves.is_some()).await?;
        for (id, (version, task)) in std::mem::take(&mut self.tasks) {
            self.put(task, &id, version, Method::Put)?;
        }
        if matches!(order.asked, Asked::Several(_)) {
            self.refresh_jobs(&applied.hot);
        }
        self.refuse_doubles()?;
        self.state(applied, actor)?;
        if let Some((request, answer)) = order.keyed {
            let (status, body) = answer(applied);
            self.transaction.records.extend(request.records(status, body, self.now));
        }
        Ok((self.transaction, self.after))
    }

    /// New jobs as they are after the last of several commands.
    fn refresh_jobs(&mut self, hot: &Hot) {
        let registry = self.orchestrator.registry_now();
        for job in &mut self.after.jobs {
            if let Some(now) = hot.state.job(&job.id, &*registry) {
                *job = now;
            }
        }
    }

    /// Instance and history rows.
    fn state(&mut self, applied: &Applied, actor: &str) -> Result<(), OrchestratorError> {
        let hot = &applied.hot;
        let state = serde_json::to_vec(&hot.state).map_err(|e| OrchestratorError::Damaged(e.to_string()))?;
        let max = self.orchestrator.config.max_state_bytes;
        if state.len() > max {
            return Err(OrchestratorError::Invalid(format!(
                "instance {} would grow to {} bytes, more than the {max} allowed; keep facts in FHIR resources and only \
                 their references in variables",
                hot.state.id,
                state.len(),
            )));
        }
        self.transaction.instances.push(InstanceWrite {
            id: hot.state.id.clone(),
            expected_revision: hot.revision - 1,
            definition: hot.state.definition.clone(),
            business_key: hot.state.business_key.clone(),
            patient: hot.patient.clone(),
            status: hot.status,
            started: hot.started,
            ended: hot.ended,
            state,
        });
        self.transaction.history.push(HistoryWrite {
            instance: hot.state.id.clone(),
            revision: hot.revision,
            at: self.now,
            actor: actor.to_owned(),
            events: record::write(&applied.before, hot, &applied.events)?,
        });
        Ok(())
    }

    async fn effect(
        &mut self,
        n: usize,
        effect: &Effect,
        applied: &Applied,
        actor: &str,
    ) -> Result<(), OrchestratorError> {
        let hot = &applied.hot;
        match effect {
            Effect::TaskCreated(_)
            | Effect::TaskAssigned { .. }
            | Effect::TaskChanged { .. }
            | Effect::TaskNoted { .. }
            | Effect::TaskMigrated(_)
            | Effect::TaskCompleted { .. }
            | Effect::TaskCancelled { .. } => self.task_effect(effect, applied, actor).await?,
            Effect::JobCreated(job) => {
                self.after.jobs.push((**job).clone());
                self.add_wait(hot, WaitKind::Job, &job.job_type, &rank(job.priority), &job.id);
            }
            Effect::JobRemoved { id, job_type, priority } => {
                self.after.jobs.retain(|job| job.id != *id);
                if self.remove_wait(hot, WaitKind::Job, job_type, &rank(*priority), id) {
                    self.remove_lease(id);
                }
            }
            Effect::JobWithdrawn { id, job_type, priority } => {
                self.after.jobs.retain(|job| job.id != *id);
                self.remove_wait(hot, WaitKind::Job, job_type, &rank(*priority), id);
            }
            Effect::JobOffered(job) => self.offer_again(job, hot).await?,
            Effect::JobPaused(job) => {
                // its timer offers it again: until then a restart does not find it either
                self.remove_wait(hot, WaitKind::Job, &job.job_type, &rank(job.priority), &job.id);
                let due = self.orchestrator.pause_of(job, job.retries);
                self.set_timer(format!("{JOB_TIMER}{}", job.id), hot.state.id.clone(), due);
            }
            Effect::TimerSet { id, due } => self.set_timer(id.clone(), hot.state.id.clone(), *due),
            Effect::TimerRemoved { id, due } => {
                let removed = |t: &TimerWrite| matches!(t, TimerWrite::Remove { id: i, .. } if i == id);
                if !self.transaction.timers.iter().any(removed) {
                    self.transaction.timers.push(TimerWrite::Remove {
                        id: id.clone(),
                        due: *due,
                    });
                }
            }
            Effect::MessageAwaited { id, name, key } => {
                self.after.awaited.push((name.clone(), key.clone()));
                self.add_wait(hot, WaitKind::Message, name, key, id);
            }
            Effect::MessageUnawaited { id, name, key } => {
                self.remove_wait(hot, WaitKind::Message, name, key, id);
            }
            Effect::SignalAwaited { id, name } => self.add_wait(hot, WaitKind::Signal, name, "", id),
            Effect::SignalUnawaited { id, name } => {
                self.remove_wait(hot, WaitKind::Signal, name, "", id);
            }
            Effect::MessageThrown { .. } | Effect::SignalThrown { .. } => self.send(hot, n, effect),
            Effect::IncidentOpened { id, kind, .. } => self.add_wait(hot, WaitKind::Incident, kind, "", id),
            Effect::IncidentClosed { id, kind } => {
                self.remove_wait(hot, WaitKind::Incident, kind, "", id);
            }
            // Told by the instance row.
            Effect::Completed | Effect::Terminated { .. } => {}
        }
        Ok(())
    }

    /// The data that a step declares (`sinfonia:data`): what it opens to whoever has it in hand.
    fn step_data(&self, definition: &str, element: &str) -> Option<String> {
        let registry = self.orchestrator.registry_now();
        let node = registry.process(definition)?.node_by_id(element)?;
        node.extensions.get("sinfonia:data").map(str::to_owned)
    }

    /// What happens to the mirrors of tasks.
    async fn task_effect(&mut self, effect: &Effect, applied: &Applied, actor: &str) -> Result<(), OrchestratorError> {
        let (hot, now) = (&applied.hot, self.now);
        match effect {
            Effect::TaskCreated(spec) => {
                let mut task = mirror::create(hot, spec, now);
                if let Some(data) = self.step_data(&hot.state.definition, &spec.element) {
                    mirror::declare(&mut task, &data);
                }
                self.tasks.insert(spec.id.clone(), (0, task));
            }
            Effect::TaskAssigned {
                id,
                assignee,
                delegated_by,
                reason,
            } => {
                if let Some(task) = self.task(id).await? {
                    let (assignee, reason) = (assignee.as_deref(), reason.as_deref());
                    mirror::reassign(task, assignee, delegated_by.as_deref(), reason, now);
                }
            }
            Effect::TaskChanged {
                id,
                due,
                follow_up,
                priority,
            } => {
                if let Some(task) = self.task(id).await? {
                    mirror::change(task, *due, *follow_up, *priority, now);
                }
            }
            Effect::TaskNoted { id, text, attachment } => {
                if let Some(task) = self.task(id).await? {
                    mirror::note(task, actor, text, attachment.as_ref(), now).map_err(OrchestratorError::Invalid)?;
                }
            }
            Effect::TaskMigrated(spec) => {
                if let Some(task) = self.task(&spec.id).await? {
                    mirror::retarget(task, hot, spec, now);
                }
            }
            Effect::TaskCompleted { id } => {
                if let Some(task) = self.task(id).await? {
                    mirror::close(task, "completed", actor, &applied.written, now);
                }
            }
            Effect::TaskCancelled { id } => {
                if let Some(task) = self.task(id).await? {
                    mirror::close(task, "cancelled", actor, &[], now);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Queues a message or signal under an id that a repetition of the same step would give again.
    fn send(&mut self, hot: &Hot, n: usize, thrown: &Effect) {
        let delivery = match thrown {
            Effect::MessageThrown { name, key, variables } => Delivery::Message {
                name: name.clone(),
                key: key.clone(),
                patient: hot.patient.clone(),
                variables: variables.clone(),
                expires: self.now + self.orchestrator.config.message_ttl,
            },
            Effect::SignalThrown { name, variables } => Delivery::Signal {
                name: name.clone(),
                variables: variables.clone(),
                thrower: Some(hot.state.id.clone()),
            },
            _ => return,
        };
        self.after.relay = true;
        self.transaction
            .outbox
            .push(delivery.add(format!("{}.r{}.{n}", hot.state.id, hot.revision), self.now));
    }

    fn set_timer(&mut self, id: String, instance: String, due: Timestamp) {
        self.after.due = Some(self.after.due.map_or(due, |d| d.min(due)));
        self.transaction.timers.push(TimerWrite::Set { id, instance, due });
    }

    fn add_wait(&mut self, hot: &Hot, kind: WaitKind, name: &str, key: &str, id: &str) {
        self.transaction
            .waits
            .push(WaitWrite::Add(wait_key(hot, kind, name, key, id)));
    }

    /// A wait that began and ended within the step never reaches the store: then `false`.
    fn remove_wait(&mut self, hot: &Hot, kind: WaitKind, name: &str, key: &str, id: &str) -> bool {
        let wait = wait_key(hot, kind, name, key, id);
        let waits = &mut self.transaction.waits;
        let before = waits.len();
        waits.retain(|w| !matches!(w, WaitWrite::Add(added) if *added == wait));
        let stored = waits.len() == before;
        if stored {
            waits.push(WaitWrite::Remove(wait));
        }
        stored
    }

    /// Makes sure that the job is in the hands of who says so; a failed one is put away for a while.
    async fn claim(&mut self, claim: &Claim, hot: &Hot) -> Result<(), OrchestratorError> {
        let now = self.now;
        if let Some(fence) = self.orchestrator.held.fence(claim, now) {
            self.claimed = Some((claim.job.clone(), fence));
            return Ok(());
        }
        let lease = self.snapshot().await?.lease(&claim.job).await?;
        let fence = claim.verify(lease.as_ref(), now)?;
        self.claimed = Some((claim.job.clone(), fence));
        let Some(until) = claim.pause else { return Ok(()) };
        let registry = self.orchestrator.registry_now();
        let Some(job) = hot.state.job(&claim.job, &*registry) else {
            return Ok(());
        };
        if lease.is_none() {
            self.remove_wait(hot, WaitKind::Job, &job.job_type, &rank(job.priority), &job.id);
        }
        self.after.leased.push((job.job_type.clone(), until));
        self.transaction.leases.push(LeaseWrite {
            id: claim.job.clone(),
            expected: Some(fence),
            lease: Some(leases::pausing(lease, &job, hot, until)),
        });
        Ok(())
    }

    /// A job of a resumed instance. One that a worker holds stays with it; the new fence makes whoever was about to take
    /// the lease away (because the instance was suspended) look again.
    async fn offer_again(&mut self, job: &JobSpec, hot: &Hot) -> Result<(), OrchestratorError> {
        let Some(mut lease) = self.snapshot().await?.lease(&job.id).await? else {
            self.after.jobs.push(job.clone());
            self.add_wait(hot, WaitKind::Job, &job.job_type, &rank(job.priority), &job.id);
            return Ok(());
        };
        let expected = Some(lease.fence);
        lease.fence = (lease.fence + 1).max(hot.revision);
        self.after.leased.push((job.job_type.clone(), lease.until));
        self.transaction.leases.push(LeaseWrite {
            id: job.id.clone(),
            expected,
            lease: Some(lease),
        });
        Ok(())
    }

    fn remove_lease(&mut self, id: &str) {
        let claimed = self.claimed.as_ref().filter(|(job, _)| job == id);
        self.transaction.leases.push(LeaseWrite {
            id: id.to_owned(),
            expected: claimed.map(|(_, fence)| *fence),
            lease: None,
        });
    }

    /// New jobs go straight into the hands of the worker that led to them: a lease instead of an offer, in one commit.
    fn hand_over(&mut self, take: &Take, hot: &Hot) -> Vec<FetchedJob> {
        let mut taken = Vec::new();
        for job in std::mem::take(&mut self.after.jobs) {
            let topic = take.topics.iter().find(|(topic, _)| topic.job_type == job.job_type);
            let leased_already = self.transaction.leases.iter().any(|write| write.id == job.id);
            let Some((topic, lock)) = topic.filter(|_| !leased_already && !hot.state.suspended()) else {
                self.after.jobs.push(job);
                continue;
            };
            self.transaction
                .waits
                .retain(|w| !matches!(w, WaitWrite::Add(added) if added.kind == WaitKind::Job && added.id == job.id));
            let until = self.now + *lock;
            self.after.leased.push((job.job_type.clone(), until));
            let lease = take.lease(&job, hot, 1, hot.revision, until);
            let fence = lease.fence;
            self.after.held.push(lease.clone());
            self.transaction.leases.push(LeaseWrite {
                id: job.id.clone(),
                expected: Some(0),
                lease: Some(lease),
            });
            if let Some(patient) = &hot.patient {
                self.transaction.audit.push(take.audit(&job, patient, self.now));
            }
            taken.push(leases::fetched(hot, job, topic, 1, fence, until));
        }
        taken
    }

    /// The mirror of a task, read from the store when it was not made in this step; `None` when it was deleted.
    async fn task(&mut self, id: &str) -> Result<Option<&mut Value>, OrchestratorError> {
        if !self.tasks.contains_key(id) {
            let Some(stored) = self.snapshot().await?.read("Task", id).await? else {
                return Ok(None);
            };
            let Some(body) = stored.body else { return Ok(None) };
            let task =
                serde_json::from_slice(&body).map_err(|e| OrchestratorError::Damaged(format!("Task/{id}: {e}")))?;
            self.tasks.insert(id.to_owned(), (stored.version, task));
        }
        Ok(self.tasks.get_mut(id).map(|(_, task)| task))
    }

    /// The tasks of an instance that is about another record now are of that one, closed ones too.
    async fn tasks_follow(&mut self, hot: &Hot, before: &str) -> Result<(), OrchestratorError> {
        let from = format!("Patient/{before}");
        let to = format!("Patient/{}", hot.patient.as_deref().unwrap_or_default());
        for id in tasks_of(self.snapshot().await?.as_mut(), &hot.state.id).await? {
            if let Some(task) = self.task(&id).await? {
                mirror::repoint(task, &from, &to);
            }
        }
        Ok(())
    }

    /// The CarePlan of a patient's instance, at its start and at its end, and when it is about another record.
    async fn care_plan(&mut self, hot: &Hot, moves: bool) -> Result<(), OrchestratorError> {
        let Some(patient) = &hot.patient else { return Ok(()) };
        let ended = matches!(hot.status, InstanceStatus::Completed | InstanceStatus::Terminated);
        if hot.revision > 1 && !ended && !moves {
            return Ok(());
        }
        let id = hot.state.id.clone();
        let mut version = 0;
        if hot.revision > 1 {
            match self.snapshot().await?.read("CarePlan", &id).await? {
                // Deleted by someone: the process goes on without it.
                Some(stored) if stored.body.is_none() => return Ok(()),
                Some(stored) => version = stored.version,
                None => {}
            }
        } else {
            self.transaction.preconditions.push(Precondition::Exists {
                rtype: "Patient".into(),
                id: patient.clone(),
            });
        }
        let title = self.orchestrator.process_name(&hot.state.definition);
        self.put(mirror::care_plan(hot, patient, &title), &id, version, Method::Put)
    }

    /// A resource of the caller: created under a new id, or a new version of the one named. Holding a task of one
    /// person's pathway gives no right to write about another, nor to take over a resource that is another's.
    async fn resource(
        &mut self,
        value: Value,
        patient: Option<&str>,
        actor: &str,
    ) -> Result<String, OrchestratorError> {
        let invalid = |e: fhir::ResourceError| OrchestratorError::Invalid(format!("resources: {e}"));
        let rtype = fhir::resource_type(&value).map_err(invalid)?.to_owned();
        fhir::check(fhir::Definitions::r4(), &value).map_err(|errors| {
            let list: Vec<String> = errors.iter().take(5).map(ToString::to_string).collect();
            OrchestratorError::Invalid(format!("resources: {}", list.join("; ")))
        })?;
        let given = value.get("id").and_then(Value::as_str).map(str::to_owned);
        assisted_may_write(actor, &rtype, given.as_deref())?;
        let (id, version, method) = match given {
            Some(id) => {
                let stored = self.snapshot().await?.read(&rtype, &id).await?;
                if let Some(stored) = stored.as_ref().filter(|s| s.body.is_some()) {
                    about(patient, stored.patient.as_deref(), &rtype)?;
                    about_somebody(patient, stored.patient.as_deref(), actor)?;
                }
                (id, stored.map_or(0, |s| s.version), Method::Put)
            }
            None => (self.orchestrator.ids.next(), 0, Method::Post),
        };
        self.put(value, &id, version, method)?;
        let written = self.transaction.resources.last().and_then(|w| w.patient.as_deref());
        about(patient, written, &rtype)?;
        about_somebody(patient, written, actor)?;
        Ok(format!("{rtype}/{id}"))
    }

    fn put(&mut self, value: Value, id: &str, version: u64, method: Method) -> Result<(), OrchestratorError> {
        let prepared = prepare_write(fhir::Definitions::r4(), value, id, version, self.now, method)
            .map_err(|e| OrchestratorError::Invalid(format!("resources: {e}")))?;
        self.transaction.resources.push(prepared.write);
        Ok(())
    }

    fn refuse_doubles(&self) -> Result<(), OrchestratorError> {
        let resources = &self.transaction.resources;
        for (n, one) in resources.iter().enumerate() {
            if resources[..n]
                .iter()
                .any(|other| other.rtype == one.rtype && other.id == one.id)
            {
                return Err(OrchestratorError::Invalid(format!(
                    "resources: {}/{} is written twice in one commit (a task's Task and CarePlan are written by the \
                     orchestrator itself)",
                    one.rtype, one.id
                )));
            }
        }
        Ok(())
    }

    async fn snapshot(&mut self) -> Result<&mut Box<dyn Snapshot>, StoreError> {
        if self.snapshot.is_none() {
            self.snapshot = Some(self.orchestrator.store.snapshot().await?);
        }
        Ok(self.snapshot.as_mut().expect("just opened"))
    }
}

fn wait_key(hot: &Hot, kind: WaitKind, name: &str, key: &str, id: &str) -> WaitKey {
    WaitKey {
        kind,
        name: name.to_owned(),
        key: key.to_owned(),
        instance: hot.state.id.clone(),
        id: id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assisted_person_files_answers_and_measures_and_changes_nothing() {
        assert!(assisted_may_write("Patient/p1", "QuestionnaireResponse", None).is_ok());
        assert!(assisted_may_write("Patient/p1", "Observation", Some("there-already")).is_err());
        assert!(assisted_may_write("Patient/p1", "MedicationRequest", None).is_err());
        assert!(assisted_may_write("Practitioner/1", "MedicationRequest", Some("x")).is_ok());
    }
}
