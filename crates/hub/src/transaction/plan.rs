//! Before anything is written: which identity each entry gets, what is there already, and what must still hold at
//! commit. Deletions first, then creations, then updates, as the standard orders them.

use super::entry::{Entry, Parsed};
use super::{Mode, stable};
use crate::create::expect_type;
use crate::parse;
use crate::update::{check_identity, check_match};
use crate::{Hub, HubError};
use http::Method as Verb;
use std::collections::{HashMap, HashSet};
use store::{Method, Precondition, Snapshot, StoredResource};

/// What is to be done for one entry.
#[derive(Debug)]
pub(super) enum Plan {
    /// Write the next version.
    Write(Target),
    /// A conditional create that found its resource.
    Existing(StoredResource),
    /// The same conditional create as the entry at this place.
    Same(usize),
    /// Delete this version; `None`: nothing to delete.
    Delete(Option<StoredResource>),
    /// Read after the commit.
    Fetch,
    /// Cannot be done.
    Failed(HubError),
}

/// Where a write goes.
#[derive(Debug)]
pub(super) struct Target {
    pub rtype: String,
    pub id: String,
    /// What is stored now, if it was looked up and is there.
    pub current: Option<StoredResource>,
    pub method: Method,
}

impl Target {
    fn new(rtype: &str, id: String) -> Self {
        Self {
            rtype: rtype.to_owned(),
            id,
            current: None,
            method: Method::Post,
        }
    }

    pub(super) fn previous(&self) -> u64 {
        self.current.as_ref().map_or(0, |c| c.version)
    }
}

/// The plan of a whole bundle.
pub(super) struct Planned {
    pub plans: Vec<Plan>,
    /// fullUrl (and conditional reference) to `Type/id`.
    pub links: HashMap<String, String>,
    pub preconditions: Vec<Precondition>,
}

struct Planner<'a> {
    hub: &'a Hub,
    mode: &'a Mode,
    snapshot: &'a mut dyn Snapshot,
    planned: Planned,
    /// (type, id) to the entry that changes it.
    taken: HashMap<(String, String), usize>,
    /// Conditional creates by `Type?criteria`.
    conditional: HashMap<String, usize>,
    deleted: HashSet<(String, String)>,
}

/// Plans every entry. Errors of entries are in the plan; an `Err` is a failure of the store.
pub(super) async fn plan(
    hub: &Hub,
    mode: &Mode,
    snapshot: &mut dyn Snapshot,
    entries: &Parsed,
) -> Result<Planned, HubError> {
    let planned = Planned {
        plans: Vec::new(),
        links: HashMap::new(),
        preconditions: Vec::new(),
    };
    let mut planner = Planner {
        hub,
        mode,
        snapshot,
        planned,
        taken: HashMap::new(),
        conditional: HashMap::new(),
        deleted: HashSet::new(),
    };
    let mut full_urls = HashMap::new();
    planner
        .planned
        .plans
        .extend(entries.iter().enumerate().map(|(at, e)| match e {
            Ok(entry) => check_full_url(entry, at, &mut full_urls).map_or_else(Plan::Failed, |()| Plan::Fetch),
            Err((_, error)) => Plan::Failed(error.clone()),
        }));
    for verb in [Verb::DELETE, Verb::POST, Verb::PUT, Verb::PATCH] {
        for (at, entry) in entries.iter().enumerate() {
            let Ok(entry) = entry else { continue };
            if entry.method == verb && !matches!(planner.planned.plans[at], Plan::Failed(_)) {
                let plan = match planner.entry(at, entry).await {
                    Ok(plan) => plan,
                    Err(HubError::Store(error)) => return Err(HubError::Store(error)),
                    Err(error) => Plan::Failed(error),
                };
                planner.planned.plans[at] = plan;
            }
        }
    }
    planner.link(entries);
    Ok(planner.planned)
}

/// Two entries under one fullUrl would make references to it ambiguous, and a fullUrl is of no version
/// (<https://hl7.org/fhir/R4/bundle.html#bdl-7>, bdl-8).
fn check_full_url<'a>(entry: &'a Entry, at: usize, seen: &mut HashMap<&'a str, usize>) -> Result<(), HubError> {
    let Some(full_url) = entry.full_url.as_deref() else {
        return Ok(());
    };
    if full_url.contains("/_history/") {
        return Err(HubError::bad(format!(
            "fullUrl '{full_url}' names a version; give the address without /_history"
        )));
    }
    match seen.insert(full_url, at) {
        Some(other) => Err(HubError::bad(format!(
            "fullUrl '{full_url}' is that of entry {other} too; each entry needs its own"
        ))),
        None => Ok(()),
    }
}

