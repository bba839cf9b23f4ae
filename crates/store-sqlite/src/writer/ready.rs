//! A transaction made ready before it queues, so that the one writer does not do what many callers can do side by side.

use crate::shrunk::{shrink_body, shrink_keys};
use search::keys::{Packed, pack};
use std::borrow::Cow;
use store::{ResourceWrite, Transaction};

/// A transaction, its search values extracted and its rows as they will lie in the file.
pub(crate) struct Ready {
    /// What is to be written.
    pub transaction: Box<Transaction>,
    /// The set of user-defined parameters its search values were extracted under.
    pub generation: u64,
    /// One for each resource of the transaction.
    pub rows: Vec<ReadyRow>,
}

/// What is made of a resource.
#[derive(Clone)]
pub(crate) struct ReadyRow {
    /// Packed keys.
    pub keys: Packed,
    /// The same as the row holds them; `None`: they lie as they are.
    pub shrunk_keys: Option<Vec<u8>>,
    /// The body as the row holds it; `None`: it lies as it is, or there is none.
    pub shrunk_body: Option<Vec<u8>>,
}

fn owned(shrunk: Cow<'_, [u8]>) -> Option<Vec<u8>> {
    match shrunk {
        Cow::Owned(shrunk) => Some(shrunk),
        Cow::Borrowed(_) => None,
    }
}

impl Ready {
    /// Of a transaction whose search values are extracted.
    pub fn of(transaction: Transaction, generation: u64) -> Self {
        let rows = transaction.resources.iter().map(|write| {
            let body = write.body.as_deref().map(shrink_body);
            ReadyRow::of(pack(&write.index), body.and_then(owned))
        });
        Self {
            rows: rows.collect(),
            transaction: Box::new(transaction),
            generation,
        }
    }
}

impl ReadyRow {
    fn of(keys: Packed, shrunk_body: Option<Vec<u8>>) -> Self {
        Self {
            shrunk_keys: owned(shrink_keys(&keys)),
            keys,
            shrunk_body,
        }
    }

    /// With other keys: other parameters came into force meanwhile.
    pub fn with_keys(&self, keys: Packed) -> Self {
        Self::of(keys, self.shrunk_body.clone())
    }

    /// The column `keys`.
    pub fn keys_column(&self) -> &[u8] {
        self.shrunk_keys.as_deref().unwrap_or(&self.keys)
    }

    /// The column `body` of the write that this was made of.
    pub fn body_column<'a>(&'a self, write: &'a ResourceWrite) -> Option<&'a [u8]> {
        self.shrunk_body.as_deref().or(write.body.as_deref())
    }
}
