//! Reading process state.

use crate::error::Outcome;
use crate::session::{Params, Session};
use search::row::{STATUSES, status, status_code, timestamp};
use store::{DefinitionRecord, HistoryRecord, InstanceFilter, InstanceRecord};
use tokio_postgres::Row;

/// Rows of a list read at once.
const CHUNK: i64 = 256;

/// Instance columns, in the order [`instance_row`] reads them; to be followed by the source and condition.
macro_rules! instances {
    ($rest:literal) => {
        concat!(
            "SELECT id, revision, definition, business_key, patient, status, started, ended, state FROM instance ",
            $rest
        )
    };
}

fn instance_row(row: &Row) -> Outcome<InstanceRecord> {
    Ok(InstanceRecord {
        id: row.get(0),
        revision: row.get::<_, i64>(1) as u64,
        definition: row.get(2),
        business_key: row.get(3),
        patient: row.get(4),
        status: status(row.get::<_, i16>(5).into())?,
        started: timestamp(row.get(6))?,
        ended: row.get::<_, Option<i64>>(7).map(timestamp).transpose()?,
        state: row.get(8),
    })
}

/// One instance.
pub(super) async fn instance(session: &Session, id: &str) -> Outcome<Option<InstanceRecord>> {
    if !super::waits::storable(id) {
        return Ok(None);
    }
    let row = session
        .row(instances!("WHERE id = $1"), &[&id], "reading an instance")
        .await?;
    row.as_ref().map(instance_row).transpose()
}

/// Several instances, by id. Each way in walks an index that ends with the id.
pub(super) async fn instances(session: &Session, filter: &InstanceFilter) -> Outcome<Vec<InstanceRecord>> {
    let mut found: Vec<InstanceRecord> = Vec::new();
    if filter.limit == 0 {
        return Ok(found);
    }
    if let Some(key) = &filter.business_key {
        let sql = instances!("WHERE business_key = $3 AND id > $1 ORDER BY id LIMIT $2");
        walk(session, filter, sql, &[key], &mut found).await?;
    } else if let Some(patient) = &filter.patient {
        let sql = instances!("WHERE patient = $3 AND id > $1 ORDER BY id LIMIT $2");
        walk(session, filter, sql, &[patient], &mut found).await?;
    } else if let Some(definition) = &filter.definition {
        let sql = instances!("WHERE definition = $3 AND status = $4 AND id > $1 ORDER BY id LIMIT $2");
        for version in versions(session, definition).await? {
            let wanted = STATUSES
                .iter()
                .filter(|this| filter.status.is_none_or(|only| only == **this));
            for status in wanted.map(|status| status_code(*status) as i16) {
                walk(session, filter, sql, &[&version, &status], &mut found).await?;
            }
        }
    } else if let Some(wanted) = filter.status {
        let sql = instances!("WHERE status = $3 AND id > $1 ORDER BY id LIMIT $2");
        walk(session, filter, sql, &[&(status_code(wanted) as i16)], &mut found).await?;
    } else {
        let sql = instances!("WHERE id > $1 ORDER BY id LIMIT $2");
        walk(session, filter, sql, &[], &mut found).await?;
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    found.truncate(filter.limit);
    Ok(found)
}

/// Walks one way in until the limit of the filter is found.
async fn walk(
    session: &Session,
    filter: &InstanceFilter,
    sql: &str,
    way: Params<'_>,
    found: &mut Vec<InstanceRecord>,
) -> Outcome<()> {
    let mut after = filter.after.clone().unwrap_or_default();
    let mut taken = 0;
    let chunk = CHUNK.min(filter.limit as i64).max(16);
    loop {
        let start: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&after, &chunk];
        let key: Vec<_> = start.into_iter().chain(way.iter().copied()).collect();
        let rows = session.rows(sql, &key, "listing instances").await?;
        for row in &rows {
            let record = instance_row(row)?;
            if filter.passes(&record) {
                found.push(record);
                taken += 1;
                if taken == filter.limit {
                    return Ok(());
                }
            }
        }
        match rows.last() {
            Some(last) if rows.len() as i64 == chunk => after = last.get(0),
            _ => return Ok(()),
        }
    }
}

/// The definition keys meant: one, or every version of a process id that has instances.
async fn versions(session: &Session, definition: &str) -> Outcome<Vec<String>> {
    if definition.contains(':') {
        return Ok(vec![definition.to_owned()]);
    }
    let (mut last, end) = (format!("{definition}:"), format!("{definition};"));
    let mut found = Vec::new();
    let sql = "SELECT definition FROM instance WHERE definition > $1 AND definition < $2 ORDER BY definition LIMIT 1";
    while let Some(row) = session.row(sql, &[&last, &end], "listing versions").await? {
        last = row.get(0);
        found.push(last.clone());
    }
    Ok(found)
}

/// History of an instance.
pub(super) async fn history(session: &Session, instance: &str, from: u64, limit: usize) -> Outcome<Vec<HistoryRecord>> {
    let rows = session
        .rows(
            "SELECT revision, at, actor, events FROM history WHERE instance = $1 AND revision >= $2 ORDER BY revision LIMIT $3",
            &[&instance, &(from as i64), &(limit as i64)],
            "reading history",
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(HistoryRecord {
                instance: instance.to_owned(),
                revision: row.get::<_, i64>(0) as u64,
                at: timestamp(row.get(1))?,
                actor: row.get(2),
                events: row.get(3),
            })
        })
        .collect()
}

/// Every definition, in the order of deployment.
pub(super) async fn definitions(session: &Session) -> Outcome<Vec<DefinitionRecord>> {
    let sql = "SELECT key, kind, name, version, deployed, file, source FROM definition ORDER BY n";
    let rows = session.rows(sql, &[], "reading definitions").await?;
    rows.iter()
        .map(|row| {
            Ok(DefinitionRecord {
                key: row.get(0),
                kind: row.get(1),
                name: row.get(2),
                version: u32::try_from(row.get::<_, i64>(3)).unwrap_or(u32::MAX),
                deployed: timestamp(row.get(4))?,
                file: row.get(5),
                source: row.get(6),
            })
        })
        .collect()
}
