//! Forms that a model holds itself: the fields of `camunda:formData` and the embedded forms of Camunda 8.

use bpmn::{FieldKind, FormField, NodeKind, Process, Text, form_id};
use serde_json::{Value, json};

/// Id and form-js JSON of each, with the element it belongs to.
pub(super) type Forms = Vec<(String, Result<(String, Value), String>)>;

/// Every form of a process.
pub(super) fn forms(process: &Process) -> Forms {
    let mut found = Forms::new();
    for node in &process.nodes {
        let (NodeKind::UserTask(task) | NodeKind::ManualTask(task)) = &node.kind else {
            continue;
        };
        if let (false, Some(id)) = (task.fields.is_empty(), task.form.as_ref().and_then(Text::literal)) {
            let components: Vec<Value> = task.fields.iter().map(component).collect();
            let form = json!({"type": "default", "components": components});
            found.push((node.id.to_string(), Ok((id.to_owned(), form))));
        }
    }
    if let Some(start) = &process.start_form
        && let (false, Some(id)) = (start.fields.is_empty(), start.form.as_ref().and_then(Text::literal))
    {
        let components: Vec<Value> = start.fields.iter().map(component).collect();
        let form = json!({"type": "default", "components": components});
        found.push((start.element.clone(), Ok((id.to_owned(), form))));
    }
    for embedded in process.extensions.elements_named("zeebe:userTaskForm") {
        let id = embedded.attributes.get("id").map(String::as_str).unwrap_or_default();
        let read =
            serde_json::from_str(&embedded.text).map_err(|error| format!("the form '{id}' cannot be read: {error}"));
        found.push((id.to_owned(), read.map(|form| (form_id(id), form))));
    }
    found
}

fn component(field: &FormField) -> Value {
    let kind = match field.kind {
        FieldKind::Text => "textfield",
        FieldKind::Whole | FieldKind::Number => "number",
        FieldKind::Boolean => "checkbox",
        FieldKind::Date => "datetime",
        FieldKind::Choice => "select",
    };
    let mut component = json!({
        "type": kind,
        "id": field.id,
        "key": field.id,
        "label": field.label,
        "readonly": field.read_only,
        "validate": {"required": field.required, "min": field.min, "max": field.max},
    });
    if let Some(longest) = field.max_length.as_ref().and_then(|text| text.parse::<u64>().ok()) {
        component["validate"]["maxLength"] = longest.into();
    }
    if let Some(shortest) = field.min_length.as_ref().and_then(|text| text.parse::<u64>().ok()) {
        component["validate"]["minLength"] = shortest.into();
    }
    if field.kind == FieldKind::Whole {
        component["decimalDigits"] = 0.into();
    }
    if field.kind == FieldKind::Choice {
        let values = field
            .options
            .iter()
            .map(|(value, label)| json!({"value": value, "label": label}));
        component["values"] = values.collect();
    }
    // an expression as first value is the affair of the process
    let default = field.default.as_deref().filter(|text| !text.contains('{'));
    component["defaultValue"] = match (field.kind, default) {
        (FieldKind::Text | FieldKind::Date | FieldKind::Choice, Some(text)) => text.into(),
        (_, Some(text)) => serde_json::from_str(text).unwrap_or_default(),
        (_, None) => Value::Null,
    };
    component
}
