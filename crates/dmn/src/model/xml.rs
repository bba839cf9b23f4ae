//! Reading DMN's XML: small helpers over the tree.

use super::ModelIssue;
use roxmltree::{Document, Node};
use std::ops::Range;

/// The namespaces of DMN 1.1 to 1.5, oldest first.
pub(super) const NAMESPACES: &[&str] = &[
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "https://www.omg.org/spec/DMN/20191111/MODEL/",
    "https://www.omg.org/spec/DMN/20211108/MODEL/",
    "https://www.omg.org/spec/DMN/20230324/MODEL/",
];

/// Whether a node is the DMN element of this name.
pub(super) fn is(node: Node<'_, '_>, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name && is_dmn(node)
}

/// Whether a node is an element of a DMN namespace.
pub(super) fn is_dmn(node: Node<'_, '_>) -> bool {
    node.tag_name()
        .namespace()
        .is_some_and(|namespace| NAMESPACES.contains(&namespace))
}

/// The first child of this name.
pub(super) fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| is(*child, name))
}

/// The children of this name.
pub(super) fn children<'a, 'i: 'a>(node: Node<'a, 'i>, name: &'a str) -> impl Iterator<Item = Node<'a, 'i>> + 'a {
    node.children().filter(move |child| is(*child, name))
}

/// The trimmed text of the child `text`, empty when there is none.
pub(super) fn text_of(node: Node<'_, '_>) -> String {
    child(node, "text").map(content).unwrap_or_default()
}

/// All the text inside an element, trimmed.
pub(super) fn content(node: Node<'_, '_>) -> String {
    let text: String = node
        .descendants()
        .filter(Node::is_text)
        .filter_map(|text| text.text())
        .collect();
    text.trim().to_owned()
}

/// The line of a node, from 1.
pub(super) fn line(node: Node<'_, '_>) -> u32 {
    node.document().text_pos_at(node.range().start).row
}

/// An issue about a node: it names the nearest element with an id or name.
pub(super) fn issue(
    node: Node<'_, '_>,
    rule: &'static str,
    message: impl Into<String>,
    remedy: impl Into<String>,
) -> ModelIssue {
    let named = |node: Node<'_, '_>| {
        node.attribute("id")
            .or_else(|| node.attribute("name"))
            .map(str::to_owned)
    };
    let element = node.ancestors().filter(Node::is_element).find_map(named);
    ModelIssue {
        rule,
        element,
        line: line(node),
        message: message.into(),
        remedy: remedy.into(),
    }
}

/// Text ready to stand inside an element.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The prefix (with its colon) that a document writes before the names of DMN elements.
pub(super) fn prefix<'x>(document: &Document<'x>) -> &'x str {
    let start = document.root_element().range().start + 1;
    let name = document.input_text()[start..]
        .split([' ', '\n', '\r', '\t', '>', '/'])
        .next()
        .unwrap_or_default();
    name.find(':').map_or("", |colon| &name[..=colon])
}

/// Replaces ranges of a text; the ranges do not overlap.
pub(super) fn edited(text: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (range, replacement) in edits {
        if range.start < done {
            continue;
        }
        out.push_str(&text[done..range.start]);
        out.push_str(&replacement);
        done = range.end;
    }
    out.push_str(&text[done..]);
    out
}
