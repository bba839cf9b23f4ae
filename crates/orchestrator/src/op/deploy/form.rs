//! What makes a Questionnaire unusable as the form of a task, beyond the structure of the resource: it is found out at
//! deployment, not by the person who opens the task.

use super::issue::FileIssue;
use serde_json::Value;
use std::collections::HashSet;

/// Types of questions that a form of a task may have; references have no field yet.
const TYPES: [&str; 15] = [
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
    "attachment",
];
/// Types that may repeat.
const REPEATING: [&str; 4] = ["choice", "open-choice", "attachment", "group"];
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
                 text, url, choice, open-choice, quantity, attachment",
            );
        }
        let options = item["answerOption"].as_array().is_some_and(|o| !o.is_empty());
        if let Some(pattern) = bad_pattern(item) {
            let message = format!("the pattern '{pattern}' cannot be checked");
            say(
                link,
                message,
                "write a regular expression without looking around and back references",
            );
        }
        if item["repeats"] == true && !REPEATING.contains(&kind) {
            let message = format!("a question of the type '{kind}' cannot be answered several times");
            say(link, message, "put it into a group that repeats");
        }
        if kind == "choice" && !options && item["answerValueSet"].is_null() && !computes_options(item) {
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

fn bad_pattern(item: &Value) -> Option<&str> {
    let mut extensions = item["extension"].as_array().into_iter().flatten();
    let regex = extensions.find(|e| e["url"] == "http://hl7.org/fhir/StructureDefinition/regex")?;
    let pattern = regex["valueString"].as_str()?;
    let read = regex::RegexBuilder::new(pattern).size_limit(1 << 20).build();
    read.is_err().then_some(pattern)
}

fn computes_options(item: &Value) -> bool {
    let mut extensions = item["extension"].as_array().into_iter().flatten();
    extensions.any(|e| {
        e["url"] == "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-answerExpression"
            && e["valueExpression"]["language"] == super::form_text::FEEL
    })
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
