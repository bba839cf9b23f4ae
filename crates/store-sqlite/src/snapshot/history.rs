//! Versions, newest first: by moment, then by place in the change feed.
//!
//! Current and superseded versions are two tables; each has an index by type and moment, so a page is a merge of one
//! short walk per type and table.

use crate::error::{Backend, Outcome};
use crate::pool::Db;
use crate::row::micros;
use crate::search::{raw, stored};
use jiff::Timestamp;
use rusqlite::OptionalExtension;
use store::{HistoryScope, StoreError, VersionPage};

/// Versions of one page at most.
const PAGE_LIMIT: usize = 10_000;

/// (moment, place in the change feed, whether it is the current version).
type Place = (i64, i64, bool);

/// A page of versions.
pub(super) fn history(
    db: &mut Db,
    scope: &HistoryScope,
    since: Option<Timestamp>,
    count: usize,
    after: Option<&str>,
) -> Outcome<VersionPage> {
    if count > PAGE_LIMIT {
        return Err(StoreError::Limit(format!(
            "a history page may hold {PAGE_LIMIT} versions, {count} were asked for"
        )));
    }
    let since = since.map_or(i64::MIN, micros);
    let before = after.map_or(Ok((i64::MAX, i64::MAX)), mark)?;
    let mut places: Vec<Place> = Vec::new();
    let mut page = VersionPage::default();
    match scope {
        HistoryScope::Instance { rtype, id } => {
            let Some(rid) = rid(db, rtype, id)? else {
                return Ok(page);
            };
            of_instance(db, rid, &mut places)?;
            places.retain(|place| place.0 >= since);
            page.total = Some(places.len() as u64);
            places.retain(|place| (place.0, place.1) < before);
        }
        HistoryScope::Type(rtype) => {
            if let Some(code) = db.types.code(&db.connection, rtype)? {
                of_type(db, code, since, before, count + 1, &mut places)?;
            }
        }
        HistoryScope::System => {
            for code in codes(db)? {
                of_type(db, code, since, before, count + 1, &mut places)?;
            }
        }
    }
    places.sort_unstable_by(|a, b| b.cmp(a));
    if places.len() > count {
        places.truncate(count);
        page.next = places.last().map(|(at, seq, _)| format!("{at}.{seq}"));
    }
    for (_, seq, current) in places {
        let sql = if current {
            "SELECT rtype, id, version, last_updated, method, patient, body FROM resource WHERE seq = ?1"
        } else {
            "SELECT h.rtype, r.id, h.version, h.last_updated, h.method, h.patient, h.body
             FROM resource_history h JOIN resource r ON r.rid = h.rid WHERE h.seq = ?1"
        };
        let version = db
            .connection
            .prepare_cached(sql)
            .and_then(|mut read| read.query_row([seq], raw))
            .at("reading a version")?;
        page.versions.push(stored(&db.connection, &mut db.types, version)?);
    }
    Ok(page)
}

fn mark(text: &str) -> Outcome<(i64, i64)> {
    text.split_once('.')
        .and_then(|(at, seq)| Some((at.parse().ok()?, seq.parse().ok()?)))
        .ok_or_else(|| StoreError::Invalid("the history page mark was not given out by an earlier page".into()))
}

fn rid(db: &mut Db, rtype: &str, id: &str) -> Outcome<Option<i64>> {
    let Some(code) = db.types.code(&db.connection, rtype)? else {
        return Ok(None);
    };
    db.connection
        .prepare_cached("SELECT rid FROM resource WHERE rtype = ?1 AND id = ?2")
        .and_then(|mut read| read.query_row((code, id), |row| row.get(0)).optional())
        .at("reading a resource")
}

fn codes(db: &Db) -> Outcome<Vec<i64>> {
    db.connection
        .prepare_cached("SELECT code FROM rtype")
        .and_then(|mut all| all.query_map([], |row| row.get(0))?.collect())
        .at("reading resource types")
}

fn of_instance(db: &Db, rid: i64, places: &mut Vec<Place>) -> Outcome<()> {
    let mut all = db
        .connection
        .prepare_cached(
            "SELECT last_updated, seq, 1 FROM resource WHERE rid = ?1
             UNION ALL SELECT last_updated, seq, 0 FROM resource_history WHERE rid = ?1",
        )
        .at("reading versions")?;
    let rows = all
        .query_map([rid], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? == 1)))
        .at("reading versions")?;
    for row in rows {
        places.push(row.at("reading versions")?);
    }
    Ok(())
}

fn of_type(db: &Db, code: i64, since: i64, before: (i64, i64), limit: usize, places: &mut Vec<Place>) -> Outcome<()> {
    let walks = [
        (
            "SELECT last_updated, seq FROM resource INDEXED BY resource_updated WHERE rtype = ?1
             AND (last_updated, seq) < (?2, ?3) AND last_updated >= ?4 ORDER BY last_updated DESC, seq DESC LIMIT ?5",
            true,
        ),
        (
            "SELECT last_updated, seq FROM resource_history INDEXED BY history_updated WHERE rtype = ?1
             AND (last_updated, seq) < (?2, ?3) AND last_updated >= ?4 ORDER BY last_updated DESC, seq DESC LIMIT ?5",
            false,
        ),
    ];
    for (sql, current) in walks {
        let mut walk = db.connection.prepare_cached(sql).at("reading versions")?;
        let rows = walk
            .query_map((code, before.0, before.1, since, limit as i64), |row| {
                Ok((row.get(0)?, row.get(1)?, current))
            })
            .at("reading versions")?;
        for row in rows {
            places.push(row.at("reading versions")?);
        }
    }
    Ok(())
}
