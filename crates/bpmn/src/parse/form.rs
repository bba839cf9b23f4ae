//! The form of a user task or of a start event: by id, by key, or drawn up in the model itself.

use super::dialect::{CAMUNDA, attribute, camunda, zeebe};
use super::reader::Reader;
use crate::{FieldKind, FormField, StartForm, Text, form_id};
use roxmltree::Node;

/// The form that a task names, and the fields it holds itself.
pub fn read<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>) -> (Option<Text>, Vec<FormField>) {
    let fields = fields(element);
    if !fields.is_empty() {
        let process = element.ancestors().find(|node| node.tag_name().name() == "process");
        let process = process.and_then(|process| process.attribute("id")).unwrap_or_default();
        let id = form_id(&format!("{process}.{}", element.attribute("id").unwrap_or_default()));
        return (Some(Text::Literal(id)), fields);
    }
    let form = zeebe(element, "formDefinition");
    let named = attribute(form, "formId")
        .or_else(|| attribute(form, "externalReference"))
        .or_else(|| attribute(form, "formKey"))
        .or_else(|| camunda(element, "formRef"))
        .or_else(|| camunda(element, "formKey"));
    let Some(named) = named else { return (None, fields) };
    (key(reader, element, named), fields)
}

/// The form of the first start event without a trigger that has one.
pub fn start<'d>(reader: &mut Reader<'d>, process: Node<'d, 'd>) -> Option<StartForm> {
    let events: Vec<_> = reader.children_named(process, "startEvent").collect();
    let plain = |event: &Node<'_, '_>| {
        let mut children = event.children();
        !children.any(|child| child.tag_name().name().ends_with("EventDefinition"))
    };
    events.into_iter().filter(plain).find_map(|event| {
        let (form, fields) = read(reader, event);
        form.is_some().then(|| StartForm {
            element: event.attribute("id").unwrap_or_default().to_owned(),
            line: reader.line(event),
            form,
            fields,
        })
    })
}

/// A form by its key: what is a page of another program is left out.
fn key<'d>(reader: &mut Reader<'d>, element: Node<'d, 'd>, named: &str) -> Option<Text> {
    let text = reader.text_or_expression(element, named)?;
    let Text::Literal(literal) = &text else {
        return Some(text);
    };
    if literal.starts_with("Questionnaire/") || literal.starts_with("http://") || literal.starts_with("https://") {
        return Some(text);
    }
    let name = ["camunda-forms:bpmn:", "camunda-forms:deployment:", "camunda-forms:"]
        .iter()
        .find_map(|start| literal.strip_prefix(start))
        .unwrap_or(literal);
    let page = [".html", ".xhtml", ".jsf", ".jsp", ".htm"]
        .iter()
        .any(|end| name.ends_with(end));
    if page || name.contains(':') || (name.contains('/') && !name.ends_with(".form")) {
        let message = format!("the form '{literal}' is a page of another program and is not shown");
        let remedy = "deploy a form (form-js or a FHIR Questionnaire) and name it here";
        reader.warn(element, "form-foreign", message, remedy);
        return None;
    }
    let name = name.rsplit('/').next().unwrap_or(name);
    Some(Text::Literal(form_id(name.strip_suffix(".form").unwrap_or(name))))
}

/// `camunda:formData` with its fields, or the form properties of Flowable and Activiti.
fn fields(element: Node<'_, '_>) -> Vec<FormField> {
    let ours = |node: &Node<'_, '_>| node.tag_name().namespace().is_some_and(|uri| CAMUNDA.contains(&uri));
    let holders = element
        .children()
        .filter(|child| child.tag_name().name() == "extensionElements");
    let all = holders.flat_map(|holder| holder.descendants()).filter(ours);
    all.filter(|node| matches!(node.tag_name().name(), "formField" | "formProperty"))
        .filter_map(field)
        .collect()
}

fn field(node: Node<'_, '_>) -> Option<FormField> {
    let id = node
        .attribute("id")
        .filter(|id| !id.trim().is_empty())?
        .trim()
        .to_owned();
    let constraint = |name: &str| {
        let mut all = node
            .descendants()
            .filter(|child| child.tag_name().name() == "constraint");
        all.find(|child| child.attribute("name") == Some(name))
    };
    let config = |name: &str| {
        constraint(name)
            .and_then(|node| node.attribute("config"))
            .map(str::to_owned)
    };
    let kind = match node.attribute("type").unwrap_or("string") {
        "long" | "integer" | "int" => FieldKind::Whole,
        "double" | "float" | "number" | "decimal" => FieldKind::Number,
        "boolean" => FieldKind::Boolean,
        "date" => FieldKind::Date,
        "enum" => FieldKind::Choice,
        _ => FieldKind::Text,
    };
    let values = node.children().filter(|child| child.tag_name().name() == "value");
    let options = values.filter_map(|value| {
        let id = value.attribute("id")?;
        Some((id.to_owned(), value.attribute("name").unwrap_or(id).to_owned()))
    });
    Some(FormField {
        label: node
            .attribute("label")
            .or_else(|| node.attribute("name"))
            .unwrap_or(&id)
            .to_owned(),
        kind,
        default: node
            .attribute("defaultValue")
            .or_else(|| node.attribute("default"))
            .map(str::to_owned),
        required: node.attribute("required") == Some("true") || constraint("required").is_some(),
        read_only: node.attribute("writable") == Some("false") || constraint("readonly").is_some(),
        min: config("min"),
        max: config("max"),
        max_length: config("maxlength"),
        min_length: config("minlength"),
        options: options.collect(),
        id,
    })
}
