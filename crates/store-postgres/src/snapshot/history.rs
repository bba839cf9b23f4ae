//! Versions, newest first: by moment, then by place in the change feed.
//!
//! Current and superseded versions are two tables; each has an index by type and moment, so a page is a merge of one
//! short walk per type and table.

use super::feed::versions_at;
use crate::error::Outcome;
use crate::postgres_store::Node;
use crate::session::Session;
use jiff::Timestamp;
use search::history::{Mark, PAGE_LIMIT, too_many};
use search::row::micros;
use store::{HistoryScope, VersionPage};

/// (moment, place in the change feed, whether it is the current version).
type Place = (i64, i64, bool);

/// A page of versions.
pub(super) async fn history(
    node: &Node,
    session: &Session,
    scope: &HistoryScope,
    since: Option<Timestamp>,
    count: usize,
    after: Option<&str>,
) -> Outcome<VersionPage> {
    if count > PAGE_LIMIT {
        return Err(too_many(count));
    }
    let since = since.map_or(i64::MIN, micros);
    let row = session
        .row(
            "SELECT seq, pruned FROM position WHERE one",
            &[],
            "reading the position",
        )
        .await?;
    let (seq, pruned): (i64, i64) = row.map_or((0, 0), |row| (row.get(0), row.get(1)));
    let mark = Mark::open(after, seq, pruned)?;
    let mut places: Vec<Place> = Vec::new();
    let mut page = VersionPage::default();
    match scope {
        HistoryScope::Instance { rtype, id } => {
            of_instance(node, session, rtype, id, &mut places).await?;
            places.retain(|place| place.0 >= since && place.1 <= mark.seq);
            page.total = Some(places.len() as u64);
            places.retain(|place| (place.0, place.1) < mark.before);
        }
        HistoryScope::Type(rtype) => {
            if let Some(code) = node.types.code(session, rtype).await? {
                of_type(session, code, since, &mark, count + 1, &mut places).await?;
            }
        }
        HistoryScope::System => {
            node.types.refresh(session).await?;
            for code in node.types.codes() {
                of_type(session, code, since, &mark, count + 1, &mut places).await?;
            }
        }
    }
    places.sort_unstable_by(|a, b| b.cmp(a));
    if places.len() > count {
        places.truncate(count);
        page.next = places.last().map(|(at, seq, _)| mark.after((*at, *seq)));
    }
    let places: Vec<(i64, i64, bool)> = places.into_iter().map(|(_, seq, current)| (seq, 0, current)).collect();
    let versions = versions_at(node, session, &places).await?;
    page.versions = versions.into_iter().map(|change| change.resource).collect();
    Ok(page)
}

async fn of_instance(node: &Node, session: &Session, rtype: &str, id: &str, places: &mut Vec<Place>) -> Outcome<()> {
    let what = "reading versions";
    let Some(code) = node.types.code(session, rtype).await? else {
        return Ok(());
    };
    let sql = "SELECT last_updated, seq, rid FROM resource WHERE rtype = $1 AND id = $2";
    let Some(row) = session.row(sql, &[&code, &id], what).await? else {
        return Ok(());
    };
    places.push((row.get(0), row.get(1), true));
    let rid: i64 = row.get(2);
    let sql = "SELECT last_updated, seq FROM resource_history WHERE rid = $1";
    let rows = session.rows(sql, &[&rid], what).await?;
    places.extend(rows.iter().map(|row| (row.get(0), row.get(1), false)));
    Ok(())
}

async fn of_type(
    session: &Session,
    code: i64,
    since: i64,
    mark: &Mark,
    limit: usize,
    places: &mut Vec<Place>,
) -> Outcome<()> {
    for (sql, current) in [
        (
            "SELECT last_updated, seq FROM resource WHERE rtype = $1 AND (last_updated, seq) < ($2, $3)
             AND last_updated >= $4 AND seq <= $6 ORDER BY last_updated DESC, seq DESC LIMIT $5",
            true,
        ),
        (
            "SELECT last_updated, seq FROM resource_history WHERE rtype = $1 AND (last_updated, seq) < ($2, $3)
             AND last_updated >= $4 AND seq <= $6 ORDER BY last_updated DESC, seq DESC LIMIT $5",
            false,
        ),
    ] {
        let key: [&(dyn tokio_postgres::types::ToSql + Sync); 6] = [
            &code,
            &mark.before.0,
            &mark.before.1,
            &since,
            &(limit as i64),
            &mark.seq,
        ];
        let rows = session.rows(sql, &key, "reading versions").await?;
        places.extend(rows.iter().map(|row| (row.get(0), row.get(1), current)));
    }
    Ok(())
}
