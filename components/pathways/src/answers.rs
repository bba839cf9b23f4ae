//! From the answers of a form to a `QuestionnaireResponse`, to task variables and to `Observation`s.
//!
//! The rules, for every form of this component: the `linkId` of a question is the name of the variable; a choice gives
//! its code; a question marked `sdc-questionnaire-observationExtract` with a LOINC code gives an Observation dated by
//! the first date question of the form (SDC, observation-based extraction).

use serde_json::{Map, Number, Value, json};

const EXTRACT: &str = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-observationExtract";
const UNIT: &str = "http://hl7.org/fhir/StructureDefinition/questionnaire-unit";
const CATEGORY: &str = "http://terminology.hl7.org/CodeSystem/observation-category";
/// LOINC codes of vital signs; the other extracted ones are laboratory results.
const VITAL_SIGNS: [&str; 6] = ["8480-6", "8462-4", "29463-7", "8302-2", "39156-5", "8867-4"];

/// Who answered what about whom, when.
#[derive(Debug, Clone)]
pub struct Answering<'a> {
    /// `Patient/…`.
    pub subject: &'a str,
    /// Who filled in the form: `Practitioner/…` or `Patient/…`.
    pub author: &'a str,
    /// When (RFC 3339).
    pub authored: &'a str,
    /// Task id, kept as `basedOn`-like identifier so that the form is found from the task.
    pub task: &'a str,
}

/// All questions of a form, groups flattened, in order.
pub fn questions(questionnaire: &Value) -> Vec<&Value> {
    fn walk<'v>(items: &'v Value, out: &mut Vec<&'v Value>) {
        for item in items.as_array().into_iter().flatten() {
            match item["type"].as_str() {
                Some("display") => {}
                Some("group") => walk(&item["item"], out),
                _ => out.push(item),
            }
        }
    }
    let mut out = Vec::new();
    walk(&questionnaire["item"], &mut out);
    out
}

/// Builds the `QuestionnaireResponse` (without id) from plain values by `linkId`: numbers, booleans, texts, dates
/// (`YYYY-MM-DD`), codes for choices. Values of unknown questions are left out.
pub fn response(questionnaire: &Value, values: &Map<String, Value>, by: &Answering<'_>) -> Value {
    let url = questionnaire["url"].as_str().unwrap_or_default();
    let version = questionnaire["version"].as_str().unwrap_or("1");
    json!({
        "resourceType": "QuestionnaireResponse",
        "identifier": {"system": "https://sinfonia.it/fhir/sid/task", "value": by.task},
        "questionnaire": format!("{url}|{version}"),
        "status": "completed",
        "subject": {"reference": by.subject},
        "authored": by.authored,
        "author": {"reference": by.author},
        "item": items(&questionnaire["item"], values),
    })
}

fn items(definition: &Value, values: &Map<String, Value>) -> Vec<Value> {
    let mut out = Vec::new();
    for item in definition.as_array().into_iter().flatten() {
        let link = &item["linkId"];
        let mut made = json!({"linkId": link, "text": item["text"]});
        if item["type"] == "group" {
            let inner = items(&item["item"], values);
            if inner.is_empty() {
                continue;
            }
            made["item"] = inner.into();
        } else {
            let Some(answer) = values
                .get(link.as_str().unwrap_or_default())
                .and_then(|v| answer(item, v))
            else {
                continue;
            };
            made["answer"] = json!([answer]);
        }
        out.push(made);
    }
    out
}

fn answer(item: &Value, value: &Value) -> Option<Value> {
    if value.is_null() {
        return None;
    }
    Some(match item["type"].as_str()? {
        "choice" => {
            let options = item["answerOption"].as_array()?;
            let chosen = options
                .iter()
                .map(|o| &o["valueCoding"])
                .find(|c| c["code"] == *value)?;
            json!({"valueCoding": chosen})
        }
        "decimal" => json!({"valueDecimal": value}),
        "integer" => json!({"valueInteger": value}),
        "boolean" => json!({"valueBoolean": value}),
        "date" => json!({"valueDate": value}),
        _ => json!({"valueString": value}),
    })
}

