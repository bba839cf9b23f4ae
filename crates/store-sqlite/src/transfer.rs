//! The file as source and as target of a copy; see [`store::transfer`].

use crate::audit::{self, Tail};
use crate::error::{Backend, Outcome};
use crate::lock::ProcessLock;
use crate::pool::{self, Lease};
use crate::{SqliteStore, schema, shrunk};
use async_trait::async_trait;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension as _, ToSql, params_from_iter};
use std::borrow::Cow;
use std::path::Path;
use store::StoreError;
use store::transfer::{
    Cell, MARK_TABLE, Marks, Numbers, Row, STAMP, Source, TABLES, Table, Target, key_text, not_empty, other_copy,
    unfinished,
};

/// A value on its way into a statement.
struct Bound<'a>(&'a Cell);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Cell::Null => ValueRef::Null,
            Cell::Int(number) => ValueRef::Integer(*number),
            Cell::Text(text) => ValueRef::Text(text.as_bytes()),
            Cell::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// A row of one table of a list, as it lies.
fn cell(value: ValueRef<'_>) -> Outcome<Cell> {
    Ok(match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Int(number),
        ValueRef::Text(text) => Cell::Text(
            String::from_utf8(text.to_vec())
                .map_err(|_| StoreError::Backend("a text of the file is not UTF-8: run `sinfonia doctor`".into()))?,
        ),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => return Err(StoreError::Backend("a number of the file is not whole".into())),
    })
}

/// Which of the two kinds of shrunk bytes a column holds.
#[derive(Clone, Copy)]
enum Shrinks {
    Body,
    Keys,
}

fn shrinks(table: &Table, column: &str) -> Option<Shrinks> {
    match (table.name, column) {
        ("resource" | "resource_history", "body") => Some(Shrinks::Body),
        ("resource", "keys") => Some(Shrinks::Keys),
        _ => None,
    }
}

/// A value as the file holds it.
fn stored(kind: Option<Shrinks>, value: &Cell) -> Cow<'_, Cell> {
    let shrunk = match (kind, value) {
        (Some(Shrinks::Body), Cell::Bytes(bytes)) => shrunk::shrink_body(bytes),
        (Some(Shrinks::Keys), Cell::Bytes(bytes)) => shrunk::shrink_keys(bytes),
        _ => return Cow::Borrowed(value),
    };
    match shrunk {
        Cow::Owned(shrunk) => Cow::Owned(Cell::Bytes(shrunk)),
        Cow::Borrowed(_) => Cow::Borrowed(value),
    }
}

/// Superseded versions do not carry the id of their resource.
fn from(table: &Table) -> &'static str {
    match table.name {
        "resource_history" => {
            "(SELECT h.seq AS seq, h.rid AS rid, h.rtype AS rtype, r.id AS id, h.version AS version,
              h.last_updated AS last_updated, h.method AS method, h.patient AS patient, h.body AS body
              FROM resource_history h CROSS JOIN resource r ON r.rid = h.rid)"
        }
        name => name,
    }
}

fn select(table: &Table, more: bool) -> String {
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
    let key = names[..table.key].join(", ");
    let marks: Vec<String> = (1..=table.key).map(|n| format!("?{n}")).collect();
    let after = if more {
        format!("WHERE ({key}) > ({})", marks.join(", "))
    } else {
        String::new()
    };
    let (columns, from, chunk) = (names.join(", "), from(table), table.chunk);
    format!("SELECT {columns} FROM {from} {after} ORDER BY {key} LIMIT {chunk}")
}

fn rows(connection: &Connection, table: &Table, after: &[Cell]) -> Outcome<Vec<Row>> {
    let what = format!("reading {}", table.told);
    let mut read = connection.prepare_cached(&select(table, !after.is_empty())).at(&what)?;
    let mut found = read.query(params_from_iter(after.iter().map(Bound))).at(&what)?;
    let mut all = Vec::new();
    while let Some(row) = found.next().at(&what)? {
        let cells = table.columns.iter().enumerate().map(|(n, (column, _))| {
            let value = row.get_ref(n).at(&what)?;
            match (shrinks(table, column), value) {
                (Some(Shrinks::Body), ValueRef::Blob(bytes)) => Ok(Cell::Bytes(shrunk::body(bytes)?.into_owned())),
                (Some(Shrinks::Keys), ValueRef::Blob(bytes)) => Ok(Cell::Bytes(shrunk::keys(bytes)?.into_owned())),
                _ => cell(value),
            }
        });
        all.push(cells.collect::<Outcome<Row>>()?);
    }
    Ok(all)
}

