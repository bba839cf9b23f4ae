//! User-defined search parameters: the table behind [`fhir::CustomParams`].

use crate::error::Outcome;
use crate::postgres_store::Node;
use crate::session::Session;
use crate::writer::Group;
use fhir::{CustomParam, CustomParams, FIRST_CUSTOM};
use search::custom::{BUILDING, LEAVING, READY, check_room, defined, in_force, taken};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::ResourceWrite;
use tokio_postgres::Row;

fn param(row: &Row) -> (i32, CustomParam) {
    let param = CustomParam {
        base: row.get(1),
        code: row.get(2),
        kind: row.get(3),
        url: row.get(4),
        expression: row.get(5),
        targets: row.get(6),
    };
    (row.get(0), param)
}

/// The parameters in force as the database has them.
pub(crate) async fn load(node: &Node, session: &Session) -> Outcome<Arc<CustomParams>> {
    let rows = session
        .rows(
            "SELECT id, base, code, kind, url, expression, targets FROM search_param WHERE state < 2 ORDER BY id",
            &[],
            "reading search parameters",
        )
        .await?;
    let params = rows.iter().map(param);
    let params = params.filter_map(|(id, param)| Some((u16::try_from(id).ok()?, param)));
    Ok(in_force(node.rules.definitions, params))
}

/// The set of this number: the one in force here, or read anew when another node has changed it.
pub(crate) async fn current(node: &Node, session: &Session, number: i64) -> Outcome<Arc<CustomParams>> {
    if node.params.load(Ordering::Acquire) == number {
        return Ok(node.rules.definitions.custom());
    }
    load(node, session).await
}

/// Puts a set into force for this node.
pub(crate) fn publish(node: &Node, custom: &Arc<CustomParams>, number: i64) {
    if custom.generation() != node.rules.definitions.custom().generation() {
        node.rules.definitions.set_custom(custom.clone());
    }
    node.params.store(number, Ordering::Release);
}

/// Puts into force what a written SearchParameter defines, and takes out what it defined before. Whether anything
/// changed.
pub(crate) async fn note(group: &Group, write: &ResourceWrite) -> Outcome<bool> {
    let session = &group.session;
    let mut wanted = defined(group.node.rules.definitions, write);
    let own = session
        .rows(
            "SELECT id, base, code, kind, url, expression, targets FROM search_param WHERE source = $1 AND state < 2",
            &[&write.id],
            "reading search parameters",
        )
        .await?;
    let mut changed = false;
    for row in &own {
        let (id, old) = param(row);
        if let Some(at) = wanted.iter().position(|new| *new == old) {
            wanted.swap_remove(at);
            continue;
        }
        session
            .run(
                "UPDATE search_param SET state = $2 WHERE id = $1",
                &[&id, &(LEAVING as i16)],
                "retiring a search parameter",
            )
            .await?;
        begin_pass(session, &old.base).await?;
        changed = true;
    }
    wanted.sort();
    for param in &wanted {
        add(group, param, &write.id).await?;
        changed = true;
    }
    Ok(changed)
}

async fn add(group: &Group, param: &CustomParam, source: &str) -> Outcome<()> {
    let session = &group.session;
    let what = "reading search parameters";
    let other = session
        .row(
            "SELECT source FROM search_param WHERE base = $1 AND code = $2 AND state < 2",
            &[&param.base, &param.code],
            what,
        )
        .await?;
    if let Some(other) = other {
        return Err(taken(other.get(0), &param.code, &param.base));
    }
    let row = session
        .row(
            "SELECT count(*) FILTER (WHERE state < 2), max(id) FROM search_param",
            &[],
            what,
        )
        .await?;
    let (count, last): (i64, Option<i32>) = row.map_or((0, None), |row| (row.get(0), row.get(1)));
    let last = last.map_or(i64::from(FIRST_CUSTOM) - 1, i64::from);
    check_room(count, last)?;
    let empty = match group.node.types.known(&param.base) {
        None => !group.new_types.iter().any(|(_, name)| *name == param.base),
        Some(code) => {
            let waiting = group.pending.resources.iter().any(|(this, _)| *this == code);
            let sql = "SELECT 1 FROM resource WHERE rtype = $1 LIMIT 1";
            !waiting && session.row(sql, &[&code], "reading resources").await?.is_none()
        }
    };
    let state = if empty { READY } else { BUILDING } as i16;
    let id = (last + 1) as i32;
    session
        .run(
            "INSERT INTO search_param(id, base, code, kind, url, expression, targets, source, state)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            &[
                &id,
                &param.base,
                &param.code,
                &param.kind,
                &param.url,
                &param.expression,
                &param.targets,
                &source,
                &state,
            ],
            "adding a search parameter",
        )
        .await?;
    if empty {
        Ok(())
    } else {
        begin_pass(session, &param.base).await
    }
}

/// Starts (again) the pass that indexes every resource of a type anew.
pub(crate) async fn begin_pass(session: &Session, rtype: &str) -> Outcome<()> {
    let what = "starting a reindex";
    let row = session
        .row(
            "SELECT count(*) FROM resource WHERE rtype = (SELECT code FROM rtype WHERE name = $1)",
            &[&rtype],
            what,
        )
        .await?;
    let total: i64 = row.map_or(0, |row| row.get(0));
    session
        .run(
            "INSERT INTO reindex(rtype, generation, cursor, done, total) VALUES ($1, 1, '', 0, $2)
             ON CONFLICT (rtype) DO UPDATE
             SET generation = reindex.generation + 1, cursor = '', done = 0, total = excluded.total",
            &[&rtype, &total],
            what,
        )
        .await
        .map(drop)
}
