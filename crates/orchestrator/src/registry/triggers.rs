//! Messages that hub writes send and conditions that they have looked at: the `sinfonia:fhirTrigger` criteria of a model.

use crate::criteria::Criteria;
use bpmn::{Model, NodeKind};
use fhir::Definitions;

/// Criteria and the message they send.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trigger {
    pub criteria: Criteria,
    /// What it leads to.
    pub then: Then,
}

/// What a matching write leads to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Then {
    /// This message.
    Message(String),
    /// A look at the condition of a start event.
    Condition {
        /// Process id.
        process: String,
        /// The start event.
        element: String,
    },
}

/// A criterion that cannot be read.
#[derive(Debug, Clone)]
pub(crate) struct BadTrigger {
    /// Message element.
    pub element: String,
    /// The text.
    pub criteria: String,
    /// What is wrong.
    pub reason: String,
}

/// Every trigger of a model.
pub(crate) fn triggers_of(model: &Model) -> Vec<Result<Trigger, BadTrigger>> {
    let mut found = Vec::new();
    let mut add = |element: &str, text: &String, then: Then| {
        found.push(match Criteria::parse(Definitions::r4(), text) {
            Ok(criteria) => Ok(Trigger { criteria, then }),
            Err(reason) => Err(BadTrigger {
                element: element.to_owned(),
                criteria: text.clone(),
                reason,
            }),
        });
    };
    for message in &model.messages {
        for text in message.fhir_triggers.iter() {
            add(&message.id, text, Then::Message(message.name.clone()));
        }
    }
    for process in &model.processes {
        for node in process.nodes.iter().filter(|node| node.scope == 0) {
            let NodeKind::Start(catch) = &node.kind else { continue };
            for text in &catch.fhir_triggers {
                let (process, element) = (process.id.clone(), node.id.to_string());
                add(&node.id, text, Then::Condition { process, element });
            }
        }
    }
    found
}