fn count(connection: &Connection, table: &Table) -> Outcome<u64> {
    let count: i64 = connection
        .query_row(&format!("SELECT count(*) FROM {}", table.name), [], |row| row.get(0))
        .at("counting rows")?;
    Ok(count as u64)
}

fn meta(connection: &Connection, name: &str) -> Outcome<Option<i64>> {
    connection
        .query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| row.get(0))
        .optional()
        .at("reading the file's numbers")
}

fn numbers(connection: &Connection) -> Outcome<Numbers> {
    let n = connection
        .query_row(
            "SELECT max(coalesce((SELECT max(n) FROM outbox), 0), coalesce((SELECT max(n) FROM definition), 0),
               coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'delivery'), 0))",
            [],
            |row| row.get(0),
        )
        .at("reading the file's numbers")?;
    Ok(Numbers {
        n,
        pruned: meta(connection, "pruned")?.unwrap_or(0),
        fingerprint: meta(connection, "fingerprint")?,
    })
}

/// Refuses a file that is half a copy.
pub(crate) fn refuse_unfinished(connection: &Connection) -> Outcome<()> {
    let there: bool = connection
        .query_row(
            "SELECT EXISTS(SELECT 1 FROM sqlite_schema WHERE name = ?1)",
            [MARK_TABLE],
            |row| row.get(0),
        )
        .at("reading the schema")?;
    if there { Err(unfinished()) } else { Ok(()) }
}

/// A store as it is at one moment.
#[derive(Debug)]
pub struct SqliteSource(Lease);

/// A file that no store has open.
#[derive(Debug)]
pub struct SqliteImage(Connection);

impl SqliteStore {
    /// Writes a consistent copy of a file to `to`, which must not exist, also while another process has it open as its store.
    /// Index rows that this process has not written yet are made when the copy is opened.
    ///
    /// # Errors
    /// What SQLite refuses, or `to` is there already.
    pub fn image(file: &Path, to: &Path) -> Result<(), StoreError> {
        crate::doctor::backup(file, to)
    }

    /// A file that no store has open, to be read as it is.
    ///
    /// # Errors
    /// SQLite cannot read it.
    pub fn image_source(file: &Path) -> Result<SqliteImage, StoreError> {
        let connection = Connection::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY);
        Ok(SqliteImage(connection.at("opening the file")?))
    }

    /// Everything the store holds now, to be copied elsewhere.
    ///
    /// # Errors
    /// SQLite cannot read the file at all.
    pub fn source(&self) -> Result<SqliteSource, StoreError> {
        Ok(SqliteSource(self.begin_lease()?))
    }
}

#[async_trait]
impl Source for SqliteSource {
    async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        count(&self.0.db()?.connection, table)
    }

    async fn rows(&mut self, table: &Table, after: &[Cell]) -> Result<Vec<Row>, StoreError> {
        rows(&self.0.db()?.connection, table, after)
    }

    async fn numbers(&mut self) -> Result<Numbers, StoreError> {
        numbers(&self.0.db()?.connection)
    }
}

#[async_trait]
impl Source for SqliteImage {
    async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        count(&self.0, table)
    }

    async fn rows(&mut self, table: &Table, after: &[Cell]) -> Result<Vec<Row>, StoreError> {
        rows(&self.0, table, after)
    }

    async fn numbers(&mut self) -> Result<Numbers, StoreError> {
        numbers(&self.0)
    }
}

/// A new file that is filled.
#[derive(Debug)]
pub struct SqliteTarget {
    connection: Connection,
    tail: Option<Tail>,
    _lock: ProcessLock,
}

