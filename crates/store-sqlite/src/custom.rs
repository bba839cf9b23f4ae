//! User-defined search parameters: the table behind [`fhir::CustomParams`].

use crate::error::{Backend, Outcome};
use fhir::{CustomParam, CustomParams, Definitions, FIRST_CUSTOM, ParamId, SearchParam};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::{ResourceWrite, StoreError};

/// The resource type that defines search parameters.
pub(crate) const RTYPE: &str = "SearchParameter";

/// Being built: written, not yet searched.
pub(crate) const BUILDING: i64 = 0;
/// Searched.
pub(crate) const READY: i64 = 1;
/// No longer written; its rows are being removed.
pub(crate) const LEAVING: i64 = 2;
/// Its rows are gone.
pub(crate) const GONE: i64 = 3;

/// Parameters in force at most, one for each type a definition is on.
const MAX_PARAMS: i64 = 2_000;

/// Tells sets from each other; the numbers mean nothing beyond that.
static GENERATION: AtomicU64 = AtomicU64::new(1);

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
    let known = definitions.custom();
    let mut read = connection
        .prepare_cached(
            "SELECT id, state, base, code, kind, url, expression, targets FROM search_param WHERE state < 2 ORDER BY id",
        )
        .at("reading search parameters")?;
    let mut active: Vec<&'static SearchParam> = Vec::new();
    for found in read.query_map([], row).at("reading search parameters")? {
        let (id, _, param) = found.at("reading search parameters")?;
        let id = ParamId(id);
        match known.by_id(id).or_else(|| param.register(id)) {
            Some(param) => active.push(param),
            None => tracing::error!(
                code = param.code,
                "a search parameter cannot be kept in memory; restart the server"
            ),
        }
    }
    if active.is_empty() && known.is_empty() {
        return Ok(known);
    }
    let generation = GENERATION.fetch_add(1, Ordering::Relaxed);
    Ok(Arc::new(CustomParams::new(
        definitions,
        generation,
        &active,
        known.known(),
    )))
}

/// Puts into force what a written SearchParameter defines, and takes out what it defined before. Whether anything
/// changed.
pub(crate) fn note(connection: &Connection, definitions: &Definitions, write: &ResourceWrite) -> Outcome<bool> {
    let mut wanted = match write.body.as_deref().map(serde_json::from_slice) {
        Some(Ok(resource)) => CustomParam::of(definitions, &resource).unwrap_or_else(|errors| {
            let reason = errors.first().map(ToString::to_string).unwrap_or_default();
            tracing::warn!(
                id = write.id,
                reason,
                "a search parameter is stored but cannot be put in force"
            );
            Vec::new()
        }),
        _ => Vec::new(),
    };
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
        return Err(StoreError::Invalid(format!(
            "SearchParameter/{other} defines '{}' on {} already; choose another code, or retire that one first",
            param.code, param.base
        )));
    }
    let (count, last): (i64, i64) = connection
        .query_row(
            "SELECT count(*) FILTER (WHERE state < 2), coalesce(max(id), ?1) FROM search_param",
            [FIRST_CUSTOM - 1],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .at("reading search parameters")?;
    if count >= MAX_PARAMS || last >= i64::from(u16::MAX) {
        return Err(StoreError::Limit(format!(
            "a store may have {MAX_PARAMS} user-defined search parameters in force, one for each type a definition is \
             on, and {} ever; retire some",
            u16::MAX - FIRST_CUSTOM
        )));
    }
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
            let state = |row: &Row<'_>| {
                let progress = (row.get::<_, Option<i64>>(3)?, row.get::<_, Option<i64>>(4)?);
                Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, progress))
            };
            read.query_row([id.0], state).optional()
        })
        .at("reading search parameters")?;
    match found {
        Some((READY, ..)) => Ok(()),
        Some((BUILDING, base, code, (done, total))) => Err(StoreError::NotReady(format!(
            "the index of the search parameter '{code}' on {base} is being built ({} of {} resources); try again later, \
             $reindex tells the progress",
            done.unwrap_or(0),
            total.unwrap_or(0)
        ))),
        // The set in force was published an instant before this snapshot was taken.
        None => Err(StoreError::NotReady(
            "the search parameter was defined just now; try again".into(),
        )),
        Some((_, base, code, ..)) => Err(StoreError::Invalid(format!(
            "the search parameter '{code}' on {base} is no longer defined"
        ))),
    }
}
