//! Event definitions of start, end, intermediate and boundary events.

use super::dialect::camunda;
use super::reader::{Reader, flag, local, text};
use super::shared::{self, Shared};
use super::walk::Ids;
use crate::{Catch, Cron, EventDefinition, Text, TimerDef, timer};
use roxmltree::Node;

/// Whether an event catches or throws.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Catch,
    Throw,
}

/// A catching event.
pub fn catch<'d>(
    reader: &mut Reader<'d>,
    shared: &Shared<'d>,
    ids: &Ids<'d>,
    node: Node<'d, 'd>,
    interrupting: bool,
) -> Catch {
    let definitions = definitions(reader, shared, ids, node, Role::Catch);
    Catch {
        definitions,
        all: flag(node, "parallelMultiple", false),
        interrupting,
        fhir_triggers: shared::fhir_triggers(node),
    }
}

/// The definitions of an event, inline and by reference.
pub fn definitions<'d>(
    reader: &mut Reader<'d>,
    shared: &Shared<'d>,
    ids: &Ids<'d>,
    node: Node<'d, 'd>,
    role: Role,
) -> Vec<EventDefinition> {
    let mut found = Vec::new();
    for child in reader.bpmn_children(node) {
        let element = match child.tag_name().name() {
            "eventDefinitionRef" => {
                let reference = text(child);
                let known = shared.event_definitions.get(reference.as_str());
                match known.or_else(|| shared.event_definitions.get(local(&reference))) {
                    Some(element) => *element,
                    None => {
                        let message = format!("the event definition '{reference}' is not in this file");
                        reader.error(
                            node,
                            "event-definition-unknown",
                            message,
                            "define it beside the processes",
                        );
                        continue;
                    }
                }
            }
            tag if tag.ends_with("EventDefinition") => child,
            _ => continue,
        };
        found.extend(definition(reader, shared, ids, element, node, role));
    }
    found
}

/// One definition; `node` is the event that holds it, for messages.
pub fn definition<'d>(
    reader: &mut Reader<'d>,
    shared: &Shared<'d>,
    ids: &Ids<'d>,
    element: Node<'d, 'd>,
    node: Node<'d, 'd>,
    role: Role,
) -> Option<EventDefinition> {
    match element.tag_name().name() {
        "messageEventDefinition" => {
            let has_reference = element.has_attribute("messageRef") || reader.child(element, "operationRef").is_some();
            let message = shared.message_of(reader, element);
            if message.is_none() && !has_reference {
                reader.error(
                    node,
                    "message-missing",
                    "the message event names no message",
                    "choose its message",
                );
            }
            message.map(EventDefinition::Message)
        }
        "timerEventDefinition" => timer_definition(reader, element, node).map(EventDefinition::Timer),
        "signalEventDefinition" => {
            let name = named(reader, element, node, "signalRef", "signal", |id| {
                shared.signal_name(id)
            })?;
            if name.is_none() {
                reader.error(
                    node,
                    "signal-missing",
                    "the signal event names no signal",
                    "choose its signal",
                );
            }
            name.map(EventDefinition::Signal)
        }
        "errorEventDefinition" => {
            // Camunda 7 and its kin take a reference that leads nowhere for the code itself
            let kin = reader.camunda7();
            let code = named(reader, element, node, "errorRef", "error", |id| {
                let itself = || kin.then(|| Text::Literal(id.trim().to_owned()));
                shared.error_code(id).or_else(itself)
            })?;
            let code_variable = camunda(element, "errorCodeVariable").or_else(|| camunda(element, "errorVariableName"));
            let code_variable = code_variable.map(str::to_owned);
            let message_variable = camunda(element, "errorMessageVariable").map(str::to_owned);
            Some(EventDefinition::Error {
                code,
                code_variable,
                message_variable,
            })
        }
        "escalationEventDefinition" => {
            let code = named(reader, element, node, "escalationRef", "escalation", |id| {
                shared.escalation_code(id)
            })?;
            Some(EventDefinition::Escalation { code })
        }
        "conditionalEventDefinition" => conditional(reader, element, node),
        "linkEventDefinition" => link(reader, element, node, role),
        "compensateEventDefinition" => Some(compensation(reader, ids, element, node)),
        "cancelEventDefinition" => Some(EventDefinition::Cancel),
        "terminateEventDefinition" => Some(EventDefinition::Terminate),
        other => {
            let message = format!("'{other}' is not known");
            reader.error(node, "event-unsupported", message, "use another kind of event");
            None
        }
    }
}

