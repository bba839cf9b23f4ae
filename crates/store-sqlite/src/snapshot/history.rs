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
use search::row::micros;
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
    let pruned = pruned(db)?;
    let mark = match after {
        Some(text) => Mark::from_text(text)?,
        None => Mark {
            before: (i64::MAX, i64::MAX),
            seq: last_position(&db.connection)?.0,
            pruned,
        },
    };
    if mark.pruned != pruned {
        return Err(StoreError::Expired(
            "versions were removed by the history policy since the first page; start again from the first page".into(),
        ));
    }
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
        page.next = places.last().map(|(at, seq, _)| {
            let before = (*at, *seq);
            Mark { before, ..mark }.to_text()
        });
    }
    for (_, seq, current) in places {
        page.versions.push(version_at(db, seq, current)?);
    }
    Ok(page)
}

/// Where the next page starts, and what the first page saw.
#[derive(Debug, Clone, Copy)]
struct Mark {
    /// Moment and place in the change feed of the last version given.
    before: (i64, i64),
    /// Last position of the change feed at the first page: a version that came later is not of these pages, whatever
    /// moment it carries.
    seq: i64,
    /// How often versions had been removed by then.
    pruned: i64,
}

impl Mark {
    fn to_text(self) -> String {
        format!("{}.{}.{}.{}", self.before.0, self.before.1, self.seq, self.pruned)
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
