//! Reading timers, waits, leases, the outbox and small values.

use crate::error::Outcome;
use crate::session::Session;
use jiff::Timestamp;
use search::row::{micros, timestamp, wait_code};
use store::{Lease, Outbox, TimerRecord, WaitKind, WaitRecord};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

/// Timers due at `now` or before.
pub(super) async fn timers_due(session: &Session, now: Timestamp, limit: usize) -> Outcome<Vec<TimerRecord>> {
    let rows = session
        .rows(
            "SELECT due, id, instance FROM timer WHERE due <= $1 ORDER BY due, id LIMIT $2",
            &[&micros(now), &(limit as i64)],
            "reading timers",
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(TimerRecord {
                due: timestamp(row.get(0))?,
                id: row.get(1),
                instance: row.get(2),
            })
        })
        .collect()
}

/// Waits in key order.
pub(super) async fn waits(
    session: &Session,
    kind: WaitKind,
    (name, key): (Option<&str>, Option<&str>),
    after: Option<&WaitRecord>,
    limit: usize,
) -> Outcome<Vec<WaitRecord>> {
    let code = wait_code(kind) as i16;
    let after = after.filter(|wait| wait_code(wait.kind) as i16 >= code);
    let [a_name, a_key, a_instance, a_id] = after.map_or([""; 4], |wait| {
        [&wait.name, &wait.key, &wait.instance, &wait.id].map(String::as_str)
    });
    if after.is_some_and(|wait| wait.kind != kind) {
        return Ok(Vec::new());
    }
    let limit = limit as i64;
    let mut params: Vec<&(dyn ToSql + Sync)> = vec![&code, &a_name, &a_key, &a_instance, &a_id, &limit];
    let sql = match (&name, &key) {
        (Some(name), Some(key)) => {
            params.extend([name as &(dyn ToSql + Sync), key]);
            "SELECT name, key, instance, id FROM wait WHERE kind = $1 AND name = $7 AND key = $8
             AND (name, key, instance, id) > ($2, $3, $4, $5) ORDER BY kind, name, key, instance, id LIMIT $6"
        }
        (Some(name), None) => {
            params.push(name);
            "SELECT name, key, instance, id FROM wait WHERE kind = $1 AND name = $7
             AND (name, key, instance, id) > ($2, $3, $4, $5) ORDER BY kind, name, key, instance, id LIMIT $6"
        }
        // Without a name there is no index by key: all waits of the kind are looked at.
        (None, Some(key)) => {
            params.push(key);
            "SELECT name, key, instance, id FROM wait WHERE kind = $1 AND key = $7
             AND (name, key, instance, id) > ($2, $3, $4, $5) ORDER BY kind, name, key, instance, id LIMIT $6"
        }
        (None, None) => {
            "SELECT name, key, instance, id FROM wait WHERE kind = $1
             AND (name, key, instance, id) > ($2, $3, $4, $5) ORDER BY kind, name, key, instance, id LIMIT $6"
        }
    };
    let rows = session.rows(sql, &params, "reading waits").await?;
    Ok(rows
        .iter()
        .map(|row| WaitRecord {
            kind,
            name: row.get(0),
            key: row.get(1),
            instance: row.get(2),
            id: row.get(3),
        })
        .collect())
}

fn lease_row(row: &Row) -> Outcome<Lease> {
    Ok(Lease {
        id: row.get(0),
        instance: row.get(1),
        job_type: row.get(2),
        until: timestamp(row.get(3))?,
        fence: row.get::<_, i64>(4) as u64,
        data: row.get(5),
    })
}

/// The lease of a job.
pub(super) async fn lease(session: &Session, job: &str) -> Outcome<Option<Lease>> {
    let sql = "SELECT id, instance, type, until, fence, data FROM lease WHERE id = $1";
    let row = session.row(sql, &[&job], "reading a lease").await?;
    row.as_ref().map(lease_row).transpose()
}

