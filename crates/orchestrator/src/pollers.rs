//! Workers outside that wait for jobs. They ask the store when they come and when they are woken: by the commit that
//! offers a job, or when a lease ends. In between they cost an entry here and nothing else.

use crate::OrchestratorError;
use engine::JobSpec;
use jiff::Timestamp;
use parking_lot::Mutex;
use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use tokio::sync::Notify;

/// Most ends of leases kept in mind; whoever waits asks the store again after being woken by an earlier one.
const MAX_ENDS: usize = 10_000;

#[derive(Default)]
struct Inner {
    next: u64,
    count: usize,
    /// Who waits for a type, the longest first.
    waiting: HashMap<String, VecDeque<(u64, Arc<Notify>)>>,
    /// When leases of types someone waits for end.
    ends: BTreeSet<(Timestamp, String)>,
    /// Jobs being leased by a fetch under way.
    taking: HashSet<String>,
    /// The program ends: nobody waits any more.
    closed: bool,
}

impl Inner {
    /// Wakes up to `most` who wait for a type.
    fn wake(&mut self, job_type: &str, most: usize) {
        let Some(queue) = self.waiting.get_mut(job_type) else {
            return;
        };
        for (_, notify) in queue.drain(..most.min(queue.len())) {
            notify.notify_one();
        }
        if queue.is_empty() {
            self.waiting.remove(job_type);
        }
    }
}

/// Everyone who waits.
pub(crate) struct Pollers {
    most: usize,
    inner: Mutex<Inner>,
}

impl Pollers {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            inner: Mutex::default(),
        }
    }

    /// Takes a place in the queues of these types. Look into the store after this, so that nothing is missed.
    pub(crate) fn enter(&self, types: &[String]) -> Result<Waiting<'_>, OrchestratorError> {
        let mut inner = self.inner.lock();
        if inner.count >= self.most {
            return Err(OrchestratorError::Busy {
                what: "workers waiting for jobs",
                limit: self.most,
            });
        }
        inner.count += 1;
        inner.next += 1;
        let (id, notify) = (inner.next, Arc::new(Notify::new()));
        for job_type in types {
            let queue = inner.waiting.entry(job_type.clone()).or_default();
            queue.push_back((id, notify.clone()));
        }
        Ok(Waiting {
            pollers: self,
            id,
            notify,
            types: types.to_vec(),
            served: false,
        })
    }

    /// Sends everyone home, and whoever comes later.
    pub(crate) fn close(&self) {
        let mut inner = self.inner.lock();
        inner.closed = true;
        for (_, notify) in inner.waiting.drain().flat_map(|(_, queue)| queue) {
            notify.notify_one();
        }
    }

    /// Whether nobody may wait any more.
    pub(crate) fn closed(&self) -> bool {
        self.inner.lock().closed
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.inner.lock().count
    }

    /// Jobs were offered.
    pub(crate) fn offered(&self, jobs: &[JobSpec]) {
        if jobs.is_empty() {
            return;
        }
        let mut inner = self.inner.lock();
        if inner.count > 0 {
            for job in jobs {
                inner.wake(&job.job_type, 1);
            }
        }
    }

    /// Jobs may have been offered elsewhere: everyone looks again.
    pub(crate) fn look_again(&self) {
        let mut inner = self.inner.lock();
        let types: Vec<String> = inner.waiting.keys().cloned().collect();
        for job_type in types {
            inner.wake(&job_type, usize::MAX);
        }
    }

    /// A lease ends at this moment; `true` when that is now the earliest someone waits for.
    pub(crate) fn will_end(&self, job_type: &str, until: Timestamp) -> bool {
        let mut inner = self.inner.lock();
        if !inner.waiting.contains_key(job_type) || inner.ends.len() >= MAX_ENDS {
            return false;
        }
        inner.ends.insert((until, job_type.to_owned()));
        inner.ends.first().is_some_and(|(first, _)| *first == until)
    }

    /// Wakes those who wait for a type with a lease that has ended.
    pub(crate) fn ended(&self, now: Timestamp) {
        let mut inner = self.inner.lock();
        while let Some((until, _)) = inner.ends.first()
            && *until <= now
        {
            let (_, job_type) = inner.ends.pop_first().expect("just seen");
            inner.wake(&job_type, 1);
        }
    }

    /// The earliest end of a lease that someone waits for.
    pub(crate) fn next_end(&self) -> Option<Timestamp> {
        self.inner.lock().ends.first().map(|(until, _)| *until)
    }

    /// Sets jobs aside for one fetch; those another one has are left out.
    pub(crate) fn set_aside(&self, job: &str) -> Option<Taking<'_>> {
        let new = self.inner.lock().taking.insert(job.to_owned());
        new.then(|| Taking {
            pollers: self,
            job: job.to_owned(),
        })
    }

    /// How many jobs are set aside.
    pub(crate) fn aside(&self) -> usize {
        self.inner.lock().taking.len()
    }
}

