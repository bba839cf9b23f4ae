//! Forms of Camunda's modelers (`form-js` JSON) as Questionnaires, so that one page shows every form, one check reads
//! every answer, and the answer to a field becomes the variable of its key.
//!
//! Source: the schema of form-js, <https://github.com/bpmn-io/form-js/tree/develop/packages/form-json-schema>. What a
//! Questionnaire cannot say is left out and told as a warning.

use super::condition::{Keys, Shown, shown_unless};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const EXT: &str = "http://hl7.org/fhir/StructureDefinition/";
const INITIAL: &str = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-initialExpression";
/// Newest schema version whose fields are known.
const MAX_SCHEMA: u64 = 30;
/// Deepest nesting of groups.
const MAX_DEPTH: usize = 10;

/// Whether a JSON file is such a form.
pub(super) fn is_form(form: &Value) -> bool {
    form["components"].is_array() && (form["type"] == "default" || !form["schemaVersion"].is_null())
}

/// A form that was read, and what should be known about it: the element, and what is missing.
pub(super) struct Converted {
    pub questionnaire: Value,
    pub warnings: Vec<(String, String)>,
}

/// Makes a Questionnaire of a form.
///
/// # Errors
/// Element and reason, when the form cannot be used at all.
pub(super) fn questionnaire(form: &Value, id: &str, title: &str) -> Result<Converted, (String, String)> {
    if let Some(version) = form["schemaVersion"].as_u64().filter(|version| *version > MAX_SCHEMA) {
        return Err((
            id.to_owned(),
            format!("schemaVersion {version} is newer than {MAX_SCHEMA}, the newest that is read"),
        ));
    }
    let mut reader = Reader::default();
    reader.keys(&form["components"], 1);
    let items = reader.components(&form["components"], 1);
    let mut warnings = reader.warnings;
    let items = if items.is_empty() {
        warnings.push((id.to_owned(), "the form has no field that can be shown".to_owned()));
        vec![json!({"linkId": "empty", "type": "display", "text": title})]
    } else {
        items
    };
    let questionnaire = json!({
        "resourceType": "Questionnaire",
        "id": id,
        "status": "active",
        "title": title,
        "item": items,
    });
    Ok(Converted {
        questionnaire,
        warnings,
    })
}

#[derive(Default)]
struct Reader {
    warnings: Vec<(String, String)>,
    /// Keys of fields, so that conditions on others are found out.
    keys: Keys,
    used: BTreeSet<String>,
}

impl Reader {
    fn warn(&mut self, component: &Value, message: impl Into<String>) {
        let name = ["key", "id", "label"].iter().find_map(|name| component[*name].as_str());
        self.warnings.push((name.unwrap_or("?").to_owned(), message.into()));
    }

    fn keys(&mut self, components: &Value, depth: usize) {
        for component in components
            .as_array()
            .into_iter()
            .flatten()
            .filter(|_| depth <= MAX_DEPTH)
        {
            if let Some(key) = component["key"].as_str() {
                let choice = matches!(
                    component["type"].as_str(),
                    Some("select" | "radio" | "checklist" | "taglist")
                );
                self.keys
                    .insert(key.to_owned(), choice && component["values"].is_array());
            }
            self.keys(&component["components"], depth + 1);
        }
    }

    fn components(&mut self, components: &Value, depth: usize) -> Vec<Value> {
        let list = components.as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter()
            .filter_map(|component| self.component(component, depth))
            .collect()
    }

    fn component(&mut self, component: &Value, depth: usize) -> Option<Value> {
        let kind = component["type"].as_str().unwrap_or_default();
        let mut item = match kind {
            "group" | "dynamiclist" | "columns" => self.group(component, kind, depth)?,
            "text" | "html" => self.words(component)?,
            "spacer" | "separator" | "button" | "image" | "iframe" => return None,
            "table" | "documentPreview" | "filepicker" | "expression" => {
                self.warn(component, format!("a field of the type '{kind}' is not shown"));
                return None;
            }
            _ => self.field(component, kind)?,
        };
        self.condition(component, &mut item);
        Some(item)
    }

