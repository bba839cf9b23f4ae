//! Where an element asks for a commit of its own (Camunda 7: "transaction boundaries").

use crate::{JobDef, Text};

/// Job type of the continuation of an instance in a commit of its own; no worker outside gets such jobs.
pub const CONTINUE: &str = "sinfonia:continue";

/// Before and after which part of an element the step stops, to go on in a commit of its own.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Continuation {
    /// Before the element (of a loop: before all its rounds), `asyncBefore`.
    pub before: bool,
    /// After it, `asyncAfter`.
    pub after: bool,
    /// Before each round of its multi-instance loop.
    pub round_before: bool,
    /// After each round.
    pub round_after: bool,
    /// The job: tries and pauses between them as the model says, priority.
    pub job: JobDef,
}

impl Continuation {
    /// The job of an element that says nothing of its continuation (any more).
    pub fn plain_job() -> JobDef {
        JobDef {
            job_type: Text::Literal(CONTINUE.to_owned()),
            retries: Text::Literal("3".to_owned()),
            priority: None,
            pauses: Vec::new(),
            headers: std::collections::BTreeMap::new(),
        }
    }
}
