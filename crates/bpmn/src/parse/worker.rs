//! Who does a service, send, script or rule task: a worker by job type, in every dialect.

use super::dialect::{CAMUNDA, SPIFF, attribute, camunda, camunda_element, extension, extensions, zeebe};
use super::reader::{Reader, text};
use crate::foreign::{self, Language};
use crate::{Expression, Io, JobDef, Mapping, NodeKind, Script, Text};
use roxmltree::Node;
use std::collections::BTreeMap;

/// The kind of a service task: a job, or an expression that FEEL can say.
pub fn service<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> NodeKind {
    if let Some(script) = computed(element) {
        return NodeKind::ScriptTask(script);
    }
    if let Some(decision) = flowable_decision(reader, element) {
        return decision;
    }
    if let Some(job) = worker(reader, element) {
        return NodeKind::ServiceTask(job);
    }
    NodeKind::ServiceTask(nameless(reader, element, "service task"))
}

/// Without any worker the element id is the job type, and someone is told.
pub fn nameless<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>, what: &str) -> JobDef {
    let id = element.attribute("id").unwrap_or_default();
    let message = format!("the {what} names no worker; its jobs have the type '{id}'");
    reader.warn(
        element,
        "job-type-missing",
        message,
        "give it a task definition (job type)",
    );
    job(reader, element, Text::Literal(id.to_owned()))
}

/// `camunda:expression` that computes a value or sets a variable, without code of another engine.
fn computed(element: Node<'_, '_>) -> Option<Script> {
    let body = foreign::body(camunda(element, "expression")?.trim())?;
    let result = camunda(element, "resultVariable").or_else(|| camunda(element, "resultVariableName"));
    let statements = foreign::statements(body, Language::Juel).ok()?;
    if let [one] = statements.assignments.as_slice() {
        let expression = Expression(format!("{{{}: {}}}", one.target, one.value));
        return Some(Script::Feel {
            expression,
            result: None,
        });
    }
    // a getter of a bean would read as a member of a variable and quietly give nothing
    let calls = body.contains('(') && !body.contains("execution.getVariable") && result.is_none();
    let bean = body.contains('(') && statements.value.as_ref().is_some_and(|feel| !feel.contains('('));
    if calls || (bean && !body.contains("execution.") && !body.starts_with('(')) {
        return None;
    }
    Some(Script::Feel {
        expression: Expression(statements.value?),
        // without a name for it the value is dropped
        result: Some(result.unwrap_or("expressionValue").to_owned()),
    })
}

/// Flowable's `flowable:type="dmn"` names its decision in a field.
fn flowable_decision<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> Option<NodeKind> {
    if camunda(element, "type") != Some("dmn") {
        return None;
    }
    let fields = camunda_fields(element);
    let key = fields
        .iter()
        .find(|(name, _)| name == "decisionTableReferenceKey" || name == "decisionServiceReferenceKey")?;
    let decision = reader.text_or_expression(element, &key.1)?;
    Some(NodeKind::DecisionTask {
        decision,
        result: None,
        shape: crate::DecisionShape::Plain,
    })
}

/// The worker that a dialect names.
pub fn worker<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> Option<JobDef> {
    if let Some(job_type) = attribute(zeebe(element, "taskDefinition"), "type") {
        let job_type = reader.text_or_expression(element, job_type)?;
        return Some(job(reader, element, job_type));
    }
    if let Some(topic) = camunda(element, "topic") {
        let topic = reader.text_or_expression(element, topic)?;
        return Some(job(reader, element, topic));
    }
    if let Some(operator) = extension(element, SPIFF, "serviceTaskOperator") {
        let id = attribute(Some(operator), "id")?;
        let mut job = job(reader, element, Text::Literal(id.to_owned()));
        if let Some(result) = attribute(Some(operator), "resultVariable") {
            job.headers.insert("resultVariable".into(), result.to_owned());
        }
        return Some(job);
    }
    if let Some(code) = foreign_code(element) {
        let message = format!(
            "{} '{}' is code of another engine; it becomes a job of the type '{}'",
            code.what, code.written, code.job_type
        );
        reader.warn(
            element,
            "foreign-code",
            message,
            "provide a worker for this job type, or set another one",
        );
        return Some(job(reader, element, Text::Literal(code.job_type)));
    }
    let implementation = attribute(Some(element), "implementation").filter(|value| !value.starts_with("##"))?;
    Some(job(reader, element, Text::Literal(implementation.to_owned())))
}

