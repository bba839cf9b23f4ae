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
use store::{InstanceWrite, Page, Query, ResourceWrite, Stored, Transaction, WaitKey};

/// What the check read and the application needs again.
#[derive(Default)]
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
    let mut checked = Checked {
        connection,
        state,
        rules,
        found: Found::default(),
    };
    transaction.check(&mut checked)?;
    Ok(checked.found)
}

struct Checked<'a> {
    connection: &'a Connection,
    state: &'a mut State,
    rules: &'a Rules,
    found: Found,
}

impl Stored for Checked<'_> {
    fn resource(&mut self, rtype: &str, id: &str) -> Outcome<Option<(u64, bool)>> {
        let current = resources::current(self.connection, self.state, rtype, id)?;
        Ok(current.map(|current| (current.version, current.deleted())))
    }

    fn before_resource(&mut self, write: &ResourceWrite) -> Outcome<u64> {
        let current = resources::current(self.connection, self.state, &write.rtype, &write.id)?;
        let version = current.as_ref().map_or(0, |current| current.version);
        self.found.resources.push(current);
        Ok(version)
    }

    fn before_instance(&mut self, write: &InstanceWrite) -> Outcome<u64> {
        let stored = process::stored_instance(self.connection, write)?;
        let revision = stored.as_ref().map_or(0, |stored| stored.revision);
        self.found.instances.push(stored);
        Ok(revision)
    }

    fn matching(&mut self, _: usize, query: &Query) -> Outcome<Option<String>> {
        let query = Query {
            page: Page { count: 1, after: None },
            total: false,
            includes: Vec::new(),
            ..query.clone()
        };
        let source = SqliteSource::new(self.connection, self.state.waiting.view(), &mut self.state.types);
        let page = search::search(&source, &query, self.rules, self.rules.limits.scan)?;
        Ok(page
            .matches
            .first()
            .map(|found| format!("{}/{}", found.rtype, found.id)))
    }

    fn waits(&mut self, wait: &WaitKey) -> Outcome<bool> {
        let key = (wait_code(wait.kind), &wait.name, &wait.key, &wait.instance, &wait.id);
        exists(
            self.connection,
            "SELECT 1 FROM wait WHERE kind = ?1 AND name = ?2 AND key = ?3 AND instance = ?4 AND id = ?5",
            key,
        )
    }

    fn definition(&mut self, key: &str) -> Outcome<bool> {
        exists(self.connection, "SELECT 1 FROM definition WHERE key = ?1", [key])
    }

    fn history(&mut self, instance: &str, revision: u64) -> Outcome<bool> {
        let key = (instance, revision as i64);
        exists(
            self.connection,
            "SELECT 1 FROM history WHERE instance = ?1 AND revision = ?2",
            key,
        )
    }

    fn fence(&mut self, job: &str) -> Outcome<u64> {
        number(self.connection, "SELECT fence FROM lease WHERE id = ?1", job)
    }

    fn outbox(&mut self, id: &str) -> Outcome<bool> {
        exists(self.connection, "SELECT 1 FROM outbox WHERE id = ?1", [id])
    }

    fn cursor(&mut self, name: &str) -> Outcome<u64> {
        number(self.connection, "SELECT value FROM cursor WHERE name = ?1", name)
    }

    fn record(&mut self, kind: &str, key: &str) -> Outcome<bool> {
        let key = (kind, key);
        exists(
            self.connection,
            "SELECT 1 FROM record WHERE kind = ?1 AND key = ?2",
            key,
        )
    }
}

fn number(connection: &Connection, sql: &'static str, key: &str) -> Outcome<u64> {
    connection
        .prepare_cached(sql)
        .and_then(|mut read| read.query_row([key], |row| row.get::<_, i64>(0)).optional())
        .map(|found| found.unwrap_or(0) as u64)
        .at("checking a number")
}

fn exists(connection: &Connection, sql: &'static str, key: impl Params) -> Outcome<bool> {
    connection
        .prepare_cached(sql)
        .and_then(|mut probe| probe.exists(key))
        .at("checking a key")
}
