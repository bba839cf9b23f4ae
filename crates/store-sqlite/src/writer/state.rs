//! What the writer keeps in memory between commits; all of it can be read back from the file.

use crate::audit;
use crate::codes::Types;
use crate::custom;
use crate::error::{Backend, Outcome};
use crate::recent::Waiting;
use fhir::{CustomParams, Definitions};
use rusqlite::Connection;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use store::AuditEntry;

/// Counters and caches of the writer.
#[derive(Debug)]
pub(crate) struct State {
    /// Type codes.
    pub types: Types,
    /// Highest position of the change feed.
    pub seq: i64,
    /// Highest resource row id.
    pub rid: i64,
    /// Change in the number of live resources of each type, not yet written.
    pub live: HashMap<i64, i64>,
    /// The user-defined parameters in force.
    pub custom: Arc<CustomParams>,
    /// Parameters that some resource has had more than one value of.
    pub many: HashSet<u16>,
    /// Access records of the batch, not yet written.
    pub audit: Vec<AuditEntry>,
    /// Access records that no segment covers yet.
    pub tail: audit::Tail,
    /// Index rows that are not in the file yet.
    pub waiting: Waiting,
}

impl State {
    /// Reads it from the file; `waiting` is as at the last commit.
    pub fn load(connection: &Connection, definitions: &Definitions, waiting: Waiting) -> Outcome<Self> {
        let (seq, rid) = connection
            .query_row(
                "SELECT coalesce((SELECT max(seq) FROM resource), 0), coalesce((SELECT max(rid) FROM resource), 0)",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .at("reading the last position")?;
        let many = connection
            .prepare("SELECT param FROM param_many")
            .and_then(|mut all| all.query_map([], |row| row.get(0))?.collect())
            .at("reading parameters with many values")?;
        Ok(Self {
            seq,
            rid,
            many,
            tail: audit::Tail::load(connection)?,
            custom: custom::load(connection, definitions)?,
            waiting,
            types: Types::default(),
            live: HashMap::new(),
            audit: Vec::new(),
        })
    }

    /// Writes the counts of live resources, the access records and index rows that are due: the last thing before a
    /// commit.
    pub fn flush(&mut self, connection: &Connection) -> Outcome<()> {
        for (code, change) in self.live.drain().filter(|(_, change)| *change != 0) {
            connection
                .prepare_cached("UPDATE rtype SET live = live + ?2 WHERE code = ?1")
                .and_then(|mut update| update.execute((code, change)))
                .at("counting resources")?;
        }
        let entries = std::mem::take(&mut self.audit);
        audit::append(connection, &mut self.tail, &entries)?;
        self.waiting.before_commit(connection, self.seq)
    }
}
