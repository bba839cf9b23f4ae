//! Indexing again what is stored while the store works: in chunks, each one commit that also moves the pass's cursor, so
//! that a kill loses nothing and nothing is done twice.
//!
//! Why no row is missed: from the commit that puts a parameter in force on, the writer extracts it from whatever is
//! written. The pass visits by id every resource that was there before. A chunk is extracted on a snapshot, beside the
//! writer; the writer takes from it only rows that are still in the version that was read, for the others were written
//! since. A chunk made under another set of parameters, or of a pass that was started again, is thrown away.

use crate::error::{Backend, Outcome};
use crate::pool::Pool;
use crate::shrunk::{Body, Keys};
use crate::writer::{Job, Queue, State, rewrite_keys};
use parking_lot::{Condvar, Mutex};
use rusqlite::{Connection, OptionalExtension};
use search::Rules;
use search::custom::{BUILDING, GONE, LEAVING, READY};
use search::keys::pack;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use store::StoreError;

/// Body bytes of a chunk after which it takes no further resource.
const CHUNK_BYTES: usize = 4 << 20;

/// How long to wait after a failure.
const RETRY: Duration = Duration::from_millis(500);

/// Progress is logged after so many resources.
const LOGGED: u64 = 100_000;

/// Who does the passes.
pub(crate) struct Online {
    pool: Arc<Pool>,
    queue: Arc<Queue>,
    rules: Arc<Rules>,
    chunk: usize,
    state: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    /// There may be something to do.
    asked: bool,
    /// Something is being done.
    busy: bool,
    closed: bool,
}

/// A pass.
struct Pass {
    rtype: String,
    generation: i64,
    cursor: String,
    done: u64,
}

/// What a chunk found: rows whose keys are other ones now.
struct Chunk {
    pass: Pass,
    custom: u64,
    changes: Vec<(i64, i64, Vec<u8>)>,
    seen: u64,
    /// The last id, or `None` when the type ends here.
    next: Option<String>,
}

