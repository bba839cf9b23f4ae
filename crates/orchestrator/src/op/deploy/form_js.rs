//! Forms of Camunda's modelers (`form-js` JSON) as Questionnaires, so that one page shows every form, one check reads
//! every answer, and the answer to a field becomes the variable of its key.
//!
//! Source: the schema of form-js, <https://github.com/bpmn-io/form-js/tree/develop/packages/form-json-schema>. What a
//! Questionnaire cannot say is left out and told as a warning.

use super::condition::{Keys, Shown, shown_unless};
use super::form_field::{bounds, file_limits, initial, text_limits};
use super::form_text::{FEEL, cqf, feel, plain, said};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(super) const EXT: &str = "http://hl7.org/fhir/StructureDefinition/";
const SDC: &str = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-";
/// Our own extensions: tables, rows shown at first.
const OURS: &str = "https://sinfonia.it/fhir/StructureDefinition/questionnaire-";
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
    /// Every FEEL expression, with its element.
    pub expressions: Vec<(String, String)>,
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
    let (mut warnings, expressions) = (reader.warnings, reader.expressions);
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
        expressions,
    })
}

#[derive(Default)]
struct Reader {
    warnings: Vec<(String, String)>,
    expressions: Vec<(String, String)>,
    /// Keys of fields, so that conditions on others are found out.
    keys: Keys,
    used: BTreeSet<String>,
}

impl Reader {
    fn warn(&mut self, component: &Value, message: impl Into<String>) {
        self.warnings.push((name(component), message.into()));
    }

