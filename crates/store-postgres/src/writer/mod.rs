//! The one writer of this node: a task that drains the queue into group commits.

mod apply;
mod check;
mod delivery;
mod erase;
mod flight;
mod flush;
mod group;
mod known;
mod line;
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
use line::Line;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::{Committed, StoreError, Transaction};
use tokio::sync::{Notify, mpsc, oneshot};

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
    count: Arc<Count>,
    limit: usize,
}

/// How many wait, and a word when they are as many as are worth a trip of their own.
#[derive(Default)]
struct Count {
    waiting: AtomicUsize,
    enough: Notify,
}

/// Transactions that are worth sending while the group before them is being committed: each trip costs the database some
/// statements, however few rows they have.
const ENOUGH: usize = 16;

impl Queue {
    /// Adds work, or refuses at once; the receiver gets its answer.
    pub fn push(&self, work: Work) -> Outcome<oneshot::Receiver<Answer>> {
        let room = |waiting: usize| (waiting < self.limit).then_some(waiting + 1);
        let count = &*self.count;
        let before = match count.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room) {
            Ok(before) => before,
            Err(waiting) => return Err(StoreError::Overloaded { waiting }),
        };
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
            if before + 1 == ENOUGH {
                count.enough.notify_one();
            }
            Ok(answer)
        } else {
            count.waiting.fetch_sub(1, Ordering::Relaxed);
            Err(StoreError::Closed)
        }
    }

    /// Work that waits now.
    pub fn waiting(&self) -> usize {
        self.count.waiting.load(Ordering::Relaxed)
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
    let count = Arc::new(Count::default());
    let queue = Queue {
        jobs: Mutex::new(Some(sender)),
        count: count.clone(),
        limit,
    };
    (queue, tokio::spawn(Line::new(node, receiver, count).run()))
}
