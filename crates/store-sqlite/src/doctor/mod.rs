//! Is the file sound? And a copy of it.

mod fresh;
mod queues;
mod versions;

use crate::error::{Backend, Outcome};
use crate::recent::View;
use crate::shrunk::Keys;
use rusqlite::Connection;
use search::Rules;
use search::keys::{index_rows, iter};
use std::collections::BTreeSet;
use std::path::Path;
use store::StoreError;

/// Findings listed at most.
const FINDINGS: usize = 100;

/// How much an examination reads beside SQLite's own check, the index and the counts, which it always looks at whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Nothing more.
    Structure,
    /// About so many of the resources and of the versions are parsed, and their search values extracted again; queues and
    /// access records are read whole.
    Sample(u64),
    /// All of them.
    Full,
}

/// What an examination found.
#[derive(Debug, Clone, Default)]
pub struct Doctor {
    /// What is wrong, in plain sentences; empty when the file is sound. At most 100 are listed.
    pub problems: Vec<String>,
    /// Live resources examined.
    pub resources: u64,
    /// Index rows found.
    pub index_rows: u64,
    /// Versions parsed, current and superseded.
    pub versions: u64,
    /// Resources whose search values were extracted again.
    pub extracted: u64,
}

/// Examines the file as the connection's snapshot sees it; `view`: the index rows that are not in it yet.
pub(crate) fn examine(connection: &Connection, view: &View, rules: &Rules, depth: Depth) -> Outcome<Doctor> {
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
    // What a damaged page keeps one look from reading, the others may still find.
    let looked = index(connection, view, &mut doctor);
    doctor.note(looked);
    let looked = counts(connection, &mut doctor);
    doctor.note(looked);
    let step = match depth {
        Depth::Structure => return Ok(doctor),
        Depth::Sample(wanted) => step(connection, wanted)?,
        Depth::Full => 1,
    };
    let looked = versions::check(connection, step, &mut doctor);
    doctor.note(looked);
    let looked = fresh::check(connection, rules, step, &mut doctor);
    doctor.note(looked);
    let looked = queues::check(connection, &mut doctor);
    doctor.note(looked);
    Ok(doctor)
}

/// One in how many is looked at.
fn step(connection: &Connection, wanted: u64) -> Outcome<i64> {
    let last: i64 = connection
        .query_row("SELECT coalesce(max(rid), 0) FROM resource", [], |row| row.get(0))
        .at("counting resources")?;
    Ok((last / i64::try_from(wanted.max(1)).unwrap_or(i64::MAX)).max(1))
}

impl Doctor {
    /// A look that could not go on is a finding.
    fn note(&mut self, looked: Outcome<()>) {
        if let Err(error) = looked {
            self.add(error.to_string());
        }
    }

    fn add(&mut self, problem: String) {
        if self.problems.len() < FINDINGS {
            self.problems.push(problem);
        }
    }
}

/// Every packed key has its index rows, and there are no others.
fn index(connection: &Connection, view: &View, doctor: &mut Doctor) -> Outcome<()> {
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
                row.get::<_, Keys>(2).map(|keys| keys.0).unwrap_or_default(),
                row.get::<_, i64>(3)?,
                row.get::<_, bool>(4)?,
            ))
        };
        let (rid, id, keys, method, empty) = read().at("reading resources")?;
        let deleted = method == search::row::DELETED;
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
            if !view.has(param, &key, rid) && !probe.exists((param, &key, rid)).at("reading the index")? {
                doctor.add(format!(
                    "resource {id}: a value of search parameter {param} is missing from the index; reindex"
                ));
            }
        }
    }
    let found: i64 = connection
        .query_row("SELECT count(*) FROM idx", [], |row| row.get(0))
        .at("counting index rows")?;
    doctor.index_rows = found as u64 + view.len() as u64;
    if doctor.index_rows != expected {
        doctor.add(format!(
            "the index has {} rows, the resources account for {expected}; reindex",
            doctor.index_rows
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