    fn group(&mut self, component: &Value, kind: &str, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            self.warn(component, format!("groups deeper than {MAX_DEPTH} are not shown"));
            return None;
        }
        if kind == "dynamiclist" {
            self.warn(component, "the dynamic list is asked once");
        }
        let items = self.components(&component["components"], depth + 1);
        let link = self.link(component, "id")?;
        (!items.is_empty()).then(|| json!({"linkId": link, "type": "group", "text": label(component), "item": items}))
    }

    fn words(&mut self, component: &Value) -> Option<Value> {
        let written = component["text"].as_str().or_else(|| component["content"].as_str())?;
        if written.trim_start().starts_with('=') {
            self.warn(component, "a computed text is not shown");
            return None;
        }
        let text = plain(written);
        let link = self.link(component, "id")?;
        (!text.is_empty()).then(|| json!({"linkId": link, "type": "display", "text": text}))
    }

    /// The key or id, the first time it is used.
    fn link(&mut self, component: &Value, name: &str) -> Option<String> {
        let written = component[name]
            .as_str()
            .or_else(|| component["id"].as_str())
            .map(str::to_owned);
        let link = written.unwrap_or_else(|| format!("item-{}", self.used.len() + 1));
        if self.used.insert(link.clone()) {
            return Some(link);
        }
        self.warn(
            component,
            format!("'{link}' is there twice; the second one is not shown"),
        );
        None
    }

    fn field(&mut self, component: &Value, kind: &str) -> Option<Value> {
        let validate = &component["validate"];
        let whole = component["decimalDigits"] == 0;
        let (kind, repeats) = match (kind, component["subtype"].as_str()) {
            ("textfield", _) => ("string", false),
            ("textarea", _) => ("text", false),
            ("number", _) if whole => ("integer", false),
            ("number", _) => ("decimal", false),
            ("checkbox", _) => ("boolean", false),
            ("datetime", Some("time")) => ("time", false),
            ("datetime", Some("datetime")) => ("dateTime", false),
            ("datetime", _) => ("date", false),
            ("select" | "radio", _) => ("choice", false),
            ("checklist" | "taglist", _) => ("choice", true),
            (other, _) => {
                self.warn(
                    component,
                    format!("a field of the type '{other}' is not known and not shown"),
                );
                return None;
            }
        };
        let link = self.link(component, "key")?;
        let mut item = json!({"linkId": link, "type": kind, "text": label(component)});
        let mut extensions = vec![json!({
            "url": INITIAL,
            "valueExpression": {"language": "text/fhirpath", "expression": format!("%process.{link}")},
        })];
        if kind == "choice" {
            self.options(component, &mut item, repeats, &mut extensions);
        }
        if validate["required"] == true {
            item["required"] = true.into();
        }
        if component["readonly"] == true || component["disabled"] == true {
            item["readOnly"] = true.into();
        }
        if let Some(longest) = validate["maxLength"]
            .as_u64()
            .filter(|_| kind == "string" || kind == "text")
        {
            item["maxLength"] = longest.into();
        }
        bounds(kind, validate, &mut extensions);
        if !validate["pattern"].is_null() || !validate["minLength"].is_null() {
            self.warn(
                component,
                "the pattern and the least length of the text are not checked",
            );
        }
        if item["type"] != "choice"
            && let Some(value) = initial(kind, &component["defaultValue"])
        {
            item["initial"] = json!([value]);
        }
        if let Some(help) = component["description"]
            .as_str()
            .filter(|text| !text.is_empty() && !text.starts_with('='))
        {
            item["item"] = json!([{"linkId": format!("{link}-help"), "type": "display", "text": plain(help)}]);
        }
        item["extension"] = extensions.into();
        Some(item)
    }

    fn options(&mut self, component: &Value, item: &mut Value, repeats: bool, extensions: &mut Vec<Value>) {
        let values = component["values"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut seen = BTreeSet::new();
        let option = |value: &Value| {
            let code = value["value"]
                .as_str()
                .map_or_else(|| value["value"].to_string(), str::to_owned);
            let chosen = match &component["defaultValue"] {
                Value::Array(many) => many.contains(&value["value"]),
                one => *one == value["value"],
            };
            let display = value["label"].as_str().unwrap_or(&code).to_owned();
            let mut option = json!({"valueCoding": {"code": code, "display": display}});
            if chosen {
                option["initialSelected"] = true.into();
            }
            seen.insert(code).then_some(option)
        };
        let options: Vec<Value> = values.iter().filter_map(option).collect();
        if options.is_empty() {
            self.warn(
                component,
                "its options are computed by the process: the answer is typed as text",
            );
            item["type"] = "string".into();
            return;
        }
        item["answerOption"] = options.into();
        if repeats {
            item["repeats"] = true.into();
        }
        let control = match component["type"].as_str() {
            Some("select" | "taglist") if !repeats => "drop-down",
            Some("radio") => "radio-button",
            _ => return,
        };
        let coding = json!({"coding": [{"system": "http://hl7.org/fhir/questionnaire-item-control", "code": control}]});
        extensions.push(json!({"url": format!("{EXT}questionnaire-itemControl"), "valueCodeableConcept": coding}));
    }

    /// `conditional.hide` as `enableWhen`.
    fn condition(&mut self, component: &Value, item: &mut Value) {
        let hide = &component["conditional"]["hide"];
        let Some(expression) = hide.as_str().map(|text| text.trim_start_matches('=').trim()) else {
            if *hide == true {
                item["extension"] = json!([{"url": format!("{EXT}questionnaire-hidden"), "valueBoolean": true}]);
            }
            return;
        };
        match shown_unless(expression, &self.keys) {
            Some(Shown { any, when }) => {
                item["enableWhen"] = when.into();
                item["enableBehavior"] = if any { "any" } else { "all" }.into();
            }
            None => self.warn(
                component,
                format!("it is always shown: the condition '{expression}' is not understood"),
            ),
        }
    }
}

