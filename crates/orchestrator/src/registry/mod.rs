//! What is deployed, parsed and ready to run. Built from the store at start and after each deployment; never changed.

mod decisions;
mod triggers;

pub(crate) use decisions::{decisions_in, evaluator};
pub(crate) use triggers::{Then, Trigger, triggers_of};

use crate::api::DefinitionInfo;
use crate::{Orchestrator, OrchestratorError};
use bpmn::{Process, StartTrigger};
use calendar::{Calendar, Calendars};
use dmn::Evaluator;
use engine::Models;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use store::DefinitionRecord;

/// Kinds of definition, as stored.
pub(crate) const BPMN: &str = "bpmn";
pub(crate) const DMN: &str = "dmn";
pub(crate) const FORM: &str = "form";
/// Kind of the records that say which definitions are suspended; the key is the definition's.
pub(crate) const SUSPENDED: &str = "definition-suspended";
/// Kind of the records that say which definitions are withdrawn; the key is the definition's.
pub(crate) const RETIRED: &str = "definition-retired";
/// Most suspended definitions, and most withdrawn ones.
const MAX_SUSPENDED: usize = 10_000;
pub(crate) const CALENDAR: &str = "calendar";

/// One version of a process, decision or form.
#[derive(Debug, Clone)]
pub(crate) struct Definition {
    pub info: DefinitionInfo,
    pub kind: String,
    pub source: Arc<[u8]>,
}

/// Everything deployed.
pub(crate) struct Registry {
    /// By key, of any kind: the key alone is not unique across kinds.
    definitions: BTreeMap<(String, String), Definition>,
    /// Newest version by kind and id, of those not withdrawn.
    latest: HashMap<(String, String), u32>,
    /// Highest version ever given.
    highest: HashMap<(String, String), u32>,
    processes: HashMap<String, Arc<Process>>,
    triggers: HashMap<String, Vec<Trigger>>,
    /// Keys of processes of which no new instances start.
    suspended: HashSet<String>,
    /// Keys of processes that were withdrawn.
    retired: HashSet<String>,
    evaluator: Box<dyn Evaluator>,
    calendars: Arc<Calendars>,
}

impl Registry {
    /// Reads everything stored. What was deployed once parses again, unless the program lost an ability.
    pub(crate) fn build(
        records: Vec<DefinitionRecord>,
        suspended: HashSet<String>,
        retired: HashSet<String>,
    ) -> Result<Self, OrchestratorError> {
        let mut registry = Self {
            definitions: BTreeMap::new(),
            latest: HashMap::new(),
            highest: HashMap::new(),
            processes: HashMap::new(),
            triggers: HashMap::new(),
            suspended,
            retired,
            evaluator: Box::new(dmn::Feel::new()),
            calendars: Arc::default(),
        };
        // A file with several processes is stored once for each of them, and read once.
        let mut read: HashSet<(String, u64)> = HashSet::new();
        for record in records {
            let first = read.insert((record.file.clone(), fnv(&record.source)));
            registry.add(record, first)?;
        }
        registry.calendars = Arc::new(registry.read_calendars()?);
        let calendars: Arc<dyn dmn::Calendars> = registry.calendars.clone();
        registry.evaluator = Box::new(evaluator(&registry)?.with_calendars(calendars));
        Ok(registry)
    }

