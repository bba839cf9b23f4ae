//! The writer's side: rows come in, runs are joined, the oldest go into the file.

use super::run::{Entry, Merge, Run};
use super::view::{Leaving, View};
use super::views::Views;
use crate::error::{Backend, Outcome};
use rusqlite::Connection;
use std::sync::Arc;

/// A run is joined with the one before it while that is less than so many times longer: few runs to look into, each row
/// copied few times.
const GROWTH: usize = 4;

/// Rows that leave with a commit for each that came with it, and at least.
const LEAVE: (usize, usize) = (2, 256);

/// Rows that leave in one commit when nobody is writing.
const AT_REST: usize = 10_000;

/// Bytes of keys that may come together before they leave: a run addresses its bytes with 32 bits, and as many may come
/// while they leave.
const MAX_BYTES: usize = 1 << 30;

/// What waits, as the writer has it.
#[derive(Debug)]
pub(crate) struct Waiting {
    view: View,
    /// Rows of this commit that are in no run yet.
    fresh: Vec<(u16, Vec<u8>, i64, bool)>,
    /// Rows that came with this commit.
    came: usize,
    /// Whether something differs from what was last published.
    changed: bool,
    /// Rows that may come together before they leave.
    limit: usize,
    views: Arc<Views>,
    committed: Arc<View>,
}

impl Waiting {
    /// Begins with what the file says; `limit` rows may wait before they leave.
    pub fn new(views: Arc<Views>, first: View, limit: usize) -> Self {
        Self {
            committed: Arc::new(first.clone()),
            view: first,
            fresh: Vec::new(),
            came: 0,
            changed: false,
            limit,
            views,
        }
    }

    /// As it was at the last commit.
    pub fn as_committed(&self) -> Self {
        Self::new(self.views.clone(), View::clone(&self.committed), self.limit)
    }

    /// A row to add. It must not be in the file.
    pub fn add(&mut self, param: u16, key: &[u8], rid: i64) {
        self.fresh.push((param, key.to_vec(), rid, true));
    }

    /// Takes a row away if it waits; if not, it is in the file. What came since [`Self::settle`] must not speak of it.
    pub fn remove(&mut self, param: u16, key: &[u8], rid: i64) -> bool {
        let waits = self.view.has(param, key, rid);
        if waits {
            self.fresh.push((param, key.to_vec(), rid, false));
        }
        waits
    }

    /// Whether something here speaks of a row, be it that it was removed: then it must not be written to the file.
    pub fn knows(&mut self, param: u16, key: &[u8], rid: i64) -> bool {
        self.settle();
        self.view.newest(param, key, rid).is_some()
    }

    /// What waits, this commit's rows included.
    pub fn view(&mut self) -> &View {
        self.settle();
        &self.view
    }

    /// Makes a run of the rows that came since the last time.
    pub fn settle(&mut self) {
        if self.fresh.is_empty() {
            return;
        }
        let mut fresh = std::mem::take(&mut self.fresh);
        // Stable: of two about one place the later stays the later.
        fresh.sort_by(|a, b| (a.0, &a.1, a.2).cmp(&(b.0, &b.1, b.2)));
        let mut run = Run::with_capacity(fresh.len(), fresh.iter().map(|row| row.1.len()).sum());
        for (at, (param, key, rid, added)) in fresh.iter().enumerate() {
            let again = fresh
                .get(at + 1)
                .is_some_and(|next| (next.0, &next.1, next.2) == (*param, key, *rid));
            if !again {
                run.push(Entry {
                    param: *param,
                    key,
                    rid: *rid,
                    added: *added,
                });
            }
        }
        self.came += run.len();
        self.changed = true;
        self.view.runs.push(Arc::new(run));
        while let [.., older, newer] = self.view.runs.as_slice()
            && older.len() < GROWTH * newer.len()
        {
            let joined = join(&[older, newer], true);
            self.view.runs.truncate(self.view.runs.len() - 2);
            self.view.runs.push(Arc::new(joined));
        }
        fresh.clear();
        self.fresh = fresh;
    }

