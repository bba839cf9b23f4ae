//! The copy of a model that runs.
//!
//! Five things are changed in it, none of which changes a decision:
//! - what only tools read (diagrams, elements and attributes of other namespaces) is dropped, and the namespaces of
//!   DMN 1.1 and 1.2 become that of 1.3, because the FEEL library reads 1.3 to 1.5;
//! - `now()` and `today()` become inputs, because the library would ask the machine's clock; so do the functions on
//!   working days, which the library does not know;
//! - function bodies ask first whether their recursion went too deep (see `recursion`);
//! - beside each decision table stand two decisions of our own: the same table that collects the numbers of the rules
//!   that match, and the list of its inputs' values. They make the trace, by the library's own rules.

use super::xml::{NAMESPACES, child, children, edited, escaped, is, is_dmn, prefix, text_of};
use crate::calendar::NAMES;
use crate::recursion::{QUESTION, TOO_DEEP, guarded};
use roxmltree::{Document, Node};
use std::fmt::Write as _;

/// The input that stands for `now()`.
pub(super) const NOW: &str = "sinfonia_now";
/// The input that stands for `today()`.
pub(super) const TODAY: &str = "sinfonia_today";
/// The oldest version that the library reads.
const OLDEST_READ: &str = NAMESPACES[2];

/// How the names of the inputs begin that stand for the functions on working days.
const CALENDAR: &str = "sinfonia_calendar_";

/// The input that stands for a function on working days.
pub(super) fn calendar_input(name: &str) -> String {
    format!("{CALENDAR}{}", name.replace(' ', "_"))
}

/// Whether a model asks for working days.
pub(super) fn asks_for_calendars(document: &Document<'_>) -> bool {
    let texts = document.descendants().filter(|node| is(*node, "text"));
    texts
        .filter_map(|text| text.text())
        .any(|text| with_calendars(text) != text)
}

/// The text with the functions on working days, outside string literals, replaced by the inputs.
fn with_calendars(text: &str) -> String {
    if !text.contains("business ") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut in_string, mut previous) = (text, false, ' ');
    while let Some(c) = rest.chars().next() {
        let called = |name: &&&str| {
            let after = rest.strip_prefix(**name);
            after.is_some_and(|after| after.trim_start().starts_with('('))
        };
        let begins = !in_string && !previous.is_alphanumeric() && previous != '_';
        if let Some(name) = NAMES.iter().find(called).filter(|_| begins) {
            out.push_str(&calendar_input(name));
            rest = &rest[name.len()..];
            previous = ')';
            continue;
        }
        if c == '"' && previous != '\\' {
            in_string = !in_string;
        }
        out.push(c);
        previous = c;
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// The name of the decision that lists the matching rules of the table of the decision at this place.
pub(super) fn rules_name(place: usize) -> String {
    format!("sinfonia_rules_{place}")
}

/// The name of the decision that lists the inputs' values of the table of the decision at this place.
pub(super) fn inputs_name(place: usize) -> String {
    format!("sinfonia_inputs_{place}")
}

/// The copy that runs.
pub(super) fn runnable(xml: &str) -> Result<String, roxmltree::Error> {
    let plain = plain(&Document::parse(xml)?);
    let bound = bound(&Document::parse(&plain)?);
    Ok(traced(&Document::parse(&bound)?))
}

fn plain(document: &Document<'_>) -> String {
    let mut edits = vec![];
    for node in document.descendants().filter(Node::is_element) {
        let foreign = !is_dmn(node) || matches!(node.tag_name().name(), "extensionElements");
        if foreign && node.parent().is_some_and(|parent| parent.is_root() || is_dmn(parent)) {
            edits.push((node.range(), String::new()));
        }
        for attribute in node.attributes() {
            if attribute.namespace().is_some() {
                edits.push((attribute.range(), String::new()));
            } else if attribute.name() == "typeRef" && attribute.value().starts_with("feel:") {
                edits.push((
                    attribute.range(),
                    format!("typeRef=\"{}\"", escaped(&attribute.value()[5..])),
                ));
            }
        }
    }
    let text = edited(document.input_text(), edits);
    NAMESPACES[..2].iter().fold(text, |text, old| {
        text.replace(&format!("\"{old}\""), &format!("\"{OLDEST_READ}\""))
    })
}

/// Binds the moment and the bound of recursion as inputs of the decisions that may need them.
fn bound(document: &Document<'_>) -> String {
    let prefix = prefix(document);
    let mut edits = vec![];
    let (mut has_functions, mut has_calendars) = (false, false);
    let calendars = NAMES.map(calendar_input);
    for text in document.descendants().filter(|node| is(*node, "text")) {
        let before = text.text().unwrap_or_default();
        let mut after = guarded(&with_calendars(&with_moment(before)));
        if is_function_body(text) {
            after.insert_str(0, QUESTION);
        }
        has_functions |= after.contains(TOO_DEEP);
        has_calendars |= after.contains(CALENDAR);
        if after != before {
            edits.push((
                text.range(),
                format!("<{prefix}text>{}</{prefix}text>", escaped(&after)),
            ));
        }
    }
    let mut needed: Vec<&str> = vec![];
    for decision in children(document.root_element(), "decision") {
        let mut inputs: Vec<&str> = if has_functions { vec![TOO_DEEP] } else { vec![] };
        if asks_the_moment(decision) {
            inputs.extend([NOW, TODAY]);
        }
        // a knowledge model that a decision calls may be what asks
        if has_calendars {
            inputs.extend(calendars.iter().map(String::as_str));
        }
        let at = requirements_start(decision);
        edits.push((at..at, inputs.iter().map(|id| requirement(prefix, id)).collect()));
        needed.extend(inputs);
    }
    needed.sort_unstable();
    needed.dedup();
    let at = definitions_end(document);
    edits.push((at..at, needed.iter().map(|id| input(prefix, id)).collect()));
    edited(document.input_text(), edits)
}

fn requirement(p: &str, id: &str) -> String {
    format!("<{p}informationRequirement><{p}requiredInput href=\"#{id}\"/></{p}informationRequirement>")
}

fn input(p: &str, id: &str) -> String {
    format!("<{p}inputData id=\"{id}\" name=\"{id}\"><{p}variable name=\"{id}\"/></{p}inputData>")
}

/// Whether a part of a model asks for `now()` or `today()`.
pub(super) fn asks_the_moment(node: Node<'_, '_>) -> bool {
    let texts = node
        .descendants()
        .filter(|node| is(*node, "text"))
        .filter_map(|text| text.text());
    texts.into_iter().any(|text| with_moment(text) != text)
}

/// Whether a text is an expression that runs when a boxed function is called.
fn is_function_body(text: Node<'_, '_>) -> bool {
    let expression = text.parent().is_some_and(|parent| is(parent, "literalExpression"));
    expression
        && text
            .ancestors()
            .any(|node| is(node, "encapsulatedLogic") || is(node, "functionDefinition"))
}

/// Where the requirements of a decision may begin: after its variable.
fn requirements_start(decision: Node<'_, '_>) -> usize {
    let heading = ["description", "question", "allowedAnswers", "variable"];
    let last = decision
        .children()
        .rfind(|child| heading.iter().any(|name| is(*child, name)));
    let first = decision.children().find(|child| child.is_element());
    last.map(|node| node.range().end)
        .or(first.map(|node| node.range().start))
        .unwrap_or(decision.range().end)
}

fn definitions_end(document: &Document<'_>) -> usize {
    let root = document.root_element().range();
    document.input_text()[..root.end].rfind("</").unwrap_or(root.end)
}

/// The text with every `now()` and `today()` outside string literals replaced by the inputs.
pub(super) fn with_moment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_string = false;
    let mut previous = ' ';
    while let Some(c) = rest.chars().next() {
        if !in_string && !previous.is_alphanumeric() && previous != '_' {
            let call = [("now", NOW), ("today", TODAY)].iter().find_map(|(name, input)| {
                let after = rest
                    .strip_prefix(name)?
                    .trim_start()
                    .strip_prefix('(')?
                    .trim_start()
                    .strip_prefix(')')?;
                Some((*input, after))
            });
            if let Some((input, after)) = call {
                out.push_str(input);
                rest = after;
                previous = ')';
                continue;
            }
        }
        if c == '"' && previous != '\\' {
            in_string = !in_string;
        }
        out.push(c);
        previous = c;
        rest = &rest[c.len_utf8()..];
    }
    out
}