    fn add(&mut self, record: DefinitionRecord, first: bool) -> Result<(), OrchestratorError> {
        let mut name = record.name.clone();
        let mut start_form = None;
        if record.kind == BPMN {
            let damaged = |what: String| OrchestratorError::Damaged(format!("definition {}: {what}", record.key));
            let text = std::str::from_utf8(&record.source).map_err(|e| damaged(e.to_string()))?;
            let model = bpmn::parse(text).map_err(|issues| {
                damaged(
                    issues
                        .first()
                        .map_or_else(String::new, |i| format!("line {}: {}", i.line, i.message)),
                )
            })?;
            let process = model.processes.iter().find(|p| p.id == record.name);
            let process = process
                .ok_or_else(|| damaged(format!("the file holds no process '{}'", record.name)))?
                .clone();
            name = process.display_name().to_owned();
            let form = process
                .start_form
                .as_ref()
                .and_then(|start| start.form.as_ref()?.literal());
            start_form = form.map(|id| id.strip_prefix("Questionnaire/").unwrap_or(id).to_owned());
            self.processes.insert(record.key.clone(), process);
            if first {
                // Older versions still run, so their criteria count as well.
                for trigger in triggers_of(&model).into_iter().flatten() {
                    let list = self.triggers.entry(trigger.criteria.rtype.clone()).or_default();
                    if !list.contains(&trigger) {
                        list.push(trigger);
                    }
                }
            }
        }
        let place = (record.kind.clone(), record.name.clone());
        let highest = self.highest.entry(place.clone()).or_default();
        *highest = record.version.max(*highest);
        let retired = record.kind == BPMN && self.retired.contains(&record.key);
        if !retired {
            let latest = self.latest.entry(place).or_default();
            *latest = record.version.max(*latest);
        }
        let info = DefinitionInfo {
            key: record.key.clone(),
            id: record.name,
            name,
            version: record.version,
            deployed: record.deployed,
            suspended: record.kind == BPMN && self.suspended.contains(&record.key),
            retired,
            batch: None,
            start_form,
            file: record.file,
        };
        let definition = Definition {
            info,
            kind: record.kind.clone(),
            source: record.source.into(),
        };
        self.definitions.insert((record.kind, record.key), definition);
        Ok(())
    }

    /// The key of a process given by key or id (newest version).
    pub(crate) fn resolve(&self, definition: &str) -> Result<String, OrchestratorError> {
        let key = if definition.contains(':') {
            Some(definition.to_owned())
        } else {
            self.latest(definition)
        };
        key.filter(|k| self.processes.contains_key(k))
            .ok_or_else(|| engine::StepError::UnknownDefinition(definition.to_owned()).into())
    }

    /// Whether new instances of a process may not start.
    pub(crate) fn is_suspended(&self, key: &str) -> bool {
        self.suspended.contains(key)
    }

    /// Whether a version was withdrawn.
    pub(crate) fn is_retired(&self, key: &str) -> bool {
        self.retired.contains(key)
    }

    /// The highest version ever given to something; 0 when there is none.
    pub(crate) fn highest(&self, kind: &str, id: &str) -> u32 {
        let place = (kind.to_owned(), id.to_owned());
        self.highest.get(&place).copied().unwrap_or_default()
    }

    /// The newest version of something, if there is any.
    pub(crate) fn newest(&self, kind: &str, id: &str) -> Option<&Definition> {
        let version = self.latest.get(&(kind.to_owned(), id.to_owned()))?;
        self.definitions.get(&(kind.to_owned(), format!("{id}:{version}")))
    }

    /// The newest version of everything of a kind.
    pub(crate) fn all_newest<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Definition> {
        self.of_kind(kind)
            .filter(|d| self.latest.get(&(kind.to_owned(), d.info.id.clone())) == Some(&d.info.version))
    }

    /// Every version of everything of a kind.
    pub(crate) fn of_kind<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Definition> {
        self.definitions.values().filter(move |d| d.kind == kind)
    }

    /// One version.
    pub(crate) fn get(&self, kind: &str, key: &str) -> Option<&Definition> {
        self.definitions.get(&(kind.to_owned(), key.to_owned()))
    }

    /// The newest version of a process.
    pub(crate) fn newest_process(&self, id: &str) -> Option<&Arc<Process>> {
        self.processes.get(&self.latest(id)?)
    }

