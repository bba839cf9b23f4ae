//! The store as the floors above see it.

use crate::cache::Cache;
use crate::error::Outcome;
use crate::lock::ProcessLock;
use crate::pool::{self, Pool};
use crate::snapshot::SqliteSnapshot;
use crate::writer::{self, Job, Queue};
use crate::{Doctor, Extractor, Options, doctor, reindex, schema};
use async_trait::async_trait;
use parking_lot::Mutex;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use store::{Committed, Snapshot, Store, StoreError, StoredResource, Transaction};
use tokio::sync::watch;

/// A store over one SQLite file.
pub struct SqliteStore {
    path: PathBuf,
    queue: Arc<Queue>,
    pool: Arc<Pool>,
    cache: Arc<Cache>,
    changes: watch::Receiver<u64>,
    limits: Limits,
    writer: Mutex<Option<JoinHandle<()>>>,
    _lock: ProcessLock,
}

/// What a search may cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub scan: u64,
    pub probe: u64,
    pub include: usize,
}

impl From<&Options> for Limits {
    fn from(options: &Options) -> Self {
        Self {
            scan: options.scan_limit,
            probe: options.probe_limit,
            include: options.include_limit,
        }
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
fn make_private(path: &Path) -> Result<(), StoreError> {
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
        let extractor = options.extractor.clone().unwrap_or_else(Extractor::r4);
        reindex::if_needed(&mut connection, &extractor, options.progress.as_ref())?;
        let queue = Queue::new(options.queue);
        let (sender, changes) = watch::channel(0);
        let cache = Cache::new(options.cache_bytes);
        let writer = writer::start(connection, &options, queue.clone(), sender, cache.clone())?;
        Ok(Arc::new(Self {
            pool: Pool::new(&path, options.snapshots),
            cache,
            limits: Limits::from(&options),
            writer: Mutex::new(Some(writer)),
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

    /// Refuses new transactions, finishes those that wait, and ends the writer. Also done when dropped.
    pub fn close(&self) {
        self.queue.close();
        if let Some(writer) = self.writer.lock().take()
            && writer.join().is_err()
        {
            tracing::error!("the store's writer ended in a panic");
        }
    }

    /// Checks the file: SQLite's own integrity check, and that index rows, counts and packed keys agree.
    /// Reads the whole file; the store keeps working meanwhile.
    pub fn doctor(&self) -> Result<Doctor, StoreError> {
        doctor::examine(&self.pool.begin()?.db()?.connection)
    }

    /// Writes a consistent copy of the file as it is now to `to`, which must not exist; the store keeps working.
    pub fn backup(&self, to: impl AsRef<Path>) -> Result<(), StoreError> {
        doctor::backup(&self.path, to.as_ref())
    }

    fn begin(&self) -> Outcome<SqliteSnapshot> {
        Ok(SqliteSnapshot::new(self.pool.begin()?, self.limits))
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
    async fn commit(&self, transaction: Transaction) -> Result<Committed, StoreError> {
        let (job, answer) = Job::new(transaction);
        self.queue.push(job)?;
        answer.await.unwrap_or(Err(StoreError::Closed))
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