/// Leases of a type that end at `until` or before, earliest first.
pub(super) async fn leases(session: &Session, job_type: &str, until: Timestamp, limit: usize) -> Outcome<Vec<Lease>> {
    let rows = session
        .rows(
            "SELECT id, instance, type, until, fence, data FROM lease WHERE type = $1 AND until <= $2
             ORDER BY until, id LIMIT $3",
            &[&job_type, &micros(until), &(limit as i64)],
            "reading leases",
        )
        .await?;
    rows.iter().map(lease_row).collect()
}

/// Outbox entries that may go out, oldest first.
pub(super) async fn outbox(session: &Session, topic: &str, now: Timestamp, limit: usize) -> Outcome<Vec<Outbox>> {
    let rows = session
        .rows(
            "SELECT id, topic, payload, attempts, error FROM outbox WHERE topic = $1 AND not_before <= $2
             ORDER BY not_before, n LIMIT $3",
            &[&topic, &micros(now), &(limit as i64)],
            "reading the outbox",
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Outbox {
            id: row.get(0),
            topic: row.get(1),
            payload: row.get(2),
            attempts: u32::try_from(row.get::<_, i64>(3)).unwrap_or(u32::MAX),
            error: row.get(4),
        })
        .collect())
}

/// Whether the database can hold this text: it has no character NUL, so that nothing is stored under a name with one, and it may
/// not be asked for it.
pub(super) fn storable(text: &str) -> bool {
    !text.contains('\0')
}

/// One small value.
pub(super) async fn record(session: &Session, kind: &str, key: &str) -> Outcome<Option<Vec<u8>>> {
    if !storable(key) {
        return Ok(None);
    }
    let sql = "SELECT value FROM record WHERE kind = $1 AND key = $2 AND compartment = $3";
    let place = crate::place::of_record(kind, key);
    let row = session.row(sql, &[&kind, &key, &place], "reading a record").await?;
    Ok(row.map(|row| row.get(0)))
}

/// The small value under the first of several kinds that has one.
pub(super) async fn record_of_any(session: &Session, kinds: &[String], key: &str) -> Outcome<Option<Vec<u8>>> {
    if !storable(key) {
        return Ok(None);
    }
    let sql = "SELECT kind, value FROM record WHERE kind = ANY($1) AND key = $2 AND compartment = ANY($3)";
    let places: Vec<i64> = kinds.iter().map(|kind| crate::place::of_record(kind, key)).collect();
    let rows = session.rows(sql, &[&kinds, &key, &places], "reading a record").await?;
    let at = |row: &tokio_postgres::Row| kinds.iter().position(|kind| *kind == row.get::<_, String>(0));
    Ok(rows.iter().min_by_key(|row| at(row)).map(|row| row.get(1)))
}

/// Small values whose key starts with `prefix`.
pub(super) async fn records(
    session: &Session,
    kind: &str,
    prefix: &str,
    limit: usize,
) -> Outcome<Vec<(String, Vec<u8>)>> {
    if !storable(prefix) {
        return Ok(Vec::new());
    }
    let sql = "SELECT key, value FROM record WHERE kind = $1 AND key >= $2 ORDER BY kind, key LIMIT $3";
    let rows = session
        .rows(sql, &[&kind, &prefix, &(limit as i64)], "reading records")
        .await?;
    Ok(rows
        .iter()
        .map(|row| (row.get::<_, String>(0), row.get(1)))
        .take_while(|(key, _)| key.starts_with(prefix))
        .collect())
}

/// Small values whose key comes after `after`.
pub(super) async fn records_after(
    session: &Session,
    kind: &str,
    after: &str,
    limit: usize,
) -> Outcome<Vec<(String, Vec<u8>)>> {
    let sql = "SELECT key, value FROM record WHERE kind = $1 AND key > $2 ORDER BY kind, key LIMIT $3";
    let rows = session
        .rows(sql, &[&kind, &after, &(limit as i64)], "reading records")
        .await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