    /// An extension that holds FEEL.
    fn computes(&mut self, component: &Value, url: String, expression: &str) -> Value {
        self.expressions.push((name(component), expression.to_owned()));
        json!({"url": url, "valueExpression": {"language": FEEL, "expression": expression}})
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
            "table" => self.table(component)?,
            "expression" => self.expression(component)?,
            "documentPreview" => {
                self.warn(component, "the preview of a document is not shown");
                return None;
            }
            _ => self.field(component, kind)?,
        };
        if let Some(text) = said(component, &["label", "dateLabel", "timeLabel", "dateTimeLabel"]) {
            self.expressions.push((name(component), text.clone()));
            item["_text"] = cqf(&text);
        }
        self.condition(component, &mut item);
        Some(item)
    }

    fn group(&mut self, component: &Value, kind: &str, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            self.warn(component, format!("groups deeper than {MAX_DEPTH} are not shown"));
            return None;
        }
        let list = kind == "dynamiclist";
        let items = self.components(&component["components"], depth + 1);
        let link = self.link(component, if list { "path" } else { "id" })?;
        if items.is_empty() {
            return None;
        }
        let mut group = json!({"linkId": link, "type": "group", "text": label(component), "item": items});
        if list {
            let first = component["defaultRepetitions"].as_u64().unwrap_or(1);
            let mut extensions = vec![json!({"url": format!("{OURS}initial-rows"), "valueInteger": first})];
            if component["allowAddRemove"] == false {
                let bound = |name: &str| json!({"url": format!("{EXT}questionnaire-{name}"), "valueInteger": first});
                extensions.extend([bound("minOccurs"), bound("maxOccurs")]);
            }
            group["repeats"] = true.into();
            group["extension"] = extensions.into();
        } else if component["path"].as_str().is_some_and(|path| !path.is_empty()) {
            self.warn(
                component,
                "the path of the group is not used: its answers are variables of their own keys",
            );
        }
        Some(group)
    }

    fn words(&mut self, component: &Value) -> Option<Value> {
        let written = component["text"].as_str().or_else(|| component["content"].as_str())?;
        let computed = match feel(written) {
            Ok(computed) => computed,
            Err(reason) => {
                self.warn(component, reason);
                return None;
            }
        };
        let link = self.link(component, "id")?;
        let Some(expression) = computed else {
            let text = plain(written);
            return (!text.is_empty()).then(|| json!({"linkId": link, "type": "display", "text": text}));
        };
        self.expressions.push((name(component), expression.clone()));
        Some(json!({"linkId": link, "type": "display", "text": "…", "_text": cqf(&expression)}))
    }

    /// A table of what the process knows.
    fn table(&mut self, component: &Value) -> Option<Value> {
        let source = component["dataSource"].as_str().unwrap_or_default();
        let source = source.trim().trim_start_matches('=').trim().to_owned();
        let link = self.link(component, "id")?;
        self.expressions.push((name(component), source.clone()));
        let mut parts = vec![json!({"url": "source", "valueString": source})];
        let columns = component["columns"].as_array().map(Vec::as_slice).unwrap_or_default();
        for column in columns {
            let (key, label) = (&column["key"], &column["label"]);
            let label = if label.is_string() { label } else { key };
            let pair = [
                json!({"url": "key", "valueString": key}),
                json!({"url": "label", "valueString": label}),
            ];
            parts.push(json!({"url": "column", "extension": pair}));
        }
        if let Some(computed) = component["columnsExpression"].as_str() {
            let computed = computed.trim().trim_start_matches('=').trim();
            self.expressions.push((name(component), computed.to_owned()));
            parts.push(json!({"url": "columns", "valueString": computed}));
        }
        if source.is_empty() || parts.len() == 1 {
            self.warn(component, "the table has no source or no columns and is not shown");
            return None;
        }
        let extension = json!([{"url": format!("{OURS}table"), "extension": parts}]);
        Some(json!({"linkId": link, "type": "display", "text": label(component), "extension": extension}))
    }

    /// A value that is computed for the process and shown to nobody.
    fn expression(&mut self, component: &Value) -> Option<Value> {
        let written = component["expression"].as_str().unwrap_or_default().trim();
        let expression = written.trim_start_matches('=').trim().to_owned();
        if expression.is_empty() {
            self.warn(component, "the field has no expression");
            return None;
        }
        let link = self.link(component, "key")?;
        let value = self.computes(component, format!("{SDC}calculatedExpression"), &expression);
        let hidden = json!({"url": format!("{EXT}questionnaire-hidden"), "valueBoolean": true});
        let text = label(component);
        Some(json!({"linkId": link, "type": "string", "text": text, "readOnly": true, "extension": [value, hidden]}))
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
            ("filepicker", _) => ("attachment", component["multiple"] == true),
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
            "url": format!("{SDC}initialExpression"),
            "valueExpression": {"language": "text/fhirpath", "expression": format!("%process.{link}")},
        })];
        if kind == "choice" {
            self.options(component, &mut item, repeats, &mut extensions);
        }
        if kind == "attachment" {
            extensions = file_limits(component);
            item["repeats"] = repeats.into();
        }
        if validate["required"] == true {
            item["required"] = true.into();
        }
        if component["readonly"] == true || component["disabled"] == true {
            item["readOnly"] = true.into();
        } else if component["readonly"].is_string() {
            self.warn(component, "whether it may be changed is computed: it may always be");
        }
        if matches!(kind, "string" | "text")
            && let Err(reason) = text_limits(validate, &mut item, &mut extensions)
        {
            self.warn(component, reason);
        }
        if let Err(reason) = bounds(kind, component, &mut extensions) {
            self.warn(component, reason);
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
        if !extensions.is_empty() {
            item["extension"] = extensions.into();
        }
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
            let computed = ["valuesExpression", "valuesKey"]
                .iter()
                .find_map(|name| component[*name].as_str());
            let computed = computed
                .map(|text| text.trim().trim_start_matches('=').trim())
                .filter(|t| !t.is_empty());
            let Some(expression) = computed else {
                self.warn(component, "it has no options: the answer is typed as text");
                item["type"] = "string".into();
                return;
            };
            let expression = expression.to_owned();
            extensions.push(self.computes(component, format!("{SDC}answerExpression"), &expression));
        } else {
            item["answerOption"] = options.into();
        }
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
                let hidden = json!({"url": format!("{EXT}questionnaire-hidden"), "valueBoolean": true});
                match item["extension"].as_array_mut() {
                    Some(extensions) => extensions.push(hidden),
                    None => item["extension"] = json!([hidden]),
                }
            }
            return;
        };
        match shown_unless(expression, &self.keys) {
            Some(Shown { any, when }) => {
                item["enableWhen"] = when.into();
                item["enableBehavior"] = if any { "any" } else { "all" }.into();
            }
            None => {
                let shown = format!("({expression}) != true");
                let extension = self.computes(component, format!("{SDC}enableWhenExpression"), &shown);
                match item["extension"].as_array_mut() {
                    Some(extensions) => extensions.push(extension),
                    None => item["extension"] = json!([extension]),
                }
            }
        }
    }
}

