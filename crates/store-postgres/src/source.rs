//! The database as a search sees it ([`search::Source`]).
//!
//! A search runs on a thread that may block; each question waits for its answer there. Candidates are fetched by the chunk that
//! a walk has just read, so that a search is a handful of questions, however many candidates it tests.

use crate::error::{Outcome, corrupt};
use crate::postgres_store::Node;
use crate::session::{Params, Session};
use crate::snapshot::{stored, version};
use fhir::ParamId;
use search::custom::Kept;
use search::keys::Range;
use search::row::DELETED;
use search::{Candidate, Moments, Source, Superseded};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use store::{StoreError, StoredResource};
use tokio::runtime::Handle;
use tokio_postgres::Row;

/// Candidates fetched ahead at most.
const AHEAD: usize = 4096;

/// A connection inside a transaction.
pub(crate) struct PostgresSource {
    session: Arc<Session>,
    node: Arc<Node>,
    handle: Handle,
    ahead: RefCell<HashMap<i64, Option<Candidate>>>,
}

fn candidate(row: &Row) -> Option<Candidate> {
    (i64::from(row.get::<_, i16>(6)) != DELETED).then(|| Candidate {
        rid: row.get(0),
        code: row.get(1),
        id: row.get(2),
        last_updated: row.get(3),
        patient: row.get(4),
        keys: row.get(5),
    })
}

impl PostgresSource {
    /// What the session's transaction sees.
    pub fn new(session: Arc<Session>, node: Arc<Node>) -> Self {
        Self {
            handle: session.handle().clone(),
            session,
            node,
            ahead: RefCell::default(),
        }
    }

    fn rows(&self, sql: &str, params: Params<'_>) -> Outcome<Vec<Row>> {
        self.handle.block_on(self.session.rows(sql, params, "searching"))
    }

    fn number(&self, sql: &str, params: Params<'_>) -> Outcome<u64> {
        let rows = self.rows(sql, params)?;
        Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0)).max(0) as u64)
    }

    /// From columns to the contract's type; the type's name is asked for here, where waiting is allowed.
    fn resource(&self, row: &Row) -> Outcome<StoredResource> {
        let name = self.name(row.get(0))?;
        stored(&name, row)
    }
}

impl Source for PostgresSource {
    fn code(&self, name: &str) -> Outcome<Option<i64>> {
        if let Some(code) = self.node.types.known(name) {
            return Ok(Some(code));
        }
        // Not remembered: the writer asks inside a transaction that may yet be undone.
        let rows = self.rows("SELECT code FROM rtype WHERE name = $1", &[&name])?;
        Ok(rows.first().map(|row| row.get(0)))
    }

    fn name(&self, code: i64) -> Outcome<Arc<str>> {
        if let Some(name) = self.node.types.name_of(code) {
            return Ok(name);
        }
        let rows = self.rows("SELECT name FROM rtype WHERE code = $1", &[&code])?;
        rows.first()
            .map(|row| row.get::<_, &str>(0).into())
            .ok_or_else(|| corrupt(&format!("resource type code {code}")))
    }

    fn live(&self, code: i64) -> Outcome<u64> {
        self.number("SELECT live FROM tally WHERE code = $1", &[&code])
    }

    fn last(&self) -> Outcome<(i64, i64)> {
        // Not of `position`: the writer moves that at the end of its transaction.
        let rows = self.rows(
            "SELECT coalesce((SELECT max(seq) FROM resource), 0), coalesce((SELECT max(rid) FROM resource), 0)",
            &[],
        )?;
        Ok(rows.first().map_or((0, 0), |row| (row.get(0), row.get(1))))
    }

    fn has_many(&self, param: ParamId) -> Outcome<bool> {
        let sql = "SELECT 1 FROM param_many WHERE param = $1";
        Ok(!self.rows(sql, &[&i32::from(param.0)])?.is_empty())
    }

    fn check_ready(&self, param: ParamId) -> Outcome<()> {
        let rows = self.rows(
            "SELECT p.state, p.base, p.code, r.done, r.total FROM search_param p LEFT JOIN reindex r ON r.rtype = p.base
             WHERE p.id = $1",
            &[&i32::from(param.0)],
        )?;
        let kept = rows.first().map(|row| Kept {
            state: row.get::<_, i16>(0).into(),
            base: row.get(1),
            code: row.get(2),
            progress: row.get::<_, Option<i64>>(3).zip(row.get(4)),
        });
        search::custom::check_ready(kept)
    }

