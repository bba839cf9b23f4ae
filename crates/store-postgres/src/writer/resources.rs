//! Versions of FHIR resources and their index rows.

use super::Group;
use super::pending::{Now, Slot, Version};
use crate::batch::Batch;
use crate::error::Outcome;
use crate::{params, place};
use fhir::{FIRST_CUSTOM, IndexEntry};
use search::keys::{Packed, index_rows, iter, pack};
use search::row::{method_code, micros};
use std::borrow::Cow;
use store::{Method, ResourceWrite};

impl Group {
    /// Takes in a new version.
    pub(super) async fn write_resource(&mut self, write: &ResourceWrite, generation: u64) -> Outcome<()> {
        let code = self.code_or_new(&write.rtype).await?;
        let keys = self.keys(write, generation);
        self.note_many(&keys);
        let key = (code, write.id.clone());
        let slot = self.stored.resources.entry(key.clone()).or_default();
        let was_live = slot.now.as_ref().is_some_and(|now| !now.deleted);
        let deleted = write.method == Method::Delete;
        *self.live.entry(code).or_default() += i64::from(!deleted) - i64::from(was_live);
        self.position.seq += 1;
        let rid = slot.now.as_ref().map(|now| now.rid).unwrap_or_else(|| {
            self.position.rid += 1;
            self.position.rid
        });
        if slot.made.is_empty() {
            self.pending.resources.push(key);
        }
        slot.made.push(Version {
            compartment: place::of_resource(write.patient.as_deref(), &write.rtype, &write.id),
            seq: self.position.seq,
            version: write.version as i64,
            at: micros(write.last_updated),
            method: method_code(write.method) as i16,
            patient: write.patient.clone(),
            body: write.body.clone(),
        });
        slot.now = Some(Now {
            rid,
            version: write.version,
            deleted,
            keys,
        });
        Ok(())
    }

    /// The packed keys of a write; what users define is extracted again when other parameters came into force meanwhile.
    fn keys(&self, write: &ResourceWrite, generation: u64) -> Packed {
        if self.custom.generation() == generation {
            return pack(&write.index);
        }
        let standard = write.index.iter().filter(|entry| entry.param.0 < FIRST_CUSTOM);
        let mut entries: Vec<IndexEntry> = standard.cloned().collect();
        let body = write.body.as_deref().unwrap_or_default();
        entries.extend(self.custom.extract(&write.rtype, body));
        pack(&entries)
    }

    /// Remembers parameters that a resource has several values of.
    pub(crate) fn note_many(&mut self, keys: &[u8]) {
        let known = self.node.many.read();
        let mut last = None;
        for (param, _) in iter(keys) {
            if last == Some(param) && !known.contains(&param) {
                self.new_many.insert(param);
            }
            last = Some(param);
        }
    }
}

type Rows<'a> = Vec<(u16, Cow<'a, [u8]>)>;

/// The index rows of a packed list, sorted, each once.
fn rows(packed: &[u8]) -> Rows<'_> {
    let mut rows: Rows<'_> = Vec::with_capacity(packed.len() / 16);
    for (param, key) in iter(packed) {
        rows.extend(index_rows(key).map(|row| (param, row)));
    }
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// Index rows as columns.
#[derive(Default)]
pub(crate) struct IndexRows {
    compartments: Vec<i64>,
    rids: Vec<i64>,
    params: Vec<i32>,
    keys: Vec<Vec<u8>>,
}

impl IndexRows {
    fn push(&mut self, (compartment, rid): (i64, i64), param: u16, key: &[u8]) {
        self.compartments.push(compartment);
        self.rids.push(rid);
        self.params.push(i32::from(param));
        self.keys.push(key.to_vec());
    }
}

/// Index rows to add and to remove.
#[derive(Default)]
pub(crate) struct IndexChange {
    added: IndexRows,
    removed: IndexRows,
}

