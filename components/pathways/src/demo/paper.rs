//! A form written by a person of the demo goes the way of every form: the page kit checks it and makes of it the
//! response, the variables and the Observations.

use crate::deployments::form;
use jiff::civil::Date;
use orchestrator::api::CompleteTask;
use serde_json::{Map, Value, json};
use web::form::{About, Form, Prefill};

/// Who writes about whom.
pub(super) struct Writing<'a> {
    /// The day.
    pub today: Date,
    /// Birth date of the person it is about.
    pub born: Date,
    /// Who, about whom, when, for which task.
    pub about: About<'a>,
}

/// The completion of a task whose form (Questionnaire id) is filled in with these answers by question.
///
/// # Errors
/// The answers are not what the form allows: the demo is wrong, and says where.
pub(super) fn written(id: &str, answers: &Map<String, Value>, by: &Writing<'_>) -> Result<CompleteTask, String> {
    let Some(questionnaire) = form(id) else {
        return Ok(CompleteTask::default());
    };
    let form = Form::parse(&questionnaire).map_err(|e| format!("form {id}: {e}"))?;
    let patient = json!({"resourceType": "Patient", "birthDate": by.born.to_string()});
    let prefill = Prefill {
        today: by.today,
        now: by.about.authored,
        patient: Some(&patient),
        values: &Map::new(),
    };
    let posted: Vec<(String, String)> = answers.iter().flat_map(|(name, value)| fields(name, value)).collect();
    let texts = web::Texts::base();
    let done = form.submit(&posted, &prefill, &texts).map_err(|entry| {
        let errors: Vec<&str> = entry.errors().iter().map(|e| e.message.as_str()).collect();
        format!("form {id}: {}", errors.join("; "))
    })?;
    Ok(CompleteTask {
        variables: done.variables(),
        resources: done.resources(&by.about),
    })
}

/// What a browser would send for an answer.
fn fields(name: &str, value: &Value) -> Vec<(String, String)> {
    match value {
        Value::Null | Value::Object(_) => Vec::new(),
        Value::Array(several) => several.iter().flat_map(|one| fields(name, one)).collect(),
        Value::String(text) => vec![(name.to_owned(), text.clone())],
        Value::Number(number) => vec![(name.to_owned(), number.to_string().replace('.', ","))],
        Value::Bool(yes) => vec![(name.to_owned(), yes.to_string())],
    }
}