    fn expect(&self, rids: &[i64]) -> Outcome<()> {
        let mut ahead = self.ahead.borrow_mut();
        ahead.clear();
        let wanted: Vec<i64> = rids.iter().copied().take(AHEAD).collect();
        if wanted.len() < 2 {
            return Ok(());
        }
        ahead.extend(wanted.iter().map(|rid| (*rid, None)));
        let rows = self.rows(
            "SELECT rid, rtype, id, last_updated, patient, keys, method FROM resource WHERE rid = ANY($1)",
            &[&wanted],
        )?;
        for row in &rows {
            ahead.insert(row.get(0), candidate(row));
        }
        Ok(())
    }

    fn candidate(&self, rid: i64) -> Outcome<Option<Candidate>> {
        if let Some(found) = self.ahead.borrow().get(&rid) {
            return Ok(found.clone());
        }
        let rows = self.rows(
            "SELECT rid, rtype, id, last_updated, patient, keys, method FROM resource WHERE rid = $1",
            &[&rid],
        )?;
        Ok(rows.first().and_then(candidate))
    }

    fn candidate_by_id(&self, code: i64, id: &str) -> Outcome<Option<Candidate>> {
        let rows = self.rows(
            "SELECT rid, rtype, id, last_updated, patient, keys, method FROM resource WHERE rtype = $1 AND id = $2",
            &[&code, &id],
        )?;
        Ok(rows.first().and_then(candidate))
    }

    fn rid(&self, code: i64, id: &str) -> Outcome<Option<i64>> {
        let rows = self.rows("SELECT rid FROM resource WHERE rtype = $1 AND id = $2", &[&code, &id])?;
        Ok(rows.first().map(|row| row.get(0)))
    }

    fn stored(&self, rids: &[i64]) -> Outcome<Vec<StoredResource>> {
        if rids.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.rows(
            concat!(version!("resource"), ", rid FROM resource WHERE rid = ANY($1)"),
            &[&rids],
        )?;
        let mut found = HashMap::with_capacity(rows.len());
        for row in &rows {
            found.insert(row.get::<_, i64>(7), self.resource(row)?);
        }
        Ok(rids.iter().filter_map(|rid| found.remove(rid)).collect())
    }

    fn superseded(&self, seq: i64) -> Outcome<Option<StoredResource>> {
        let sql = concat!(version!("resource_history"), " FROM resource_history WHERE seq = $1");
        self.rows(sql, &[&seq])?
            .first()
            .map(|row| self.resource(row))
            .transpose()
    }

    fn body(&self, rid: i64, look: &mut dyn FnMut(&[u8])) -> Outcome<()> {
        for row in self.rows("SELECT body FROM resource WHERE rid = $1", &[&rid])? {
            look(row.get::<_, Option<&[u8]>>(0).unwrap_or_default());
        }
        Ok(())
    }

    fn count(&self, param: ParamId, range: &Range, cap: u64) -> Outcome<u64> {
        self.number(
            "SELECT count(*) FROM (SELECT 1 FROM idx WHERE param = $1 AND key >= $2 AND key < $3 ORDER BY key LIMIT $4) AS few",
            &[&i32::from(param.0), &range.lo, &range.hi, &(cap as i64)],
        )
    }

    fn resources(&self, param: ParamId, range: &Range) -> Outcome<u64> {
        self.number(
            "SELECT count(DISTINCT rid) FROM idx WHERE param = $1 AND key >= $2 AND key < $3",
            &[&i32::from(param.0), &range.lo, &range.hi],
        )
    }

