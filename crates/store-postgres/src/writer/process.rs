//! Writes of process state, positions and small values.

use super::Group;
use super::pending::{Moved, Pending};
use crate::batch::Batch;
use crate::error::Outcome;
use crate::session::Session;
use crate::{params, place};
use search::row::{micros, status_code, wait_code};
use std::collections::BTreeMap;
use store::WaitKey;

/// The statements for everything that is not a resource or a notification.
pub(super) async fn write(group: &mut Group, batch: &mut Batch) -> Outcome<()> {
    let (session, certain) = (group.session.clone(), group.is_certain());
    let pending = &mut group.pending;
    definitions(&session, pending, batch).await?;
    let moved = std::mem::take(&mut pending.instances);
    let (new, known): (Vec<Moved>, Vec<Moved>) = moved.into_values().partition(|moved| moved.new);
    insert_instances(&session, new, batch).await?;
    update_instances(&session, known, batch).await?;
    history(&session, pending, batch).await?;
    timers(&session, pending, batch).await?;
    waits(&session, pending, batch, certain).await?;
    leases(&session, pending, batch).await?;
    outbox(&session, pending, batch).await?;
    cursors(&session, pending, batch).await?;
    records(&session, pending, batch).await
}

async fn definitions(session: &Session, pending: &mut Pending, batch: &mut Batch) -> Outcome<()> {
    for (n, write) in std::mem::take(&mut pending.definitions) {
        batch
            .add(
                session,
                "INSERT INTO definition(n, key, kind, name, version, deployed, file, source)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                params![
                    n,
                    write.key,
                    write.kind,
                    write.name,
                    i64::from(write.version),
                    micros(write.deployed),
                    write.file,
                    write.source
                ],
                "writing a definition",
            )
            .await?;
    }
    Ok(())
}

/// Instances as columns.
#[derive(Default)]
struct Instances {
    compartments: Vec<i64>,
    ids: Vec<String>,
    revisions: Vec<i64>,
    started: Vec<i64>,
    ended: Vec<Option<i64>>,
    statuses: Vec<i16>,
    definitions: Vec<String>,
    business_keys: Vec<Option<String>>,
    patients: Vec<Option<String>>,
    states: Vec<Vec<u8>>,
}

impl Instances {
    fn of(list: Vec<Moved>) -> Self {
        let mut c = Self::default();
        for Moved { write, compartment, .. } in list {
            c.compartments.push(compartment);
            c.ids.push(write.id);
            c.revisions.push(write.expected_revision as i64 + 1);
            c.started.push(micros(write.started));
            c.ended.push(write.ended.map(micros));
            c.statuses.push(status_code(write.status) as i16);
            c.definitions.push(write.definition);
            c.business_keys.push(write.business_key);
            c.patients.push(write.patient);
            c.states.push(write.state);
        }
        c
    }
}

async fn insert_instances(session: &Session, list: Vec<Moved>, batch: &mut Batch) -> Outcome<()> {
    if list.is_empty() {
        return Ok(());
    }
    let c = Instances::of(list);
    batch
        .add(
            session,
            "INSERT INTO instance(compartment, id, revision, started, ended, status, definition, business_key, patient, state)
             SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::smallint[],
             $7::text[], $8::text[], $9::text[], $10::bytea[])",
            params![
                c.compartments, c.ids, c.revisions, c.started, c.ended, c.statuses, c.definitions, c.business_keys,
                c.patients, c.states
            ],
            "writing instances",
        )
        .await
}

async fn update_instances(session: &Session, list: Vec<Moved>, batch: &mut Batch) -> Outcome<()> {
    if list.is_empty() {
        return Ok(());
    }
    let c = Instances::of(list);
    batch
        .add(
            session,
            "UPDATE instance i SET revision = w.revision, started = w.started, ended = w.ended, status = w.status,
             definition = w.definition, business_key = w.business_key, patient = w.patient, state = w.state
             FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::smallint[],
             $7::text[], $8::text[], $9::text[], $10::bytea[])
             AS w(compartment, id, revision, started, ended, status, definition, business_key, patient, state)
             WHERE i.id = w.id AND i.compartment = w.compartment",
            params![
                c.compartments,
                c.ids,
                c.revisions,
                c.started,
                c.ended,
                c.statuses,
                c.definitions,
                c.business_keys,
                c.patients,
                c.states
            ],
            "writing instances",
        )
        .await
}

