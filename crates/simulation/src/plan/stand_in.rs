//! Work in the place of what the engine passes through or asks others for.

use super::Plan;
use crate::Note;
use crate::read::Problems;
use crate::scenario::Element;
use bpmn::{EventDefinition, JobDef, Node, NodeKind, Process, Script, Text};
use std::collections::BTreeMap;

/// A job that only the simulation does.
fn job() -> NodeKind {
    NodeKind::ServiceTask(JobDef {
        job_type: Text::Literal("simulation".into()),
        retries: Text::Literal("1".into()),
        priority: None,
        pauses: Vec::new(),
        headers: BTreeMap::new(),
    })
}

fn says_something(spec: &Element) -> bool {
    spec.duration.is_some() || !spec.resources.is_empty() || !spec.results.is_empty() || !spec.errors.is_empty()
}

impl Plan {
    /// Changes the nodes of a process to what is simulated, and tells what cannot be.
    pub(super) fn stand_in(&mut self, process: &mut Process, problems: &mut Problems) {
        let id = process.id.clone();
        for node in &mut process.nodes {
            let place = self.element_index[&node.id] as usize;
            let spec = self.elements[place].spec.clone();
            let own = self.scenario.elements.contains_key(&*node.id);
            self.node(node, spec.as_ref(), own, &id, problems);
        }
    }

    fn node(&mut self, node: &mut Node, spec: Option<&Element>, own: bool, process: &str, problems: &mut Problems) {
        let id = node.id.clone();
        let works = spec.is_some_and(says_something);
        let gateway = node.is_gateway();
        let field = || format!("elements.{id}");
        match &mut node.kind {
            NodeKind::UserTask(task) => {
                // who is asked, by when and with which form changes nothing here
                task.assignment = bpmn::AssignmentDef::default();
                (task.due, task.follow_up, task.form) = (None, None, None);
                self.warn_if_free(works, &id);
            }
            NodeKind::ServiceTask(job) | NodeKind::RuleJob(job) | NodeKind::ScriptTask(Script::Job(job)) => {
                job.retries = Text::Literal("1".into());
                self.warn_if_free(works, &id);
            }
            NodeKind::AbstractTask | NodeKind::ManualTask(_) if works => node.kind = self::job(),
            NodeKind::DecisionTask { .. } | NodeKind::ScriptTask(Script::Feel { .. }) if own && works => {
                if spec.is_none_or(|spec| spec.results.is_empty()) {
                    let message = "a decision or script is worked out, which takes no time";
                    let remedy = "give results as well (they stand in for it), or put the time into the task before it";
                    problems.tell(field(), message, remedy);
                }
                node.kind = self::job();
            }
            NodeKind::Call { process: called, .. } => {
                let missing = called.literal().filter(|id| !self.by_id(id)).map(str::to_owned);
                if own && works {
                    node.kind = self::job();
                } else if let Some(called) = missing {
                    let message = format!("'{process}' calls the process '{called}', which is not there");
                    let remedy = "add its file, or give the element a duration that stands in for it";
                    problems.tell(field(), message, remedy);
                }
            }
            NodeKind::CatchEvent(catch) if spec.is_none() => {
                let waits = |definition: &EventDefinition| {
                    matches!(definition, EventDefinition::Message(_) | EventDefinition::Signal(_))
                };
                if !catch.definitions.is_empty() && catch.definitions.iter().all(waits) {
                    self.warn_waiting(&id);
                }
            }
            NodeKind::ReceiveTask { .. } if spec.is_none() => self.warn_waiting(&id),
            _ if own && works && gateway => {
                let remedy = "give the time to a task; probabilities of its flows stand in flows";
                problems.tell(field(), "a gateway does no work", remedy);
            }
            _ => {}
        }
    }

    fn by_id(&self, process: &str) -> bool {
        // every process that is called literally has been reached
        self.elements.iter().any(|element| element.process == process)
    }

    fn warn_if_free(&mut self, works: bool, id: &str) {
        if !works {
            let text = format!("'{id}' takes no time: give it a duration in elements, or in defaults");
            self.warnings.push(Note::new("no-time", &[("element", id)], text));
        }
    }

    fn warn_waiting(&mut self, id: &str) {
        let text = format!(
            "'{id}' waits for a message or signal: unless the models themselves send it, instances stop there; \
             give it 'waiting'"
        );
        self.warnings.push(Note::new("waits", &[("element", id)], text));
    }
}
