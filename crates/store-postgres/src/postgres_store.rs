//! The store as the floors above see it.

use crate::error::Outcome;
use crate::online::Online;
use crate::session::Session;
use crate::snapshot::{self, PostgresSnapshot};
use crate::types::Types;
use crate::writer::{self, Erasure, Known, Queue, Work};
use crate::{Options, audit, connect, custom, listen, reindex, schema, transfer};
use async_trait::async_trait;
use deadpool_postgres::Pool;
use fhir::Definitions;
use parking_lot::{Mutex, RwLock};
use search::accesses::AuditChain;
use search::custom::RTYPE;
use search::{Extractor, Limits, Rules};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use store::{AuditEntry, Committed, Erased, LOST, Others, Snapshot, Store, StoreError, StoredResource, Transaction};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What every part of this node shares.
pub(crate) struct Node {
    /// Settings.
    pub options: Options,
    /// Connections for reading.
    pub readers: Pool,
    /// Connections for the writer and for upkeep.
    pub writers: Pool,
    /// How searches are answered.
    pub rules: Arc<Rules>,
    /// Type codes.
    pub types: Types,
    /// Parameters that some resource has had more than one value of, as far as this node knows.
    pub many: RwLock<HashSet<u16>>,
    /// Number of the set of user-defined parameters in force here.
    pub params: AtomicI64,
    changes: watch::Sender<u64>,
    /// A name that no other node has.
    pub name: String,
    others: watch::Sender<Others>,
    /// What the last group left; `None` while one is under way, and after one that failed.
    pub known: Mutex<Option<Known>>,
    /// Groups that were written behind another.
    pub overlapped: AtomicU64,
}

impl Node {
    /// Something was said: by whom, and of what kinds. Whether it was another node that said it.
    pub fn heard(&self, told: &str) -> bool {
        let mut words = told.split(' ');
        if words.next() == Some(self.name.as_str()) {
            return false;
        }
        self.others.send_modify(|others| {
            if told == LOST {
                others.note(LOST);
            }
            words.for_each(|word| others.note(word));
        });
        true
    }

    /// The change feed has come to here.
    pub fn tell(&self, seq: u64) {
        self.changes.send_if_modified(|last| {
            let grown = seq > *last;
            *last = seq.max(*last);
            grown
        });
    }
}

/// A store over one PostgreSQL database.
pub struct PostgresStore {
    node: Arc<Node>,
    queue: Arc<Queue>,
    online: Arc<Online>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Connects, brings the schema and the index up to date (one node at a time does), starts the writer.
    ///
    /// `address`: `postgres://user@host/name`, or `host=/run/postgresql user=… dbname=…` for a socket; with `sslmode` and
    /// `sslrootcert` as PostgreSQL's own library knows them.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when the address is malformed, [`StoreError::Backend`] when the database cannot be reached,
    /// [`StoreError::Schema`] when a newer or another program wrote it.
    pub async fn open(address: &str, options: Options) -> Result<Arc<Self>, StoreError> {
        let (readers, writers) = (
            connect::readers(address, &options)?,
            connect::writers(address, &options)?,
        );
        if let Some(doubt) = connect::doubt(address) {
            tracing::warn!("{doubt}: sslmode=verify-full with sslrootcert makes it certain");
        }
        let definitions = Definitions::extensible();
        let rules = Arc::new(Rules {
            limits: Limits {
                scan: options.scan_limit,
                probe: options.probe_limit,
                include: options.include_limit,
            },
            extractor: options.extractor.clone().unwrap_or_else(Extractor::r4),
            definitions,
        });
        let (changes, _) = watch::channel(0);
        let node = Arc::new(Node {
            readers,
            rules,
            types: Types::default(),
            many: RwLock::default(),
            params: AtomicI64::new(-1),
            changes,
            name: name(&connect::take(&writers).await?).await?,
            others: watch::Sender::new(Others::default()),
            known: Mutex::new(None),
            overlapped: AtomicU64::new(0),
            writers,
            options,
        });
        let session = Session::plain(connect::take(&node.writers).await?);
        schema::lock(&session).await?;
        let ready = prepare(&node, &session).await;
        // The lock belongs to the connection: it must not go back with it.
        schema::unlock(&session).await?;
        ready?;
        let (queue, writer) = writer::start(node.clone(), node.options.queue);
        let queue = Arc::new(queue);
        let online = Online::new(node.clone(), queue.clone());
        let mut tasks = vec![listen::start(node.clone(), address, online.clone())?];
        if node.options.background {
            tasks.push(online.start());
        }
        Ok(Arc::new(Self {
            node,
            queue,
            online,
            tasks: Mutex::new(tasks),
            writer: Mutex::new(Some(writer)),
        }))
    }

    /// Transactions of this node that wait for the writer now.
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// Groups of this node whose rows were written while the group before them was being committed, and that held.
    pub fn overlapped(&self) -> u64 {
        self.node.overlapped.load(Ordering::Relaxed)
    }

    /// The name of this node, which no other has.
    pub(crate) fn node_name(&self) -> &str {
        &self.node.name
    }

    /// Refuses new transactions, finishes those that wait, and ends the writer.
    pub async fn close(&self) {
        self.queue.close();
        for task in self.tasks.lock().drain(..) {
            task.abort();
        }
        let writer = self.writer.lock().take();
        if let Some(writer) = writer
            && writer.await.is_err()
        {
            tracing::error!("the writer of the store ended in a panic");
        }
        self.node.readers.close();
        self.node.writers.close();
    }

