//! The change feed with every version: the current and the superseded ones, merged by position.

use super::resource::version_at;
use crate::error::{Backend, Outcome};
use crate::pool::Db;
use store::{Change, FeedPage};

/// (position, type code, whether it is the current version).
type Place = (i64, i64, bool);

/// At most `limit` versions after a position; the bodies of other types are not read.
pub(super) fn feed(db: &mut Db, seq: u64, limit: usize, types: &[String]) -> Outcome<FeedPage> {
    let mut codes = Vec::new();
    for rtype in types {
        codes.extend(db.types.code(&db.connection, rtype)?);
    }
    let mut places: Vec<Place> = Vec::new();
    let walks = [
        (
            "SELECT seq, rtype FROM resource INDEXED BY resource_seq WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            true,
        ),
        (
            "SELECT seq, rtype FROM resource_history WHERE seq > ?1 ORDER BY seq LIMIT ?2",
            false,
        ),
    ];
    for (sql, current) in walks {
        let mut walk = db.connection.prepare_cached(sql).at("reading the change feed")?;
        let rows = walk
            .query_map((seq as i64, limit as i64), |row| {
                Ok((row.get(0)?, row.get(1)?, current))
            })
            .at("reading the change feed")?;
        for row in rows {
            places.push(row.at("reading the change feed")?);
        }
    }
    places.sort_unstable();
    places.truncate(limit);
    let mut page = FeedPage {
        position: places.last().map_or(seq, |place| place.0 as u64),
        changes: Vec::new(),
    };
    for (seq, code, current) in places {
        if !codes.contains(&code) {
            continue;
        }
        let resource = version_at(db, seq, current)?;
        page.changes.push(Change {
            seq: seq as u64,
            resource,
        });
    }
    Ok(page)
}
