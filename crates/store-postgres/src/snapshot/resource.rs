//! Reading resources, versions and counts.

use super::waits::storable;
use crate::error::Outcome;
use crate::postgres_store::Node;
use crate::session::Session;
use bytes::Bytes;
use search::row::{method, timestamp};
use store::StoredResource;
use tokio_postgres::Row;

/// The columns that [`stored`] reads, of a table that has them.
macro_rules! version {
    ($table:literal) => {
        concat!(
            "SELECT ",
            $table,
            ".rtype, ",
            $table,
            ".id, ",
            $table,
            ".version, ",
            $table,
            ".last_updated, ",
            $table,
            ".method, ",
            $table,
            ".patient, ",
            $table,
            ".body"
        )
    };
}
pub(crate) use version;

/// From the columns of [`version!`] to the contract's type.
pub(crate) fn stored(rtype: &str, row: &Row) -> Outcome<StoredResource> {
    Ok(StoredResource {
        rtype: rtype.to_owned(),
        id: row.get(1),
        version: row.get::<_, i64>(2) as u64,
        last_updated: timestamp(row.get(3))?,
        method: method(row.get::<_, i16>(4).into())?,
        patient: row.get(5),
        body: row.get::<_, Option<Vec<u8>>>(6).map(Bytes::from),
    })
}

/// As [`stored`], with the type by its code.
pub(super) async fn named(node: &Node, session: &Session, row: &Row) -> Outcome<StoredResource> {
    let name = node.types.name(session, row.get(0)).await?;
    stored(&name, row)
}

/// The current version.
pub(crate) async fn read(node: &Node, session: &Session, rtype: &str, id: &str) -> Outcome<Option<StoredResource>> {
    if !storable(id) {
        return Ok(None);
    }
    let Some(code) = node.types.code(session, rtype).await? else {
        return Ok(None);
    };
    let sql = concat!(version!("resource"), " FROM resource WHERE rtype = $1 AND id = $2");
    let row = session.row(sql, &[&code, &id], "reading a resource").await?;
    row.map(|row| stored(rtype, &row)).transpose()
}

/// A given version.
pub(super) async fn vread(
    node: &Node,
    session: &Session,
    rtype: &str,
    id: &str,
    version: u64,
) -> Outcome<Option<StoredResource>> {
    if !storable(id) {
        return Ok(None);
    }
    let Some(code) = node.types.code(session, rtype).await? else {
        return Ok(None);
    };
    let sql = concat!(version!("resource"), ", rid FROM resource WHERE rtype = $1 AND id = $2");
    let Some(row) = session.row(sql, &[&code, &id], "reading a resource").await? else {
        return Ok(None);
    };
    let current = stored(rtype, &row)?;
    if current.version == version {
        return Ok(Some(current));
    }
    let sql = concat!(
        version!("resource_history"),
        " FROM resource_history WHERE rid = $1 AND version = $2"
    );
    let key: (i64, i64) = (row.get(7), version as i64);
    let row = session.row(sql, &[&key.0, &key.1], "reading a version").await?;
    row.map(|row| stored(rtype, &row)).transpose()
}

/// Live resources of each type, by name.
pub(super) async fn counts(node: &Node, session: &Session) -> Outcome<Vec<(String, u64)>> {
    let sql = "SELECT code, live FROM tally WHERE live > 0";
    let mut found = Vec::new();
    for row in session.rows(sql, &[], "counting resources").await? {
        let name = node.types.name(session, row.get(0)).await?;
        found.push((name.to_string(), row.get::<_, i64>(1) as u64));
    }
    found.sort();
    Ok(found)
}