impl SqliteTarget {
    /// Makes the file, or takes up one that was begun.
    ///
    /// # Errors
    /// Another program uses it, or made it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let lock = ProcessLock::take(path)?;
        crate::sqlite_store::make_private(path)?;
        let mut connection = pool::open_writer(path)?;
        schema::migrate(&mut connection)?;
        // What is lost when the power fails is copied again: the marks say from where.
        connection
            .execute_batch("PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;")
            .at("setting up the file")?;
        Ok(Self {
            connection,
            tail: None,
            _lock: lock,
        })
    }

    /// Segments of access records are made as the rows come.
    fn adopt(&mut self, rows: &[Row]) -> Outcome<()> {
        let mut tail = match self.tail.take() {
            Some(tail) => tail,
            None => Tail::load(&self.connection)?,
        };
        for row in rows {
            if let [Cell::Int(n), Cell::Int(count), ..] = row[..] {
                audit::adopt(&self.connection, &mut tail, n, count)?;
            }
        }
        self.tail = Some(tail);
        Ok(())
    }

    fn insert(&mut self, table: &Table, rows: &[Row]) -> Outcome<()> {
        let what = format!("writing {}", table.told);
        // See `from`.
        let keeps = |name: &str| !(table.name == "resource_history" && name == "id");
        let kept: Vec<usize> = (0..table.columns.len())
            .filter(|n| keeps(table.columns[*n].0))
            .collect();
        let names: Vec<&str> = kept.iter().map(|n| table.columns[*n].0).collect();
        let marks: Vec<String> = (1..=kept.len()).map(|n| format!("?{n}")).collect();
        let sql = format!(
            "INSERT INTO {}({}) VALUES ({})",
            table.name,
            names.join(", "),
            marks.join(", ")
        );
        if table.name == "audit_batch" {
            // Before the rows are there: the tail is read off the file.
            self.adopt(&[])?;
        }
        let mut insert = self.connection.prepare_cached(&sql).at(&what)?;
        for row in rows {
            let cells: Vec<Cow<'_, Cell>> = kept
                .iter()
                .map(|n| stored(shrinks(table, table.columns[*n].0), &row[*n]))
                .collect();
            insert
                .execute(params_from_iter(cells.iter().map(|cell| Bound(cell))))
                .at(&what)?;
        }
        drop(insert);
        if table.name == "audit_batch" {
            self.adopt(rows)?;
        }
        let Some(last) = rows.last() else { return Ok(()) };
        self.connection
            .prepare_cached(&format!("INSERT OR REPLACE INTO {MARK_TABLE} VALUES (?1, ?2)"))
            .and_then(|mut mark| mark.execute((table.name, key_text(table.key_of(last)))))
            .map(drop)
            .at(&what)
    }

    fn marks(&self) -> Outcome<Marks> {
        let sql = format!("SELECT name, value FROM {MARK_TABLE}");
        let mut read = self.connection.prepare(&sql).at("reading marks")?;
        let rows = read.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.and_then(Iterator::collect).at("reading marks")
    }
}

#[async_trait]
impl Source for SqliteTarget {
    async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        count(&self.connection, table)
    }

    async fn rows(&mut self, table: &Table, after: &[Cell]) -> Result<Vec<Row>, StoreError> {
        rows(&self.connection, table, after)
    }

    async fn numbers(&mut self) -> Result<Numbers, StoreError> {
        numbers(&self.connection)
    }
}

#[async_trait]
impl Target for SqliteTarget {
    async fn begin(&mut self, stamp: &str) -> Result<Marks, StoreError> {
        if refuse_unfinished(&self.connection).is_err() {
            let marks = self.marks()?;
            return if marks.get(STAMP).is_some_and(|own| own == stamp) {
                Ok(marks)
            } else {
                Err(other_copy())
            };
        }
        for table in TABLES {
            if count(&self.connection, table)? > 0 {
                return Err(not_empty(table));
            }
        }
        self.connection
            .execute_batch(&format!(
                "CREATE TABLE {MARK_TABLE}(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
            ))
            .at("beginning a copy")?;
        self.connection
            .execute(&format!("INSERT INTO {MARK_TABLE} VALUES (?1, ?2)"), (STAMP, stamp))
            .at("beginning a copy")?;
        self.marks()
    }

    async fn write(&mut self, table: &Table, rows: &[Row]) -> Result<(), StoreError> {
        self.connection.execute_batch("BEGIN IMMEDIATE").at("writing")?;
        let done = self
            .insert(table, rows)
            .and_then(|()| self.connection.execute_batch("COMMIT").at("writing"));
        if done.is_err() {
            self.tail = None;
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        done
    }

    async fn finish(&mut self, numbers: Numbers) -> Result<(), StoreError> {
        let what = "finishing a copy";
        let transaction = self.connection.transaction().at(what)?;
        let set = |name: &str, value: i64| {
            transaction
                .execute(
                    "INSERT OR REPLACE INTO meta(name, value) VALUES (?1, ?2)",
                    (name, value),
                )
                .map(drop)
                .at(what)
        };
        // The index is written at the next open, from the keys of the resources.
        set("merged", 0)?;
        set("pruned", numbers.pruned)?;
        match numbers.fingerprint {
            Some(fingerprint) => set("fingerprint", fingerprint)?,
            None => drop(
                transaction
                    .execute("DELETE FROM meta WHERE name = 'fingerprint'", [])
                    .at(what)?,
            ),
        }
        transaction
            .execute("DELETE FROM sqlite_sequence WHERE name = 'delivery'", [])
            .at(what)?;
        transaction
            .execute(
                "INSERT INTO sqlite_sequence(name, seq) VALUES ('delivery', ?1)",
                [numbers.n],
            )
            .at(what)?;
        transaction
            .execute_batch(&format!("DROP TABLE {MARK_TABLE}"))
            .at(what)?;
        transaction.commit().at(what)?;
        self.connection
            .execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE);")
            .at(what)
    }
}
