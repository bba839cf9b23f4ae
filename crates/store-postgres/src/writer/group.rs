//! Many transactions, one commit.

use super::flight::{self, Before};
use super::known::{Certain, Known};
use super::pending::Pending;
use super::{Answer, Extracted, Work, erase, flush, load, remove};
use crate::batch::Batch;
use crate::connect;
use crate::custom;
use crate::error::{Backend, Outcome, corrupt};
use crate::online;
use crate::postgres_store::Node;
use crate::session::Session;
use crate::{audit, listen, params};
use fhir::CustomParams;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use store::{AuditEntry, Committed, StoreError};

/// What is given out in the order of commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Position {
    /// Last place of the change feed.
    pub seq: i64,
    /// Last row id.
    pub rid: i64,
    /// Last number of anything else.
    pub n: i64,
    /// Counts changes of the user-defined search parameters.
    pub params: i64,
    /// Last row of access records, and its hash.
    pub audit: (i64, search::accesses::Hash),
}

/// A group under way: a transaction of the database that holds the lock of all writers.
pub(crate) struct Group {
    /// This node.
    pub node: Arc<Node>,
    /// The connection.
    pub session: Arc<Session>,
    /// As far as this group has come.
    pub position: Position,
    /// The user-defined parameters in force.
    pub custom: Arc<CustomParams>,
    /// What was read, with what the group has changed since.
    pub stored: load::Loaded,
    /// What is to be written.
    pub pending: Pending,
    /// Types that this group stores first.
    pub new_types: Vec<(i64, String)>,
    /// Parameters of which this group is the first to store several values of one resource.
    pub new_many: BTreeSet<u16>,
    /// Change in the number of live resources of each type.
    pub live: HashMap<i64, i64>,
    /// Access records.
    pub accesses: Vec<AuditEntry>,
    /// What other nodes are told of ([`store::Others`]).
    pub words: BTreeSet<String>,
    /// Instances that jobs were leased of.
    pub leased: BTreeSet<String>,
    /// Instances whose rows were sent, and whether they are new.
    changed: Vec<(String, bool)>,
    /// Where the group found the position, or takes it to be.
    before: Position,
    /// What the group before left.
    known: Option<Known>,
    /// How the database is asked.
    trip: Trip,
}

/// How a group goes to the database.
enum Trip {
    /// It holds the lock and has read what it is checked against. Whether the group before was of this node.
    Asked { steady: bool },
    /// It goes in one trip, and is refused unless the position is as it is taken to be and these instances do not exist.
    /// `ahead`: rows of it were sent before the lock is taken, while the group before it was being committed.
    Certain { absent: Vec<String>, ahead: bool },
}

/// Why a group was not committed.
pub(super) enum Failure {
    /// Nothing was written.
    Nothing(StoreError),
    /// The connection broke while the database was committing.
    Unknown(StoreError),
    /// Nothing was written: the database is not as it was taken to be. Another node has committed meanwhile, say.
    Stale,
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Nothing(error) | Failure::Unknown(error) => error,
            Failure::Stale => Self::Backend("what is stored is not what this node left; try again".into()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Nothing(error)
    }
}

/// Checks and applies each transaction in turn, then commits them together.
///
/// A transaction whose expectations fail writes nothing and the others go on. If the database itself refuses one (a value that it
/// cannot hold, say), the group is rolled back and each is tried alone, so that only the culprit suffers.
pub(super) async fn commit(node: &Arc<Node>, transactions: &[Extracted]) -> Vec<Answer> {
    match attempt(node, transactions).await {
        Ok(answers) => answers,
        Err(failure) => failed(node, transactions, failure).await,
    }
}

/// What the transactions of a group that was not committed are answered, with each tried alone where that may help.
pub(super) async fn failed(node: &Arc<Node>, transactions: &[Extracted], failure: Failure) -> Vec<Answer> {
    match failure {
        Failure::Unknown(_) | Failure::Stale => vec![Err(failure.into()); transactions.len()],
        Failure::Nothing(error) if transactions.len() == 1 => vec![Err(error)],
        // None of them is the culprit: each alone would wait as long for the same answer.
        Failure::Nothing(
            error @ (StoreError::Unreachable(_) | StoreError::Full(_) | StoreError::Overloaded { .. }),
        ) => {
            vec![Err(error); transactions.len()]
        }
        Failure::Nothing(error) => {
            tracing::warn!(%error, "a group failed; trying its transactions one by one");
            let mut answers = Vec::with_capacity(transactions.len());
            for one in transactions {
                answers.push(match attempt(node, std::slice::from_ref(one)).await {
                    Ok(mut answer) => answer.pop().unwrap_or(Err(StoreError::Closed)),
                    Err(failure) => Err(failure.into()),
                });
            }
            answers
        }
    }
}

