//! When a question is asked, as data for the island and in words for those without scripts.

use super::Answer;
use super::field::Fields;
use super::item::{Condition, Item, Operator};
use crate::html::escape;
use crate::{decimal, fhir_date};
use serde_json::{Value, json};
use std::fmt::Write as _;

impl Fields<'_> {
    /// The condition for the island, as data.
    pub(super) fn when(&self, item: &Item) -> String {
        if item.conditions.is_empty() {
            return String::new();
        }
        let rules: Vec<Value> = item
            .conditions
            .iter()
            .map(|c| json!({ "q": c.question, "op": operator(c.operator), "v": c.answer.plain() }))
            .collect();
        let any = if item.any { "any" } else { "all" };
        format!(
            " data-when=\"{}\" data-when-join=\"{any}\"",
            escape(&Value::from(rules).to_string())
        )
    }

    /// When to answer, for those without scripts (the island takes the line away).
    pub(super) fn hint(&self, item: &Item, out: &mut String) {
        if item.conditions.is_empty() {
            if item.computed.depends {
                let text = escape(&self.texts.t("form-depends"));
                let _ = write!(out, "<p class=\"sf-help\">{text}</p>");
            }
            return;
        }
        let said: Vec<String> = item.conditions.iter().map(|c| self.say(c)).collect();
        let join = format!(" {} ", self.texts.t(if item.any { "form-or" } else { "form-and" }));
        let text = self
            .texts
            .get("form-only-if", &[("condition", said.join(&join).into())]);
        let _ = write!(out, "<p class=\"sf-help\" data-when-hint>{}</p>", escape(&text));
    }

    fn say(&self, condition: &Condition) -> String {
        let question = self.entry.form.find(&condition.question);
        let label = question.map_or(condition.question.as_str(), |q| q.text.as_str());
        let value = match &condition.answer {
            Answer::Boolean(true) => self.texts.t("form-yes"),
            Answer::Boolean(false) => self.texts.t("form-no"),
            Answer::Coding(coding) => {
                let option = question.and_then(|q| q.options.iter().find(|o| Some(&o.key) == coding.code.as_ref()));
                option.map_or(coding.label(), |o| o.label.as_str()).to_owned()
            }
            Answer::Date(day) => crate::date(*day),
            Answer::DateTime(at) => fhir_date(at),
            other => decimal(&other.raw(), self.texts.lang()),
        };
        let key = match (condition.operator, &condition.answer) {
            (Operator::Exists, Answer::Boolean(true)) => "form-when-exists",
            (Operator::Exists, _) => "form-when-missing",
            (Operator::Equal, _) => "form-when-equal",
            (Operator::NotEqual, _) => "form-when-not-equal",
            (Operator::Greater, _) => "form-when-greater",
            (Operator::Less, _) => "form-when-less",
            (Operator::GreaterOrEqual, _) => "form-when-at-least",
            (Operator::LessOrEqual, _) => "form-when-at-most",
        };
        self.texts.get(key, &[("label", label.into()), ("value", value.into())])
    }
}

fn operator(operator: Operator) -> &'static str {
    match operator {
        Operator::Exists => "exists",
        Operator::Equal => "=",
        Operator::NotEqual => "!=",
        Operator::Greater => ">",
        Operator::Less => "<",
        Operator::GreaterOrEqual => ">=",
        Operator::LessOrEqual => "<=",
    }
}
