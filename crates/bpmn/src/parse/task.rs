//! Tasks, plain and in the dialects.

use super::dialect::{SPIFF, attribute, camunda, extension, zeebe};
use super::node::Context;
use super::reader::{Reader, flag, text};
use super::{form, script, worker};
use crate::{AssignmentDef, DecisionShape, MessageRef, NodeKind, PersonTask, Text};
use roxmltree::Node;

/// The kind of a task or global task.
pub fn kind<'d>(reader: &mut Reader<'d>, context: &mut Context<'_, 'd>, element: Node<'d, 'd>) -> NodeKind {
    match element.tag_name().name() {
        "userTask" | "globalUserTask" => NodeKind::UserTask(person(reader, element)),
        "manualTask" | "globalManualTask" => NodeKind::ManualTask(person(reader, element)),
        "serviceTask" => worker::service(reader, element),
        "sendTask" => {
            let job = worker::worker(reader, element);
            let message = if job.is_none() {
                context.shared.message_of(reader, element)
            } else {
                None
            };
            let job = if job.is_none() && message.is_none() {
                Some(worker::nameless(reader, element, "send task"))
            } else {
                job
            };
            NodeKind::SendTask { job, message }
        }
        "receiveTask" => match context.shared.message_of(reader, element) {
            Some(message) => NodeKind::ReceiveTask {
                message,
                instantiate: flag(element, "instantiate", false),
            },
            None => {
                let id = element.attribute("id").unwrap_or_default();
                let message = format!("the receive task names no message; it waits for one of the name '{id}'");
                reader.warn(element, "message-missing", message, "choose its message");
                NodeKind::ReceiveTask {
                    message: MessageRef::named(id),
                    instantiate: flag(element, "instantiate", false),
                }
            }
        },
        "scriptTask" | "globalScriptTask" => script::task(reader, element),
        "businessRuleTask" | "globalBusinessRuleTask" => decision(reader, element),
        _ => NodeKind::AbstractTask,
    }
}

fn person<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> PersonTask {
    let assignment = zeebe(element, "assignmentDefinition");
    let schedule = zeebe(element, "taskSchedule");
    let (form, fields) = form::read(reader, element);
    let mut read = |value: Option<&str>| value.and_then(|value| reader.text_or_expression(element, value));
    let mut task = PersonTask {
        assignment: AssignmentDef {
            assignee: read(attribute(assignment, "assignee").or_else(|| camunda(element, "assignee"))),
            candidate_groups: read(
                attribute(assignment, "candidateGroups").or_else(|| camunda(element, "candidateGroups")),
            ),
            candidate_users: read(
                attribute(assignment, "candidateUsers").or_else(|| camunda(element, "candidateUsers")),
            ),
        },
        form,
        fields,
        due: read(attribute(schedule, "dueDate").or_else(|| camunda(element, "dueDate"))),
        follow_up: read(attribute(schedule, "followUpDate").or_else(|| camunda(element, "followUpDate"))),
        priority: read(
            attribute(zeebe(element, "priorityDefinition"), "priority").or_else(|| camunda(element, "priority")),
        ),
    };
    if task.assignment.is_empty() {
        task.assignment = owners(reader, element);
    }
    for (what, value) in [("due date", &task.due), ("follow-up date", &task.follow_up)] {
        let Some(Text::Literal(literal)) = value else { continue };
        if crate::parse_date(literal).is_err() && crate::parse_duration(literal).is_err() {
            let message = format!("the {what} '{literal}' is neither a date nor a duration");
            let remedy = "write an ISO 8601 date or duration (P7D), or begin it with '=' for FEEL";
            reader.error(element, "date-invalid", message, remedy);
        }
    }
    task
}

/// Plain BPMN: `humanPerformer` is a person, `potentialOwner` a role.
fn owners<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> AssignmentDef {
    let mut read = |name: &str| {
        let role = reader.child(element, name)?;
        let assignment = reader.child(role, "resourceAssignmentExpression")?;
        let expression = reader.bpmn_children(assignment).into_iter().next()?;
        let written = text(expression);
        reader.text_or_expression(element, &written)
    };
    AssignmentDef {
        assignee: read("humanPerformer").or_else(|| read("performer")),
        candidate_groups: read("potentialOwner"),
        candidate_users: None,
    }
}

fn decision<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> NodeKind {
    let called = zeebe(element, "calledDecision");
    let spiff = extension(element, SPIFF, "calledDecisionId").map(text);
    let named = attribute(called, "decisionId").or_else(|| camunda(element, "decisionRef"));
    if let Some(decision) = named.or(spiff.as_deref()) {
        let result = attribute(called, "resultVariable").or_else(|| camunda(element, "resultVariable"));
        let result = result.map(str::to_owned);
        let shape = match camunda(element, "mapDecisionResult") {
            _ if called.is_some() || camunda(element, "decisionRef").is_none() => DecisionShape::Plain,
            Some("singleEntry") => DecisionShape::SingleEntry,
            Some("singleResult") => DecisionShape::SingleResult,
            Some("collectEntries") => DecisionShape::CollectEntries,
            _ => DecisionShape::ResultList,
        };
        if let Some(decision) = reader.text_or_expression(element, decision) {
            return NodeKind::DecisionTask {
                decision,
                result,
                shape,
            };
        }
        return NodeKind::AbstractTask;
    }
    if let Some(job) = worker::worker(reader, element) {
        return NodeKind::RuleJob(job);
    }
    let remedy = "name the decision (calledDecision) or a worker (taskDefinition)";
    reader.error(
        element,
        "decision-missing",
        "the business rule task names no decision",
        remedy,
    );
    NodeKind::AbstractTask
}
