//! What the processes of a file share: messages, signals, errors, escalations, operations, event definitions.

use super::dialect::{SINFONIA, attribute, extensions, others, zeebe};
use super::reader::{Reader, local, text};
use crate::{ErrorDef, EscalationDef, Message, MessageRef, Signal, Text};
use roxmltree::Node;
use std::collections::HashMap;

/// Root elements by id.
pub struct Shared<'d> {
    pub messages: Vec<Message>,
    pub signals: Vec<Signal>,
    pub errors: Vec<ErrorDef>,
    pub escalations: Vec<EscalationDef>,
    /// Operation id to message id.
    operations: HashMap<&'d str, String>,
    /// Reusable event definitions.
    pub event_definitions: HashMap<&'d str, Node<'d, 'd>>,
}

impl<'d> Shared<'d> {
    pub fn read(reader: &mut Reader<'d>) -> Self {
        let mut shared = Self {
            messages: Vec::new(),
            signals: Vec::new(),
            errors: Vec::new(),
            escalations: Vec::new(),
            operations: HashMap::new(),
            event_definitions: HashMap::new(),
        };
        for element in reader.bpmn_children(reader.root()) {
            let id = element.attribute("id").unwrap_or_default();
            let name = element.attribute("name").map(str::to_owned);
            match element.tag_name().name() {
                "message" => shared.messages.push(message(reader, element)),
                "signal" => {
                    shared.signals.push(Signal {
                        id: id.to_owned(),
                        name: name.unwrap_or_else(|| id.to_owned()),
                    });
                }
                "error" => {
                    let code = attribute(Some(element), "errorCode").map(str::to_owned);
                    shared.errors.push(ErrorDef {
                        id: id.to_owned(),
                        name,
                        code,
                    });
                }
                "escalation" => {
                    let code = attribute(Some(element), "escalationCode").map(str::to_owned);
                    shared.escalations.push(EscalationDef {
                        id: id.to_owned(),
                        name,
                        code,
                    });
                }
                "interface" => shared.read_operations(reader, element),
                tag if tag.ends_with("EventDefinition") => {
                    shared.event_definitions.insert(id, element);
                }
                _ => {}
            }
        }
        shared
    }

    fn read_operations(&mut self, reader: &Reader<'d>, interface: Node<'d, 'd>) {
        for operation in reader.children_named(interface, "operation") {
            if let (Some(id), Some(message)) = (operation.attribute("id"), reader.child_text(operation, "inMessageRef"))
            {
                self.operations.insert(id, message);
            }
        }
    }

    /// The message that `messageRef` or `operationRef` of a task or definition names; a mistake becomes an issue.
    pub fn message_of(&self, reader: &mut Reader<'d>, node: Node<'d, 'd>) -> Option<MessageRef> {
        let operation = node
            .attribute("operationRef")
            .map(str::to_owned)
            .or_else(|| reader.child_text(node, "operationRef"));
        let by_operation = operation.and_then(|id| {
            self.operations
                .get(id.as_str())
                .or_else(|| self.operations.get(local(&id)))
                .cloned()
        });
        let reference = node.attribute("messageRef").map(str::to_owned).or(by_operation)?;
        let Some(message) = find(&self.messages, &reference, |message| &message.id) else {
            let message = format!("the message '{reference}' is not defined in this file");
            reader.error(
                node,
                "message-unknown",
                message,
                "define it as a <message> or pick one in the modeler",
            );
            return None;
        };
        let name = reader.text_or_expression(node, &message.name)?;
        Some(MessageRef {
            name,
            correlation_key: message.correlation_key.clone(),
            fhir_triggers: message.fhir_triggers.clone(),
            extensions: message.extensions.clone(),
        })
    }

    /// The code that errors with this reference share.
    pub fn error_code(&self, reference: &str) -> Option<Text> {
        let error = find(&self.errors, reference, |error| &error.id)?;
        Text::read(error.code.as_ref().unwrap_or(&error.id)).ok()
    }

    /// The code that escalations with this reference share.
    pub fn escalation_code(&self, reference: &str) -> Option<Text> {
        let escalation = find(&self.escalations, reference, |escalation| &escalation.id)?;
        Text::read(escalation.code.as_ref().unwrap_or(&escalation.id)).ok()
    }

    /// The name that signals with this reference share.
    pub fn signal_name(&self, reference: &str) -> Option<Text> {
        Text::read(&find(&self.signals, reference, |signal| &signal.id)?.name).ok()
    }
}

fn find<'a, T>(list: &'a [T], reference: &str, id: impl Fn(&T) -> &String) -> Option<&'a T> {
    let reference = reference.trim();
    list.iter()
        .find(|item| id(item) == reference)
        .or_else(|| list.iter().find(|item| id(item) == local(reference)))
}

fn message<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> Message {
    let id = element.attribute("id").unwrap_or_default().to_owned();
    let key = attribute(zeebe(element, "subscription"), "correlationKey");
    Message {
        name: attribute(Some(element), "name").map_or_else(|| id.clone(), str::to_owned),
        id,
        correlation_key: key.and_then(|key| reader.expression(element, key)),
        fhir_triggers: fhir_triggers(element).into(),
        extensions: std::sync::Arc::new(others(element)),
    }
}

/// The criteria of the `sinfonia:fhirTrigger` elements of a message or event.
pub fn fhir_triggers(element: Node<'_, '_>) -> Vec<String> {
    let triggers = extensions(element).filter(|child| child.has_tag_name((SINFONIA, "fhirTrigger")));
    let written = triggers.map(|trigger| {
        trigger
            .attribute("criteria")
            .map_or_else(|| text(trigger), str::to_owned)
    });
    written.filter(|criteria| !criteria.is_empty()).collect()
}
