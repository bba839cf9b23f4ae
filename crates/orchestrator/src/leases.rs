//! Jobs in the hands of workers outside: their rank among the jobs of a type, who holds them, until when.

use crate::api::{FetchTopic, FetchedJob};
use crate::instance::Hot;
use crate::{Orchestrator, OrchestratorError};
use engine::JobSpec;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use store::{AuditEntry, Lease};

/// Largest priority of a job (`engine` refuses larger ones).
const MAX_PRIORITY: i64 = 1_000_000;

/// What is kept with a lease.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Holding {
    /// The worker's own name; `None`: nobody holds the job, it pauses or may be taken.
    pub worker: Option<String>,
    /// The account it came with.
    pub subject: String,
    /// How often the job was taken since it was offered.
    pub attempt: u32,
    /// Rank among the jobs of its type.
    pub rank: String,
}

impl Holding {
    /// Reads it back.
    pub(crate) fn of(lease: &Lease) -> Result<Self, OrchestratorError> {
        serde_json::from_slice(&lease.data)
            .map_err(|e| OrchestratorError::Damaged(format!("lease of job {}: {e}", lease.id)))
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("JSON serialises")
    }
}

/// The key of a job's wait: jobs in key order are jobs by falling priority.
pub(crate) fn rank(priority: i32) -> String {
    let priority = i64::from(priority).clamp(-MAX_PRIORITY, MAX_PRIORITY);
    format!("{:07}", MAX_PRIORITY - priority)
}

/// A job that nobody holds until a moment. The fence stays: the next taker gets a higher one.
pub(crate) fn pausing(lease: Option<Lease>, job: &JobSpec, hot: &Hot, until: Timestamp) -> Lease {
    let before = lease
        .as_ref()
        .and_then(|lease| Holding::of(lease).ok())
        .unwrap_or_default();
    let holding = Holding {
        worker: None,
        subject: String::new(),
        attempt: before.attempt,
        rank: rank(job.priority),
    };
    Lease {
        id: job.id.clone(),
        instance: hot.state.id.clone(),
        job_type: job.job_type.clone(),
        until,
        fence: lease.map_or(hot.revision, |lease| lease.fence),
        data: holding.bytes(),
    }
}

/// A worker outside, the types it takes, and how long it holds each job.
#[derive(Debug, Clone)]
pub(crate) struct Take {
    pub worker: String,
    /// The account it comes with.
    pub subject: String,
    pub topics: Vec<(FetchTopic, SignedDuration)>,
}

impl Take {
    /// The lease that puts a job into its hands.
    pub(crate) fn lease(&self, job: &JobSpec, hot: &Hot, attempt: u32, fence: u64, until: Timestamp) -> Lease {
        let holding = Holding {
            worker: Some(self.worker.clone()),
            subject: self.subject.clone(),
            attempt,
            rank: rank(job.priority),
        };
        Lease {
            id: job.id.clone(),
            instance: hot.state.id.clone(),
            job_type: job.job_type.clone(),
            until,
            fence,
            data: holding.bytes(),
        }
    }

    /// It got to see the variables of a patient's pathway.
    pub(crate) fn audit(&self, job: &JobSpec, patient: &str, now: Timestamp) -> AuditEntry {
        AuditEntry {
            at: now,
            actor: self.subject.clone(),
            action: "fetch".into(),
            target: format!("/orchestrator/jobs/{}", job.id),
            patient: Some(patient.to_owned()),
            outcome: "permit: worker".into(),
            status: 200,
            ..AuditEntry::default()
        }
    }
}

/// A job as the worker gets it.
pub(crate) fn fetched(
    hot: &Hot,
    job: JobSpec,
    topic: &FetchTopic,
    attempt: u32,
    fence: u64,
    until: Timestamp,
) -> FetchedJob {
    let mut variables = job.variables;
    if let Some(wanted) = &topic.variables {
        variables.retain(|name, _| wanted.contains(name));
    }
    FetchedJob {
        idempotency_key: format!("{}:{fence}", job.id),
        id: job.id,
        attempt,
        locked_until: until,
        instance: hot.state.id.clone(),
        definition: hot.state.definition.clone(),
        business_key: hot.state.business_key.clone(),
        patient: hot.patient.clone(),
        element: job.element,
        job_type: job.job_type,
        retries: job.retries,
        priority: job.priority,
        headers: job.headers,
        variables,
    }
}

/// What a worker outside says it holds.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    pub job: String,
    /// The worker's own name; `None`: nobody in particular, which is refused while someone holds the job.
    pub worker: Option<String>,
    /// The account it comes with.
    pub subject: String,
    /// The job failed: nobody takes it before this moment.
    pub pause: Option<Timestamp>,
}

