//! Tickets: what a browser carries from one step to the next, sealed, so that a stranger who begins many sign-ins fills no
//! table. Only what was finished leaves a row (record kind `used`), so that a ticket is good for one end.

use super::account::record;
use crate::{AccessError, Refused, Seal};
use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::{Clock, Random, RecordWrite, Store};

/// How long a ticket is good for.
pub(crate) const LIFETIME: SignedDuration = SignedDuration::from_mins(10);
const USED: &str = "used";
/// Past rows cleared with each new one, at most.
const SWEEP: usize = 50;
/// Longest ticket read, bytes.
const MAX: usize = 16 * 1024;

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    id: String,
    until: Timestamp,
    body: T,
}

/// A ticket that was opened.
pub(crate) struct Opened<T> {
    /// What it holds.
    pub body: T,
    id: String,
    until: Timestamp,
}

/// Makes and opens tickets.
#[derive(Clone)]
pub(crate) struct Tickets {
    seal: Seal,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    store: Arc<dyn Store>,
}

impl Tickets {
    pub(crate) fn new(seal: Seal, clock: Arc<dyn Clock>, random: Arc<dyn Random>, store: Arc<dyn Store>) -> Self {
        Self {
            seal,
            clock,
            random,
            store,
        }
    }

    /// A new ticket for a purpose.
    pub(crate) fn issue<T: Serialize>(&self, purpose: &str, body: &T) -> String {
        let mut id = [0; 16];
        self.random.fill(&mut id);
        let envelope = Envelope {
            id: hex(&id),
            until: self.clock.now() + LIFETIME,
            body,
        };
        let text = serde_json::to_string(&envelope).expect("tickets serialise");
        self.seal.close(&text, purpose)
    }

    /// What a ticket holds, unless it is another's, another purpose's or too old.
    pub(crate) fn open<T: DeserializeOwned>(&self, purpose: &str, ticket: &str) -> Result<Opened<T>, Refused> {
        if ticket.len() > MAX {
            return Err(Refused::Ended);
        }
        let text = self.seal.open(ticket, purpose).ok_or(Refused::Ended)?;
        let envelope: Envelope<T> = serde_json::from_str(&text).map_err(|_| Refused::Ended)?;
        if self.clock.now() > envelope.until {
            return Err(Refused::Ended);
        }
        Ok(Opened {
            body: envelope.body,
            id: envelope.id,
            until: envelope.until,
        })
    }

    /// The rows that make a ticket unusable from their commit on; that commit fails with a conflict when it was used.
    pub(crate) async fn spend<T>(&self, ticket: &Opened<T>) -> Result<Vec<RecordWrite>, AccessError> {
        self.spend_id(&ticket.id, ticket.until).await
    }

    /// The same for any identifier that may be used once until a moment (`jti` of a token).
    pub(crate) async fn spend_id(&self, id: &str, until: Timestamp) -> Result<Vec<RecordWrite>, AccessError> {
        let key = |until: Timestamp, id: &str| format!("{:012}-{id}", until.as_second().max(0));
        let mut writes = vec![record(USED, &key(until, id), true, &true)];
        let past = key(self.clock.now(), "");
        let rows = self.store.snapshot().await?.records(USED, "", SWEEP).await?;
        let gone = rows.into_iter().map(|(key, _)| key).filter(|key| *key < past);
        writes.extend(gone.map(|key| RecordWrite {
            kind: USED.into(),
            key,
            must_be_new: false,
            value: None,
        }));
        Ok(writes)
    }

    /// The seal, for what is kept.
    pub(crate) fn seal(&self) -> &Seal {
        &self.seal
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
