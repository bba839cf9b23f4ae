//! Resources of the file, as candidates and as stored.

use crate::codes::Types;
use crate::error::{Backend, Outcome};
use crate::shrunk::{Body, Keys};
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension, Params, Row};
use search::row::{DELETED, method, timestamp};
use search::{Candidate, Moments, Superseded};
use store::StoredResource;

/// A live resource.
pub(super) fn candidate(connection: &Connection, rid: i64) -> Outcome<Option<Candidate>> {
    connection
        .prepare_cached("SELECT rid, rtype, id, last_updated, patient, keys, method FROM resource WHERE rid = ?1")
        .and_then(|mut read| read.query_row([rid], live).optional())
        .map(Option::flatten)
        .at("reading a candidate")
}

/// A live resource, with its body where both are short enough to lie on the row's own page: then it costs nothing to read
/// it along, and looking for the row a second time would cost as much as the first.
pub(super) fn whole(
    connection: &Connection,
    types: &mut Types,
    rid: i64,
) -> Outcome<Option<(Candidate, Option<StoredResource>)>> {
    let read = connection
        .prepare_cached(
            "SELECT rid, rtype, id, last_updated, patient, keys, method, version,
             CASE WHEN length(keys) + length(body) <= 3600 THEN body END FROM resource WHERE rid = ?1",
        )
        .and_then(|mut read| {
            read.query_row([rid], |row| {
                let body: Option<Body> = row.get(8)?;
                let body = body.map(|body| Bytes::from(body.0));
                Ok((live(row)?, row.get::<_, i64>(6)?, row.get::<_, i64>(7)?, body))
            })
            .optional()
        })
        .at("reading a candidate")?;
    let Some((Some(candidate), of_method, version, body)) = read else {
        return Ok(None);
    };
    let Some(body) = body else {
        return Ok(Some((candidate, None)));
    };
    let stored = StoredResource {
        rtype: types.name(connection, candidate.code)?.to_string(),
        id: candidate.id.clone(),
        version: version as u64,
        last_updated: timestamp(candidate.last_updated)?,
        method: method(of_method)?,
        patient: candidate.patient.clone(),
        body: Some(body),
    };
    Ok(Some((candidate, Some(stored))))
}

/// A live resource by type and id.
pub(super) fn candidate_by_id(connection: &Connection, code: i64, id: &str) -> Outcome<Option<Candidate>> {
    connection
        .prepare_cached(
            "SELECT rid, rtype, id, last_updated, patient, keys, method FROM resource WHERE rtype = ?1 AND id = ?2",
        )
        .and_then(|mut read| read.query_row((code, id), live).optional())
        .map(Option::flatten)
        .at("reading a candidate")
}

fn live(row: &Row<'_>) -> rusqlite::Result<Option<Candidate>> {
    if row.get::<_, i64>(6)? == DELETED {
        return Ok(None);
    }
    Ok(Some(Candidate {
        rid: row.get(0)?,
        code: row.get(1)?,
        id: row.get(2)?,
        last_updated: row.get(3)?,
        patient: row.get(4)?,
        keys: row.get::<_, Keys>(5)?.0,
    }))
}

/// The current version, with its body.
pub(super) fn current(connection: &Connection, types: &mut Types, rid: i64) -> Outcome<Option<StoredResource>> {
    let read = connection
        .prepare_cached("SELECT rtype, id, version, last_updated, method, patient, body FROM resource WHERE rid = ?1")
        .and_then(|mut read| read.query_row([rid], raw).optional())
        .at("reading a resource")?;
    read.map(|raw| stored(connection, types, raw)).transpose()
}

/// A superseded version with its body.
pub(super) fn superseded(connection: &Connection, types: &mut Types, seq: i64) -> Outcome<Option<StoredResource>> {
    let read = connection
        .prepare_cached(
            "SELECT h.rtype, r.id, h.version, h.last_updated, h.method, h.patient, h.body
             FROM resource_history h JOIN resource r ON r.rid = h.rid WHERE h.seq = ?1",
        )
        .and_then(|mut read| read.query_row([seq], raw).optional())
        .at("reading a version")?;
    read.map(|raw| stored(connection, types, raw)).transpose()
}

/// Live resources of a type in a compartment, counted.
pub(super) fn count_of_patient(connection: &Connection, patient: &str, code: i64, cap: u64) -> Outcome<u64> {
    count(
        connection,
        "SELECT count(*) FROM (SELECT 1 FROM resource INDEXED BY resource_patient WHERE patient = ?1 AND rtype = ?2
         AND method <> 2 LIMIT ?3)",
        (patient, code, cap as i64),
    )
}

/// Live resources of a type in a compartment, by row id.
pub(super) fn of_patient(
    connection: &Connection,
    patient: &str,
    code: i64,
    after: i64,
    limit: usize,
) -> Outcome<Vec<i64>> {
    rows(
        connection,
        "SELECT rid FROM resource INDEXED BY resource_patient WHERE patient = ?1 AND rtype = ?2
         AND method <> 2 AND rid > ?3 ORDER BY rid LIMIT ?4",
        (patient, code, after, limit),
        |row| row.get(0),
    )
}

/// Resources of a type in a stretch of time, counted.
pub(super) fn count_moments(connection: &Connection, moments: &Moments, cap: u64) -> Outcome<u64> {
    count(
        connection,
        "SELECT count(*) FROM (SELECT 1 FROM resource INDEXED BY resource_updated WHERE rtype = ?1
         AND last_updated >= ?2 AND last_updated < ?3 LIMIT ?4)",
        (moments.code, moments.from, moments.until, cap as i64),
    )
}

