//! Models as BPMN XML.

use super::beside::strew;
use super::graph::{Graph, Kind};
use super::model::{
    Act, Block, Boundary, Branch, End, EventSub, Gate, Level, Model, Repeat, Start, SubKind, Throw, Timer, Trigger,
    Work,
};
use std::collections::BTreeMap;

/// Which version of a model: the second has other timers, some other events, and other ids for every fifth element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// As it was drawn.
    First,
    /// Changed.
    Second,
}

/// The file of a version.
#[must_use]
pub fn write(model: &Model, version: Version) -> String {
    let mut writer = Writer {
        version,
        xml: String::new(),
        count: 0,
        transactions: 0,
        depth: 0,
        calls: 0,
    };
    writer.xml += HEAD;
    for n in 0..2 {
        writer.xml += &format!(
            r#"<message id="m{n}" name="m{n}"/><signal id="s{n}" name="s{n}"/><error id="E{n}" errorCode="E{n}"/><escalation id="U{n}" escalationCode="U{n}"/>"#
        );
    }
    writer.xml += r#"<process id="p" isExecutable="true">"#;
    writer.start(model.start, &model.main);
    writer.xml += "</process>";
    for (number, level) in model.called.iter().enumerate() {
        writer.calls = number as u32 + 1;
        writer.xml += &format!(r#"<process id="q{number}" isExecutable="true">"#);
        writer.level(level);
        writer.xml += "</process>";
    }
    writer.xml += "</definitions>";
    strew(&writer.xml, model.beside, matches!(version, Version::Second))
}

/// The ids that the second version gives to elements of the first, of as many as a model may have.
#[must_use]
pub fn renames() -> BTreeMap<String, String> {
    (0..2_000)
        .filter(|n| n % 5 == 0)
        .map(|n| (format!("n{n}"), format!("v{n}")))
        .collect()
}

const HEAD: &str = r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="d" targetNamespace="https://sinfonia.it/proof">"#;

struct Writer {
    version: Version,
    xml: String,
    count: u32,
    /// Transactions around.
    transactions: u32,
    /// Sub-processes around.
    depth: u32,
    /// Which process is written: 0 the main one.
    calls: u32,
}

impl Writer {
    fn id(&mut self) -> String {
        self.count += 1;
        match self.version {
            Version::Second if self.count.is_multiple_of(5) => format!("v{}", self.count),
            _ => format!("n{}", self.count),
        }
    }

    fn flow(&mut self, from: &str, to: &str, condition: Option<u8>) {
        let condition = condition.map_or(String::new(), |n| {
            format!("<conditionExpression>=c{n}</conditionExpression>")
        });
        self.xml += &format!(
            r#"<sequenceFlow id="{from}--{to}" sourceRef="{from}" targetRef="{to}">{condition}</sequenceFlow>"#
        );
    }

    fn after(&mut self, from: Option<&str>, to: &str) {
        if let Some(from) = from {
            self.flow(from, to, None);
        }
    }

    fn node(&mut self, tag: &str, from: Option<&str>) -> String {
        let id = self.id();
        self.xml += &format!(r#"<{tag} id="{id}"/>"#);
        self.after(from, &id);
        id
    }

    fn start(&mut self, start: Start, level: &Level) {
        let merge = self.node("exclusiveGateway", None);
        match start {
            Start::None | Start::Message => {
                let none = self.node("startEvent", None);
                self.flow(&none, &merge, None);
                if start == Start::Message {
                    let id = self.id();
                    self.xml +=
                        &format!(r#"<startEvent id="{id}"><messageEventDefinition messageRef="m0"/></startEvent>"#);
                    self.flow(&id, &merge, None);
                }
            }
            Start::Receive => {
                let id = self.id();
                self.xml += &format!(r#"<receiveTask id="{id}" messageRef="m0" instantiate="true"/>"#);
                self.flow(&id, &merge, None);
            }
            Start::Gateway(parallel) => {
                let id = self.id();
                let kind = if parallel { "Parallel" } else { "Exclusive" };
                self.xml += &format!(r#"<eventBasedGateway id="{id}" instantiate="true" eventGatewayType="{kind}"/>"#);
                for n in 0..2 {
                    let event = self.catch(&[Trigger::Message(n)], false, Some(&id));
                    self.flow(&event, &merge, None);
                }
            }
        }
        self.rest(level, Some(merge));
    }

    fn level(&mut self, level: &Level) {
        let start = self.node("startEvent", None);
        self.rest(level, Some(start));
    }

    fn rest(&mut self, level: &Level, from: Option<String>) {
        let last = self.blocks(&level.blocks, from);
        self.end(level.end, last.as_deref());
        for sub in &level.subs {
            self.event_sub(sub);
        }
    }

    fn blocks(&mut self, blocks: &[Block], from: Option<String>) -> Option<String> {
        blocks
            .iter()
            .fold(from, |from, block| Some(self.block(block, from.as_deref())))
    }

    fn block(&mut self, block: &Block, from: Option<&str>) -> String {
        match block {
            Block::Act(act) => self.act(act, from),
            Block::Catch(triggers, all) => self.catch(triggers, *all, from),
            Block::Throw(throw) => self.throw(*throw, from),
            Block::Circle(inner) => self.circle(inner, from),
            Block::Split(gate, branches) => self.split(*gate, branches, from),
            Block::Choose(ways) => self.choose(ways, from),
            Block::Link => self.link(from),
            Block::Graph(graph) => self.graph(graph, from),
        }
    }

    fn circle(&mut self, inner: &[Block], from: Option<&str>) -> String {
        let merge = self.node("exclusiveGateway", from);
        let last = self.blocks(inner, Some(merge.clone())).unwrap_or_else(|| merge.clone());
        let (split, out) = (self.id(), self.id());
        self.xml += &format!(r#"<exclusiveGateway id="{split}" default="{split}--{out}"/><task id="{out}"/>"#);
        self.flow(&last, &split, None);
        self.flow(&split, &out, None);
        self.flow(&split, &merge, Some(0));
        out
    }

    fn split(&mut self, gate: Gate, branches: &[Branch], from: Option<&str>) -> String {
        let (split, join) = (self.id(), self.id());
        let entries: Vec<String> = branches.iter().map(|_| self.node("task", None)).collect();
        let (first, last, conditions, inside) = match gate {
            Gate::Exclusive => ("exclusiveGateway", "exclusiveGateway", true, String::new()),
            Gate::Parallel => ("parallelGateway", "parallelGateway", false, String::new()),
            Gate::Inclusive => ("inclusiveGateway", "inclusiveGateway", true, String::new()),
            Gate::Complex(count) => {
                let count = count.min(branches.len() as u8);
                let inside = format!("<activationCondition>=activationCount &gt;= {count}</activationCondition>");
                ("parallelGateway", "complexGateway", false, inside)
            }
            Gate::Activity => ("task", "exclusiveGateway", true, String::new()),
        };
        let default = if conditions {
            format!(r#" default="{split}--{}""#, entries[0])
        } else {
            String::new()
        };
        self.xml += &format!(r#"<{first} id="{split}"{default}/><{last} id="{join}">{inside}</{last}>"#);
        self.after(from, &split);
        for (number, (branch, entry)) in branches.iter().zip(&entries).enumerate() {
            self.flow(&split, entry, (conditions && number > 0).then_some(number as u8));
            let last = self.blocks(&branch.blocks, Some(entry.clone()));
            match branch.end {
                Some(end) if number > 0 => self.end(end, last.as_deref()),
                _ => self.after(last.as_deref(), &join),
            }
        }
        join
    }

    fn choose(&mut self, ways: &[(Trigger, Vec<Block>)], from: Option<&str>) -> String {
        let gateway = self.node("eventBasedGateway", from);
        let merge = self.node("exclusiveGateway", None);
        for (number, (trigger, blocks)) in ways.iter().enumerate() {
            let event = match trigger {
                Trigger::Message(n) if number % 2 == 1 => {
                    let id = self.id();
                    self.xml += &format!(r#"<receiveTask id="{id}" messageRef="m{n}"/>"#);
                    self.flow(&gateway, &id, None);
                    id
                }
                trigger => self.catch(&[*trigger], false, Some(&gateway)),
            };
            let last = self.blocks(blocks, Some(event));
            self.after(last.as_deref(), &merge);
        }
        merge
    }

    fn link(&mut self, from: Option<&str>) -> String {
        let (throw, catch) = (self.id(), self.id());
        let definition = format!(r#"<linkEventDefinition name="link-{throw}"/>"#);
        self.xml += &format!(
            r#"<intermediateThrowEvent id="{throw}">{definition}</intermediateThrowEvent><intermediateCatchEvent id="{catch}">{definition}</intermediateCatchEvent>"#
        );
        self.after(from, &throw);
        catch
    }

    fn graph(&mut self, graph: &Graph, from: Option<&str>) -> String {
        let ids: Vec<String> = graph.nodes.iter().map(|_| self.id()).collect();
        let out = self.node("task", None);
        for (number, (kind, id)) in graph.nodes.iter().zip(&ids).enumerate() {
            let mut flows = graph.out(number);
            let first = flows.next().map_or(&out, |edge| &ids[edge.to]);
            let default = if flows.next().is_some() {
                format!(r#" default="{id}--{first}""#)
            } else {
                String::new()
            };
            self.xml += &match kind {
                Kind::Task => format!(r#"<userTask id="{id}"/>"#),
                Kind::Pass => format!(r#"<task id="{id}"/>"#),
                Kind::Exclusive => format!(r#"<exclusiveGateway id="{id}"{default}/>"#),
                Kind::Parallel => format!(r#"<parallelGateway id="{id}"/>"#),
                Kind::Inclusive => format!(r#"<inclusiveGateway id="{id}"{default}/>"#),
            };
        }
        for edge in &graph.edges {
            let condition = graph.conditional(edge).then_some(edge.condition);
            self.flow(&ids[edge.from], &ids[edge.to], condition);
        }
        for (number, id) in ids.iter().enumerate() {
            if graph.out(number).next().is_none() {
                self.flow(id, &out, None);
            }
        }
        self.after(from, &ids[0]);
        out
    }

    fn catch(&mut self, triggers: &[Trigger], all: bool, from: Option<&str>) -> String {
        let id = self.id();
        let (definitions, count) = self.definitions(triggers);
        let all = all && count > 1;
        self.xml += &format!(
            r#"<intermediateCatchEvent id="{id}" parallelMultiple="{all}">{definitions}</intermediateCatchEvent>"#
        );
        self.after(from, &id);
        id
    }

    fn throw(&mut self, throw: Throw, from: Option<&str>) -> String {
        let id = self.id();
        let definition = match throw {
            Throw::None => String::new(),
            Throw::Message(n) => format!(r#"<messageEventDefinition messageRef="m{n}"/>"#),
            Throw::Signal(n) => format!(r#"<signalEventDefinition signalRef="s{n}"/>"#),
            Throw::Escalation(n) => escalation(n % 2),
            Throw::Compensation(wait) => format!(r#"<compensateEventDefinition waitForCompletion="{wait}"/>"#),
        };
        self.xml += &format!(r#"<intermediateThrowEvent id="{id}">{definition}</intermediateThrowEvent>"#);
        self.after(from, &id);
        id
    }

    fn end(&mut self, end: End, from: Option<&str>) {
        let id = self.id();
        let definition = match end {
            End::Cancel if self.transactions > 0 => "<cancelEventDefinition/>".to_owned(),
            End::None | End::Cancel => String::new(),
            End::Terminate => "<terminateEventDefinition/>".to_owned(),
            End::Error(n) => error(n % 2),
            End::Escalation(n) => escalation(n % 2),
            End::Signal(n) => format!(r#"<signalEventDefinition signalRef="s{n}"/>"#),
            End::Message(n) => format!(r#"<messageEventDefinition messageRef="m{n}"/>"#),
            End::Compensation => "<compensateEventDefinition/>".to_owned(),
        };
        self.xml += &format!(r#"<endEvent id="{id}">{definition}</endEvent>"#);
        self.after(from, &id);
    }

    /// The definitions of a catching event, without those that wait twice for the same, and how many there are.
    fn definitions(&self, triggers: &[Trigger]) -> (String, usize) {
        let timer = |trigger: &Trigger| matches!(trigger, Trigger::Timer(_));
        let mut kept: Vec<&Trigger> = Vec::new();
        for trigger in triggers {
            if !kept
                .iter()
                .any(|known| **known == *trigger || (timer(known) && timer(trigger)))
            {
                kept.push(trigger);
            }
        }
        (
            kept.iter().map(|trigger| self.definition(**trigger)).collect(),
            kept.len(),
        )
    }

    fn definition(&self, trigger: Trigger) -> String {
        let more = u8::from(self.version == Version::Second);
        match trigger {
            Trigger::Timer(timer) => {
                let inside = match timer {
                    Timer::Minutes(n) => format!("<timeDuration>PT{}M</timeDuration>", n + n % 2 * more),
                    Timer::Cycle(n) => format!("<timeCycle>R{n}/PT3M</timeCycle>"),
                    Timer::Endless => "<timeCycle>R/PT4M</timeCycle>".to_owned(),
                    Timer::Date => "<timeDate>=date</timeDate>".to_owned(),
                };
                format!("<timerEventDefinition>{inside}</timerEventDefinition>")
            }
            Trigger::Message(n) => format!(r#"<messageEventDefinition messageRef="m{n}"/>"#),
            Trigger::Signal(n) => format!(r#"<signalEventDefinition signalRef="s{n}"/>"#),
            Trigger::Condition(n) => {
                format!("<conditionalEventDefinition><condition>=c{n}</condition></conditionalEventDefinition>")
            }
            Trigger::Error(n) => error(n),
            Trigger::Escalation(n) => escalation(n),
            Trigger::Compensation => "<compensateEventDefinition/>".to_owned(),
            Trigger::Cancel => "<cancelEventDefinition/>".to_owned(),
        }
    }

    fn event_sub(&mut self, sub: &EventSub) {
        let before = self.xml.len();
        let trigger = match sub.trigger {
            Trigger::Cancel => Trigger::Escalation(2),
            Trigger::Compensation if self.depth == 0 => Trigger::Error(2),
            trigger => trigger,
        };
        let interrupting = sub.interrupting || matches!(trigger, Trigger::Error(_) | Trigger::Compensation);
        let (id, start, definition) = (self.id(), self.id(), self.definition(trigger));
        self.xml += &format!(
            r#"<subProcess id="{id}" triggeredByEvent="true"><startEvent id="{start}" isInterrupting="{interrupting}">{definition}</startEvent>"#
        );
        self.depth += 1;
        self.rest(&sub.level, Some(start));
        self.depth -= 1;
        self.xml += "</subProcess>";
        self.only_in(sub.versions, before);
    }

    /// Forgets what was written since, when it is not part of this version. Its ids stay counted.
    fn only_in(&mut self, versions: u8, before: usize) {
        if versions & (1 + u8::from(self.version == Version::Second)) == 0 {
            self.xml.truncate(before);
        }
    }

    fn act(&mut self, act: &Act, from: Option<&str>) -> String {
        let id = self.id();
        self.work(&id, act, "");
        self.after(from, &id);
        if let Some(undo) = &act.undo {
            let (event, handler) = (self.id(), self.id());
            self.xml += &format!(
                r#"<boundaryEvent id="{event}" attachedToRef="{id}"><compensateEventDefinition/></boundaryEvent><association id="{event}a" sourceRef="{event}" targetRef="{handler}"/>"#
            );
            let undo = Act {
                work: undo.clone(),
                repeat: Repeat::Once,
                on: Vec::new(),
                io: false,
                undo: None,
            };
            self.work(&handler, &undo, r#" isForCompensation="true""#);
        }
        if act.on.is_empty() {
            return id;
        }
        let merge = self.node("exclusiveGateway", Some(&id));
        for boundary in &act.on {
            self.boundary(boundary, act, &id, &merge);
        }
        merge
    }

    fn boundary(&mut self, boundary: &Boundary, act: &Act, host: &str, merge: &str) {
        let before = self.xml.len();
        let transaction = matches!(act.work, Work::Sub(SubKind::Transaction, _));
        let fits = |trigger: &Trigger| match trigger {
            Trigger::Cancel if !transaction => Trigger::Error(2),
            trigger => *trigger,
        };
        let triggers: Vec<Trigger> = boundary.triggers.iter().map(fits).collect();
        let ends = triggers
            .iter()
            .any(|one| matches!(one, Trigger::Error(_) | Trigger::Cancel));
        let interrupting = boundary.interrupting || ends;
        let (definitions, count) = self.definitions(&triggers);
        let (id, all) = (self.id(), boundary.all && count > 1);
        self.xml += &format!(
            r#"<boundaryEvent id="{id}" attachedToRef="{host}" cancelActivity="{interrupting}" parallelMultiple="{all}">{definitions}</boundaryEvent>"#
        );
        let last = self.blocks(&boundary.then, Some(id));
        if boundary.merges {
            self.after(last.as_deref(), merge);
        } else {
            self.end(End::None, last.as_deref());
        }
        self.only_in(boundary.versions, before);
    }

    fn work(&mut self, id: &str, act: &Act, attributes: &str) {
        let (tag, more, definition) = match &act.work {
            Work::Pass => ("task", String::new(), String::new()),
            Work::Job => ("serviceTask", String::new(), JOB.to_owned()),
            Work::User => ("userTask", String::new(), String::new()),
            Work::Manual => (
                "manualTask",
                String::new(),
                r#"<zeebe:assignmentDefinition candidateGroups="g"/>"#.to_owned(),
            ),
            Work::Script(n) => ("scriptTask", String::new(), script(*n)),
            Work::Send(n) => ("sendTask", format!(r#" messageRef="m{n}""#), String::new()),
            Work::Receive(n) => ("receiveTask", format!(r#" messageRef="m{n}""#), String::new()),
            Work::Rule => ("businessRuleTask", String::new(), JOB.to_owned()),
            // q0 calls q1 and itself, the main process both
            Work::Call(n) => {
                let called = if self.calls == 2 { n % 3 } else { n % 2 };
                (
                    "callActivity",
                    String::new(),
                    format!(r#"<zeebe:calledElement processId="q{called}"/>"#),
                )
            }
            Work::Sub(kind, level) => return self.sub(id, act, *kind, level),
        };
        let io = io(act.io);
        self.xml +=
            &format!(r#"<{tag} id="{id}"{attributes}{more}><extensionElements>{definition}{io}</extensionElements>"#);
        self.repeat(act.repeat);
        self.xml += &format!("</{tag}>");
    }

    fn sub(&mut self, id: &str, act: &Act, kind: SubKind, level: &Level) {
        let (tag, attributes) = match kind {
            SubKind::Embedded => ("subProcess", String::new()),
            SubKind::Transaction => ("transaction", String::new()),
            SubKind::AdHoc(sequential, _, cancels) => {
                let ordering = if sequential { "Sequential" } else { "Parallel" };
                (
                    "adHocSubProcess",
                    format!(r#" ordering="{ordering}" cancelRemainingInstances="{cancels}""#),
                )
            }
        };
        let io = io(act.io);
        self.xml += &format!(r#"<{tag} id="{id}"{attributes}><extensionElements>{io}</extensionElements>"#);
        self.repeat(act.repeat);
        self.depth += 1;
        self.transactions += u32::from(kind == SubKind::Transaction);
        if let SubKind::AdHoc(_, completion, _) = kind {
            for block in &level.blocks {
                let first = self.node("task", None);
                self.block(block, Some(&first));
            }
            for sub in &level.subs {
                self.event_sub(sub);
            }
            if completion {
                self.xml += "<completionCondition>=stop</completionCondition>";
            }
        } else {
            self.level(level);
        }
        self.transactions -= u32::from(kind == SubKind::Transaction);
        self.depth -= 1;
        self.xml += &format!("</{tag}>");
    }

    fn repeat(&mut self, repeat: Repeat) {
        self.xml += &match repeat {
            Repeat::Once => String::new(),
            Repeat::Standard(before, most) => format!(
                r#"<standardLoopCharacteristics testBefore="{before}" loopMaximum="{most}"><loopCondition>=again</loopCondition></standardLoopCharacteristics>"#
            ),
            Repeat::Multi(sequential, count, ends, out) => {
                let output = if out {
                    r#" outputCollection="results" outputElement="=loopCounter""#
                } else {
                    ""
                };
                let input = if count == 4 {
                    r#" inputCollection="=list" inputElement="item""#
                } else {
                    ""
                };
                let cardinality = if count == 4 {
                    String::new()
                } else {
                    format!("<loopCardinality>{count}</loopCardinality>")
                };
                let ends = if ends {
                    "<completionCondition>=stop</completionCondition>"
                } else {
                    ""
                };
                format!(
                    r#"<multiInstanceLoopCharacteristics isSequential="{sequential}"><extensionElements><zeebe:loopCharacteristics{input}{output}/></extensionElements>{cardinality}{ends}</multiInstanceLoopCharacteristics>"#
                )
            }
        };
    }
}

const JOB: &str = r#"<zeebe:taskDefinition type="work"/>"#;

fn error(n: u8) -> String {
    if n < 2 {
        format!(r#"<errorEventDefinition errorRef="E{n}"/>"#)
    } else {
        "<errorEventDefinition/>".to_owned()
    }
}

fn escalation(n: u8) -> String {
    if n < 2 {
        format!(r#"<escalationEventDefinition escalationRef="U{n}"/>"#)
    } else {
        "<escalationEventDefinition/>".to_owned()
    }
}

/// Scripts switch the variables that conditions look at; one is no FEEL value in most states.
fn script(n: u8) -> String {
    match n {
        0..4 => format!(r#"<zeebe:script expression="=not(c{n})" resultVariable="c{n}"/>"#),
        4 => r#"<zeebe:script expression="=count(list)" resultVariable="size"/>"#.to_owned(),
        _ => r#"<zeebe:script expression="=if stop then true else null" resultVariable="again"/>"#.to_owned(),
    }
}

fn io(with: bool) -> &'static str {
    if with {
        r#"<zeebe:ioMapping><zeebe:input source="=list[1]" target="local"/><zeebe:input source="=c2" target="c1"/><zeebe:output source="=local" target="seen"/><zeebe:output source="=stop" target="c3"/></zeebe:ioMapping>"#
    } else {
        ""
    }
}
