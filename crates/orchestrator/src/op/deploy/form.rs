//! What makes a Questionnaire unusable as the form of a task, beyond the structure of the resource: it is found out at
//! deployment, not by the person who opens the task.

use super::issue::FileIssue;
use serde_json::Value;
use std::collections::HashSet;

/// Types of questions that a form of a task may have; attachments and references have no field yet.
const TYPES: [&str; 14] = [
    "group",
    "display",
    "boolean",
    "decimal",
    "integer",
    "date",
    "dateTime",
    "time",
    "string",
    "text",
    "url",
    "choice",
    "open-choice",
    "quantity",
];
/// Deepest nesting of groups.
const MAX_DEPTH: usize = 10;

/// Everything wrong with a Questionnaire whose structure is right.
pub(super) fn findings(file: &str, form: &Value) -> Vec<FileIssue> {
    let mut items = Vec::new();
    let mut issues = Vec::new();
    collect(&form["item"], 1, &mut items);
    let mut say = |link: &str, message: String, remedy: &str| {
        issues.push(FileIssue::error(file, "questionnaire", message, remedy).at(link, 0));
    };
    if items.is_empty() {
        say("item", "the form asks nothing".into(), "add at least one item");
    }
    let mut links = HashSet::new();
    for (item, depth) in &items {
        let link = item["linkId"].as_str().unwrap_or_default();
        let kind = item["type"].as_str().unwrap_or_default();
        if !links.insert(link) {
            say(
                link,
                format!("the linkId '{link}' is there twice"),
                "give each question its own linkId",
            );
        }
        if !TYPES.contains(&kind) {
            let message = format!("'{kind}' is not a type of question that a form can show");
            say(
                link,
                message,
                "use one of: group, display, boolean, decimal, integer, date, dateTime, time, string, \
                 text, url, choice, open-choice, quantity",
            );
        }
        let options = item["answerOption"].as_array().is_some_and(|o| !o.is_empty());
        if kind == "choice" && !options && item["answerValueSet"].is_null() {
            say(link, "the choice has no options".into(), "add answerOption");
        }
        if *depth > MAX_DEPTH {
            say(
                link,
                format!("nested deeper than {MAX_DEPTH} groups"),
                "flatten the groups",
            );
        }
    }
    for (item, _) in &items {
        let link = item["linkId"].as_str().unwrap_or_default();
        for condition in item["enableWhen"].as_array().into_iter().flatten() {
            let question = condition["question"].as_str().unwrap_or_default();
            if !links.contains(question) {
                let message = format!("enableWhen looks at the question '{question}', which is not in the form");
                say(link, message, "name the linkId of a question of this form");
            }
        }
    }
    issues
}

fn collect<'v>(items: &'v Value, depth: usize, out: &mut Vec<(&'v Value, usize)>) {
    for item in items.as_array().into_iter().flatten() {
        out.push((item, depth));
        if depth <= MAX_DEPTH {
            collect(&item["item"], depth + 1, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_form_that_nobody_could_fill_in_is_refused() {
        let form = json!({"item": [
            {"linkId": "a", "type": "foo"},
            {"linkId": "a", "type": "boolean"},
            {"linkId": "b", "type": "choice"},
            {"linkId": "c", "type": "string", "enableWhen": [{"question": "zz"}]},
        ]});
        let messages: Vec<String> = findings("f.json", &form).into_iter().map(|i| i.message).collect();
        assert_eq!(messages.len(), 4, "{messages:?}");
        assert!(
            messages[0].contains("'foo'") && messages[1].contains("twice"),
            "{messages:?}"
        );
        assert!(
            messages[2].contains("no options") && messages[3].contains("'zz'"),
            "{messages:?}"
        );
        let good = json!({"item": [{"linkId": "g", "type": "group", "item": [{"linkId": "a", "type": "boolean"}]}]});
        assert!(findings("f.json", &good).is_empty());
    }
}
