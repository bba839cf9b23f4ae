//! What a model holds, for people and for the trace of a decision.

use super::xml::{child, children, content, text_of};
use roxmltree::{Document, Node};
use std::collections::HashMap;

/// A decision of a deployed model.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct DecisionInfo {
    /// Its id, unique among the deployed models.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The name of its model.
    pub model: String,
    /// The namespace of its model.
    pub namespace: String,
    /// The inputs that it and the decisions it requires read.
    pub inputs: Vec<InputInfo>,
    /// The ids of the decisions that it requires directly.
    pub requires: Vec<String>,
}

/// An input of a decision.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct InputInfo {
    /// The variable's name.
    pub name: String,
    /// The declared FEEL type or item definition, if any.
    pub type_ref: Option<String>,
}

/// A decision table as it stands in the file, for people to read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct TableInfo {
    /// Decision id.
    pub decision: String,
    /// Decision name.
    pub name: String,
    /// Hit policy, e.g. `UNIQUE`.
    pub hit_policy: String,
    /// Label of each input, or its expression.
    pub inputs: Vec<String>,
    /// Name of each output.
    pub outputs: Vec<String>,
    /// The rules, in order: rule 1 of a trace is the first.
    pub rules: Vec<RuleInfo>,
}

/// A rule of a [`TableInfo`].
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct RuleInfo {
    /// Tests, one for each input.
    pub inputs: Vec<String>,
    /// Output expressions.
    pub outputs: Vec<String>,
    /// Annotations.
    pub annotations: Vec<String>,
}

/// The decision tables of a DMN file.
///
/// # Errors
/// It is not XML.
pub fn tables(xml: &str) -> Result<Vec<TableInfo>, String> {
    let document = Document::parse(xml).map_err(|error| error.to_string())?;
    let tables = decisions(&document).into_iter().filter_map(|decision| {
        let table = decision.table?;
        Some(TableInfo {
            decision: decision.id,
            name: decision.name,
            hit_policy: table.hit_policy,
            inputs: table.inputs,
            outputs: table.outputs,
            rules: table
                .rules
                .into_iter()
                .map(|rule| RuleInfo {
                    inputs: rule.inputs,
                    outputs: rule.outputs,
                    annotations: rule.annotations,
                })
                .collect(),
        })
    });
    Ok(tables.collect())
}

/// A decision as the trace needs it.
#[derive(Debug, Clone)]
pub(crate) struct Decision {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Inputs that it reads itself.
    pub(crate) inputs: Vec<InputInfo>,
    pub(crate) requires: Vec<String>,
    pub(crate) table: Option<Table>,
}

/// A decision table as the trace shows it.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) hit_policy: String,
    /// The label of each input, or its expression.
    pub(crate) inputs: Vec<String>,
    pub(crate) outputs: Vec<String>,
    pub(crate) rules: Vec<Rule>,
}

/// A rule of a table.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) id: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) annotations: Vec<String>,
    pub(crate) inputs: Vec<String>,
    pub(crate) outputs: Vec<String>,
}

/// Every decision of a document, in its order.
pub(crate) fn decisions(document: &Document<'_>) -> Vec<Decision> {
    let inputs = input_data(document);
    children(document.root_element(), "decision")
        .map(|node| decision(node, &inputs))
        .collect()
}

fn input_data(document: &Document<'_>) -> HashMap<String, InputInfo> {
    let named = children(document.root_element(), "inputData").filter_map(|node| {
        let variable = child(node, "variable");
        let name = variable
            .and_then(|variable| variable.attribute("name"))
            .or_else(|| node.attribute("name"))?;
        let type_ref = variable
            .and_then(|variable| variable.attribute("typeRef"))
            .map(str::to_owned);
        Some((
            node.attribute("id")?.to_owned(),
            InputInfo {
                name: name.to_owned(),
                type_ref,
            },
        ))
    });
    named.collect()
}

fn decision(node: Node<'_, '_>, input_data: &HashMap<String, InputInfo>) -> Decision {
    let name = node.attribute("name").unwrap_or_default().to_owned();
    let required = |kind: &'static str| {
        let requirements = children(node, "informationRequirement").filter_map(move |each| child(each, kind));
        requirements
            .filter_map(|each| each.attribute("href").map(local_id))
            .collect::<Vec<_>>()
    };
    Decision {
        id: node.attribute("id").unwrap_or(&name).to_owned(),
        inputs: required("requiredInput")
            .iter()
            .filter_map(|id| input_data.get(id).cloned())
            .collect(),
        requires: required("requiredDecision"),
        table: child(node, "decisionTable").map(table),
        name,
    }
}

/// The id that an `href` points to.
pub(super) fn local_id(href: &str) -> String {
    href.rsplit_once('#').map_or(href, |(_, id)| id).to_owned()
}

fn table(node: Node<'_, '_>) -> Table {
    let inputs = children(node, "input").map(|input| {
        let expression = child(input, "inputExpression").map(text_of).unwrap_or_default();
        input.attribute("label").map_or(expression, str::to_owned)
    });
    let outputs = children(node, "output").map(|output| {
        let name = output.attribute("name").or_else(|| output.attribute("label"));
        name.or_else(|| node.attribute("outputLabel"))
            .unwrap_or_default()
            .to_owned()
    });
    let hit_policy = node.attribute("hitPolicy").unwrap_or("UNIQUE").to_owned();
    Table {
        inputs: inputs.collect(),
        outputs: outputs.collect(),
        rules: children(node, "rule").map(rule).collect(),
        hit_policy,
    }
}

fn rule(node: Node<'_, '_>) -> Rule {
    Rule {
        id: node.attribute("id").map(str::to_owned),
        description: child(node, "description").map(content).filter(|text| !text.is_empty()),
        annotations: children(node, "annotationEntry")
            .map(text_of)
            .filter(|text| !text.is_empty())
            .collect(),
        inputs: children(node, "inputEntry").map(text_of).collect(),
        outputs: children(node, "outputEntry").map(text_of).collect(),
    }
}
