//! Extension elements and attributes: `zeebe:`, `camunda:` and its kin, `sinfonia:`, and all others.

use super::reader::{BPMN, Reader, text};
use crate::{Expression, ExtensionElement, Extensions, Io, Mapping, Text};
use roxmltree::Node;
use std::collections::BTreeMap;

/// Camunda 8.
pub const ZEEBE: &str = "http://camunda.org/schema/zeebe/1.0";
/// This project.
pub const SINFONIA: &str = "https://sinfonia.it/bpmn";
/// Camunda 7 and the engines that share its vocabulary.
const CAMUNDA: [&str; 4] = [
    "http://camunda.org/schema/1.0/bpmn",
    "http://operaton.org/schema/1.0/bpmn",
    "http://flowable.org/bpmn",
    "http://activiti.org/bpmn",
];

/// Zeebe elements that the parser interprets; all others go to [`Extensions`].
const READ: [&str; 23] = [
    "taskDefinition",
    "jobPriorityDefinition",
    "assignmentDefinition",
    "taskSchedule",
    "formDefinition",
    "ioMapping",
    "calledDecision",
    "calledElement",
    "subscription",
    "script",
    "taskHeaders",
    "loopCharacteristics",
    "userTask",
    "priorityDefinition",
    "properties",
    "adHoc",
    "inputOutput",
    "failedJobRetryTimeCycle",
    "in",
    "out",
    "fhirTrigger",
    "versionTag",
    "modelerTemplate",
];

/// The first extension element of a namespace and name.
pub fn extension<'d>(node: Node<'d, 'd>, namespace: &str, name: &str) -> Option<Node<'d, 'd>> {
    extensions(node).find(|element| element.has_tag_name((namespace, name)))
}

/// The Zeebe extension element of a name.
pub fn zeebe<'d>(node: Node<'d, 'd>, name: &str) -> Option<Node<'d, 'd>> {
    extension(node, ZEEBE, name)
}

/// The Camunda 7 extension element of a name.
pub fn camunda_element<'d>(node: Node<'d, 'd>, name: &str) -> Option<Node<'d, 'd>> {
    CAMUNDA.iter().find_map(|namespace| extension(node, namespace, name))
}

/// The Camunda 7 attribute of a name.
pub fn camunda<'d>(node: Node<'d, 'd>, name: &str) -> Option<&'d str> {
    CAMUNDA
        .iter()
        .find_map(|namespace| node.attribute((*namespace, name)))
        .filter(|value| !value.trim().is_empty())
}

/// Children of `extensionElements`.
pub fn extensions<'d>(node: Node<'d, 'd>) -> impl Iterator<Item = Node<'d, 'd>> {
    node.children()
        .filter(|child| child.has_tag_name((BPMN, "extensionElements")))
        .flat_map(|holder| holder.children())
        .filter(Node::is_element)
}

/// A non-empty attribute.
pub fn attribute<'d>(node: Option<Node<'d, 'd>>, name: &str) -> Option<&'d str> {
    node.and_then(|node| node.attribute(name))
        .map(str::trim)
        .filter(|value| !value.is_empty())
}

impl<'d> Reader<'d> {
    /// Reads an expression; a mistake becomes an issue at `node`.
    pub fn expression(&mut self, node: Node<'d, 'd>, text: &str) -> Option<Expression> {
        match Expression::read(text) {
            Ok(expression) if expression.as_str().is_empty() => None,
            Ok(expression) => Some(expression),
            Err(reason) => {
                self.bad_expression(node, text, &reason);
                None
            }
        }
    }

    /// Reads a text or expression; a mistake becomes an issue at `node`.
    pub fn text_or_expression(&mut self, node: Node<'d, 'd>, text: &str) -> Option<Text> {
        match Text::read(text) {
            Ok(text) => Some(text),
            Err(reason) => {
                self.bad_expression(node, text, &reason);
                None
            }
        }
    }

    fn bad_expression(&mut self, node: Node<'d, 'd>, text: &str, reason: &str) {
        let message = format!("the expression '{}' cannot be used here: {reason}", text.trim());
        self.error(
            node,
            "expression-unsupported",
            message,
            "write it in FEEL, e.g. '= age >= 18'",
        );
    }
}

