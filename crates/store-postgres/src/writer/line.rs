//! Takes work from the queue: group after group, and while one is being committed the rows of the next are written already.
//!
//! A commit is mostly the flush of the log, during which the database could write. So, behind a group that asked nothing
//! ([`super::known`]), the next is begun on a connection of its own with transactions that ask nothing either and touch nothing
//! that the group before touches. Its rows are sent as they come; it takes the lock of all writers only once the group before
//! is committed, and its first statement then fails unless the position is where that group left it. Whatever goes wrong
//! with either, what was written behind is rolled back and begun anew with questions, so that nothing is written on a belief
//! that did not come true.

use super::flight::{self, Before};
use super::group::{self, BEGIN, Failure, Group};
use super::known::touches;
use super::{Answer, Count, ENOUGH, Extracted, Job, Work};
use crate::error::Backend;
use crate::postgres_store::Node;
use futures::future::BoxFuture;
use std::collections::HashSet;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How long rows are held for the commit before them. A node that has the lock may want one of these rows.
const HELD: Duration = Duration::from_millis(250);

/// What was sent, until it is answered.
type Sent = BoxFuture<'static, Result<(), Failure>>;

/// What transactions are answered once their group is committed, and their rows on their way.
type Applied = (Vec<Answer>, Option<Sent>);

/// The writer.
pub(super) struct Line {
    node: Arc<Node>,
    jobs: mpsc::UnboundedReceiver<Job>,
    count: Arc<Count>,
    /// What was taken from the queue and must wait.
    next: Option<Job>,
}

/// Transactions of a group, and who waits for each.
#[derive(Default)]
struct Taken {
    transactions: Vec<Extracted>,
    replies: Vec<oneshot::Sender<Answer>>,
    bytes: usize,
}

impl Taken {
    fn reply(self, answers: Vec<Answer>) {
        for (reply, answer) in self.replies.into_iter().zip(answers) {
            // A caller that went away does not undo what was committed.
            let _ = reply.send(answer);
        }
    }

    fn has_room(&self, node: &Node) -> bool {
        self.transactions.len() < node.options.batch.max(1) && self.bytes < node.options.batch_bytes
    }
}

/// A group that is being committed.
struct Flight {
    group: Group,
    taken: Taken,
    answers: Vec<Answer>,
    outcome: Sent,
}

/// The group behind it.
struct Behind {
    group: Group,
    taken: Taken,
    answers: Vec<Answer>,
    /// What the group before touches.
    before: HashSet<i64>,
    /// What this one touches.
    touched: HashSet<i64>,
    /// Rows on their way.
    rows: Option<Sent>,
}

/// What stands behind a group that is being committed.
enum Next {
    /// Nothing yet.
    None,
    /// A group.
    Open(Box<Behind>),
    /// Transactions that were begun too early.
    Fallen(Taken),
}

impl Line {
    pub(super) fn new(node: Arc<Node>, jobs: mpsc::UnboundedReceiver<Job>, count: Arc<Count>) -> Self {
        Self {
            node,
            jobs,
            count,
            next: None,
        }
    }

    /// Until the queue is closed and empty.
    pub(super) async fn run(mut self) {
        loop {
            let first = match self.next.take() {
                Some(job) => job,
                None => match self.jobs.recv().await {
                    Some(job) => job,
                    None => return,
                },
            };
            let Job { work, bytes, reply } = first;
            match work {
                Work::Commit(transaction) => {
                    let mut taken = Taken {
                        transactions: vec![transaction],
                        replies: vec![reply],
                        bytes,
                    };
                    self.fill(&mut taken);
                    self.count.waiting.fetch_sub(taken.replies.len(), Ordering::Relaxed);
                    self.commit(taken).await;
                }
                other => {
                    self.count.waiting.fetch_sub(1, Ordering::Relaxed);
                    let _ = reply.send(group::upkeep(&self.node, other).await);
                }
            }
        }
    }

    /// Takes what waits, as far as there is room.
    fn fill(&mut self, taken: &mut Taken) {
        while taken.has_room(&self.node)
            && let Ok(job) = self.jobs.try_recv()
        {
            match job.work {
                Work::Commit(transaction) => {
                    taken.bytes += job.bytes;
                    taken.transactions.push(transaction);
                    taken.replies.push(job.reply);
                }
                work => {
                    self.next = Some(Job { work, ..job });
                    return;
                }
            }
        }
    }

