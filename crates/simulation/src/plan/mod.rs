//! A scenario joined with the models it is about: what can be run.

mod chance;
mod reach;
mod sources;
mod stand_in;
mod undecided;

use crate::SimulationError;
use crate::openings::Openings;
use crate::random::hash;
use crate::read::Problems;
use crate::scenario::{Element, Scenario};
use bpmn::{NodeKind, Process};
use dmn::Evaluator;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

pub(crate) use sources::{Source, SourceKind};

/// The process models at hand, by definition key.
#[derive(Debug, Clone, Default)]
pub struct Models {
    pub(crate) by_key: HashMap<String, Arc<Process>>,
    pub(crate) latest: HashMap<String, String>,
    order: Vec<String>,
    /// Flows for which only a scenario can decide.
    undecided: HashSet<String>,
}

impl Models {
    /// Keys of the processes that no other one calls: of a pathway and those it calls, the pathway.
    pub fn roots(&self) -> Vec<&str> {
        let calls = |node: &bpmn::Node, id: &str| {
            let called = match &node.kind {
                bpmn::NodeKind::Call { process, .. } => process.literal(),
                _ => None,
            };
            called == Some(id)
        };
        let called = |id: &str| {
            let mut all = self.by_key.values();
            all.any(|process| process.nodes.iter().any(|node| calls(node, id)))
        };
        let keys = self.keys().iter();
        let free = |key: &&String| self.process(key).is_some_and(|process| !called(&process.id));
        keys.filter(free).map(String::as_str).collect()
    }

    /// Adds a model; of two with the same process id, the one added last counts for calls.
    pub fn add(&mut self, key: impl Into<String>, process: Arc<Process>) {
        let key = key.into();
        self.latest.insert(process.id.clone(), key.clone());
        self.order.push(key.clone());
        self.by_key.insert(key, process);
    }

    /// Reads a BPMN file and adds its processes as their version 1.
    ///
    /// A model that lacks nothing but the conditions of its gateways is taken: the scenario gives probabilities then.
    ///
    /// # Errors
    /// Why the file is refused, a line for each issue.
    pub fn read(&mut self, xml: &str) -> Result<(), String> {
        let model = bpmn::parse(xml).or_else(|issues| {
            if let Some(flows) = undecided::flows(&issues, xml)
                && let Ok(model) = bpmn::parse(&undecided::decided(xml, &flows))
            {
                self.undecided.extend(flows);
                return Ok(model);
            }
            let told = issues
                .iter()
                .map(|issue| format!("line {}: {}", issue.line, issue.message));
            Err(told.collect::<Vec<_>>().join("\n"))
        })?;
        for process in model.processes {
            self.add(format!("{}:1", process.id), process);
        }
        Ok(())
    }

    /// The key of a process given by key or id.
    pub fn resolve(&self, name: &str) -> Option<&str> {
        let found = self.by_key.get_key_value(name).map(|(key, _)| key);
        found.or_else(|| self.latest.get(name)).map(String::as_str)
    }

    /// Every definition key, in the order added.
    pub fn keys(&self) -> &[String] {
        &self.order
    }

    /// A model by its key.
    pub fn process(&self, key: &str) -> Option<&Arc<Process>> {
        self.by_key.get(key)
    }
}

/// One element as it is simulated.
#[derive(Debug)]
pub(crate) struct ElementInfo {
    pub id: Arc<str>,
    pub name: Arc<str>,
    pub tag: &'static str,
    pub process: String,
    /// Names its random streams.
    pub hash: u64,
    pub spec: Option<Element>,
    /// Place in [`Plan::openings`]: when all its resources are there.
    pub opening: usize,
    pub end_event: bool,
    pub gateway: bool,
}

/// One sequence flow.
#[derive(Debug)]
pub(crate) struct FlowInfo {
    pub id: Arc<str>,
    pub name: Option<String>,
    /// Places in [`Plan::elements`].
    pub source: u32,
    pub target: u32,
}

