//! Timers: only the next due moment is in memory; the rest is read from the store in batches when it is due.

use crate::command::Order;
use crate::leases::rank;
use crate::parts::PARTS_TIMER;
use crate::{Orchestrator, OrchestratorError};
use engine::{Command, JobKind, Schedule, StepError};
use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use store::{StoreError, TimerRecord, TimerWrite, Transaction, WaitKey, WaitKind, WaitWrite};

/// Prefix of the timer that brings back a failed job: `job:<job id>`.
pub(crate) const JOB_TIMER: &str = "job:";
/// Prefix of timer start events: `start:<definition key>:<element>`.
pub(crate) const START_TIMER: &str = "start:";
/// How long a timer that cannot be fired is put off.
const PUT_OFF: SignedDuration = SignedDuration::from_mins(5);
/// The same, where others were faster at every try.
const MOMENT: SignedDuration = SignedDuration::from_secs(2);

impl Orchestrator {
    /// Due moment of the earliest timer, if any.
    pub async fn next_timer(&self) -> Result<Option<Timestamp>, OrchestratorError> {
        Ok(self.store.snapshot().await?.next_timer().await?.map(|timer| timer.due))
    }

    /// Fires everything due; returns how many timers were fired.
    pub(crate) async fn pump_timers(&self) -> Result<usize, OrchestratorError> {
        let mut fired = 0;
        loop {
            let now = self.clock.now();
            if *self.next_due.lock() > now {
                return Ok(fired);
            }
            // Timers set from here on lower this again; what is in the store now is read below.
            *self.next_due.lock() = Timestamp::MAX;
            let due = match self.due_at(now).await {
                Ok(due) => due,
                Err(error) => {
                    // They are looked at again in the next round.
                    self.timer_set(now);
                    return Err(error.into());
                }
            };
            if due.is_empty() {
                let next = self.next_timer().await.inspect_err(|_| self.timer_set(now))?;
                if let Some(next) = next {
                    self.timer_set(next);
                }
                // A timer that became due while we read is fired in the next round.
                if next.is_none_or(|n| n > self.clock.now()) {
                    return Ok(fired);
                }
                continue;
            }
            self.timer_set(now);
            fired += due.len();
            self.fire_together(due).await?;
        }
    }

    async fn due_at(&self, now: Timestamp) -> Result<Vec<TimerRecord>, StoreError> {
        let mut snapshot = self.store.snapshot().await?;
        snapshot.timers_due(now, self.config.timer_batch).await
    }

    /// Fires a batch: instances side by side, on every core, in shared commits. An error where the store fails: those that did
    /// not fire stay due.
    async fn fire_together(&self, due: Vec<TimerRecord>) -> Result<(), OrchestratorError> {
        let me = self.me.upgrade().ok_or(OrchestratorError::Store(StoreError::Closed))?;
        self.warm(due.iter().map(|timer| timer.instance.as_str())).await?;
        stream::iter(by_instance(due))
            .map(|group| {
                let me = me.clone();
                tokio::spawn(async move {
                    for timer in group {
                        me.fire_or_put_off(timer).await?;
                    }
                    Ok(())
                })
            })
            .buffer_unordered(self.config.concurrency)
            .fold(Ok(()), |all, ended| async move {
                match ended {
                    Ok(fired) => all.and(fired),
                    Err(error) => {
                        tracing::error!(%error, "firing a timer ended unexpectedly; it is tried again");
                        all
                    }
                }
            })
            .await
    }

    /// Remembers that a timer is due at `due`.
    pub(crate) fn timer_set(&self, due: Timestamp) {
        let mut next = self.next_due.lock();
        if due < *next {
            *next = due;
            drop(next);
            self.wake.notify_one();
        }
    }

    /// An error where the store fails: then the timer is not to blame, and is due as soon as the store is there again.
    async fn fire_or_put_off(&self, timer: TimerRecord) -> Result<(), OrchestratorError> {
        let (error, pause) = match self.fire_timer(&timer).await {
            Ok(()) => return Ok(()),
            Err(error) if is_the_stores(&error) => return Err(error),
            Err(error @ (OrchestratorError::Contended(_) | OrchestratorError::Store(StoreError::Conflict { .. }))) => {
                (error, MOMENT)
            }
            Err(error) => (error, PUT_OFF),
        };
        // Whoever has the background work now fires it as it stands.
        let Some(cursors) = self.fence() else { return Ok(()) };
        tracing::error!(timer = timer.id, %error, pause_s = pause.as_secs(), "a timer could not be fired; it is put off");
        let later = Transaction {
            timers: vec![
                TimerWrite::Remove {
                    id: timer.id.clone(),
                    due: timer.due,
                },
                TimerWrite::Set {
                    id: timer.id,
                    instance: timer.instance,
                    due: self.clock.now() + pause,
                },
            ],
            cursors,
            ..Transaction::default()
        };
        if let Err(error) = self.store.commit(later).await {
            tracing::error!(%error, "the timer could not be put off either");
        }
        Ok(())
    }