impl Claim {
    /// The fence that must still be there at the commit (0: no lease).
    ///
    /// # Errors
    /// Another worker holds the job, or the lock ran out.
    pub(crate) fn verify(&self, lease: Option<&Lease>, now: Timestamp) -> Result<u64, OrchestratorError> {
        let lost = |why: String| OrchestratorError::LockLost {
            job: self.job.clone(),
            worker: self.worker.clone().unwrap_or_else(|| self.subject.clone()),
            why,
        };
        let Some(lease) = lease else {
            return match self.worker {
                Some(_) => Err(lost("nobody holds it".into())),
                None => Ok(0),
            };
        };
        let holding = Holding::of(lease)?;
        let over = lease.until <= now;
        match (&holding.worker, &self.worker) {
            (Some(holder), Some(worker)) if holder == worker && holding.subject == self.subject => {
                if over {
                    return Err(OrchestratorError::LockExpired {
                        job: self.job.clone(),
                        worker: worker.clone(),
                        until: lease.until,
                    });
                }
                Ok(lease.fence)
            }
            (Some(holder), _) if !over => Err(lost(format!("'{holder}' holds it until {}", lease.until))),
            (_, Some(_)) => Err(lost("nobody holds it".into())),
            (_, None) => Ok(lease.fence),
        }
    }
}

impl Orchestrator {
    /// A lease ends at `until`: those who wait for such jobs are woken then.
    pub(crate) fn lease_ends(&self, job_type: &str, until: Timestamp) {
        if self.pollers.will_end(job_type, until) {
            self.wake.notify_one();
        }
    }

    /// Answers everyone who waits for jobs, with none: the program is about to end.
    pub fn stop_waiting(&self) {
        self.pollers.close();
    }

    /// Workers outside that wait for jobs now.
    pub fn waiting_workers(&self) -> usize {
        self.pollers.waiting()
    }

    /// How long a failed job is left alone: as the worker says, as the model says, else growing pauses.
    pub(crate) fn pause_of(&self, job: &JobSpec, left: u32) -> Timestamp {
        let now = self.clock.now();
        let place = match job.pauses.len() {
            0 => None,
            // n pauses make n + 1 tries: with `left` tries left, the pause of that place from the end
            n => Some(n.saturating_sub(left as usize).min(n - 1)),
        };
        let span = place.and_then(|place| bpmn::parse_duration(&job.pauses[place]).ok());
        let modelled = span.and_then(|span| now.to_zoned(jiff::tz::TimeZone::UTC).checked_add(span).ok());
        modelled.map_or_else(
            // Three is what a model without a word about retries gets; the pause need not be more exact.
            || now + self.backoff(3_u32.saturating_sub(left).max(1)),
            |at| at.timestamp(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_sort_by_falling_priority() {
        let ranks = [1_000_000, 7, 0, -3, -1_000_000].map(rank);
        assert!(ranks.is_sorted(), "{ranks:?}");
        assert_eq!(rank(0), "1000000");
    }

    #[test]
    fn a_claim_holds_only_for_its_worker_and_only_in_time() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let claim = |worker: Option<&str>| Claim {
            job: "i.1".into(),
            worker: worker.map(str::to_owned),
            subject: "Device/1".into(),
            pause: None,
        };
        let holding = Holding {
            worker: Some("a".into()),
            subject: "Device/1".into(),
            attempt: 1,
            rank: rank(0),
        };
        let lease = Lease {
            id: "i.1".into(),
            instance: "i".into(),
            job_type: "t".into(),
            until: at("2026-01-01T08:05:00Z"),
            fence: 7,
            data: holding.bytes(),
        };
        let (early, late) = (at("2026-01-01T08:04:00Z"), at("2026-01-01T08:05:00Z"));
        assert_eq!(claim(Some("a")).verify(Some(&lease), early).unwrap(), 7);
        let status = |claim: &Claim, now| claim.verify(Some(&lease), now).map_err(|e| e.status().as_u16());
        assert_eq!(status(&claim(Some("a")), late), Err(410));
        assert_eq!(status(&claim(Some("b")), early), Err(409));
        assert_eq!(status(&claim(None), early), Err(409));
        assert_eq!(status(&claim(None), late), Ok(7));
        let mut other = claim(Some("a"));
        other.subject = "Device/2".into();
        assert_eq!(status(&other, early), Err(409), "a guessed name is not enough");
        assert_eq!(claim(Some("a")).verify(None, early).unwrap_err().status(), 409);
        assert_eq!(claim(None).verify(None, early).unwrap(), 0);
    }
}
