//! Reading subscription notifications.

use crate::error::Outcome;
use crate::session::Session;
use jiff::Timestamp;
use search::row::{delivery_code, delivery_state, micros, timestamp};
use store::{DeliveryCount, DeliveryRecord, DeliveryState};

/// Notifications of a subscription in a state, by due moment.
pub(super) async fn deliveries(
    session: &Session,
    subscription: &str,
    wanted: DeliveryState,
    until: Timestamp,
    after: Option<(Timestamp, u64)>,
    limit: usize,
) -> Outcome<Vec<DeliveryRecord>> {
    let (from, number) = after.map_or((i64::MIN, 0), |(due, n)| (micros(due), n as i64));
    let state = delivery_code(wanted) as i16;
    let rows = session
        .rows(
            "SELECT n, lane, seq, version, due, attempts, queued, error FROM delivery
             WHERE subscription = $1 AND state = $2 AND due <= $3 AND (due, n) > ($4, $5) ORDER BY due, n LIMIT $6",
            &[&subscription, &state, &micros(until), &from, &number, &(limit as i64)],
            "reading notifications",
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(DeliveryRecord {
                n: row.get::<_, i64>(0) as u64,
                subscription: subscription.to_owned(),
                lane: row.get(1),
                seq: row.get::<_, i64>(2) as u64,
                version: row.get::<_, i64>(3) as u64,
                state: wanted,
                due: timestamp(row.get(4))?,
                attempts: u32::try_from(row.get::<_, i64>(5)).unwrap_or(u32::MAX),
                queued: timestamp(row.get(6))?,
                error: row.get(7),
            })
        })
        .collect()
}

/// How many there are.
pub(super) async fn counts(session: &Session, subscription: Option<&str>) -> Outcome<Vec<DeliveryCount>> {
    let what = "counting notifications";
    let rows = match subscription {
        Some(id) => {
            let sql = "SELECT subscription, state, count(*), min(due) FROM delivery WHERE subscription = $1
                       GROUP BY subscription, state ORDER BY subscription, state";
            session.rows(sql, &[&id], what).await?
        }
        None => {
            let sql = "SELECT subscription, state, count(*), min(due) FROM delivery
                       GROUP BY subscription, state ORDER BY subscription, state";
            session.rows(sql, &[], what).await?
        }
    };
    rows.iter()
        .map(|row| {
            Ok(DeliveryCount {
                subscription: row.get(0),
                state: delivery_state(row.get::<_, i16>(1).into())?,
                count: row.get::<_, i64>(2) as u64,
                due: timestamp(row.get(3))?,
            })
        })
        .collect()
}