    fn rids(&self, param: ParamId, range: &Range) -> Outcome<Vec<i64>> {
        let rows = self.rows(
            "SELECT rid FROM idx WHERE param = $1 AND key >= $2 AND key < $3 ORDER BY key, rid",
            &[&i32::from(param.0), &range.lo, &range.hi],
        )?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    fn up(&self, param: ParamId, (key, rid): (&[u8], i64), range: &Range, limit: usize) -> Outcome<Vec<search::Row>> {
        let rows = self.rows(
            "SELECT key, rid FROM idx WHERE param = $1 AND (key, rid) > ($2, $3) AND key < $4 ORDER BY key, rid LIMIT $5",
            &[&i32::from(param.0), &key, &rid, &range.hi, &(limit as i64)],
        )?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    fn down(&self, param: ParamId, (key, rid): (&[u8], i64), range: &Range, limit: usize) -> Outcome<Vec<search::Row>> {
        let rows = self.rows(
            "SELECT key, rid FROM idx WHERE param = $1 AND (key, rid) < ($2, $3) AND key >= $4
             ORDER BY key DESC, rid DESC LIMIT $5",
            &[&i32::from(param.0), &key, &rid, &range.lo, &(limit as i64)],
        )?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    fn count_of_patient(&self, patient: &str, code: i64, cap: u64) -> Outcome<u64> {
        self.number(
            "SELECT count(*) FROM (SELECT 1 FROM resource WHERE patient = $1 AND rtype = $2 AND method <> 2
             ORDER BY rid LIMIT $3) AS few",
            &[&patient, &code, &(cap as i64)],
        )
    }

    fn of_patient(&self, patient: &str, code: i64, after: i64, limit: usize) -> Outcome<Vec<i64>> {
        let rows = self.rows(
            "SELECT rid FROM resource WHERE patient = $1 AND rtype = $2 AND method <> 2 AND rid > $3 ORDER BY rid LIMIT $4",
            &[&patient, &code, &after, &(limit as i64)],
        )?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    fn count_moments(&self, moments: &Moments, cap: u64) -> Outcome<u64> {
        self.number(
            "SELECT count(*) FROM (SELECT 1 FROM resource WHERE rtype = $1 AND last_updated >= $2 AND last_updated < $3
             ORDER BY last_updated LIMIT $4) AS few",
            &[&moments.code, &moments.from, &moments.until, &(cap as i64)],
        )
    }

    fn moments(&self, moments: &Moments, limit: usize) -> Outcome<Vec<(i64, i64, i64)>> {
        let Moments { code, from, until, .. } = *moments;
        let limit = limit as i64;
        let rows = if moments.descending {
            let (moment, seq) = moments.after.unwrap_or((until, 0));
            self.rows(
                "SELECT rid, last_updated, seq FROM resource WHERE rtype = $1 AND (last_updated, seq) < ($2, $3)
                 AND last_updated >= $4 ORDER BY last_updated DESC, seq DESC LIMIT $5",
                &[&code, &moment, &seq, &from, &limit],
            )?
        } else {
            let (moment, seq) = moments.after.unwrap_or((from, 0));
            self.rows(
                "SELECT rid, last_updated, seq FROM resource WHERE rtype = $1 AND (last_updated, seq) > ($2, $3)
                 AND last_updated < $4 ORDER BY last_updated, seq LIMIT $5",
                &[&code, &moment, &seq, &until, &limit],
            )?
        };
        Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
    }

    fn by_id(&self, code: i64, after: Option<&str>, descending: bool, limit: usize) -> Outcome<Vec<(i64, String)>> {
        let limit = limit as i64;
        let rows = if descending {
            self.rows(
                "SELECT rid, id FROM resource WHERE rtype = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
                &[&code, &after.unwrap_or("\u{10FFFF}"), &limit],
            )?
        } else {
            self.rows(
                "SELECT rid, id FROM resource WHERE rtype = $1 AND id > $2 ORDER BY id LIMIT $3",
                &[&code, &after.unwrap_or_default(), &limit],
            )?
        };
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    fn changed(&self, seq: i64, rid: i64, limit: usize) -> Outcome<Vec<(i64, i64)>> {
        let rows = self.rows(
            "SELECT rid, rtype FROM resource WHERE seq > $1 AND rid <= $2 ORDER BY seq LIMIT $3",
            &[&seq, &rid, &(limit as i64)],
        )?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    fn version_of(&self, rid: i64, code: i64, seq: i64) -> Outcome<Option<Superseded>> {
        let rows = self.rows(
            "SELECT seq, last_updated, method, patient, body, id FROM resource_history
             WHERE rid = $1 AND seq <= $2 ORDER BY version DESC LIMIT 1",
            &[&rid, &seq],
        )?;
        Ok(rows.first().map(|row| {
            let deleted = i64::from(row.get::<_, i16>(2)) == DELETED;
            Superseded {
                seq: row.get(0),
                body: row.get::<_, Option<Vec<u8>>>(4).filter(|_| !deleted),
                candidate: Candidate {
                    rid,
                    code,
                    id: row.get(5),
                    last_updated: row.get(1),
                    patient: row.get(3),
                    keys: Vec::new(),
                },
            }
        }))
    }
}

/// A search on a thread that may block.
pub(crate) async fn search(session: Arc<Session>, node: Arc<Node>, query: store::Query) -> Outcome<store::SearchPage> {
    on_a_thread(session, node, move |source, node| {
        search::search(source, &query, &node.rules, node.rules.limits.scan)
    })
    .await
}

/// Works with a source on a thread that may block.
pub(crate) async fn on_a_thread<T: Send + 'static>(
    session: Arc<Session>,
    node: Arc<Node>,
    work: impl FnOnce(&PostgresSource, &Node) -> Outcome<T> + Send + 'static,
) -> Outcome<T> {
    let done = tokio::task::spawn_blocking(move || work(&PostgresSource::new(session, node.clone()), &node));
    done.await
        .unwrap_or_else(|_| Err(StoreError::Backend("a search failed unexpectedly".into())))
}
