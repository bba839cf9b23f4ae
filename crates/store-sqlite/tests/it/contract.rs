//! The contract of `store`, on SQLite.

use crate::common::options;
use async_trait::async_trait;
use std::sync::Arc;
use store_contract::{Knobs, Probe, Stage, Tested};
use store_sqlite::{Extractor, Options, SqliteStore};

struct Sqlite;

struct Open(Arc<SqliteStore>, tempfile::TempDir);

#[async_trait]
impl Stage for Sqlite {
    async fn open(&self, knobs: Knobs) -> Option<Tested> {
        let options = Options {
            queue: knobs.queue,
            batch: knobs.batch,
            probe_limit: knobs.probe_limit,
            extractor: Some(Extractor {
                fingerprint: 1,
                extract: knobs.extract,
            }),
            ..options()
        };
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(directory.path().join("s.db"), options).unwrap();
        Some(Tested {
            probe: Box::new(Open(store.clone(), directory)),
            upkeep: store.clone(),
            store,
        })
    }
}

#[async_trait]
impl Probe for Open {
    async fn problems(&self) -> Vec<String> {
        let _ = self.1.path();
        self.0.doctor().unwrap().problems
    }

    async fn chain(&self) -> (u64, Vec<String>) {
        let found = self.0.verify_audit().unwrap();
        (found.records, found.broken)
    }
}

store_contract::cases!(Sqlite);
