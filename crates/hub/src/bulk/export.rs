//! An export at work.
//!
//! Everything is read from one snapshot: types with a filter by search, the others by one walk along the change feed.

use super::files::{self, Parts};
use super::job::{ExportTask, Job, Level};
use super::members;
use super::run::Live;
use crate::http::View;
use crate::parse::{Summary, pairs};
use crate::scope::Scope;
use crate::search::refuse_ignored;
use crate::{Hub, HubError, binary};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use store::{AuditEntry, Query, Snapshot, StoredResource, Transaction};

/// Resources read at once.
const PAGE: usize = 500;

/// Deletions of one bundle.
const DELETIONS: usize = 1_000;

/// Resources of one filtered type: the ids are kept, since several filters may find the same one.
const MAX_FILTERED: usize = 5_000_000;

/// Patients that one access record of an export names: those of the resources written since the record before.
const TOLD: usize = 5_000;

/// A version is dated when it is prepared and seen when it is committed: `_since` reaches back by this much, so that
/// a chain of exports, each since the moment of the one before, misses nothing (and may tell something twice).
const SINCE_MARGIN: SignedDuration = SignedDuration::from_secs(10);

/// Writes the files and what the job left.
pub(super) async fn run(hub: &Arc<Hub>, job: &mut Job, task: &ExportTask, live: &Live) -> Result<(), HubError> {
    let folder = files::folder(hub, &job.id)?;
    files::fresh(&folder)?;
    let time = hub.clock.now();
    let mut snapshot = hub.snapshot().await?;
    let patients = patients(hub, snapshot.as_mut(), task).await?;
    let mut export = Export {
        hub,
        scope: job.scope(hub).await?,
        task,
        live,
        patients,
        since: task
            .since
            .map(|since| since.saturating_sub(SINCE_MARGIN).unwrap_or(since)),
        parts: Parts::new(hub, &folder, ""),
        removed: Parts::new(hub, &folder, "deleted-"),
        removals: Vec::new(),
        filters: filters(hub, task)?,
        views: HashMap::new(),
        told: BTreeSet::new(),
        record: AuditEntry {
            actor: job.owner.clone(),
            acts_for: job.actor.as_ref().and_then(|actor| actor.acts_for.clone()),
            client: job
                .actor
                .as_ref()
                .and_then(|actor| Some(actor.client.as_ref()?.client.clone())),
            action: "EXPORT".into(),
            target: format!("/fhir/$export/{}", job.id),
            outcome: "permit export".into(),
            status: 200,
            ..AuditEntry::default()
        },
        all: snapshot.counts().await?.iter().map(|(_, count)| count).sum(),
        done: 0,
    };
    export.filtered(snapshot.as_mut()).await?;
    export.walk(snapshot.as_mut()).await?;
    drop(snapshot);
    export.record().await?;
    export.flush_removals()?;
    job.time = Some(time);
    job.left.output = export.parts.finish()?;
    job.left.deleted = export.removed.finish()?;
    Ok(())
}

/// Whose data; `None`: not narrowed.
async fn patients(
    hub: &Hub,
    snapshot: &mut dyn Snapshot,
    task: &ExportTask,
) -> Result<Option<HashSet<String>>, HubError> {
    let asked: HashSet<String> = task.patients.iter().cloned().collect();
    let Level::Group(id) = &task.level else {
        return Ok((!asked.is_empty()).then_some(asked));
    };
    let members = members::of_group(hub, snapshot, id).await?;
    if let Some(stranger) = asked.iter().find(|patient| !members.contains(*patient)) {
        return Err(HubError::bad(format!("Patient/{stranger} is no member of Group/{id}")));
    }
    Ok(Some(if asked.is_empty() { members } else { asked }))
}

/// The searches of the task, by type; a wrong one is refused before anything is written.
pub(super) fn filters(hub: &Hub, task: &ExportTask) -> Result<HashMap<String, Vec<Query>>, HubError> {
    let mut filters: HashMap<String, Vec<Query>> = HashMap::new();
    for text in &task.filters {
        let (rtype, search) = text.split_once('?').unwrap_or((text, ""));
        hub.check_type(rtype)?;
        let mut parsed = hub.parse_search(rtype, &pairs::decode(search)?)?;
        refuse_ignored(&parsed)?;
        parsed.query.includes.clear();
        parsed.query.sort.clear();
        parsed.query.total = false;
        parsed.query.page.count = PAGE;
        filters.entry(rtype.to_owned()).or_default().push(parsed.query);
    }
    Ok(filters)
}

struct Export<'a> {
    hub: &'a Hub,
    scope: Scope,
    task: &'a ExportTask,
    live: &'a Live,
    patients: Option<HashSet<String>>,
    since: Option<Timestamp>,
    parts: Parts,
    removed: Parts,
    removals: Vec<Value>,
    filters: HashMap<String, Vec<Query>>,
    views: HashMap<String, View>,
    /// Whose data were written since the last access record.
    told: BTreeSet<String>,
    record: AuditEntry,
    all: u64,
    done: u64,
}

