//! The store that a suite runs on: SQLite in a folder, or, where the environment variable `SINFONIA_TEST_STORE` is `postgres`, a
//! database of its own on a throw-away cluster. So one suite runs on both, without knowing which.

use postgres_fixture::Database;
use std::path::Path;
use std::sync::Arc;
use store::Store;
use store_postgres::PostgresStore;
use store_sqlite::SqliteStore;
use tokio::runtime::Runtime;

/// A store, and what it lies in.
pub struct TestStore {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The same, where it is SQLite: for what only that can do.
    pub sqlite: Option<Arc<SqliteStore>>,
    server: Option<Server>,
}

struct Server {
    database: Arc<Database>,
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

/// Opens a store in a folder, which may hold it already.
///
/// # Panics
/// It cannot be opened.
pub fn open(file: &Path, queue: Option<usize>) -> TestStore {
    match Database::asked() {
        Some(database) => on_server(Arc::new(database), queue),
        None => {
            let mut options = store_sqlite::Options::default();
            options.queue = queue.unwrap_or(options.queue);
            let sqlite = SqliteStore::open(file, options).expect("the file can be opened");
            TestStore {
                store: sqlite.clone(),
                sqlite: Some(sqlite),
                server: None,
            }
        }
    }
}

fn on_server(database: Arc<Database>, queue: Option<usize>) -> TestStore {
    let mut options = store_postgres::Options::default();
    options.queue = queue.unwrap_or(options.queue);
    let address = database.address();
    // Suites open stores where nothing may be waited for: the waiting is done elsewhere.
    let open = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let store = runtime.block_on(PostgresStore::open(&address, options));
        (runtime, store.expect("the database can be opened"))
    });
    let (runtime, store) = open.join().expect("the database can be opened");
    TestStore {
        store: store.clone(),
        sqlite: None,
        server: Some(Server {
            database,
            store,
            runtime: Some(runtime),
        }),
    }
}

impl TestStore {
    /// Closes it and opens what it left, as a program that is started again.
    ///
    /// # Panics
    /// It cannot be opened again.
    pub fn reopen(self, file: &Path) -> Self {
        match &self.server {
            None => {
                if let Some(sqlite) = &self.sqlite {
                    sqlite.close();
                }
                drop(self);
                open(file, None)
            }
            Some(server) => {
                let (database, store) = (server.database.clone(), server.store.clone());
                let handle = server.runtime.as_ref().map(|runtime| runtime.handle().clone());
                let closing = std::thread::spawn(move || {
                    if let Some(handle) = handle {
                        handle.block_on(store.close());
                    }
                });
                closing.join().expect("the store can be closed");
                drop(self);
                on_server(database, None)
            }
        }
    }
}