/// A job set aside while it is being leased.
pub(crate) struct Taking<'a> {
    pollers: &'a Pollers,
    job: String,
}

impl Drop for Taking<'_> {
    fn drop(&mut self) {
        self.pollers.inner.lock().taking.remove(&self.job);
    }
}

/// A place in the queues; given up when dropped.
pub(crate) struct Waiting<'a> {
    pollers: &'a Pollers,
    id: u64,
    notify: Arc<Notify>,
    types: Vec<String>,
    served: bool,
}

impl Waiting<'_> {
    /// Until there may be something.
    pub(crate) async fn woken(&self) {
        self.notify.notified().await;
    }

    /// It looked after it was woken: nobody else need be woken in its stead.
    pub(crate) fn served(mut self) {
        self.served = true;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut inner = self.pollers.inner.lock();
        inner.count -= 1;
        for job_type in &self.types {
            let Some(queue) = inner.waiting.get_mut(job_type) else {
                if !self.served {
                    inner.wake(job_type, 1);
                }
                continue;
            };
            let before = queue.len();
            queue.retain(|(id, _)| *id != self.id);
            let was_called = queue.len() == before;
            if queue.is_empty() {
                inner.waiting.remove(job_type);
            } else if was_called && !self.served {
                // Called and gone: the next in line looks instead.
                inner.wake(job_type, 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    fn called(waiting: &Waiting<'_>) -> bool {
        waiting.woken().now_or_never().is_some()
    }

    fn job(job_type: &str) -> JobSpec {
        JobSpec {
            id: "i.1".into(),
            element: "e".into(),
            job_type: job_type.into(),
            headers: engine::Variables::new(),
            retries: 3,
            priority: 0,
            pauses: Vec::new(),
            variables: engine::Variables::new(),
            kind: engine::JobKind::Work,
        }
    }

    #[test]
    fn the_longest_waiting_is_called_and_one_who_leaves_passes_the_call_on() {
        let pollers = Pollers::new(3);
        let types = ["a".to_owned(), "b".to_owned()];
        let first = pollers.enter(&types).unwrap();
        let second = pollers.enter(&types[..1]).unwrap();
        let third = pollers.enter(&types[1..]).unwrap();
        assert_eq!(pollers.enter(&types).err().map(|e| e.status().as_u16()), Some(503));
        pollers.offered(&[job("a")]);
        assert!(!called(&second) && !called(&third));
        drop(first);
        assert!(called(&second), "the first was called and went away");
        assert!(!called(&third));
        second.served();
        pollers.offered(&[job("b")]);
        assert!(called(&third));
    }

    #[test]
    fn ends_of_leases_matter_only_to_those_who_wait() {
        let pollers = Pollers::new(3);
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (soon, later) = (at("2026-01-01T08:00:00Z"), at("2026-01-01T09:00:00Z"));
        assert!(!pollers.will_end("a", soon), "nobody waits");
        let waiting = pollers.enter(&["a".to_owned()]).unwrap();
        assert!(pollers.will_end("a", later) && pollers.will_end("a", soon));
        assert_eq!(pollers.next_end(), Some(soon));
        pollers.ended(soon);
        assert!(called(&waiting));
        assert_eq!(pollers.next_end(), Some(later));
    }
}