impl Export<'_> {
    fn wants(&self, resource: &StoredResource) -> bool {
        let types = &self.task.types;
        if !types.is_empty() && !types.contains(&resource.rtype) {
            return false;
        }
        if self.since.is_some_and(|since| resource.last_updated <= since) || !self.scope.exports(resource) {
            return false;
        }
        match (&self.patients, &resource.patient) {
            (Some(patients), Some(patient)) => patients.contains(patient),
            (Some(_), None) => false,
            (None, patient) => self.task.level == Level::System || patient.is_some(),
        }
    }

    /// Every type that has filters: what any of them finds, once.
    async fn filtered(&mut self, snapshot: &mut dyn Snapshot) -> Result<(), HubError> {
        let filters: Vec<Query> = self.filters.values().flatten().cloned().collect();
        let mut seen: HashSet<(String, String)> = HashSet::new();
        for mut query in filters {
            // What a filter may look at is what may be seen: else it would tell of what is hidden.
            self.scope.narrow(&mut query)?;
            loop {
                let page = snapshot.search(&query).await?;
                for resource in page.matches {
                    if self.wants(&resource)
                        && binary::is_shown(self.hub, &self.scope, &resource).await?
                        && seen.insert((resource.rtype.clone(), resource.id.clone()))
                    {
                        self.put(&resource)?;
                    }
                }
                if seen.len() > MAX_FILTERED {
                    return Err(HubError::Limit {
                        what: "resources found by _typeFilter",
                        max: MAX_FILTERED,
                        found: seen.len(),
                    });
                }
                self.tell().await?;
                let Some(next) = page.next else { break };
                query.page.after = Some(next);
            }
        }
        Ok(())
    }

    /// The whole store in the order of its changes.
    async fn walk(&mut self, snapshot: &mut dyn Snapshot) -> Result<(), HubError> {
        let types = &self.task.types;
        if !types.is_empty() && types.iter().all(|rtype| self.filters.contains_key(rtype)) && self.since.is_none() {
            return Ok(());
        }
        let mut after = 0;
        loop {
            let changes = snapshot.changes_after(after, PAGE).await?;
            let Some(last) = changes.last() else { return Ok(()) };
            after = last.seq;
            for change in changes {
                let resource = change.resource;
                self.done += u64::from(resource.body.is_some());
                if !self.wants(&resource) || !binary::is_shown(self.hub, &self.scope, &resource).await? {
                    continue;
                }
                if resource.body.is_none() {
                    self.remove(&resource)?;
                } else if !self.filters.contains_key(&resource.rtype) {
                    self.put(&resource)?;
                }
            }
            self.tell().await?;
        }
    }

    /// Whose data went out, before anybody can fetch the files.
    async fn record(&mut self) -> Result<(), HubError> {
        let mut patients = std::mem::take(&mut self.told).into_iter();
        let Some(patient) = patients.next() else { return Ok(()) };
        let entry = AuditEntry {
            at: self.hub.clock.now(),
            patient: Some(patient),
            others: patients.collect(),
            ..self.record.clone()
        };
        let transaction = Transaction {
            audit: vec![entry],
            ..Transaction::default()
        };
        self.hub.store.commit(transaction).await?;
        Ok(())
    }

    async fn tell(&mut self) -> Result<(), HubError> {
        if self.told.len() >= TOLD {
            self.record().await?;
        }
        self.live
            .tell(format!("{} of {} resources read", self.done.min(self.all), self.all));
        // Others have their turn, and a cancellation is seen.
        tokio::task::yield_now().await;
        Ok(())
    }

    fn put(&mut self, resource: &StoredResource) -> Result<(), HubError> {
        let Some(body) = &resource.body else { return Ok(()) };
        self.told.extend(resource.patient.clone());
        let body = &self.scope.without_withheld(resource, body);
        if self.task.elements.is_empty() {
            return self.parts.line(&resource.rtype, body);
        }
        let task = self.task;
        let view = self
            .views
            .entry(resource.rtype.clone())
            .or_insert_with(|| view(task, &resource.rtype));
        let body = view.apply(body);
        self.parts.line(&resource.rtype, &body)
    }

    /// A deletion is told only to those who know what was before.
    fn remove(&mut self, resource: &StoredResource) -> Result<(), HubError> {
        if self.since.is_none() {
            return Ok(());
        }
        let url = format!("{}/{}", resource.rtype, resource.id);
        self.removals.push(json!({"request": {"method": "DELETE", "url": url}}));
        if self.removals.len() >= DELETIONS {
            self.flush_removals()?;
        }
        Ok(())
    }

    fn flush_removals(&mut self) -> Result<(), HubError> {
        if self.removals.is_empty() {
            return Ok(());
        }
        let entry = std::mem::take(&mut self.removals);
        let bundle =
            json!({"resourceType": "Bundle", "id": self.hub.ids.next(), "type": "transaction", "entry": entry});
        self.removed.line("Bundle", bundle.to_string().as_bytes())
    }
}

/// The elements that the task wants of a type.
fn view(task: &ExportTask, rtype: &str) -> View {
    let of = |text: &String| match text.split_once('.') {
        None => Some(text.clone()),
        Some((of, element)) if of == rtype => Some(element.to_owned()),
        Some(_) => None,
    };
    View {
        summary: Summary::default(),
        elements: task.elements.iter().filter_map(of).collect(),
    }
}