    /// Commits a group, and those that can be written behind it.
    async fn commit(&mut self, taken: Taken) {
        if let Some(watch) = &self.node.options.watch {
            watch.begins();
        }
        let flight = match Group::certain(&self.node, &taken.transactions).await {
            Ok(Some(group)) => self.launch(group, taken, (Vec::new(), None)).await,
            _ => Err(taken),
        };
        let mut flight = match flight {
            Ok(flight) => flight,
            Err(taken) => return self.ask(taken).await,
        };
        loop {
            let (outcome, next) = self.beside(&mut flight).await;
            let Flight {
                group, taken, answers, ..
            } = flight;
            if outcome.is_ok() && group.before() == Before::Ahead {
                self.node.overlapped.fetch_add(1, Ordering::Relaxed);
            }
            if let Some(watch) = &self.node.options.watch {
                watch.ends(taken.transactions.len(), outcome.is_ok());
            }
            let behind = match (outcome, next) {
                (Ok(()), Next::Open(mut behind)) => {
                    behind.group.follow(group.landed());
                    taken.reply(answers);
                    behind
                }
                (outcome, next) => return self.settle((group, taken, answers), outcome, next).await,
            };
            flight = match self.depart(*behind).await {
                Ok(flight) => flight,
                Err(taken) => return self.ask(taken).await,
            };
        }
    }

    /// The last of a row of groups is over, and what was begun behind it is begun anew.
    async fn settle(
        &self,
        (group, taken, answers): (Group, Taken, Vec<Answer>),
        outcome: Result<(), Failure>,
        next: Next,
    ) {
        let fallen = match next {
            Next::None => None,
            Next::Open(behind) => Some(behind.taken),
            Next::Fallen(taken) => Some(taken),
        };
        match outcome {
            Ok(()) => {
                *self.node.known.lock() = Some(group.landed());
                taken.reply(answers);
            }
            Err(Failure::Stale) => {
                drop(group);
                self.ask(taken).await;
            }
            Err(failure) => {
                drop(group);
                let answers = group::failed(&self.node, &taken.transactions, failure).await;
                taken.reply(answers);
            }
        }
        if let Some(taken) = fallen {
            self.ask(taken).await;
        }
    }

    /// Commits a group by itself.
    async fn ask(&self, taken: Taken) {
        let answers = group::commit(&self.node, &taken.transactions).await;
        taken.reply(answers);
    }

    /// Sends the last trip of a group, of whose transactions the first ones are applied: what these are answered, and their rows
    /// that are still on their way.
    async fn launch(&self, mut group: Group, taken: Taken, (mut answers, rows): Applied) -> Result<Flight, Taken> {
        match group.take(&taken.transactions[answers.len()..]).await {
            Ok(more) => answers.extend(more),
            Err(_) => return Err(taken),
        }
        let Ok(batch) = group.seal().await else {
            return Err(taken);
        };
        if let Some(watch) = &self.node.options.watch {
            watch.flushing();
        }
        let last = flight::send(group.session.clone(), batch, group.before());
        let mut outcome: Sent = match rows {
            None => Box::pin(last),
            // Sent in this order. One that fails has the other fail.
            Some(rows) => Box::pin(async {
                let (rows, last) = futures::join!(rows, last);
                last.and(rows)
            }),
        };
        // This sends it: what is written behind it comes after it.
        if let Poll::Ready(early) = futures::poll!(outcome.as_mut()) {
            outcome = Box::pin(std::future::ready(early));
        }
        Ok(Flight {
            group,
            taken,
            answers,
            outcome,
        })
    }

    /// The group before is committed: this one takes in what waits, and goes.
    async fn depart(&mut self, mut behind: Behind) -> Result<Flight, Taken> {
        if let Some(watch) = &self.node.options.watch {
            watch.begins();
        }
        self.admit(&mut behind, None);
        let Behind {
            group,
            taken,
            answers,
            rows,
            ..
        } = behind;
        self.launch(group, taken, (answers, rows)).await
    }

