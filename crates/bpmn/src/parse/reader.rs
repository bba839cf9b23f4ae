//! The XML document with what every reader needs: lines, ids, issues.

use super::MAX_DEPTH;
use super::dialect::{CAMUNDA, SPIFF, ZEEBE};
use crate::{Issue, Severity};
use roxmltree::{Document, Node};
use std::collections::HashMap;

/// BPMN 2.0 model namespace.
pub const BPMN: &str = "http://www.omg.org/spec/BPMN/20100524/MODEL";

/// The document being read and what was found wrong so far.
pub struct Reader<'d> {
    document: &'d Document<'d>,
    line_starts: Vec<usize>,
    ids: HashMap<&'d str, Node<'d, 'd>>,
    issues: Vec<Issue>,
    camunda7: bool,
    python: bool,
}

impl<'d> Reader<'d> {
    pub fn new(document: &'d Document<'d>) -> Self {
        let text = document.input_text();
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self {
            document,
            line_starts,
            ids: HashMap::new(),
            issues: Vec::new(),
            camunda7: speaks(document, |uri| CAMUNDA.contains(&uri)) && !speaks(document, |uri| uri == ZEEBE),
            python: speaks(document, |uri| uri == SPIFF),
        }
    }

    /// Whether the file speaks the dialect of Camunda 7 and its kin.
    pub fn camunda7(&self) -> bool {
        self.camunda7
    }

    /// Whether its expressions and scripts are Python's (SpiffWorkflow).
    pub fn python(&self) -> bool {
        self.python
    }

    /// Checks the root element, the depth and the uniqueness of ids; `false` when there is nothing to read.
    pub fn check_root(&mut self) -> bool {
        let root = self.root();
        if root.tag_name().name() != "definitions" || root.tag_name().namespace() != Some(BPMN) {
            let message = format!(
                "the root element is '{}', not BPMN 2.0 'definitions'",
                root.tag_name().name()
            );
            let remedy = format!("deploy a BPMN 2.0 file; its root is 'definitions' in the namespace {BPMN}");
            self.error(root, "not-bpmn", message, remedy);
            return false;
        }
        let mut stack = vec![(root, 1usize)];
        let mut duplicates = Vec::new();
        while let Some((node, depth)) = stack.pop() {
            if depth > MAX_DEPTH {
                let message = format!("elements are nested more than {MAX_DEPTH} deep");
                self.error(
                    node,
                    "too-deep",
                    message,
                    "flatten the model, or split it with call activities",
                );
                return false;
            }
            stack.extend(node.children().filter(Node::is_element).map(|child| (child, depth + 1)));
            if node.tag_name().namespace() == Some(BPMN)
                && let Some(id) = node.attribute("id")
                && let Some(first) = self.ids.insert(id, node)
            {
                duplicates.push(if first.range().start < node.range().start {
                    (first, node)
                } else {
                    (node, first)
                });
            }
        }
        for (first, second) in duplicates {
            let message = format!(
                "the id '{}' is also used in line {}",
                id_of(second).unwrap_or_default(),
                self.line(first)
            );
            self.error(second, "duplicate-id", message, "give each element an id of its own");
        }
        true
    }

    pub fn root(&self) -> Node<'d, 'd> {
        self.document.root_element()
    }

    /// Line of an element, from 1.
    pub fn line(&self, node: Node<'_, '_>) -> u32 {
        self.line_starts.partition_point(|start| *start <= node.range().start) as u32
    }

    /// The BPMN element with an id, by a reference that may carry a namespace prefix.
    pub fn by_ref(&self, reference: &str) -> Option<Node<'d, 'd>> {
        let reference = reference.trim();
        self.ids
            .get(reference)
            .or_else(|| self.ids.get(local(reference)))
            .copied()
    }

    /// The BPMN child elements.
    pub fn bpmn_children(&self, node: Node<'d, 'd>) -> Vec<Node<'d, 'd>> {
        node.children()
            .filter(|child| child.tag_name().namespace() == Some(BPMN))
            .collect()
    }

    /// The first BPMN child of a name.
    pub fn child(&self, node: Node<'d, 'd>, name: &str) -> Option<Node<'d, 'd>> {
        node.children().find(|child| child.has_tag_name((BPMN, name)))
    }

    /// The BPMN children of a name.
    pub fn children_named<'n>(
        &self,
        node: Node<'d, 'd>,
        name: &'n str,
    ) -> impl Iterator<Item = Node<'d, 'd>> + use<'d, 'n> {
        node.children().filter(move |child| child.has_tag_name((BPMN, name)))
    }

    /// The trimmed text of the first BPMN child of a name; `None` when absent or empty.
    pub fn child_text(&self, node: Node<'d, 'd>, name: &str) -> Option<String> {
        self.child(node, name).map(text).filter(|text| !text.is_empty())
    }

    pub fn error(
        &mut self,
        node: Node<'_, '_>,
        rule: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let (line, element) = (self.line(node), id_of(node));
        self.add(Severity::Error, rule, element, line, message.into(), remedy.into());
    }

    pub fn warn(
        &mut self,
        node: Node<'_, '_>,
        rule: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let (line, element) = (self.line(node), id_of(node));
        self.add(Severity::Warning, rule, element, line, message.into(), remedy.into());
    }

    pub fn add(
        &mut self,
        severity: Severity,
        rule: &'static str,
        element: Option<String>,
        line: u32,
        message: String,
        remedy: String,
    ) {
        self.issues.push(Issue {
            severity,
            rule,
            element,
            line,
            message,
            remedy,
        });
    }

    /// Whether anything refuses the file so far.
    pub fn has_errors(&self) -> bool {
        self.issues.iter().any(|issue| issue.severity == Severity::Error)
    }

    /// Whether an element was found wrong so far.
    pub fn has_error(&self, element: &str) -> bool {
        let wrong = |issue: &Issue| issue.severity == Severity::Error && issue.element.as_deref() == Some(element);
        self.issues.iter().any(wrong)
    }

    pub fn issue_count(&self) -> usize {
        self.issues.len()
    }

    /// Drops what was found since `count`, for what is read twice.
    pub fn forget_issues_after(&mut self, count: usize) {
        self.issues.truncate(count);
    }

    pub fn into_issues(self) -> Vec<Issue> {
        self.issues
    }
}

/// Whether the root element declares a namespace.
fn speaks(document: &Document<'_>, wanted: impl Fn(&str) -> bool) -> bool {
    document
        .root_element()
        .namespaces()
        .any(|namespace| wanted(namespace.uri()))
}

/// All text inside an element, trimmed.
pub fn text(node: Node<'_, '_>) -> String {
    node.children()
        .filter(Node::is_text)
        .filter_map(|child| child.text())
        .collect::<String>()
        .trim()
        .to_owned()
}

/// The name after a namespace prefix.
pub fn local(reference: &str) -> &str {
    reference.rsplit_once(':').map_or(reference, |(_, name)| name).trim()
}

/// The id of an element, or of the nearest enclosing one.
pub fn id_of(node: Node<'_, '_>) -> Option<String> {
    node.ancestors()
        .find_map(|ancestor| ancestor.attribute("id"))
        .map(str::to_owned)
}

/// A boolean attribute.
pub fn flag(node: Node<'_, '_>, name: &str, default: bool) -> bool {
    match node.attribute(name).map(str::trim) {
        Some("true" | "1") => true,
        Some("false" | "0") => false,
        _ => default,
    }
}