fn conditional<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>, node: Node<'d, 'd>) -> Option<EventDefinition> {
    let Some(text) = reader.child_text(element, "condition") else {
        let message = "the conditional event has no condition";
        reader.error(node, "condition-missing", message, "write its condition in FEEL");
        return None;
    };
    reader.expression(node, &text).map(EventDefinition::Conditional)
}

fn compensation<'d>(
    reader: &mut Reader<'d>,
    ids: &Ids<'d>,
    element: Node<'d, 'd>,
    node: Node<'d, 'd>,
) -> EventDefinition {
    let reference = element.attribute("activityRef");
    let activity = reference.and_then(|reference| ids.get(reference));
    if let (Some(reference), None) = (reference, activity) {
        let message = format!("the activity to compensate '{reference}' is not in this process");
        reader.error(node, "reference-unknown", message, "choose an activity of the process");
    }
    EventDefinition::Compensation {
        activity,
        wait: flag(element, "waitForCompletion", true),
    }
}

/// A definition that refers to a root element: outer `None` is a mistake (already told), inner `None` no reference.
fn named<'d>(
    reader: &mut Reader<'d>,
    element: Node<'d, 'd>,
    node: Node<'d, 'd>,
    attribute: &str,
    what: &'static str,
    find: impl Fn(&str) -> Option<Text>,
) -> Option<Option<Text>> {
    let Some(reference) = element.attribute(attribute) else {
        return Some(None);
    };
    match find(reference) {
        Some(text) => Some(Some(text)),
        None => {
            let message = format!("the {what} '{reference}' is not defined in this file");
            reader.error(
                node,
                "reference-unknown",
                message,
                format!("define the {what}, or choose another one"),
            );
            None
        }
    }
}

/// Links pair by name; a link without a name pairs by its `target`/`source` reference.
fn link<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>, node: Node<'d, 'd>, role: Role) -> Option<EventDefinition> {
    let name = element
        .attribute("name")
        .filter(|name| !name.trim().is_empty())
        .map(str::to_owned);
    let reference = if role == Role::Throw {
        reader.child_text(element, "target")
    } else {
        None
    };
    let own = element.attribute("id").map(str::to_owned);
    let name = match role {
        // the catch side pairs by the name of the definition the throw side points at
        Role::Throw => match reference.as_deref().and_then(|id| reader.by_ref(id)) {
            Some(target) => target
                .attribute("name")
                .filter(|name| !name.trim().is_empty())
                .map(str::to_owned)
                .or(reference),
            None => name,
        },
        Role::Catch => name.or(own),
    };
    if name.is_none() {
        reader.error(
            node,
            "link-without-name",
            "the link event has no name",
            "give both ends the same link name",
        );
    }
    name.map(EventDefinition::Link)
}

pub fn timer_definition<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>, node: Node<'d, 'd>) -> Option<TimerDef> {
    let kinds = ["timeDate", "timeDuration", "timeCycle"];
    let found: Vec<(&str, String)> = kinds
        .iter()
        .filter_map(|kind| reader.child_text(element, kind).map(|text| (*kind, text)))
        .collect();
    let [(kind, value)] = found.as_slice() else {
        let message = format!(
            "the timer has {} of timeDate, timeDuration, timeCycle; it needs exactly one",
            found.len()
        );
        reader.error(node, "timer-invalid", message, "give it one date, duration or cycle");
        return None;
    };
    // Python writes texts as literals
    let quoted = |value: &str| {
        let quote = value.chars().next().filter(|c| *c == '\'' || *c == '"')?;
        value.strip_prefix(quote)?.strip_suffix(quote).map(str::to_owned)
    };
    let text = match quoted(value).filter(|_| reader.python()) {
        Some(literal) => Text::Literal(literal),
        None if *kind == "timeCycle" && reader.camunda7() && !value.starts_with('R') && !value.contains('{') => {
            Text::Literal(crate::cron::from_quartz(value))
        }
        None => reader.text_or_expression(node, value)?,
    };
    if let Text::Literal(literal) = &text {
        let checked = match *kind {
            "timeDate" => timer::parse_date(literal).map(drop),
            "timeDuration" => timer::parse_duration(literal).map(drop),
            _ if literal.trim_start().starts_with('R') => timer::parse_cycle(literal).map(drop),
            _ => Cron::read(literal).map(drop),
        };
        if let Err(error) = checked {
            let message = format!("{kind}: {error}");
            reader.error(
                node,
                "timer-invalid",
                message,
                "correct it, or begin it with '=' for a FEEL expression",
            );
            return None;
        }
    }
    Some(match *kind {
        "timeDate" => TimerDef::Date(text),
        "timeDuration" => TimerDef::Duration(text),
        _ => TimerDef::Cycle(text),
    })
}