    /// Waits for a group's commit, and has the next written meanwhile.
    async fn beside(&mut self, flight: &mut Flight) -> (Result<(), Failure>, Next) {
        let mut next = Next::None;
        let held = tokio::time::sleep(HELD);
        tokio::pin!(held);
        let count = self.count.clone();
        let mut stuck = false;
        loop {
            let open = !stuck
                && match &next {
                    Next::None => true,
                    Next::Open(behind) => behind.rows.is_none() && behind.taken.has_room(&self.node),
                    Next::Fallen(_) => false,
                };
            if open && count.waiting.load(Ordering::Relaxed) >= ENOUGH {
                next = self.write((&flight.group, &flight.taken), next).await;
                stuck = self.next.is_some() || matches!(next, Next::None);
                continue;
            }
            let writes = matches!(&next, Next::Open(_));
            let rows = rows(&mut next);
            let goes_on = tokio::select! {
                biased;
                outcome = &mut flight.outcome => return (outcome, next),
                written = rows => written.is_ok(),
                () = &mut held, if writes => false,
                () = count.enough.notified(), if open => true,
            };
            if let (Next::Open(behind), false) = (&mut next, goes_on) {
                next = Next::Fallen(std::mem::take(&mut behind.taken));
            }
        }
    }

    /// Sends rows of what waits, on the connection of the group behind.
    async fn write(&mut self, (before, taken): (&Group, &Taken), next: Next) -> Next {
        let mut behind = match next {
            Next::Open(behind) => behind,
            Next::Fallen(_) => return next,
            Next::None => match Group::behind(before).await {
                Ok(group) => Box::new(Behind::new(group, taken)),
                Err(_) => return Next::None,
            },
        };
        let from = behind.taken.transactions.len();
        self.admit(&mut behind, Some(before));
        match behind.taken.transactions.len() {
            0 => Next::None,
            to if to == from => Next::Open(behind),
            _ => match behind.send(from).await {
                Ok(()) => Next::Open(behind),
                Err(_) => Next::Fallen(behind.taken),
            },
        }
    }

    /// Takes in what waits up to what must be asked for, or touches what the two groups touch.
    fn admit(&mut self, behind: &mut Behind, before: Option<&Group>) {
        while behind.taken.has_room(&self.node)
            && let Some(Job { work, bytes, reply }) = self.next.take().or_else(|| self.jobs.try_recv().ok())
        {
            let extracted = match work {
                Work::Commit(extracted) => extracted,
                work => {
                    self.next = Some(Job { work, bytes, reply });
                    return;
                }
            };
            let names: Vec<i64> = touches(&extracted.0).collect();
            let free =
                |name: &i64| !behind.touched.contains(name) && (before.is_none() || !behind.before.contains(name));
            let certain = match names.iter().all(free) {
                true => before.unwrap_or(&behind.group).answer(&extracted),
                false => None,
            };
            let Some(certain) = certain else {
                let work = Work::Commit(extracted);
                self.next = Some(Job { work, bytes, reply });
                return;
            };
            self.count.waiting.fetch_sub(1, Ordering::Relaxed);
            behind.touched.extend(names);
            behind.group.admit(certain);
            behind.taken.bytes += bytes;
            behind.taken.transactions.push(extracted);
            behind.taken.replies.push(reply);
        }
    }
}

impl Behind {
    fn new(group: Group, before: &Taken) -> Self {
        Self {
            group,
            taken: Taken::default(),
            answers: Vec::new(),
            before: before
                .transactions
                .iter()
                .flat_map(|(write, _)| touches(write))
                .collect(),
            touched: HashSet::new(),
            rows: None,
        }
    }

    /// Sends the rows of those that are not yet applied.
    async fn send(&mut self, from: usize) -> Result<(), Failure> {
        let more = self.group.take(&self.taken.transactions[from..]).await?;
        self.answers.extend(more);
        let batch = self.group.rows().await?;
        let (session, begins) = (self.group.session.clone(), from == 0);
        self.rows = Some(Box::pin(async move {
            let begin = async {
                match begins {
                    true => session.client().batch_execute(BEGIN).await,
                    false => Ok(()),
                }
            };
            let (begun, written) = futures::join!(begin, batch.try_send(&session));
            begun.at("beginning")?;
            written.map_err(|(error, code)| flight::refused(error, code.as_ref(), Before::Ahead))
        }));
        Ok(())
    }
}

/// The end of the rows on their way, which are then no longer.
async fn rows(next: &mut Next) -> Result<(), Failure> {
    let Next::Open(behind) = next else {
        return pending().await;
    };
    let Some(rows) = &mut behind.rows else {
        return pending().await;
    };
    let written = rows.await;
    behind.rows = None;
    written
}
