//! The bounded queue in front of the writer.

use super::ready::Ready;
use super::state::State;
use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use store::{Committed, StoreError, Transaction};
use tokio::sync::oneshot;

/// Something done in the writer's thread, in a commit of its own; its number goes back as [`Committed::seq`].
pub(crate) type Upkeep = Box<dyn FnOnce(&Connection, &mut State) -> Result<u64, StoreError> + Send>;

/// What the writer is asked to do.
pub(crate) enum Work {
    /// A transaction.
    Commit(Ready),
    /// Anything else.
    Upkeep(Upkeep),
    /// Writing the file anew, outside every transaction.
    Compact,
}

/// Work and where its answer goes.
pub(crate) struct Job {
    work: Work,
    bytes: usize,
    reply: oneshot::Sender<Result<Committed, StoreError>>,
}

impl Job {
    /// A job of a transaction whose search values were extracted under this set of user-defined parameters, and the receiver of
    /// its answer. Makes the rows, which takes time: before the job is pushed, and not in the writer's thread.
    pub fn new(transaction: Transaction, generation: u64) -> (Self, oneshot::Receiver<Result<Committed, StoreError>>) {
        let bytes = payload_bytes(&transaction);
        Self::of(Work::Commit(Ready::of(transaction, generation)), bytes)
    }

    /// A job that is no transaction.
    pub fn upkeep(work: Upkeep) -> (Self, oneshot::Receiver<Result<Committed, StoreError>>) {
        Self::of(Work::Upkeep(work), 0)
    }

    /// Writing the file anew.
    pub fn compact() -> (Self, oneshot::Receiver<Result<Committed, StoreError>>) {
        Self::of(Work::Compact, 0)
    }

    fn of(work: Work, bytes: usize) -> (Self, oneshot::Receiver<Result<Committed, StoreError>>) {
        let (reply, answer) = oneshot::channel();
        (Self { work, bytes, reply }, answer)
    }

    /// Its two halves.
    pub fn split(self) -> (Work, oneshot::Sender<Result<Committed, StoreError>>) {
        (self.work, self.reply)
    }
}

fn payload_bytes(transaction: &Transaction) -> usize {
    let bodies = transaction
        .resources
        .iter()
        .map(|write| write.body.as_ref().map_or(0, |body| body.len()));
    let states = transaction.instances.iter().map(|write| write.state.len());
    let events = transaction.history.iter().map(|write| write.events.len());
    let sources = transaction.definitions.iter().map(|write| write.source.len());
    bodies.chain(states).chain(events).chain(sources).sum()
}

/// One pause for callers that are about to come back, and how many of them at most before a commit.
const LINGER: Duration = Duration::from_micros(60);
const LINGERS: usize = 12;

/// What the writer found.
pub(super) enum Taken {
    /// Something to do.
    Jobs(Vec<Job>),
    /// Nothing for a while.
    Idle,
    /// Closed and empty.
    Closed,
}

#[derive(Default)]
struct Inner {
    jobs: VecDeque<Job>,
    closed: bool,
}

/// The queue.
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    filled: Condvar,
    limit: usize,
}

impl Queue {
    /// A queue that holds at most `limit` jobs.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            inner: Mutex::default(),
            filled: Condvar::new(),
            limit,
        })
    }

    /// Adds a job, or refuses at once.
    pub fn push(&self, job: Job) -> Result<(), StoreError> {
        let mut inner = self.inner.lock();
        if inner.closed {
            return Err(StoreError::Closed);
        }
        let waiting = inner.jobs.len();
        if waiting >= self.limit {
            return Err(StoreError::Overloaded { waiting });
        }
        inner.jobs.push_back(job);
        drop(inner);
        if waiting == 0 {
            self.filled.notify_one();
        }
        Ok(())
    }

    /// Waits for jobs; takes up to `count` of them, and none further once `bytes` are reached.
    ///
    /// `expected` is how many callers were seen lately: those just answered come back with their next transaction in a
    /// moment, and one commit for all costs one fsync. So while the queue still grows towards that number it is given
    /// a few instants more; a lone caller never waits.
    pub(super) fn take(&self, count: usize, bytes: usize, patience: Duration, expected: usize) -> Taken {
        let mut inner = self.inner.lock();
        while inner.jobs.is_empty() {
            if inner.closed {
                return Taken::Closed;
            }
            if self.filled.wait_for(&mut inner, patience).timed_out() && inner.jobs.is_empty() && !inner.closed {
                return Taken::Idle;
            }
        }
        let wanted = expected.min(count);
        for _ in 0..LINGERS {
            let before = inner.jobs.len();
            if before >= wanted || inner.closed {
                break;
            }
            // Nobody notifies a queue that is not empty: this is a pause that lets callers in.
            self.filled.wait_for(&mut inner, LINGER);
            if inner.jobs.len() == before {
                break;
            }
        }
        let mut taken = Vec::with_capacity(count.min(inner.jobs.len()));
        let mut sum = 0;
        while taken.len() < count && sum < bytes {
            let Some(job) = inner.jobs.pop_front() else { break };
            sum += job.bytes;
            taken.push(job);
        }
        Taken::Jobs(taken)
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.inner.lock().jobs.len()
    }

    /// Refuses new jobs; those waiting are still done.
    pub fn close(&self) {
        self.inner.lock().closed = true;
        self.filled.notify_all();
    }

    /// Closes the queue and drops what waits in it when dropped itself.
    pub(super) fn closer(self: &Arc<Self>) -> Closer {
        Closer(self.clone())
    }
}

/// See [`Queue::closer`].
pub(super) struct Closer(Arc<Queue>);

impl Drop for Closer {
    fn drop(&mut self) {
        self.0.close();
        // Dropping the reply halves wakes their callers with an error.
        let abandoned = std::mem::take(&mut self.0.inner.lock().jobs);
        drop(abandoned);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_job_too_many_is_refused_and_the_rest_stay() {
        let queue = Queue::new(2);
        let mut answers = Vec::new();
        for _ in 0..2 {
            let (job, answer) = Job::new(Transaction::default(), 0);
            queue.push(job).unwrap();
            answers.push(answer);
        }
        let refused = queue.push(Job::new(Transaction::default(), 0).0);
        assert!(matches!(refused, Err(StoreError::Overloaded { waiting: 2 })));
        assert!(matches!(queue.take(9, 9, Duration::ZERO, 0), Taken::Jobs(jobs) if jobs.len() == 2));
    }

    #[test]
    fn a_dying_writer_wakes_its_callers() {
        let queue = Queue::new(2);
        let (job, answer) = Job::new(Transaction::default(), 0);
        queue.push(job).unwrap();
        drop(queue.closer());
        assert!(answer.blocking_recv().is_err());
        assert!(matches!(
            queue.push(Job::new(Transaction::default(), 0).0),
            Err(StoreError::Closed)
        ));
    }

    #[test]
    fn a_batch_ends_when_its_bytes_are_reached() {
        let queue = Queue::new(9);
        for _ in 0..3 {
            let history = store::HistoryWrite {
                instance: "i".into(),
                revision: 1,
                at: jiff::Timestamp::UNIX_EPOCH,
                actor: String::new(),
                events: vec![0; 10],
            };
            queue
                .push(
                    Job::new(
                        Transaction {
                            history: vec![history],
                            ..Default::default()
                        },
                        0,
                    )
                    .0,
                )
                .unwrap();
        }
        assert!(matches!(queue.take(9, 15, Duration::ZERO, 0), Taken::Jobs(jobs) if jobs.len() == 2));
    }
}
