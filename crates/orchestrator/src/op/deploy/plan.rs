//! From the files to the transaction that deploys them.

use super::files::{Bundle, Item};
use crate::registry::Registry;
use crate::relay::START_WAIT;
use crate::timers::start_timer;
use crate::{Orchestrator, OrchestratorError};
use bpmn::{Process, StartTrigger};
use engine::Env;
use fhir::Definitions;
use jiff::Timestamp;
use store::{DefinitionWrite, Method, Transaction, WaitKey, WaitKind, WaitWrite, prepare_write};

/// What is to be written.
pub(super) struct Plan {
    pub transaction: Transaction,
    /// Keys of everything in the bundle, new or not.
    pub keys: Vec<String>,
    /// Earliest start timer.
    pub due: Option<Timestamp>,
    /// Whether hub criteria come in.
    pub triggers: bool,
}

impl Plan {
    /// Nothing is new.
    pub(super) fn is_empty(&self) -> bool {
        self.transaction.definitions.is_empty()
    }
}

impl Orchestrator {
    pub(super) async fn plan(&self, registry: &Registry, bundle: Bundle) -> Result<Plan, OrchestratorError> {
        let mut plan = Plan {
            transaction: Transaction::default(),
            keys: Vec::new(),
            due: None,
            triggers: bundle.triggers,
        };
        for item in bundle.items {
            let newest = registry.newest(item.kind, &item.id);
            if let Some(same) = newest.filter(|n| n.source == item.source) {
                plan.keys.push(same.info.key.clone());
                continue;
            }
            let version = registry.highest(item.kind, &item.id) + 1;
            let key = format!("{}:{version}", item.id);
            if let Some(process) = &item.process {
                let before = newest.and_then(|n| registry.process(&n.info.key));
                start_waits(&mut plan.transaction, before.map(|p| &**p), process);
                plan.due = self
                    .start_timers(&mut plan.transaction, registry, &key, process)?
                    .into_iter()
                    .chain(plan.due)
                    .min();
            }
            self.add(&mut plan, item, &key, version).await?;
            plan.keys.push(key);
        }
        Ok(plan)
    }

    async fn add(&self, plan: &mut Plan, item: Item, key: &str, version: u32) -> Result<(), OrchestratorError> {
        let now = self.clock.now();
        if let Some(form) = item.questionnaire {
            let stored = self.store.snapshot().await?.read("Questionnaire", &item.id).await?;
            let previous = stored.map_or(0, |s| s.version);
            let prepared = prepare_write(Definitions::r4(), form, &item.id, previous, now, Method::Put)
                .map_err(|e| OrchestratorError::Invalid(format!("{}: {e}", item.file)))?;
            plan.transaction.resources.push(prepared.write);
        }
        plan.transaction.definitions.push(DefinitionWrite {
            key: key.to_owned(),
            kind: item.kind.to_owned(),
            name: item.id,
            version,
            deployed: now,
            file: item.file,
            source: item.source.to_vec(),
        });
        Ok(())
    }

    /// Timers of the version before end by themselves: when one fires, its version is not the newest any more.
    pub(crate) fn start_timers(
        &self,
        transaction: &mut Transaction,
        registry: &Registry,
        key: &str,
        process: &Process,
    ) -> Result<Option<Timestamp>, OrchestratorError> {
        let mut due: Option<Timestamp> = None;
        for start in process.start_events() {
            let StartTrigger::Timer(timer) = start.trigger else {
                continue;
            };
            let env = Env {
                now: self.clock.now(),
                evaluator: registry.evaluator(),
                models: registry,
                limits: &self.config.engine,
            };
            let first = engine::start_timer(timer, &env)
                .map_err(|e| OrchestratorError::Invalid(format!("start event {}: {e}", start.element)))?;
            if let Some(schedule) = first {
                due = Some(due.map_or(schedule.due, |d| d.min(schedule.due)));
                transaction.timers.push(start_timer(key, start.element, &schedule));
            }
        }
        Ok(due)
    }
}

/// Start events by message and signal: one wait for the newest version of the process.
fn start_waits(transaction: &mut Transaction, before: Option<&Process>, process: &Process) {
    move_start_waits(transaction, before, Some(process));
}

/// As [`start_waits`], also where no version is left.
pub(crate) fn move_start_waits(transaction: &mut Transaction, before: Option<&Process>, process: Option<&Process>) {
    let old = before.map(waits_of).unwrap_or_default();
    let new = process.map(waits_of).unwrap_or_default();
    transaction
        .waits
        .extend(old.iter().filter(|w| !new.contains(w)).cloned().map(WaitWrite::Remove));
    transaction.waits.extend(new.into_iter().map(WaitWrite::Add));
}

fn waits_of(process: &Process) -> Vec<WaitKey> {
    let wait = |kind: WaitKind, name: &bpmn::Text, element: &str| {
        Some(WaitKey {
            kind,
            name: name.literal()?.to_owned(),
            key: String::new(),
            instance: format!("{START_WAIT}{}", process.id),
            id: element.to_owned(),
        })
    };
    let starts = process.start_events();
    let waits = starts.iter().filter_map(|start| match &start.trigger {
        StartTrigger::Message(message) => wait(WaitKind::Message, &message.name, start.element),
        StartTrigger::Signal(name) => wait(WaitKind::Signal, name, start.element),
        _ => None,
    });
    waits.collect()
}
