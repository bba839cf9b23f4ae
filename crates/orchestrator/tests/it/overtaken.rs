//! A request is sent again while its first try is still under way, and that overtakes it: found by the fault campaign.

use crate::models::{bpmn, flow};
use crate::support::{System, gp};
use async_trait::async_trait;
use fhir::Definitions;
use orchestrator::api::{SendMessage, StartInstance};
use orchestrator::{Idempotency, Orchestrator, OrchestratorError};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::{AuditEntry, Committed, Erased, SequentialIds, Snapshot, Store, StoreError, StoredResource, Transaction};

/// A store where another one's request is carried out just before the snapshot of this number is taken.
struct Overtaken {
    inner: Arc<dyn Store>,
    first: Arc<Orchestrator>,
    request: SendMessage,
    key: Idempotency,
    left: AtomicUsize,
}

#[async_trait]
impl Store for Overtaken {
    async fn commit(&self, transaction: Transaction) -> Result<Committed, StoreError> {
        self.inner.commit(transaction).await
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            let sent = self
                .first
                .send_message(&gp(), self.request.clone(), Some(&self.key))
                .await;
            assert_eq!(sent.unwrap().delivered.len(), 1);
        }
        self.inner.snapshot().await
    }

    async fn read(&self, rtype: &str, id: &str) -> Result<Option<Arc<StoredResource>>, StoreError> {
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

#[tokio::test]
async fn a_message_whose_first_try_arrives_meanwhile_is_answered_by_its_first_answer() {
    let system = System::new();
    let body = format!(
        r#"<bpmn:startEvent id="a"/><bpmn:intermediateCatchEvent id="b"><bpmn:messageEventDefinition id="e" messageRef="m"/></bpmn:intermediateCatchEvent><bpmn:endEvent id="c"/>{}{}"#,
        flow("a", "b"),
        flow("b", "c"),
    );
    let extra = r#"<bpmn:message id="m" name="esito"/>"#;
    system.deploy("attesa.bpmn", bpmn(extra, "attesa", &body)).await;
    let mut overtaken = 0;
    for at in 1..8 {
        let start = StartInstance {
            definition: "attesa".into(),
            business_key: Some(format!("k-{at}")),
            ..StartInstance::default()
        };
        let instance = system.orchestrator.start(&gp(), start, None).await.unwrap().id;
        let request = SendMessage {
            name: "esito".into(),
            key: Some(format!("k-{at}")),
            ..SendMessage::default()
        };
        let key = Idempotency::new(&gp(), "message", &instance, &request);
        let store = Arc::new(Overtaken {
            inner: system.store.clone(),
            first: system.orchestrator.clone(),
            request: request.clone(),
            key: key.clone(),
            left: AtomicUsize::new(at),
        });
        let ids = Arc::new(SequentialIds::new(format!("s{at}")));
        let second = Orchestrator::new(store.clone(), system.clock.clone(), ids, system.config.clone());
        match second.send_message(&gp(), request, Some(&key)).await {
            Ok(correlated) => assert_eq!(correlated.delivered, [instance]),
            Err(OrchestratorError::Repeated(answer)) => {
                overtaken += 1;
                assert_eq!((answer.status, &answer.body["delivered"][0]), (200, &instance.into()));
            }
            Err(other) => panic!("overtaken at snapshot {at}: {other}"),
        }
    }
    assert!(overtaken > 2, "the first try came first only {overtaken} times");
}