async fn attempt(node: &Arc<Node>, transactions: &[Extracted]) -> Result<Vec<Answer>, Failure> {
    let Some(watch) = &node.options.watch else {
        return group(node, transactions).await;
    };
    watch.begins();
    let done = group(node, transactions).await;
    watch.ends(transactions.len(), done.is_ok());
    done
}

async fn group(node: &Arc<Node>, transactions: &[Extracted]) -> Result<Vec<Answer>, Failure> {
    match work(node, transactions).await {
        // Nothing is known now, so that this time it is asked.
        Err(Failure::Stale) => work(node, transactions).await,
        done => done,
    }
}

async fn work(node: &Arc<Node>, transactions: &[Extracted]) -> Result<Vec<Answer>, Failure> {
    let mut group = Group::begin(node, transactions).await?;
    let answers = group.take(transactions).await?;
    if let Some(watch) = &node.options.watch {
        watch.flushing();
    }
    group.finish().await?;
    Ok(answers)
}

/// Does upkeep in a commit of its own.
pub(super) async fn upkeep(node: &Arc<Node>, work: Work) -> Answer {
    let run = async {
        let mut group = Group::begin(node, &[]).await?;
        match work {
            Work::Commit(_) => {}
            Work::Passes(types) => {
                for rtype in types {
                    custom::begin_pass(&group.session, &rtype).await?;
                }
            }
            Work::Chunk(chunk) => online::write(&mut group, chunk).await?,
            Work::Erase(erasure) => erase::run(&mut group, *erasure).await?,
            Work::Remove(removal) => remove::run(&mut group, *removal).await?,
        }
        let seq = group.position.seq as u64;
        group.finish().await?;
        Ok::<_, Failure>(Committed { seq })
    };
    let done = run.await.map_err(StoreError::from);
    // It may have taken away what was known.
    node.known.lock().take();
    done
}

impl Group {
    /// Learns what the transactions are checked against: from what the group before left, or with the lock of all writers.
    async fn begin(node: &Arc<Node>, transactions: &[Extracted]) -> Outcome<Self> {
        if let Some(group) = Self::certain(node, transactions).await? {
            return Ok(group);
        }
        let known = node.known.lock().take();
        let session = Session::begun(connect::take(&node.writers).await?);
        let (position, stored, trip) = ask(node, &session, transactions, known.as_ref()).await?;
        let custom = custom::current(node, &session, position.params).await?;
        Ok(Self::new(node, session, custom, (position, stored), (known, trip)))
    }

    /// A group of which nothing needs to be asked, if the group before left all that is expected.
    pub(super) async fn certain(node: &Arc<Node>, transactions: &[Extracted]) -> Outcome<Option<Self>> {
        let known = node.known.lock().take();
        let certain = match &known {
            Some(known) if known.steady && !transactions.is_empty() => known.answer(transactions),
            _ => None,
        };
        let (Some(Certain { stored, absent }), Some(position)) = (certain, known.as_ref().map(|k| k.position.clone()))
        else {
            *node.known.lock() = known;
            return Ok(None);
        };
        let session = Session::begun(connect::take(&node.writers).await?);
        let custom = custom::current(node, &session, position.params).await?;
        let trip = Trip::Certain { absent, ahead: false };
        Ok(Some(Self::new(
            node,
            session,
            custom,
            (position, stored),
            (known, trip),
        )))
    }

    /// How it stands before its last trip.
    pub(super) fn before(&self) -> Before {
        match self.trip {
            Trip::Asked { .. } => Before::Asked,
            Trip::Certain { ahead: false, .. } => Before::Nothing,
            Trip::Certain { ahead: true, .. } => Before::Ahead,
        }
    }

    fn new(
        node: &Arc<Node>,
        session: Session,
        custom: Arc<CustomParams>,
        (position, stored): (Position, load::Loaded),
        (known, trip): (Option<Known>, Trip),
    ) -> Self {
        Self {
            before: position.clone(),
            session: Arc::new(session),
            position,
            custom,
            node: node.clone(),
            stored,
            pending: Pending::default(),
            new_types: Vec::new(),
            new_many: BTreeSet::new(),
            live: HashMap::new(),
            accesses: Vec::new(),
            words: BTreeSet::new(),
            leased: BTreeSet::new(),
            changed: Vec::new(),
            known,
            trip,
        }
    }

