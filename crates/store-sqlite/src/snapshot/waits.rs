//! Reading timers, waits, the outbox and cursors.

use crate::error::{Backend, Outcome};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, ToSql};
use search::row::{micros, timestamp, wait_code};
use store::{Lease, Outbox, TimerRecord, WaitKind, WaitRecord};

/// Timers due at `now` or before.
pub(super) fn timers_due(connection: &Connection, now: Timestamp, limit: usize) -> Outcome<Vec<TimerRecord>> {
    let mut read = connection
        .prepare_cached("SELECT due, id, instance FROM timer WHERE due <= ?1 ORDER BY due, id LIMIT ?2")
        .at("reading timers")?;
    let rows = read
        .query_map((micros(now), limit as i64), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .at("reading timers")?;
    rows.map(|row| {
        let (due, id, instance) = row.at("reading timers")?;
        Ok(TimerRecord {
            due: timestamp(due)?,
            id,
            instance,
        })
    })
    .collect()
}

/// Waits in key order.
pub(super) fn waits(
    connection: &Connection,
    kind: WaitKind,
    name: Option<&str>,
    key: Option<&str>,
    after: Option<&WaitRecord>,
    limit: usize,
) -> Outcome<Vec<WaitRecord>> {
    let code = wait_code(kind);
    let start = ["", "", "", ""];
    let [a_name, a_key, a_instance, a_id] = after.map_or(start, |wait| {
        if wait_code(wait.kind) < code {
            start
        } else {
            [&wait.name, &wait.key, &wait.instance, &wait.id]
        }
    });
    let after: [&dyn ToSql; 5] = [&code, &a_name, &a_key, &a_instance, &a_id];
    let mut found = Vec::new();
    let mut walk = |sql: &'static str, more: &[&dyn ToSql]| -> Outcome<()> {
        let mut read = connection.prepare_cached(sql).at("reading waits")?;
        let all: Vec<&dyn ToSql> = after.iter().copied().chain(more.iter().copied()).collect();
        let mut rows = read.query(all.as_slice()).at("reading waits")?;
        while found.len() < limit
            && let Some(row) = rows.next().at("reading waits")?
        {
            let read = || {
                Ok(WaitRecord {
                    kind,
                    name: row.get(0)?,
                    key: row.get(1)?,
                    instance: row.get(2)?,
                    id: row.get(3)?,
                })
            };
            found.push(read().at("reading waits")?);
        }
        Ok(())
    };
    match (name, key) {
        (Some(name), Some(key)) => walk(
            "SELECT name, key, instance, id FROM wait WHERE kind = ?1 AND name = ?6 AND key = ?7
             AND (kind, name, key, instance, id) > (?1, ?2, ?3, ?4, ?5) ORDER BY name, key, instance, id",
            &[&name, &key],
        )?,
        (Some(name), None) => walk(
            "SELECT name, key, instance, id FROM wait WHERE kind = ?1 AND name = ?6
             AND (kind, name, key, instance, id) > (?1, ?2, ?3, ?4, ?5) ORDER BY name, key, instance, id",
            &[&name],
        )?,
        // Without a name there is no index by key: all waits of the kind are looked at.
        (None, Some(key)) => walk(
            "SELECT name, key, instance, id FROM wait WHERE kind = ?1 AND key = ?6
             AND (kind, name, key, instance, id) > (?1, ?2, ?3, ?4, ?5) ORDER BY name, key, instance, id",
            &[&key],
        )?,
        (None, None) => walk(
            "SELECT name, key, instance, id FROM wait WHERE kind = ?1
             AND (kind, name, key, instance, id) > (?1, ?2, ?3, ?4, ?5) ORDER BY name, key, instance, id",
            &[],
        )?,
    }
    Ok(found)
}

/// The lease of a job.
pub(super) fn lease(connection: &Connection, job: &str) -> Outcome<Option<Lease>> {
    let found = connection
        .prepare_cached("SELECT id, instance, type, until, fence, data FROM lease WHERE id = ?1")
        .and_then(|mut read| read.query_row([job], lease_row).optional())
        .at("reading a lease")?;
    found.map(finish_lease).transpose()
}

/// Leases of a type that end at `until` or before, earliest first.
pub(super) fn leases(connection: &Connection, job_type: &str, until: Timestamp, limit: usize) -> Outcome<Vec<Lease>> {
    let found: Vec<(Lease, i64)> = connection
        .prepare_cached(
            "SELECT id, instance, type, until, fence, data FROM lease WHERE type = ?1 AND until <= ?2
             ORDER BY until, id LIMIT ?3",
        )
        .and_then(|mut read| {
            read.query_map((job_type, micros(until), limit as i64), lease_row)?
                .collect()
        })
        .at("reading leases")?;
    found.into_iter().map(finish_lease).collect()
}

fn lease_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<(Lease, i64)> {
    let lease = Lease {
        id: row.get(0)?,
        instance: row.get(1)?,
        job_type: row.get(2)?,
        until: Timestamp::UNIX_EPOCH,
        fence: row.get::<_, i64>(4)? as u64,
        data: row.get(5)?,
    };
    Ok((lease, row.get(3)?))
}

fn finish_lease((lease, until): (Lease, i64)) -> Outcome<Lease> {
    Ok(Lease {
        until: timestamp(until)?,
        ..lease
    })
}

/// Outbox entries that may go out, oldest first.
pub(super) fn outbox(connection: &Connection, topic: &str, now: Timestamp, limit: usize) -> Outcome<Vec<Outbox>> {
    connection
        .prepare_cached(
            "SELECT id, topic, payload, attempts, error FROM outbox WHERE topic = ?1 AND not_before <= ?2
             ORDER BY not_before, n LIMIT ?3",
        )
        .and_then(|mut read| {
            read.query_map((topic, micros(now), limit as i64), |row| {
                Ok(Outbox {
                    id: row.get(0)?,
                    topic: row.get(1)?,
                    payload: row.get(2)?,
                    attempts: row.get(3)?,
                    error: row.get(4)?,
                })
            })?
            .collect()
        })
        .at("reading the outbox")
}

/// A cursor's value.
pub(super) fn cursor(connection: &Connection, name: &str) -> Outcome<u64> {
    connection
        .prepare_cached("SELECT value FROM cursor WHERE name = ?1")
        .and_then(|mut read| read.query_row([name], |row| row.get::<_, i64>(0)).optional())
        .map(|value| value.unwrap_or(0) as u64)
        .at("reading a cursor")
}
