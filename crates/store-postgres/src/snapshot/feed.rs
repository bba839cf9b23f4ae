//! The change feed: the current versions alone, or every version, current and superseded merged by position.

use super::resource::{named, version};
use crate::error::Outcome;
use crate::postgres_store::Node;
use crate::session::Session;
use std::collections::HashMap;
use store::{Change, FeedPage};

/// Current versions after a position.
pub(super) async fn changes_after(node: &Node, session: &Session, seq: u64, limit: usize) -> Outcome<Vec<Change>> {
    let sql = concat!(
        version!("resource"),
        ", seq FROM resource WHERE seq > $1 ORDER BY seq LIMIT $2"
    );
    let rows = session
        .rows(sql, &[&(seq as i64), &(limit as i64)], "reading the change feed")
        .await?;
    let mut changes = Vec::with_capacity(rows.len());
    for row in &rows {
        changes.push(Change {
            seq: row.get::<_, i64>(7) as u64,
            resource: named(node, session, row).await?,
        });
    }
    Ok(changes)
}

/// (position, type code, whether it is the current version).
type Place = (i64, i64, bool);

/// At most `limit` versions after a position; the bodies of other types are not read.
pub(super) async fn feed(
    node: &Node,
    session: &Session,
    seq: u64,
    limit: usize,
    types: &[String],
) -> Outcome<FeedPage> {
    let what = "reading the change feed";
    let mut codes = Vec::new();
    for rtype in types {
        codes.extend(node.types.code(session, rtype).await?);
    }
    let mut places: Vec<Place> = Vec::new();
    for (sql, current) in [
        (
            "SELECT seq, rtype FROM resource WHERE seq > $1 ORDER BY seq LIMIT $2",
            true,
        ),
        (
            "SELECT seq, rtype FROM resource_history WHERE seq > $1 ORDER BY seq LIMIT $2",
            false,
        ),
    ] {
        let rows = session.rows(sql, &[&(seq as i64), &(limit as i64)], what).await?;
        places.extend(rows.iter().map(|row| (row.get(0), row.get(1), current)));
    }
    places.sort_unstable();
    places.truncate(limit);
    let mut page = FeedPage {
        position: places.last().map_or(seq, |place| place.0 as u64),
        changes: Vec::new(),
    };
    places.retain(|(_, code, _)| codes.contains(code));
    page.changes = versions_at(node, session, &places).await?;
    Ok(page)
}

/// The versions at these places, in their order.
pub(super) async fn versions_at(node: &Node, session: &Session, places: &[Place]) -> Outcome<Vec<Change>> {
    let mut found = HashMap::with_capacity(places.len());
    for (sql, current) in [
        (
            concat!(version!("resource"), ", seq FROM resource WHERE seq = ANY($1)"),
            true,
        ),
        (
            concat!(
                version!("resource_history"),
                ", seq FROM resource_history WHERE seq = ANY($1)"
            ),
            false,
        ),
    ] {
        let wanted = places.iter().filter(|place| place.2 == current);
        let wanted: Vec<i64> = wanted.map(|place| place.0).collect();
        if wanted.is_empty() {
            continue;
        }
        for row in &session.rows(sql, &[&wanted], "reading versions").await? {
            found.insert(row.get::<_, i64>(7), named(node, session, row).await?);
        }
    }
    let change = |(seq, ..): &Place| {
        Some(Change {
            seq: *seq as u64,
            resource: found.remove(seq)?,
        })
    };
    Ok(places.iter().filter_map(change).collect())
}
