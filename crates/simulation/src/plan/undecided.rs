//! Models whose gateways say nothing of how they choose: analysts draw them so, and a scenario's probabilities decide.

use super::Plan;
use crate::read::Problems;
use bpmn::{Issue, Process, Severity};
use std::collections::HashSet;

/// The rule of a gateway's flow that has no condition and is not the default.
const RULE: &str = "condition-missing";

/// The flows without a condition, when that is all that is wrong with a model.
pub(super) fn flows(issues: &[Issue], xml: &str) -> Option<Vec<String>> {
    let errors: Vec<&Issue> = issues
        .iter()
        .filter(|issue| issue.severity == Severity::Error)
        .collect();
    if errors.is_empty() || errors.iter().any(|issue| issue.rule != RULE) {
        return None;
    }
    let named = |issue: &&Issue| issue.message.split('\'').nth(1).map(str::to_owned);
    let found: Vec<String> = errors.iter().filter_map(named).collect();
    found.iter().all(|flow| tag(xml, flow).is_some()).then_some(found)
}

/// Where the tag of a sequence flow begins and ends.
fn tag(xml: &str, flow: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(place) = xml[from..].find("sequenceFlow") {
        let at = from + place;
        let end = at + xml[at..].find('>')?;
        let start = xml[..at].rfind('<')?;
        let own = [format!(" id=\"{flow}\""), format!(" id='{flow}'")];
        if !xml[start..at].contains('/') && own.iter().any(|id| xml[at..end].contains(id.as_str())) {
            return Some((start, end));
        }
        from = end;
    }
    None
}

/// The model with a condition that is never true on each of the flows.
pub(super) fn decided(xml: &str, flows: &[String]) -> String {
    let mut text = xml.to_owned();
    for flow in flows {
        let Some((start, end)) = tag(&text, flow) else { continue };
        let name = text[start + 1..end]
            .split([' ', '\n', '\t', '\r', '/'])
            .next()
            .unwrap_or_default()
            .to_owned();
        let condition = name.replace("sequenceFlow", "conditionExpression");
        let inside = format!("><{condition}>=false</{condition}>");
        if text[..end].ends_with('/') {
            text.replace_range(end - 1..=end, &format!("{inside}</{name}>"));
        } else {
            text.replace_range(end..=end, &inside);
        }
    }
    text
}

impl Plan {
    /// Gateways that choose by nothing need probabilities.
    pub(super) fn undecided(&self, process: &Process, flows: &HashSet<String>, problems: &mut Problems) {
        for node in &process.nodes {
            let given = |flow: &&u32| self.scenario.flows.contains_key(&*process.flow(**flow).id);
            let open = |flow: &&u32| flows.contains(&*process.flow(**flow).id);
            if let Some(flow) = node.outgoing.iter().find(open)
                && !node.outgoing.iter().any(|flow| given(&flow))
            {
                let id = &process.flow(*flow).id;
                let message = format!(
                    "the model does not say when '{}' takes it, nor does the scenario",
                    node.id
                );
                let remedy = "give the probability of the flow, or the model a condition";
                problems.tell(format!("flows.{id}"), message, remedy);
            }
        }
    }
}