impl IndexChange {
    /// From the rows of `old` in one compartment to those of `new` in another, which is mostly the same.
    pub fn note(&mut self, rid: i64, old: Option<(i64, &[u8])>, (compartment, new): (i64, &[u8])) {
        let stays = old.is_some_and(|(before, _)| before == compartment);
        let (from, before) = old.unwrap_or((compartment, &[]));
        if stays && before == new {
            return;
        }
        let (before, after) = (rows(before), rows(new));
        for row in &before {
            if !stays || after.binary_search(row).is_err() {
                self.removed.push((from, rid), row.0, &row.1);
            }
        }
        for row in &after {
            if !stays || before.binary_search(row).is_err() {
                self.added.push((compartment, rid), row.0, &row.1);
            }
        }
    }

    /// The statements that do it.
    pub async fn write(self, group: &Group, batch: &mut Batch) -> Outcome<()> {
        let session = &group.session;
        let Self { added, removed } = self;
        if !removed.rids.is_empty() {
            batch
                .add(
                    session,
                    "DELETE FROM idx i USING unnest($1::bigint[], $2::bigint[], $3::integer[], $4::bytea[])
                     AS w(compartment, rid, param, key)
                     WHERE i.param = w.param AND i.key = w.key AND i.rid = w.rid AND i.compartment = w.compartment",
                    params![removed.compartments, removed.rids, removed.params, removed.keys],
                    "removing index rows",
                )
                .await?;
        }
        if !added.rids.is_empty() {
            batch
                .add(
                    session,
                    "INSERT INTO idx(compartment, rid, param, key)
                     SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::bytea[])",
                    params![added.compartments, added.rids, added.params, added.keys],
                    "adding index rows",
                )
                .await?;
        }
        Ok(())
    }
}

/// Versions as columns.
#[derive(Default)]
struct Columns {
    compartments: Vec<i64>,
    rids: Vec<i64>,
    rtypes: Vec<i64>,
    seqs: Vec<i64>,
    versions: Vec<i64>,
    moments: Vec<i64>,
    methods: Vec<i16>,
    ids: Vec<String>,
    patients: Vec<Option<String>>,
    keys: Vec<Vec<u8>>,
    bodies: Vec<Option<Vec<u8>>>,
}

impl Columns {
    fn push(&mut self, rid: i64, (code, id): (i64, &str), version: &Version, keys: &[u8]) {
        self.compartments.push(version.compartment);
        self.rids.push(rid);
        self.rtypes.push(code);
        self.seqs.push(version.seq);
        self.versions.push(version.version);
        self.moments.push(version.at);
        self.methods.push(version.method);
        self.ids.push(id.to_owned());
        self.patients.push(version.patient.clone());
        self.keys.push(keys.to_vec());
        self.bodies.push(version.body.as_ref().map(|body| body.to_vec()));
    }
}

/// Rows that leave their place: compartment and row id.
#[derive(Default)]
struct Places(Vec<i64>, Vec<i64>);

/// The statements that write the versions made since the last time; the slots then say what lies in the tables.
pub(super) async fn write(group: &mut Group, batch: &mut Batch) -> Outcome<()> {
    let (mut old, mut moved) = (Places::default(), Places::default());
    let (mut superseded, mut new, mut changed) = (Columns::default(), Columns::default(), Columns::default());
    let mut index = IndexChange::default();
    for key in std::mem::take(&mut group.pending.resources) {
        let Some(Slot {
            row,
            now: Some(now),
            made,
        }) = group.stored.resources.get_mut(&key)
        else {
            continue;
        };
        let made = std::mem::take(made);
        let Some((last, before)) = made.split_last() else {
            continue;
        };
        let name = (key.0, key.1.as_str());
        for version in before {
            superseded.push(now.rid, name, version, &[]);
        }
        index.note(
            now.rid,
            row.as_ref().map(|row| (row.compartment, row.keys.as_slice())),
            (last.compartment, &now.keys),
        );
        match row {
            None => new.push(now.rid, name, last, &now.keys),
            Some(row) => {
                old.0.push(row.compartment);
                old.1.push(row.rid);
                if row.compartment == last.compartment {
                    changed.push(now.rid, name, last, &now.keys);
                } else {
                    // A distribution column cannot be changed in place.
                    moved.0.push(row.compartment);
                    moved.1.push(row.rid);
                    new.push(now.rid, name, last, &now.keys);
                }
            }
        }
        *row = Some(super::pending::Row {
            rid: now.rid,
            compartment: last.compartment,
            keys: now.keys.clone(),
        });
    }
    keep_old(group, batch, old).await?;
    keep_superseded(group, batch, superseded).await?;
    remove_moved(group, batch, moved).await?;
    insert(group, batch, new).await?;
    update(group, batch, changed).await?;
    index.write(group, batch).await
}

