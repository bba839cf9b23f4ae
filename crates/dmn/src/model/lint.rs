//! What is refused before a model may run.

use super::ModelIssue;
use super::describe::local_id;
use super::rewrite::{asks_the_moment, with_moment};
use super::xml::{child, children, content, is, is_dmn, issue, text_of};
use crate::prepare::{MAX_EXPRESSION_CHARS, shortened};
use crate::syntax;
use crate::words::words;
use dsntk_feel::context::FeelContext;
use dsntk_feel::{FeelScope, Name};
use dsntk_feel_parser::AstNode;
use roxmltree::{Document, Node};
use std::collections::{HashMap, HashSet};

/// Everything that forbids a model to run, in the order of the document.
pub(super) fn lint(document: &Document<'_>) -> Vec<ModelIssue> {
    let root = document.root_element();
    if !is(root, "definitions") {
        let remedy = "export it as DMN 1.3 or later";
        return vec![issue(
            root,
            "not-dmn",
            "the root element is not the 'definitions' of DMN 1.1 to 1.5",
            remedy,
        )];
    }
    let mut issues = vec![];
    for name in ["name", "namespace"] {
        if root.attribute(name).is_none_or(str::is_empty) {
            issues.push(issue(
                root,
                "attribute-missing",
                format!("'definitions' has no {name}"),
                "give it one",
            ));
        }
    }
    for node in root.descendants().filter(|node| node.is_element() && is_dmn(*node)) {
        element(node, &mut issues);
    }
    requirements(root, &mut issues);
    if issues.is_empty() {
        expressions(root, &mut issues);
    }
    issues.sort_by_key(|issue| issue.line);
    issues
}

fn element(node: Node<'_, '_>, issues: &mut Vec<ModelIssue>) {
    match node.tag_name().name() {
        "decision" | "inputData" | "businessKnowledgeModel"
            if node.attribute("name").is_none_or(str::is_empty) && !node.has_attribute("href") =>
        {
            issues.push(issue(node, "attribute-missing", "it has no name", "give it one"));
        }
        "encapsulatedLogic" | "functionDefinition" => {
            if let Some(kind @ ("Java" | "PMML")) = node.attribute("kind") {
                let message = format!("the function is {kind}: external functions are not run");
                issues.push(issue(
                    node,
                    "external-function",
                    message,
                    "write it in FEEL or as a decision table",
                ));
            }
        }
        "import" if node.attribute("importType").is_some_and(|kind| kind.contains("PMML")) => {
            issues.push(issue(
                node,
                "external-function",
                "it imports a PMML model",
                "write the model as decisions",
            ));
        }
        "literalExpression" | "unaryTests" => {
            if let Some(language) = node
                .attribute("expressionLanguage")
                .filter(|name| !name.to_uppercase().contains("FEEL"))
            {
                let message = format!("the expression language is '{language}'");
                issues.push(issue(
                    node,
                    "expression-language",
                    message,
                    "write the expression in FEEL",
                ));
            }
        }
        "decisionTable" => table(node, issues),
        _ => {}
    }
}

fn table(node: Node<'_, '_>, issues: &mut Vec<ModelIssue>) {
    let inputs = children(node, "input").count();
    let outputs = children(node, "output").count();
    if outputs == 0 {
        issues.push(issue(
            node,
            "table-shape",
            "the decision table has no output",
            "add an output column",
        ));
    }
    for (index, rule) in children(node, "rule").enumerate() {
        for (name, expected) in [("inputEntry", inputs), ("outputEntry", outputs)] {
            let found = children(rule, name).count();
            if found != expected {
                let message = format!("rule {} has {found} of {expected} {name} elements", index + 1);
                issues.push(issue(
                    rule,
                    "table-shape",
                    message,
                    "give the rule one entry for each column",
                ));
            }
        }
    }
    if outputs > 1 {
        for output in children(node, "output").filter(|output| output.attribute("name").is_none_or(str::is_empty)) {
            issues.push(issue(
                output,
                "table-shape",
                "an output of several has no name",
                "name every output column",
            ));
        }
    }
}

/// Requirements must point to something of this model (or an imported one) and never run in a circle.
fn requirements(root: Node<'_, '_>, issues: &mut Vec<ModelIssue>) {
    let ids: HashSet<_> = root.children().filter_map(|node| node.attribute("id")).collect();
    let mut edges: HashMap<String, Vec<String>> = HashMap::new();
    for owner in root.children().filter(Node::is_element) {
        for reference in owner
            .descendants()
            .filter(|node| node.tag_name().name().starts_with("required"))
        {
            let Some(href) = reference.attribute("href") else {
                continue;
            };
            let target = local_id(href);
            if href.starts_with('#') && !ids.contains(target.as_str()) {
                let message = format!("it requires '{target}', which the model does not hold");
                issues.push(issue(
                    reference,
                    "requirement-missing",
                    message,
                    "remove the requirement or add the element",
                ));
            }
            if reference.tag_name().name() != "requiredAuthority" {
                edges
                    .entry(owner.attribute("id").unwrap_or_default().to_owned())
                    .or_default()
                    .push(target);
            }
        }
    }
    for owner in root.children().filter(Node::is_element) {
        let id = owner.attribute("id").unwrap_or_default();
        if reaches(&edges, id) {
            let message = format!("'{id}' requires itself through its requirements");
            issues.push(issue(
                owner,
                "requirement-cycle",
                message,
                "break the circle of requirements",
            ));
        }
    }
}

