//! Writes of process state.

use crate::error::{Backend, Outcome};
use rusqlite::{Connection, OptionalExtension, params};
use search::row::{micros, status_code, wait_code};
use store::{DefinitionWrite, HistoryWrite, InstanceWrite, LeaseWrite, OutboxWrite, TimerWrite, WaitWrite};

/// The stored side of an instance write.
pub(super) struct StoredInstance {
    rid: i64,
    /// Its revision.
    pub revision: u64,
    /// Whether the write differs in state and revision only, which no index holds.
    only_state: bool,
}

/// Reads the stored side of an instance write.
pub(super) fn stored_instance(connection: &Connection, write: &InstanceWrite) -> Outcome<Option<StoredInstance>> {
    connection
        .prepare_cached(
            "SELECT rid, revision, definition, business_key, patient, status, started, ended FROM instance WHERE id = ?1",
        )
        .and_then(|mut read| {
            read.query_row([&write.id], |row| {
                // Compared where they lie: most steps move the state and nothing else.
                let text = |n: usize, wanted: Option<&str>| Ok::<_, rusqlite::Error>(row.get_ref(n)?.as_str_or_null()? == wanted);
                let same = text(2, Some(&write.definition))?
                    && text(3, write.business_key.as_deref())?
                    && text(4, write.patient.as_deref())?
                    && row.get::<_, i64>(5)? == status_code(write.status)
                    && row.get::<_, i64>(6)? == micros(write.started)
                    && row.get::<_, Option<i64>>(7)? == write.ended.map(micros);
                Ok(StoredInstance {
                    rid: row.get(0)?,
                    revision: row.get::<_, i64>(1)? as u64,
                    only_state: same,
                })
            })
            .optional()
        })
        .at("reading an instance")
}

/// Inserts or replaces an instance; the common step, which moves state only, touches no index.
pub(super) fn write_instance(
    connection: &Connection,
    write: &InstanceWrite,
    stored: Option<&StoredInstance>,
) -> Outcome<()> {
    let revision = write.expected_revision as i64 + 1;
    let (status, started, ended) = (
        status_code(write.status),
        micros(write.started),
        write.ended.map(micros),
    );
    match stored {
        Some(stored) if stored.only_state => connection
            .prepare_cached("UPDATE instance SET revision = ?2, state = ?3 WHERE rid = ?1")
            .and_then(|mut update| update.execute((stored.rid, revision, &write.state))),
        Some(stored) => connection
            .prepare_cached(
                "UPDATE instance SET revision = ?2, definition = ?3, business_key = ?4, patient = ?5, status = ?6,
                 started = ?7, ended = ?8, state = ?9 WHERE rid = ?1",
            )
            .and_then(|mut update| {
                update.execute(params![
                    stored.rid,
                    revision,
                    write.definition,
                    write.business_key,
                    write.patient,
                    status,
                    started,
                    ended,
                    write.state
                ])
            }),
        None => connection
            .prepare_cached(
                "INSERT INTO instance(id, revision, definition, business_key, patient, status, started, ended, state)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )
            .and_then(|mut insert| {
                insert.execute(params![
                    write.id,
                    revision,
                    write.definition,
                    write.business_key,
                    write.patient,
                    status,
                    started,
                    ended,
                    write.state
                ])
            }),
    }
    .map(drop)
    .at("writing an instance")
}

/// Adds history.
pub(super) fn write_history(connection: &Connection, write: &HistoryWrite) -> Outcome<()> {
    connection
        .prepare_cached("INSERT INTO history(instance, revision, at, actor, events) VALUES (?1, ?2, ?3, ?4, ?5)")
        .and_then(|mut insert| {
            insert.execute((
                &write.instance,
                write.revision as i64,
                micros(write.at),
                &write.actor,
                &write.events,
            ))
        })
        .map(drop)
        .at("writing history")
}

/// Sets or removes a timer.
pub(super) fn write_timer(connection: &Connection, write: &TimerWrite) -> Outcome<()> {
    match write {
        TimerWrite::Set { id, instance, due } => connection
            .prepare_cached("INSERT OR REPLACE INTO timer(due, id, instance) VALUES (?1, ?2, ?3)")
            .and_then(|mut set| set.execute((micros(*due), id, instance))),
        TimerWrite::Remove { id, due } => connection
            .prepare_cached("DELETE FROM timer WHERE due = ?1 AND id = ?2")
            .and_then(|mut remove| remove.execute((micros(*due), id))),
    }
    .map(drop)
    .at("writing a timer")
}

/// Adds or removes a wait.
pub(super) fn write_wait(connection: &Connection, write: &WaitWrite) -> Outcome<()> {
    let (sql, key) = match write {
        WaitWrite::Add(key) => (
            "INSERT OR IGNORE INTO wait(kind, name, key, instance, id) VALUES (?1, ?2, ?3, ?4, ?5)",
            key,
        ),
        WaitWrite::Remove(key) => (
            "DELETE FROM wait WHERE kind = ?1 AND name = ?2 AND key = ?3 AND instance = ?4 AND id = ?5",
            key,
        ),
    };
    connection
        .prepare_cached(sql)
        .and_then(|mut run| run.execute((wait_code(key.kind), &key.name, &key.key, &key.instance, &key.id)))
        .map(drop)
        .at("writing a wait")
}

/// Puts a lease in place or takes it away.
pub(super) fn write_lease(connection: &Connection, write: &LeaseWrite) -> Outcome<()> {
    match &write.lease {
        Some(lease) => connection
            .prepare_cached(
                "INSERT OR REPLACE INTO lease(id, instance, type, until, fence, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )
            .and_then(|mut set| {
                set.execute(params![
                    write.id,
                    lease.instance,
                    lease.job_type,
                    micros(lease.until),
                    lease.fence as i64,
                    lease.data
                ])
            }),
        None => connection
            .prepare_cached("DELETE FROM lease WHERE id = ?1")
            .and_then(|mut remove| remove.execute([&write.id])),
    }
    .map(drop)
    .at("writing a lease")
}

/// Adds a definition.
pub(super) fn write_definition(connection: &Connection, write: &DefinitionWrite) -> Outcome<()> {
    connection
        .prepare_cached(
            "INSERT INTO definition(key, kind, name, version, deployed, file, source) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                write.key, write.kind, write.name, write.version, micros(write.deployed), write.file, write.source
            ])
        })
        .map(drop)
        .at("writing a definition")
}

/// Queues, removes or postpones an outgoing event.
pub(super) fn write_outbox(connection: &Connection, write: &OutboxWrite) -> Outcome<()> {
    match write {
        OutboxWrite::Add {
            id,
            topic,
            payload,
            not_before,
        } => connection
            .prepare_cached("INSERT INTO outbox(id, topic, not_before, payload) VALUES (?1, ?2, ?3, ?4)")
            .and_then(|mut add| add.execute((id, topic, micros(*not_before), payload))),
        OutboxWrite::Remove { id } => connection
            .prepare_cached("DELETE FROM outbox WHERE id = ?1")
            .and_then(|mut remove| remove.execute([id])),
        OutboxWrite::Retry { id, not_before, error } => connection
            .prepare_cached("UPDATE outbox SET not_before = ?2, attempts = attempts + 1, error = ?3 WHERE id = ?1")
            .and_then(|mut retry| retry.execute((id, micros(*not_before), error))),
    }
    .map(drop)
    .at("writing the outbox")
}
