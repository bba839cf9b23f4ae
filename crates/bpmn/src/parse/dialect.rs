//! Extension elements and attributes: `zeebe:`, `camunda:` and its kin, `sinfonia:`, and all others.

use super::reader::{BPMN, Reader, text};
use crate::foreign::{self, Language};
use crate::{Expression, ExtensionElement, Extensions, Text};
use roxmltree::Node;
use std::collections::BTreeMap;

/// Camunda 8.
pub const ZEEBE: &str = "http://camunda.org/schema/zeebe/1.0";
/// This project.
pub const SINFONIA: &str = "https://sinfonia.it/bpmn";
/// Camunda 7 and the engines that share its vocabulary.
pub const CAMUNDA: [&str; 4] = [
    "http://camunda.org/schema/1.0/bpmn",
    "http://operaton.org/schema/1.0/bpmn",
    "http://flowable.org/bpmn",
    "http://activiti.org/bpmn",
];

/// SpiffWorkflow.
pub const SPIFF: &str = "http://spiffworkflow.org/bpmn/schema/1.0/core";

/// Extension elements that the parser interprets; all others go to [`Extensions`].
const READ: [&str; 40] = [
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
    "executionListeners",
    "executionListener",
    "taskListeners",
    "taskListener",
    "field",
    "connector",
    "conditionalFilter",
    "preScript",
    "postScript",
    "serviceTaskOperator",
    "calledDecisionId",
    "initiator",
    "assignee",
    "string",
    "expression",
    "formData",
    "formProperty",
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
        let unmarked = !text.trim().starts_with('=') && !text.trim().is_empty() && !foreign::is_composite(text);
        let read = if self.python() && unmarked {
            foreign::to_feel(text, Language::Python).map(Expression)
        } else {
            Expression::read(text)
        };
        match read {
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

    /// Reads a condition whose language is named beside it.
    pub fn condition(&mut self, node: Node<'d, 'd>, language: &str, text: &str) -> Option<Expression> {
        let name = language.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
        let language = match name.trim_start_matches("x-") {
            "javascript" | "groovy" | "ecmascript" | "js" => Language::Script,
            "python" | "jython" => Language::Python,
            _ => return self.expression(node, text),
        };
        let text = text.trim().trim_end_matches(';');
        match foreign::to_feel(text.strip_prefix("return ").unwrap_or(text), language) {
            Ok(feel) => Some(Expression(feel)),
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
        let ours = namespace == ZEEBE || namespace == SINFONIA || namespace == SPIFF || CAMUNDA.contains(&namespace);
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
