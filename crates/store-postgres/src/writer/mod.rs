//! The one writer of this node: a task that drains the queue into group commits.

mod apply;
mod check;
mod delivery;
mod erase;
mod flush;
mod group;
mod known;
mod load;
mod pending;
mod process;
mod remove;
mod resources;

pub(crate) use erase::Erasure;
pub(crate) use group::Group;
pub(crate) use known::Known;
pub(crate) use remove::{Removal, What};
pub(crate) use resources::IndexChange;

use crate::error::Outcome;
use crate::online::Chunk;
use crate::postgres_store::Node;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::{Committed, StoreError, Transaction};
use tokio::sync::{mpsc, oneshot};

/// What one transaction gets back.
pub(crate) type Answer = Result<Committed, StoreError>;

/// A transaction, and the set of user-defined parameters its search values were extracted under.
pub(crate) type Extracted = (Box<Transaction>, u64);

/// What the writer is asked to do.
pub(crate) enum Work {
    /// A transaction.
    Commit(Extracted),
    /// Start passes that index these types anew.
    Passes(Vec<String>),
    /// What a pass found.
    Chunk(Chunk),
    /// Versions to be removed for good.
    Erase(Box<Erasure>),
    /// What need not be kept any longer.
    Remove(Box<Removal>),
}

struct Job {
    work: Work,
    bytes: usize,
    reply: oneshot::Sender<Answer>,
}

/// The bounded queue in front of the writer.
pub(crate) struct Queue {
    jobs: Mutex<Option<mpsc::UnboundedSender<Job>>>,
    waiting: Arc<AtomicUsize>,
    limit: usize,
}

impl Queue {
    /// Adds work, or refuses at once; the receiver gets its answer.
    pub fn push(&self, work: Work) -> Outcome<oneshot::Receiver<Answer>> {
        let room = |waiting: usize| (waiting < self.limit).then_some(waiting + 1);
        if let Err(waiting) = self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room) {
            return Err(StoreError::Overloaded { waiting });
        }
        let bytes = match &work {
            Work::Commit((transaction, _)) => payload_bytes(transaction),
            _ => 0,
        };
        let (reply, answer) = oneshot::channel();
        let jobs = self.jobs.lock();
        let sent = jobs
            .as_ref()
            .is_some_and(|jobs| jobs.send(Job { work, bytes, reply }).is_ok());
        if sent {
            Ok(answer)
        } else {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            Err(StoreError::Closed)
        }
    }

    /// Work that waits now.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Refuses new work; what waits is still done.
    pub fn close(&self) {
        *self.jobs.lock() = None;
    }
}

fn payload_bytes(transaction: &Transaction) -> usize {
    let bodies = transaction.resources.iter().filter_map(|write| write.body.as_deref());
    let bodies = bodies.map(<[u8]>::len);
    let states = transaction.instances.iter().map(|write| write.state.len());
    let events = transaction.history.iter().map(|write| write.events.len());
    let sources = transaction.definitions.iter().map(|write| write.source.len());
    bodies.chain(states).chain(events).chain(sources).sum()
}

/// The queue, and the task that empties it.
pub(crate) fn start(node: Arc<Node>, limit: usize) -> (Queue, tokio::task::JoinHandle<()>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    let queue = Queue {
        jobs: Mutex::new(Some(sender)),
        waiting: waiting.clone(),
        limit,
    };
    (queue, tokio::spawn(run(node, receiver, waiting)))
}

async fn run(node: Arc<Node>, mut jobs: mpsc::UnboundedReceiver<Job>, waiting: Arc<AtomicUsize>) {
    let mut next = None;
    loop {
        let first = match next.take() {
            Some(job) => job,
            None => match jobs.recv().await {
                Some(job) => job,
                None => return,
            },
        };
        let (mut group, mut replies, mut bytes) = (Vec::new(), Vec::new(), 0);
        let mut job = Some(first);
        while let Some(this) = job.take() {
            match this.work {
                Work::Commit(transaction) => {
                    bytes += this.bytes;
                    group.push(transaction);
                    replies.push(this.reply);
                }
                other if group.is_empty() => {
                    waiting.fetch_sub(1, Ordering::Relaxed);
                    let _ = this.reply.send(group::upkeep(&node, other).await);
                    break;
                }
                work => {
                    next = Some(Job { work, ..this });
                    break;
                }
            }
            if group.len() < node.options.batch.max(1) && bytes < node.options.batch_bytes {
                job = jobs.try_recv().ok();
            }
        }
        if group.is_empty() {
            continue;
        }
        waiting.fetch_sub(group.len(), Ordering::Relaxed);
        let answers = group::commit(&node, &group).await;
        for (reply, answer) in replies.into_iter().zip(answers) {
            // A caller that went away does not undo what was committed.
            let _ = reply.send(answer);
        }
    }
}