    /// Checks and applies each in turn: what they are answered once the group is committed.
    pub(super) async fn take(&mut self, transactions: &[Extracted]) -> Result<Vec<Answer>, Failure> {
        let mut answers = Vec::with_capacity(transactions.len());
        for (transaction, generation) in transactions {
            answers.push(match self.check(transaction).await {
                Ok(()) => {
                    self.apply(transaction, *generation).await?;
                    Ok(Committed {
                        seq: self.position.seq as u64,
                    })
                }
                Err(error @ (StoreError::Backend(_) | StoreError::Full(_) | StoreError::Unreachable(_))) => {
                    return Err(error.into());
                }
                Err(refused) => Err(refused),
            });
        }
        Ok(answers)
    }

    /// Whether it is begun anew, with questions, should the database know better.
    pub fn is_certain(&self) -> bool {
        matches!(self.trip, Trip::Certain { .. })
    }

    /// The code of a type, given one now if it has none.
    pub async fn code_or_new(&mut self, name: &str) -> Outcome<i64> {
        if let Some(code) = self.node.types.known(name) {
            return Ok(code);
        }
        if let Some((code, _)) = self.new_types.iter().find(|(_, this)| this == name) {
            return Ok(*code);
        }
        // Whatever others have added was read when the group was loaded.
        let what = "adding a resource type";
        let row = self
            .session
            .row(
                "INSERT INTO rtype(code, name) SELECT coalesce(max(code), 0) + 1, $1 FROM rtype RETURNING code",
                &[&name],
                what,
            )
            .await?;
        let code: i64 = row.map_or(0, |row| row.get(0));
        self.session
            .run("INSERT INTO tally(code, live) VALUES ($1, 0)", &[&code], what)
            .await?;
        self.new_types.push((code, name.to_owned()));
        Ok(code)
    }

    /// Writes what is left, commits, and puts into force for this node what was committed.
    async fn finish(mut self) -> Result<(), Failure> {
        let batch = self.seal().await?;
        flight::send(self.session.clone(), batch, self.before()).await?;
        let node = self.node.clone();
        let known = self.landed();
        *node.known.lock() = Some(known);
        Ok(())
    }

    /// The statements for what was taken since the last time.
    pub(super) async fn rows(&mut self) -> Outcome<Batch> {
        let changed = self.pending.instances.iter();
        self.changed.extend(changed.map(|(id, moved)| (id.clone(), moved.new)));
        let rows = flush::batch(self).await?;
        let Trip::Certain { absent, .. } = &mut self.trip else {
            return Ok(rows);
        };
        let absent = std::mem::take(absent);
        if absent.is_empty() {
            return Ok(rows);
        }
        let sql = "SELECT 1 / CASE WHEN EXISTS
             (SELECT FROM unnest($1::text[]) AS w(id) JOIN instance i ON i.id = w.id) THEN 0 ELSE 1 END";
        let mut first = Batch::default();
        let what = "looking for new instances";
        first.add(&self.session, sql, params![absent], what).await?;
        Ok(rows.after(first))
    }

    /// The statements that are left before the commit.
    pub(super) async fn seal(&mut self) -> Outcome<Batch> {
        // Each commit moves the position, so that whoever finds it where it was knows that nothing was written.
        self.position.n += 1;
        let mut batch = self.rows().await?;
        audit::append(self, &mut batch).await?;
        if self.is_certain() {
            batch = batch.after(self.claims().await?);
        } else {
            self.moves(&mut batch).await?;
        }
        let what = "telling other nodes";
        let told = listen::told(&self.node.name, &self.words);
        let sql = "SELECT pg_notify('sinfonia', $1)";
        batch.add(&self.session, sql, params![told], what).await?;
        Ok(batch)
    }

    /// Moves the position: the lock is held.
    async fn moves(&self, batch: &mut Batch) -> Outcome<()> {
        let Position {
            seq,
            rid,
            n,
            params,
            audit,
        } = self.position.clone();
        let sql = "UPDATE position SET seq = $1, rid = $2, n = $3, params = $4, audit = $5, audit_head = $6 WHERE one";
        let values = params![seq, rid, n, params, audit.0, audit.1.to_vec()];
        batch.add(&self.session, sql, values, "moving the position").await
    }

