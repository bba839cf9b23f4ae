//! The contract of `store`, on PostgreSQL.

use async_trait::async_trait;
use postgres_fixture::Database;
use search::Extractor;
use std::sync::Arc;
use store_contract::{Knobs, Probe, Stage, Tested};
use store_postgres::{Options, PostgresStore};

struct Postgres;

struct Open(Arc<PostgresStore>, Database);

#[async_trait]
impl Stage for Postgres {
    async fn open(&self, knobs: Knobs) -> Option<Tested> {
        let database = Database::new()?;
        let options = Options {
            queue: knobs.queue,
            batch: knobs.batch,
            probe_limit: knobs.probe_limit,
            extractor: Some(Extractor {
                fingerprint: 1,
                extract: knobs.extract,
            }),
            ..Options::default()
        };
        let store = PostgresStore::open(&database.address(), options).await.unwrap();
        Some(Tested {
            probe: Box::new(Open(store.clone(), database)),
            upkeep: store.clone(),
            store,
        })
    }

    fn tries(&self, cases: u32) -> u32 {
        // Each has a database of its own, which is slow to make.
        cases.div_ceil(8)
    }
}

#[async_trait]
impl Probe for Open {
    async fn problems(&self) -> Vec<String> {
        let _ = &self.1;
        self.0.examine().await.unwrap()
    }

    async fn chain(&self) -> (u64, Vec<String>) {
        let found = self.0.verify_audit().await.unwrap();
        (found.records, found.broken)
    }
}

store_contract::cases!(Postgres);
