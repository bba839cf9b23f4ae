//! A scenario from the history of our own instances.

use super::models::deployed;
use crate::api::{ProposeScenario, ProposedScenario};
use crate::registry::{BPMN, Registry};
use crate::{Orchestrator, OrchestratorError};
use simulation::fit::Observed;
use simulation::{Models, Note, Plan, Scenario};
use std::collections::HashSet;
use store::InstanceFilter;

/// Instances looked at when nothing is said, and at most.
const INSTANCES: usize = 500;
const MAX_INSTANCES: usize = 5_000;
/// History entries read of one instance.
const MAX_ENTRIES: usize = 20_000;
/// Instances and entries read at a time.
const PAGE: usize = 200;

impl Orchestrator {
    /// Arrivals, durations and branches as they were, for a process and those it calls. The answer holds counts and
    /// distributions, nothing of a single person.
    ///
    /// # Errors
    /// The process is not deployed, or `instances` is out of range.
    pub async fn propose_scenario(&self, request: ProposeScenario) -> Result<ProposedScenario, OrchestratorError> {
        let most = request.instances.unwrap_or(INSTANCES);
        if !(1..=MAX_INSTANCES).contains(&most) {
            return Err(OrchestratorError::Invalid(format!(
                "instances: from 1 to {MAX_INSTANCES}"
            )));
        }
        let registry = self.registry().await?;
        let key = registry.resolve(&request.definition)?;
        let id = key.rsplit_once(':').map_or(key.as_str(), |(id, _)| id).to_owned();
        let asked = if request.definition.contains(':') {
            key.clone()
        } else {
            id
        };
        let observed = self.observe(asked, most).await?;
        let models = with_calls(&registry, &key);
        let mut proposal = observed.propose(&models, &key);
        proposal.scenario["process"] = key.as_str().into();
        // what is proposed must be accepted: unused elements of older versions are no mistake of the planner
        if let Err(error) = Scenario::read(&proposal.scenario, registry.calendars())
            .and_then(|scenario| Plan::new(scenario, &models, std::sync::Arc::new(dmn::Feel::new())).map(drop))
        {
            let (why, text) = (error.to_string(), format!("to be completed by hand: {error}"));
            proposal.notes.push(Note::new("to-complete", &[("error", &why)], text));
        }
        Ok(ProposedScenario {
            scenario: proposal.scenario,
            instances: observed.instances(),
            notes: proposal.notes,
        })
    }

    async fn observe(&self, definition: String, most: usize) -> Result<Observed, OrchestratorError> {
        let mut observed = Observed::new();
        let mut filter = InstanceFilter {
            definition: Some(definition),
            limit: PAGE.min(most),
            ..InstanceFilter::default()
        };
        let mut left = most;
        while left > 0 {
            let mut snapshot = self.store.snapshot().await?;
            filter.limit = PAGE.min(left);
            let page = snapshot.instances(&filter).await?;
            let Some(last) = page.last() else { break };
            filter.after = Some(last.id.clone());
            left -= page.len().min(left);
            let full = page.len() == filter.limit;
            for record in page {
                let mut events = Vec::new();
                let mut from = 0;
                while events.len() < MAX_ENTRIES {
                    let entries = snapshot.instance_history(&record.id, from, PAGE).await?;
                    let more = entries.len() == PAGE;
                    for entry in entries {
                        from = entry.revision + 1;
                        let read = crate::history::record::events(&entry)?;
                        events.extend(read.into_iter().map(|event| (entry.at, event)));
                    }
                    if !more {
                        break;
                    }
                }
                observed.instance(events.iter().map(|(at, event)| (*at, event)));
            }
            if !full {
                break;
            }
        }
        Ok(observed)
    }
}

/// A process and, at their newest version, those it calls.
fn with_calls(registry: &Registry, key: &str) -> Models {
    let all = deployed(registry);
    let mut models = Models::default();
    let mut queue = vec![key.to_owned()];
    let mut seen = HashSet::new();
    while let Some(key) = queue.pop() {
        if !seen.insert(key.clone()) {
            continue;
        }
        let Some(process) = all.process(&key) else { continue };
        for node in &process.nodes {
            if let bpmn::NodeKind::Call { process, .. } = &node.kind
                && let Some(called) = process.literal()
                && let Some(definition) = registry.newest(BPMN, called)
            {
                queue.push(definition.info.key.clone());
            }
        }
        models.add(key, process.clone());
    }
    models
}