/// A scenario that can be run.
pub struct Plan {
    pub(crate) scenario: Scenario,
    pub(crate) by_key: HashMap<String, Arc<Process>>,
    pub(crate) latest: HashMap<String, String>,
    pub(crate) root: String,
    pub(crate) elements: Vec<ElementInfo>,
    pub(crate) element_index: HashMap<Arc<str>, u32>,
    pub(crate) flows: Vec<FlowInfo>,
    pub(crate) flow_index: HashMap<Arc<str>, u32>,
    pub(crate) chances: Vec<(u32, u64, f64)>,
    pub(crate) evaluator: Arc<dyn Evaluator>,
    pub(crate) openings: Vec<Openings>,
    /// By resource: place in `openings`.
    pub(crate) pool_openings: Vec<usize>,
    /// By resource: its shifts, each a place in `openings` with the units there are then.
    pub(crate) pool_shifts: Vec<Vec<(usize, u32)>>,
    pub(crate) sources: Vec<Source>,
    pub(crate) warnings: Vec<crate::Note>,
}

impl engine::Models for Plan {
    fn by_key(&self, key: &str) -> Option<Arc<Process>> {
        self.by_key.get(key).cloned()
    }

    fn latest(&self, process_id: &str) -> Option<String> {
        self.latest.get(process_id).cloned()
    }
}

impl Plan {
    /// Joins a scenario with the models.
    ///
    /// # Errors
    /// [`SimulationError::Scenario`] with everything in the scenario that the models do not bear out.
    pub fn new(scenario: Scenario, models: &Models, evaluator: Arc<dyn Evaluator>) -> Result<Self, SimulationError> {
        let mut problems = Problems::default();
        let refused = |problems: Problems| Err(SimulationError::Scenario(problems.list));
        let Some(root) = reach::root(&scenario, models, &mut problems) else {
            return refused(problems);
        };
        let keys = reach::reached(&root, &scenario, models, &mut problems);
        let mut plan = Self {
            by_key: HashMap::new(),
            latest: HashMap::new(),
            root,
            elements: Vec::new(),
            element_index: HashMap::new(),
            flows: Vec::new(),
            flow_index: HashMap::new(),
            chances: Vec::new(),
            evaluator,
            openings: vec![Openings::new(Vec::new(), &scenario.zone, scenario.start)],
            pool_openings: Vec::new(),
            pool_shifts: Vec::new(),
            sources: Vec::new(),
            warnings: Vec::new(),
            scenario,
        };
        plan.pool_shifts = (0..plan.scenario.resources.len())
            .map(|place| {
                let resource = plan.scenario.resources[place].clone();
                let shift = |(calendar, units): &(String, u32)| {
                    let whole = resource
                        .calendars
                        .iter()
                        .filter(|name| !name.contains(crate::openings::ANY));
                    let names = whole.chain([calendar]).cloned().collect();
                    (plan.opening_of(names), *units)
                };
                resource.shifts.iter().map(shift).collect()
            })
            .collect();
        plan.pool_openings = (0..plan.scenario.resources.len())
            .map(|place| plan.opening_of(plan.scenario.resources[place].calendars.clone()))
            .collect();
        for key in &keys {
            plan.index(&models.by_key[key]);
        }
        plan.unknown_names(&mut problems);
        for key in &keys {
            plan.undecided(&models.by_key[key], &models.undecided, &mut problems);
            let process = plan.prepared(&models.by_key[key], &mut problems);
            plan.latest.insert(process.id.clone(), key.clone());
            plan.by_key.insert(key.clone(), Arc::new(process));
        }
        plan.sources(models, &mut problems);
        if problems.list.is_empty() {
            Ok(plan)
        } else {
            refused(problems)
        }
    }

    /// The scenario.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Definition key of the process simulated.
    pub fn process(&self) -> &str {
        &self.root
    }

    /// What someone should look at before they believe the result.
    pub fn warnings(&self) -> &[crate::Note] {
        &self.warnings
    }

    /// The place of the openings of some calendars.
    pub(crate) fn opening_of(&mut self, mut names: Vec<String>) -> usize {
        names.sort();
        names.dedup();
        let known = self.openings.iter().position(|openings| openings.names() == names);
        known.unwrap_or_else(|| {
            let openings = Openings::new(names, &self.scenario.zone, self.scenario.start);
            self.openings.push(openings);
            self.openings.len() - 1
        })
    }