/// Resources of a type in a stretch of time.
pub(super) fn moments(connection: &Connection, moments: &Moments, limit: usize) -> Outcome<Vec<(i64, i64, i64)>> {
    let place = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let Moments { code, from, until, .. } = *moments;
    if moments.descending {
        let (moment, seq) = moments.after.unwrap_or((until, 0));
        return rows(
            connection,
            "SELECT rid, last_updated, seq FROM resource INDEXED BY resource_updated WHERE rtype = ?1
             AND (last_updated, seq) < (?2, ?3) AND last_updated >= ?4 ORDER BY last_updated DESC, seq DESC LIMIT ?5",
            (code, moment, seq, from, limit),
            place,
        );
    }
    let (moment, seq) = moments.after.unwrap_or((from, 0));
    rows(
        connection,
        "SELECT rid, last_updated, seq FROM resource INDEXED BY resource_updated WHERE rtype = ?1
         AND (last_updated, seq) > (?2, ?3) AND last_updated < ?4 ORDER BY last_updated, seq LIMIT ?5",
        (code, moment, seq, until, limit),
        place,
    )
}

/// Resources of a type by id.
pub(super) fn by_id(
    connection: &Connection,
    code: i64,
    after: Option<&str>,
    descending: bool,
    limit: usize,
) -> Outcome<Vec<(i64, String)>> {
    let place = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    if descending {
        return rows(
            connection,
            "SELECT rid, id FROM resource INDEXED BY resource_id WHERE rtype = ?1 AND id < ?2
             ORDER BY id DESC LIMIT ?3",
            (code, after.unwrap_or("\u{10FFFF}"), limit),
            place,
        );
    }
    rows(
        connection,
        "SELECT rid, id FROM resource INDEXED BY resource_id WHERE rtype = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
        (code, after.unwrap_or_default(), limit),
        place,
    )
}

/// Resources changed after a place of the feed.
pub(super) fn changed(connection: &Connection, seq: i64, rid: i64, limit: usize) -> Outcome<Vec<(i64, i64)>> {
    rows(
        connection,
        "SELECT rid, rtype FROM resource INDEXED BY resource_seq WHERE seq > ?1 AND rid <= ?2 LIMIT ?3",
        (seq, rid, limit),
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// The version that a resource had at a place of the feed.
pub(super) fn version_of(connection: &Connection, rid: i64, code: i64, seq: i64) -> Outcome<Option<Superseded>> {
    connection
        .prepare_cached(
            "SELECT h.seq, h.last_updated, h.method, h.patient, h.body, r.id
             FROM resource_history h JOIN resource r ON r.rid = h.rid
             WHERE h.rid = ?1 AND h.seq <= ?2 ORDER BY h.version DESC LIMIT 1",
        )
        .and_then(|mut read| {
            read.query_row((rid, seq), |row| {
                let body = row.get::<_, Option<Body>>(4)?.map(|body| body.0);
                let deleted = row.get::<_, i64>(2)? == DELETED;
                Ok(Superseded {
                    seq: row.get(0)?,
                    body: body.filter(|_| !deleted),
                    candidate: Candidate {
                        rid,
                        code,
                        id: row.get(5)?,
                        last_updated: row.get(1)?,
                        patient: row.get(3)?,
                        keys: Vec::new(),
                    },
                })
            })
            .optional()
        })
        .at("reading a version")
}

fn count(connection: &Connection, sql: &'static str, params: impl Params) -> Outcome<u64> {
    connection
        .prepare_cached(sql)
        .and_then(|mut count| count.query_row(params, |row| row.get::<_, i64>(0)))
        .map(|count| count as u64)
        .at("counting candidates")
}

fn rows<T>(
    connection: &Connection,
    sql: &'static str,
    params: impl Params,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Outcome<Vec<T>> {
    connection
        .prepare_cached(sql)
        .and_then(|mut walk| walk.query_map(params, |row| read(row))?.collect())
        .at("walking an index")
}

/// A version as its columns: rtype, id, version, last_updated, method, patient, body.
pub(crate) struct Raw {
    code: i64,
    id: String,
    version: i64,
    last_updated: i64,
    method: i64,
    patient: Option<String>,
    body: Option<Vec<u8>>,
}

/// Reads [`Raw`]'s columns, in their order, from the first of the row.
pub(crate) fn raw(row: &Row<'_>) -> rusqlite::Result<Raw> {
    Ok(Raw {
        code: row.get(0)?,
        id: row.get(1)?,
        version: row.get(2)?,
        last_updated: row.get(3)?,
        method: row.get(4)?,
        patient: row.get(5)?,
        body: row.get::<_, Option<Body>>(6)?.map(|body| body.0),
    })
}

/// From columns to the contract's type.
pub(crate) fn stored(connection: &Connection, types: &mut Types, raw: Raw) -> Outcome<StoredResource> {
    Ok(StoredResource {
        rtype: types.name(connection, raw.code)?.to_string(),
        id: raw.id,
        version: raw.version as u64,
        last_updated: timestamp(raw.last_updated)?,
        method: method(raw.method)?,
        patient: raw.patient,
        body: raw.body.map(Bytes::from),
    })
}