/// Code that another engine would call, and the job type that stands for it.
pub struct ForeignCode {
    pub what: &'static str,
    pub written: String,
    pub job_type: String,
}

/// `class`, `delegateExpression`, `expression`, `connectorId`, `type` of an element.
fn foreign_code(element: Node<'_, '_>) -> Option<ForeignCode> {
    let attributes = ["class", "delegateExpression", "expression", "type"];
    let found = attributes
        .into_iter()
        .find_map(|name| camunda(element, name).map(|value| (name, value.to_owned())));
    let connector = || {
        let connector = camunda_element(element, "connector")?;
        let id = connector
            .children()
            .find(|child| child.tag_name().name() == "connectorId")?;
        Some(("connector", text(id)))
    };
    let (what, written) = found.or_else(connector)?;
    let job_type = code_name(&written);
    Some(ForeignCode {
        what,
        written,
        job_type,
    })
}

/// A class name as it is; of `${bean}` the name, of `${bean.method(…)}` bean and method.
pub fn code_name(written: &str) -> String {
    let body = foreign::body(written.trim()).unwrap_or(written).trim();
    body.split('(').next().unwrap_or(body).trim().to_owned()
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

/// A job with the headers, retries and priority of an element.
pub fn job<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>, job_type: Text) -> JobDef {
    let mut headers = BTreeMap::new();
    if let Some(holder) = zeebe(element, "taskHeaders") {
        for header in holder.children().filter(Node::is_element) {
            if let (Some(key), Some(value)) = (header.attribute("key"), header.attribute("value")) {
                headers.insert(key.to_owned(), value.to_owned());
            }
        }
    }
    for (name, value) in camunda_fields(element) {
        if !foreign::is_composite(&value) {
            headers.insert(name, value);
        }
    }
    if let Some(result) = camunda(element, "resultVariable").or_else(|| camunda(element, "resultVariableName")) {
        headers.insert("resultVariable".to_owned(), result.to_owned());
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

/// Whether an element says how often and when a failed try is made again.
pub fn retries_told(element: Node<'_, '_>) -> bool {
    let mut found = extensions_of(element);
    found.any(|child| child.tag_name().name() == "failedJobRetryTimeCycle")
}

/// `camunda:field`, `flowable:field`: name and text or expression.
fn camunda_fields(element: Node<'_, '_>) -> Vec<(String, String)> {
    let ours = |child: &Node<'_, '_>| child.tag_name().namespace().is_some_and(|uri| CAMUNDA.contains(&uri));
    let fields = extensions_of(element).filter(|child| child.tag_name().name() == "field" && ours(child));
    let read = fields.filter_map(|field| {
        let inner = field.children().find(|child| child.is_element()).map(text);
        let value = field.attribute("stringValue").or_else(|| field.attribute("expression"));
        Some((field.attribute("name")?.to_owned(), value.map(str::to_owned).or(inner)?))
    });
    read.collect()
}

fn extensions_of<'a, 'd>(element: Node<'a, 'd>) -> impl Iterator<Item = Node<'a, 'd>> {
    let holders = element
        .children()
        .filter(|child| child.tag_name().name() == "extensionElements");
    holders.flat_map(|holder| holder.children()).filter(Node::is_element)
}

/// Fields with expressions and SpiffWorkflow's operator parameters become inputs of the job.
pub fn fields<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>, io: &mut Io) {
    for (target, written) in camunda_fields(element) {
        if foreign::is_composite(&written)
            && let Ok(source) = Expression::read(&written)
        {
            io.inputs.push(Mapping { source, target });
        }
    }
    let Some(operator) = extensions(element).find(|child| child.has_tag_name((SPIFF, "serviceTaskOperator"))) else {
        return;
    };
    for parameter in operator
        .descendants()
        .filter(|child| child.tag_name().name() == "parameter")
    {
        let (Some(id), Some(value)) = (parameter.attribute("id"), attribute(Some(parameter), "value")) else {
            continue;
        };
        if let Some(source) = reader.expression(element, value) {
            io.inputs.push(Mapping {
                source,
                target: id.to_owned(),
            });
        }
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
