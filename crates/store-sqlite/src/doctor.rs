//! Is the file sound? And a copy of it.

use crate::error::{Backend, Outcome};
use crate::keys::{index_rows, iter};
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::path::Path;
use store::StoreError;

/// Findings listed at most.
const FINDINGS: usize = 100;

/// What an examination found.
#[derive(Debug, Clone, Default)]
pub struct Doctor {
    /// What is wrong, in plain sentences; empty when the file is sound. At most 100 are listed.
    pub problems: Vec<String>,
    /// Live resources examined.
    pub resources: u64,
    /// Index rows found.
    pub index_rows: u64,
}

/// Examines the file as the connection's snapshot sees it.
pub(crate) fn examine(connection: &Connection) -> Outcome<Doctor> {
    let mut doctor = Doctor::default();
    let mut check = connection.prepare("PRAGMA integrity_check").at("integrity check")?;
    let lines = check
        .query_map([], |row| row.get::<_, String>(0))
        .at("integrity check")?;
    for line in lines {
        let line = line.at("integrity check")?;
        if line != "ok" {
            doctor.add(format!("SQLite: {line}"));
        }
    }
    index(connection, &mut doctor)?;
    counts(connection, &mut doctor)?;
    Ok(doctor)
}

impl Doctor {
    fn add(&mut self, problem: String) {
        if self.problems.len() < FINDINGS {
            self.problems.push(problem);
        }
    }
}

/// Every packed key has its index rows, and there are no others.
fn index(connection: &Connection, doctor: &mut Doctor) -> Outcome<()> {
    let mut resources = connection
        .prepare("SELECT rid, id, keys, method, body IS NULL FROM resource")
        .at("reading resources")?;
    let mut probe = connection
        .prepare("SELECT 1 FROM idx WHERE param = ?1 AND key = ?2 AND rid = ?3")
        .at("reading the index")?;
    let mut expected = 0;
    let mut rows = resources.query([]).at("reading resources")?;
    while let Some(row) = rows.next().at("reading resources")? {
        let read = || {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, Vec<u8>>(2)?,
                row.get::<_, i64>(3)?,
                row.get::<_, bool>(4)?,
            ))
        };
        let (rid, id, keys, method, empty) = read().at("reading resources")?;
        let deleted = method == crate::row::DELETED;
        if deleted != empty {
            doctor.add(format!(
                "resource {id}: a deleted version has a body, or a live one has none"
            ));
        }
        doctor.resources += u64::from(!deleted);
        let mut own = BTreeSet::new();
        for (param, key) in iter(&keys) {
            own.extend(index_rows(key).map(|row| (param, row.into_owned())));
        }
        expected += own.len() as u64;
        for (param, key) in own {
            if !probe.exists((param, &key, rid)).at("reading the index")? {
                doctor.add(format!(
                    "resource {id}: a value of search parameter {param} is missing from the index; reindex"
                ));
            }
        }
    }
    let found: i64 = connection
        .query_row("SELECT count(*) FROM idx", [], |row| row.get(0))
        .at("counting index rows")?;
    doctor.index_rows = found as u64;
    if doctor.index_rows != expected {
        doctor.add(format!(
            "the index has {found} rows, the resources account for {expected}; reindex"
        ));
    }
    Ok(())
}

fn counts(connection: &Connection, doctor: &mut Doctor) -> Outcome<()> {
    let mut wrong = connection
        .prepare(
            "SELECT name, live, (SELECT count(*) FROM resource WHERE rtype = code AND method <> 2) AS found FROM rtype
             WHERE live <> found",
        )
        .at("counting resources")?;
    let lines = wrong
        .query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, row.get::<_, i64>(2)?))
        })
        .at("counting resources")?;
    for line in lines {
        let (name, live, found) = line.at("counting resources")?;
        doctor.add(format!("{name}: counted as {live}, {found} are there"));
    }
    Ok(())
}

/// Copies the file with `VACUUM INTO`, on a connection of its own.
pub(crate) fn backup(path: &Path, to: &Path) -> Outcome<()> {
    if to.exists() {
        return Err(StoreError::Invalid(format!(
            "{} exists already; a backup never overwrites",
            to.display()
        )));
    }
    let target = to
        .to_str()
        .ok_or_else(|| StoreError::Invalid("the backup path is not valid UTF-8".into()))?;
    let connection = Connection::open(path).at("opening the file for a backup")?;
    connection
        .execute("VACUUM INTO ?1", [target])
        .map(drop)
        .at("writing the backup")
}