fn traced(document: &Document<'_>) -> String {
    let prefix = prefix(document);
    let mut edits = vec![];
    for (place, decision) in children(document.root_element(), "decision").enumerate() {
        let Some(table) = child(decision, "decisionTable") else {
            continue;
        };
        let at = decision.range().end;
        let rules = rules_decision(document, prefix, place, decision, table);
        let inputs = inputs_decision(document, prefix, place, decision, table);
        edits.push((at..at, [rules, inputs].concat()));
    }
    edited(document.input_text(), edits)
}

fn rules_decision(
    document: &Document<'_>,
    p: &str,
    place: usize,
    decision: Node<'_, '_>,
    table: Node<'_, '_>,
) -> String {
    let mut out = opening(document, p, &rules_name(place), decision);
    let _ = write!(out, "<{p}decisionTable hitPolicy=\"COLLECT\">");
    for input in children(table, "input") {
        out.push_str(source(document, input));
    }
    let _ = write!(out, "<{p}output/>");
    for (index, rule) in children(table, "rule").enumerate() {
        let _ = write!(out, "<{p}rule>");
        for entry in children(rule, "inputEntry") {
            out.push_str(source(document, entry));
        }
        let _ = write!(
            out,
            "<{p}outputEntry><{p}text>{}</{p}text></{p}outputEntry></{p}rule>",
            index + 1
        );
    }
    let _ = write!(out, "</{p}decisionTable></{p}decision>");
    out
}

fn inputs_decision(
    document: &Document<'_>,
    p: &str,
    place: usize,
    decision: Node<'_, '_>,
    table: Node<'_, '_>,
) -> String {
    let mut out = opening(document, p, &inputs_name(place), decision);
    let _ = write!(out, "<{p}list>");
    for input in children(table, "input") {
        let expression = child(input, "inputExpression").map(text_of).unwrap_or_default();
        let expression = if expression.is_empty() {
            "null".to_owned()
        } else {
            escaped(&expression)
        };
        let _ = write!(
            out,
            "<{p}literalExpression><{p}text>{expression}</{p}text></{p}literalExpression>"
        );
    }
    let _ = write!(out, "</{p}list></{p}decision>");
    out
}

fn opening(document: &Document<'_>, p: &str, name: &str, decision: Node<'_, '_>) -> String {
    let mut out = format!("<{p}decision id=\"{name}\" name=\"{name}\"><{p}variable name=\"{name}\"/>");
    for requirement in decision.children() {
        if is(requirement, "informationRequirement") || is(requirement, "knowledgeRequirement") {
            out.push_str(source(document, requirement));
        }
    }
    out
}

fn source<'x>(document: &Document<'x>, node: Node<'_, '_>) -> &'x str {
    &document.input_text()[node.range()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moment_becomes_an_input_outside_strings() {
        let text = r#"if today() > date("now()") then now ( ) else renow() + today(1)"#;
        let expected = r#"if sinfonia_today > date("now()") then sinfonia_now else renow() + today(1)"#;
        assert_eq!(with_moment(text), expected);
    }
}
