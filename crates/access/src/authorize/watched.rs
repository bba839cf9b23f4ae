//! A store whose commits tell who is tied to whom anew.

use super::epochs::Epochs;
use super::ties::{CANDIDATE_SYSTEM, EVERYBODY, GRANT, WATCHED, concerns_everybody};
use crate::{SpanKind, spans, trace};
use async_trait::async_trait;
use fhir::{Definitions, IndexValue, ReferenceText};
use std::sync::Arc;
use store::{AuditEntry, Committed, Erased, ResourceWrite, Snapshot, Store, StoreError, StoredResource, Transaction};

/// Wraps a store: what a request writes carries the record of the access; and after each commit, before it is
/// acknowledged, what was remembered of the people it names is forgotten.
pub(super) struct Watched {
    pub(super) inner: Arc<dyn Store>,
    pub(super) epochs: Epochs,
}

/// A resource version that ties people, by what can be told before the commit.
struct Tying {
    rtype: String,
    id: String,
    version: u64,
    named: Vec<(String, String)>,
}

impl Tying {
    fn of(write: &ResourceWrite) -> Option<Self> {
        if !WATCHED.contains(&write.rtype.as_str()) {
            return None;
        }
        let named = write.index.iter().filter_map(|entry| match &entry.value {
            IndexValue::Reference { rtype, id } => Some((rtype.to_string(), id.to_string())),
            // To whom a step is offered in person.
            IndexValue::Token { system, code } if system == CANDIDATE_SYSTEM => {
                let (rtype, id) = code.split_once('/')?;
                Some((rtype.to_owned(), id.to_owned()))
            }
            _ => None,
        });
        let mut named: Vec<_> = named.collect();
        if let Some(patient) = &write.patient {
            named.push(("Patient".into(), patient.clone()));
        }
        if write.rtype == "Practitioner" {
            named.push((write.rtype.clone(), write.id.clone()));
        }
        // What was said to everybody keeps its category when it is taken back; a deleted one may have been of that kind.
        if write.rtype == "Consent" && (write.body.is_none() || concerns_everybody(&write.index)) {
            named.push((EVERYBODY.0.into(), EVERYBODY.1.into()));
        }
        Some(Self {
            named,
            rtype: write.rtype.clone(),
            id: write.id.clone(),
            version: write.version,
        })
    }
}

impl Watched {
    fn touch(&self, tying: &Tying) {
        for (rtype, id) in &tying.named {
            self.epochs.touch(&tying.rtype, (rtype, id));
        }
    }

    /// Whom the version before this one named: they may be tied no more.
    async fn before(&self, tying: &Tying) -> Result<(), StoreError> {
        let mut snapshot = self.inner.snapshot().await?;
        let Some(old) = snapshot.vread(&tying.rtype, &tying.id, tying.version - 1).await? else {
            return Ok(());
        };
        if let Some(patient) = &old.patient {
            self.epochs.touch(&tying.rtype, ("Patient", patient));
        }
        let Some(mut value) = old.body.as_deref().and_then(|body| serde_json::from_slice(body).ok()) else {
            return Ok(());
        };
        fhir::for_each_reference(&mut value, &mut |text| {
            if let ReferenceText::Local { rtype, id, .. } = ReferenceText::parse(text) {
                self.epochs.touch(&tying.rtype, (rtype, id));
            }
        });
        Ok(())
    }
}

#[async_trait]
impl Store for Watched {
    async fn commit(&self, mut transaction: Transaction) -> Result<Committed, StoreError> {
        let record = trace::for_commit(&transaction);
        transaction.audit.extend(record.clone());
        let tying: Vec<Tying> = transaction.resources.iter().filter_map(Tying::of).collect();
        let grants: Vec<String> = transaction
            .records
            .iter()
            .filter(|record| record.kind == GRANT)
            .map(|record| record.key.clone())
            .collect();
        let committed = spans::part("store.commit", SpanKind::Internal, self.inner.commit(transaction)).await?;
        trace::committed(record.as_ref());
        for write in &tying {
            self.touch(write);
            if write.version > 1 {
                self.before(write).await?;
            }
        }
        for key in grants {
            if let Some((rtype, id)) = super::ties::grant_holder(&key) {
                self.epochs.touch(GRANT, (rtype, id));
            }
        }
        Ok(committed)
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
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

    fn others(&self) -> Option<tokio::sync::watch::Receiver<store::Others>> {
        self.inner.others()
    }
}
