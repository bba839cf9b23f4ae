//! BPMN 2.0 XML to an immutable executable graph, and lint with clear messages.

mod issue;

pub use issue::{Issue, Severity};

/// Placeholder until the parser lands: an executable process graph.
#[derive(Debug)]
pub struct Process {}