async fn keep_old(group: &Group, batch: &mut Batch, Places(compartments, rids): Places) -> Outcome<()> {
    if rids.is_empty() {
        return Ok(());
    }
    batch
        .add(
            &group.session,
            "INSERT INTO resource_history(compartment, seq, rid, rtype, version, last_updated, method, id, patient, body)
             SELECT r.compartment, r.seq, r.rid, r.rtype, r.version, r.last_updated, r.method, r.id, r.patient, r.body
             FROM unnest($1::bigint[], $2::bigint[]) AS w(compartment, rid)
             JOIN resource r ON r.rid = w.rid AND r.compartment = w.compartment",
            params![compartments, rids],
            "keeping old versions",
        )
        .await
}

async fn keep_superseded(group: &Group, batch: &mut Batch, c: Columns) -> Outcome<()> {
    if c.rids.is_empty() {
        return Ok(());
    }
    batch
        .add(
            &group.session,
            "INSERT INTO resource_history(compartment, seq, rid, rtype, version, last_updated, method, id, patient, body)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
             $7::smallint[], $8::text[], $9::text[], $10::bytea[])",
            params![
                c.compartments, c.seqs, c.rids, c.rtypes, c.versions, c.moments, c.methods, c.ids, c.patients, c.bodies
            ],
            "keeping old versions",
        )
        .await
}

async fn remove_moved(group: &Group, batch: &mut Batch, Places(compartments, rids): Places) -> Outcome<()> {
    if rids.is_empty() {
        return Ok(());
    }
    batch
        .add(
            &group.session,
            "DELETE FROM resource r USING unnest($1::bigint[], $2::bigint[]) AS w(compartment, rid)
             WHERE r.rid = w.rid AND r.compartment = w.compartment",
            params![compartments, rids],
            "moving a resource to another compartment",
        )
        .await
}

async fn insert(group: &Group, batch: &mut Batch, c: Columns) -> Outcome<()> {
    if c.rids.is_empty() {
        return Ok(());
    }
    batch
        .add(
            &group.session,
            "INSERT INTO resource(compartment, rid, rtype, seq, version, last_updated, method, id, patient, keys, body)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
             $7::smallint[], $8::text[], $9::text[], $10::bytea[], $11::bytea[])",
            params![
                c.compartments,
                c.rids,
                c.rtypes,
                c.seqs,
                c.versions,
                c.moments,
                c.methods,
                c.ids,
                c.patients,
                c.keys,
                c.bodies
            ],
            "writing resources",
        )
        .await
}

async fn update(group: &Group, batch: &mut Batch, c: Columns) -> Outcome<()> {
    if c.rids.is_empty() {
        return Ok(());
    }
    batch
        .add(
            &group.session,
            "UPDATE resource r SET seq = w.seq, version = w.version, last_updated = w.last_updated, method = w.method,
             patient = w.patient, keys = w.keys, body = w.body
             FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::smallint[], $7::text[],
             $8::bytea[], $9::bytea[]) AS w(compartment, rid, seq, version, last_updated, method, patient, keys, body)
             WHERE r.rid = w.rid AND r.compartment = w.compartment",
            params![
                c.compartments, c.rids, c.seqs, c.versions, c.moments, c.methods, c.patients, c.keys, c.bodies
            ],
            "writing resources",
        )
        .await
}
