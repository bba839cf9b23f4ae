//! Preconditions and expectations of a transaction against what is stored (and what earlier transactions of the same
//! batch have just written).

use super::process::{self, StoredInstance};
use super::resources::{self, Current};
use super::state::State;
use crate::error::{Backend, Outcome};
use crate::source::SqliteSource;
use rusqlite::{Connection, OptionalExtension, Params};
use search::Rules;
use search::row::wait_code;
use std::collections::HashSet;
use std::hash::Hash;
use store::{Precondition, Query, StoreError, Transaction};

/// What the check read and the application needs again.
pub(super) struct Found {
    /// For each resource write, the stored version.
    pub resources: Vec<Option<Current>>,
    /// For each instance write, the stored instance.
    pub instances: Vec<Option<StoredInstance>>,
}

/// Checks everything a transaction expects. `Err(Backend)` means that SQLite failed, any other error that this
/// transaction is refused.
pub(super) fn check(
    connection: &Connection,
    state: &mut State,
    transaction: &Transaction,
    rules: &Rules,
) -> Outcome<Found> {
    no_repeats(transaction)?;
    for (index, precondition) in transaction.preconditions.iter().enumerate() {
        check_precondition(connection, state, precondition, index, rules)?;
    }
    let mut at = transaction.preconditions.len();
    let mut found = Found {
        resources: Vec::new(),
        instances: Vec::new(),
    };
    for (index, write) in transaction.resources.iter().enumerate() {
        let current = resources::current(connection, state, &write.rtype, &write.id)?;
        let version = current.as_ref().map_or(0, |current| current.version);
        if write.version.checked_sub(1) != Some(version) {
            let detail = format!(
                "{}/{} is at version {version}, the write expects {}",
                write.rtype,
                write.id,
                write.version.saturating_sub(1)
            );
            return Err(StoreError::Conflict {
                index: at + index,
                detail,
            });
        }
        found.resources.push(current);
    }
    at += transaction.resources.len();
    at = check_definitions(connection, transaction, at)?;
    for (index, write) in transaction.instances.iter().enumerate() {
        let stored = process::stored_instance(connection, write)?;
        let revision = stored.as_ref().map_or(0, |stored| stored.revision);
        if revision != write.expected_revision {
            let detail = format!(
                "instance {} is at revision {revision}, the write expects {}",
                write.id, write.expected_revision
            );
            return Err(StoreError::Conflict {
                index: at + index,
                detail,
            });
        }
        found.instances.push(stored);
    }
    at += transaction.instances.len();
    check_rest(connection, transaction, at)?;
    Ok(found)
}

fn check_definitions(connection: &Connection, transaction: &Transaction, at: usize) -> Outcome<usize> {
    for (index, write) in transaction.definitions.iter().enumerate() {
        if exists(connection, "SELECT 1 FROM definition WHERE key = ?1", [&write.key])? {
            let detail = format!("definition {} exists already and definitions never change", write.key);
            return Err(StoreError::Conflict {
                index: at + index,
                detail,
            });
        }
    }
    Ok(at + transaction.definitions.len())
}

/// History, outbox, cursors and records; timers, waits and deliveries expect nothing.
fn check_rest(connection: &Connection, transaction: &Transaction, mut at: usize) -> Outcome<()> {
    for (index, write) in transaction.history.iter().enumerate() {
        // The revision of an instance written here has just been checked: its next history cannot exist yet.
        let led_by_instance = transaction
            .instances
            .iter()
            .any(|instance| instance.id == write.instance && instance.expected_revision + 1 == write.revision);
        let key = (&write.instance, write.revision as i64);
        if !led_by_instance
            && exists(
                connection,
                "SELECT 1 FROM history WHERE instance = ?1 AND revision = ?2",
                key,
            )?
        {
            let detail = format!(
                "history of instance {} revision {} exists already",
                write.instance, write.revision
            );
            return Err(StoreError::Conflict {
                index: at + index,
                detail,
            });
        }
    }
    at += transaction.history.len() + transaction.timers.len() + transaction.waits.len();
    check_leases(connection, transaction, at)?;
    at += transaction.leases.len();
    for (index, write) in transaction.outbox.iter().enumerate() {
        if let store::OutboxWrite::Add { id, .. } = write
            && exists(connection, "SELECT 1 FROM outbox WHERE id = ?1", [id])?
        {
            return Err(StoreError::Conflict {
                index: at + index,
                detail: format!("outbox entry {id} exists already"),
            });
        }
    }
    at += transaction.outbox.len() + transaction.deliveries.len();
    for (index, write) in transaction.cursors.iter().enumerate() {
        let value: i64 = connection
            .prepare_cached("SELECT value FROM cursor WHERE name = ?1")
            .and_then(|mut read| read.query_row([&write.name], |row| row.get(0)).optional())
            .at("reading a cursor")?
            .unwrap_or(0);
        if value as u64 != write.expected {
            let detail = format!(
                "cursor {} is at {value}, the write expects {}",
                write.name, write.expected
            );
            return Err(StoreError::Conflict {
                index: at + index,
                detail,
            });
        }
    }
    at += transaction.cursors.len();
    for (index, write) in transaction.records.iter().enumerate() {
        let key = (&write.kind, &write.key);
        if write.must_be_new && exists(connection, "SELECT 1 FROM record WHERE kind = ?1 AND key = ?2", key)? {
            let detail = format!("{} {} exists already", write.kind, write.key);
            return Err(StoreError::Conflict {
                index: at + index,
                detail,
            });
        }
    }
    Ok(())
}