    /// Takes the lock and moves the position, if what this group believes is so: each statement divides by nothing if it is not.
    async fn claims(&self) -> Outcome<Batch> {
        let mut batch = Batch::default();
        if let Trip::Certain { ahead: true, .. } = self.trip {
            // Rows are held already: who has the lock may wait for one of them, so that it is not waited for.
            let sql = "SELECT 1 FROM position WHERE one FOR UPDATE NOWAIT";
            batch.add(&self.session, sql, params![], "taking the lock").await?;
        }
        let Position {
            seq,
            rid,
            n,
            params,
            audit,
        } = self.position.clone();
        let before = self.before.clone();
        let sql = "UPDATE position SET seq = $1, rid = $2, params = $4, audit = $5, audit_head = $6,
             n = $3::bigint / CASE WHEN seq = $7 AND rid = $8 AND n = $9 AND params = $10 AND audit = $11 THEN 1 ELSE 0 END WHERE one";
        let (then, now) = (before.audit.0, audit.0);
        let values = params![
            seq,
            rid,
            n,
            params,
            now,
            audit.1.to_vec(),
            before.seq,
            before.rid,
            before.n,
            before.params,
            then
        ];
        batch.add(&self.session, sql, values, "moving the position").await?;
        Ok(batch)
    }

    /// It is committed: puts into force for this node what was written, and says what is known now.
    pub(super) fn landed(mut self) -> Known {
        let node = self.node.clone();
        for (code, name) in &self.new_types {
            node.types.learn(*code, name);
        }
        node.many.write().extend(self.new_many.iter().copied());
        custom::publish(&node, &self.custom, self.position.params);
        node.tell(self.position.seq as u64);
        let steady = match self.trip {
            Trip::Asked { steady } => steady,
            Trip::Certain { .. } => true,
        };
        let changed = std::mem::take(&mut self.changed);
        let known = self.known.take();
        let known = Known::after(known, &self, steady, changed);
        if let Some(mut session) = Arc::into_inner(self.session) {
            session.ended();
        }
        known
    }

    /// A group whose rows are written while another is being committed, on a connection of its own. It holds if that one does.
    pub(super) async fn behind(ahead: &Self) -> Outcome<Self> {
        let session = Session::begun(connect::take(&ahead.node.writers).await?);
        let trip = Trip::Certain {
            absent: Vec::new(),
            ahead: true,
        };
        let state = (ahead.position.clone(), load::Loaded::default());
        Ok(Self::new(
            &ahead.node,
            session,
            ahead.custom.clone(),
            state,
            (None, trip),
        ))
    }

    /// What a transaction of a group behind this one is checked against, where that is known.
    pub(super) fn answer(&self, transaction: &Extracted) -> Option<Certain> {
        self.known.as_ref()?.answer(std::slice::from_ref(transaction))
    }

    /// Takes in what a transaction is checked against.
    pub(super) fn admit(&mut self, Certain { stored, absent: new }: Certain) {
        self.stored.instances.extend(stored.instances);
        if let Trip::Certain { absent, .. } = &mut self.trip {
            absent.extend(new);
        }
    }

    /// The group before is committed, and this is known since.
    pub(super) fn follow(&mut self, known: Known) {
        self.known = Some(known);
    }
}

/// Begins a group.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// Takes the lock of all writers, learns how far they have come and what the transactions are checked against.
async fn ask(
    node: &Arc<Node>,
    session: &Session,
    transactions: &[Extracted],
    known: Option<&Known>,
) -> Outcome<(Position, load::Loaded, Trip)> {
    let what = "waiting for the other writers";
    let sql = "SELECT seq, rid, n, params, audit, audit_head FROM position WHERE one FOR UPDATE";
    let read = session.client().prepare_cached(sql).await.at(what)?;
    let trusted = known.filter(|known| known.steady);
    // Sent together, in this order, since the first poll of each sends it: the questions are answered as of the moment
    // when the lock is held.
    let (begun, row, stored) = futures::join!(
        session.client().batch_execute(BEGIN),
        session.client().query_one(&read, &[]),
        load::load(node, session, transactions, trusted),
    );
    begun.at(what)?;
    let row = row.at(what)?;
    let mut stored = stored?;
    let head: Vec<u8> = row.get(5);
    let position = Position {
        seq: row.get(0),
        rid: row.get(1),
        n: row.get(2),
        params: row.get(3),
        audit: (
            row.get(4),
            head.try_into().map_err(|_| corrupt("the head of the audit"))?,
        ),
    };
    let steady = known.is_some_and(|known| known.position == position);
    if trusted.is_some() && !steady {
        stored = load::load(node, session, transactions, None).await?;
    }
    Ok((position, stored, Trip::Asked { steady }))
}
