//! Everything that a group's transactions are checked against, read in one go.

use super::Extracted;
use super::known::Known;
use super::pending::{Now, Row, Slot};
use crate::error::Outcome;
use crate::postgres_store::Node;
use crate::session::Session;
use search::row::{DELETED, wait_code};
use std::collections::{HashMap, HashSet};
use store::{DeliveryWrite, LeaseWrite, OutboxWrite, Precondition, Transaction, WaitKey};

/// What was found, kept up to date as the group goes on.
#[derive(Debug, Default)]
pub(crate) struct Loaded {
    /// Resources by type code and id.
    pub resources: HashMap<(i64, String), Slot>,
    /// Instances: compartment, revision.
    pub instances: HashMap<String, (i64, u64)>,
    /// History entries that exist, of those asked for.
    pub histories: HashSet<(String, u64)>,
    /// Waits that exist, of those asked for.
    pub waits: HashSet<WaitKey>,
    /// Fences of leases.
    pub leases: HashMap<String, u64>,
    /// Outbox entries that exist, of those asked for.
    pub outbox: HashSet<String>,
    /// Cursors.
    pub cursors: HashMap<String, u64>,
    /// Small values that exist, of those asked for.
    pub records: HashSet<(String, String)>,
    /// Definitions that exist, of those asked for.
    pub definitions: HashSet<String>,
    /// Subscription and lane of notifications.
    pub lanes: HashMap<u64, (String, String)>,
}

/// Reads what the transactions expect and change and is not known; the questions go to the database together.
pub(super) async fn load(
    node: &Node,
    session: &Session,
    transactions: &[Extracted],
    known: Option<&Known>,
) -> Outcome<Loaded> {
    let all: Vec<&Transaction> = transactions.iter().map(|(transaction, _)| &**transaction).collect();
    let (resources, instances, histories, waits, leases, outbox, cursors, records, definitions, lanes) = futures::try_join!(
        resources(node, session, &all),
        instances(session, &all, known),
        histories(session, &all),
        waits(session, &all),
        leases(session, &all, known),
        outbox(session, &all),
        cursors(session, &all),
        records(session, &all),
        definitions(session, &all),
        lanes(session, &all),
    )?;
    Ok(Loaded {
        resources,
        instances,
        histories,
        waits,
        leases,
        outbox,
        cursors,
        records,
        definitions,
        lanes,
    })
}

async fn resources(node: &Node, session: &Session, all: &[&Transaction]) -> Outcome<HashMap<(i64, String), Slot>> {
    let (mut codes, mut ids): (Vec<i64>, Vec<&str>) = (Vec::new(), Vec::new());
    for transaction in all {
        let expected = transaction.preconditions.iter().filter_map(|this| match this {
            Precondition::Version { rtype, id, .. } | Precondition::Exists { rtype, id } => Some((rtype, id)),
            _ => None,
        });
        let written = transaction.resources.iter().map(|write| (&write.rtype, &write.id));
        for (rtype, id) in expected.chain(written) {
            if let Some(code) = node.types.code(session, rtype).await? {
                codes.push(code);
                ids.push(id);
            }
        }
    }
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = session
        .rows(
            "SELECT r.rtype, r.id, r.rid, r.compartment, r.version, r.method, r.keys
             FROM unnest($1::bigint[], $2::text[]) AS w(rtype, id) JOIN resource r ON r.rtype = w.rtype AND r.id = w.id",
            &[&codes, &ids],
            "reading resources",
        )
        .await?;
    let slot = |row: tokio_postgres::Row| {
        let (rid, keys): (i64, Vec<u8>) = (row.get(2), row.get(6));
        let now = Now {
            rid,
            version: row.get::<_, i64>(4) as u64,
            deleted: i64::from(row.get::<_, i16>(5)) == DELETED,
            keys: keys.clone(),
        };
        let row_ = Row {
            rid,
            compartment: row.get(3),
            keys,
        };
        let slot = Slot {
            row: Some(row_),
            now: Some(now),
            made: Vec::new(),
        };
        ((row.get(0), row.get(1)), slot)
    };
    Ok(rows.into_iter().map(slot).collect())
}

