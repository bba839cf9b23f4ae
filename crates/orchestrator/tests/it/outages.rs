//! The store fails for a while: what is due stays due.

use crate::models::{line, timer, user_task};
use crate::support::System;
use access::Actor;
use async_trait::async_trait;
use fhir::Definitions;
use jiff::SignedDuration;
use orchestrator::Orchestrator;
use orchestrator::api::StartInstance;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::{AuditEntry, Committed, Erased, SequentialIds, Snapshot, Store, StoreError, StoredResource, Transaction};

/// A store that can be told to refuse reading, or writing.
struct Failing {
    inner: Arc<dyn Store>,
    reads: AtomicBool,
    writes: AtomicBool,
}

impl Failing {
    fn or_fail(&self, fails: &AtomicBool) -> Result<(), StoreError> {
        if fails.load(Ordering::Relaxed) {
            return Err(StoreError::Unreachable("for a while".into()));
        }
        Ok(())
    }
}

#[async_trait]
impl Store for Failing {
    async fn commit(&self, transaction: Transaction) -> Result<Committed, StoreError> {
        self.or_fail(&self.writes)?;
        self.inner.commit(transaction).await
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        self.or_fail(&self.reads)?;
        self.inner.snapshot().await
    }

    async fn read(&self, rtype: &str, id: &str) -> Result<Option<Arc<StoredResource>>, StoreError> {
        self.or_fail(&self.reads)?;
        self.inner.read(rtype, id).await
    }

    async fn reindex(&self, types: &[String]) -> Result<(), StoreError> {
        self.inner.reindex(types).await
    }

    async fn erase(&self, resources: &[(String, String)], entry: AuditEntry) -> Result<Erased, StoreError> {
        self.inner.erase(resources, entry).await
    }

    fn definitions(&self) -> &'static Definitions {
        self.inner.definitions()
    }

    fn changes(&self) -> tokio::sync::watch::Receiver<u64> {
        self.inner.changes()
    }
}

/// Found by the fault campaign: it was forgotten until another timer was set, or put off by five minutes.
#[tokio::test]
async fn a_timer_that_falls_due_while_the_store_fails_fires_as_soon_as_it_works() {
    let system = System::new();
    let steps = [timer("un-giorno", "P1D"), user_task("richiamo", "mmg")];
    system.deploy("attesa.bpmn", line("", "attesa", &steps)).await;
    let store = Arc::new(Failing {
        inner: system.store.clone(),
        reads: AtomicBool::new(false),
        writes: AtomicBool::new(false),
    });
    let ids = Arc::new(SequentialIds::new("guasto"));
    let orchestrator = Orchestrator::new(store.clone(), system.clock.clone(), ids, system.config.clone());
    for fails in [&store.reads, &store.writes] {
        let request = StartInstance {
            definition: "attesa".into(),
            ..StartInstance::default()
        };
        let started = orchestrator.start(&Actor::system(), request, None).await.unwrap();
        orchestrator.settle().await.unwrap();
        system.advance(SignedDuration::from_hours(24));
        fails.store(true, Ordering::Relaxed);
        orchestrator.settle().await.expect_err("the store fails");
        fails.store(false, Ordering::Relaxed);
        // Not a second has passed.
        orchestrator.settle().await.unwrap();
        assert_eq!(system.tokens(&started.id).await, ["richiamo"]);
    }
}
