//! Every stored version can be read, and belongs to its resource.

use super::Doctor;
use crate::error::{Backend, Outcome};
use crate::shrunk;
use rusqlite::{Connection, Row};
use search::row::DELETED;
use serde::Deserialize;
use std::borrow::Cow;

/// What a body says of itself.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "resourceType", borrow)]
    rtype: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, default)]
    meta: Option<Meta<'a>>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(rename = "versionId", borrow, default)]
    version: Option<Cow<'a, str>>,
}

/// Parses one in `step` of the current and of the superseded versions, and looks at how all of them are ordered.
pub(super) fn check(connection: &Connection, step: i64, doctor: &mut Doctor) -> Outcome<()> {
    for sql in [
        "SELECT t.name, r.id, r.version, r.method, r.body FROM resource r JOIN rtype t ON t.code = r.rtype
         WHERE r.rid % ?1 = 0",
        "SELECT t.name, r.id, h.version, h.method, h.body FROM resource_history h JOIN resource r ON r.rid = h.rid
         JOIN rtype t ON t.code = h.rtype WHERE h.seq % ?1 = 0",
    ] {
        let mut read = connection.prepare(sql).at("reading versions")?;
        let mut rows = read.query([step]).at("reading versions")?;
        while let Some(row) = rows.next().at("reading versions")? {
            doctor.versions += 1;
            if let Some(why) = problem(row).at("reading versions")? {
                let (rtype, id): (String, String) =
                    (row.get(0).at("reading versions")?, row.get(1).at("reading versions")?);
                let version: i64 = row.get(2).at("reading versions")?;
                doctor.add(format!("{rtype}/{id} version {version}: {why}"));
            }
        }
    }
    order(connection, doctor)
}

/// What is wrong with a version.
fn problem(row: &Row<'_>) -> rusqlite::Result<Option<String>> {
    let body = row.get_ref(4)?.as_blob_or_null()?;
    let Some(body) = body else {
        let deleted = row.get::<_, i64>(3)? == DELETED;
        return Ok((!deleted).then(|| "it has no body, but is no deletion".to_owned()));
    };
    let body = match shrunk::body(body) {
        Ok(body) => body,
        Err(error) => return Ok(Some(format!("its body cannot be read: {error}"))),
    };
    let head: Head<'_> = match serde_json::from_slice(&body) {
        Ok(head) => head,
        Err(error) => return Ok(Some(format!("its body cannot be read: {error}"))),
    };
    let (rtype, id): (String, String) = (row.get(0)?, row.get(1)?);
    if head.rtype != rtype || head.id != id {
        return Ok(Some(format!("its body says it is {}/{}", head.rtype, head.id)));
    }
    let version: i64 = row.get(2)?;
    let said = head.meta.and_then(|meta| meta.version);
    Ok(said
        .filter(|said| **said != version.to_string())
        .map(|said| format!("its body says it is version {said}")))
}

/// Superseded versions are older than the current one, in number and in the change feed, and have one.
fn order(connection: &Connection, doctor: &mut Doctor) -> Outcome<()> {
    let mut read = connection
        .prepare(
            "SELECT h.seq, h.version, r.id FROM resource_history h LEFT JOIN resource r ON r.rid = h.rid
             WHERE r.rid IS NULL OR h.version >= r.version OR h.seq >= r.seq OR h.rtype <> r.rtype LIMIT 100",
        )
        .at("comparing versions")?;
    let mut rows = read.query([]).at("comparing versions")?;
    while let Some(row) = rows.next().at("comparing versions")? {
        let seq: i64 = row.get(0).at("comparing versions")?;
        let version: i64 = row.get(1).at("comparing versions")?;
        doctor.add(match row.get::<_, Option<String>>(2).at("comparing versions")? {
            Some(id) => format!("resource {id}: the superseded version {version} is not older than the current one"),
            None => format!("the superseded version {version} at position {seq} belongs to no resource"),
        });
    }
    Ok(())
}
