//! BPMN sources read once: a deployed key never changes its meaning, so its model is kept.

use bpmn::Model;
use component::{Orchestrator, PeerError};
use orchestrator::api::DefinitionInfo;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, RwLock};

/// Processes a pathway may call, at most.
const MOST_CALLED: usize = 8;
/// Models kept; beyond, the memory begins anew.
const MOST_KEPT: usize = 200;

/// A deployed process with its model.
pub struct Source {
    /// What the orchestrator says of it.
    pub definition: DefinitionInfo,
    /// The model.
    pub model: Model,
    /// The text.
    pub xml: String,
}

/// The models read so far, by key.
#[derive(Clone, Default)]
pub struct Sources {
    known: Arc<RwLock<HashMap<String, Arc<Source>>>>,
}

impl Sources {
    /// A process by key (`id:version`) or, newest, by process id.
    ///
    /// # Errors
    /// The orchestrator does not know it or does not answer.
    pub async fn get(&self, orchestrator: &Orchestrator, key: &str) -> Result<Arc<Source>, PeerError> {
        if let Some(known) = self.known(key) {
            return Ok(known);
        }
        let definition = orchestrator.definition(key).await?;
        if let Some(known) = self.known(&definition.key) {
            return Ok(known);
        }
        let xml = orchestrator.definition_xml(&definition.key).await?;
        let model = bpmn::parse(&xml)
            .map_err(|_| PeerError::Malformed(format!("the deployed model {} cannot be read", definition.key)))?;
        let source = Arc::new(Source { definition, model, xml });
        let mut known = self.known.write().expect("sources lock");
        if known.len() >= MOST_KEPT {
            known.clear();
        }
        known.insert(source.definition.key.clone(), source.clone());
        Ok(source)
    }

    /// The process and those it calls, callers first. `live` are keys where something is going on now: they are the
    /// versions that were called, later ones may be deployed already.
    ///
    /// # Errors
    /// As [`Sources::get`].
    pub async fn family(
        &self,
        orchestrator: &Orchestrator,
        root: &str,
        live: &[&str],
    ) -> Result<Vec<Arc<Source>>, PeerError> {
        let mut found: Vec<Arc<Source>> = Vec::new();
        let mut wanted: Vec<String> = vec![root.to_owned()];
        let process = |key: &str| key.split(':').next().unwrap_or_default().to_owned();
        while let Some(key) = wanted.pop() {
            if found.len() == MOST_CALLED || found.iter().any(|s| s.definition.id == process(&key)) {
                continue;
            }
            let version = live.iter().find(|live| process(live) == process(&key));
            let key = version.map_or(key, |live| (*live).to_owned());
            let source = self.get(orchestrator, &key).await?;
            wanted.extend(called(&source.xml));
            found.push(source);
        }
        Ok(found)
    }

    /// Only whole keys: a bare process id may mean another version tomorrow.
    fn known(&self, key: &str) -> Option<Arc<Source>> {
        self.known.read().expect("sources lock").get(key).cloned()
    }
}

/// Names of the elements that have one, by id.
pub fn element_names(sources: &[Arc<Source>]) -> BTreeMap<String, String> {
    let processes = sources.iter().flat_map(|source| &source.model.processes);
    let nodes = processes.flat_map(|process| &process.nodes);
    nodes
        .filter(|node| node.name != node.id)
        .map(|node| (node.id.to_string(), node.name.to_string()))
        .collect()
}

/// Process ids of the call activities of a source.
fn called(source: &str) -> Vec<String> {
    let marks = source.split("calledElement ").skip(1);
    let ids = marks.filter_map(|rest| rest.split_once("processId=\"")?.1.split('"').next());
    ids.map(str::to_owned).collect()
}
