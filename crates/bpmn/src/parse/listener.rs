//! Execution and task listeners of every dialect as [`Hook`]s.

use super::dialect::{CAMUNDA, SPIFF, ZEEBE, attribute, extensions};
use super::reader::{Reader, text};
use super::{script, worker};
use crate::foreign::Statements;
use crate::{Expression, Hook, HookAction, HookAt, JobDef, Text};
use roxmltree::Node;

/// Most listeners of one element.
const MAX_HOOKS: usize = 50;

/// The hooks of a flow node, process or sequence flow. Listeners that cannot be run there are told and left out.
pub fn hooks<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> Vec<Hook> {
    let mut found = Vec::new();
    for child in extensions(element).collect::<Vec<_>>() {
        let namespace = child.tag_name().namespace().unwrap_or_default();
        match child.tag_name().name() {
            "executionListeners" | "taskListeners" if namespace == ZEEBE => {
                for listener in child.children().filter(Node::is_element) {
                    zeebe_listener(reader, element, listener, &mut found);
                }
            }
            "executionListener" | "taskListener" if CAMUNDA.contains(&namespace) => {
                camunda_listener(reader, element, child, &mut found);
            }
            "preScript" if namespace == SPIFF => spiff(reader, element, child, HookAt::Start, &mut found),
            "postScript" if namespace == SPIFF => spiff(reader, element, child, HookAt::End, &mut found),
            _ => {}
        }
    }
    if found.len() > MAX_HOOKS {
        let message = format!("the element has {} listeners; at most {MAX_HOOKS} are run", found.len());
        reader.error(element, "too-many-listeners", message, "join some of them");
    }
    found
}

/// Whether workers may stand beside an element: activities only.
fn may_wait(element: Node<'_, '_>) -> bool {
    let tag = element.tag_name().name();
    tag == "task"
        || tag.ends_with("Task")
        || tag == "callActivity"
        || (tag.ends_with("ubProcess") && element.attribute("triggeredByEvent") != Some("true"))
        || tag == "transaction"
}

/// The moment a listener names; `None` when it has none here.
fn moment(name: &str) -> Option<HookAt> {
    match name {
        "start" | "create" | "creating" => Some(HookAt::Start),
        "end" | "complete" | "completing" => Some(HookAt::End),
        _ => None,
    }
}

fn ignored<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>, listener: Node<'d, 'd>, why: &str) {
    let event = listener
        .attribute("event")
        .or_else(|| listener.attribute("eventType"))
        .unwrap_or("start");
    let tag = element.tag_name().name();
    let message = format!("the '{event}' listener of this {tag} is not run: {why}");
    let remedy = "do it in a task of its own, or let the listener only set variables at start or end";
    reader.warn(listener, "listener-ignored", message, remedy);
}

fn zeebe_listener<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>, listener: Node<'d, 'd>, out: &mut Vec<Hook>) {
    let Some(job_type) = attribute(Some(listener), "type") else {
        return;
    };
    let Some(at) = moment(listener.attribute("eventType").unwrap_or("start")) else {
        return ignored(
            reader,
            element,
            listener,
            "only start (creating) and end (completing) are",
        );
    };
    if !may_wait(element) {
        return ignored(reader, element, listener, "workers stand beside activities only");
    }
    let Some(job_type) = reader.text_or_expression(listener, job_type) else {
        return;
    };
    let retries = listener
        .attribute("retries")
        .filter(|text| text.trim().parse::<u32>().is_ok())
        .unwrap_or("3");
    out.push(Hook {
        at,
        action: HookAction::Job(JobDef {
            job_type,
            retries: Text::Literal(retries.trim().to_owned()),
            priority: None,
            pauses: Vec::new(),
            headers: Default::default(),
        }),
    });
}

fn camunda_listener<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>, listener: Node<'d, 'd>, out: &mut Vec<Hook>) {
    let default = if listener.tag_name().name() == "taskListener" {
        "create"
    } else {
        "start"
    };
    let Some(at) = moment(listener.attribute("event").unwrap_or(default)) else {
        return ignored(
            reader,
            element,
            listener,
            "only those of start (create) and end (complete) are",
        );
    };
    let inner = listener.children().find(|child| child.tag_name().name() == "script");
    let (written, statements) = match (listener.attribute("expression"), inner) {
        (Some(expression), _) => (expression.to_owned(), script::assignments("juel", expression)),
        (None, Some(inner)) => {
            let format = inner.attribute("scriptFormat").unwrap_or("feel");
            (format!("script:{format}"), script::assignments(format, &text(inner)))
        }
        (None, None) => {
            let code = ["class", "delegateExpression"]
                .into_iter()
                .find_map(|name| listener.attribute(name));
            let Some(code) = code else { return };
            (code.to_owned(), Err("it is code of another engine".to_owned()))
        }
    };
    match statements {
        Ok(statements) => push(&statements, at, out),
        Err(why) if !may_wait(element) => ignored(reader, element, listener, &why),
        Err(why) => {
            let job_type = worker::code_name(&written);
            let message =
                format!("the listener '{written}' is not run here ({why}); it becomes a job of the type '{job_type}'");
            let remedy = "provide a worker for this job type, or remove the listener";
            reader.warn(listener, "foreign-code", message, remedy);
            let mut job = worker::job(reader, element, Text::Literal(job_type));
            if let Some(inner) = inner {
                job.headers.insert("script".into(), text(inner));
            }
            out.push(Hook {
                at,
                action: HookAction::Job(job),
            });
        }
    }
}

fn push(statements: &Statements, at: HookAt, out: &mut Vec<Hook>) {
    out.extend(statements.assignments.iter().map(|one| Hook {
        at,
        action: HookAction::Set {
            target: one.target.clone(),
            value: Expression(one.value.clone()),
        },
    }));
}

fn spiff<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>, child: Node<'d, 'd>, at: HookAt, out: &mut Vec<Hook>) {
    match script::assignments("python", &text(child)) {
        Ok(statements) => push(&statements, at, out),
        Err(why) => {
            let message = format!("the Python script beside the element cannot be run here: {why}");
            let remedy = "let it only assign values that FEEL can compute, or do it in a task with a worker";
            reader.error(element, "script-unsupported", message, remedy);
        }
    }
}
