//! Connections: how each is set up, and the pool of readers.

use crate::codes::Types;
use crate::error::{Backend, Outcome};
use crate::recent::{View, Views};
use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::StoreError;

/// Idle readers kept open.
const IDLE: usize = 16;

/// How often a reader begins again because it came too late for the view of its moment.
const BEGINS: usize = 100;

/// A connection with what it knows of the type table.
#[derive(Debug)]
pub(crate) struct Db {
    /// The connection.
    pub connection: Connection,
    /// Type codes.
    pub types: Types,
    /// Index rows of the snapshot that are not in the file.
    pub view: Arc<View>,
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
            // Beside writes (an audit entry for each request is one) reads are a third faster without.
            "PRAGMA query_only = ON; PRAGMA cache_size = -8192; PRAGMA mmap_size = 0;
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
}

impl Pool {
    /// Readers of `path`, at most `limit` at once.
    pub fn new(path: &Path, limit: usize, views: Arc<Views>) -> Arc<Self> {
        Arc::new(Self {
            path: path.to_owned(),
            idle: Mutex::new(Vec::new()),
            out: AtomicUsize::new(0),
            limit,
            views,
        })
    }

    /// A reader in a read transaction that sees what is committed now.
    pub fn begin(self: &Arc<Self>) -> Outcome<Lease> {
        let waiting = self.out.fetch_add(1, Ordering::Relaxed);
        let mut lease = Lease {
            pool: self.clone(),
            db: None,
        };
        if waiting >= self.limit {
            return Err(StoreError::Overloaded { waiting });
        }
        let idle = self.idle.lock().pop();
        let db = lease.db.insert(match idle {
            Some(db) => db,
            None => open_reader(&self.path)?,
        });
        for _ in 0..BEGINS {
            // A deferred transaction sees the moment of its first read: the epoch, which names the view.
            let epoch = db
                .connection
                .prepare_cached("BEGIN DEFERRED")
                .and_then(|mut begin| begin.execute([]))
                .and_then(|_| {
                    db.connection
                        .prepare_cached("SELECT value FROM meta WHERE name = 'epoch'")
                })
                .and_then(|mut read| read.query_row([], |row| row.get(0)))
                .at("beginning a snapshot")?;
            if let Some(view) = self.views.get(epoch) {
                db.view = view;
                return Ok(lease);
            }
            db.connection
                .prepare_cached("ROLLBACK")
                .and_then(|mut end| end.execute([]))
                .at("beginning a snapshot")?;
        }
        Err(StoreError::Overloaded { waiting })
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
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.out.fetch_sub(1, Ordering::Relaxed);
        let Some(mut db) = self.db.take() else { return };
        db.view = Arc::default();
        let ended = db
            .connection
            .prepare_cached("ROLLBACK")
            .and_then(|mut end| end.execute([]))
            .is_ok();
        if ended && db.connection.is_autocommit() {
            let mut idle = self.pool.idle.lock();
            if idle.len() < IDLE {
                idle.push(db);
            }
        }
    }
}