async fn history(session: &Session, pending: &mut Pending, batch: &mut Batch) -> Outcome<()> {
    let list = std::mem::take(&mut pending.history);
    if list.is_empty() {
        return Ok(());
    }
    let (mut compartments, mut revisions, mut moments) = (Vec::new(), Vec::new(), Vec::new());
    let (mut instances, mut actors, mut events) = (Vec::new(), Vec::new(), Vec::new());
    for (compartment, write) in list {
        compartments.push(compartment);
        revisions.push(write.revision as i64);
        moments.push(micros(write.at));
        instances.push(write.instance);
        actors.push(write.actor);
        events.push(write.events);
    }
    batch
        .add(
            session,
            "INSERT INTO history(compartment, revision, at, instance, actor, events)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bytea[])",
            params![compartments, revisions, moments, instances, actors, events],
            "writing history",
        )
        .await
}

/// Timers as columns.
#[derive(Default)]
struct Timers {
    compartments: Vec<i64>,
    dues: Vec<i64>,
    ids: Vec<String>,
    instances: Vec<String>,
}

async fn timers(session: &Session, pending: &mut Pending, batch: &mut Batch) -> Outcome<()> {
    let (mut gone, mut set) = (Timers::default(), Timers::default());
    for ((due, id), place) in std::mem::take(&mut pending.timers) {
        let list = if place.is_some() { &mut set } else { &mut gone };
        list.dues.push(due);
        list.ids.push(id);
        if let Some((compartment, instance)) = place {
            list.compartments.push(compartment);
            list.instances.push(instance);
        }
    }
    if !gone.ids.is_empty() {
        batch
            .add(
                session,
                "DELETE FROM timer t USING unnest($1::bigint[], $2::text[]) AS w(due, id) WHERE t.due = w.due AND t.id = w.id",
                params![gone.dues, gone.ids],
                "removing timers",
            )
            .await?;
    }
    if set.ids.is_empty() {
        return Ok(());
    }
    batch
        .add(
            session,
            "INSERT INTO timer(compartment, due, id, instance)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[])
             ON CONFLICT (due, id, compartment) DO UPDATE SET instance = excluded.instance",
            params![set.compartments, set.dues, set.ids, set.instances],
            "setting timers",
        )
        .await
}

/// Waits as columns.
#[derive(Default)]
struct Waits {
    compartments: Vec<i64>,
    kinds: Vec<i16>,
    names: Vec<String>,
    keys: Vec<String>,
    instances: Vec<String>,
    ids: Vec<String>,
}

impl Waits {
    fn push(&mut self, compartment: i64, key: WaitKey) {
        self.compartments.push(compartment);
        self.kinds.push(wait_code(key.kind) as i16);
        self.names.push(key.name);
        self.keys.push(key.key);
        self.instances.push(key.instance);
        self.ids.push(key.id);
    }
}

async fn waits(session: &Session, pending: &mut Pending, batch: &mut Batch, certain: bool) -> Outcome<()> {
    let (mut gone, mut added) = (Waits::default(), Waits::default());
    for (key, compartment) in std::mem::take(&mut pending.waits) {
        match compartment {
            Some(compartment) => added.push(compartment, key),
            None => gone.push(0, key),
        }
    }
    if !gone.ids.is_empty() {
        batch
            .add(
                session,
                "DELETE FROM wait t USING unnest($1::smallint[], $2::text[], $3::text[], $4::text[], $5::text[])
                 AS w(kind, name, key, instance, id)
                 WHERE t.kind = w.kind AND t.name = w.name AND t.key = w.key AND t.instance = w.instance AND t.id = w.id",
                params![gone.kinds, gone.names, gone.keys, gone.instances, gone.ids],
                "removing waits",
            )
            .await?;
    }
    if added.ids.is_empty() {
        return Ok(());
    }
    // One that is there already is none to add. Looking costs as much as adding: a group that would be begun anew does not.
    let sql = match certain {
        true => {
            "INSERT INTO wait(compartment, kind, name, key, instance, id)
             SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::text[], $4::text[], $5::text[], $6::text[])"
        }
        false => {
            "INSERT INTO wait(compartment, kind, name, key, instance, id)
             SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::text[], $4::text[], $5::text[], $6::text[])
             ON CONFLICT DO NOTHING"
        }
    };
    batch
        .add(
            session,
            sql,
            params![
                added.compartments,
                added.kinds,
                added.names,
                added.keys,
                added.instances,
                added.ids
            ],
            "adding waits",
        )
        .await
}

