//! What a step may look at.

use jiff::Timestamp;

/// Finds process models.
pub trait Models: Send + Sync {
    /// The model for a definition key `process-id:version`.
    fn by_key(&self, key: &str) -> Option<std::sync::Arc<bpmn::Process>>;
    /// The key of the newest version of a process id (for call activities).
    fn latest(&self, process_id: &str) -> Option<String>;
    /// The key of the newest version of a process id that carries a version tag.
    fn tagged(&self, process_id: &str, tag: &str) -> Option<String> {
        let key = self.latest(process_id)?;
        let process = self.by_key(&key)?;
        (process.version_tag.as_deref() == Some(tag)).then_some(key)
    }
    /// The key of the version of a process id that was deployed together with another definition.
    fn beside(&self, _definition: &str, process_id: &str) -> Option<String> {
        self.latest(process_id)
    }
}

/// Maximums; reaching one is an incident with a clear message.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Flow nodes entered in one step (a loop without a wait state).
    pub nodes_per_step: u32,
    /// Live tokens.
    pub tokens: u32,
    /// Instances of one multi-instance activity.
    pub multi_instance: u32,
    /// Call activity depth.
    pub call_depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            nodes_per_step: 10_000,
            tokens: 10_000,
            multi_instance: 10_000,
            call_depth: 20,
        }
    }
}

/// The surroundings of one step.
pub struct Env<'a> {
    /// Now.
    pub now: Timestamp,
    /// FEEL and DMN.
    pub evaluator: &'a dyn dmn::Evaluator,
    /// Models.
    pub models: &'a dyn Models,
    /// Maximums.
    pub limits: &'a Limits,
}
