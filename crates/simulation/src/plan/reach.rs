//! Which processes take part: the simulated one, those it calls, and those that its messages start.

use super::{Models, listed};
use crate::read::Problems;
use crate::scenario::Scenario;
use bpmn::{EventDefinition, NodeKind, Process, StartTrigger, Text};

/// The key of the process simulated.
pub(super) fn root(scenario: &Scenario, models: &Models, problems: &mut Problems) -> Option<String> {
    let known = || listed(models.keys().iter().map(String::as_str));
    if let Some(name) = &scenario.process {
        let found = models.resolve(name).map(str::to_owned);
        if found.is_none() {
            let message = format!("there is no process '{name}'");
            problems.tell("process", message, format!("use one of: {}", known()));
        }
        return found;
    }
    match models.keys() {
        [only] => Some(only.clone()),
        [] => {
            problems.tell(
                "process",
                "there is no process to simulate",
                "give a BPMN file with an executable process",
            );
            None
        }
        _ => {
            // the one that nobody calls and no message starts is meant
            let called: Vec<String> = models
                .by_key
                .values()
                .flat_map(|process| calls(process))
                .flatten()
                .collect();
            let free = models.keys().iter().filter(|key| {
                let process = &models.by_key[*key];
                let none = process
                    .start_events()
                    .iter()
                    .any(|start| start.trigger == StartTrigger::None);
                none && !called.contains(&process.id)
            });
            if let [only] = free.collect::<Vec<_>>()[..] {
                return Some(only.clone());
            }
            problems.tell(
                "process",
                "there are several processes",
                format!("name one of: {}", known()),
            );
            None
        }
    }
}

/// Ids of the processes called; `None` stands for a call that is only known while running.
fn calls(process: &Process) -> Vec<Option<String>> {
    let called = process.nodes.iter().filter_map(|node| match &node.kind {
        NodeKind::Call { process, .. } => Some(process.literal().map(str::to_owned)),
        _ => None,
    });
    called.collect()
}

/// Names of the messages and signals thrown.
fn thrown(process: &Process) -> Vec<&str> {
    let mut names = Vec::new();
    for node in &process.nodes {
        let definitions = match &node.kind {
            NodeKind::End(definitions) | NodeKind::ThrowEvent(definitions) => definitions.as_slice(),
            NodeKind::SendTask {
                message: Some(message), ..
            } => {
                names.extend(message.name.literal());
                &[]
            }
            _ => &[],
        };
        for definition in definitions {
            match definition {
                EventDefinition::Message(message) => names.extend(message.name.literal()),
                EventDefinition::Signal(name) => names.extend(name.literal()),
                _ => {}
            }
        }
    }
    names
}

fn started_by(process: &Process) -> impl Iterator<Item = &str> {
    process
        .start_events()
        .into_iter()
        .filter_map(|start| match start.trigger {
            StartTrigger::Message(message) => message.name.literal(),
            StartTrigger::Signal(Text::Literal(name)) => Some(name.as_str()),
            _ => None,
        })
}

/// Keys of the processes that take part, the root first.
pub(super) fn reached(root: &str, scenario: &Scenario, models: &Models, problems: &mut Problems) -> Vec<String> {
    let mut keys = vec![root.to_owned()];
    for (place, source) in scenario.arrivals.iter().enumerate() {
        let Some(name) = &source.process else { continue };
        match models.resolve(name) {
            Some(key) => keys.push(key.to_owned()),
            None => {
                let message = format!("there is no process '{name}'");
                problems.tell(
                    format!("arrivals[{place}].process"),
                    message,
                    "name a process that is there",
                );
            }
        }
    }
    let mut place = 0;
    while place < keys.len() {
        let process = &models.by_key[&keys[place]];
        let mut more: Vec<String> = Vec::new();
        for call in calls(process) {
            match call {
                Some(id) => more.extend(models.latest.get(&id).cloned()),
                None => more.extend(models.keys().iter().cloned()),
            }
        }
        let names = thrown(process);
        if !names.is_empty() {
            let newest = models
                .keys()
                .iter()
                .filter(|key| models.latest.values().any(|latest| latest == *key));
            let started = newest.filter(|key| started_by(&models.by_key[*key]).any(|name| names.contains(&name)));
            more.extend(started.cloned());
        }
        keys.extend(more);
        let mut seen = std::collections::HashSet::new();
        keys.retain(|key| seen.insert(key.clone()));
        place += 1;
    }
    keys
}
