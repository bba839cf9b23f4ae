//! What was revoked before its end: access tokens are checked without reading the store, beside this short list in memory.
//!
//! An entry says "what was issued until this second is over", for one token (`jti`), one grant (`sid`) or one client. It is
//! kept, in the store too, as long as a token issued before can live.

use crate::OauthError;
use crate::records::{self, Ending, REVOKED};
use std::collections::HashMap;
use std::sync::RwLock;
use store::{RecordWrite, Store};

/// Most entries read at the start.
const MAX: usize = 100_000;

#[derive(Default)]
pub(crate) struct Revoked {
    /// By mark: issued until, and kept until.
    marks: RwLock<HashMap<String, (i64, i64)>>,
}

impl Revoked {
    /// Reads what was revoked before this process began.
    pub(crate) async fn load(store: &dyn Store, now: i64) -> Result<Self, OauthError> {
        let rows = store.snapshot().await?.records(REVOKED, "", MAX).await?;
        let mut marks = HashMap::new();
        for (key, bytes) in rows {
            let entry: Ending<i64> = records::parse(REVOKED, &key, &bytes)?;
            if entry.until > now {
                marks.insert(key, (entry.value, entry.until));
            }
        }
        Ok(Self {
            marks: RwLock::new(marks),
        })
    }

    /// Revokes from now on; the write makes it last. In memory it holds before the commit: the other way round a token could
    /// pass in between.
    pub(crate) fn mark(&self, mark: &str, now: i64, life_s: i64) -> RecordWrite {
        // The clocks of two requests may be a second apart.
        let until = now + life_s + 60;
        let mut marks = self.marks.write().expect("revocation lock");
        marks.retain(|_, (_, until)| *until > now);
        marks.insert(mark.to_owned(), (now, until));
        records::write(REVOKED, mark, false, &Ending { until, value: now })
    }

    /// Whether something issued at a second is over, by any of its marks.
    pub(crate) fn holds<'a>(&self, issued: i64, marks: impl IntoIterator<Item = &'a str>) -> bool {
        let known = self.marks.read().expect("revocation lock");
        if known.is_empty() {
            return false;
        }
        marks
            .into_iter()
            .any(|mark| known.get(mark).is_some_and(|(before, _)| issued <= *before))
    }
}