    /// Which part of a parallel multiple start event of the newest version a trigger is.
    pub(crate) fn start_part(
        &self,
        process: &str,
        element: &str,
        is: impl Fn(&StartTrigger<'_>) -> bool,
    ) -> Option<usize> {
        let starts = self.newest_process(process)?.start_events();
        let mut fits = starts
            .iter()
            .filter(|start| start.element == element && is(&start.trigger));
        fits.next()?.part
    }

    pub(crate) fn process(&self, key: &str) -> Option<&Arc<Process>> {
        self.processes.get(key)
    }

    pub(crate) fn evaluator(&self) -> &dyn Evaluator {
        &*self.evaluator
    }

    fn read_calendars(&self) -> Result<Calendars, OrchestratorError> {
        let mut calendars = Calendars::default();
        for definition in self.all_newest(CALENDAR) {
            let text = String::from_utf8_lossy(&definition.source);
            let damaged = |e| OrchestratorError::Damaged(format!("calendar {}: {e}", definition.info.key));
            calendars.add(Calendar::read(&text).map_err(damaged)?);
        }
        Ok(calendars)
    }

    /// Business calendars.
    pub(crate) fn calendars(&self) -> &Calendars {
        &self.calendars
    }

    /// Newest version of a calendar; 0: the one that comes with the program.
    pub(crate) fn version_of_calendar(&self, id: &str) -> u32 {
        self.newest(CALENDAR, id)
            .map_or(0, |definition| definition.info.version)
    }

    /// Hub triggers by resource type.
    pub(crate) fn triggers(&self) -> &HashMap<String, Vec<Trigger>> {
        &self.triggers
    }

    pub(crate) fn triggers_for(&self, rtype: &str) -> &[Trigger] {
        self.triggers.get(rtype).map_or(&[], Vec::as_slice)
    }
}

impl Models for Registry {
    fn by_key(&self, key: &str) -> Option<Arc<Process>> {
        self.processes.get(key).cloned()
    }

    fn latest(&self, process_id: &str) -> Option<String> {
        let version = self.latest.get(&(BPMN.to_owned(), process_id.to_owned()))?;
        Some(format!("{process_id}:{version}"))
    }

    fn tagged(&self, process_id: &str, tag: &str) -> Option<String> {
        let newest = *self.latest.get(&(BPMN.to_owned(), process_id.to_owned()))?;
        let keys = (1..=newest).rev().map(|version| format!("{process_id}:{version}"));
        keys.into_iter().find(|key| {
            let process = self.processes.get(key);
            process.is_some_and(|process| process.version_tag.as_deref() == Some(tag))
        })
    }

    /// The newest version that is not newer than the caller: what was deployed with it, or was there already.
    fn beside(&self, definition: &str, process_id: &str) -> Option<String> {
        let deployed = self.get(BPMN, definition)?.info.deployed;
        let newest = *self.latest.get(&(BPMN.to_owned(), process_id.to_owned()))?;
        let keys = (1..=newest).rev().map(|version| format!("{process_id}:{version}"));
        keys.into_iter()
            .find(|key| self.get(BPMN, key).is_some_and(|one| one.info.deployed <= deployed))
    }
}

fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3)
    })
}

impl Orchestrator {
    /// What is deployed; read from the store the first time.
    pub(crate) async fn registry(&self) -> Result<Arc<Registry>, OrchestratorError> {
        if let Some(registry) = self.registry.read().clone() {
            return Ok(registry);
        }
        let _one_at_a_time = self.deploying.lock().await;
        if let Some(registry) = self.registry.read().clone() {
            return Ok(registry);
        }
        self.read_registry().await
    }

    /// Reads what is deployed anew.
    pub(crate) async fn read_registry(&self) -> Result<Arc<Registry>, OrchestratorError> {
        let mut snapshot = self.store.snapshot().await?;
        let records = snapshot.definitions().await?;
        let suspended = snapshot.records(SUSPENDED, "", MAX_SUSPENDED).await?;
        let suspended = suspended.into_iter().map(|(key, _)| key).collect();
        let retired = snapshot.records(RETIRED, "", MAX_SUSPENDED).await?;
        let retired = retired.into_iter().map(|(key, _)| key).collect();
        let registry = Arc::new(Registry::build(records, suspended, retired)?);
        *self.registry.write() = Some(registry.clone());
        Ok(registry)
    }

    /// What is deployed, for code that runs after [`Self::registry`] was awaited; empty before that.
    pub(crate) fn registry_now(&self) -> Arc<Registry> {
        self.registry.read().clone().unwrap_or_else(|| {
            Arc::new(Registry::build(Vec::new(), HashSet::new(), HashSet::new()).expect("nothing to read"))
        })
    }

    /// Name shown of a process.
    pub(crate) fn process_name(&self, key: &str) -> String {
        self.registry_now()
            .process(key)
            .map_or_else(|| key.to_owned(), |p| p.display_name().to_owned())
    }
}
