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
    /// process meets an unknown name. Repeating choices are lists, groups that repeat lists of contexts.
    pub fn variables(&self) -> Map<String, Value> {
        let mut values = Map::new();
        self.put(&self.form.items, &mut values);
        values
    }

    fn put(&self, items: &[Item], values: &mut Map<String, Value>) {
        for item in items {
            if item.rows.is_some() {
                let rows = item.items.iter().filter(|row| self.filled(row)).map(|row| {
                    let mut one = Map::new();
                    self.put(&row.items, &mut one);
                    Value::Object(one)
                });
                values.insert(item.origin.clone(), rows.collect());
                continue;
            }
            if item.kind.is_question() {
                values.insert(item.origin.clone(), self.variable(item));
            }
            self.put(&item.items, values);
        }
    }

    fn variable(&self, item: &Item) -> Value {
        if let Some(computed) = &item.computed.result {
            return computed.clone();
        }
        let plain = |answer: &Answer| {
            let value = answer.plain();
            let option = item.options.iter().find(|o| value == o.key.as_str());
            option.and_then(|o| o.variable.clone()).unwrap_or(value)
        };
        let answers = self.answers(&item.link);
        if item.repeats {
            return answers.iter().map(plain).collect();
        }
        answers.first().map_or(Value::Null, plain)
    }

    /// Whether anything in a row was answered: rows left empty are nothing.
    fn filled(&self, row: &Item) -> bool {
        let inside = |item: &Item| self.answers.contains_key(&item.link) || self.filled(item);
        self.enabled.contains(&row.link) && row.items.iter().any(inside)
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

    /// Everything to be written when the task is completed: the response, the files and the Observations.
    pub fn resources(&self, about: &About<'_>) -> Vec<Value> {
        std::iter::once(self.response(about))
            .chain(self.documents(about))
            .chain(self.observations(about))
            .collect()
    }

    fn items(&self, items: &[Item]) -> Vec<Value> {
        items
            .iter()
            .filter(|i| self.enabled.contains(&i.link))
            .flat_map(|item| match item.rows {
                // FHIR says each row of a group that repeats as one more item with its linkId.
                Some(_) => self.items(&item.items),
                None => self.item(item).into_iter().collect(),
            })
            .collect()
    }

    /// A computed value as answer: in words, for the question says nothing of its type.
    fn computed(item: &Item) -> Option<Value> {
        let words = super::computed::words(item.computed.result.as_ref()?);
        (!words.is_empty()).then(|| json!({ "valueString": words }))
    }

    fn item(&self, item: &Item) -> Option<Value> {
        let nested = self.items(&item.items);
        let mut made = json!({ "linkId": item.origin });
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
                let mut answers: Vec<Value> = given.chain(Self::computed(item)).collect();
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
