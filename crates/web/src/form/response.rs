//! The answers as QuestionnaireResponse and as task variables.

use super::{Answer, Completed, Item, Kind};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// System of the identifier that ties a response to the task it completed.
const TASK_IDENTIFIER: &str = "https://sinfonia.it/fhir/sid/task";

/// Who answered what about whom, when.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// `Patient/…`.
    pub subject: &'a str,
    /// Who filled in the form: `Practitioner/…` or `Patient/…`.
    pub author: &'a str,
    /// When.
    pub authored: Timestamp,
    /// Task id; empty when it belongs to none.
    pub task: &'a str,
}

impl Completed<'_> {
    /// The answers of a question.
    pub fn answers(&self, link: &str) -> &[Answer] {
        self.answers.get(link).map_or(&[], Vec::as_slice)
    }

    /// Values by linkId for the process: what was not answered (or not asked) is null, so that no condition of the
    /// process meets an unknown name. Repeating choices are lists.
    pub fn variables(&self) -> Map<String, Value> {
        let questions = self.form.all().into_iter().filter(|i| i.kind.is_question());
        let value = |item: &Item| {
            let answers = self.answers(&item.link);
            if item.repeats {
                return Value::Array(answers.iter().map(Answer::plain).collect());
            }
            answers.first().map_or(Value::Null, Answer::plain)
        };
        questions.map(|item| (item.link.clone(), value(item))).collect()
    }

    /// The QuestionnaireResponse, without id.
    pub fn response(&self, about: &About<'_>) -> Value {
        let mut response = json!({
            "resourceType": "QuestionnaireResponse",
            "status": "completed",
            "subject": { "reference": about.subject },
            "authored": fhir::instant(about.authored),
            "author": { "reference": about.author },
        });
        if !about.task.is_empty() {
            response["identifier"] = json!({ "system": TASK_IDENTIFIER, "value": about.task });
        }
        let canonical = match (&self.form.url, &self.form.version) {
            (Some(url), Some(version)) => format!("{url}|{version}"),
            (Some(url), None) => url.clone(),
            (None, _) => format!("Questionnaire/{}", self.form.id),
        };
        response["questionnaire"] = json!(canonical);
        let items = self.items(&self.form.items);
        if !items.is_empty() {
            response["item"] = items.into();
        }
        response
    }

    /// Everything to be written when the task is completed: the response and the Observations.
    pub fn resources(&self, about: &About<'_>) -> Vec<Value> {
        std::iter::once(self.response(about))
            .chain(self.observations(about))
            .collect()
    }

    fn items(&self, items: &[Item]) -> Vec<Value> {
        items
            .iter()
            .filter(|i| self.enabled.contains(&i.link))
            .filter_map(|item| self.item(item))
            .collect()
    }

    fn item(&self, item: &Item) -> Option<Value> {
        let nested = self.items(&item.items);
        let mut made = json!({ "linkId": item.link });
        if !item.text.is_empty() {
            made["text"] = json!(item.text);
        }
        match item.kind {
            Kind::Display => return None,
            Kind::Group if nested.is_empty() => return None,
            Kind::Group => made["item"] = nested.into(),
            _ => {
                let given = self.answers(&item.link).iter().map(|answer| {
                    let (kind, value) = answer.fhir();
                    json!({ format!("value{kind}"): value })
                });
                let mut answers: Vec<Value> = given.collect();
                // Questions inside a question hang on its answer; without one they are kept beside it.
                match answers.first_mut() {
                    Some(first) if !nested.is_empty() => first["item"] = nested.into(),
                    Some(_) => {}
                    None if nested.is_empty() => return None,
                    None => made["item"] = nested.into(),
                }
                if !answers.is_empty() {
                    made["answer"] = answers.into();
                }
            }
        }
        Some(made)
    }
}
