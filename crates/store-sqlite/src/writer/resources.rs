//! Writes of FHIR resources and their index rows.

use super::ready::ReadyRow;
use super::state::State;
use crate::error::{Backend, Outcome};
use crate::recent::Waiting;
use crate::shrunk::{Keys, shrink_keys};
use fhir::{FIRST_CUSTOM, IndexEntry};
use rusqlite::{Connection, OptionalExtension, params};
use search::keys::{Packed, index_rows, iter, pack};
use search::row::{DELETED, method_code, micros};
use std::borrow::Cow;
use store::{Method, ResourceWrite};

/// The stored version that a write builds on.
pub(super) struct Current {
    rid: i64,
    /// Its version number.
    pub version: u64,
    method: i64,
    patient: Option<String>,
    keys: Packed,
}

impl Current {
    /// Whether the stored version is a deletion.
    pub fn deleted(&self) -> bool {
        self.method == DELETED
    }
}

/// Reads the stored version of a resource.
pub(super) fn current(connection: &Connection, state: &mut State, rtype: &str, id: &str) -> Outcome<Option<Current>> {
    let Some(code) = state.types.code(connection, rtype)? else {
        return Ok(None);
    };
    connection
        .prepare_cached("SELECT rid, version, method, patient, keys FROM resource WHERE rtype = ?1 AND id = ?2")
        .and_then(|mut read| {
            read.query_row((code, id), |row| {
                Ok(Current {
                    rid: row.get(0)?,
                    version: row.get::<_, i64>(1)? as u64,
                    method: row.get(2)?,
                    patient: row.get(3)?,
                    keys: row.get::<_, Keys>(4)?.0,
                })
            })
            .optional()
        })
        .at("reading a resource")
}

/// Writes a new version: the old one moves to the history, index rows change by their difference.
pub(super) fn write(
    connection: &Connection,
    state: &mut State,
    (write, row): (&ResourceWrite, &ReadyRow),
    generation: u64,
    current: Option<&Current>,
) -> Outcome<()> {
    let code = state.types.code_or_new(connection, &write.rtype)?;
    let row = as_of_now(state, write, row, generation);
    let was_live = current.is_some_and(|current| !current.deleted());
    let is_live = write.method != Method::Delete;
    *state.live.entry(code).or_default() += i64::from(is_live) - i64::from(was_live);
    state.seq += 1;
    let rid = match current {
        None => {
            state.rid += 1;
            insert(connection, state, code, write, &row)?;
            state.rid
        }
        Some(current) => {
            update(connection, state.seq, write, current, &row)?;
            current.rid
        }
    };
    let old: &[u8] = current.map_or(&[], |current| &current.keys);
    index(connection, &mut state.waiting, rid, old, &row.keys)?;
    note_many(connection, state, &row.keys)
}

/// What was made of a write; what users define is extracted again when other parameters came into force meanwhile.
fn as_of_now<'a>(state: &State, write: &ResourceWrite, row: &'a ReadyRow, generation: u64) -> Cow<'a, ReadyRow> {
    if state.custom.generation() == generation {
        return Cow::Borrowed(row);
    }
    let standard = write.index.iter().filter(|entry| entry.param.0 < FIRST_CUSTOM);
    let mut entries: Vec<IndexEntry> = standard.cloned().collect();
    entries.extend(
        state
            .custom
            .extract(&write.rtype, write.body.as_deref().unwrap_or_default()),
    );
    Cow::Owned(row.with_keys(pack(&entries)))
}

/// Gives a row other keys, if it is still at this place of the change feed.
pub(crate) fn rewrite_keys(connection: &Connection, state: &mut State, rid: i64, seq: i64, keys: &[u8]) -> Outcome<()> {
    let old: Option<Packed> = connection
        .prepare_cached("SELECT keys FROM resource WHERE rid = ?1 AND seq = ?2")
        .and_then(|mut read| {
            // Those that cannot be unpacked count as none: the rows they had in the index are the doctor's to find.
            read.query_row((rid, seq), |row| {
                Ok(row.get::<_, Keys>(0).map_or(Packed::new(), |keys| keys.0))
            })
            .optional()
        })
        .at("reading a resource")?;
    let Some(old) = old else { return Ok(()) };
    connection
        .prepare_cached("UPDATE resource SET keys = ?2 WHERE rid = ?1")
        .and_then(|mut update| update.execute((rid, shrink_keys(keys))))
        .at("reindexing")?;
    let last = state.seq;
    index_now(connection, &mut state.waiting, (rid, last), &old, keys)?;
    note_many(connection, state, keys)
}

fn insert(connection: &Connection, state: &State, code: i64, write: &ResourceWrite, row: &ReadyRow) -> Outcome<()> {
    connection
        .prepare_cached(
            "INSERT INTO resource(rid, rtype, id, version, last_updated, method, patient, seq, keys, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                state.rid,
                code,
                write.id,
                write.version as i64,
                micros(write.last_updated),
                method_code(write.method),
                write.patient,
                state.seq,
                row.keys_column(),
                row.body_column(write)
            ])
        })
        .map(drop)
        .at("writing a resource")
}

