//! Rebuilding the whole index when the rules that extract search values have changed, and comparing it with what is stored.

use crate::error::{Backend, Outcome};
use crate::postgres_store::Node;
use crate::session::Session;
use crate::upgrade;
use search::keys::{index_rows, iter, pack};
use std::collections::{BTreeSet, HashMap};
use store::StoreError;

/// Resources in one commit.
const CHUNK: i64 = 2_000;
/// Problems told at most.
const PROBLEMS: usize = 100;

/// Compares the stored fingerprint with the extractor's and reindexes everything if they differ. An interrupted run
/// starts again at the next open: the fingerprint is stored last. Only one node is here at a time; while nodes of another program
/// are connected it is refused, for they would find nothing meanwhile and go on writing the values of their own definitions.
pub(crate) async fn if_needed(node: &Node, session: &Session) -> Outcome<()> {
    let wanted = node.rules.extractor.fingerprint as i64;
    let sql = "SELECT value FROM meta WHERE name = 'fingerprint'";
    let stored = session.row(sql, &[], "reading the index fingerprint").await?;
    if stored.is_some_and(|row| row.get::<_, i64>(0) == wanted) {
        return Ok(());
    }
    let what = "counting resources";
    let row = session
        .row("SELECT coalesce(sum(live), 0)::bigint FROM tally", &[], what)
        .await?;
    let total: i64 = row.map_or(0, |row| row.get(0));
    if total > 0 {
        if upgrade::at_work(session).await? > 0 {
            return Err(StoreError::InUse(
                "the index was made by other search definitions than this program's and must be made anew, which cannot be while \
                 other programs work with the database: end them first"
                    .into(),
            ));
        }
        tracing::info!(resources = total, "search definitions changed: reindexing");
        // Parameter numbers mean other things now: no old row may stay.
        session
            .client()
            .batch_execute(
                "BEGIN; DELETE FROM meta WHERE name = 'fingerprint'; TRUNCATE idx; TRUNCATE param_many;
                 UPDATE resource SET keys = ''; COMMIT",
            )
            .await
            .at("clearing the index")?;
        let (mut after, mut done) = (0, 0);
        while let Some((last, count)) = chunk(node, session, after).await? {
            after = last;
            done += count;
            if let Some(progress) = &node.options.progress {
                progress(done, total as u64);
            }
        }
    }
    session
        .run(
            "INSERT INTO meta(name, value) VALUES ('fingerprint', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            &[&wanted],
            "storing the index fingerprint",
        )
        .await
        .map(drop)
}

/// Indexes the next resources by row id; the last row id and how many.
async fn chunk(node: &Node, session: &Session, after: i64) -> Outcome<Option<(i64, u64)>> {
    let what = "reindexing";
    let custom = node.rules.definitions.custom();
    let rows = session
        .rows(
            "SELECT rid, compartment, rtype, id, body FROM resource WHERE rid > $1 AND method <> 2 ORDER BY rid LIMIT $2",
            &[&after, &CHUNK],
            what,
        )
        .await?;
    let Some(last) = rows.last().map(|row| row.get::<_, i64>(0)) else {
        return Ok(None);
    };
    let mut made = Made::default();
    for row in &rows {
        let rtype = node.types.name(session, row.get(2)).await?;
        let body: Option<&[u8]> = row.get(4);
        match node.rules.entries(&custom, &rtype, body.unwrap_or_default()) {
            Ok(entries) => made.push(row.get(0), row.get(1), pack(&entries)),
            // It was accepted once: keep serving it by id, and say so.
            Err(error) => {
                let id: String = row.get(3);
                tracing::warn!(%id, %error, "a stored resource yields no search values and will not be found by search");
            }
        }
    }
    session.client().batch_execute("BEGIN").await.at(what)?;
    let done = made.write(session).await;
    let end = if done.is_ok() { "COMMIT" } else { "ROLLBACK" };
    session.client().batch_execute(end).await.at(what)?;
    done?;
    Ok(Some((last, rows.len() as u64)))
}

/// What a chunk gave, as columns.
#[derive(Default)]
struct Made {
    rids: Vec<i64>,
    compartments: Vec<i64>,
    packed: Vec<Vec<u8>>,
    row_rids: Vec<i64>,
    row_compartments: Vec<i64>,
    row_params: Vec<i32>,
    row_keys: Vec<Vec<u8>>,
    many: BTreeSet<i32>,
}