fn check_leases(connection: &Connection, transaction: &Transaction, at: usize) -> Outcome<()> {
    for (index, write) in transaction.leases.iter().enumerate() {
        let Some(expected) = write.expected else { continue };
        let fence: i64 = connection
            .prepare_cached("SELECT fence FROM lease WHERE id = ?1")
            .and_then(|mut read| read.query_row([&write.id], |row| row.get(0)).optional())
            .at("reading a lease")?
            .unwrap_or(0);
        if fence as u64 != expected {
            return Err(StoreError::Conflict {
                index: at + index,
                detail: format!(
                    "the lease of job {} is number {fence}, the write expects {expected}",
                    write.id
                ),
            });
        }
    }
    Ok(())
}

fn check_precondition(
    connection: &Connection,
    state: &mut State,
    precondition: &Precondition,
    index: usize,
    rules: &Rules,
) -> Outcome<()> {
    let detail = match precondition {
        Precondition::Version { rtype, id, version } => {
            let stored = resources::current(connection, state, rtype, id)?.map_or(0, |current| current.version);
            (stored != *version).then(|| format!("{rtype}/{id} is at version {stored}, expected {version}"))
        }
        Precondition::Exists { rtype, id } => {
            let live = resources::current(connection, state, rtype, id)?.is_some_and(|current| !current.deleted());
            (!live).then(|| format!("{rtype}/{id} does not exist or is deleted"))
        }
        Precondition::Waits(wait) => {
            let key = (wait_code(wait.kind), &wait.name, &wait.key, &wait.instance, &wait.id);
            let waits = exists(
                connection,
                "SELECT 1 FROM wait WHERE kind = ?1 AND name = ?2 AND key = ?3 AND instance = ?4 AND id = ?5",
                key,
            )?;
            (!waits).then(|| format!("{} no longer waits", wait.id))
        }
        Precondition::NoMatch(query) => {
            let query = Query {
                page: store::Page { count: 1, after: None },
                total: false,
                includes: Vec::new(),
                ..query.clone()
            };
            let source = SqliteSource::new(connection, state.waiting.view(), &mut state.types);
            let page = search::search(&source, &query, rules, rules.limits.scan)?;
            page.matches
                .first()
                .map(|found| format!("{}/{} matches the condition", found.rtype, found.id))
        }
    };
    match detail {
        None => Ok(()),
        Some(detail) => Err(StoreError::Conflict { index, detail }),
    }
}

/// Each thing may be written once by a transaction: twice has no meaning, since expectations are checked first.
fn no_repeats(transaction: &Transaction) -> Outcome<()> {
    once(
        "resource",
        transaction.resources.iter().map(|write| (&write.rtype, &write.id)),
    )?;
    once("definition", transaction.definitions.iter().map(|write| &write.key))?;
    once("instance", transaction.instances.iter().map(|write| &write.id))?;
    once(
        "history",
        transaction
            .history
            .iter()
            .map(|write| (&write.instance, write.revision)),
    )?;
    once("lease", transaction.leases.iter().map(|write| &write.id))?;
    once("cursor", transaction.cursors.iter().map(|write| &write.name))?;
    once(
        "record",
        transaction.records.iter().map(|write| (&write.kind, &write.key)),
    )?;
    once(
        "outbox entry",
        transaction.outbox.iter().filter_map(|write| match write {
            store::OutboxWrite::Add { id, .. } => Some(id),
            _ => None,
        }),
    )
}

fn once<K: Hash + Eq + std::fmt::Debug>(what: &str, keys: impl Iterator<Item = K>) -> Outcome<()> {
    let mut keys = keys.peekable();
    let Some(first) = keys.next() else { return Ok(()) };
    if keys.peek().is_none() {
        return Ok(());
    }
    let mut seen = HashSet::from([first]);
    for key in keys {
        if seen.contains(&key) {
            return Err(StoreError::Invalid(format!(
                "the transaction writes {what} {key:?} twice"
            )));
        }
        seen.insert(key);
    }
    Ok(())
}

fn exists(connection: &Connection, sql: &'static str, key: impl Params) -> Outcome<bool> {
    connection
        .prepare_cached(sql)
        .and_then(|mut probe| probe.exists(key))
        .at("checking a key")
}
