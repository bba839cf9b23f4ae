//! What the writer keeps in memory between commits; all of it can be read back from the file.

use crate::codes::Types;
use crate::error::{Backend, Outcome};
use rusqlite::Connection;
use std::collections::{HashMap, HashSet};

/// Counters and caches of the writer.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Type codes.
    pub types: Types,
    /// Highest position of the change feed.
    pub seq: i64,
    /// Highest resource row id.
    pub rid: i64,
    /// Change in the number of live resources of each type, not yet written.
    pub live: HashMap<i64, i64>,
    /// Parameters that some resource has had more than one value of.
    pub many: HashSet<u16>,
}

impl State {
    /// Reads it from the file.
    pub fn load(connection: &Connection) -> Outcome<Self> {
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
            ..Self::default()
        })
    }

    /// Writes the counts of live resources, once for each batch.
    pub fn flush(&mut self, connection: &Connection) -> Outcome<()> {
        for (code, change) in self.live.drain().filter(|(_, change)| *change != 0) {
            connection
                .prepare_cached("UPDATE rtype SET live = live + ?2 WHERE code = ?1")
                .and_then(|mut update| update.execute((code, change)))
                .at("counting resources")?;
        }
        Ok(())
    }
}