/// The answers of a response as `linkId` -> plain value.
pub fn variables(response: &Value) -> Map<String, Value> {
    fn walk(items: &Value, out: &mut Map<String, Value>) {
        for item in items.as_array().into_iter().flatten() {
            walk(&item["item"], out);
            if let (Some(link), Some(value)) = (item["linkId"].as_str(), plain(&item["answer"][0])) {
                out.insert(link.to_owned(), value);
            }
        }
    }
    let mut out = Map::new();
    walk(&response["item"], &mut out);
    out
}

fn plain(answer: &Value) -> Option<Value> {
    let (kind, value) = answer.as_object()?.iter().find(|(k, _)| k.starts_with("value"))?;
    match kind.as_str() {
        "valueCoding" => Some(value["code"].clone()),
        "valueQuantity" => Some(value["value"].clone()),
        _ => Some(value.clone()),
    }
}

/// The Observations (without id) that a form gives.
pub fn observations(questionnaire: &Value, values: &Map<String, Value>, by: &Answering<'_>) -> Vec<Value> {
    let questions = questions(questionnaire);
    let date = questions
        .iter()
        .find(|q| q["type"] == "date")
        .and_then(|q| values.get(q["linkId"].as_str()?));
    let effective = date.and_then(Value::as_str).unwrap_or(by.authored);
    let made = questions.iter().filter_map(|q| observation(q, values, effective, by));
    made.collect()
}

fn extension<'v>(item: &'v Value, url: &str) -> Option<&'v Value> {
    item["extension"].as_array()?.iter().find(|e| e["url"] == url)
}

fn observation(question: &Value, values: &Map<String, Value>, effective: &str, by: &Answering<'_>) -> Option<Value> {
    if extension(question, EXTRACT)?["valueBoolean"] != true {
        return None;
    }
    let number: &Number = match values.get(question["linkId"].as_str()?)? {
        Value::Number(number) => number,
        _ => return None,
    };
    let coding = &question["code"][0];
    let unit = extension(question, UNIT).map(|e| &e["valueCoding"])?;
    let vital = VITAL_SIGNS.iter().any(|c| coding["code"] == *c);
    let category = if vital { "vital-signs" } else { "laboratory" };
    Some(json!({
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY, "code": category}]}],
        "code": {"coding": [coding], "text": question["text"]},
        "subject": {"reference": by.subject},
        "effectiveDateTime": effective,
        "performer": [{"reference": by.author}],
        "valueQuantity": {
            "value": number, "unit": unit["display"], "system": unit["system"], "code": unit["code"],
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployments::form;

    const BY: Answering<'_> = Answering {
        subject: "Patient/p",
        author: "Practitioner/d",
        authored: "2026-05-02T09:00:00Z",
        task: "i.1",
    };

    fn values() -> Map<String, Value> {
        json!({"dataLaboratorio": "2026-04-30", "hba1c": 51.0, "ldl": 88, "unknown": 1})
            .as_object()
            .unwrap()
            .clone()
    }

    #[test]
    fn answers_come_back_as_variables() {
        let form = form("diabete-laboratorio").unwrap();
        let response = response(&form, &values(), &BY);
        let mut expected = values();
        expected.remove("unknown");
        assert_eq!(variables(&response), expected);
        assert_eq!(
            response["questionnaire"],
            "https://sinfonia.it/fhir/Questionnaire/diabete-laboratorio|1.0.0"
        );
    }

    #[test]
    fn marked_questions_give_dated_observations() {
        let form = form("diabete-laboratorio").unwrap();
        let made = observations(&form, &values(), &BY);
        assert_eq!(made.len(), 2);
        assert_eq!(made[0]["code"]["coding"][0]["code"], "59261-8");
        assert_eq!(made[0]["valueQuantity"]["code"], "mmol/mol");
        assert_eq!(made[0]["effectiveDateTime"], "2026-04-30");
        assert_eq!(made[0]["category"][0]["coding"][0]["code"], "laboratory");
    }

    #[test]
    fn a_code_that_is_no_option_is_left_out() {
        let form = form("diabete-ecg").unwrap();
        let values = json!({"esitoEcg": "perfetto", "dataEcg": "2026-05-01"})
            .as_object()
            .unwrap()
            .clone();
        assert_eq!(
            variables(&response(&form, &values, &BY)).keys().collect::<Vec<_>>(),
            ["dataEcg"]
        );
    }
}
