//! A worker outside takes jobs: `POST /orchestrator/jobs/fetch`. See `docs/workers.md`.

use crate::access_rules::may_work;
use crate::api::{FetchJobs, FetchTopic, FetchedJob, List};
use crate::idempotency::Idempotency;
use crate::leases::{Holding, Take, fetched};
use crate::plumbing::{Body, to_the_end};
use crate::pollers::Taking;
use crate::{Orchestrator, OrchestratorError};
use access::Actor;
use axum::Json;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::sync::Arc;
use store::{Lease, LeaseWrite, Precondition, StoreError, Transaction, WaitKey, WaitKind, WaitWrite};

/// Most job types in one request.
const MAX_TOPICS: usize = 50;
/// Most jobs in one answer.
const MAX_JOBS: usize = 1_000;
/// Longest name of a worker, in characters.
const MAX_NAME: usize = 200;

/// A request that has been understood.
struct Order {
    take: Take,
    most: usize,
    wait: SignedDuration,
    keyed: Option<Idempotency>,
}

/// A job that may be taken.
struct Candidate {
    rank: String,
    topic: usize,
    job: String,
    instance: String,
    /// It was never taken: this wait goes.
    wait: Option<WaitKey>,
    /// It was taken before.
    lease: Option<Lease>,
}

impl Orchestrator {
    /// Gives jobs to a worker outside, which holds them until its lock ends; waits for the first one if asked.
    ///
    /// # Errors
    /// A type the worker may not take (403), a type done in this process or a bad number (422), too many wait (503).
    pub async fn fetch_jobs(
        &self,
        actor: &Actor,
        request: FetchJobs,
        keyed: Option<&Idempotency>,
    ) -> Result<List<FetchedJob>, OrchestratorError> {
        self.registry().await?;
        self.refuse_repeat(keyed).await?;
        let order = Arc::new(self.understand(actor, request, keyed)?);
        let types: Vec<String> = order
            .take
            .topics
            .iter()
            .map(|(topic, _)| topic.job_type.clone())
            .collect();
        let mut patience = std::pin::pin!(tokio::time::sleep(order.wait.unsigned_abs()));
        loop {
            // Before looking, so that nothing offered in between is missed.
            let waiting = if order.wait.is_zero() {
                None
            } else {
                Some(self.pollers.enter(&types)?)
            };
            if self.pollers.closed() {
                return Ok(List {
                    items: Vec::new(),
                    next: None,
                });
            }
            let (me, same) = (self.me.upgrade(), order.clone());
            let me = me.ok_or(OrchestratorError::Store(StoreError::Closed))?;
            // Whoever goes away while jobs are being leased must not leave half of it undone.
            let items = to_the_end(async move { me.take_jobs(&same).await }).await?;
            let Some(waiting) = waiting.filter(|_| items.is_empty()) else {
                return Ok(List { items, next: None });
            };
            self.mind_leases(&types).await?;
            tokio::select! {
                () = waiting.woken() => waiting.served(),
                () = &mut patience => return Ok(List { items, next: None }),
            }
        }
    }

    fn understand(
        &self,
        actor: &Actor,
        request: FetchJobs,
        keyed: Option<&Idempotency>,
    ) -> Result<Order, OrchestratorError> {
        let invalid = |text: String| Err(OrchestratorError::Invalid(text));
        let most = request.max_jobs.unwrap_or(1);
        if most == 0 || most > MAX_JOBS {
            return invalid(format!("maxJobs: 1 to {MAX_JOBS}"));
        }
        let wait = SignedDuration::from_millis(i64::from(request.wait_ms));
        if wait > self.config.fetch_wait_max {
            return invalid(format!("waitMs: at most {:#}", self.config.fetch_wait_max));
        }
        Ok(Order {
            take: self.taking(actor, request.worker, request.topics, request.lock_ms)?,
            most,
            wait,
            keyed: keyed.cloned(),
        })
    }

