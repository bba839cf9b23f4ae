//! The store that a suite runs on: SQLite in a folder, or, where the environment variable `SINFONIA_TEST_STORE` is `postgres`, a
//! database of its own on a throw-away cluster. So one suite runs on both, without knowing which.

use postgres_fixture::Database;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{Store, Upkeep};
use store_postgres::PostgresStore;
use store_sqlite::SqliteStore;
use tokio::runtime::Runtime;

/// A store, and what it lies in.
pub struct TestStore {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The same, as it removes what need not be kept.
    pub upkeep: Arc<dyn Upkeep>,
    /// The same, where it is SQLite: for what only that can do.
    pub sqlite: Option<Arc<SqliteStore>>,
    server: Option<Server>,
}

struct Server {
    /// Where it is ours to keep.
    database: Option<Arc<Database>>,
    address: String,
    store: Arc<PostgresStore>,
    runtime: Option<Runtime>,
}

impl Drop for Server {
    fn drop(&mut self) {
        // A runtime cannot wait for its tasks inside another one.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A folder, and the store in it, for as long as a test runs.
pub struct Stand {
    /// The store, and what it lies in.
    pub under: TestStore,
    /// The folder.
    pub folder: tempfile::TempDir,
}

/// A new store in a folder of its own; it goes with what is given second.
///
/// # Panics
/// It cannot be opened.
pub fn stand() -> (Arc<dyn Store>, Stand) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let under = open(&folder.path().join("test.sqlite"), None);
    (under.store.clone(), Stand { under, folder })
}

impl Stand {
    /// Whether anything that the store lies in still holds these bytes: any file of the folder, or any row of the database.
    ///
    /// # Panics
    /// It cannot be read.
    pub fn holds(&self, text: &str) -> bool {
        if let Some(server) = &self.under.server
            && let Some(database) = &server.database
        {
            let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
            let dump = database.dump();
            return dump.contains(text) || dump.contains(&hex);
        }
        let files = std::fs::read_dir(self.folder.path()).expect("the folder can be read");
        files
            .map(|file| std::fs::read(file.expect("a file").path()).expect("a file can be read"))
            .map(|bytes| store_sqlite::legible(&bytes))
            .any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
    }
}

/// Where a store lies that is opened more than once, also by another process.
pub struct Place {
    at: At,
}

enum At {
    File(PathBuf),
    Database(Arc<Database>),
    Address(String),
}

impl Place {
    /// A new place: a file of this name, which nobody made yet, or an empty database, which goes with this.
    pub fn new(file: &Path) -> Self {
        let at = match Database::asked() {
            Some(database) => At::Database(Arc::new(database)),
            None => At::File(file.to_owned()),
        };
        Self { at }
    }

    /// An empty database of its own, whichever store suites run on: for what several nodes do. `None`, said loudly, where
    /// PostgreSQL is not installed.
    pub fn on_server() -> Option<Self> {
        let at = At::Database(Arc::new(Database::new()?));
        Some(Self { at })
    }

    /// In words, for another process.
    pub fn told(&self) -> String {
        match &self.at {
            At::File(file) => file.display().to_string(),
            At::Database(database) => database.address(),
            At::Address(address) => address.clone(),
        }
    }

    /// Of what [`Place::told`] said in another process, which keeps it.
    pub fn of(told: &str) -> Self {
        let at = if told.starts_with("host=") {
            At::Address(told.to_owned())
        } else {
            At::File(told.into())
        };
        Self { at }
    }

    /// Opens the store, as it was left.
    ///
    /// # Panics
    /// It cannot be opened.
    pub fn open(&self, queue: Option<usize>) -> TestStore {
        match &self.at {
            At::File(file) => in_file(file, queue),
            At::Database(database) => on_server(Some(database.clone()), database.address(), queue),
            At::Address(address) => on_server(None, address.clone(), queue),
        }
    }
}

/// Opens a store in a folder, which may hold it already.
///
/// # Panics
/// It cannot be opened.
pub fn open(file: &Path, queue: Option<usize>) -> TestStore {
    Place::new(file).open(queue)
}

fn in_file(file: &Path, queue: Option<usize>) -> TestStore {
    let mut options = store_sqlite::Options::default();
    options.queue = queue.unwrap_or(options.queue);
    let sqlite = SqliteStore::open(file, options).expect("the file can be opened");
    TestStore {
        store: sqlite.clone(),
        upkeep: sqlite.clone(),
        sqlite: Some(sqlite),
        server: None,
    }
}

fn on_server(database: Option<Arc<Database>>, address: String, queue: Option<usize>) -> TestStore {
    let mut options = store_postgres::Options::default();
    options.queue = queue.unwrap_or(options.queue);
    let at = address.clone();
    // Suites open stores where nothing may be waited for: the waiting is done elsewhere.
    let open = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let store = runtime.block_on(PostgresStore::open(&at, options));
        (runtime, store.expect("the database can be opened"))
    });
    let (runtime, store) = open.join().expect("the database can be opened");
    TestStore {
        store: store.clone(),
        upkeep: store.clone(),
        sqlite: None,
        server: Some(Server {
            database,
            address,
            store,
            runtime: Some(runtime),
        }),
    }
}

impl TestStore {
    /// How many references to the open store this holds itself: for a test that waits until nobody else has one.
    pub fn holders(&self) -> usize {
        // `store`, `upkeep`, and the store by its own type.
        3
    }

    /// Closes it and opens what it left, as a program that is started again.
    ///
    /// # Panics
    /// It cannot be opened again.
    pub fn reopen(self, file: &Path) -> Self {
        match &self.server {
            None => {
                self.close();
                drop(self);
                in_file(file, None)
            }
            Some(server) => {
                let (database, address) = (server.database.clone(), server.address.clone());
                self.close();
                drop(self);
                on_server(database, address, None)
            }
        }
    }

    /// Closes it, having done what waits.
    ///
    /// # Panics
    /// It cannot be closed.
    pub fn close(&self) {
        if let Some(sqlite) = &self.sqlite {
            sqlite.close();
        }
        let Some(server) = &self.server else { return };
        let store = server.store.clone();
        let handle = server.runtime.as_ref().map(|runtime| runtime.handle().clone());
        let closing = std::thread::spawn(move || {
            if let Some(handle) = handle {
                handle.block_on(store.close());
            }
        });
        closing.join().expect("the store can be closed");
    }
}
