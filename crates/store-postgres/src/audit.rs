//! Access records in the tables: each group commit appends one row of JSON lines ([`search::accesses`]), chained, and one narrow
//! row for each patient it names, by which a patient's accesses are found.

use crate::batch::Batch;
use crate::error::Outcome;
use crate::params;
use crate::place;
use crate::session::Session;
use crate::writer::Group;
use futures::TryStreamExt as _;
use jiff::Timestamp;
use search::accesses::{self, AuditChain, Follow, Lines, Walk, link};
use store::{AuditFilter, AuditPage, AuditPlace, AuditRecord};

/// Rows read at once.
const CHUNK: i64 = 32;

/// Adds the records of a group to what it writes.
pub(crate) async fn append(group: &mut Group, batch: &mut Batch) -> Outcome<()> {
    let entries = std::mem::take(&mut group.accesses);
    if entries.is_empty() {
        return Ok(());
    }
    let Lines { text, keys, patients } = Lines::of(&entries);
    let (last, head) = &mut group.position.audit;
    *last += 1;
    let (n, count) = (*last, entries.len() as i64);
    *head = link(head, n, count, &patients, &text);
    let what = "writing access records";
    let keys: Vec<i64> = keys.into_iter().map(|key| key as i64).collect();
    batch
        .add(
            &group.session,
            "INSERT INTO audit_batch(compartment, n, count, patients, chain, entries) VALUES ($1, $1, $2, $3, $4, $5)",
            params![n, count, patients, head.to_vec(), text],
            what,
        )
        .await?;
    if keys.is_empty() {
        return Ok(());
    }
    batch
        .add(
            &group.session,
            "INSERT INTO audit_patient(compartment, n) SELECT p, $2 FROM unnest($1::bigint[]) AS w(p)",
            params![keys, n],
            what,
        )
        .await
}

/// Access records, newest first.
pub(crate) async fn page(session: &Session, filter: &AuditFilter) -> Outcome<AuditPage> {
    let mut page = AuditPage::default();
    let mut from = last_row(session).await?;
    if let Some(before) = filter.before {
        from = from.min(before.row);
    }
    if let Some(until) = filter.until {
        from = last_before(session, until, from).await?;
    }
    let mut walk = Walk::new(filter, &mut page);
    let what = "reading the audit";
    loop {
        let rows = match &filter.patient {
            None => {
                let sql = "SELECT n, entries FROM audit_batch WHERE n <= $1 ORDER BY n DESC LIMIT $2";
                session.rows(sql, &[&from, &CHUNK], what).await?
            }
            Some(patient) => {
                let sql = "SELECT n FROM audit_patient WHERE compartment = $1 AND n <= $2 ORDER BY n DESC LIMIT $3";
                let found = session.rows(sql, &[&place::key(patient), &from, &CHUNK], what).await?;
                let numbers: Vec<i64> = found.iter().map(|row| row.get(0)).collect();
                let sql = "SELECT n, entries FROM audit_batch WHERE n = ANY($1) ORDER BY n DESC";
                session.rows(sql, &[&numbers], what).await?
            }
        };
        for row in &rows {
            if !walk.row(row.get(0), row.get(1))? {
                return Ok(page);
            }
            from = row.get::<_, i64>(0) - 1;
        }
        if (rows.len() as i64) < CHUNK {
            return Ok(page);
        }
    }
}

/// One access record.
pub(crate) async fn at(session: &Session, place: AuditPlace) -> Outcome<Option<AuditRecord>> {
    let lines = lines(session, place.row).await?;
    accesses::at(place, lines.as_deref().unwrap_or_default())
}

async fn lines(session: &Session, n: i64) -> Outcome<Option<String>> {
    let sql = "SELECT entries FROM audit_batch WHERE compartment = $1 AND n = $1";
    let row = session.row(sql, &[&n], "reading the audit").await?;
    Ok(row.map(|row| row.get(0)))
}

/// The lines of the first row from a number on: the first rows may have been removed.
async fn lines_from(session: &Session, n: i64) -> Outcome<Option<String>> {
    let sql = "SELECT entries FROM audit_batch WHERE n >= $1 ORDER BY n LIMIT 1";
    let row = session.row(sql, &[&n], "reading the audit").await?;
    Ok(row.map(|row| row.get(0)))
}

async fn last_row(session: &Session) -> Outcome<i64> {
    let sql = "SELECT audit FROM position WHERE one";
    let row = session.row(sql, &[], "reading the end of the audit").await?;
    Ok(row.map_or(0, |row| row.get(0)))
}

/// The last row, of those up to `last`, that may hold an access before a moment.
async fn last_before(session: &Session, until: Timestamp, last: i64) -> Outcome<i64> {
    let (mut low, mut high) = (0, last);
    while low < high {
        let middle = low + (high - low + 1) / 2;
        let lines = lines_from(session, middle).await?;
        if accesses::may_precede(lines.as_deref().unwrap_or_default(), until)? {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Ok(low)
}

/// Follows the chain of access records from its beginning.
pub(crate) async fn verify(session: &Session) -> Outcome<AuditChain> {
    use crate::error::Backend as _;
    let what = "reading the audit";
    // Before the rows are asked for: an answer behind theirs would wait for them to be read.
    let anchor = session
        .row("SELECT n, chain FROM audit_anchor ORDER BY n DESC LIMIT 1", &[], what)
        .await?;
    let sql = "SELECT n, count, patients, entries, chain FROM audit_batch ORDER BY n";
    let statement = session.client().prepare_cached(sql).await.at(what)?;
    let none: [&(dyn tokio_postgres::types::ToSql + Sync); 0] = [];
    let rows = session.client().query_raw(&statement, none).await.at(what)?;
    let mut rows = std::pin::pin!(rows);
    let mut chain = anchor.map_or_else(Follow::default, |row| {
        let hash: Option<Vec<u8>> = row.get(1);
        Follow::after(row.get(0), hash.and_then(|hash| hash.try_into().ok()))
    });
    while let Some(row) = rows.try_next().await.at(what)? {
        chain.row((row.get(0), row.get(1)), row.get(2), row.get(3), row.get(4));
    }
    Ok(chain.found)
}

/// The hash that the chain has at a row, in hexadecimal.
pub(crate) async fn hash_at(session: &Session, n: i64) -> Outcome<Option<String>> {
    let sql = "SELECT chain FROM audit_batch WHERE compartment = $1 AND n = $1";
    let row = session.row(sql, &[&n], "reading the audit").await?;
    Ok(row.and_then(|row| row.get::<_, Option<&[u8]>>(0).map(accesses::hex)))
}

/// Visits every record, oldest first, as its line of JSON.
pub(crate) async fn each(session: &Session, visit: &mut (dyn FnMut(&str) + Send)) -> Outcome<()> {
    let mut after = 0_i64;
    loop {
        let sql = "SELECT n, entries FROM audit_batch WHERE n > $1 ORDER BY n LIMIT $2";
        let rows = session.rows(sql, &[&after, &CHUNK], "reading the audit").await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.get(0);
        for row in &rows {
            row.get::<_, &str>(1).lines().for_each(&mut *visit);
        }
    }
}
