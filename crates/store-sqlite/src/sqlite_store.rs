//! The store as the floors above see it.

use crate::audit;
use crate::cache::Cache;
use crate::error::{Backend, Outcome};
use crate::lock::ProcessLock;
use crate::online::Online;
use crate::pool::{self, Lease, News, Pool};
use crate::recent::{self, Views, Waiting};
use crate::snapshot::SqliteSnapshot;
use crate::writer::{self, Job, Queue, Upkeep};
use crate::{Depth, Doctor, Extractor, Options, custom, doctor, reindex, schema, transfer};
use async_trait::async_trait;
use fhir::Definitions;
use parking_lot::Mutex;
use search::accesses::AuditChain;
use search::custom::RTYPE;
use search::{Limits, Rules};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use store::{AuditEntry, Committed, Erased, Snapshot, Store, StoreError, StoredResource, Transaction};
use tokio::sync::watch;

/// A store over one SQLite file.
pub struct SqliteStore {
    path: PathBuf,
    queue: Arc<Queue>,
    pool: Arc<Pool>,
    cache: Arc<Cache>,
    changes: watch::Receiver<u64>,
    rules: Arc<Rules>,
    online: Arc<Online>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    _lock: ProcessLock,
}

fn limits(options: &Options) -> Limits {
    Limits {
        scan: options.scan_limit,
        probe: options.probe_limit,
        include: options.include_limit,
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// A new file is readable by its owner alone: it holds people's health. SQLite gives the log beside it the same mode.
pub(crate) fn make_private(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    match std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
    {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(StoreError::Backend(format!(
            "cannot create {}: {error}",
            path.display()
        ))),
    }
}

impl SqliteStore {
    /// Opens or creates the file, migrates its schema, reindexes it if search definitions changed, starts the writer.
    ///
    /// # Errors
    /// [`StoreError::Backend`] when another store has the file open or SQLite cannot use it; [`StoreError::Schema`]
    /// when a newer or another program wrote it.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Arc<Self>, StoreError> {
        let path = path.as_ref().to_owned();
        let lock = ProcessLock::take(&path)?;
        make_private(&path)?;
        let mut connection = pool::open_writer(&path)?;
        schema::migrate(&mut connection)?;
        // What a program that was killed left in the log: later the readers would look through it.
        connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .at("folding the log in")?;
        transfer::refuse_unfinished(&connection)?;
        let extractor = options.extractor.clone().unwrap_or_else(Extractor::r4);
        let definitions = Definitions::extensible();
        definitions.set_custom(custom::load(&connection, definitions)?);
        let rules = Arc::new(Rules {
            limits: limits(&options),
            extractor,
            definitions,
        });
        reindex::if_needed(&mut connection, &rules, options.progress.as_ref())?;
        let view = recent::recover(&mut connection)?;
        let views = Views::new(view.clone());
        let waiting = Waiting::new(views.clone(), view, options.index_rows);
        let queue = Queue::new(options.queue);
        let (sender, changes) = watch::channel(0);
        let news = Arc::<News>::default();
        let pool = Pool::new(&path, options.snapshots, views.clone(), news.clone(), true);
        // The upkeep reads by itself: it neither takes a client's place nor is turned away when clients are many.
        let own = Pool::new(&path, 2, views, news.clone(), false);
        let online = Online::new(own, queue.clone(), rules.clone(), options.reindex_chunk);
        let cache = Cache::new(options.cache_bytes);
        let writer = writer::start(
            connection,
            &options,
            rules.clone(),
            queue.clone(),
            cache.clone(),
            waiting,
            writer::Readers {
                changes: sender,
                news,
                pool: pool.clone(),
            },
        )?;
        let mut threads = vec![writer];
        if options.background {
            threads.push(online.start()?);
        }
        Ok(Arc::new(Self {
            pool,
            cache,
            rules,
            online,
            threads: Mutex::new(threads),
            _lock: lock,
            path,
            queue,
            changes,
        }))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Transactions that wait for the writer now.
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// Refuses new transactions, finishes those that wait, and ends the writer. Also done when dropped.
    pub fn close(&self) {
        self.online.close();
        self.queue.close();
        for thread in self.threads.lock().drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of the store ended in a panic");
            }
        }
    }

    /// Checks the file: SQLite's own integrity check, and that index rows, counts and packed keys agree.
    /// Reads the whole file; the store keeps working meanwhile.
    pub fn doctor(&self) -> Result<Doctor, StoreError> {
        self.examine(Depth::Structure)
    }

    /// As [`SqliteStore::doctor`], and whether stored versions can be read, the index is what a fresh extraction gives,
    /// and notifications, leases and access records are whole.
    ///
    /// # Errors
    /// SQLite cannot read the file at all.
    pub fn examine(&self, depth: Depth) -> Result<Doctor, StoreError> {
        let mut lease = self.pool.begin()?;
        let db = lease.db()?;
        doctor::examine(&db.connection, &db.view, &self.rules, depth)
    }

    /// Follows the chain of access records from its beginning; the store keeps working meanwhile.
    ///
    /// # Errors
    /// SQLite cannot read the file at all.
    pub fn verify_audit(&self) -> Result<AuditChain, StoreError> {
        self.reader(audit::verify)
    }

    /// The hash that the chain of access records has at a row, in hexadecimal; `None`: there is no such row.
    ///
    /// # Errors
    /// SQLite cannot read the file at all.
    pub fn audit_hash(&self, row: i64) -> Result<Option<String>, StoreError> {
        self.reader(|connection| audit::hash_at(connection, row))
    }

    /// Visits every access record, oldest first, as a line of JSON.
    ///
    /// # Errors
    /// SQLite cannot read the file at all.
    pub fn each_audit(&self, visit: impl FnMut(&str)) -> Result<(), StoreError> {
        self.reader(|connection| audit::each(connection, visit))
    }

    /// Reads something on a snapshot.
    pub(crate) fn reader<T>(&self, read: impl FnOnce(&rusqlite::Connection) -> Outcome<T>) -> Outcome<T> {
        read(&self.pool.begin()?.db()?.connection)
    }

    /// Writes a consistent copy of the file as it is now to `to`, which must not exist; the store keeps working.
    pub fn backup(&self, to: impl AsRef<Path>) -> Result<(), StoreError> {
        doctor::backup(&self.path, to.as_ref())
    }

    /// Waits until the reindex beside other work has nothing more to do.
    pub fn settle(&self) {
        self.online.settle();
    }

    /// Does one chunk of that reindex, where no thread does it ([`Options::background`]); whether there may be another.
    ///
    /// # Errors
    /// [`StoreError::Closed`] and what SQLite refuses; nothing of the chunk was written.
    pub fn reindex_step(&self) -> Result<bool, StoreError> {
        self.online.step()
    }

    /// Writes the file anew without what was removed; whether nothing of it is left in the log either. Other writes wait
    /// meanwhile (about a second for 100 MB).
    ///
    /// # Errors
    /// [`StoreError::Overloaded`] when the writer's queue is full (try later), [`StoreError::Closed`], what SQLite refuses.
    pub async fn compact(&self) -> Result<bool, StoreError> {
        let (job, answer) = Job::compact();
        self.queue.push(job)?;
        let done = answer.await.unwrap_or(Err(StoreError::Closed))?;
        Ok(done.seq == 1)
    }

    /// Does something in the writer's thread, in a commit of its own; what it counted.
    pub(crate) async fn upkeep(&self, work: Upkeep) -> Result<u64, StoreError> {
        let (job, answer) = Job::upkeep(work);
        self.queue.push(job)?;
        answer
            .await
            .unwrap_or(Err(StoreError::Closed))
            .map(|committed| committed.seq)
    }

    /// Search values of user-defined parameters, extracted before the transaction queues for the writer.
    fn extract_custom(&self, transaction: &mut Transaction) -> u64 {
        let custom = self.rules.definitions.custom();
        if !custom.is_empty() {
            for write in &mut transaction.resources {
                let body = write.body.as_deref().unwrap_or_default();
                write.index.extend(custom.extract(&write.rtype, body));
            }
        }
        custom.generation()
    }

    /// A reader at this moment.
    pub(crate) fn begin_lease(&self) -> Outcome<Lease> {
        self.pool.begin()
    }

    fn begin(&self) -> Outcome<SqliteSnapshot> {
        Ok(SqliteSnapshot::new(self.pool.begin_or_go_on()?, self.rules.clone()))
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.close();
    }
}