fn reaches(edges: &HashMap<String, Vec<String>>, start: &str) -> bool {
    let mut seen = HashSet::new();
    let mut pending: Vec<&String> = edges.get(start).into_iter().flatten().collect();
    while let Some(id) = pending.pop() {
        if id == start {
            return true;
        }
        if seen.insert(id) {
            pending.extend(edges.get(id).into_iter().flatten());
        }
    }
    false
}

fn expressions(root: Node<'_, '_>, issues: &mut Vec<ModelIssue>) {
    services(root, issues);
    for node in root.descendants().filter(|node| is(*node, "text")) {
        let text = content(node);
        if text.chars().count() > MAX_EXPRESSION_CHARS {
            let message = format!("the expression has more than {MAX_EXPRESSION_CHARS} characters");
            issues.push(issue(node, "expression-size", message, "split it"));
        }
        if text.contains("external") && refers_outside(&text) {
            let message = "the expression defines an external function";
            issues.push(issue(node, "external-function", message, "write the function in FEEL"));
        }
        let in_knowledge = node.ancestors().any(|node| is(node, "businessKnowledgeModel"));
        if in_knowledge && with_moment(&text) != text {
            let message = "a business knowledge model asks for now() or today()";
            issues.push(issue(
                node,
                "moment-in-knowledge",
                message,
                "make the moment a parameter and pass it",
            ));
        }
        let unary = node.parent().is_some_and(|parent| is(parent, "inputEntry"));
        for function in enclosing_functions(node)
            .iter()
            .filter(|function| unary && calls(&text, function))
        {
            let message = format!("the function '{function}' calls itself in a rule's input entry");
            let remedy = "call it in an input or an output: recursion is bounded only there";
            issues.push(issue(node, "recursion", message, remedy));
        }
    }
}

/// A decision service that is called as a function sees only its own inputs: neither the moment nor the bound of
/// recursion reach inside, so what needs them there is refused.
fn services(root: Node<'_, '_>, issues: &mut Vec<ModelIssue>) {
    let called: HashSet<_> = root
        .descendants()
        .filter(|node| is(*node, "requiredKnowledge"))
        .filter_map(|node| node.attribute("href").map(local_id))
        .collect();
    let is_called = |service: &Node<'_, '_>| service.attribute("id").is_some_and(|id| called.contains(id));
    if !children(root, "decisionService").any(|service| is_called(&service)) {
        return;
    }
    for node in root.children().filter(|node| asks_the_moment(*node)) {
        let message = "it asks for now() or today() in a model that calls a decision service";
        issues.push(issue(node, "moment-in-service", message, "make the moment an input"));
    }
    for node in root.descendants().filter(|node| is(*node, "text")) {
        for function in enclosing_functions(node)
            .iter()
            .filter(|function| calls(&content(node), function))
        {
            let message = format!("the function '{function}' calls itself in a model that calls a decision service");
            issues.push(issue(
                node,
                "recursion",
                message,
                "use 'for', or call the decisions without the service",
            ));
        }
    }
}

/// The names of the functions that a text is the body of.
fn enclosing_functions(text: Node<'_, '_>) -> Vec<String> {
    let mut names = vec![];
    for node in text.ancestors() {
        let named = if is(node, "encapsulatedLogic") {
            node.parent_element()
        } else if is(node, "functionDefinition") {
            node.parent_element().and_then(|entry| child(entry, "variable"))
        } else {
            None
        };
        names.extend(named.and_then(|node| node.attribute("name")).map(str::to_owned));
    }
    names
}

fn calls(text: &str, function: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find(function) {
        let before = rest[..at].chars().next_back();
        let after = rest[at + function.len()..].trim_start();
        if after.starts_with('(') && !before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            return true;
        }
        rest = &rest[at + function.len()..];
    }
    false
}

fn refers_outside(text: &str) -> bool {
    let compact: String = text.split_whitespace().collect();
    compact.contains("external{")
}

/// The expressions of a model that do not parse, found after the library has refused it without saying where.
pub(super) fn broken_expressions(document: &Document<'_>) -> Vec<ModelIssue> {
    let root = document.root_element();
    let declared: Vec<_> = root.descendants().filter_map(|node| node.attribute("name")).collect();
    let mut issues = vec![];
    for node in root
        .descendants()
        .filter(|node| is_dmn(*node) && child(*node, "text").is_some())
    {
        let text = text_of(node);
        if text.is_empty() || is(node, "annotationEntry") || is(node, "textAnnotation") {
            continue;
        }
        let unary = matches!(
            node.tag_name().name(),
            "inputEntry" | "inputValues" | "outputValues" | "allowedValues" | "typeConstraint"
        );
        if let Err(message) = parses(&text, unary, &declared) {
            let message = format!("'{}' is not valid FEEL: {message}", shortened(&text));
            issues.push(issue(
                node,
                "expression",
                message,
                "check brackets, quotes, operators and names",
            ));
        }
    }
    issues
}

fn parses(text: &str, unary: bool, declared: &[&str]) -> Result<(), String> {
    let mut known = FeelContext::default();
    for name in declared.iter().copied().chain(words(text)) {
        known.set_null(Name::from(name));
    }
    let scope = FeelScope::from(known);
    let parsed: Result<AstNode, _> = match unary {
        true => dsntk_feel_parser::parse_unary_tests(&scope, text, false),
        false => dsntk_feel_parser::parse_expression(&scope, text, false),
    };
    match parsed {
        Ok(node) => syntax::check_shape(&node),
        Err(error) => Err(error.to_string()),
    }
}
