//! How far the passes that index again what is stored have come.

use crate::error::{Backend, Outcome};
use rusqlite::Connection;
use search::custom::READY;
use store::{ReindexProgress, SearchParamState};

/// Passes under way, in the order in which they are done.
pub(super) fn passes(connection: &Connection) -> Outcome<Vec<ReindexProgress>> {
    connection
        .prepare_cached("SELECT rtype, done, total FROM reindex ORDER BY rtype")
        .and_then(|mut all| {
            let one = |row: &rusqlite::Row<'_>| {
                Ok(ReindexProgress {
                    rtype: row.get(0)?,
                    done: row.get::<_, i64>(1)? as u64,
                    total: row.get::<_, i64>(2)? as u64,
                })
            };
            all.query_map([], one)?.collect()
        })
        .at("reading the reindex")
}

/// User-defined parameters in force.
pub(super) fn params(connection: &Connection) -> Outcome<Vec<SearchParamState>> {
    connection
        .prepare_cached("SELECT base, code, url, source, state FROM search_param WHERE state < 2 ORDER BY base, code")
        .and_then(|mut all| {
            let one = |row: &rusqlite::Row<'_>| {
                Ok(SearchParamState {
                    base: row.get(0)?,
                    code: row.get(1)?,
                    url: row.get(2)?,
                    source: row.get(3)?,
                    ready: row.get::<_, i64>(4)? == READY,
                })
            };
            all.query_map([], one)?.collect()
        })
        .at("reading search parameters")
}
