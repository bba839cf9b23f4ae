//! Moving everything from one store to another: the tables both have, row by row, in the order of their keys.
//!
//! What a store derives from these rows (index rows, who is named by which access record) is not moved but made anew.

use crate::StoreError;
use async_trait::async_trait;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A number; moments are microseconds since 1970.
    Int(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

/// The values of a row, in the order of [`Table::columns`].
pub type Row = Vec<Cell>;

/// What a column holds, where it holds anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// [`Cell::Int`].
    Int,
    /// [`Cell::Text`].
    Text,
    /// [`Cell::Bytes`].
    Bytes,
}

/// A table that both stores have.
#[derive(Debug)]
pub struct Table {
    /// Its name in both.
    pub name: &'static str,
    /// What it holds, for people.
    pub told: &'static str,
    /// Columns; those of the key come first.
    pub columns: &'static [(&'static str, Kind)],
    /// How many columns the key has.
    pub key: usize,
    /// Rows that are read and written at once: few where a row may be large.
    pub chunk: usize,
}

impl Table {
    /// The key of a row.
    pub fn key_of<'a>(&self, row: &'a [Cell]) -> &'a [Cell] {
        &row[..self.key]
    }
}

/// Rows at once of tables whose rows carry bodies.
const WIDE: usize = 200;
/// Rows at once of the others.
const NARROW: usize = 2_000;

use Kind::{Bytes, Int, Text};

/// Everything a store holds, in the order it is moved: what others refer to comes first.
pub const TABLES: &[Table] = &[
    table(
        "rtype",
        "resource types",
        &[("code", Int), ("name", Text), ("live", Int)],
        1,
        NARROW,
    ),
    table(
        "search_param",
        "search parameters",
        &[
            ("id", Int),
            ("base", Text),
            ("code", Text),
            ("kind", Text),
            ("url", Text),
            ("expression", Text),
            ("targets", Text),
            ("source", Text),
            ("state", Int),
        ],
        1,
        NARROW,
    ),
    table(
        "reindex",
        "passes of the index",
        &[
            ("rtype", Text),
            ("generation", Int),
            ("cursor", Text),
            ("done", Int),
            ("total", Int),
        ],
        1,
        NARROW,
    ),
    table(
        "param_many",
        "parameters with many values",
        &[("param", Int)],
        1,
        NARROW,
    ),
    table(
        "resource",
        "resources",
        &[
            ("rid", Int),
            ("rtype", Int),
            ("id", Text),
            ("version", Int),
            ("last_updated", Int),
            ("method", Int),
            ("patient", Text),
            ("seq", Int),
            ("keys", Bytes),
            ("body", Bytes),
        ],
        1,
        WIDE,
    ),
    table(
        "resource_history",
        "earlier versions",
        &[
            ("seq", Int),
            ("rid", Int),
            ("rtype", Int),
            ("id", Text),
            ("version", Int),
            ("last_updated", Int),
            ("method", Int),
            ("patient", Text),
            ("body", Bytes),
        ],
        1,
        WIDE,
    ),
    table(
        "instance",
        "process instances",
        &[
            ("id", Text),
            ("revision", Int),
            ("definition", Text),
            ("business_key", Text),
            ("patient", Text),
            ("status", Int),
            ("started", Int),
            ("ended", Int),
            ("state", Bytes),
        ],
        1,
        WIDE,
    ),
    table(
        "history",
        "steps of instances",
        &[
            ("instance", Text),
            ("revision", Int),
            ("at", Int),
            ("actor", Text),
            ("events", Bytes),
        ],
        2,
        WIDE,
    ),
    table(
        "timer",
        "timers",
        &[("due", Int), ("id", Text), ("instance", Text)],
        2,
        NARROW,
    ),
    table(
        "wait",
        "tasks, messages and jobs waited for",
        &[
            ("kind", Int),
            ("name", Text),
            ("key", Text),
            ("instance", Text),
            ("id", Text),
        ],
        5,
        NARROW,
    ),
    table(
        "lease",
        "jobs in the hands of workers",
        &[
            ("id", Text),
            ("instance", Text),
            ("type", Text),
            ("until", Int),
            ("fence", Int),
            ("data", Bytes),
        ],
        1,
        WIDE,
    ),
    table(
        "definition",
        "models and forms",
        &[
            ("n", Int),
            ("key", Text),
            ("kind", Text),
            ("name", Text),
            ("version", Int),
            ("deployed", Int),
            ("file", Text),
            ("source", Bytes),
        ],
        1,
        WIDE,
    ),
    table(
        "outbox",
        "outgoing events",
        &[
            ("id", Text),
            ("n", Int),
            ("topic", Text),
            ("not_before", Int),
            ("attempts", Int),
            ("error", Text),
            ("payload", Bytes),
        ],
        1,
        WIDE,
    ),
    table(
        "delivery",
        "notifications",
        &[
            ("n", Int),
            ("subscription", Text),
            ("lane", Text),
            ("seq", Int),
            ("version", Int),
            ("state", Int),
            ("due", Int),
            ("attempts", Int),
            ("queued", Int),
            ("error", Text),
        ],
        1,
        NARROW,
    ),
    table(
        "cursor",
        "places in the change feed",
        &[("name", Text), ("value", Int)],
        1,
        NARROW,
    ),
    table(
        "record",
        "small values (accounts, keys, …)",
        &[("kind", Text), ("key", Text), ("value", Bytes)],
        2,
        WIDE,
    ),
    table(
        "audit_anchor",
        "where the access records begin",
        &[("n", Int), ("chain", Bytes), ("at", Text)],
        1,
        WIDE,
    ),
    table(
        "audit_batch",
        "access records (rows)",
        &[
            ("n", Int),
            ("count", Int),
            ("patients", Bytes),
            ("entries", Text),
            ("chain", Bytes),
        ],
        1,
        WIDE,
    ),
];

