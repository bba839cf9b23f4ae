//! Tasks, plain and in the dialects.

use super::dialect::{attribute, camunda, camunda_element, zeebe};
use super::node::Context;
use super::reader::{Reader, flag, text};
use crate::{AssignmentDef, JobDef, NodeKind, PersonTask, Script, Text};
use roxmltree::Node;
use std::collections::BTreeMap;

/// The kind of a task or global task.
pub fn kind<'d>(reader: &mut Reader<'d>, context: &mut Context<'_, 'd>, element: Node<'d, 'd>) -> NodeKind {
    match element.tag_name().name() {
        "userTask" | "globalUserTask" => NodeKind::UserTask(person(reader, element)),
        "manualTask" | "globalManualTask" => NodeKind::ManualTask(person(reader, element)),
        "serviceTask" => NodeKind::ServiceTask(service(reader, element)),
        "sendTask" => {
            let job = worker(reader, element);
            let message = if job.is_none() {
                context.shared.message_of(reader, element)
            } else {
                None
            };
            if job.is_none() && message.is_none() {
                let remedy = "choose its message, or give it a task definition (job type)";
                reader.error(
                    element,
                    "message-missing",
                    "the send task has neither message nor worker",
                    remedy,
                );
            }
            NodeKind::SendTask { job, message }
        }
        "receiveTask" => match context.shared.message_of(reader, element) {
            Some(message) => NodeKind::ReceiveTask {
                message,
                instantiate: flag(element, "instantiate", false),
            },
            None => {
                reader.error(
                    element,
                    "message-missing",
                    "the receive task names no message",
                    "choose its message",
                );
                NodeKind::AbstractTask
            }
        },
        "scriptTask" | "globalScriptTask" => script(reader, element),
        "businessRuleTask" | "globalBusinessRuleTask" => decision(reader, element),
        _ => NodeKind::AbstractTask,
    }
}

fn person<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> PersonTask {
    let assignment = zeebe(element, "assignmentDefinition");
    let schedule = zeebe(element, "taskSchedule");
    let form = zeebe(element, "formDefinition");
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
        form: read(
            attribute(form, "formId")
                .or_else(|| attribute(form, "externalReference"))
                .or_else(|| attribute(form, "formKey"))
                .or_else(|| camunda(element, "formKey"))
                .or_else(|| camunda(element, "formRef")),
        ),
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

/// The worker of a service task. Without any, the element id is the job type, and someone is told.
fn service<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> JobDef {
    if let Some(job) = worker(reader, element) {
        return job;
    }
    let id = element.attribute("id").unwrap_or_default();
    let message = format!("the service task names no worker; its jobs have the type '{id}'");
    reader.warn(
        element,
        "job-type-missing",
        message,
        "give it a task definition (job type)",
    );
    job(reader, element, Text::Literal(id.to_owned()))
}

/// The worker that a dialect names.
fn worker<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> Option<JobDef> {
    if let Some(job_type) = attribute(zeebe(element, "taskDefinition"), "type") {
        let job_type = reader.text_or_expression(element, job_type)?;
        return Some(job(reader, element, job_type));
    }
    if let Some(topic) = camunda(element, "topic") {
        let topic = reader.text_or_expression(element, topic)?;
        return Some(job(reader, element, topic));
    }
    let code = ["class", "delegateExpression", "expression", "type"]
        .into_iter()
        .find_map(|name| camunda(element, name).map(|value| (name, value)));
    if let Some((name, value)) = code {
        let message = format!("{name} '{value}' is code of another engine; it becomes a job of that type");
        reader.warn(
            element,
            "foreign-code",
            message,
            "provide a worker for this job type, or set another one",
        );
        return Some(job(reader, element, Text::Literal(value.to_owned())));
    }
    let implementation = attribute(Some(element), "implementation").filter(|value| !value.starts_with("##"))?;
    Some(job(reader, element, Text::Literal(implementation.to_owned())))
}

/// A throw or end event whose message a worker sends.
pub fn event_job<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> Option<JobDef> {
    let definition = reader.child(element, "messageEventDefinition")?;
    if zeebe(element, "taskDefinition").is_some() {
        worker(reader, element)
    } else {
        worker(reader, definition)
    }
}

fn job<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>, job_type: Text) -> JobDef {
    let mut headers = BTreeMap::new();
    if let Some(holder) = zeebe(element, "taskHeaders") {
        for header in holder.children().filter(Node::is_element) {
            if let (Some(key), Some(value)) = (header.attribute("key"), header.attribute("value")) {
                headers.insert(key.to_owned(), value.to_owned());
            }
        }
    }
    let cycle = camunda_element(element, "failedJobRetryTimeCycle").map(text);
    let (from_cycle, pauses) = cycle.map_or((None, Vec::new()), |cycle| retry_cycle(&cycle));
    let retries = match attribute(zeebe(element, "taskDefinition"), "retries") {
        Some(retries) => reader.text_or_expression(element, retries),
        None => from_cycle.map(|count| Text::Literal(count.to_string())),
    };
    let retries = retries.unwrap_or_else(|| Text::Literal("3".into()));
    if let Text::Literal(literal) = &retries
        && literal.parse::<u32>().is_err()
    {
        let message = format!("retries is '{literal}'; it must be a whole number");
        reader.error(element, "retries-invalid", message, "write a number such as 3");
    }
    let priority = attribute(zeebe(element, "jobPriorityDefinition"), "priority").or_else(|| {
        let levels = element.ancestors().filter(Node::is_element);
        levels.filter_map(|level| camunda(level, "taskPriority")).next()
    });
    let priority = priority.and_then(|priority| reader.text_or_expression(element, priority));
    JobDef {
        job_type,
        retries,
        priority,
        pauses,
        headers,
    }
}