fn name(component: &Value) -> String {
    let name = ["key", "path", "id", "label"]
        .iter()
        .find_map(|name| component[*name].as_str());
    name.unwrap_or("?").to_owned()
}

fn label(component: &Value) -> String {
    let label = ["label", "dateLabel", "timeLabel", "dateTimeLabel", "key"].iter();
    let found = label
        .filter_map(|name| component[*name].as_str())
        .find(|text| !text.is_empty() && !text.starts_with('='));
    plain(found.unwrap_or(" "))
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
                "display",
                "string",
                "integer",
                "choice",
                "choice",
                "boolean",
                "date",
                "attachment",
                "group"
            ]
        );
        assert_eq!(items[0]["text"], "Visita Grazie");
        assert_eq!(items[4]["repeats"], true);
        assert_eq!(items[5]["enableWhen"][0]["operator"], ">=");
        assert_eq!(made.warnings.len(), 0, "{:?}", made.warnings);
        assert!(fhir::check(fhir::Definitions::r4(), &made.questionnaire).is_ok());
        assert!(super::super::form::findings("f", &made.questionnaire).is_empty());
    }

    #[test]
    fn what_is_computed_stays_computed() {
        let form = json!({"type": "default", "components": [
            {"type": "text", "id": "t", "text": "Ciao **{{nome}}**, sono {{count(visite)}} visite"},
            {"type": "textfield", "key": "cf", "label": "Codice fiscale", "validate": {"minLength": 16, "pattern": "^[A-Z0-9]+$"}},
            {"type": "textfield", "key": "posta", "label": "=\"Posta di \" + nome", "validate": {"validationType": "email"}},
            {"type": "textfield", "key": "strano", "validate": {"pattern": "(?=x)"}},
            {"type": "select", "key": "sede", "valuesKey": "sedi"},
            {"type": "checklist", "key": "esami", "valuesExpression": "=for e in piano return e.nome"},
            {"type": "expression", "key": "bmi", "expression": "=peso / (altezza * altezza)"},
            {"type": "table", "id": "tab", "label": "Visite", "dataSource": "=visite", "columns": [{"key": "data", "label": "Data"}]},
            {"type": "filepicker", "key": "referto", "label": "Referto", "accept": ".pdf, image/*", "multiple": true},
            {"type": "dynamiclist", "path": "farmaci", "label": "Farmaci", "defaultRepetitions": 2, "components": [
                {"type": "textfield", "key": "nome_farmaco", "label": "Nome"}]},
            {"type": "textfield", "key": "perche", "conditional": {"hide": "=count(farmaci) < 2"}},
        ]});
        let made = questionnaire(&form, "F", "F").unwrap();
        let items = made.questionnaire["item"].as_array().unwrap();
        assert_eq!(items.len(), 11);
        assert_eq!(
            made.warnings.len(),
            1,
            "only the pattern that cannot be: {:?}",
            made.warnings
        );
        assert_eq!(made.expressions.len(), 7, "{:?}", made.expressions);
        let text = &items[0]["_text"]["extension"][0]["valueExpression"];
        let expected = "string join([\"Ciao **\", string(nome), \"**, sono \", string(count(visite)), \" visite\"])";
        assert_eq!(text["expression"], expected);
        assert_eq!(
            (&items[9]["repeats"], &items[9]["linkId"]),
            (&json!(true), &json!("farmaci"))
        );
        assert!(fhir::check(fhir::Definitions::r4(), &made.questionnaire).is_ok());
        assert!(super::super::form::findings("f", &made.questionnaire).is_empty());
        let feel = dmn::Feel::new();
        for (element, expression) in &made.expressions {
            feel.validate_expression(expression)
                .unwrap_or_else(|e| panic!("{element}: {e}"));
        }
    }
}