    /// Who takes jobs of which types, and for how long.
    pub(crate) fn taking(
        &self,
        actor: &Actor,
        worker: String,
        asked: Vec<FetchTopic>,
        lock_ms: Option<u64>,
    ) -> Result<Take, OrchestratorError> {
        let invalid = |text: String| Err(OrchestratorError::Invalid(text));
        if worker.is_empty() || worker.chars().count() > MAX_NAME {
            return invalid(format!(
                "worker: a name of 1 to {MAX_NAME} characters, its own for each running worker"
            ));
        }
        if asked.is_empty() || asked.len() > MAX_TOPICS {
            return invalid(format!("topics: 1 to {MAX_TOPICS} job types"));
        }
        let mut topics = Vec::with_capacity(asked.len());
        for topic in asked {
            may_work(actor, &topic.job_type)?;
            if self.jobs.takes(&topic.job_type) {
                return invalid(format!(
                    "topics: jobs of type '{}' are done inside this program; give the element another type",
                    topic.job_type
                ));
            }
            let lock = self.lock_time(topic.lock_ms.or(lock_ms))?;
            topics.push((topic, lock));
        }
        Ok(Take {
            worker,
            subject: actor.subject.clone(),
            topics,
        })
    }

    /// A lock's length in milliseconds, as asked for.
    pub(crate) fn lock_time(&self, asked: Option<u64>) -> Result<SignedDuration, OrchestratorError> {
        let Some(asked) = asked else {
            return Ok(self.config.job_lock);
        };
        let lock = SignedDuration::from_millis(i64::try_from(asked).unwrap_or(i64::MAX));
        if lock < SignedDuration::from_secs(1) || lock > self.config.job_lock_max {
            return Err(OrchestratorError::Invalid(format!(
                "lockMs: from 1000 to {:#}",
                self.config.job_lock_max
            )));
        }
        Ok(lock)
    }

    /// Remembers when the next lease of these types ends.
    async fn mind_leases(&self, types: &[String]) -> Result<(), OrchestratorError> {
        let mut snapshot = self.store.snapshot().await?;
        for job_type in types {
            if let Some(lease) = snapshot.leases(job_type, Timestamp::MAX, 1).await?.first() {
                self.lease_ends(job_type, lease.until);
            }
        }
        Ok(())
    }