/// Tries and pauses of a `failedJobRetryTimeCycle`: `R3/PT10M`, or the pauses themselves, `PT5M,PT15M`, which make one
/// try more than there are pauses (Camunda 7 manual, "Use a custom job retry configuration").
fn retry_cycle(written: &str) -> (Option<u32>, Vec<String>) {
    if let Ok(cycle) = crate::parse_cycle(written) {
        return (cycle.repeat, vec![cycle.every.to_string()]);
    }
    let pauses: Vec<String> = written.split(',').map(|pause| pause.trim().to_owned()).collect();
    if pauses.iter().all(|pause| crate::parse_duration(pause).is_ok()) {
        (u32::try_from(pauses.len() + 1).ok(), pauses)
    } else {
        (None, Vec::new())
    }
}

fn script<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> NodeKind {
    if let Some(script) = zeebe(element, "script") {
        let written = attribute(Some(script), "expression").unwrap_or_default();
        let result = attribute(Some(script), "resultVariable").map(str::to_owned);
        return match reader.expression(element, written) {
            Some(expression) => NodeKind::ScriptTask(Script::Feel { expression, result }),
            None => empty_script(reader, element),
        };
    }
    if let Some(job) = worker(reader, element) {
        return NodeKind::ScriptTask(Script::Job(job));
    }
    let Some(source) = reader.child_text(element, "script") else {
        return empty_script(reader, element);
    };
    let format = attribute(Some(element), "scriptFormat").or_else(|| attribute(Some(element), "scriptLanguage"));
    let format = format.unwrap_or("feel").to_ascii_lowercase();
    let result = camunda(element, "resultVariable").map(str::to_owned);
    if matches!(format.as_str(), "feel" | "application/feel" | "text/feel" | "juel") {
        return match reader.expression(element, &source) {
            Some(expression) => NodeKind::ScriptTask(Script::Feel { expression, result }),
            None => empty_script(reader, element),
        };
    }
    let mut job = job(reader, element, Text::Literal(format!("script:{format}")));
    job.headers.insert("script".into(), source);
    if let Some(result) = result {
        job.headers.insert("resultVariable".into(), result);
    }
    NodeKind::ScriptTask(Script::Job(job))
}

fn empty_script<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> NodeKind {
    reader.warn(
        element,
        "script-empty",
        "the script task has no script and does nothing",
        "write the script in FEEL",
    );
    NodeKind::AbstractTask
}

fn decision<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> NodeKind {
    let called = zeebe(element, "calledDecision");
    if let Some(decision) = attribute(called, "decisionId").or_else(|| camunda(element, "decisionRef")) {
        let result = attribute(called, "resultVariable").or_else(|| camunda(element, "resultVariable"));
        let result = result.map(str::to_owned);
        if let Some(decision) = reader.text_or_expression(element, decision) {
            return NodeKind::DecisionTask { decision, result };
        }
        return NodeKind::AbstractTask;
    }
    if let Some(job) = worker(reader, element) {
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