async fn instances(
    session: &Session,
    all: &[&Transaction],
    known: Option<&Known>,
) -> Outcome<HashMap<String, (i64, u64)>> {
    let mut ids: HashSet<&str> = HashSet::new();
    for transaction in all {
        ids.extend(transaction.instances.iter().map(|write| write.id.as_str()));
        ids.extend(transaction.history.iter().map(|write| write.instance.as_str()));
        ids.extend(transaction.timers.iter().filter_map(|write| match write {
            store::TimerWrite::Set { instance, .. } => Some(instance.as_str()),
            store::TimerWrite::Remove { .. } => None,
        }));
        ids.extend(transaction.waits.iter().filter_map(|write| match write {
            store::WaitWrite::Add(key) => Some(key.instance.as_str()),
            store::WaitWrite::Remove(_) => None,
        }));
        let leases = transaction.leases.iter().filter_map(|write| write.lease.as_ref());
        ids.extend(leases.map(|lease| lease.instance.as_str()));
    }
    ids.retain(|id| !id.is_empty());
    let mut found = HashMap::new();
    if let Some(known) = known {
        ids.retain(|id| match known.instance(id) {
            Some(kept) => found.insert((*id).to_owned(), kept).is_some(),
            None => true,
        });
    }
    if ids.is_empty() {
        return Ok(found);
    }
    let ids: Vec<&str> = ids.into_iter().collect();
    let rows = session
        .rows(
            "SELECT i.id, i.compartment, i.revision FROM unnest($1::text[]) AS w(id) JOIN instance i ON i.id = w.id",
            &[&ids],
            "reading instances",
        )
        .await?;
    found.extend(
        rows.into_iter()
            .map(|row| (row.get(0), (row.get(1), row.get::<_, i64>(2) as u64))),
    );
    Ok(found)
}

async fn histories(session: &Session, all: &[&Transaction]) -> Outcome<HashSet<(String, u64)>> {
    let (mut instances, mut revisions): (Vec<&str>, Vec<i64>) = (Vec::new(), Vec::new());
    for transaction in all {
        for write in &transaction.history {
            if !transaction.leads(&write.instance, write.revision) {
                instances.push(&write.instance);
                revisions.push(write.revision as i64);
            }
        }
    }
    if instances.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = session
        .rows(
            "SELECT h.instance, h.revision FROM unnest($1::text[], $2::bigint[]) AS w(instance, revision)
             JOIN history h ON h.instance = w.instance AND h.revision = w.revision",
            &[&instances, &revisions],
            "reading history",
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.get(0), row.get::<_, i64>(1) as u64))
        .collect())
}

async fn waits(session: &Session, all: &[&Transaction]) -> Outcome<HashSet<WaitKey>> {
    let wanted: Vec<&WaitKey> = all
        .iter()
        .flat_map(|transaction| &transaction.preconditions)
        .filter_map(|this| match this {
            Precondition::Waits(key) => Some(key),
            _ => None,
        })
        .collect();
    if wanted.is_empty() {
        return Ok(HashSet::new());
    }
    let kinds: Vec<i16> = wanted.iter().map(|key| wait_code(key.kind) as i16).collect();
    let part = |of: fn(&WaitKey) -> &str| wanted.iter().map(|key| of(key)).collect::<Vec<&str>>();
    let rows = session
        .rows(
            "SELECT w.n FROM unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[])
             WITH ORDINALITY AS w(kind, name, key, instance, id, n)
             JOIN wait t ON t.kind = w.kind AND t.name = w.name AND t.key = w.key AND t.instance = w.instance AND t.id = w.id",
            &[
                &kinds,
                &part(|key| &key.name),
                &part(|key| &key.key),
                &part(|key| &key.instance),
                &part(|key| &key.id),
            ],
            "reading waits",
        )
        .await?;
    Ok(rows
        .iter()
        .filter_map(|row| wanted.get(row.get::<_, i64>(0) as usize - 1))
        .map(|key| (*key).clone())
        .collect())
}

