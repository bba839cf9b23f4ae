//! Reading resources, versions, the change feed and counts.

use crate::error::{Backend, Outcome};
use crate::pool::Db;
use crate::source::{raw, stored};
use rusqlite::OptionalExtension;
use store::{Change, StoredResource};

/// The current version.
pub(super) fn read(db: &mut Db, rtype: &str, id: &str) -> Outcome<Option<StoredResource>> {
    let Some(code) = db.types.code(&db.connection, rtype)? else {
        return Ok(None);
    };
    let found = db
        .connection
        .prepare_cached(
            "SELECT rtype, id, version, last_updated, method, patient, body FROM resource WHERE rtype = ?1 AND id = ?2",
        )
        .and_then(|mut read| read.query_row((code, id), raw).optional())
        .at("reading a resource")?;
    found.map(|raw| stored(&db.connection, &mut db.types, raw)).transpose()
}

/// A given version.
pub(super) fn vread(db: &mut Db, rtype: &str, id: &str, version: u64) -> Outcome<Option<StoredResource>> {
    let Some(current) = read(db, rtype, id)? else {
        return Ok(None);
    };
    if current.version == version {
        return Ok(Some(current));
    }
    let Some(code) = db.types.code(&db.connection, rtype)? else {
        return Ok(None);
    };
    let found = db
        .connection
        .prepare_cached(
            "SELECT h.rtype, r.id, h.version, h.last_updated, h.method, h.patient, h.body
             FROM resource r JOIN resource_history h ON h.rid = r.rid WHERE r.rtype = ?1 AND r.id = ?2 AND h.version = ?3",
        )
        .and_then(|mut read| read.query_row((code, id, version as i64), raw).optional())
        .at("reading a version")?;
    found.map(|raw| stored(&db.connection, &mut db.types, raw)).transpose()
}

/// The version at a position of the change feed, which is the `current` one of its resource or a superseded one.
pub(super) fn version_at(db: &mut Db, seq: i64, current: bool) -> Outcome<StoredResource> {
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
    stored(&db.connection, &mut db.types, version)
}

/// The change feed.
pub(super) fn changes_after(db: &mut Db, seq: u64, limit: usize) -> Outcome<Vec<Change>> {
    let mut found = db
        .connection
        .prepare_cached(
            "SELECT rtype, id, version, last_updated, method, patient, body, seq FROM resource INDEXED BY resource_seq
             WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )
        .at("reading the change feed")?;
    let rows: Vec<_> = found
        .query_map((seq as i64, limit as i64), |row| {
            Ok((raw(row)?, row.get::<_, i64>(7)? as u64))
        })
        .and_then(Iterator::collect)
        .at("reading the change feed")?;
    rows.into_iter()
        .map(|(raw, seq)| {
            Ok(Change {
                seq,
                resource: stored(&db.connection, &mut db.types, raw)?,
            })
        })
        .collect()
}

/// Live resources of each type, by name.
pub(super) fn counts(db: &mut Db) -> Outcome<Vec<(String, u64)>> {
    db.connection
        .prepare_cached("SELECT name, live FROM rtype WHERE live > 0 ORDER BY name")
        .and_then(|mut all| {
            all.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))?
                .collect()
        })
        .at("counting resources")
}