    /// Sends rows on their way into the file when enough have come, and publishes the view: the last thing before a
    /// commit. `seq`: the last place of the change feed that the commit writes.
    pub fn before_commit(&mut self, connection: &Connection, seq: i64) -> Outcome<()> {
        self.settle();
        let came = std::mem::take(&mut self.came);
        let rows: usize = self.view.runs.iter().map(|run| run.len()).sum();
        let bytes: usize = self.view.runs.iter().map(|run| run.bytes()).sum();
        if self.view.leaving.is_none() && (rows > self.limit || bytes > MAX_BYTES) {
            self.leave(seq);
        }
        if self.view.leaving.is_some() {
            self.write(connection, (came * LEAVE.0).max(LEAVE.1))?;
        }
        self.publish(connection)
    }

    /// Writes some rows in a commit of its own, when nobody else is writing; whether there were any.
    pub fn at_rest(&mut self, connection: &Connection, seq: i64) -> Outcome<bool> {
        self.settle();
        if self.view.leaving.is_none() {
            if self.view.runs.is_empty() {
                return Ok(false);
            }
            self.leave(seq);
        }
        self.write(connection, AT_REST)?;
        self.publish(connection)?;
        Ok(true)
    }

    /// Writes everything that waits, in the commit under way.
    pub fn empty(&mut self, connection: &Connection, seq: i64) -> Outcome<()> {
        self.settle();
        self.write(connection, usize::MAX)?;
        self.leave(seq);
        self.write(connection, usize::MAX)
    }

    /// To be called when the commit is on disk.
    pub fn committed(&mut self) {
        if self.committed.epoch != self.view.epoch {
            self.committed = Arc::new(self.view.clone());
        }
    }

    /// Joins all runs into one that leaves. Removals have nothing left to cover then.
    fn leave(&mut self, seq: i64) {
        let runs: Vec<&Run> = self.view.runs.iter().map(|run| &**run).collect();
        let run = join(&runs, false);
        self.view.runs.clear();
        self.view.leaving = Some(Leaving {
            run: Arc::new(run),
            written: 0,
            upto: seq,
        });
        self.changed = true;
    }

    /// Writes the next rows that leave.
    fn write(&mut self, connection: &Connection, count: usize) -> Outcome<()> {
        let Some(leaving) = &mut self.view.leaving else {
            return Ok(());
        };
        let end = leaving.run.len().min(leaving.written.saturating_add(count));
        let mut insert = connection
            .prepare_cached("INSERT OR IGNORE INTO idx(param, key, rid) VALUES (?1, ?2, ?3)")
            .at("preparing the index")?;
        for at in leaving.written..end {
            let row = leaving.run.entry(at);
            // One that a newer run speaks of is removed, or will come with that run.
            if self.view.runs.iter().all(|run| run.find(row.place()).is_none()) {
                insert.execute(row.place()).at("adding an index row")?;
            }
        }
        leaving.written = end;
        self.changed = true;
        if end == leaving.run.len() {
            self.view.merged = leaving.upto;
            self.view.leaving = None;
            set(connection, "merged", self.view.merged)?;
        }
        Ok(())
    }

    fn publish(&mut self, connection: &Connection) -> Outcome<()> {
        if !std::mem::take(&mut self.changed) {
            return Ok(());
        }
        self.view.epoch = self.committed.epoch + 1;
        set(connection, "epoch", self.view.epoch)?;
        self.views.publish(Arc::new(self.view.clone()));
        Ok(())
    }
}

/// One run of several, oldest first.
fn join(runs: &[&Run], removals: bool) -> Run {
    let rows = runs.iter().map(|run| run.len()).sum();
    let mut joined = Run::with_capacity(rows, runs.iter().map(|run| run.bytes()).sum());
    Merge::new(runs.iter().map(|run| (*run, 0..run.len())), false)
        .filter(|entry| removals || entry.added)
        .for_each(|entry| joined.push(entry));
    joined
}

fn set(connection: &Connection, name: &str, value: i64) -> Outcome<()> {
    connection
        .prepare_cached("UPDATE meta SET value = ?2 WHERE name = ?1")
        .and_then(|mut set| set.execute((name, value)))
        .map(drop)
        .at("noting how far the index is")
}