    /// Follows the chain of access records from its beginning; the store keeps working meanwhile.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn verify_audit(&self) -> Result<AuditChain, StoreError> {
        audit::verify(&self.session().await?).await
    }

    /// The hash that the chain of access records has at a row, in hexadecimal; `None`: there is no such row.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn audit_hash(&self, row: i64) -> Result<Option<String>, StoreError> {
        audit::hash_at(&self.session().await?, row).await
    }

    /// Visits every access record, oldest first, as a line of JSON.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn each_audit(&self, visit: &mut (dyn FnMut(&str) + Send)) -> Result<(), StoreError> {
        audit::each(&self.session().await?, visit).await
    }

    /// What is wrong with what is stored: counts and index rows that do not agree with the resources. Reads every resource.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn examine(&self) -> Result<Vec<String>, StoreError> {
        reindex::examine(&self.node, &self.session().await?).await
    }

    /// Waits until the reindex beside other work has nothing more to do.
    pub async fn settle(&self) {
        self.online.settle().await;
    }

    /// Does one chunk of that reindex, where no task does it ([`Options::background`]); whether there may be another.
    ///
    /// # Errors
    /// [`StoreError::Closed`] and what the database refuses; nothing of the chunk was written.
    pub async fn reindex_step(&self) -> Result<bool, StoreError> {
        self.online.step().await
    }

    /// Search values of user-defined parameters, extracted before the transaction queues for the writer.
    fn extract_custom(&self, transaction: &mut Transaction) -> u64 {
        let custom = self.node.rules.definitions.custom();
        if !custom.is_empty() {
            for write in &mut transaction.resources {
                let body = write.body.as_deref().unwrap_or_default();
                write.index.extend(custom.extract(&write.rtype, body));
            }
        }
        custom.generation()
    }

    /// Everything the database holds now, to be copied elsewhere.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn source(&self) -> Result<transfer::PostgresSource, StoreError> {
        transfer::PostgresSource::begin(connect::take(&self.node.readers).await?).await
    }

    /// Has the writer do something in a commit of its own.
    pub(crate) async fn upkeep(&self, work: Work) -> Outcome<Committed> {
        self.queue.push(work)?.await.unwrap_or(Err(StoreError::Closed))
    }

    /// The code of a type, if it has one.
    pub(crate) async fn type_code(&self, session: &Session, rtype: &str) -> Outcome<Option<i64>> {
        self.node.types.code(session, rtype).await
    }

    pub(crate) async fn session(&self) -> Outcome<Session> {
        Ok(Session::plain(connect::take(&self.node.readers).await?))
    }
}

/// A name that no other node has, from the database.
async fn name(client: &deadpool_postgres::Object) -> Outcome<String> {
    use crate::error::Backend as _;
    let row = client
        .query_one("SELECT gen_random_uuid()::text", &[])
        .await
        .at("asking for a name")?;
    Ok(row.get(0))
}

async fn prepare(node: &Arc<Node>, session: &Session) -> Outcome<()> {
    schema::migrate(session).await?;
    transfer::refuse_unfinished(session).await?;
    node.types.refresh(session).await?;
    let row = session
        .row(
            "SELECT seq, params FROM position WHERE one",
            &[],
            "reading the position",
        )
        .await?;
    let (seq, params): (i64, i64) = row.map_or((0, 0), |row| (row.get(0), row.get(1)));
    let custom = custom::load(node, session).await?;
    custom::publish(node, &custom, params);
    reindex::if_needed(node, session).await?;
    let many = session
        .rows(
            "SELECT param FROM param_many",
            &[],
            "reading parameters with many values",
        )
        .await?;
    let many = many.iter().filter_map(|row| u16::try_from(row.get::<_, i32>(0)).ok());
    node.many.write().extend(many);
    node.tell(seq as u64);
    Ok(())
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.queue.close();
        for task in self.tasks.lock().drain(..) {
            task.abort();
        }
    }
}

#[async_trait]
impl Store for PostgresStore {
    /// Dropping the returned future does not take the transaction back.
    async fn commit(&self, mut transaction: Transaction) -> Result<Committed, StoreError> {
        let generation = self.extract_custom(&mut transaction);
        let defines = transaction.resources.iter().any(|write| write.rtype == RTYPE);
        let answer = self.queue.push(Work::Commit((Box::new(transaction), generation)))?;
        let answer = answer.await.unwrap_or(Err(StoreError::Closed));
        if defines {
            self.online.wake();
        }
        answer
    }

    async fn reindex(&self, types: &[String]) -> Result<(), StoreError> {
        self.upkeep(Work::Passes(types.to_vec())).await?;
        self.online.wake();
        Ok(())
    }

    async fn erase(&self, resources: &[(String, String)], entry: AuditEntry) -> Result<Erased, StoreError> {
        let versions = Arc::new(AtomicU64::new(0));
        let erasure = Erasure {
            names: resources.to_vec(),
            entry,
            versions: versions.clone(),
        };
        self.upkeep(Work::Erase(Box::new(erasure))).await?;
        Ok(Erased {
            versions: versions.load(Ordering::Relaxed),
            compacted: false,
        })
    }

    fn definitions(&self) -> &'static Definitions {
        self.node.rules.definitions
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        Ok(Box::new(PostgresSnapshot::begin(&self.node).await?))
    }

    async fn read(&self, rtype: &str, id: &str) -> Result<Option<Arc<StoredResource>>, StoreError> {
        // One statement is a snapshot of its own.
        let session = self.session().await?;
        Ok(snapshot::read(&self.node, &session, rtype, id).await?.map(Arc::new))
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.node.changes.subscribe()
    }

    fn others(&self) -> Option<watch::Receiver<Others>> {
        Some(self.node.others.subscribe())
    }
}
