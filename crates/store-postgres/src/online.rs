//! Indexing again what is stored while the store works: in chunks, each one commit that also moves the pass's cursor, so
//! that a kill loses nothing and nothing is done twice, by whichever node.
//!
//! Why no row is missed: from the commit that puts a parameter in force on, every writer extracts it from whatever is
//! written. The pass visits by id every resource that was there before. A chunk is extracted on a snapshot, beside the
//! writers; the writer takes from it only rows that are still in the version that was read, for the others were written
//! since. A chunk made under another set of parameters, of a pass that was started again, or that another node has done, is
//! thrown away.

use crate::batch::Batch;
use crate::connect;
use crate::error::{Backend, Outcome};
use crate::params;
use crate::postgres_store::Node;
use crate::session::Session;
use crate::writer::{Group, IndexChange, Queue, Work};
use search::custom::{BUILDING, GONE, LEAVING, READY};
use search::keys::{Packed, pack};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::StoreError;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How long to wait after a failure.
const RETRY: Duration = Duration::from_millis(500);

/// Progress is logged after so many resources.
const LOGGED: i64 = 100_000;

/// Who does the passes.
pub(crate) struct Online {
    node: Arc<Node>,
    queue: Arc<Queue>,
    /// How often it was asked, and how many of those are done with.
    asked: watch::Sender<(u64, u64)>,
}

/// A pass.
struct Pass {
    rtype: String,
    generation: i64,
    cursor: String,
    done: i64,
}

/// What a chunk found: rows whose keys are other ones now.
pub(crate) struct Chunk {
    pass: Pass,
    /// Number of the set of parameters that it was made under.
    params: i64,
    /// Row id, place in the feed, new keys.
    changes: Vec<(i64, i64, Packed)>,
    seen: i64,
    /// The last id, or `None` when the type ends here.
    next: Option<String>,
}

impl Online {
    /// Passes of this node.
    pub fn new(node: Arc<Node>, queue: Arc<Queue>) -> Arc<Self> {
        let (asked, _) = watch::channel((1, 0));
        Arc::new(Self { node, queue, asked })
    }

    /// There may be something to do.
    pub fn wake(&self) {
        self.asked.send_modify(|(asked, _)| *asked += 1);
    }

    /// Waits until there is nothing to do.
    pub async fn settle(&self) {
        let mut asked = self.asked.subscribe();
        let _ = asked.wait_for(|(asked, done)| done >= asked).await;
    }

    /// Does the passes in a task of its own, whenever it is woken.
    pub fn start(self: &Arc<Self>) -> JoinHandle<()> {
        let this = self.clone();
        tokio::spawn(async move {
            let mut asked = this.asked.subscribe();
            loop {
                let Ok((upto, _)) = asked.wait_for(|(asked, done)| done < asked).await.map(|at| *at) else {
                    return;
                };
                loop {
                    match this.step().await {
                        Ok(true) => {}
                        Ok(false) => break,
                        Err(StoreError::Closed) => return,
                        Err(error) => {
                            tracing::warn!(%error, "a step of the reindex failed; it will be tried again");
                            tokio::time::sleep(RETRY).await;
                        }
                    }
                }
                this.asked.send_modify(|(_, done)| *done = upto);
            }
        })
    }

    /// Does one chunk; whether there may be another.
    pub async fn step(&self) -> Outcome<bool> {
        let Some(chunk) = self.read().await? else {
            return Ok(false);
        };
        let answer = self.queue.push(Work::Chunk(chunk))?;
        answer.await.unwrap_or(Err(StoreError::Closed))?;
        Ok(true)
    }

    /// Extracts the next chunk of the first pass.
    async fn read(&self) -> Outcome<Option<Chunk>> {
        // Taken first: should it change before the snapshot, the writer throws the chunk away.
        let params = self.node.params.load(Ordering::Acquire);
        let custom = self.node.rules.definitions.custom();
        let session = Session::plain(connect::take(&self.node.writers).await?);
        let Some(pass) = next_pass(&session).await? else {
            return Ok(None);
        };
        let limit = self.node.options.reindex_chunk.max(1) as i64;
        let rows = session
            .rows(
                "SELECT rid, id, seq, keys, body FROM resource WHERE rtype = (SELECT code FROM rtype WHERE name = $1)
                 AND id > $2 ORDER BY id LIMIT $3",
                &[&pass.rtype, &pass.cursor, &limit],
                "reading resources",
            )
            .await?;
        let (mut changes, seen, mut last) = (Vec::new(), rows.len() as i64, None);
        for row in &rows {
            let id: String = row.get(1);
            let (keys, body): (&[u8], Option<&[u8]>) = (row.get(3), row.get(4));
            if let Some(body) = body {
                match self.node.rules.entries(&custom, &pass.rtype, body) {
                    Ok(entries) => {
                        let new = pack(&entries);
                        if keys != new {
                            changes.push((row.get(0), row.get(2), new));
                        }
                    }
                    Err(error) => {
                        tracing::warn!(
                            rtype = pass.rtype,
                            id,
                            error,
                            "a stored resource yields no search values"
                        );
                    }
                }
            }
            last = Some(id);
        }
        Ok(Some(Chunk {
            pass,
            params,
            changes,
            seen,
            next: last.filter(|_| seen == limit),
        }))
    }
}

