//! The database as source and as target of a copy; see [`store::transfer`].

use crate::error::{Backend, Outcome};
use crate::session::Session;
use crate::{Options, connect, place, schema};
use async_trait::async_trait;
use deadpool_postgres::{Object, Pool};
use search::keys::{index_rows, iter};
use std::collections::{BTreeSet, HashMap};
use store::StoreError;
use store::transfer::{
    Cell, Kind, MARK_TABLE, Marks, Numbers, Row, STAMP, Source, TABLES, Table, Target, key_text, not_empty, other_copy,
    unfinished,
};
use tokio_postgres::types::ToSql;

/// Counts of live resources lie in a table of their own.
fn from(table: &Table) -> &'static str {
    match table.name {
        "rtype" => {
            "(SELECT r.code, r.name, coalesce((SELECT t.live FROM tally t WHERE t.code = r.code), 0) AS live
              FROM rtype r) AS rtype"
        }
        name => name,
    }
}

fn select(table: &Table, more: bool) -> String {
    let columns = table.columns.iter().map(|(name, kind)| match kind {
        Kind::Int => format!("{name}::bigint"),
        Kind::Text | Kind::Bytes => (*name).to_owned(),
    });
    let columns: Vec<String> = columns.collect();
    let names: Vec<&str> = table.columns[..table.key].iter().map(|(name, _)| *name).collect();
    let key = names.join(", ");
    let marks = table.columns[..table.key]
        .iter()
        .enumerate()
        .map(|(n, (_, kind))| match kind {
            Kind::Int => format!("${}::bigint", n + 1),
            Kind::Text | Kind::Bytes => format!("${}", n + 1),
        });
    let marks: Vec<String> = marks.collect();
    let after = if more {
        format!("WHERE ({key}) > ({})", marks.join(", "))
    } else {
        String::new()
    };
    let (columns, from, chunk) = (columns.join(", "), from(table), table.chunk);
    format!("SELECT {columns} FROM {from} {after} ORDER BY {key} LIMIT {chunk}")
}

type Param = Box<dyn ToSql + Sync + Send>;

fn bound(cell: &Cell) -> Param {
    match cell {
        Cell::Null => Box::new(None::<i64>),
        Cell::Int(number) => Box::new(*number),
        Cell::Text(text) => Box::new(text.clone()),
        Cell::Bytes(bytes) => Box::new(bytes.clone()),
    }
}

async fn rows(session: &Session, table: &Table, after: &[Cell]) -> Outcome<Vec<Row>> {
    let what = format!("reading {}", table.told);
    let params: Vec<Param> = after.iter().map(bound).collect();
    let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| &**param as _).collect();
    let found = session.rows(&select(table, !after.is_empty()), &params, &what).await?;
    let all = found.iter().map(|row| {
        let cells = table.columns.iter().enumerate().map(|(n, (_, kind))| {
            Ok(match kind {
                Kind::Int => row.try_get::<_, Option<i64>>(n)?.map_or(Cell::Null, Cell::Int),
                Kind::Text => row.try_get::<_, Option<String>>(n)?.map_or(Cell::Null, Cell::Text),
                Kind::Bytes => row.try_get::<_, Option<Vec<u8>>>(n)?.map_or(Cell::Null, Cell::Bytes),
            })
        });
        cells.collect::<Result<Row, tokio_postgres::Error>>().at(&what)
    });
    all.collect()
}

async fn count(session: &Session, table: &Table) -> Outcome<u64> {
    let sql = format!("SELECT count(*) FROM {}", table.name);
    let row = session.row(&sql, &[], "counting rows").await?;
    Ok(row.map_or(0, |row| row.get::<_, i64>(0)) as u64)
}

async fn numbers(session: &Session) -> Outcome<Numbers> {
    let what = "reading the position";
    let row = session
        .row("SELECT n, pruned FROM position WHERE one", &[], what)
        .await?;
    let (n, pruned) = row.map_or((0, 0), |row| (row.get(0), row.get(1)));
    let sql = "SELECT value FROM meta WHERE name = 'fingerprint'";
    let fingerprint = session.row(sql, &[], what).await?.map(|row| row.get(0));
    Ok(Numbers { n, pruned, fingerprint })
}

async fn is_begun(session: &Session) -> Outcome<bool> {
    let sql = "SELECT to_regclass($1::text) IS NOT NULL";
    let row = session.row(sql, &[&MARK_TABLE], "reading the schema").await?;
    Ok(row.is_some_and(|row| row.get(0)))
}