const fn table(
    name: &'static str,
    told: &'static str,
    columns: &'static [(&'static str, Kind)],
    key: usize,
    chunk: usize,
) -> Table {
    Table {
        name,
        told,
        columns,
        key,
        chunk,
    }
}

/// Numbers that belong to a store as a whole. What else it counts can be read off its rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Numbers {
    /// At least the last number of a notification, an outgoing event, a definition: it is not given out again.
    pub n: i64,
    /// How often versions were removed from the history.
    pub pruned: i64,
    /// The rules by which search values were extracted; `None`: nothing was indexed yet.
    pub fingerprint: Option<i64>,
}

/// A store that is read, at one moment.
#[async_trait]
pub trait Source: Send {
    /// Rows of a table.
    ///
    /// # Errors
    /// What the database refuses.
    async fn count(&mut self, table: &Table) -> Result<u64, StoreError>;

    /// The next rows in the order of the key, [`Table::chunk`] at most; `after`: the key of the last one, or empty.
    ///
    /// # Errors
    /// What the database refuses.
    async fn rows(&mut self, table: &Table, after: &[Cell]) -> Result<Vec<Row>, StoreError>;

    /// See [`Numbers`].
    ///
    /// # Errors
    /// What the database refuses.
    async fn numbers(&mut self) -> Result<Numbers, StoreError>;
}

/// Where a copy has come to: by table name, the key of the last row written, as [`key_text`] writes it.
pub type Marks = BTreeMap<String, String>;

/// An empty store that is filled. Nobody can open it as a store until [`Target::finish`].
#[async_trait]
pub trait Target: Source {
    /// Begins, or goes on with what was interrupted; `stamp` says what is copied.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] when it holds anything else, also the beginning of a copy of something else.
    async fn begin(&mut self, stamp: &str) -> Result<Marks, StoreError>;

    /// Writes rows, and in the same commit how far the table has come.
    ///
    /// # Errors
    /// What the database refuses; then nothing of these rows was written.
    async fn write(&mut self, table: &Table, rows: &[Row]) -> Result<(), StoreError>;

    /// Makes it a store.
    ///
    /// # Errors
    /// What the database refuses.
    async fn finish(&mut self, numbers: Numbers) -> Result<(), StoreError>;
}