impl Online {
    /// Passes with chunks of this many resources.
    pub fn new(pool: Arc<Pool>, queue: Arc<Queue>, rules: Arc<Rules>, chunk: usize) -> Arc<Self> {
        Arc::new(Self {
            pool,
            queue,
            rules,
            chunk: chunk.max(1),
            state: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    /// Does the passes on a thread of its own, whenever it is woken.
    pub fn start(self: &Arc<Self>) -> Outcome<JoinHandle<()>> {
        let this = self.clone();
        this.wake();
        std::thread::Builder::new()
            .name("store-reindex".into())
            .spawn(move || this.run())
            .map_err(|error| StoreError::Backend(format!("cannot start the reindex thread: {error}")))
    }

    /// There may be something to do.
    pub fn wake(&self) {
        self.state.lock().asked = true;
        self.changed.notify_all();
    }

    /// Ends the thread after the chunk in hand.
    pub fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits until there is nothing to do.
    pub fn settle(&self) {
        let mut state = self.state.lock();
        while (state.asked || state.busy) && !state.closed {
            self.changed.wait(&mut state);
        }
    }

    fn run(&self) {
        loop {
            {
                let mut state = self.state.lock();
                state.busy = false;
                self.changed.notify_all();
                while !state.asked && !state.closed {
                    self.changed.wait(&mut state);
                }
                if state.closed {
                    return;
                }
                (state.asked, state.busy) = (false, true);
            }
            loop {
                let result = self.step();
                let mut state = self.state.lock();
                match result {
                    _ if state.closed => return,
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) => {
                        tracing::warn!(%error, "a step of the reindex failed; it will be tried again");
                        self.changed.wait_for(&mut state, RETRY);
                    }
                }
            }
        }
    }

    /// Does one chunk; whether there may be another.
    pub fn step(&self) -> Outcome<bool> {
        let Some(chunk) = self.read()? else { return Ok(false) };
        let (job, answer) = Job::upkeep(Box::new(move |connection, state| {
            write(connection, state, chunk)?;
            Ok(0)
        }));
        self.queue.push(job)?;
        answer.blocking_recv().unwrap_or(Err(StoreError::Closed))?;
        Ok(true)
    }

    /// Extracts the next chunk of the first pass.
    fn read(&self) -> Outcome<Option<Chunk>> {
        // Taken first: should it change before the snapshot, the writer throws the chunk away.
        let custom = self.rules.definitions.custom();
        let mut lease = self.pool.begin()?;
        let connection = &lease.db()?.connection;
        let Some(pass) = next_pass(connection)? else {
            return Ok(None);
        };
        let mut walk = connection
            .prepare_cached(
                "SELECT rid, id, seq, keys, body FROM resource INDEXED BY resource_id
                 WHERE rtype = (SELECT code FROM rtype WHERE name = ?1) AND id > ?2 ORDER BY id LIMIT ?3",
            )
            .at("reading resources")?;
        let mut rows = walk
            .query((&pass.rtype, &pass.cursor, self.chunk as i64))
            .at("reading resources")?;
        let (mut changes, mut seen, mut bytes, mut last) = (Vec::new(), 0, 0, None);
        while bytes < CHUNK_BYTES
            && let Some(row) = rows.next().at("reading resources")?
        {
            seen += 1;
            last = Some(row.get::<_, String>(1).at("reading resources")?);
            let body: Option<Body> = row.get(4).at("reading resources")?;
            let Some(Body(body)) = body else { continue };
            bytes += body.len();
            match self.rules.entries(&custom, &pass.rtype, &body) {
                Ok(entries) => {
                    let new = pack(&entries);
                    // Those that cannot be unpacked are not what they should be, either.
                    if row.get::<_, Keys>(3).ok().is_none_or(|Keys(keys)| keys != new) {
                        let seq = row.get(2).at("reading resources")?;
                        changes.push((row.get(0).at("reading resources")?, seq, new));
                    }
                }
                Err(error) => {
                    tracing::warn!(
                        rtype = pass.rtype,
                        id = last,
                        error,
                        "a stored resource yields no search values"
                    );
                }
            }
        }
        let whole = seen < self.chunk as u64 && bytes < CHUNK_BYTES;
        Ok(Some(Chunk {
            pass,
            custom: custom.generation(),
            changes,
            seen,
            next: last.filter(|_| !whole),
        }))
    }
}

fn next_pass(connection: &Connection) -> Outcome<Option<Pass>> {
    connection
        .prepare_cached("SELECT rtype, generation, cursor, done FROM reindex ORDER BY rtype LIMIT 1")
        .and_then(|mut read| {
            read.query_row([], |row| {
                Ok(Pass {
                    rtype: row.get(0)?,
                    generation: row.get(1)?,
                    cursor: row.get(2)?,
                    done: row.get::<_, i64>(3)? as u64,
                })
            })
            .optional()
        })
        .at("reading the reindex")
}

/// Writes a chunk in the writer's own transaction.
fn write(connection: &Connection, state: &mut State, chunk: Chunk) -> Outcome<()> {
    let Chunk { pass, changes, .. } = &chunk;
    let same = connection
        .prepare_cached("SELECT 1 FROM reindex WHERE rtype = ?1 AND generation = ?2 AND cursor = ?3")
        .and_then(|mut read| read.exists((&pass.rtype, pass.generation, &pass.cursor)))
        .at("reading the reindex")?;
    if !same || state.custom.generation() != chunk.custom {
        return Ok(());
    }
    for (rid, seq, keys) in changes {
        rewrite_keys(connection, state, *rid, *seq, keys)?;
    }
    let done = pass.done + chunk.seen;
    if done / LOGGED > pass.done / LOGGED {
        tracing::info!(rtype = pass.rtype, done, "reindexing");
    }
    let Some(next) = &chunk.next else {
        return finish(connection, &pass.rtype, done);
    };
    connection
        .prepare_cached("UPDATE reindex SET cursor = ?2, done = ?3 WHERE rtype = ?1")
        .and_then(|mut update| update.execute((&pass.rtype, next, done as i64)))
        .map(drop)
        .at("moving the reindex on")
}

/// The type is done: what was being built is searched from now on, what was leaving is gone.
fn finish(connection: &Connection, rtype: &str, done: u64) -> Outcome<()> {
    for (sql, to, from) in [
        (
            "UPDATE search_param SET state = ?2 WHERE base = ?1 AND state = ?3",
            READY,
            BUILDING,
        ),
        (
            "UPDATE search_param SET state = ?2 WHERE base = ?1 AND state = ?3",
            GONE,
            LEAVING,
        ),
    ] {
        connection.execute(sql, (rtype, to, from)).at("finishing the reindex")?;
    }
    connection
        .execute("DELETE FROM reindex WHERE rtype = ?1", [rtype])
        .at("finishing the reindex")?;
    tracing::info!(rtype, resources = done, "reindexed");
    Ok(())
}