fn update(connection: &Connection, seq: i64, write: &ResourceWrite, current: &Current, row: &ReadyRow) -> Outcome<()> {
    let (keys, body) = (row.keys_column(), row.body_column(write));
    connection
        .prepare_cached(
            "INSERT INTO resource_history(seq, rid, rtype, version, last_updated, method, patient, body)
             SELECT seq, rid, rtype, version, last_updated, method, patient, body FROM resource WHERE rid = ?1",
        )
        .and_then(|mut copy| copy.execute([current.rid]))
        .at("keeping the old version")?;
    let (version, at, method) = (
        write.version as i64,
        micros(write.last_updated),
        method_code(write.method),
    );
    let same_compartment = current.patient == write.patient && (current.method == DELETED) == (method == DELETED);
    if same_compartment {
        // Method 0 and 1 are both outside the partial index's condition, so naming it costs only a comparison.
        connection
            .prepare_cached(
                "UPDATE resource SET version = ?2, last_updated = ?3, method = ?4, seq = ?5, keys = ?6, body = ?7
                 WHERE rid = ?1",
            )
            .and_then(|mut update| update.execute(params![current.rid, version, at, method, seq, keys, body]))
    } else {
        connection
            .prepare_cached(
                "UPDATE resource SET version = ?2, last_updated = ?3, method = ?4, seq = ?5, keys = ?6, body = ?7,
                 patient = ?8 WHERE rid = ?1",
            )
            .and_then(|mut update| {
                update.execute(params![
                    current.rid,
                    version,
                    at,
                    method,
                    seq,
                    keys,
                    body,
                    write.patient
                ])
            })
    }
    .map(drop)
    .at("writing a resource")
}

type Rows<'a> = Vec<(u16, Cow<'a, [u8]>)>;

/// The index rows of a packed list, sorted, each once.
fn rows(packed: &[u8]) -> Rows<'_> {
    let mut rows: Rows<'_> = Vec::with_capacity(packed.len() / 16);
    for (param, key) in iter(packed) {
        rows.extend(index_rows(key).map(|row| (param, row)));
    }
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// Changes the index rows of a resource from those of `old` to those of `new`. Rows to add wait to be written with others.
fn index(connection: &Connection, waiting: &mut Waiting, rid: i64, old: &[u8], new: &[u8]) -> Outcome<()> {
    if old == new {
        return Ok(());
    }
    let (old, new) = (rows(old), rows(new));
    remove(
        connection,
        waiting,
        rid,
        old.iter().filter(|row| new.binary_search(row).is_err()),
    )?;
    for (param, key) in new.iter().filter(|row| old.binary_search(row).is_err()) {
        waiting.add(*param, key, rid);
    }
    Ok(())
}

/// Removes index rows, wherever they are.
fn remove<'a>(
    connection: &Connection,
    waiting: &mut Waiting,
    rid: i64,
    rows: impl Iterator<Item = &'a (u16, Cow<'a, [u8]>)>,
) -> Outcome<()> {
    let mut rows = rows.peekable();
    if rows.peek().is_some() {
        // Once for all: the rows of a resource are different ones, so taking one away says nothing of the next.
        waiting.settle();
    }
    for (param, key) in rows {
        if !waiting.remove(*param, key, rid) {
            connection
                .prepare_cached("DELETE FROM idx WHERE param = ?1 AND key = ?2 AND rid = ?3")
                .and_then(|mut delete| delete.execute((param, key.as_ref(), rid)))
                .at("removing an index row")?;
        }
    }
    Ok(())
}

/// As [`index`], with the rows written at once: those of a version that is not new would be forgotten with the memory.
fn index_now(
    connection: &Connection,
    waiting: &mut Waiting,
    (rid, seq): (i64, i64),
    old: &[u8],
    new: &[u8],
) -> Outcome<()> {
    let (old_rows, new_rows) = (rows(old), rows(new));
    let gone = old_rows.iter().filter(|row| new_rows.binary_search(row).is_err());
    remove(connection, waiting, rid, gone)?;
    for (param, key) in new_rows.iter().filter(|row| old_rows.binary_search(row).is_err()) {
        if waiting.knows(*param, key, rid) {
            // It was removed a moment ago: that must be behind us before it comes again.
            waiting.empty(connection, seq)?;
        }
        insert_row(connection, *param, key, rid)?;
    }
    Ok(())
}

/// Writes the index rows of a resource that has none.
pub(crate) fn write_index(connection: &Connection, rid: i64, keys: &[u8]) -> Outcome<()> {
    rows(keys)
        .iter()
        .try_for_each(|(param, key)| insert_row(connection, *param, key, rid))
}

fn insert_row(connection: &Connection, param: u16, key: &[u8], rid: i64) -> Outcome<()> {
    connection
        .prepare_cached("INSERT INTO idx(param, key, rid) VALUES (?1, ?2, ?3)")
        .and_then(|mut insert| insert.execute((param, key, rid)))
        .map(drop)
        .at("adding an index row")
}

/// Remembers parameters that a resource has several values of.
fn note_many(connection: &Connection, state: &mut State, keys: &[u8]) -> Outcome<()> {
    let mut last = None;
    for (param, _) in iter(keys) {
        if last == Some(param) && state.many.insert(param) {
            connection
                .execute("INSERT OR IGNORE INTO param_many VALUES (?1)", [param])
                .at("noting a parameter")?;
        }
        last = Some(param);
    }
    Ok(())
}