    /// Fires one timer; it is taken away in the same commit as what it causes.
    async fn fire_timer(&self, timer: &TimerRecord) -> Result<(), OrchestratorError> {
        let remove = TimerWrite::Remove {
            id: timer.id.clone(),
            due: timer.due,
        };
        if timer.id.starts_with(START_TIMER) {
            return self.start_by_timer(timer, remove).await;
        }
        if let Some(waiting) = timer.id.strip_prefix(PARTS_TIMER) {
            return self.parts_expired(waiting, remove).await;
        }
        if let Some(job) = timer.id.strip_prefix(JOB_TIMER) {
            self.end_pause(&timer.instance, job, remove).await?;
            self.queue_job(&timer.instance, job).await?;
            self.new_jobs(Vec::new());
            return Ok(());
        }
        let mut order = Order::new(
            &timer.instance,
            Command::FireTimer {
                timer: timer.id.clone(),
            },
            "timer",
        );
        order.extras.timers.push(remove.clone());
        match self.carry_out(order).await {
            // Cancelled while it was on its way here.
            Err(
                OrchestratorError::Step(StepError::NotOpen { .. } | StepError::Ended)
                | OrchestratorError::NotFound { .. },
            ) => {
                self.store
                    .commit(Transaction {
                        timers: vec![remove],
                        ..Transaction::default()
                    })
                    .await?;
                Ok(())
            }
            other => other.map(|_| ()),
        }
    }
}

impl Orchestrator {
    /// The pause of a job is over: its timer goes, and a continuation is offered again in the same commit.
    async fn end_pause(&self, instance: &str, job: &str, remove: TimerWrite) -> Result<(), OrchestratorError> {
        let _one_at_a_time = self.locks.lock(instance).await;
        let registry = self.registry().await?;
        let spec = match self.load(instance).await {
            Ok(hot) if !hot.state.suspended() => hot.state.job(job, &*registry),
            Ok(_) | Err(OrchestratorError::NotFound { .. }) => None,
            Err(other) => return Err(other),
        };
        let offered = spec.filter(|spec| spec.kind == JobKind::Continuation).map(|spec| {
            WaitWrite::Add(WaitKey {
                kind: WaitKind::Job,
                name: spec.job_type,
                key: rank(spec.priority),
                instance: instance.to_owned(),
                id: spec.id,
            })
        });
        let transaction = Transaction {
            timers: vec![remove],
            waits: offered.into_iter().collect(),
            ..Transaction::default()
        };
        self.store.commit(transaction).await?;
        Ok(())
    }
}

/// Sets the timer of a start event. Its id says how it goes on after it fired:
/// `start:<process>:<version>:<element>:<repetitions left, - for ever>:<interval, - for none>`.
pub(crate) fn start_timer(key: &str, element: &str, schedule: &Schedule) -> TimerWrite {
    let left = schedule.left.map_or_else(|| "-".to_owned(), |n| n.to_string());
    let every = schedule.every.as_deref().unwrap_or("-");
    let id = format!("{START_TIMER}{key}:{element}:{left}:{every}");
    TimerWrite::Set {
        id,
        instance: String::new(),
        due: schedule.due,
    }
}

/// Definition key, element and schedule of a start timer.
pub(crate) fn read_start_timer(timer: &TimerRecord) -> Option<(String, String, Schedule)> {
    let mut parts = timer.id.strip_prefix(START_TIMER)?.splitn(5, ':');
    let key = format!("{}:{}", parts.next()?, parts.next()?);
    let element = parts.next()?.to_owned();
    let left = match parts.next()? {
        "-" => None,
        n => Some(n.parse().ok()?),
    };
    let every = Some(parts.next()?).filter(|e| *e != "-").map(str::to_owned);
    Some((
        key,
        element,
        Schedule {
            due: timer.due,
            left,
            every,
        },
    ))
}

/// Whether the store failed as a whole.
fn is_the_stores(error: &OrchestratorError) -> bool {
    matches!(
        error,
        OrchestratorError::Store(
            StoreError::Unreachable(_) | StoreError::Full(_) | StoreError::Overloaded { .. } | StoreError::Closed
        )
    )
}

/// Timers of one instance stay in order; instances go side by side.
fn by_instance(due: Vec<TimerRecord>) -> Vec<Vec<TimerRecord>> {
    let mut place: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<Vec<TimerRecord>> = Vec::new();
    for timer in due {
        // Start timers are independent of each other.
        let key = if timer.instance.is_empty() {
            timer.id.clone()
        } else {
            timer.instance.clone()
        };
        let n = *place.entry(key).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[n].push(timer);
    }
    groups
}
