//! What a request does to whose data, gathered while it runs: the record of accesses is made of it.
//!
//! The guard runs a handler inside a [`Trace`]. Whatever is shown and written on the way is noted there (by
//! [`crate::View`], and by the watched store), so that no handler can forget it. What a request writes carries its record
//! in the same commit; what it only reads is recorded before it is answered.

use crate::TraceContext;
use crate::{Actor, View};
use parking_lot::Mutex;
use std::collections::{BTreeSet, HashSet};
use std::future::Future;
use std::sync::Arc;
use store::{AuditEntry, StoredResource, Transaction};

tokio::task_local! {
    static TRACE: Arc<Trace>;
}

/// Patients named by one record at most; a request that shows more says so in `others` by its last name.
const MAX_PATIENTS: usize = 10_000;
/// Stands for the patients beyond those that a record names.
const MORE: &str = "…";

/// In a request's extensions: it was made by another request in this process, which is recorded after it and answered
/// later. Its own record goes the same way first, so nobody needs to wait for it.
#[derive(Debug, Clone, Copy)]
pub struct WithinRequest;

/// What one request does.
pub(crate) struct Trace {
    template: AuditEntry,
    actor: Option<Arc<Actor>>,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    actor: Option<String>,
    known: HashSet<String>,
    patients: Vec<String>,
    policies: BTreeSet<Arc<str>>,
    steps: BTreeSet<String>,
    /// The last kind of fact that was noted: neighbours are mostly alike.
    last: Option<(String, Option<String>)>,
    /// Patients that records in commits name.
    covered: HashSet<String>,
    commits: u32,
    /// A policy forbade something of what was asked: the request as a whole is recorded, whatever was committed besides.
    refused: bool,
}

impl Notes {
    fn patient(&mut self, patient: &str) {
        if !self.known.contains(patient) && self.patients.len() <= MAX_PATIENTS {
            let full = self.patients.len() == MAX_PATIENTS;
            self.known.insert(patient.to_owned());
            self.patients.push(if full { MORE } else { patient }.to_owned());
        }
    }

    fn dress(&self, entry: &mut AuditEntry) {
        entry.policies = self.policies.iter().map(ToString::to_string).collect();
        entry.steps = self.steps.iter().cloned().collect();
    }
}

impl Trace {
    /// `template`: what is known of the request before its handler runs.
    pub(crate) fn new(template: AuditEntry, actor: Option<Arc<Actor>>) -> Arc<Self> {
        Arc::new(Self {
            template,
            actor,
            notes: Mutex::default(),
        })
    }

    /// Runs the handler.
    pub(crate) async fn around<F: Future>(self: Arc<Self>, handler: F) -> F::Output {
        TRACE.scope(self, handler).await
    }

    /// Puts what was noted into the record of the request as a whole. `false`: records in commits say it all.
    pub(crate) fn finish(&self, entry: &mut AuditEntry) -> bool {
        let notes = self.notes.lock();
        if let Some(actor) = &notes.actor {
            entry.actor.clone_from(actor);
        }
        for patient in &notes.patients {
            // Uniqueness is looked after above: adding them by `add_patient` would look through the list each time.
            match &entry.patient {
                None => entry.patient = Some(patient.clone()),
                Some(first) if first == patient => {}
                Some(_) => entry.others.push(patient.clone()),
            }
        }
        notes.dress(entry);
        let said = notes.commits > 0
            && !notes.refused
            && entry.status < 400
            && entry.patients().all(|p| notes.covered.contains(p));
        !said
    }
}

/// Who acts in the running request; `None` outside of one, and for what anybody may ask.
pub fn acting() -> Option<Arc<Actor>> {
    TRACE.try_with(|trace| trace.actor.clone()).ok().flatten()
}

fn note(change: impl FnOnce(&mut Notes)) {
    let _ = TRACE.try_with(|trace| change(&mut trace.notes.lock()));
}

/// Says that the running request shows or touches a patient's data.
pub fn note_patient(patient: &str) {
    note(|notes| notes.patient(patient));
}

