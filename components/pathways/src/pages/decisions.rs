//! How a decision was taken: inputs, the rule that fired with its row in the decision table, outputs.

use super::App;
use component::PeerError;
use dmn::TableInfo;
use engine::Event;
use jiff::Timestamp;
use orchestrator::api::DefinitionInfo;
use serde_json::Value;
use web::Page;

/// Most rows of a table shown; beyond, only those that fired.
const MOST_ROWS: usize = 60;

/// One decision of the chain that a business rule task asked for.
pub struct Taken {
    /// Name of the decision.
    pub name: String,
    /// What it read: name and value.
    pub inputs: Vec<(String, String)>,
    /// What it gave.
    pub output: String,
    /// Hit policy of its table; empty without one.
    pub hit_policy: String,
    /// Head of the table: inputs, then outputs.
    pub head: Vec<(String, bool)>,
    /// Rows of the table.
    pub rows: Vec<Row>,
    /// What the rules that fired say of themselves.
    pub annotations: Vec<String>,
    /// Version of the decision in force then.
    pub version: Option<u32>,
}

/// A rule.
pub struct Row {
    /// From 1.
    pub number: usize,
    /// Tests and outputs.
    pub cells: Vec<String>,
    /// Whether its output counts.
    pub fired: bool,
    /// Whether its tests were true, but another one counts (hit policy FIRST).
    pub passed_over: bool,
}

/// Decisions in some events, as of a moment.
pub async fn taken(app: &App, page: &Page, events: &[Event], at: Timestamp) -> Result<Vec<Taken>, PeerError> {
    let traces = events.iter().filter_map(|event| match event {
        Event::Decided { decision, trace, .. } => Some((decision, trace.as_array()?)),
        _ => None,
    });
    let traces: Vec<_> = traces.collect();
    if traces.is_empty() {
        return Ok(Vec::new());
    }
    let orchestrator = app.orchestrator(page);
    let versions = orchestrator.decisions().await?;
    let mut all = Vec::new();
    for (asked, steps) in traces {
        for step in steps {
            let id = step["id"].as_str().unwrap_or(asked);
            let version = in_force(&versions, id, at).or_else(|| in_force(&versions, asked, at));
            let table = match version {
                Some(version) => {
                    let xml = orchestrator.definition_xml(&version.key).await.unwrap_or_default();
                    dmn::tables(&xml)
                        .unwrap_or_default()
                        .into_iter()
                        .find(|table| table.decision == id)
                }
                None => None,
            };
            all.push(told(step, table, version.map(|version| version.version)));
        }
    }
    Ok(all)
}

/// The version that was the newest at a moment.
fn in_force<'v>(versions: &'v [DefinitionInfo], id: &str, at: Timestamp) -> Option<&'v DefinitionInfo> {
    let known = versions
        .iter()
        .filter(|version| version.id == id && version.deployed <= at);
    known.max_by_key(|version| version.version)
}

/// A value in one line.
pub fn brief(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    match text.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn told(step: &Value, table: Option<TableInfo>, version: Option<u32>) -> Taken {
    let rules = step["rules"].as_array().map_or(&[][..], Vec::as_slice);
    let fired: Vec<usize> = rules
        .iter()
        .filter_map(|rule| Some(rule["index"].as_u64()? as usize))
        .collect();
    let hit_policy = step["hitPolicy"].as_str().unwrap_or_default().to_owned();
    let inputs = step["inputs"].as_object().into_iter().flatten();
    let (head, mut rows) = table
        .map(|table| rows(table, &fired))
        .unwrap_or_else(|| from_trace(rules));
    if hit_policy == "FIRST" {
        for row in rows.iter_mut().filter(|row| row.fired).skip(1) {
            (row.fired, row.passed_over) = (false, true);
        }
    }
    let counting = if hit_policy == "FIRST" { 1 } else { rules.len() };
    Taken {
        name: step["decision"].as_str().unwrap_or_default().to_owned(),
        inputs: inputs.map(|(name, value)| (name.clone(), brief(value))).collect(),
        output: brief(&step["output"]),
        hit_policy,
        head,
        rows,
        annotations: rules
            .iter()
            .take(counting)
            .filter_map(|rule| Some(rule["annotation"].as_str()?.to_owned()))
            .collect(),
        version,
    }
}

fn rows(table: TableInfo, fired: &[usize]) -> (Vec<(String, bool)>, Vec<Row>) {
    let inputs = table.inputs.into_iter().map(|name| (name, false));
    let outputs = table.outputs.into_iter().map(|name| (name, true));
    let many = table.rules.len() > MOST_ROWS;
    let rows = table.rules.into_iter().enumerate().map(|(place, rule)| Row {
        number: place + 1,
        cells: rule.inputs.into_iter().chain(rule.outputs).collect(),
        fired: fired.contains(&(place + 1)),
        passed_over: false,
    });
    (
        inputs.chain(outputs).collect(),
        rows.filter(|row| row.fired || !many).collect(),
    )
}

/// When the table itself is not to be had: the rules that fired, as the trace keeps them.
fn from_trace(rules: &[Value]) -> (Vec<(String, bool)>, Vec<Row>) {
    let list = |rule: &Value, key: &str| rule[key].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut head = Vec::new();
    if let Some(first) = rules.first() {
        head.extend(list(first, "inputs").iter().map(|cell| (text(&cell["input"]), false)));
        head.extend(list(first, "outputs").iter().map(|cell| (text(&cell["output"]), true)));
    }
    let rows = rules.iter().map(|rule| Row {
        number: rule["index"].as_u64().unwrap_or_default() as usize,
        cells: list(rule, "inputs")
            .iter()
            .map(|cell| text(&cell["test"]))
            .chain(list(rule, "outputs").iter().map(|cell| text(&cell["text"])))
            .collect(),
        fired: true,
        passed_over: false,
    });
    (head, rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_rule_that_fired_is_marked_in_the_whole_table() {
        let xml = include_str!("../../decisions/stratificazione.dmn");
        let table = dmn::tables(xml).unwrap().remove(0);
        let (all, wide) = (table.rules.len(), table.inputs.len() + table.outputs.len());
        assert!(all > 1, "{table:?}");
        let trace = json!({"decision": "x", "inputs": {"hba1c": 8.4}, "output": "alta", "hitPolicy": "UNIQUE", "rules": [{"index": 2, "annotation": "A"}]});
        let taken = told(&trace, Some(table), Some(3));
        let fired: Vec<usize> = taken
            .rows
            .iter()
            .filter(|row| row.fired)
            .map(|row| row.number)
            .collect();
        assert_eq!((taken.rows.len(), fired), (all, vec![2]));
        assert_eq!((taken.head.len(), taken.rows[0].cells.len()), (wide, wide));
        let both = json!({"output": 1, "hitPolicy": "FIRST", "rules": [{"index": 1, "annotation": "A"}, {"index": 2, "annotation": "B"}]});
        let taken = told(&both, dmn::tables(xml).unwrap().pop(), None);
        let marks: Vec<(bool, bool)> = taken
            .rows
            .iter()
            .take(2)
            .map(|row| (row.fired, row.passed_over))
            .collect();
        assert_eq!(
            (marks, taken.annotations),
            (vec![(true, false), (false, true)], vec!["A".to_owned()])
        );
        let taken = told(&trace, None, None);
        assert_eq!(taken.inputs, [("hba1c".to_owned(), "8.4".to_owned())]);
    }
}