fn label(component: &Value) -> String {
    let label = ["label", "dateLabel", "timeLabel", "dateTimeLabel", "key"].iter();
    let found = label
        .filter_map(|name| component[*name].as_str())
        .find(|text| !text.is_empty() && !text.starts_with('='));
    plain(found.unwrap_or(" "))
}

fn bounds(kind: &str, validate: &Value, extensions: &mut Vec<Value>) {
    for (name, bound) in [("minValue", &validate["min"]), ("maxValue", &validate["max"])] {
        // form-js writes numbers also as text
        let number: Option<Value> = bound.as_str().map_or_else(
            || bound.is_number().then(|| bound.clone()),
            |text| serde_json::from_str(text).ok(),
        );
        let Some(number) = number.filter(Value::is_number) else {
            continue;
        };
        let url = format!("{EXT}{name}");
        match kind {
            "integer" if number.is_i64() => extensions.push(json!({"url": url, "valueInteger": number})),
            "decimal" => extensions.push(json!({"url": url, "valueDecimal": number})),
            _ => {}
        }
    }
}

fn initial(kind: &str, value: &Value) -> Option<Value> {
    let name = match (kind, value) {
        ("boolean", Value::Bool(_)) => "valueBoolean",
        ("integer", Value::Number(number)) if number.is_i64() => "valueInteger",
        ("decimal", Value::Number(_)) => "valueDecimal",
        ("string" | "text", Value::String(text)) if !text.is_empty() => "valueString",
        ("date", Value::String(text)) if !text.is_empty() => "valueDate",
        _ => return None,
    };
    Some(Value::Object(Map::from_iter([(name.to_owned(), value.clone())])))
}

/// Markdown and HTML as plain words.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut tag = false;
    for c in text.chars() {
        match c {
            '<' => tag = true,
            '>' if tag => {
                tag = false;
                out.push(' ');
            }
            _ if tag => {}
            '*' | '#' | '`' => {}
            _ => out.push(c),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_questions() {
        let form = json!({"type": "default", "id": "F", "schemaVersion": 16, "components": [
            {"type": "text", "text": "# Visita\n<p>Grazie</p>", "id": "t"},
            {"type": "textfield", "key": "name", "label": "Nome", "validate": {"required": true, "maxLength": 20}},
            {"type": "number", "key": "age", "decimalDigits": 0, "validate": {"min": "0", "max": 120}},
            {"type": "select", "key": "sex", "values": [{"label": "F", "value": "f"}, {"label": "M", "value": "m"}]},
            {"type": "checklist", "key": "signs", "values": [{"label": "Tosse", "value": "c"}]},
            {"type": "checkbox", "key": "agree", "label": "Consenso", "conditional": {"hide": "=age < 18"}},
            {"type": "datetime", "subtype": "date", "key": "day", "dateLabel": "Giorno"},
            {"type": "filepicker", "key": "file"},
            {"type": "group", "id": "g", "label": "Altro", "components": [{"type": "textarea", "key": "note"}]},
        ]});
        assert!(is_form(&form));
        let made = questionnaire(&form, "F", "F").unwrap();
        let items = made.questionnaire["item"].as_array().unwrap();
        let kinds: Vec<&str> = items.iter().filter_map(|item| item["type"].as_str()).collect();
        assert_eq!(
            kinds,
            [
                "display", "string", "integer", "choice", "choice", "boolean", "date", "group"
            ]
        );
        assert_eq!(items[0]["text"], "Visita Grazie");
        assert_eq!(items[4]["repeats"], true);
        assert_eq!(items[5]["enableWhen"][0]["operator"], ">=");
        assert_eq!(made.warnings.len(), 1, "{:?}", made.warnings);
        assert!(fhir::check(fhir::Definitions::r4(), &made.questionnaire).is_ok());
        assert!(super::super::form::findings("f", &made.questionnaire).is_empty());
    }
}