/// Says who makes the running request, where the handler finds it out by itself (an endpoint of the authorisation server).
pub fn note_actor(subject: &str) {
    note(|notes| notes.actor = Some(subject.to_owned()));
}

/// Says by which policy the running request may do what it does.
pub(crate) fn note_policy(policy: &Arc<str>) {
    note(|notes| {
        if !notes.policies.contains(policy) {
            notes.policies.insert(policy.clone());
        }
    });
}

/// Says which policy forbids something that the running request asks for: one that keeps people from their own affairs is in
/// the record by its name.
pub(crate) fn note_refusal(policy: &Arc<str>) {
    if &**policy == crate::NOT_ONESELF {
        note(|notes| notes.refused = true);
        note_policy(policy);
    }
}

/// A future that belongs to the running request, to be spawned: what it writes is the request's.
pub fn carry<F: Future + Send + 'static>(work: F) -> impl Future<Output = F::Output> + Send + 'static {
    let trace = TRACE.try_with(Clone::clone).ok();
    TraceContext::carried(async move {
        match trace {
            Some(trace) => TRACE.scope(trace, work).await,
            None => work.await,
        }
    })
}

/// Work that belongs to the running request, to be done on a thread for long work: what it notes is the request's.
pub fn carry_work<T>(work: impl FnOnce() -> T + Send + 'static) -> impl FnOnce() -> T + Send + 'static {
    let trace = TRACE.try_with(Clone::clone).ok();
    move || match trace {
        Some(trace) => TRACE.sync_scope(trace, work),
        None => work(),
    }
}

impl View {
    /// Notes that a stored version is shown in the running request, and by what right. It must be one that may be seen.
    pub fn note_shown(&self, resource: &StoredResource) {
        let inside = TRACE.try_with(|trace| {
            let mut notes = trace.notes.lock();
            let alike = notes
                .last
                .as_ref()
                .is_some_and(|(rtype, patient)| *rtype == resource.rtype && *patient == resource.patient);
            if !alike {
                notes.last = Some((resource.rtype.clone(), resource.patient.clone()));
                notes.patients_of(resource);
            }
            !alike
        });
        if inside != Ok(true) || self.is_everything() {
            return;
        }
        let (ruling, steps) = self.right_to_read(&resource.rtype, resource.patient.as_deref());
        note(|notes| {
            notes.policies.insert(ruling.policy);
            notes.steps.extend(steps);
        });
    }
}

impl Notes {
    fn patients_of(&mut self, resource: &StoredResource) {
        if let Some(patient) = &resource.patient {
            self.patient(patient);
        }
    }
}

/// The record that goes with a commit of the running request, when it writes what records are about.
pub(crate) fn for_commit(transaction: &Transaction) -> Option<AuditEntry> {
    if transaction.resources.is_empty() && transaction.instances.is_empty() {
        return None;
    }
    let made = TRACE.try_with(|trace| {
        let mut entry = trace.template.clone();
        let resources = transaction
            .resources
            .iter()
            .filter_map(|write| write.patient.as_deref());
        let instances = transaction
            .instances
            .iter()
            .filter_map(|write| write.patient.as_deref());
        let mut known = HashSet::new();
        for patient in resources.chain(instances).filter(|patient| known.insert(*patient)) {
            match &entry.patient {
                None => entry.patient = Some(patient.to_owned()),
                Some(first) if first == patient => {}
                Some(_) if entry.others.len() < MAX_PATIENTS => entry.others.push(patient.to_owned()),
                Some(_) => {}
            }
        }
        entry.status = 200;
        trace.notes.lock().dress(&mut entry);
        entry
    });
    made.ok()
}

/// The commit that carried a record stands.
pub(crate) fn committed(entry: Option<&AuditEntry>) {
    let Some(entry) = entry else { return };
    note(|notes| {
        notes.commits += 1;
        notes.covered.extend(entry.patients().map(str::to_owned));
    });
}
