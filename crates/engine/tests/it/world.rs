//! A model, one instance of it, and a clock.

use bpmn::Process;
use engine::{ActiveKind, Command, Effect, Env, Event, InstanceState, Limits, Models, StartBy, State, StepError};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::sync::Arc;

/// Finds the processes of one file by id.
pub struct Deployed(pub Vec<Arc<Process>>);

impl Models for Deployed {
    fn by_key(&self, key: &str) -> Option<Arc<Process>> {
        self.0.iter().find(|process| process.id == key).cloned()
    }

    fn latest(&self, process_id: &str) -> Option<String> {
        self.by_key(process_id).map(|process| process.id.clone())
    }
}

/// One instance under test.
pub struct World {
    pub models: Deployed,
    pub state: State,
    pub now: Timestamp,
    pub limits: Limits,
    /// All effects so far.
    pub effects: Vec<Effect>,
    /// All events so far.
    pub events: Vec<Event>,
    evaluator: dmn::Feel,
}

/// Wraps root elements and the inside of a process `p` into a file.
pub fn file(root: &str, process: &str) -> String {
    format!(
        r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"
        xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="definitions">{root}<process id="p" isExecutable="true">{process}</process></definitions>"#
    )
}

/// A sequence flow.
pub fn flow(source: &str, target: &str) -> String {
    format!(r#"<sequenceFlow id="{source}--{target}" sourceRef="{source}" targetRef="{target}"/>"#)
}

/// A sequence flow with a FEEL condition.
pub fn flow_if(source: &str, target: &str, condition: &str) -> String {
    let condition = condition.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        r#"<sequenceFlow id="{source}--{target}" sourceRef="{source}" targetRef="{target}"><conditionExpression>={condition}</conditionExpression></sequenceFlow>"#
    )
}

/// Sequence flows along a chain `a b c`.
pub fn chain(nodes: &str) -> String {
    let nodes: Vec<&str> = nodes.split_whitespace().collect();
    nodes.windows(2).map(|pair| flow(pair[0], pair[1])).collect()
}

/// A service task whose job type is its id.
pub fn service(id: &str) -> String {
    format!(
        r#"<serviceTask id="{id}"><extensionElements><zeebe:taskDefinition type="{id}"/></extensionElements></serviceTask>"#
    )
}

/// A start, the given nodes in between, an end, and the flows of the chain `s … e`.
pub fn line(nodes: &str, ids: &str) -> String {
    format!(
        r#"<startEvent id="s"/>{nodes}<endEvent id="e"/>{}"#,
        chain(&format!("s {ids} e"))
    )
}

impl World {
    /// Deploys a file and makes an instance of its process `p`.
    pub fn new(xml: &str) -> Self {
        let model = bpmn::parse(xml).unwrap_or_else(|issues| panic!("refused: {issues:#?}"));
        Self {
            models: Deployed(model.processes),
            state: State::new("i", "p", Some("key".into())),
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
            limits: Limits::default(),
            effects: Vec::new(),
            events: Vec::new(),
            evaluator: dmn::Feel::new(),
        }
    }

    /// Deploys a process and starts it.
    pub fn started(process: &str) -> Self {
        Self::started_with("", process, Value::Null)
    }

    /// Deploys root elements and a process, and starts it with variables.
    pub fn started_with(root: &str, process: &str, variables: Value) -> Self {
        let mut world = Self::new(&file(root, process));
        world.start(variables);
        world
    }

    pub fn start(&mut self, variables: Value) {
        self.run(Command::Start {
            by: StartBy::None,
            variables: object(variables),
        });
    }

    /// Applies a command that must be accepted.
    pub fn run(&mut self, command: Command) {
        self.try_run(command).unwrap_or_else(|error| panic!("refused: {error}"));
    }

    /// Applies a command; checks the invariants, that the state survives JSON, and that history gives it.
    pub fn try_run(&mut self, command: Command) -> Result<(), StepError> {
        let env = Env {
            now: self.now,
            evaluator: &self.evaluator,
            models: &self.models,
            limits: &self.limits,
        };
        let process = self.models.by_key(&self.state.definition).unwrap();
        let outcome = engine::step(&process, self.state.clone(), command, &env)?;
        outcome
            .state
            .check()
            .unwrap_or_else(|error| panic!("{error}: {:#?}", outcome.state));
        engine::prove_history(&self.state, &outcome.state, &outcome.events).unwrap();
        let text = serde_json::to_string(&outcome.state).unwrap();
        self.state = serde_json::from_str(&text).unwrap();
        assert_eq!(self.state, outcome.state);
        self.effects.extend(outcome.effects);
        self.events.extend(outcome.events);
        Ok(())
    }

    /// The id of the task, job, wait or incident open at an element.
    pub fn id(&self, element: &str) -> String {
        let active = self
            .state
            .active()
            .into_iter()
            .find(|active| active.element == element && active.id.is_some());
        active
            .and_then(|active| active.id)
            .unwrap_or_else(|| panic!("nothing open at {element}: {:?}", self.at()))
    }

    /// Completes the first job or task at an element.
    pub fn done(&mut self, element: &str, variables: Value) {
        let variables = object(variables);
        let active = self
            .state
            .active()
            .into_iter()
            .find(|active| active.element == element && active.id.is_some());
        let active = active.unwrap_or_else(|| panic!("nothing open at {element}: {:?}", self.at()));
        let id = active.id.unwrap();
        match active.kind {
            ActiveKind::Task => self.run(Command::CompleteTask { task: id, variables }),
            ActiveKind::Job => self.run(Command::CompleteJob { job: id, variables }),
            other => panic!("{element} is {other:?}"),
        }
    }

    /// Delivers a message or signal to the element that waits for it.
    pub fn deliver(&mut self, element: &str, variables: Value) {
        let wait = self.state.waits().into_iter().find(|wait| wait.element == element);
        let wait = wait
            .unwrap_or_else(|| panic!("{element} does not wait: {:?}", self.state.waits()))
            .id;
        self.run(Command::Deliver {
            wait,
            variables: object(variables),
        });
    }

    /// Moves the clock and fires what is due, in order.
    pub fn advance(&mut self, seconds: i64) {
        let until = self.now + SignedDuration::from_secs(seconds);
        while let Some((due, timer)) = self
            .state
            .timers()
            .into_iter()
            .map(|(id, due)| (due, id))
            .filter(|(due, _)| *due <= until)
            .min()
        {
            self.now = self.now.max(due);
            self.run(Command::FireTimer { timer });
        }
        self.now = until;
    }

    /// Elements with a live token, sorted.
    pub fn at(&self) -> Vec<String> {
        let mut at: Vec<String> = self.state.active().into_iter().map(|active| active.element).collect();
        at.sort();
        at
    }

    /// Whether the instance completed.
    pub fn completed(&self) -> bool {
        self.state.status() == InstanceState::Completed
    }

    /// How often an element was entered.
    pub fn entered(&self, element: &str) -> usize {
        self.events
            .iter()
            .filter(|event| matches!(event, Event::Entered { element: other, .. } if other == element))
            .count()
    }

    /// A variable of the process.
    pub fn variable(&self, name: &str) -> Value {
        self.state.variables().get(name).cloned().unwrap_or_default()
    }

    /// The kind of the only incident.
    pub fn incident(&self) -> String {
        let incidents = self.state.incidents();
        assert_eq!(incidents.len(), 1, "{incidents:?}");
        incidents[0].kind.clone()
    }
}

/// Variables from a JSON object; null is none.
pub fn object(value: Value) -> engine::Variables {
    match value {
        Value::Object(members) => members,
        _ => engine::Variables::new(),
    }
}
