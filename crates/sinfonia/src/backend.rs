//! Which store a run works on: the SQLite file of the data folder, or a PostgreSQL database.

use crate::exit::Misconfigured;
use anyhow::{Context as _, bail};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{CommitWatch, Store, Upkeep};
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
    /// From what the command line says; the address may lie in a file.
    ///
    /// # Errors
    /// [`Misconfigured`]: both an address and a file with one are given, or the file cannot be read.
    pub fn of(data: &Path, store: Option<String>, store_file: Option<&Path>) -> anyhow::Result<Self> {
        let store = match (store, store_file) {
            (Some(_), Some(_)) => bail!(Misconfigured(
                "the store has an address and a file with one: leave out --store or --store-file".into()
            )),
            (given, None) => given,
            (None, Some(file)) => Some(secret(file)?),
        };
        Ok(Self {
            data: data.to_owned(),
            store,
        })
    }

    /// The same with how the connection to the database is encrypted, and by whom its certificate must be signed.
    ///
    /// # Errors
    /// [`Misconfigured`]: the store is no database, the address says it already, or it is no mode.
    pub fn encrypted(mut self, mode: Option<&str>, root: Option<&Path>) -> anyhow::Result<Self> {
        if mode.is_none() && root.is_none() {
            return Ok(self);
        }
        let Some(address) = &self.store else {
            bail!(Misconfigured(
                "--store-tls and --store-root-cert are for a database: give its address with --store, or leave them out"
                    .into()
            ));
        };
        let address = store_postgres::with_tls(address, mode, root);
        self.store = Some(address.map_err(|error| Misconfigured(error.to_string()))?);
        Ok(self)
    }

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

/// A secret that lies in a file of its own.
fn secret(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Misconfigured(format!("--store-file {}: {error}", file.display())))?;
    let text = text.trim();
    if text.is_empty() || text.lines().count() > 1 {
        bail!(Misconfigured(format!(
            "--store-file {}: it must hold one line, the address of the database",
            file.display()
        )));
    }
    Ok(text.to_owned())
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
        Self::open_watched(place, None, None).await
    }

    /// As [`Backend::open`]; `watch` is told of each group commit, index rows of a file may fill `index_memory` bytes before they
    /// are written.
    pub async fn open_watched(
        place: &Place,
        watch: Option<Arc<dyn CommitWatch>>,
        index_memory: Option<u64>,
    ) -> anyhow::Result<Self> {
        let data = &place.data;
        std::fs::create_dir_all(data).with_context(|| format!("cannot make the data folder {}", data.display()))?;
        let progress = Arc::new(|done, all| tracing::info!(done, all, "rebuilding the search index after an update"));
        if let Some(address) = &place.store {
            let options = store_postgres::Options {
                progress: Some(progress),
                watch,
                ..Default::default()
            };
            return Ok(Self::Postgres(PostgresStore::open(address, options).await?));
        }
        let mut options = store_sqlite::Options {
            progress: Some(progress),
            watch,
            ..Default::default()
        };
        if let Some(bytes) = index_memory {
            options.index_rows = store_sqlite::Options::rows_in(bytes);
        }
        Ok(Self::Sqlite(SqliteStore::open(place.file(), options)?))
    }

    /// As [`Backend::open`], without work of its own beside that of its user.
    pub async fn open_quiet(place: &Place) -> anyhow::Result<Self> {
        if let Some(address) = &place.store {
            let options = store_postgres::Options {
                background: false,
                ..Default::default()
            };
            return Ok(Self::Postgres(PostgresStore::open(address, options).await?));
        }
        let options = store_sqlite::Options {
            background: false,
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

    /// As it removes what need not be kept any longer.
    pub fn upkeep(&self) -> Arc<dyn Upkeep> {
        match self {
            Self::Sqlite(store) => store.clone(),
            Self::Postgres(store) => store.clone(),
        }
    }

    /// The embedded store, for what only a file needs.
    ///
    /// # Errors
    /// The run works on PostgreSQL; `what` says what was asked for.
    pub fn sqlite(&self, what: &str) -> anyhow::Result<&Arc<SqliteStore>> {
        match self {
            Self::Sqlite(store) => Ok(store),
            Self::Postgres(_) => bail!("{what} is for the SQLite store only; leave it out with --store"),
        }
    }

    /// Transactions that wait for the writer now.
    pub fn waiting(&self) -> usize {
        match self {
            Self::Sqlite(store) => store.waiting(),
            Self::Postgres(store) => store.waiting(),
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
