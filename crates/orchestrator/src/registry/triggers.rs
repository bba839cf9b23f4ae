//! Messages that hub writes send: the `sinfonia:fhirTrigger` criteria of a model.

use crate::criteria::Criteria;
use bpmn::Model;
use fhir::Definitions;

/// Criteria and the message they send.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trigger {
    pub criteria: Criteria,
    /// Message name.
    pub message: String,
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
    for message in &model.messages {
        for text in message.fhir_triggers.iter() {
            found.push(match Criteria::parse(Definitions::r4(), text) {
                Ok(criteria) => Ok(Trigger {
                    criteria,
                    message: message.name.clone(),
                }),
                Err(reason) => Err(BadTrigger {
                    element: message.id.clone(),
                    criteria: text.clone(),
                    reason,
                }),
            });
        }
    }
    found
}