/// Refuses a database that is half a copy.
pub(crate) async fn refuse_unfinished(session: &Session) -> Outcome<()> {
    if is_begun(session).await? {
        Err(unfinished())
    } else {
        Ok(())
    }
}

/// A database as it is at one moment.
pub struct PostgresSource(Session);

impl std::fmt::Debug for PostgresSource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresSource").finish_non_exhaustive()
    }
}

impl PostgresSource {
    pub(crate) async fn begin(object: Object) -> Outcome<Self> {
        let session = Session::begun(object);
        session
            .client()
            .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1")
            .await
            .at("beginning a snapshot")?;
        Ok(Self(session))
    }
}

#[async_trait]
impl Source for PostgresSource {
    async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        count(&self.0, table).await
    }

    async fn rows(&mut self, table: &Table, after: &[Cell]) -> Result<Vec<Row>, StoreError> {
        rows(&self.0, table, after).await
    }

    async fn numbers(&mut self) -> Result<Numbers, StoreError> {
        numbers(&self.0).await
    }
}

/// A new database that is filled.
pub struct PostgresTarget {
    session: Session,
    types: HashMap<i64, String>,
    _pool: Pool,
}

impl std::fmt::Debug for PostgresTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresTarget").finish_non_exhaustive()
    }
}

impl PostgresTarget {
    /// Connects and makes the tables; the database stays locked against nodes that open it until this is dropped.
    ///
    /// # Errors
    /// The database cannot be reached, or a newer or another program wrote it.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        let pool = connect::writers(address, &Options::default())?;
        // The lock goes with the connection, which therefore never goes back.
        let session = Session::plain(connect::take(&pool).await?);
        schema::lock(&session).await?;
        schema::migrate(&session).await?;
        Ok(Self {
            session,
            types: HashMap::new(),
            _pool: pool,
        })
    }

    /// Compartments of rows: by patient, by instance, or by the row's own name, as the writer gives them.
    async fn compartments(&mut self, table: &Table, rows: &[Row]) -> Outcome<Option<Vec<i64>>> {
        let text = |row: &Row, n: usize| match row.get(n) {
            Some(Cell::Text(text)) => text.clone(),
            _ => String::new(),
        };
        let maybe = |row: &Row, n: usize| match row.get(n) {
            Some(Cell::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let number = |row: &Row, n: usize| match row.get(n) {
            Some(Cell::Int(number)) => *number,
            _ => 0,
        };
        let of = |each: &dyn Fn(&Row) -> i64| Ok(Some(rows.iter().map(each).collect()));
        match table.name {
            "resource" => {
                self.know_types().await?;
                of(&|row| self.of_resource(number(row, 1), &text(row, 2), maybe(row, 6)))
            }
            "resource_history" => {
                self.know_types().await?;
                of(&|row| self.of_resource(number(row, 2), &text(row, 3), maybe(row, 7)))
            }
            "instance" => of(&|row| place::of_instance(maybe(row, 4).as_deref(), &text(row, 0))),
            "history" => self.of_instances(rows.iter().map(|row| text(row, 0)).collect()).await,
            "timer" => self.of_instances(rows.iter().map(|row| text(row, 2)).collect()).await,
            "wait" => self.of_instances(rows.iter().map(|row| text(row, 3)).collect()).await,
            "lease" => self.of_instances(rows.iter().map(|row| text(row, 1)).collect()).await,
            "outbox" => of(&|row| place::key(&text(row, 0))),
            "delivery" => of(&|row| place::key(&text(row, 2))),
            "record" => of(&|row| place::of_record(&text(row, 0), &text(row, 1))),
            "audit_batch" => of(&|row| number(row, 0)),
            _ => Ok(None),
        }
    }

    async fn know_types(&mut self) -> Outcome<()> {
        if self.types.is_empty() {
            let rows = self
                .session
                .rows("SELECT code, name FROM rtype", &[], "reading resource types")
                .await?;
            self.types = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        }
        Ok(())
    }

    fn of_resource(&self, code: i64, id: &str, patient: Option<String>) -> i64 {
        let rtype = self.types.get(&code).map_or("", String::as_str);
        place::of_resource(patient.as_deref(), rtype, id)
    }

    async fn of_instances(&self, ids: Vec<String>) -> Outcome<Option<Vec<i64>>> {
        let sql = "SELECT id, compartment FROM instance WHERE id = ANY($1)";
        let rows = self.session.rows(sql, &[&ids], "reading instances").await?;
        let known: HashMap<String, i64> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        Ok(Some(
            ids.iter()
                .map(|id| known.get(id).copied().unwrap_or_else(|| place::key(id)))
                .collect(),
        ))
    }

    async fn insert(&mut self, table: &Table, rows: &[Row]) -> Outcome<()> {
        let what = format!("writing {}", table.told);
        let compartments = self.compartments(table, rows).await?;
        let (mut names, mut types, mut params) = (Vec::new(), Vec::new(), Vec::<Param>::new());
        if let Some(own) = &compartments {
            names.push("compartment");
            types.push("bigint");
            params.push(Box::new(own.clone()));
        }
        for (n, (name, kind)) in table.columns.iter().enumerate() {
            if table.name == "rtype" && *name == "live" {
                continue;
            }
            names.push(name);
            types.push(match kind {
                Kind::Int => "bigint",
                Kind::Text => "text",
                Kind::Bytes => "bytea",
            });
            params.push(column(rows, n, *kind));
        }
        let lists: Vec<String> = types
            .iter()
            .enumerate()
            .map(|(n, of)| format!("${}::{of}[]", n + 1))
            .collect();
        let sql = format!(
            "INSERT INTO {}({}) SELECT * FROM unnest({})",
            table.name,
            names.join(", "),
            lists.join(", ")
        );
        self.run(&sql, params, &what).await?;
        match (table.name, &compartments) {
            ("rtype", _) => {
                let sql = "INSERT INTO tally(code, live) SELECT * FROM unnest($1::bigint[], $2::bigint[])";
                self.run(sql, vec![column(rows, 0, Kind::Int), column(rows, 2, Kind::Int)], &what)
                    .await
            }
            ("resource", Some(own)) => self.index(rows, own).await,
            ("audit_batch", _) => self.patients(rows).await,
            _ => Ok(()),
        }
    }

    /// The index rows of resources, from their keys.
    async fn index(&self, rows: &[Row], compartments: &[i64]) -> Outcome<()> {
        let (mut homes, mut rids, mut params, mut keys) = (Vec::new(), Vec::new(), Vec::<i32>::new(), Vec::new());
        for (row, home) in rows.iter().zip(compartments) {
            let (Some(Cell::Int(rid)), Some(Cell::Bytes(packed))) = (row.first(), row.get(8)) else {
                continue;
            };
            let mut own = BTreeSet::new();
            for (param, key) in iter(packed) {
                own.extend(index_rows(key).map(|row| (param, row.into_owned())));
            }
            for (param, key) in own {
                homes.push(*home);
                rids.push(*rid);
                params.push(i32::from(param));
                keys.push(key);
            }
        }
        let sql = "INSERT INTO idx(compartment, rid, param, key)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::bytea[])";
        let list: Vec<Param> = vec![Box::new(homes), Box::new(rids), Box::new(params), Box::new(keys)];
        self.run(sql, list, "building the index").await
    }

    /// Which patients rows of access records name.
    async fn patients(&self, rows: &[Row]) -> Outcome<()> {
        let (mut homes, mut numbers) = (Vec::new(), Vec::new());
        for row in rows {
            let (Some(Cell::Int(n)), Some(Cell::Bytes(keys))) = (row.first(), row.get(2)) else {
                continue;
            };
            for key in keys.as_chunks::<8>().0 {
                homes.push(i64::from_be_bytes(*key));
                numbers.push(*n);
            }
        }
        let sql = "INSERT INTO audit_patient(compartment, n) SELECT * FROM unnest($1::bigint[], $2::bigint[])
             ON CONFLICT DO NOTHING";
        self.run(sql, vec![Box::new(homes), Box::new(numbers)], "writing access records")
            .await
    }

    async fn run(&self, sql: &str, params: Vec<Param>, what: &str) -> Outcome<()> {
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| &**param as _).collect();
        self.session.run(sql, &params, what).await.map(drop)
    }

    async fn mark(&self, name: &str, value: &str) -> Outcome<()> {
        let sql = format!(
            "INSERT INTO {MARK_TABLE}(name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
        );
        self.session
            .run(&sql, &[&name, &value], "marking how far the copy is")
            .await
            .map(drop)
    }

    async fn marks(&self) -> Outcome<Marks> {
        let sql = format!("SELECT name, value FROM {MARK_TABLE}");
        let rows = self.session.rows(&sql, &[], "reading marks").await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    async fn batch(&self, sql: &str) -> Outcome<()> {
        self.session.client().batch_execute(sql).await.at("copying")
    }
}

/// A column of rows, as one list.
fn column(rows: &[Row], n: usize, kind: Kind) -> Param {
    let cells = rows.iter().map(|row| &row[n]);
    match kind {
        Kind::Int => Box::new(
            cells
                .map(|cell| {
                    if let Cell::Int(number) = cell {
                        Some(*number)
                    } else {
                        None
                    }
                })
                .collect::<Vec<_>>(),
        ),
        Kind::Text => Box::new(
            cells
                .map(|cell| {
                    if let Cell::Text(text) = cell {
                        Some(text.clone())
                    } else {
                        None
                    }
                })
                .collect::<Vec<_>>(),
        ),
        Kind::Bytes => Box::new(
            cells
                .map(|cell| {
                    if let Cell::Bytes(bytes) = cell {
                        Some(bytes.clone())
                    } else {
                        None
                    }
                })
                .collect::<Vec<_>>(),
        ),
    }
}

#[async_trait]
impl Source for PostgresTarget {
    async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        count(&self.session, table).await
    }

    async fn rows(&mut self, table: &Table, after: &[Cell]) -> Result<Vec<Row>, StoreError> {
        rows(&self.session, table, after).await
    }

    async fn numbers(&mut self) -> Result<Numbers, StoreError> {
        numbers(&self.session).await
    }
}

