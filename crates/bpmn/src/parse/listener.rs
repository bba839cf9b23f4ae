//! Execution and task listeners of every dialect as [`Hook`]s.

use super::dialect::{CAMUNDA, SPIFF, ZEEBE, attribute, extensions};
use super::reader::{Reader, text};
use super::{event, script, worker};
use crate::foreign::Statements;
use crate::{Expression, Hook, HookAction, HookAt, JobDef, Text, TimerDef};
use roxmltree::Node;
use std::collections::BTreeMap;

/// Most listeners of one element.
const MAX_HOOKS: usize = 50;
/// Header of a listener's job: what happened, as the model calls it.
const EVENT: &str = "listenerEventType";

/// The hooks of a flow node, process or sequence flow. Listeners of what never
/// happens there are told and left out.
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

/// The moments a listener names; none when it has none here.
fn moments(element: Node<'_, '_>, of_task: bool, name: &str) -> &'static [HookAt] {
    let tag = element.tag_name().name();
    if tag == "sequenceFlow" {
        return if name == "take" { &[HookAt::Start] } else { &[] };
    }
    if !of_task {
        return match name {
            "start" => &[HookAt::Start],
            "end" => &[HookAt::End],
            _ => &[],
        };
    }
    match name {
        "create" | "creating" => &[HookAt::Start],
        "complete" | "completing" => &[HookAt::End],
        _ if !tag.ends_with("serTask") => &[],
        "assignment" | "assigning" => &[HookAt::Assign],
        "update" | "updating" => &[HookAt::Update],
        "delete" | "canceling" => &[HookAt::Cancel],
        "timeout" => &[HookAt::Timeout],
        // Flowable
        "all" => &[HookAt::Start, HookAt::Assign, HookAt::End, HookAt::Cancel],
        _ => &[],
    }
}

fn ignored<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>, listener: Node<'d, 'd>, event: &str) {
    let tag = element.tag_name().name();
    let message = format!("the '{event}' listener of this {tag} is not run: nothing of the kind happens there");
    let remedy = "use start or end (of a sequence flow: take; of a user task also create, assignment, update, \
                  complete, delete, timeout), or remove it";
    reader.warn(listener, "listener-ignored", message, remedy);
}

fn zeebe_listener<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>, listener: Node<'d, 'd>, out: &mut Vec<Hook>) {
    let Some(job_type) = attribute(Some(listener), "type") else {
        return;
    };
    let of_task = listener.tag_name().name() == "taskListener";
    let event = listener.attribute("eventType").unwrap_or("start");
    let [at] = moments(element, of_task, event) else {
        return ignored(reader, element, listener, event);
    };
    let Some(job_type) = reader.text_or_expression(listener, job_type) else {
        return;
    };
    let retries = listener
        .attribute("retries")
        .filter(|text| text.trim().parse::<u32>().is_ok())
        .unwrap_or("3");
    let job = JobDef {
        job_type,
        retries: Text::Literal(retries.trim().to_owned()),
        priority: None,
        pauses: Vec::new(),
        headers: BTreeMap::from([(EVENT.to_owned(), event.to_owned())]),
    };
    out.push(Hook::new(*at, HookAction::Job(job)));
}

fn camunda_listener<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>, listener: Node<'d, 'd>, out: &mut Vec<Hook>) {
    let of_task = listener.tag_name().name() == "taskListener";
    let default = match element.tag_name().name() {
        _ if of_task => "create",
        "sequenceFlow" => "take",
        _ => "start",
    };
    let event = listener.attribute("event").unwrap_or(default);
    let moments = moments(element, of_task, event);
    if moments.is_empty() {
        return ignored(reader, element, listener, event);
    }
    let Some(actions) = actions(reader, element, listener, event) else {
        return;
    };
    for at in moments {
        let timer = if *at == HookAt::Timeout {
            let Some(timer) = timeout(reader, listener) else { return };
            Some(timer)
        } else {
            None
        };
        out.extend(actions.iter().map(|action| Hook {
            at: *at,
            action: action.clone(),
            timer: timer.clone(),
        }));
    }
}

/// Camunda 7: a `timeout` listener holds the timer that it waits for.
fn timeout<'d>(reader: &mut Reader<'d>, listener: Node<'d, 'd>) -> Option<TimerDef> {
    let Some(definition) = reader.child(listener, "timerEventDefinition") else {
        let remedy = "give it a timerEventDefinition with a date, duration or cycle";
        reader.error(listener, "timer-invalid", "the timeout listener has no timer", remedy);
        return None;
    };
    event::timer_definition(reader, definition, listener)
}

/// What a listener does: variables that it sets, or a job.
fn actions<'d>(
    reader: &mut Reader<'d>,
    element: Node<'d, 'd>,
    listener: Node<'d, 'd>,
    event: &str,
) -> Option<Vec<HookAction>> {
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
                .find_map(|name| listener.attribute(name))?;
            (code.to_owned(), Err("it is code of another engine".to_owned()))
        }
    };
    let why = match statements {
        Ok(statements) => return Some(setters(&statements)),
        Err(why) => why,
    };
    let job_type = worker::code_name(&written);
    let message =
        format!("the listener '{written}' is not run here ({why}); it becomes a job of the type '{job_type}'");
    let remedy = "provide a worker for this job type, or remove the listener";
    reader.warn(listener, "foreign-code", message, remedy);
    let mut job = worker::job(reader, element, Text::Literal(job_type));
    if let Some(inner) = inner {
        job.headers.insert("script".into(), text(inner));
    }
    for field in listener.children().filter(|child| child.tag_name().name() == "field") {
        if let (Some(name), Some(value)) = (field.attribute("name"), field.attribute("stringValue")) {
            job.headers.insert(name.to_owned(), value.to_owned());
        }
    }
    job.headers.insert(EVENT.to_owned(), event.to_owned());
    Some(vec![HookAction::Job(job)])
}

fn setters(statements: &Statements) -> Vec<HookAction> {
    let assignments = statements.assignments.iter();
    let set = assignments.map(|one| HookAction::Set {
        target: one.target.clone(),
        value: Expression(one.value.clone()),
    });
    set.collect()
}

fn spiff<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>, child: Node<'d, 'd>, at: HookAt, out: &mut Vec<Hook>) {
    match script::assignments("python", &text(child)) {
        Ok(statements) => out.extend(setters(&statements).into_iter().map(|action| Hook::new(at, action))),
        Err(why) => {
            let message = format!("the Python script beside the element cannot be run here: {why}");
            let remedy = "let it only assign values that FEEL can compute, or do it in a task with a worker";
            reader.error(element, "script-unsupported", message, remedy);
        }
    }
}
