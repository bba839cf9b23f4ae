//! The marks between pages of a history, which no version written or removed meanwhile may disturb.

use crate::Outcome;
use store::StoreError;

/// Versions of one page at most.
pub const PAGE_LIMIT: usize = 10_000;

/// Refuses a page of more than [`PAGE_LIMIT`] versions.
pub fn too_many(count: usize) -> StoreError {
    StoreError::Limit(format!(
        "a history page may hold {PAGE_LIMIT} versions, {count} were asked for"
    ))
}

/// Where the next page starts, and what the first page saw.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    /// Moment and place in the change feed of the last version given.
    pub before: (i64, i64),
    /// Last position of the change feed at the first page: a version that came later is not of these pages, whatever
    /// moment it carries.
    pub seq: i64,
    /// How often versions had been removed by then.
    pruned: i64,
}

impl Mark {
    /// The mark of an earlier page, or that of the first page of a store whose feed is at `seq` and from which versions were
    /// removed `pruned` times.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for a mark that no page gave out, [`StoreError::Expired`] when versions were removed since.
    pub fn open(text: Option<&str>, seq: i64, pruned: i64) -> Outcome<Self> {
        let mark = match text {
            Some(text) => Self::from_text(text)?,
            None => Self {
                before: (i64::MAX, i64::MAX),
                seq,
                pruned,
            },
        };
        if mark.pruned != pruned {
            return Err(StoreError::Expired(
                "versions were removed by the history policy since the first page; start again from the first page"
                    .into(),
            ));
        }
        Ok(mark)
    }

    /// The mark of the page after this version, as text.
    pub fn after(self, before: (i64, i64)) -> String {
        format!("{}.{}.{}.{}", before.0, before.1, self.seq, self.pruned)
    }

    fn from_text(text: &str) -> Outcome<Self> {
        let parts: Option<Vec<i64>> = text.split('.').map(|part| part.parse().ok()).collect();
        match parts.as_deref() {
            Some([at, seq, last, pruned]) => Ok(Self {
                before: (*at, *seq),
                seq: *last,
                pruned: *pruned,
            }),
            _ => Err(StoreError::Invalid(
                "the history page mark was not given out by an earlier page".into(),
            )),
        }
    }
}
