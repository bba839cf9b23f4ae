//! Reading process state.

use crate::error::{Backend, Outcome};
use rusqlite::{Connection, OptionalExtension, Row, ToSql};
use search::row::{STATUSES, status, status_code, timestamp};
use store::{DefinitionRecord, HistoryRecord, InstanceFilter, InstanceRecord};

/// Instance columns, in the order [`instance_row`] reads them; to be followed by the source and condition.
macro_rules! instances {
    ($rest:literal) => {
        concat!(
            "SELECT id, revision, definition, business_key, patient, status, started, ended, state FROM instance ",
            $rest
        )
    };
}

struct RawInstance {
    record: InstanceRecord,
    status: i64,
    started: i64,
    ended: Option<i64>,
}

fn instance_row(row: &Row<'_>) -> rusqlite::Result<RawInstance> {
    Ok(RawInstance {
        record: InstanceRecord {
            id: row.get(0)?,
            revision: row.get::<_, i64>(1)? as u64,
            definition: row.get(2)?,
            business_key: row.get(3)?,
            patient: row.get(4)?,
            status: STATUSES[0],
            started: jiff::Timestamp::UNIX_EPOCH,
            ended: None,
            state: row.get(8)?,
        },
        status: row.get(5)?,
        started: row.get(6)?,
        ended: row.get(7)?,
    })
}

impl RawInstance {
    fn finish(self) -> Outcome<InstanceRecord> {
        Ok(InstanceRecord {
            status: status(self.status)?,
            started: timestamp(self.started)?,
            ended: self.ended.map(timestamp).transpose()?,
            ..self.record
        })
    }
}

/// One instance.
pub(super) fn instance(connection: &Connection, id: &str) -> Outcome<Option<InstanceRecord>> {
    connection
        .prepare_cached(instances!("WHERE id = ?1"))
        .and_then(|mut read| read.query_row([id], instance_row).optional())
        .at("reading an instance")?
        .map(RawInstance::finish)
        .transpose()
}

/// Several instances, by id. Each way in walks an index that ends with the id.
pub(super) fn instances(connection: &Connection, filter: &InstanceFilter) -> Outcome<Vec<InstanceRecord>> {
    let after = filter.after.as_deref().unwrap_or_default();
    let mut found: Vec<InstanceRecord> = Vec::new();
    let mut walk = |sql: &'static str, way: &[&dyn ToSql]| -> Outcome<()> {
        let mut walk = connection.prepare_cached(sql).at("listing instances")?;
        let mut rows = walk.query(way).at("listing instances")?;
        let mut taken = 0;
        while let Some(row) = rows.next().at("listing instances")? {
            let record = instance_row(row).at("listing instances")?.finish()?;
            if filter.passes(&record) {
                found.push(record);
                taken += 1;
                if taken == filter.limit {
                    break;
                }
            }
        }
        Ok(())
    };
    if filter.limit == 0 {
        return Ok(Vec::new());
    }
    if let Some(key) = &filter.business_key {
        walk(
            instances!("INDEXED BY instance_business_key WHERE business_key = ?1 AND id > ?2 ORDER BY id"),
            &[key, &after],
        )?;
    } else if let Some(patient) = &filter.patient {
        walk(
            instances!("INDEXED BY instance_patient WHERE patient = ?1 AND id > ?2 ORDER BY id"),
            &[patient, &after],
        )?;
    } else if let Some(definition) = &filter.definition {
        for version in versions(connection, definition)? {
            for wanted in STATUSES
                .iter()
                .filter(|this| filter.status.is_none_or(|only| only == **this))
            {
                walk(
                    instances!(
                        "INDEXED BY instance_definition WHERE definition = ?1 AND status = ?2 AND id > ?3 ORDER BY id"
                    ),
                    &[&version, &status_code(*wanted), &after],
                )?;
            }
        }
    } else if let Some(wanted) = filter.status {
        walk(
            instances!("INDEXED BY instance_status WHERE status = ?1 AND id > ?2 ORDER BY id"),
            &[&status_code(wanted), &after],
        )?;
    } else {
        walk(instances!("WHERE id > ?1 ORDER BY id"), &[&after])?;
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found.truncate(filter.limit);
    Ok(found)
}

/// The definition keys meant: one, or every version of a process id that has instances.
fn versions(connection: &Connection, definition: &str) -> Outcome<Vec<String>> {
    if definition.contains(':') {
        return Ok(vec![definition.to_owned()]);
    }
    let (mut last, end) = (format!("{definition}:"), format!("{definition};"));
    let mut found = Vec::new();
    let mut step = connection
        .prepare_cached("SELECT min(definition) FROM instance WHERE definition > ?1 AND definition < ?2")
        .at("listing versions")?;
    while let Some(next) = step
        .query_row((&last, &end), |row| row.get::<_, Option<String>>(0))
        .at("listing versions")?
    {
        found.push(next.clone());
        last = next;
    }
    Ok(found)
}

/// History of an instance.
pub(super) fn history(connection: &Connection, instance: &str, from: u64, limit: usize) -> Outcome<Vec<HistoryRecord>> {
    let mut read = connection
        .prepare_cached(
            "SELECT revision, at, actor, events FROM history WHERE instance = ?1 AND revision >= ?2 ORDER BY revision LIMIT ?3",
        )
        .at("reading history")?;
    let rows = read
        .query_map((instance, from as i64, limit as i64), |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get(2)?, row.get(3)?))
        })
        .at("reading history")?;
    rows.map(|row| {
        let (revision, at, actor, events) = row.at("reading history")?;
        Ok(HistoryRecord {
            instance: instance.to_owned(),
            revision: revision as u64,
            at: timestamp(at)?,
            actor,
            events,
        })
    })
    .collect()
}

/// Every definition, in the order of deployment.
pub(super) fn definitions(connection: &Connection) -> Outcome<Vec<DefinitionRecord>> {
    let mut read = connection
        .prepare_cached("SELECT key, kind, name, version, deployed, file, source FROM definition ORDER BY n")
        .at("reading definitions")?;
    let rows = read
        .query_map([], |row| {
            let record = DefinitionRecord {
                key: row.get(0)?,
                kind: row.get(1)?,
                name: row.get(2)?,
                version: row.get(3)?,
                deployed: jiff::Timestamp::UNIX_EPOCH,
                file: row.get(5)?,
                source: row.get(6)?,
            };
            Ok((record, row.get::<_, i64>(4)?))
        })
        .at("reading definitions")?;
    rows.map(|row| {
        let (record, deployed) = row.at("reading definitions")?;
        Ok(DefinitionRecord {
            deployed: timestamp(deployed)?,
            ..record
        })
    })
    .collect()
}
