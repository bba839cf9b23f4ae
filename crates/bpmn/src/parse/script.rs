//! Scripts: FEEL runs as it is; what other languages only compute or assign is brought to FEEL; the rest is a job.

use super::dialect::{attribute, camunda, zeebe};
use super::reader::{Reader, text};
use super::worker;
use crate::foreign::{self, Language, Statements};
use crate::{Expression, NodeKind, Script, Text};
use roxmltree::Node;

/// The language of a `scriptFormat`; `None`: FEEL.
fn language(format: &str) -> Option<Option<Language>> {
    let format = format.trim().to_ascii_lowercase();
    let format = format.rsplit('/').next().unwrap_or_default().trim_start_matches("x-");
    match format {
        "feel" => Some(None),
        "juel" => Some(Some(Language::Juel)),
        "javascript" | "ecmascript" | "js" | "groovy" | "typescript" => Some(Some(Language::Script)),
        "python" | "jython" | "py" => Some(Some(Language::Python)),
        _ => None,
    }
}

/// What a script sets, in the order of its statements.
///
/// # Errors
/// Why it cannot be told in FEEL.
pub fn assignments(format: &str, source: &str) -> Result<Statements, String> {
    match language(format) {
        Some(Some(Language::Juel)) | Some(None) => {
            let body = foreign::body(source.trim());
            match body.filter(|body| body.contains("setVariable")) {
                Some(body) => foreign::statements(body, Language::Juel),
                None => Ok(Statements {
                    assignments: Vec::new(),
                    value: Some(Expression::read(source)?.0),
                }),
            }
        }
        Some(Some(language)) => foreign::statements(source, language),
        None => Err(format!("'{format}' is a language that is not run here")),
    }
}

/// The value of a `camunda:script` inside a mapping.
pub fn value<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> Option<Expression> {
    let format = element.attribute("scriptFormat").unwrap_or("feel");
    let source = text(element);
    if format.eq_ignore_ascii_case("freemarker") && !source.contains("<#") {
        return reader.text_or_expression(element, &source).map(|text| match text {
            Text::Literal(text) => Expression(foreign::quoted(&text)),
            Text::Feel(expression) => expression,
        });
    }
    let found = match element.attribute("resource") {
        Some(resource) => Err(format!("its text is in '{resource}', which is not in the model")),
        None => assignments(format, &source).map(|statements| context(&statements, Some("value"))),
    };
    match found {
        Ok(context) => Some(Expression(format!("({context}).value"))),
        Err(reason) => {
            let message = format!("the {format} script of the mapping cannot be run here: {reason}");
            reader.error(
                element,
                "script-unsupported",
                message,
                "write the value in FEEL, beginning with '='",
            );
            None
        }
    }
}

/// Statements as one FEEL context; the value goes under `result`, where it has a name.
fn context(statements: &Statements, result: Option<&str>) -> String {
    let mut steps: Vec<(String, String)> = Vec::new();
    let mut newest: Vec<(String, String)> = Vec::new();
    for one in &statements.assignments {
        let (name, rest) = one.target.split_once('.').unwrap_or((&one.target, ""));
        let mut value = renamed(&one.value, &newest);
        if !rest.is_empty() {
            let keys: Vec<String> = rest.split('.').map(foreign::quoted).collect();
            let holder = renamed(name, &newest);
            value = format!(
                "context put(if {holder} = null then {{}} else {holder}, [{}], {value})",
                keys.join(", ")
            );
        }
        let count = steps
            .iter()
            .filter(|(step, _)| step == name || step.starts_with(&format!("{name}__")))
            .count();
        let step = if count == 0 {
            name.to_owned()
        } else {
            format!("{name}__{count}")
        };
        newest.retain(|(variable, _)| variable != name);
        newest.push((name.to_owned(), step.clone()));
        steps.push((step, value));
    }
    let value = statements.value.as_ref().map(|value| renamed(value, &newest));
    let plain = newest.iter().all(|(variable, step)| variable == step);
    let mut entries: Vec<String> = steps.iter().map(|(step, value)| format!("{step}: {value}")).collect();
    if let (Some(name), Some(value)) = (result, &value) {
        entries.push(format!("{name}: {value}"));
        newest.push((name.to_owned(), name.to_owned()));
    }
    if plain {
        return format!("{{{}}}", entries.join(", "));
    }
    let out: Vec<String> = newest
        .iter()
        .map(|(variable, step)| format!("{variable}: steps.{step}"))
        .collect();
    format!("{{steps: {{{}}}, out: {{{}}}}}.out", entries.join(", "), out.join(", "))
}

/// The expression with the newest name of each variable that was assigned twice.
fn renamed(expression: &str, newest: &[(String, String)]) -> String {
    if newest.iter().all(|(variable, step)| variable == step) {
        return expression.to_owned();
    }
    let mut out = String::with_capacity(expression.len());
    let mut word = String::new();
    let (mut inside, mut before) = (false, ' ');
    for c in expression.chars().chain([' ']) {
        if !inside && (c.is_alphanumeric() || c == '_') {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            let step = newest.iter().find(|(variable, _)| *variable == word && before != '.');
            out.push_str(step.map_or(&word, |(_, step)| step));
            word.clear();
        }
        inside ^= c == '"';
        before = c;
        out.push(c);
    }
    out.pop();
    out
}

/// The kind of a script task.
pub fn task<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> NodeKind {
    if let Some(script) = zeebe(element, "script") {
        let written = attribute(Some(script), "expression").unwrap_or_default();
        let result = attribute(Some(script), "resultVariable").map(str::to_owned);
        return match reader.expression(element, written) {
            Some(expression) => NodeKind::ScriptTask(Script::Feel { expression, result }),
            None => empty(reader, element),
        };
    }
    if let Some(job) = worker::worker(reader, element) {
        return NodeKind::ScriptTask(Script::Job(job));
    }
    let Some(source) = reader.child_text(element, "script") else {
        return empty(reader, element);
    };
    let format = attribute(Some(element), "scriptFormat").or_else(|| attribute(Some(element), "scriptLanguage"));
    let format = format
        .unwrap_or(if reader.python() { "python" } else { "feel" })
        .to_ascii_lowercase();
    let result = camunda(element, "resultVariable").map(str::to_owned);
    if language(&format) == Some(None) {
        return match reader.expression(element, &source) {
            Some(expression) => NodeKind::ScriptTask(Script::Feel { expression, result }),
            None => empty(reader, element),
        };
    }
    let why = match assignments(&format, &source) {
        Ok(statements) if result.is_some() && statements.value.is_none() => "it gives no value".to_owned(),
        Ok(statements) => {
            let expression = Expression(context(&statements, result.as_deref()));
            return NodeKind::ScriptTask(Script::Feel {
                expression,
                result: None,
            });
        }
        Err(why) => why,
    };
    let job_type = format!("script:{format}");
    if language(&format).is_some() {
        let message = format!("the script is not run here ({why}); it becomes a job of the type '{job_type}'");
        reader.warn(
            element,
            "foreign-code",
            message,
            "write it in FEEL, or provide a worker for this job type",
        );
    }
    let mut job = worker::job(reader, element, Text::Literal(job_type));
    job.headers.insert("script".into(), source);
    if let Some(result) = result {
        job.headers.insert("resultVariable".into(), result);
    }
    NodeKind::ScriptTask(Script::Job(job))
}

fn empty<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> NodeKind {
    reader.warn(
        element,
        "script-empty",
        "the script task has no script and does nothing",
        "write the script in FEEL",
    );
    NodeKind::AbstractTask
}
