//! Writes of subscription notifications: of each lane the earliest is ready, the others are behind it.

use crate::error::{Backend, Outcome};
use rusqlite::{Connection, OptionalExtension, params};
use search::row::micros;
use store::DeliveryWrite;

/// Writes one change.
pub(super) fn write(connection: &Connection, write: &DeliveryWrite) -> Outcome<()> {
    match write {
        DeliveryWrite::Queue { .. } => queue(connection, write),
        DeliveryWrite::Done { n, seq } => remove(
            connection,
            "DELETE FROM delivery WHERE n = ?1 AND seq = ?2 RETURNING subscription, lane, state",
            (*n, *seq),
        ),
        DeliveryWrite::Retry { n, due, error } => connection
            .prepare_cached(
                "UPDATE delivery SET due = ?2, error = ?3, attempts = attempts + 1 WHERE n = ?1 AND state = 0",
            )
            .and_then(|mut retry| retry.execute((*n as i64, micros(*due), error)))
            .map(drop)
            .at("postponing a notification"),
        DeliveryWrite::Dead { n, at, error } => {
            let place: Option<(String, String)> = connection
                .prepare_cached(
                    "UPDATE delivery SET state = 2, due = ?2, error = ?3, attempts = attempts + 1
                     WHERE n = ?1 AND state = 0 RETURNING subscription, lane",
                )
                .and_then(|mut give_up| {
                    give_up
                        .query_row((*n as i64, micros(*at), error), |row| Ok((row.get(0)?, row.get(1)?)))
                        .optional()
                })
                .at("giving a notification up")?;
            place.map_or(Ok(()), |(subscription, lane)| promote(connection, &subscription, &lane))
        }
        DeliveryWrite::Replay { n, at } => connection
            .prepare_cached(
                "UPDATE delivery SET attempts = 0, due = ?2, state = EXISTS(
                   SELECT 1 FROM delivery other WHERE other.subscription = delivery.subscription
                   AND other.lane = delivery.lane AND other.state < 2)
                 WHERE n = ?1 AND state = 2",
            )
            .and_then(|mut replay| replay.execute((*n as i64, micros(*at))))
            .map(drop)
            .at("replaying a notification"),
        DeliveryWrite::Drop { n } => remove(
            connection,
            "DELETE FROM delivery WHERE n = ?1 AND ?2 = 0 RETURNING subscription, lane, state",
            (*n, 0),
        ),
    }
}

fn queue(connection: &Connection, write: &DeliveryWrite) -> Outcome<()> {
    let DeliveryWrite::Queue {
        subscription,
        lane,
        seq,
        version,
        at,
        coalesce,
    } = write
    else {
        return Ok(());
    };
    if *coalesce {
        let taken_in = connection
            .prepare_cached(
                "UPDATE delivery SET seq = ?3, version = ?4 WHERE subscription = ?1 AND lane = ?2 AND state < 2",
            )
            .and_then(|mut take| take.execute(params![subscription, lane, *seq as i64, *version as i64]))
            .at("queueing a notification")?;
        if taken_in > 0 {
            return Ok(());
        }
    }
    connection
        .prepare_cached(
            "INSERT INTO delivery(subscription, lane, seq, version, due, queued, state) VALUES (?1, ?2, ?3, ?4, ?5, ?5,
             EXISTS(SELECT 1 FROM delivery WHERE subscription = ?1 AND lane = ?2 AND state < 2))",
        )
        .and_then(|mut add| add.execute(params![subscription, lane, *seq as i64, *version as i64, micros(*at)]))
        .map(drop)
        .at("queueing a notification")
}

fn remove(connection: &Connection, sql: &'static str, key: (u64, u64)) -> Outcome<()> {
    let removed: Option<(String, String, i64)> = connection
        .prepare_cached(sql)
        .and_then(|mut remove| {
            remove
                .query_row((key.0 as i64, key.1 as i64), |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
                })
                .optional()
        })
        .at("removing a notification")?;
    match removed {
        Some((subscription, lane, 0)) => promote(connection, &subscription, &lane),
        _ => Ok(()),
    }
}

/// The lane's ready one is gone: the earliest of the others takes its place.
fn promote(connection: &Connection, subscription: &str, lane: &str) -> Outcome<()> {
    connection
        .prepare_cached(
            "UPDATE delivery SET state = 0 WHERE n = (
               SELECT min(n) FROM delivery WHERE subscription = ?1 AND lane = ?2 AND state < 2)",
        )
        .and_then(|mut promote| promote.execute((subscription, lane)))
        .map(drop)
        .at("bringing the next notification forward")
}