async fn next_pass(session: &Session) -> Outcome<Option<Pass>> {
    let row = session
        .row(
            "SELECT rtype, generation, cursor, done FROM reindex ORDER BY rtype LIMIT 1",
            &[],
            "reading the reindex",
        )
        .await?;
    Ok(row.map(|row| Pass {
        rtype: row.get(0),
        generation: row.get(1),
        cursor: row.get(2),
        done: row.get(3),
    }))
}

/// Writes a chunk in the writer's own transaction.
pub(crate) async fn write(group: &mut Group, chunk: Chunk) -> Outcome<()> {
    let Chunk { pass, changes, .. } = &chunk;
    let session = group.session.clone();
    let same = session
        .row(
            "SELECT 1 FROM reindex WHERE rtype = $1 AND generation = $2 AND cursor = $3",
            &[&pass.rtype, &pass.generation, &pass.cursor],
            "reading the reindex",
        )
        .await?;
    if same.is_none() || group.position.params != chunk.params {
        return Ok(());
    }
    rewrite(group, changes).await?;
    let done = pass.done + chunk.seen;
    if done / LOGGED > pass.done / LOGGED {
        tracing::info!(rtype = pass.rtype, done, "reindexing");
    }
    let Some(next) = &chunk.next else {
        return finish(&session, &pass.rtype, done).await;
    };
    session
        .run(
            "UPDATE reindex SET cursor = $2, done = $3 WHERE rtype = $1",
            &[&pass.rtype, next, &done],
            "moving the reindex on",
        )
        .await
        .map(drop)
}

/// Gives rows other keys, where they are still at this place of the change feed.
async fn rewrite(group: &mut Group, changes: &[(i64, i64, Packed)]) -> Outcome<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let wanted: HashMap<i64, (i64, &Packed)> = changes.iter().map(|(rid, seq, keys)| (*rid, (*seq, keys))).collect();
    let rids: Vec<i64> = wanted.keys().copied().collect();
    let rows = group
        .session
        .rows(
            "SELECT rid, compartment, seq, keys FROM resource WHERE rid = ANY($1)",
            &[&rids],
            "reading resources",
        )
        .await?;
    let mut index = IndexChange::default();
    let (mut rids, mut compartments, mut packed) = (Vec::new(), Vec::new(), Vec::new());
    for row in &rows {
        let (rid, compartment, seq): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
        let Some((_, keys)) = wanted.get(&rid).filter(|(then, _)| *then == seq) else {
            continue;
        };
        index.note(rid, Some((compartment, row.get(3))), (compartment, keys));
        group.note_many(keys);
        rids.push(rid);
        compartments.push(compartment);
        packed.push((*keys).clone());
    }
    let mut batch = Batch::default();
    batch
        .add(
            &group.session,
            "UPDATE resource r SET keys = w.keys FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS w(compartment, rid, keys)
             WHERE r.rid = w.rid AND r.compartment = w.compartment",
            params![compartments, rids, packed],
            "reindexing",
        )
        .await?;
    index.write(group, &mut batch).await?;
    batch.send(&group.session).await
}

/// The type is done: what was being built is searched from now on, what was leaving is gone.
async fn finish(session: &Session, rtype: &str, done: i64) -> Outcome<()> {
    let what = "finishing the reindex";
    for (to, from) in [(READY, BUILDING), (GONE, LEAVING)] {
        session
            .run(
                "UPDATE search_param SET state = $2 WHERE base = $1 AND state = $3",
                &[&rtype, &(to as i16), &(from as i16)],
                what,
            )
            .await?;
    }
    session
        .client()
        .execute("DELETE FROM reindex WHERE rtype = $1", &[&rtype])
        .await
        .at(what)?;
    tracing::info!(rtype, resources = done, "reindexed");
    Ok(())
}
