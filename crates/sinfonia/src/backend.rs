//! Which store a run works on: the SQLite file of the data folder, or a PostgreSQL database.

use anyhow::{Context as _, bail};
use std::path::PathBuf;
use std::sync::Arc;
use store::Store;
use store_postgres::PostgresStore;
use store_sqlite::SqliteStore;

/// Where a run works.
#[derive(Debug, Clone)]
pub struct Place {
    /// Folder of the keys, of the files of bulk exports and, without [`Place::store`], of the store.
    pub data: PathBuf,
    /// Address of a PostgreSQL database. It may hold a password: never printed.
    pub store: Option<String>,
}

impl Place {
    /// The SQLite file, where that is the store.
    pub fn file(&self) -> PathBuf {
        self.data.join("sinfonia.sqlite")
    }

    /// Refuses where there is no store yet.
    pub fn must_exist(&self) -> anyhow::Result<()> {
        if self.store.is_none() && !self.file().exists() {
            bail!("there is no store in {}", self.data.display());
        }
        Ok(())
    }

    /// The store for messages.
    pub fn told(&self) -> String {
        match self.store {
            Some(_) => "the PostgreSQL database".to_owned(),
            None => self.file().display().to_string(),
        }
    }
}

/// The store of a run.
#[derive(Clone)]
pub enum Backend {
    /// One file, one process.
    Sqlite(Arc<SqliteStore>),
    /// One database, any number of processes.
    Postgres(Arc<PostgresStore>),
}

impl Backend {
    /// Opens it; says so when another process holds the file or the database cannot be reached.
    pub async fn open(place: &Place) -> anyhow::Result<Self> {
        let data = &place.data;
        std::fs::create_dir_all(data).with_context(|| format!("cannot make the data folder {}", data.display()))?;
        let progress = Arc::new(|done, all| tracing::info!(done, all, "rebuilding the search index after an update"));
        if let Some(address) = &place.store {
            let options = store_postgres::Options {
                progress: Some(progress),
                ..Default::default()
            };
            return Ok(Self::Postgres(PostgresStore::open(address, options).await?));
        }
        let options = store_sqlite::Options {
            progress: Some(progress),
            ..Default::default()
        };
        Ok(Self::Sqlite(SqliteStore::open(place.file(), options)?))
    }

    /// As the floors above see it.
    pub fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => store.clone(),
            Self::Postgres(store) => store.clone(),
        }
    }

    /// The embedded store, for what only it can do yet.
    ///
    /// # Errors
    /// The run works on PostgreSQL; `what` says what was asked for.
    pub fn sqlite(&self, what: &str) -> anyhow::Result<&Arc<SqliteStore>> {
        match self {
            Self::Sqlite(store) => Ok(store),
            Self::Postgres(_) => bail!("{what} works on the SQLite store only for now; leave it out with --store"),
        }
    }

    /// Writes what is left and closes.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close(),
            Self::Postgres(store) => store.close().await,
        }
    }
}