#[async_trait]
impl Target for PostgresTarget {
    async fn begin(&mut self, stamp: &str) -> Result<Marks, StoreError> {
        if is_begun(&self.session).await? {
            let marks = self.marks().await?;
            return if marks.get(STAMP).is_some_and(|own| own == stamp) {
                Ok(marks)
            } else {
                Err(other_copy())
            };
        }
        for table in TABLES {
            if count(&self.session, table).await? > 0 {
                return Err(not_empty(table));
            }
        }
        let sql = format!("CREATE TABLE {MARK_TABLE}(name TEXT COLLATE \"C\" PRIMARY KEY, value TEXT NOT NULL)");
        self.batch(&sql).await?;
        self.mark(STAMP, stamp).await?;
        self.marks().await
    }

    async fn write(&mut self, table: &Table, rows: &[Row]) -> Result<(), StoreError> {
        let Some(last) = rows.last() else { return Ok(()) };
        let mark = key_text(table.key_of(last));
        self.batch("BEGIN").await?;
        let done = match self.insert(table, rows).await {
            Ok(()) => self.mark(table.name, &mark).await,
            Err(error) => Err(error),
        };
        self.batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
        done
    }

    async fn finish(&mut self, numbers: Numbers) -> Result<(), StoreError> {
        let set = match numbers.fingerprint {
            Some(value) => format!(
                "INSERT INTO meta(name, value) VALUES ('fingerprint', {value})
                 ON CONFLICT (name) DO UPDATE SET value = excluded.value;"
            ),
            None => "DELETE FROM meta WHERE name = 'fingerprint';".to_owned(),
        };
        let (n, pruned) = (numbers.n, numbers.pruned);
        let sql = format!(
            "BEGIN; {set}
             UPDATE position SET
               seq = coalesce((SELECT max(seq) FROM resource), 0), rid = coalesce((SELECT max(rid) FROM resource), 0),
               n = greatest({n}, (SELECT max(n) FROM definition), (SELECT max(n) FROM outbox), (SELECT max(n) FROM delivery)),
               pruned = {pruned}, params = params + 1,
               audit = coalesce((SELECT max(n) FROM audit_batch), (SELECT max(n) FROM audit_anchor), 0),
               audit_head = coalesce((SELECT chain FROM audit_batch ORDER BY n DESC LIMIT 1),
                 (SELECT chain FROM audit_anchor ORDER BY n DESC LIMIT 1), decode(repeat('00', 32), 'hex'));
             DROP TABLE {MARK_TABLE}; COMMIT; ANALYZE"
        );
        let done = self.batch(&sql).await;
        if done.is_err() {
            let _ = self.batch("ROLLBACK").await;
        }
        done
    }
}

impl Drop for PostgresTarget {
    fn drop(&mut self) {
        // Closing the pool closes the connection that comes back, and with it the lock goes.
        self._pool.close();
    }
}