async fn leases(session: &Session, pending: &mut Pending, batch: &mut Batch) -> Outcome<()> {
    let all = std::mem::take(&mut pending.leases);
    if all.is_empty() {
        return Ok(());
    }
    let touched: Vec<String> = all.keys().cloned().collect();
    batch
        .add(
            session,
            "DELETE FROM lease WHERE id = ANY($1)",
            params![touched],
            "removing leases",
        )
        .await?;
    let (mut compartments, mut untils, mut fences) = (Vec::new(), Vec::new(), Vec::new());
    let (mut ids, mut instances, mut types, mut data) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (id, lease) in all {
        let Some((compartment, lease)) = lease else { continue };
        compartments.push(compartment);
        untils.push(micros(lease.until));
        fences.push(lease.fence as i64);
        ids.push(id);
        instances.push(lease.instance);
        types.push(lease.job_type);
        data.push(lease.data);
    }
    if ids.is_empty() {
        return Ok(());
    }
    batch
        .add(
            session,
            "INSERT INTO lease(compartment, until, fence, id, instance, type, data)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::bytea[])",
            params![compartments, untils, fences, ids, instances, types, data],
            "writing leases",
        )
        .await
}

async fn outbox(session: &Session, pending: &mut Pending, batch: &mut Batch) -> Outcome<()> {
    let all = std::mem::take(&mut pending.outbox);
    let removed: Vec<String> = all
        .iter()
        .filter(|(_, out)| out.removed)
        .map(|(id, _)| id.clone())
        .collect();
    if !removed.is_empty() {
        batch
            .add(
                session,
                "DELETE FROM outbox WHERE id = ANY($1)",
                params![removed],
                "removing outbox entries",
            )
            .await?;
    }
    let mut retried: BTreeMap<String, (i64, i64, String)> = BTreeMap::new();
    let (mut compartments, mut numbers, mut moments) = (Vec::new(), Vec::new(), Vec::new());
    let (mut ids, mut topics, mut payloads) = (Vec::new(), Vec::new(), Vec::new());
    for (id, out) in all {
        if let Some((n, topic, payload, not_before)) = out.added {
            compartments.push(place::key(&id));
            numbers.push(n);
            moments.push(not_before);
            ids.push(id.clone());
            topics.push(topic);
            payloads.push(payload);
        }
        if let Some(retry) = out.retried {
            retried.insert(id, retry);
        }
    }
    if !ids.is_empty() {
        batch
            .add(
                session,
                "INSERT INTO outbox(compartment, n, not_before, id, topic, payload)
                 SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bytea[])",
                params![compartments, numbers, moments, ids, topics, payloads],
                "writing the outbox",
            )
            .await?;
    }
    for (id, (times, not_before, error)) in retried {
        batch
            .add(
                session,
                "UPDATE outbox SET not_before = $2, attempts = attempts + $3, error = $4 WHERE id = $1",
                params![id, not_before, times, error],
                "postponing an outbox entry",
            )
            .await?;
    }
    Ok(())
}

async fn cursors(session: &Session, pending: &mut Pending, batch: &mut Batch) -> Outcome<()> {
    let (names, values): (Vec<String>, Vec<i64>) = std::mem::take(&mut pending.cursors).into_iter().unzip();
    if names.is_empty() {
        return Ok(());
    }
    batch
        .add(
            session,
            "INSERT INTO cursor(name, value) SELECT * FROM unnest($1::text[], $2::bigint[])
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            params![names, values],
            "moving cursors",
        )
        .await
}

/// Small values as columns.
#[derive(Default)]
struct Records {
    compartments: Vec<i64>,
    kinds: Vec<String>,
    keys: Vec<String>,
    values: Vec<Vec<u8>>,
}

async fn records(session: &Session, pending: &mut Pending, batch: &mut Batch) -> Outcome<()> {
    let (mut gone, mut set) = (Records::default(), Records::default());
    for ((kind, key), value) in std::mem::take(&mut pending.records) {
        let list = if value.is_some() { &mut set } else { &mut gone };
        list.compartments.push(place::of_record(&kind, &key));
        list.kinds.push(kind);
        list.keys.push(key);
        list.values.extend(value);
    }
    if !gone.keys.is_empty() {
        batch
            .add(
                session,
                "DELETE FROM record r USING unnest($1::bigint[], $2::text[], $3::text[]) AS w(compartment, kind, key)
                 WHERE r.kind = w.kind AND r.key = w.key AND r.compartment = w.compartment",
                params![gone.compartments, gone.kinds, gone.keys],
                "removing records",
            )
            .await?;
    }
    if set.keys.is_empty() {
        return Ok(());
    }
    batch
        .add(
            session,
            "INSERT INTO record(compartment, kind, key, value)
             SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bytea[])
             ON CONFLICT (kind, key, compartment) DO UPDATE SET value = excluded.value",
            params![set.compartments, set.kinds, set.keys, set.values],
            "writing records",
        )
        .await
}