impl Planner<'_> {
    async fn entry(&mut self, at: usize, entry: &Entry) -> Result<Plan, HubError> {
        let rtype = match (entry.target.as_type(), entry.target.as_instance()) {
            (Some(rtype), _) | (None, Some((rtype, _))) => rtype,
            _ => {
                return Err(HubError::bad(format!(
                    "request.url '{}' is neither Type nor Type/id",
                    entry.target.path
                )));
            }
        };
        self.hub.check_type(rtype)?;
        let plan = match entry.method {
            Verb::DELETE => self.delete(entry, rtype).await?,
            Verb::POST => self.create(at, entry, rtype).await?,
            Verb::PATCH => self.patch(entry, rtype).await?,
            _ => self.update(entry, rtype).await?,
        };
        let identity = match &plan {
            Plan::Write(target) => Some((target.rtype.clone(), target.id.clone())),
            Plan::Delete(Some(current)) => Some((current.rtype.clone(), current.id.clone())),
            _ => None,
        };
        if let Some(identity) = identity {
            self.take(at, identity, entry.method == Verb::DELETE)?;
        }
        Ok(plan)
    }

    /// One entry for one resource.
    fn take(&mut self, at: usize, identity: (String, String), deletes: bool) -> Result<(), HubError> {
        if let Some(other) = self.taken.get(&identity) {
            let (rtype, id) = identity;
            return Err(HubError::bad(format!(
                "entry {other} already changes {rtype}/{id}: one entry for each resource"
            )));
        }
        if deletes {
            self.deleted.insert(identity.clone());
        }
        self.taken.insert(identity, at);
        Ok(())
    }

    async fn delete(&mut self, entry: &Entry, rtype: &str) -> Result<Plan, HubError> {
        let current = match entry.target.as_instance() {
            Some((rtype, id)) => {
                let current = self.snapshot.read(rtype, id).await?;
                self.mode.by.admit_to_write(rtype, id, current.as_ref())?;
                check_match(rtype, id, entry.if_match, current.as_ref().map_or(0, |c| c.version))?;
                current
            }
            None => self.the_match(rtype, &entry.target.query).await?,
        };
        Ok(Plan::Delete(current.filter(|c| c.body.is_some())))
    }

    async fn create(&mut self, at: usize, entry: &Entry, rtype: &str) -> Result<Plan, HubError> {
        expect_type(rtype, &entry.resource)?;
        if entry.target.as_type().is_none() {
            return Err(HubError::bad(format!(
                "POST goes to a type, not to '{}'",
                entry.target.path
            )));
        }
        if let Some(criteria) = &entry.if_none_exist {
            return self.create_if_none(at, rtype, criteria).await;
        }
        if !self.mode.stable {
            return Ok(Plan::Write(Target::new(rtype, self.hub.ids.next())));
        }
        let id = stable::id(entry);
        let current = self.snapshot.read(rtype, &id).await?;
        let method = if current.is_some() { Method::Put } else { Method::Post };
        Ok(Plan::Write(Target {
            rtype: rtype.to_owned(),
            id,
            current,
            method,
        }))
    }

    async fn create_if_none(&mut self, at: usize, rtype: &str, criteria: &str) -> Result<Plan, HubError> {
        let criteria = criteria.trim_start_matches('?');
        if let Some(same) = self.conditional.get(&format!("{rtype}?{criteria}")) {
            return Ok(Plan::Same(*same));
        }
        self.conditional.insert(format!("{rtype}?{criteria}"), at);
        match self.the_match(rtype, criteria).await? {
            Some(found) if self.deleted.contains(&(found.rtype.clone(), found.id.clone())) => {}
            Some(found) => return Ok(Plan::Existing(found)),
            None => self.must_not_match(rtype, criteria)?,
        }
        Ok(Plan::Write(Target::new(rtype, self.hub.ids.next())))
    }

    async fn update(&mut self, entry: &Entry, rtype: &str) -> Result<Plan, HubError> {
        if let Some((rtype, id)) = entry.target.as_instance() {
            check_identity(rtype, id, &entry.resource)?;
            let current = self.snapshot.read(rtype, id).await?;
            self.mode.by.admit_to_write(rtype, id, current.as_ref())?;
            check_match(rtype, id, entry.if_match, current.as_ref().map_or(0, |c| c.version))?;
            return Ok(Plan::Write(Target {
                rtype: rtype.to_owned(),
                id: id.to_owned(),
                current,
                method: Method::Put,
            }));
        }
        expect_type(rtype, &entry.resource)?;
        match self.the_match(rtype, &entry.target.query).await? {
            Some(found) => {
                check_match(rtype, &found.id, entry.if_match, found.version)?;
                let id = found.id.clone();
                Ok(Plan::Write(Target {
                    rtype: rtype.to_owned(),
                    id,
                    current: Some(found),
                    method: Method::Put,
                }))
            }
            None => {
                self.must_not_match(rtype, &entry.target.query)?;
                Ok(Plan::Write(Target::new(rtype, self.hub.ids.next())))
            }
        }
    }

    /// The version that the patch changes; it is applied when the write is made.
    async fn patch(&mut self, entry: &Entry, rtype: &str) -> Result<Plan, HubError> {
        let current = match entry.target.as_instance() {
            Some((rtype, id)) => {
                let found = self.snapshot.read(rtype, id).await?;
                self.mode.by.admit_to_write(rtype, id, found.as_ref())?;
                found.ok_or_else(|| HubError::not_found(rtype, id))?
            }
            None => {
                let found = self.the_match(rtype, &entry.target.query).await?;
                found.ok_or_else(|| HubError::NothingToPatch {
                    rtype: rtype.to_owned(),
                    criteria: entry.target.query.clone(),
                })?
            }
        };
        let (id, version) = (current.id.clone(), current.version);
        if current.body.is_none() {
            let rtype = rtype.to_owned();
            return Err(HubError::Gone { rtype, id, version });
        }
        check_match(rtype, &id, entry.if_match, version)?;
        Ok(Plan::Write(Target {
            rtype: rtype.to_owned(),
            id,
            current: Some(current),
            method: Method::Put,
        }))
    }

    async fn the_match(&mut self, rtype: &str, criteria: &str) -> Result<Option<StoredResource>, HubError> {
        let mut query = parse::criteria(&self.hub.parse_context(), rtype, criteria)?;
        self.mode.by.narrow(&mut query)?;
        let mut page = self.snapshot.search(&query).await?;
        if page.matches.len() > 1 {
            let criteria = format!("{rtype}?{criteria}");
            return Err(HubError::MultipleMatches {
                criteria,
                count: "several".into(),
            });
        }
        Ok(page.matches.pop())
    }

    fn must_not_match(&mut self, rtype: &str, criteria: &str) -> Result<(), HubError> {
        let mut query = parse::criteria(&self.hub.parse_context(), rtype, criteria)?;
        self.mode.by.narrow(&mut query)?;
        self.planned.preconditions.push(Precondition::NoMatch(query));
        Ok(())
    }

    /// Which text in the bundle means which resource.
    fn link(&mut self, entries: &Parsed) {
        for (at, entry) in entries.iter().enumerate() {
            let Ok(entry) = entry else { continue };
            let Some(identity) = self.identity(at) else { continue };
            if let Some(full_url) = &entry.full_url {
                self.planned.links.insert(full_url.clone(), identity.clone());
            }
            // `Type?criteria` of a conditional create or update means what that entry makes of it
            let query = Some(&entry.target.query).filter(|query| !query.is_empty() && entry.method == Verb::PUT);
            if let (Some(criteria), Some(rtype)) = (entry.if_none_exist.as_ref().or(query), entry.target.as_type()) {
                let criteria = criteria.trim_start_matches('?');
                self.planned.links.insert(format!("{rtype}?{criteria}"), identity);
            }
        }
    }

    fn identity(&self, at: usize) -> Option<String> {
        match &self.planned.plans[at] {
            Plan::Write(target) => Some(format!("{}/{}", target.rtype, target.id)),
            Plan::Existing(found) => Some(format!("{}/{}", found.rtype, found.id)),
            Plan::Same(other) if *other != at => self.identity(*other),
            _ => None,
        }
    }
}
