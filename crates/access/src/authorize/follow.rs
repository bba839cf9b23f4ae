//! Where several nodes share a store: what another node writes unties people here too, as soon as it is heard of.

use super::authorizer::Authorizer;
use super::ties::{CANDIDATE_SYSTEM, EVERYBODY, GRANT, WATCHED};
use fhir::ReferenceText;
use serde_json::Value;
use store::{Store, StoreError, StoredResource};

/// Versions read at once.
const BATCH: usize = 500;

impl Authorizer {
    /// Hears what other nodes commit, until the store closes; returns at once where one process has the store for itself.
    /// What is remembered of somebody is forgotten some milliseconds after another node has acknowledged a write that names
    /// them, and a minute after when the word was lost.
    pub async fn follow(&self) {
        let Some(store) = self.watched() else { return };
        let Some(mut others) = store.others() else { return };
        let mut before = others.borrow_and_update().clone();
        let mut position = *store.changes().borrow();
        while others.changed().await.is_ok() {
            let now = others.borrow_and_update().clone();
            if now.changed(&before, &format!("record:{GRANT}")) {
                // Rare: an emergency, an unlocking.
                self.forget_everybody();
            }
            if WATCHED
                .iter()
                .any(|rtype| now.changed(&before, &format!("type:{rtype}")))
            {
                match self.catch_up(store.as_ref(), position).await {
                    Ok(to) => position = to,
                    Err(StoreError::Closed) => return,
                    Err(error) => {
                        tracing::warn!(%error, "what another node wrote cannot be read: everything remembered is forgotten");
                        self.forget_everybody();
                    }
                }
            }
            before = now;
        }
    }

    async fn catch_up(&self, store: &dyn Store, mut position: u64) -> Result<u64, StoreError> {
        let types: Vec<String> = WATCHED.iter().map(|rtype| (*rtype).to_owned()).collect();
        loop {
            let mut snapshot = store.snapshot().await?;
            let page = snapshot.feed(position, BATCH, &types).await?;
            for change in &page.changes {
                let version = &change.resource;
                self.unties(version);
                if version.version > 1
                    && let Some(old) = snapshot.vread(&version.rtype, &version.id, version.version - 1).await?
                {
                    self.unties(&old);
                }
            }
            if page.position == position {
                return Ok(position);
            }
            position = page.position;
        }
    }

    /// Everybody whom a version names is asked about anew.
    fn unties(&self, version: &StoredResource) {
        let (rtype, epochs) = (version.rtype.as_str(), self.epochs());
        if let Some(patient) = &version.patient {
            epochs.touch(rtype, ("Patient", patient));
        }
        if rtype == "Practitioner" {
            epochs.touch(rtype, ("Practitioner", &version.id));
        }
        if rtype == "Consent" {
            epochs.touch(rtype, EVERYBODY);
        }
        let Some(mut body) = version
            .body
            .as_deref()
            .and_then(|body| serde_json::from_slice(body).ok())
        else {
            return;
        };
        fhir::for_each_reference(&mut body, &mut |text| {
            if let ReferenceText::Local { rtype: to, id, .. } = ReferenceText::parse(text) {
                epochs.touch(rtype, (to, id));
            }
        });
        candidates(&body, &mut |to, id| epochs.touch(rtype, (to, id)));
    }
}

/// To whom a step is offered in person.
fn candidates(value: &Value, visit: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::Array(list) => list.iter().for_each(|one| candidates(one, visit)),
        Value::Object(fields) => {
            if value["system"] == CANDIDATE_SYSTEM
                && let Some((rtype, id)) = value["code"].as_str().and_then(|code| code.split_once('/'))
            {
                visit(rtype, id);
            }
            fields.values().for_each(|one| candidates(one, visit));
        }
        _ => {}
    }
}
