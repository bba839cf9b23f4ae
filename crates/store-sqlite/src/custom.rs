//! User-defined search parameters: the table behind [`fhir::CustomParams`].

use crate::error::{Backend, Outcome};
use fhir::{CustomParam, CustomParams, Definitions, FIRST_CUSTOM, ParamId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use search::custom::{BUILDING, Kept, LEAVING, READY, check_room, defined, in_force, taken};
use std::sync::Arc;
use store::ResourceWrite;

fn row(row: &Row<'_>) -> rusqlite::Result<(u16, i64, CustomParam)> {
    let param = CustomParam {
        base: row.get(2)?,
        code: row.get(3)?,
        kind: row.get(4)?,
        url: row.get(5)?,
        expression: row.get(6)?,
        targets: row.get(7)?,
    };
    Ok((row.get(0)?, row.get(1)?, param))
}

/// The parameters in force as the file has them; those that `definitions` knows already are taken from there.
pub(crate) fn load(connection: &Connection, definitions: &Definitions) -> Outcome<Arc<CustomParams>> {
    let mut read = connection
        .prepare_cached(
            "SELECT id, state, base, code, kind, url, expression, targets FROM search_param WHERE state < 2 ORDER BY id",
        )
        .at("reading search parameters")?;
    let rows: Vec<_> = read
        .query_map([], row)
        .and_then(Iterator::collect)
        .at("reading search parameters")?;
    Ok(in_force(
        definitions,
        rows.into_iter().map(|(id, _, param)| (id, param)),
    ))
}

/// Puts into force what a written SearchParameter defines, and takes out what it defined before. Whether anything
/// changed.
pub(crate) fn note(connection: &Connection, definitions: &Definitions, write: &ResourceWrite) -> Outcome<bool> {
    let mut wanted = defined(definitions, write);
    let mut read = connection
        .prepare_cached(
            "SELECT id, state, base, code, kind, url, expression, targets FROM search_param
             WHERE source = ?1 AND state < 2",
        )
        .at("reading search parameters")?;
    let own: Vec<_> = read
        .query_map([&write.id], row)
        .and_then(Iterator::collect)
        .at("reading search parameters")?;
    let mut changed = false;
    for (id, _, old) in own {
        if let Some(at) = wanted.iter().position(|new| *new == old) {
            wanted.swap_remove(at);
            continue;
        }
        connection
            .execute("UPDATE search_param SET state = ?2 WHERE id = ?1", (id, LEAVING))
            .at("retiring a search parameter")?;
        begin_pass(connection, &old.base)?;
        changed = true;
    }
    wanted.sort();
    for param in &wanted {
        add(connection, param, &write.id)?;
        changed = true;
    }
    Ok(changed)
}

fn add(connection: &Connection, param: &CustomParam, source: &str) -> Outcome<()> {
    let other: Option<String> = connection
        .prepare_cached("SELECT source FROM search_param WHERE base = ?1 AND code = ?2 AND state < 2")
        .and_then(|mut read| read.query_row((&param.base, &param.code), |row| row.get(0)).optional())
        .at("reading search parameters")?;
    if let Some(other) = other {
        return Err(taken(&other, &param.code, &param.base));
    }
    let (count, last): (i64, i64) = connection
        .query_row(
            "SELECT count(*) FILTER (WHERE state < 2), coalesce(max(id), ?1) FROM search_param",
            [FIRST_CUSTOM - 1],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .at("reading search parameters")?;
    check_room(count, last)?;
    let empty: bool = connection
        .query_row(
            "SELECT NOT EXISTS(SELECT 1 FROM resource WHERE rtype = (SELECT code FROM rtype WHERE name = ?1))",
            [&param.base],
            |row| row.get(0),
        )
        .at("reading resources")?;
    connection
        .execute(
            "INSERT INTO search_param(id, base, code, kind, url, expression, targets, source, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                last + 1,
                param.base,
                param.code,
                param.kind,
                param.url,
                param.expression,
                param.targets,
                source,
                if empty { READY } else { BUILDING },
            ],
        )
        .at("adding a search parameter")?;
    if empty {
        Ok(())
    } else {
        begin_pass(connection, &param.base)
    }
}

/// Starts (again) the pass that indexes every resource of a type anew.
pub(crate) fn begin_pass(connection: &Connection, rtype: &str) -> Outcome<()> {
    connection
        .execute(
            "INSERT INTO reindex(rtype, generation, cursor, done, total)
             VALUES (?1, 1, '', 0, (SELECT count(*) FROM resource WHERE rtype = (SELECT code FROM rtype WHERE name = ?1)))
             ON CONFLICT(rtype) DO UPDATE SET generation = generation + 1, cursor = '', done = 0, total = excluded.total",
            [rtype],
        )
        .map(drop)
        .at("starting a reindex")
}

/// Refuses a search on a user-defined parameter that cannot be answered whole.
pub(crate) fn check_ready(connection: &Connection, id: ParamId) -> Outcome<()> {
    let found = connection
        .prepare_cached(
            "SELECT p.state, p.base, p.code, r.done, r.total FROM search_param p LEFT JOIN reindex r ON r.rtype = p.base
             WHERE p.id = ?1",
        )
        .and_then(|mut read| {
            let kept = |row: &Row<'_>| {
                let progress: (Option<i64>, Option<i64>) = (row.get(3)?, row.get(4)?);
                Ok(Kept {
                    state: row.get(0)?,
                    base: row.get(1)?,
                    code: row.get(2)?,
                    progress: progress.0.zip(progress.1),
                })
            };
            read.query_row([id.0], kept).optional()
        })
        .at("reading search parameters")?;
    search::custom::check_ready(found)
}
