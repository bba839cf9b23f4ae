//! Connections: how each is set up, and the pool of readers.

use crate::codes::Types;
use crate::error::{Backend, Outcome};
use crate::recent::{View, Views};
use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use store::StoreError;

/// Idle readers kept open.
const IDLE: usize = 16;

/// How often a reader begins again because it came too late for the view of its moment.
const BEGINS: usize = 100;

/// How much was committed, for readers that ask whether they still see all of it.
///
/// SQLite forgets a reader's pages whenever the file was written to since its last transaction, and each request writes an access
/// record. So a reader that goes back keeps its transaction, and the next search goes on in it as long as nothing else was written
/// and the log is not to be folded in.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// Commits that wrote more than access records.
    written: AtomicU64,
    /// How often the log was to be folded in: a transaction that stays would hold it.
    folds: AtomicU64,
}

impl News {
    /// A commit that wrote more than access records is on disk, and nobody was told yet.
    pub fn written(&self) {
        self.written.fetch_add(1, Ordering::SeqCst);
    }

    fn now(&self) -> Moment {
        Moment {
            written: self.written.load(Ordering::SeqCst),
            folds: self.folds.load(Ordering::SeqCst),
        }
    }
}

/// What had been committed at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moment {
    written: u64,
    folds: u64,
}

/// A connection with what it knows of the type table.
#[derive(Debug)]
pub(crate) struct Db {
    /// The connection.
    pub connection: Connection,
    /// Type codes.
    pub types: Types,
    /// Index rows of the snapshot that are not in the file.
    pub view: Arc<View>,
    /// What had been committed before its transaction began; `None`: it is in none.
    begun: Option<Moment>,
}

impl Db {
    /// Ends its transaction; whether that went well.
    fn end(&mut self) -> bool {
        self.view = Arc::default();
        if self.begun.take().is_none() {
            return self.connection.is_autocommit();
        }
        let ended = self.connection.prepare_cached("ROLLBACK");
        ended.and_then(|mut end| end.execute([])).is_ok() && self.connection.is_autocommit()
    }
}

/// The writer's connection: creates the file if need be.
pub(crate) fn open_writer(path: &Path) -> Outcome<Connection> {
    let connection = Connection::open(path).at(&format!("opening {}", path.display()))?;
    connection
        .execute_batch(
            // The log is checkpointed by the writer itself (see writer::checkpoint), not inside a commit.
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;
             PRAGMA cache_size = -131072; PRAGMA mmap_size = 1073741824; PRAGMA temp_store = MEMORY;
             PRAGMA foreign_keys = OFF; PRAGMA cell_size_check = ON;",
        )
        .at(&format!("setting up {} (is this an SQLite file?)", path.display()))?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

fn open_reader(path: &Path) -> Outcome<Db> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).at(&format!("opening {}", path.display()))?;
    connection
        .execute_batch(
            // No mapping: SQLite takes it down whenever the file was written to, and with it the work of every page fault.
            // The pages kept instead hold the inner pages of a file of twenty gigabytes.
            "PRAGMA query_only = ON; PRAGMA cache_size = -65536; PRAGMA mmap_size = 0;
             PRAGMA temp_store = MEMORY; PRAGMA busy_timeout = 5000;",
        )
        .at("setting up a reader")?;
    // Otherwise SQLite plans a statement again for each new value of a range: our plans are chosen above it.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .at("setting up a reader")?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(Db {
        connection,
        types: Types::default(),
        view: Arc::default(),
        begun: None,
    })
}

/// The readers.
#[derive(Debug)]
pub(crate) struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Db>>,
    out: AtomicUsize,
    limit: usize,
    views: Arc<Views>,
    news: Arc<News>,
    keeps: bool,
}

impl Pool {
    /// Readers of `path`, at most `limit` at once. `keeps`: those that come back keep their transaction, and who folds the log in
    /// tells this pool ([`Pool::release`]).
    pub fn new(path: &Path, limit: usize, views: Arc<Views>, news: Arc<News>, keeps: bool) -> Arc<Self> {
        Arc::new(Self {
            path: path.to_owned(),
            idle: Mutex::new(Vec::new()),
            out: AtomicUsize::new(0),
            limit,
            views,
            news,
            keeps,
        })
    }

    /// A reader in a read transaction that sees what is committed now.
    pub fn begin(self: &Arc<Self>) -> Outcome<Lease> {
        let mut lease = self.lease()?;
        lease.renew()?;
        Ok(lease)
    }

    /// A reader that sees what is committed now, of access records perhaps not the newest: those need [`Lease::renew`].
    pub fn begin_or_go_on(self: &Arc<Self>) -> Outcome<Lease> {
        let mut lease = self.lease()?;
        if lease.db()?.begun != Some(self.news.now()) {
            lease.renew()?;
        }
        Ok(lease)
    }

    fn lease(self: &Arc<Self>) -> Outcome<Lease> {
        let waiting = self.out.fetch_add(1, Ordering::Relaxed);
        let mut lease = Lease {
            pool: self.clone(),
            db: None,
        };
        if waiting >= self.limit {
            return Err(StoreError::Overloaded { waiting });
        }
        let idle = self.idle.lock().pop();
        lease.db = Some(match idle {
            Some(db) => db,
            None => open_reader(&self.path)?,
        });
        Ok(lease)
    }

    /// Ends the transactions of the readers that nobody has, before the log is folded in; the others end theirs when they come back.
    pub fn release(&self) {
        self.news.folds.fetch_add(1, Ordering::SeqCst);
        self.idle.lock().retain_mut(Db::end);
    }
}

/// A reader on loan; ends its transaction and goes back when dropped.
#[derive(Debug)]
pub(crate) struct Lease {
    pool: Arc<Pool>,
    db: Option<Db>,
}

impl Lease {
    /// The reader.
    pub fn db(&mut self) -> Outcome<&mut Db> {
        self.db.as_mut().ok_or(StoreError::Closed)
    }

    /// Begins a transaction that sees what is committed now.
    pub fn renew(&mut self) -> Outcome<()> {
        let db = self.db.as_mut().ok_or(StoreError::Closed)?;
        if !db.end() {
            return Err(StoreError::Backend("a reader's transaction does not end".into()));
        }
        for _ in 0..BEGINS {
            let begun = self.pool.news.now();
            // A deferred transaction sees the moment of its first read: the epoch, which names the view.
            let epoch = db
                .connection
                .prepare_cached("BEGIN DEFERRED")
                .and_then(|mut begin| begin.execute([]))
                .and_then(|_| {
                    db.begun = Some(begun);
                    db.connection
                        .prepare_cached("SELECT value FROM meta WHERE name = 'epoch'")
                })
                .and_then(|mut read| read.query_row([], |row| row.get(0)))
                .at("beginning a snapshot")?;
            if let Some(view) = self.pool.views.get(epoch) {
                db.view = view;
                return Ok(());
            }
            if !db.end() {
                break;
            }
        }
        let waiting = self.pool.out.load(Ordering::Relaxed);
        Err(StoreError::Overloaded { waiting })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.out.fetch_sub(1, Ordering::Relaxed);
        let Some(mut db) = self.db.take() else { return };
        // SQLite itself may have ended the transaction over an error.
        let stays = self.pool.keeps && db.begun == Some(self.pool.news.now()) && !db.connection.is_autocommit();
        if stays || db.end() {
            let mut idle = self.pool.idle.lock();
            if idle.len() < IDLE {
                idle.push(db);
            }
        }
    }
}