#[async_trait]
impl Store for SqliteStore {
    /// Dropping the returned future does not take the transaction back.
    async fn commit(&self, mut transaction: Transaction) -> Result<Committed, StoreError> {
        let generation = self.extract_custom(&mut transaction);
        let defines = transaction.resources.iter().any(|write| write.rtype == RTYPE);
        let (job, answer) = Job::new(transaction, generation);
        self.queue.push(job)?;
        let answer = answer.await.unwrap_or(Err(StoreError::Closed));
        if defines {
            self.online.wake();
        }
        answer
    }

    async fn reindex(&self, types: &[String]) -> Result<(), StoreError> {
        let types = types.to_vec();
        let work: Upkeep = Box::new(move |connection, _| {
            types
                .iter()
                .try_for_each(|rtype| custom::begin_pass(connection, rtype))?;
            Ok(types.len() as u64)
        });
        self.upkeep(work).await?;
        self.online.wake();
        Ok(())
    }

    async fn erase(&self, resources: &[(String, String)], entry: AuditEntry) -> Result<Erased, StoreError> {
        self.erase_past(resources, entry).await
    }

    fn definitions(&self) -> &'static Definitions {
        self.rules.definitions
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        Ok(Box::new(self.begin()?))
    }

    async fn read(&self, rtype: &str, id: &str) -> Result<Option<Arc<StoredResource>>, StoreError> {
        let seen = match self.cache.get(rtype, id) {
            Ok(found) => return Ok(Some(found)),
            Err(seen) => seen,
        };
        let found = self.begin()?.read(rtype, id).await?.map(Arc::new);
        if let Some(resource) = &found {
            self.cache.put(seen, resource);
        }
        Ok(found)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.clone()
    }
}
