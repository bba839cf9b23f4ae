//! Versions, newest first: by moment, then by place in the change feed.
//!
//! Current and superseded versions are two tables; each has an index by type and moment, so a page is a merge of one
//! short walk per type and table.

use super::resource::version_at;
use crate::error::{Backend, Outcome};
use crate::pool::Db;
use crate::source::last as last_position;
use jiff::Timestamp;
use rusqlite::OptionalExtension;
use search::history::{Mark, PAGE_LIMIT, too_many};
use search::row::micros;
use store::{HistoryScope, VersionPage};

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
        return Err(too_many(count));
    }
    let since = since.map_or(i64::MIN, micros);
    let mark = Mark::open(after, last_position(&db.connection)?.0, pruned(db)?)?;
    let mut places: Vec<Place> = Vec::new();
    let mut page = VersionPage::default();
    match scope {
        HistoryScope::Instance { rtype, id } => {
            let Some(rid) = rid(db, rtype, id)? else {
                return Ok(page);
            };
            of_instance(db, rid, &mut places)?;
            places.retain(|place| place.0 >= since && place.1 <= mark.seq);
            page.total = Some(places.len() as u64);
            places.retain(|place| (place.0, place.1) < mark.before);
        }
        HistoryScope::Type(rtype) => {
            if let Some(code) = db.types.code(&db.connection, rtype)? {
                of_type(db, code, since, &mark, count + 1, &mut places)?;
            }
        }
        HistoryScope::System => {
            for code in codes(db)? {
                of_type(db, code, since, &mark, count + 1, &mut places)?;
            }
        }
    }
    places.sort_unstable_by(|a, b| b.cmp(a));
    if places.len() > count {
        places.truncate(count);
        page.next = places.last().map(|(at, seq, _)| mark.after((*at, *seq)));
    }
    for (_, seq, current) in places {
        page.versions.push(version_at(db, seq, current)?);
    }
    Ok(page)
}

/// How often versions were removed.
fn pruned(db: &Db) -> Outcome<i64> {
    db.connection
        .prepare_cached("SELECT value FROM meta WHERE name = 'pruned'")
        .and_then(|mut read| read.query_row([], |row| row.get(0)).optional())
        .map(Option::unwrap_or_default)
        .at("reading the history policy")
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

fn of_type(db: &Db, code: i64, since: i64, mark: &Mark, limit: usize, places: &mut Vec<Place>) -> Outcome<()> {
    let walks = [
        (
            "SELECT last_updated, seq FROM resource INDEXED BY resource_updated WHERE rtype = ?1
             AND (last_updated, seq) < (?2, ?3) AND last_updated >= ?4 AND seq <= ?6 ORDER BY last_updated DESC, seq DESC LIMIT ?5",
            true,
        ),
        (
            "SELECT last_updated, seq FROM resource_history INDEXED BY history_updated WHERE rtype = ?1
             AND (last_updated, seq) < (?2, ?3) AND last_updated >= ?4 AND seq <= ?6 ORDER BY last_updated DESC, seq DESC LIMIT ?5",
            false,
        ),
    ];
    for (sql, current) in walks {
        let mut walk = db.connection.prepare_cached(sql).at("reading versions")?;
        let rows = walk
            .query_map(
                (code, mark.before.0, mark.before.1, since, limit as i64, mark.seq),
                |row| Ok((row.get(0)?, row.get(1)?, current)),
            )
            .at("reading versions")?;
        for row in rows {
            places.push(row.at("reading versions")?);
        }
    }
    Ok(())
}
