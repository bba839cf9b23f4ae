//! Reading subscription notifications.

use crate::error::{Backend, Outcome};
use jiff::Timestamp;
use rusqlite::{Connection, params};
use search::row::{delivery_code, delivery_state, micros, timestamp};
use store::{DeliveryCount, DeliveryRecord, DeliveryState};

/// Notifications of a subscription in a state, by due moment.
pub(super) fn deliveries(
    connection: &Connection,
    subscription: &str,
    wanted: DeliveryState,
    until: Timestamp,
    after: Option<(Timestamp, u64)>,
    limit: usize,
) -> Outcome<Vec<DeliveryRecord>> {
    let (from, number) = after.map_or((i64::MIN, 0), |(due, n)| (micros(due), n as i64));
    let mut read = connection
        .prepare_cached(
            "SELECT n, lane, seq, version, due, attempts, queued, error FROM delivery INDEXED BY delivery_due
             WHERE subscription = ?1 AND state = ?2 AND due <= ?3 AND (due, n) > (?4, ?5) ORDER BY due, n LIMIT ?6",
        )
        .at("reading notifications")?;
    let key = params![
        subscription,
        delivery_code(wanted),
        micros(until),
        from,
        number,
        limit as i64
    ];
    let rows = read
        .query_map(key, |row| {
            let record = DeliveryRecord {
                n: row.get::<_, i64>(0)? as u64,
                subscription: subscription.to_owned(),
                lane: row.get(1)?,
                seq: row.get::<_, i64>(2)? as u64,
                version: row.get::<_, i64>(3)? as u64,
                state: wanted,
                due: Timestamp::UNIX_EPOCH,
                attempts: row.get(5)?,
                queued: Timestamp::UNIX_EPOCH,
                error: row.get(7)?,
            };
            Ok((record, row.get::<_, i64>(4)?, row.get::<_, i64>(6)?))
        })
        .at("reading notifications")?;
    rows.map(|row| {
        let (record, due, queued) = row.at("reading notifications")?;
        Ok(DeliveryRecord {
            due: timestamp(due)?,
            queued: timestamp(queued)?,
            ..record
        })
    })
    .collect()
}

/// How many there are, from the index alone.
pub(super) fn counts(connection: &Connection, subscription: Option<&str>) -> Outcome<Vec<DeliveryCount>> {
    let (sql, key) = match subscription {
        Some(id) => (
            "SELECT subscription, state, count(*), min(due) FROM delivery INDEXED BY delivery_due
             WHERE subscription = ?1 GROUP BY subscription, state",
            vec![id],
        ),
        None => (
            "SELECT subscription, state, count(*), min(due) FROM delivery INDEXED BY delivery_due
             GROUP BY subscription, state",
            Vec::new(),
        ),
    };
    let mut read = connection.prepare_cached(sql).at("counting notifications")?;
    let rows = read
        .query_map(rusqlite::params_from_iter(key), |row| {
            Ok((
                row.get(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, i64>(3)?,
            ))
        })
        .at("counting notifications")?;
    rows.map(|row| {
        let (subscription, code, count, due) = row.at("counting notifications")?;
        Ok(DeliveryCount {
            subscription,
            state: delivery_state(code)?,
            count: count as u64,
            due: timestamp(due)?,
        })
    })
    .collect()
}
