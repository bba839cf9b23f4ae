//! Removing the history of instances that ended long ago.
//!
//! Ended instances of a definition are walked by id beside the writer, a chunk at a time; the writer then removes the
//! chunk (the instance with its state, and every row of its history) in a commit of its own that also writes to the audit
//! what went and why. An instance that has not ended cannot go: the writer looks again. FHIR resources, those that mirror
//! tasks and instances included, are not touched.

use crate::SqliteStore;
use crate::error::{Backend, Outcome};
use crate::writer::State;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use search::row::{micros, status_code};
use store::{AuditEntry, InstanceStatus, StoreError};

/// Instances looked at in one step.
const CHUNK: usize = 200;
/// Rows of history after which a chunk ends.
const MOST_ROWS: u64 = 20_000;

/// Instances of one definition whose history goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forget {
    /// Definition key.
    pub definition: String,
    /// Those that ended before this moment.
    pub ended_before: Timestamp,
    /// The rule, for the audit.
    pub why: String,
}

/// What was found of one definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForgetCount {
    /// Definition key.
    pub definition: String,
    /// Instances that go, or went.
    pub instances: u64,
    /// Rows of their history.
    pub steps: u64,
}

struct Chunk {
    rids: Vec<i64>,
    steps: u64,
    /// Instance id after which the next step starts; `None`: the definition ends here.
    next: Option<String>,
}

impl SqliteStore {
    /// Counts what [`SqliteStore::forget_instances`] would remove, by definition; changes nothing.
    ///
    /// # Errors
    /// What SQLite refuses.
    pub async fn forgettable_instances(&self, rules: &[Forget]) -> Result<Vec<ForgetCount>, StoreError> {
        self.walk_instances(rules, None).await
    }

    /// Removes ended instances with their history, in small commits between other writes. Interrupted, what was removed
    /// stays removed and the rest goes the next time. Definitions of which nothing went are left out.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`] when the writer's queue is full (try later), [`StoreError::Closed`], what SQLite refuses.
    pub async fn forget_instances(
        &self,
        rules: &[Forget],
        actor: &str,
        now: Timestamp,
    ) -> Result<Vec<ForgetCount>, StoreError> {
        self.walk_instances(rules, Some((actor, now))).await
    }

    async fn walk_instances(
        &self,
        rules: &[Forget],
        remove: Option<(&str, Timestamp)>,
    ) -> Result<Vec<ForgetCount>, StoreError> {
        let mut counts = Vec::new();
        for rule in rules {
            let mut count = ForgetCount {
                definition: rule.definition.clone(),
                instances: 0,
                steps: 0,
            };
            for status in [InstanceStatus::Completed, InstanceStatus::Terminated] {
                let mut from = Some(String::new());
                while let Some(after) = from {
                    let chunk = self.reader(|connection| read(connection, rule, status, &after))?;
                    count.steps += chunk.steps;
                    count.instances += match remove {
                        Some((actor, now)) if !chunk.rids.is_empty() => {
                            let entry = entry(rule, &chunk, actor, now);
                            let rids = chunk.rids;
                            self.upkeep(Box::new(move |connection, state| {
                                write(connection, state, &rids, entry)
                            }))
                            .await?
                        }
                        _ => chunk.rids.len() as u64,
                    };
                    from = chunk.next;
                    tokio::task::yield_now().await;
                }
            }
            if count.instances > 0 {
                counts.push(count);
            }
        }
        Ok(counts)
    }
}

fn entry(rule: &Forget, chunk: &Chunk, actor: &str, now: Timestamp) -> AuditEntry {
    AuditEntry {
        at: now,
        actor: actor.to_owned(),
        action: "PRUNE".into(),
        target: format!("/orchestrator/definitions/{}/history", rule.definition),
        outcome: format!(
            "permit: {}; ended before {}: {} instances with {} steps removed",
            rule.why,
            rule.ended_before,
            chunk.rids.len(),
            chunk.steps
        ),
        status: 200,
        ..AuditEntry::default()
    }
}

fn read(connection: &Connection, rule: &Forget, status: InstanceStatus, after: &str) -> Outcome<Chunk> {
    let mut walk = connection
        .prepare_cached(
            "SELECT rid, id, ended < ?4, (SELECT count(*) FROM history h WHERE h.instance = i.id)
             FROM instance i INDEXED BY instance_definition
             WHERE definition = ?1 AND status = ?2 AND id > ?3 AND ended IS NOT NULL ORDER BY id LIMIT ?5",
        )
        .at("reading ended instances")?;
    let asked = params![
        rule.definition,
        status_code(status),
        after,
        micros(rule.ended_before),
        CHUNK as i64
    ];
    let mut rows = walk.query(asked).at("reading ended instances")?;
    let mut chunk = Chunk {
        rids: Vec::new(),
        steps: 0,
        next: None,
    };
    let mut seen = 0;
    while let Some(row) = rows.next().at("reading ended instances")? {
        let read = || -> rusqlite::Result<(i64, String, bool, i64)> {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        };
        let (rid, id, goes, steps) = read().at("reading ended instances")?;
        seen += 1;
        chunk.next = Some(id);
        if goes {
            chunk.rids.push(rid);
            chunk.steps += steps as u64;
            if chunk.steps >= MOST_ROWS {
                return Ok(chunk);
            }
        }
    }
    if seen < CHUNK {
        chunk.next = None;
    }
    Ok(chunk)
}

/// Removes instances in the writer's own transaction; how many.
fn write(connection: &Connection, state: &mut State, rids: &[i64], entry: AuditEntry) -> Outcome<u64> {
    let mut history = connection
        .prepare_cached(
            "DELETE FROM history WHERE instance = (SELECT id FROM instance WHERE rid = ?1 AND ended IS NOT NULL)",
        )
        .at("removing history")?;
    let mut instance = connection
        .prepare_cached("DELETE FROM instance WHERE rid = ?1 AND ended IS NOT NULL")
        .at("removing an instance")?;
    let mut removed = 0;
    for rid in rids {
        history.execute([rid]).at("removing history")?;
        removed += instance.execute([rid]).at("removing an instance")? as u64;
    }
    state.audit.push(entry);
    Ok(removed)
}