/// Name of the table that a target has until it is whole.
pub const MARK_TABLE: &str = "copy_mark";
/// Under this name the marks keep the stamp.
pub const STAMP: &str = "";

/// What is said of a store into which a copy was not finished.
pub fn unfinished() -> StoreError {
    StoreError::Schema(
        "a copy into this store was interrupted: run the same `sinfonia copy` again, or empty the store".into(),
    )
}

/// What is said of a target that holds something else.
pub fn not_empty(table: &Table) -> StoreError {
    StoreError::Invalid(format!("the target must be empty, and holds {}", table.told))
}

/// What is said of a target that holds the beginning of another copy.
pub fn other_copy() -> StoreError {
    StoreError::Invalid(
        "the target holds the beginning of a copy of something else, or the source has changed since: empty the target \
         and copy again"
            .into(),
    )
}

/// A key as text, for a mark.
pub fn key_text(key: &[Cell]) -> String {
    let values = key.iter().map(|cell| match cell {
        Cell::Int(number) => serde_json::Value::from(*number),
        Cell::Text(text) => serde_json::Value::from(text.as_str()),
        Cell::Null | Cell::Bytes(_) => serde_json::Value::Null,
    });
    serde_json::Value::Array(values.collect()).to_string()
}

/// The key that [`key_text`] wrote.
///
/// # Errors
/// It did not.
pub fn key_read(text: &str) -> Result<Vec<Cell>, StoreError> {
    let wrong = || StoreError::Backend(format!("the mark of a copy is damaged: {text}"));
    let values: Vec<serde_json::Value> = serde_json::from_str(text).map_err(|_| wrong())?;
    let cells = values.into_iter().map(|value| match value {
        serde_json::Value::String(text) => Ok(Cell::Text(text)),
        other => other.as_i64().map(Cell::Int).ok_or_else(wrong),
    });
    cells.collect()
}

/// How many rows a table has, and SHA-256 over all of them in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// Rows.
    pub rows: u64,
    /// The hash.
    pub hash: [u8; 32],
}

/// Makes a [`Seal`] row by row.
#[derive(Debug, Default)]
pub struct Sealing {
    rows: u64,
    hash: Sha256,
}

impl Sealing {
    /// The next row.
    pub fn row(&mut self, row: &[Cell]) {
        self.rows += 1;
        for cell in row {
            let (tag, bytes): (u8, &[u8]) = match cell {
                Cell::Null => (0, &[]),
                Cell::Int(number) => (1, &number.to_be_bytes()),
                Cell::Text(text) => (2, text.as_bytes()),
                Cell::Bytes(bytes) => (3, bytes),
            };
            self.hash.update([tag]);
            self.hash.update((bytes.len() as u64).to_be_bytes());
            self.hash.update(bytes);
        }
    }

    /// The seal of all rows.
    pub fn done(self) -> Seal {
        Seal {
            rows: self.rows,
            hash: self.hash.finalize().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_as_they_were() {
        let key = vec![Cell::Int(-7), Cell::Text("è \"così\"\n".into())];
        assert_eq!(key_read(&key_text(&key)).unwrap(), key);
        assert!(key_read("[null]").is_err());
    }

    #[test]
    fn a_seal_tells_rows_apart() {
        let seal = |rows: &[Row]| {
            let mut sealing = Sealing::default();
            rows.iter().for_each(|row| sealing.row(row));
            sealing.done()
        };
        let (a, b) = (Cell::Text("a".into()), Cell::Text("b".into()));
        assert_ne!(seal(&[vec![a.clone(), b.clone()]]), seal(&[vec![b.clone(), a.clone()]]));
        assert_ne!(seal(&[vec![Cell::Text("ab".into())]]), seal(&[vec![a.clone(), b]]));
        assert_ne!(seal(&[vec![a.clone(), Cell::Null]]), seal(&[vec![a]]));
    }

    #[test]
    fn keys_come_first_in_every_table() {
        for table in TABLES {
            assert!(table.key >= 1 && table.key <= table.columns.len(), "{}", table.name);
            assert!(
                table.columns[..table.key].iter().all(|(_, kind)| *kind != Kind::Bytes),
                "{}",
                table.name
            );
        }
    }
}
