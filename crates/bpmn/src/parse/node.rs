//! One flow node.

use super::dialect::{camunda, others};
use super::event::{Role, catch, definitions};
use super::reader::{Reader, flag};
use super::shared::Shared;
use super::walk::{Ids, NODES};
use super::{activity, continuation, data, io, listener, repeat, task, worker};
use crate::{DataObject, EventDefinition, Node, NodeId, NodeKind, ScopeId};
use roxmltree::Node as Xml;

/// What a node is read against.
pub struct Context<'c, 'd> {
    pub shared: &'c Shared<'d>,
    pub ids: &'c Ids<'d>,
    pub data: &'c [DataObject],
}

/// Reads a flow node; flows and indices come later.
pub fn read<'d>(
    reader: &mut Reader<'d>,
    context: &mut Context<'_, 'd>,
    element: Xml<'d, 'd>,
    scope: ScopeId,
    inner: Option<ScopeId>,
) -> Node {
    let id = element.attribute("id").unwrap_or_default();
    let name = element
        .attribute("name")
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .unwrap_or(id);
    let kind = kind(reader, context, element, inner);
    let mut io = io::read(reader, element);
    worker::fields(reader, element, &mut io);
    data::associations(reader, context.data, element, &mut io);
    Node {
        id: id.into(),
        name: name.into(),
        documentation: reader.child_text(element, "documentation"),
        tag: tag(element.tag_name().name()),
        line: reader.line(element),
        kind,
        scope,
        incoming: Vec::new(),
        outgoing: Vec::new(),
        default: None,
        boundary: Vec::new(),
        repeat: repeat::read(reader, context, element),
        start_quantity: quantity(reader, element, "startQuantity"),
        completion_quantity: quantity(reader, element, "completionQuantity"),
        for_compensation: flag(element, "isForCompensation", false) && !flag(element, "triggeredByEvent", false),
        compensation_handler: None,
        lane: None,
        io,
        hooks: listener::hooks(reader, element),
        skip: camunda(element, "skipExpression").and_then(|text| reader.expression(element, text)),
        apart: continuation::read(reader, element),
        extensions: others(element),
    }
}

fn kind<'d>(
    reader: &mut Reader<'d>,
    context: &mut Context<'_, 'd>,
    element: Xml<'d, 'd>,
    inner: Option<ScopeId>,
) -> NodeKind {
    let (shared, ids) = (context.shared, context.ids);
    match element.tag_name().name() {
        "startEvent" => {
            let interrupting = flag(element, "isInterrupting", true);
            NodeKind::Start(catch(reader, shared, ids, element, interrupting))
        }
        "endEvent" | "intermediateThrowEvent" => throw(reader, context, element),
        "intermediateCatchEvent" => NodeKind::CatchEvent(catch(reader, shared, ids, element, true)),
        "boundaryEvent" => boundary(reader, context, element),
        "exclusiveGateway" => NodeKind::Exclusive,
        "parallelGateway" => NodeKind::Parallel,
        "inclusiveGateway" => NodeKind::Inclusive,
        "complexGateway" => {
            let condition = reader.child_text(element, "activationCondition");
            NodeKind::Complex {
                activation: condition.and_then(|text| reader.expression(element, &text)),
            }
        }
        "eventBasedGateway" => NodeKind::EventBased {
            instantiate: flag(element, "instantiate", false),
            parallel: element.attribute("eventGatewayType") == Some("Parallel"),
        },
        "subProcess" | "transaction" | "adHocSubProcess" => {
            let scope = inner.unwrap_or_default();
            NodeKind::SubProcess {
                kind: activity::sub_process(reader, context, element),
                scope,
            }
        }
        "callActivity" => activity::call(reader, element),
        "implicitThrowEvent" | "event" => {
            reader.error(
                element,
                "element-unsupported",
                "this element cannot be executed",
                "use a throw event",
            );
            NodeKind::AbstractTask
        }
        _ => task::kind(reader, context, element),
    }
}

/// A throw or end event; with a worker that sends its message it is a send task.
fn throw<'d>(reader: &mut Reader<'d>, context: &mut Context<'_, 'd>, element: Xml<'d, 'd>) -> NodeKind {
    if let Some(job) = worker::event_job(reader, element) {
        return NodeKind::SendTask {
            job: Some(job),
            message: None,
        };
    }
    let definitions = definitions(reader, context.shared, context.ids, element, Role::Throw);
    if element.tag_name().name() == "endEvent" {
        NodeKind::End(definitions)
    } else {
        NodeKind::ThrowEvent(definitions)
    }
}

fn boundary<'d>(reader: &mut Reader<'d>, context: &mut Context<'_, 'd>, element: Xml<'d, 'd>) -> NodeKind {
    let reference = element.attribute("attachedToRef").unwrap_or_default();
    let host = context.ids.get(reference).unwrap_or_else(|| {
        let message = format!("the boundary event is attached to '{reference}', which is not in this process");
        reader.error(element, "boundary-host-unknown", message, "attach it to an activity");
        NodeId::MAX
    });
    let mut catch = catch(
        reader,
        context.shared,
        context.ids,
        element,
        flag(element, "cancelActivity", true),
    );
    // BPMN 2.0, table 10.92: error and cancel always interrupt
    if catch
        .definitions
        .iter()
        .any(|one| matches!(one, EventDefinition::Error { .. } | EventDefinition::Cancel))
    {
        catch.interrupting = true;
    }
    NodeKind::Boundary { host, catch }
}

/// `startQuantity` and `completionQuantity`: at least one, and few (BPMN 2.0, 10.3).
fn quantity<'d>(reader: &mut Reader<'d>, element: Xml<'d, 'd>, name: &str) -> u32 {
    const MAX: u32 = 1000;
    let Some(text) = element.attribute(name) else { return 1 };
    match text.trim().parse::<u32>() {
        Ok(value @ 1..=MAX) => value,
        _ => {
            let message = format!("{name} is '{text}'; it must be a number from 1 to {MAX}");
            reader.error(
                element,
                "token-quantity",
                message,
                format!("set {name} to 1 or more, or leave it out"),
            );
            1
        }
    }
}

/// The tag as a static text.
fn tag(name: &str) -> &'static str {
    const GLOBALS: [&str; 4] = [
        "globalScriptTask",
        "globalUserTask",
        "globalManualTask",
        "globalBusinessRuleTask",
    ];
    let mut known = NODES.into_iter().chain(GLOBALS);
    known.find(|tag| *tag == name).unwrap_or("task")
}
