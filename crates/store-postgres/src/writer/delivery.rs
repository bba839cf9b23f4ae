//! Writes of subscription notifications: of each lane the earliest is ready, the others are behind it.
//!
//! Each change is one or two statements that need no answer, so that all of them go to the database in one go. What is removed
//! was committed before (nobody else knows its number), so its lane was read with the rest.

use super::Group;
use crate::batch::Batch;
use crate::error::Outcome;
use crate::session::Session;
use crate::{params, place};
use jiff::Timestamp;
use search::row::micros;
use store::DeliveryWrite;

/// The statements, in the order of the changes.
pub(super) async fn write(group: &mut Group, batch: &mut Batch) -> Outcome<()> {
    let session = group.session.clone();
    for (number, write) in std::mem::take(&mut group.pending.deliveries) {
        let of = |n: u64| group.stored.lanes.get(&n).cloned();
        match write {
            DeliveryWrite::Queue { .. } => queue(&session, batch, number, write).await?,
            DeliveryWrite::Done { n, seq } => {
                let Some(lane) = of(n) else { continue };
                batch
                    .add(
                        &session,
                        "DELETE FROM delivery WHERE compartment = $1 AND n = $2 AND seq = $3",
                        params![place::key(&lane.1), n as i64, seq as i64],
                        "removing a notification",
                    )
                    .await?;
                promote(&session, batch, lane).await?;
            }
            DeliveryWrite::Drop { n } => {
                let Some(lane) = of(n) else { continue };
                batch
                    .add(
                        &session,
                        "DELETE FROM delivery WHERE compartment = $1 AND n = $2",
                        params![place::key(&lane.1), n as i64],
                        "removing a notification",
                    )
                    .await?;
                promote(&session, batch, lane).await?;
            }
            DeliveryWrite::Retry { n, due, error } => {
                let Some(lane) = of(n) else { continue };
                batch
                    .add(
                        &session,
                        "UPDATE delivery SET due = $3, error = $4, attempts = attempts + 1
                         WHERE compartment = $1 AND n = $2 AND state = 0",
                        params![place::key(&lane.1), n as i64, micros(due), error],
                        "postponing a notification",
                    )
                    .await?;
            }
            DeliveryWrite::Dead { n, at, error } => {
                let Some(lane) = of(n) else { continue };
                batch
                    .add(
                        &session,
                        "UPDATE delivery SET state = 2, due = $3, error = $4, attempts = attempts + 1
                         WHERE compartment = $1 AND n = $2 AND state = 0",
                        params![place::key(&lane.1), n as i64, micros(at), error],
                        "giving a notification up",
                    )
                    .await?;
                promote(&session, batch, lane).await?;
            }
            DeliveryWrite::Replay { n, at } => {
                let Some(lane) = of(n) else { continue };
                replay(&session, batch, (n, at), lane).await?;
            }
        }
    }
    Ok(())
}

async fn replay(
    session: &Session,
    batch: &mut Batch,
    (n, at): (u64, Timestamp),
    (subscription, lane): (String, String),
) -> Outcome<()> {
    batch
        .add(
            session,
            "UPDATE delivery SET attempts = 0, due = $3, state = CASE WHEN EXISTS(SELECT 1 FROM delivery o
               WHERE o.compartment = $1 AND o.subscription = $4 AND o.lane = $5 AND o.state < 2) THEN 1 ELSE 0 END
             WHERE compartment = $1 AND n = $2 AND state = 2",
            params![place::key(&lane), n as i64, micros(at), subscription, lane],
            "replaying a notification",
        )
        .await
}

async fn queue(session: &Session, batch: &mut Batch, n: i64, write: DeliveryWrite) -> Outcome<()> {
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
    let what = "queueing a notification";
    let compartment = place::key(&lane);
    if coalesce {
        batch
            .add(
                session,
                "UPDATE delivery SET seq = $4, version = $5
                 WHERE compartment = $1 AND subscription = $2 AND lane = $3 AND state < 2",
                params![
                    compartment,
                    subscription.clone(),
                    lane.clone(),
                    seq as i64,
                    version as i64
                ],
                what,
            )
            .await?;
    }
    batch
        .add(
            session,
            "INSERT INTO delivery(compartment, n, seq, version, due, queued, state, subscription, lane)
             SELECT $1, $2, $3, $4, $5, $5, CASE WHEN busy THEN 1 ELSE 0 END, $6, $7
             FROM (SELECT EXISTS(SELECT 1 FROM delivery WHERE compartment = $1 AND subscription = $6 AND lane = $7
               AND state < 2) AS busy) AS there
             WHERE NOT ($8 AND busy)",
            params![
                compartment,
                n,
                seq as i64,
                version as i64,
                micros(at),
                subscription,
                lane,
                coalesce
            ],
            what,
        )
        .await
}

/// Where nothing of the lane is ready, the earliest of those behind is now.
async fn promote(session: &Session, batch: &mut Batch, (subscription, lane): (String, String)) -> Outcome<()> {
    batch
        .add(
            session,
            "UPDATE delivery SET state = 0 WHERE compartment = $1
             AND n = (SELECT min(n) FROM delivery WHERE compartment = $1 AND subscription = $2 AND lane = $3 AND state < 2)
             AND NOT EXISTS(SELECT 1 FROM delivery
               WHERE compartment = $1 AND subscription = $2 AND lane = $3 AND state = 0)",
            params![place::key(&lane), subscription, lane],
            "bringing the next notification forward",
        )
        .await
}