    /// Leases what there is, in one commit.
    async fn take_jobs(&self, order: &Order) -> Result<Vec<FetchedJob>, OrchestratorError> {
        for _ in 0..=self.config.conflict_retries {
            let now = self.clock.now();
            let mut transaction = Transaction::default();
            let (mut taken, mut aside): (Vec<FetchedJob>, Vec<Taking<'_>>) = (Vec::new(), Vec::new());
            let mut bytes = 0;
            for candidate in self.candidates(order, now).await? {
                if taken.len() == order.most {
                    break;
                }
                let Some(set) = self.pollers.set_aside(&candidate.job) else {
                    continue;
                };
                aside.push(set);
                if let Some(job) = self.lease(order, candidate, now, &mut transaction).await? {
                    bytes += serde_json::to_vec(&job.variables).map_or(0, |text| text.len());
                    taken.push(job);
                    if bytes > self.config.max_fetch_bytes {
                        break;
                    }
                }
            }
            if taken.is_empty() && transaction.leases.is_empty() {
                return Ok(taken);
            }
            if let Some(keyed) = order.keyed.as_ref().filter(|_| !taken.is_empty()) {
                let body = json!({"items": taken, "next": null});
                transaction.records.extend(keyed.records(StatusCode::OK, body, now));
            }
            let given: Vec<Lease> = transaction
                .leases
                .iter()
                .filter_map(|write| write.lease.clone())
                .collect();
            match self.store.commit(transaction).await {
                Ok(_) => {
                    for lease in given {
                        self.held.given(lease);
                    }
                    for job in &taken {
                        self.lease_ends(&job.job_type, job.locked_until);
                    }
                    return Ok(taken);
                }
                Err(StoreError::Conflict { .. }) => self.refuse_repeat(order.keyed.as_ref()).await?,
                Err(error) => return Err(error.into()),
            }
        }
        // Others were faster every time: for this worker there is nothing now.
        Ok(Vec::new())
    }

    /// The next jobs of the types asked for, best first.
    async fn candidates(&self, order: &Order, now: Timestamp) -> Result<Vec<Candidate>, OrchestratorError> {
        // Some may be set aside by others.
        let most = order.most + self.pollers.aside();
        let mut found = Vec::new();
        let mut snapshot = self.store.snapshot().await?;
        for (topic, (asked, _)) in order.take.topics.iter().enumerate() {
            for lease in snapshot.leases(&asked.job_type, now, most).await? {
                found.push(Candidate {
                    rank: Holding::of(&lease)?.rank,
                    topic,
                    job: lease.id.clone(),
                    instance: lease.instance.clone(),
                    wait: None,
                    lease: Some(lease),
                });
            }
            let waits = snapshot.waits(WaitKind::Job, Some(&asked.job_type), None, None, most);
            found.extend(waits.await?.into_iter().map(|wait| Candidate {
                rank: wait.key.clone(),
                topic,
                job: wait.id.clone(),
                instance: wait.instance.clone(),
                wait: Some(wait),
                lease: None,
            }));
        }
        found.sort_by(|a, b| a.rank.cmp(&b.rank));
        Ok(found)
    }

    /// Adds the lease of one job to the transaction; `None` when it is not open any more.
    async fn lease(
        &self,
        order: &Order,
        candidate: Candidate,
        now: Timestamp,
        transaction: &mut Transaction,
    ) -> Result<Option<FetchedJob>, OrchestratorError> {
        let (topic, lock) = &order.take.topics[candidate.topic];
        let registry = self.registry_now();
        let loaded = match self.load(&candidate.instance).await {
            // A suspended instance gives no work; its jobs are offered again when it is resumed.
            Ok(hot) if hot.state.suspended() => None,
            Ok(hot) => hot.state.job(&candidate.job, &*registry).map(|job| (hot, job)),
            Err(OrchestratorError::NotFound { .. }) => None,
            Err(error) => return Err(error),
        };
        let before = candidate.lease.as_ref().map_or(0, |lease| lease.fence);
        let Some((hot, job)) = loaded else {
            if candidate.lease.is_some() {
                transaction.leases.push(LeaseWrite {
                    id: candidate.job,
                    expected: Some(before),
                    lease: None,
                });
            }
            return Ok(None);
        };
        let until = now + *lock;
        // The revision grows when an incident offers the job anew, so a fence never comes twice.
        let fence = (before + 1).max(hot.revision);
        let attempt = match &candidate.lease {
            Some(lease) => Holding::of(lease)?.attempt + 1,
            None => 1,
        };
        if let Some(wait) = candidate.wait {
            transaction.preconditions.push(Precondition::Waits(wait.clone()));
            transaction.waits.push(WaitWrite::Remove(wait));
        }
        transaction.leases.push(LeaseWrite {
            id: job.id.clone(),
            expected: Some(before),
            lease: Some(order.take.lease(&job, &hot, attempt, fence, until)),
        });
        if let Some(patient) = &hot.patient {
            transaction.audit.push(order.take.audit(&job, patient, now));
        }
        Ok(Some(fetched(&hot, job, topic, attempt, fence, until)))
    }
}

pub(crate) async fn handler(
    State(orchestrator): State<Arc<Orchestrator>>,
    actor: Actor,
    headers: HeaderMap,
    Body(request): Body<FetchJobs>,
) -> Result<Json<List<FetchedJob>>, OrchestratorError> {
    let keyed = Idempotency::from_headers(&headers, &actor, "fetch-jobs", &request)?;
    orchestrator.fetch_jobs(&actor, request, keyed.as_ref()).await.map(Json)
}