    /// Numbers the elements and flows of a process. An id that several processes have stands for all of them.
    fn index(&mut self, process: &Process) {
        let mut places = Vec::with_capacity(process.nodes.len());
        for node in &process.nodes {
            let next = self.elements.len() as u32;
            let place = *self.element_index.entry(node.id.clone()).or_insert(next);
            places.push(place);
            if place < next {
                if node.is_activity() {
                    let (id, other) = (&node.id, &self.elements[place as usize].process);
                    let process = &process.id;
                    let text = format!("'{id}' is in '{other}' and in '{process}': they are counted together");
                    let args = [("element", &**id), ("other", &**other), ("process", &**process)];
                    self.warnings.push(crate::Note::new("shared-id", &args, text));
                }
                continue;
            }
            let spec = self.scenario.elements.get(&*node.id).cloned();
            let spec = spec.or_else(|| self.scenario.defaults.get(default_of(&node.kind)?).cloned());
            let needs = spec.iter().flat_map(|spec| &spec.resources);
            let calendars = needs.flat_map(|(place, _)| self.scenario.resources[*place].calendars.clone());
            let opening = self.opening_of(calendars.collect());
            self.elements.push(ElementInfo {
                id: node.id.clone(),
                name: node.name.clone(),
                tag: node.tag,
                process: process.id.clone(),
                hash: hash(&node.id),
                spec,
                opening,
                end_event: matches!(node.kind, NodeKind::End(_)),
                gateway: node.is_gateway(),
            });
        }
        for flow in &process.flows {
            let next = self.flows.len() as u32;
            let place = *self.flow_index.entry(flow.id.clone()).or_insert(next);
            if place == next {
                self.flows.push(FlowInfo {
                    id: flow.id.clone(),
                    name: flow.name.clone(),
                    source: places[flow.source as usize],
                    target: places[flow.target as usize],
                });
            }
        }
    }

    /// Elements and flows that the scenario names and no model has.
    fn unknown_names(&self, problems: &mut Problems) {
        for id in self.scenario.elements.keys() {
            if !self.element_index.contains_key(id.as_str()) {
                let known = self.elements.iter().filter(|e| !e.gateway).map(|e| &*e.id);
                let remedy = format!("use the id of an element, one of: {}", listed(known));
                problems.tell(format!("elements.{id}"), "no model has such an element", remedy);
            }
        }
        for id in self.scenario.flows.keys() {
            if !self.flow_index.contains_key(id.as_str()) {
                let known = self.flows.iter().filter(|f| self.elements[f.source as usize].gateway);
                let remedy = format!("use the id of a flow, one of: {}", listed(known.map(|f| &*f.id)));
                problems.tell(format!("flows.{id}"), "no model has such a sequence flow", remedy);
            }
        }
    }

    /// A process as it is simulated: chance in the place of conditions, work in the place of what takes no time.
    fn prepared(&mut self, process: &Process, problems: &mut Problems) -> Process {
        let mut process = process.clone();
        self.stand_in(&mut process, problems);
        self.leave_to_chance(&mut process, problems);
        process
    }
}

/// Which defaults count for an element.
fn default_of(kind: &NodeKind) -> Option<&'static str> {
    match kind {
        NodeKind::UserTask(_) | NodeKind::ManualTask(_) => Some("userTask"),
        NodeKind::ServiceTask(_) | NodeKind::RuleJob(_) | NodeKind::SendTask { job: Some(_), .. } => {
            Some("serviceTask")
        }
        NodeKind::ScriptTask(bpmn::Script::Job(_)) => Some("serviceTask"),
        NodeKind::CatchEvent(_) | NodeKind::ReceiveTask { .. } => Some("event"),
        _ => None,
    }
}

/// At most 20 names for a message.
pub(crate) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.take(21).collect();
    let more = names.len() > 20;
    names.truncate(20);
    format!("{}{}", names.join(", "), if more { ", …" } else { "" })
}
