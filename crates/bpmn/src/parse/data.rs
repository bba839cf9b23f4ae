//! Data objects and data associations as variables.

use super::reader::{Reader, flag, local};
use crate::foreign::quoted;
use crate::{DataObject, Expression, Io, Mapping, ScopeId};
use roxmltree::Node;

/// Data objects, properties and data stores of a process. A reference goes by the name of what it refers to.
pub fn objects<'d>(reader: &Reader<'d>, raw: &[(Node<'d, 'd>, ScopeId)]) -> Vec<DataObject> {
    let mut found = Vec::new();
    for (element, scope) in raw {
        let Some(id) = element.attribute("id") else { continue };
        let referred = element
            .attribute("dataObjectRef")
            .or_else(|| element.attribute("dataStoreRef"))
            .and_then(|reference| reader.by_ref(reference));
        let own = element.attribute("name").filter(|name| !name.trim().is_empty());
        // bpmn.io draws data inputs of activities as properties with this placeholder; they hold nothing
        if own.is_some_and(|name| name.starts_with("__")) {
            continue;
        }
        let named = referred.and_then(|target| target.attribute("name")).or(own);
        let name = named
            .or_else(|| referred.and_then(|target| target.attribute("id")))
            .unwrap_or(id);
        let collection = flag(referred.unwrap_or(*element), "isCollection", false);
        found.push(DataObject {
            id: id.to_owned(),
            name: name.trim().to_owned(),
            scope: *scope,
            collection,
        });
    }
    found
}

/// `dataInputAssociation` and `dataOutputAssociation` as mappings. Associations that only draw a line (no input or
/// output of the activity is named) map nothing.
pub fn associations<'d>(reader: &mut Reader<'d>, objects: &[DataObject], element: Node<'d, 'd>, io: &mut Io) {
    for (tag, list, inputs) in [
        ("dataInputAssociation", &mut io.inputs, true),
        ("dataOutputAssociation", &mut io.outputs, false),
    ] {
        for association in reader.children_named(element, tag).collect::<Vec<_>>() {
            for assignment in reader.children_named(association, "assignment").collect::<Vec<_>>() {
                let (Some(from), Some(to)) = (
                    reader.child_text(assignment, "from"),
                    reader.child_text(assignment, "to"),
                ) else {
                    continue;
                };
                let target = variable(reader, objects, &to).unwrap_or(to);
                if let Some(source) = reader.expression(element, &from) {
                    list.push(Mapping { source, target });
                }
            }
            let (Some(source), Some(target)) = (
                reader.child_text(association, "sourceRef"),
                reader.child_text(association, "targetRef"),
            ) else {
                continue;
            };
            let parameter = if inputs { &target } else { &source };
            let is_parameter = reader
                .by_ref(parameter)
                .is_some_and(|node| matches!(node.tag_name().name(), "dataInput" | "dataOutput"));
            if let (true, Some(source), Some(target)) = (
                is_parameter,
                variable(reader, objects, &source),
                variable(reader, objects, &target),
            ) {
                let transformation = reader.child_text(association, "transformation");
                let read = transformation.and_then(|text| reader.expression(element, &text));
                list.push(Mapping {
                    source: read.unwrap_or_else(|| path(&source)),
                    target,
                });
            }
        }
    }
}

/// The variable that feeds a data input of an activity.
pub fn source_of_input<'d>(
    reader: &Reader<'d>,
    objects: &[DataObject],
    activity: Node<'d, 'd>,
    input: &str,
) -> Option<String> {
    let association = reader
        .children_named(activity, "dataInputAssociation")
        .find(|association| reader.child_text(*association, "targetRef").as_deref() == Some(input))?;
    variable(reader, objects, &reader.child_text(association, "sourceRef")?)
}

/// The variable name of a data element.
fn variable(reader: &Reader<'_>, objects: &[DataObject], reference: &str) -> Option<String> {
    let object = objects
        .iter()
        .find(|object| object.id == reference || object.id == local(reference));
    if let Some(object) = object {
        return Some(object.name.clone());
    }
    let target = reader.by_ref(reference)?;
    let name = target
        .attribute("name")
        .filter(|name| !name.trim().is_empty() && !name.starts_with("__"));
    name.or_else(|| target.attribute("id")).map(str::to_owned)
}

/// A variable as FEEL: names that are no FEEL names are looked up in the context.
fn path(name: &str) -> Expression {
    let plain = name
        .chars()
        .enumerate()
        .all(|(at, c)| c.is_alphabetic() || c == '_' || (at > 0 && c.is_ascii_digit()));
    Expression(if plain {
        name.to_owned()
    } else {
        format!("get value(context, {})", quoted(name))
    })
}
