//! Resource type names as small numbers.

use crate::error::{Backend, Outcome, corrupt};
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashMap;
use std::sync::Arc;

/// What one connection knows of the `rtype` table; codes never change once committed.
#[derive(Debug, Default)]
pub(crate) struct Types {
    by_name: HashMap<Arc<str>, i64>,
    by_code: HashMap<i64, Arc<str>>,
}

impl Types {
    /// The code of a type, or `None` if no resource of it was ever stored.
    pub fn code(&mut self, connection: &Connection, name: &str) -> Outcome<Option<i64>> {
        if let Some(code) = self.by_name.get(name) {
            return Ok(Some(*code));
        }
        let found: Option<i64> = connection
            .prepare_cached("SELECT code FROM rtype WHERE name = ?1")
            .and_then(|mut statement| statement.query_row([name], |row| row.get(0)).optional())
            .at("reading resource types")?;
        if let Some(code) = found {
            self.learn(code, name);
        }
        Ok(found)
    }

    /// The code of a type, given one now if it has none (inside the writer's transaction).
    pub fn code_or_new(&mut self, connection: &Connection, name: &str) -> Outcome<i64> {
        if let Some(code) = self.code(connection, name)? {
            return Ok(code);
        }
        connection
            .execute("INSERT INTO rtype(name) VALUES (?1)", [name])
            .at("adding a resource type")?;
        let code = connection.last_insert_rowid();
        self.learn(code, name);
        Ok(code)
    }

    /// The name of a code.
    pub fn name(&mut self, connection: &Connection, code: i64) -> Outcome<Arc<str>> {
        if let Some(name) = self.by_code.get(&code) {
            return Ok(name.clone());
        }
        let name: String = connection
            .prepare_cached("SELECT name FROM rtype WHERE code = ?1")
            .and_then(|mut statement| statement.query_row([code], |row| row.get(0)).optional())
            .at("reading resource types")?
            .ok_or_else(|| corrupt(&format!("resource type code {code}")))?;
        Ok(self.learn(code, &name))
    }

    fn learn(&mut self, code: i64, name: &str) -> Arc<str> {
        let name: Arc<str> = name.into();
        self.by_name.insert(name.clone(), code);
        self.by_code.insert(code, name.clone());
        name
    }
}