/// Input and output mappings from `zeebe:ioMapping` and `camunda:inputOutput`.
pub fn io<'d>(reader: &mut Reader<'d>, node: Node<'d, 'd>) -> Io {
    let mut io = Io::default();
    if let Some(mapping) = zeebe(node, "ioMapping") {
        for entry in mapping.children().filter(Node::is_element) {
            let (Some(source), Some(target)) = (entry.attribute("source"), entry.attribute("target")) else {
                reader.error(
                    entry,
                    "mapping-incomplete",
                    "a mapping needs 'source' and 'target'",
                    "fill both, or remove the mapping",
                );
                continue;
            };
            let read = if source.trim().starts_with('=') {
                reader.expression(entry, source)
            } else {
                Some(Expression(quoted(source)))
            };
            let Some(source) = read else { continue };
            let list = if entry.tag_name().name() == "input" {
                &mut io.inputs
            } else {
                &mut io.outputs
            };
            list.push(Mapping {
                source,
                target: target.trim().to_owned(),
            });
        }
    }
    if let Some(mapping) = camunda_element(node, "inputOutput") {
        for entry in mapping.children().filter(Node::is_element) {
            let Some(mapping) = camunda_parameter(reader, entry) else {
                continue;
            };
            let list = if entry.tag_name().name() == "inputParameter" {
                &mut io.inputs
            } else {
                &mut io.outputs
            };
            list.push(mapping);
        }
    }
    for entry in extensions(node).filter(|entry| matches!(entry.tag_name().name(), "in" | "out")) {
        let Some(target) = entry.attribute("target") else {
            continue;
        };
        let source = match (entry.attribute("source"), entry.attribute("sourceExpression")) {
            (Some(variable), _) => Some(Expression(variable.to_owned())),
            (None, Some(expression)) => reader.expression(entry, expression),
            (None, None) => continue,
        };
        let Some(source) = source else { continue };
        let list = if entry.tag_name().name() == "in" {
            &mut io.inputs
        } else {
            &mut io.outputs
        };
        list.push(Mapping {
            source,
            target: target.to_owned(),
        });
    }
    io
}

fn camunda_parameter<'d>(reader: &mut Reader<'d>, entry: Node<'d, 'd>) -> Option<Mapping> {
    let target = entry.attribute("name")?.to_owned();
    let value = match entry.children().find(Node::is_element) {
        Some(inner) if inner.tag_name().name() == "list" => {
            let items: Vec<String> = inner
                .children()
                .filter(Node::is_element)
                .map(|item| quoted(&text(item)))
                .collect();
            Expression(format!("[{}]", items.join(", ")))
        }
        Some(inner) if inner.tag_name().name() == "map" => {
            let entries = inner.children().filter(Node::is_element);
            let items: Vec<String> = entries
                .map(|item| {
                    format!(
                        "{}: {}",
                        quoted(item.attribute("key").unwrap_or_default()),
                        quoted(&text(item))
                    )
                })
                .collect();
            Expression(format!("{{{}}}", items.join(", ")))
        }
        Some(inner) => {
            let message = format!(
                "the parameter '{target}' is a {}, which is not run here",
                inner.tag_name().name()
            );
            reader.error(
                entry,
                "parameter-unsupported",
                message,
                "write the value as text or FEEL",
            );
            return None;
        }
        None => {
            let text = text(entry);
            match reader.text_or_expression(entry, &text)? {
                Text::Literal(text) => Expression(quoted(&text)),
                Text::Feel(expression) => expression,
            }
        }
    };
    Some(Mapping { source: value, target })
}

/// A FEEL string literal.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Extensions that nobody here interprets, and the properties.
pub fn others(node: Node<'_, '_>) -> Extensions {
    let mut found = Extensions::default();
    for attribute in node.attributes() {
        let Some(namespace) = attribute.namespace() else {
            continue;
        };
        let prefix = if namespace == SINFONIA {
            Some("sinfonia")
        } else {
            node.lookup_prefix(namespace)
        };
        if let Some(prefix) = prefix.filter(|prefix| *prefix != "xsi" && *prefix != "xml") {
            found
                .attributes
                .insert(format!("{prefix}:{}", attribute.name()), attribute.value().to_owned());
        }
    }
    let holders = node
        .children()
        .filter(|child| child.has_tag_name((BPMN, "extensionElements")));
    for element in holders.flat_map(|holder| holder.children()).filter(Node::is_element) {
        let namespace = element.tag_name().namespace().unwrap_or_default();
        let ours = namespace == ZEEBE || namespace == SINFONIA || CAMUNDA.contains(&namespace);
        if element.tag_name().name() == "properties" && ours {
            for property in element.children().filter(Node::is_element) {
                if let (Some(name), Some(value)) = (property.attribute("name"), property.attribute("value")) {
                    found.properties.insert(name.to_owned(), value.to_owned());
                }
            }
        } else if !(ours && READ.contains(&element.tag_name().name())) {
            found.elements.push(generic(element));
        }
    }
    found
}

/// Depth is bounded by [`super::MAX_DEPTH`].
fn generic(element: Node<'_, '_>) -> ExtensionElement {
    let namespace = element.tag_name().namespace().unwrap_or_default();
    let prefix = if namespace == SINFONIA {
        Some("sinfonia")
    } else {
        element.lookup_prefix(namespace)
    };
    let local = element.tag_name().name();
    ExtensionElement {
        name: prefix.map_or_else(|| local.to_owned(), |prefix| format!("{prefix}:{local}")),
        attributes: element
            .attributes()
            .map(|attribute| (attribute.name().to_owned(), attribute.value().to_owned()))
            .collect::<BTreeMap<_, _>>(),
        text: text(element),
        children: element.children().filter(Node::is_element).map(generic).collect(),
    }
}
