//! Writes a checked transaction.

use super::check::Found;
use super::ready::Ready;
use super::state::State;
use super::{delivery, process, resources};
use crate::custom;
use crate::error::{Backend, Outcome};
use rusqlite::Connection;
use search::Rules;

/// Writes everything; an error means that the batch must be rolled back.
pub(super) fn apply(
    connection: &Connection,
    state: &mut State,
    rules: &Rules,
    ready: &Ready,
    found: &Found,
) -> Outcome<()> {
    let transaction = &ready.transaction;
    let resources = transaction.resources.iter().zip(&ready.rows);
    for ((write, row), current) in resources.zip(&found.resources) {
        if write.rtype == search::custom::RTYPE && custom::note(connection, rules.definitions, write)? {
            state.custom = custom::load(connection, rules.definitions)?;
        }
        resources::write(connection, state, (write, row), ready.generation, current.as_ref())?;
    }
    for write in &transaction.definitions {
        process::write_definition(connection, write)?;
    }
    for (write, stored) in transaction.instances.iter().zip(&found.instances) {
        process::write_instance(connection, write, stored.as_ref())?;
    }
    for write in &transaction.history {
        process::write_history(connection, write)?;
    }
    for write in &transaction.timers {
        process::write_timer(connection, write)?;
    }
    for write in &transaction.waits {
        process::write_wait(connection, write)?;
    }
    for write in &transaction.leases {
        process::write_lease(connection, write)?;
    }
    for write in &transaction.outbox {
        process::write_outbox(connection, write)?;
    }
    for write in &transaction.deliveries {
        delivery::write(connection, write)?;
    }
    for write in &transaction.cursors {
        connection
            .prepare_cached(
                "INSERT INTO cursor(name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value",
            )
            .and_then(|mut set| set.execute((&write.name, write.value as i64)))
            .at("moving a cursor")?;
    }
    for write in &transaction.records {
        match &write.value {
            Some(value) => connection
                .prepare_cached("INSERT OR REPLACE INTO record(kind, key, value) VALUES (?1, ?2, ?3)")
                .and_then(|mut set| set.execute((&write.kind, &write.key, value))),
            None => connection
                .prepare_cached("DELETE FROM record WHERE kind = ?1 AND key = ?2")
                .and_then(|mut remove| remove.execute((&write.kind, &write.key))),
        }
        .at("writing a record")?;
    }
    state.audit.extend(transaction.audit.iter().cloned());
    Ok(())
}