async fn leases(session: &Session, all: &[&Transaction], known: Option<&Known>) -> Outcome<HashMap<String, u64>> {
    let sure = |transaction: &Transaction, write: &LeaseWrite| {
        known.is_some_and(|known| known.never_leased(transaction, write))
    };
    let ids: Vec<&str> = all
        .iter()
        .flat_map(|transaction| transaction.leases.iter().map(move |write| (transaction, write)))
        .filter(|(transaction, write)| !sure(transaction, write))
        .map(|(_, write)| write.id.as_str())
        .collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = session
        .rows(
            "SELECT l.id, l.fence FROM unnest($1::text[]) AS w(id) JOIN lease l ON l.id = w.id",
            &[&ids],
            "reading leases",
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.get(0), row.get::<_, i64>(1) as u64))
        .collect())
}

async fn outbox(session: &Session, all: &[&Transaction]) -> Outcome<HashSet<String>> {
    let ids: Vec<&str> = all
        .iter()
        .flat_map(|transaction| &transaction.outbox)
        .filter_map(|write| match write {
            OutboxWrite::Add { id, .. } => Some(id.as_str()),
            _ => None,
        })
        .collect();
    if ids.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = "SELECT o.id FROM unnest($1::text[]) AS w(id) JOIN outbox o ON o.id = w.id";
    let rows = session.rows(sql, &[&ids], "reading the outbox").await?;
    Ok(rows.into_iter().map(|row| row.get(0)).collect())
}

async fn cursors(session: &Session, all: &[&Transaction]) -> Outcome<HashMap<String, u64>> {
    let cursors = all.iter().flat_map(|transaction| &transaction.cursors);
    let names: Vec<&str> = cursors.map(|write| write.name.as_str()).collect();
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = "SELECT c.name, c.value FROM unnest($1::text[]) AS w(name) JOIN cursor c ON c.name = w.name";
    let rows = session.rows(sql, &[&names], "reading cursors").await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.get(0), row.get::<_, i64>(1) as u64))
        .collect())
}

async fn records(session: &Session, all: &[&Transaction]) -> Outcome<HashSet<(String, String)>> {
    let (mut kinds, mut keys): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for write in all.iter().flat_map(|transaction| &transaction.records) {
        if write.must_be_new {
            kinds.push(&write.kind);
            keys.push(&write.key);
        }
    }
    if keys.is_empty() {
        return Ok(HashSet::new());
    }
    let rows = session
        .rows(
            "SELECT r.kind, r.key FROM unnest($1::text[], $2::text[]) AS w(kind, key)
             JOIN record r ON r.kind = w.kind AND r.key = w.key",
            &[&kinds, &keys],
            "reading records",
        )
        .await?;
    Ok(rows.into_iter().map(|row| (row.get(0), row.get(1))).collect())
}

async fn definitions(session: &Session, all: &[&Transaction]) -> Outcome<HashSet<String>> {
    let written = all.iter().flat_map(|transaction| &transaction.definitions);
    let keys: Vec<&str> = written.map(|write| write.key.as_str()).collect();
    if keys.is_empty() {
        return Ok(HashSet::new());
    }
    let sql = "SELECT key FROM definition WHERE key = ANY($1)";
    let rows = session.rows(sql, &[&keys], "reading definitions").await?;
    Ok(rows.into_iter().map(|row| row.get(0)).collect())
}

async fn lanes(session: &Session, all: &[&Transaction]) -> Outcome<HashMap<u64, (String, String)>> {
    let numbers: Vec<i64> = all
        .iter()
        .flat_map(|transaction| &transaction.deliveries)
        .filter_map(|write| match write {
            DeliveryWrite::Queue { .. } => None,
            DeliveryWrite::Done { n, .. }
            | DeliveryWrite::Retry { n, .. }
            | DeliveryWrite::Dead { n, .. }
            | DeliveryWrite::Replay { n, .. }
            | DeliveryWrite::Drop { n } => Some(*n as i64),
        })
        .collect();
    if numbers.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = "SELECT n, subscription, lane FROM delivery WHERE n = ANY($1)";
    let rows = session.rows(sql, &[&numbers], "reading notifications").await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.get::<_, i64>(0) as u64, (row.get(1), row.get(2))))
        .collect())
}