impl Made {
    fn push(&mut self, rid: i64, compartment: i64, keys: Vec<u8>) {
        for (param, key) in index_set(&keys) {
            self.row_rids.push(rid);
            self.row_compartments.push(compartment);
            self.row_params.push(param);
            self.row_keys.push(key);
        }
        let mut last = None;
        for (param, _) in iter(&keys) {
            if last == Some(param) {
                self.many.insert(i32::from(param));
            }
            last = Some(param);
        }
        self.rids.push(rid);
        self.compartments.push(compartment);
        self.packed.push(keys);
    }

    async fn write(&self, session: &Session) -> Outcome<()> {
        let what = "reindexing";
        session
            .run(
                "UPDATE resource r SET keys = w.keys
                 FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS w(compartment, rid, keys)
                 WHERE r.rid = w.rid AND r.compartment = w.compartment",
                &[&self.compartments, &self.rids, &self.packed],
                what,
            )
            .await?;
        session
            .run(
                "INSERT INTO idx(compartment, rid, param, key)
                 SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::bytea[])",
                &[&self.row_compartments, &self.row_rids, &self.row_params, &self.row_keys],
                what,
            )
            .await?;
        let many: Vec<i32> = self.many.iter().copied().collect();
        session
            .run(
                "INSERT INTO param_many SELECT * FROM unnest($1::integer[]) ON CONFLICT DO NOTHING",
                &[&many],
                what,
            )
            .await
            .map(drop)
    }
}

/// The index rows of a packed list.
fn index_set(keys: &[u8]) -> BTreeSet<(i32, Vec<u8>)> {
    iter(keys)
        .flat_map(|(param, key)| index_rows(key).map(move |row| (i32::from(param), row.into_owned())))
        .collect()
}

/// Tells where counts and index rows do not agree with the resources.
pub(crate) async fn examine(node: &Node, session: &Session) -> Outcome<Vec<String>> {
    let what = "examining";
    let mut problems = Vec::new();
    let mut live: HashMap<i64, i64> = HashMap::new();
    let (mut after, mut rows_expected) = (0_i64, 0_i64);
    loop {
        let rows = session
            .rows(
                "SELECT r.rid, r.compartment, r.rtype, r.id, r.keys, r.method FROM resource r
                 WHERE r.rid > $1 ORDER BY r.rid LIMIT $2",
                &[&after, &CHUNK],
                what,
            )
            .await?;
        let Some(last) = rows.last().map(|row| row.get::<_, i64>(0)) else {
            break;
        };
        for row in &rows {
            let (keys, deleted): (&[u8], bool) = (row.get(4), row.get::<_, i16>(5) == 2);
            *live.entry(row.get(2)).or_default() += i64::from(!deleted);
            let set = index_set(keys);
            rows_expected += set.len() as i64;
            let (params, keys): (Vec<i32>, Vec<Vec<u8>>) = set.into_iter().unzip();
            let (rid, compartment): (i64, i64) = (row.get(0), row.get(1));
            let found = session
                .row(
                    "SELECT count(*) FROM unnest($1::integer[], $2::bytea[]) AS w(param, key)
                     JOIN idx i ON i.param = w.param AND i.key = w.key AND i.rid = $3 AND i.compartment = $4",
                    &[&params, &keys, &rid, &compartment],
                    what,
                )
                .await?;
            if found.map_or(0, |row| row.get::<_, i64>(0)) != keys.len() as i64 && problems.len() < PROBLEMS {
                let name = node.types.name(session, row.get(2)).await?;
                problems.push(format!("{name}/{} lacks index rows", row.get::<_, String>(3)));
            }
        }
        after = last;
    }
    let row = session.row("SELECT count(*) FROM idx", &[], what).await?;
    let found = row.map_or(0, |row| row.get::<_, i64>(0));
    if found != rows_expected {
        problems.push(format!(
            "the index has {found} rows, the resources give {rows_expected}"
        ));
    }
    for row in session.rows("SELECT code, live FROM tally", &[], what).await? {
        let (code, counted): (i64, i64) = (row.get(0), row.get(1));
        let there = live.get(&code).copied().unwrap_or(0);
        if there != counted {
            let name = node.types.name(session, code).await?;
            problems.push(format!("{counted} live {name} are counted, {there} are there"));
        }
    }
    Ok(problems)
}
