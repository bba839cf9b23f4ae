//! Block-structured models of what SpiffWorkflow executes, too: no FEEL beyond a variable, no extension.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Map, Value};

/// A piece with one way in and one way out.
#[derive(Debug, Clone)]
pub enum Piece {
    /// A user task.
    User,
    /// A manual task.
    Manual,
    /// A task that does nothing.
    Pass,
    /// A message catch event.
    Catch,
    /// A receive task.
    Receive,
    /// Between gateways of a kind: `exclusive`, `parallel`, `inclusive`.
    Split(&'static str, Vec<Way>),
    /// A loop of two rounds.
    Circle(Vec<Piece>),
    /// An event-based gateway.
    Choose(Vec<Vec<Piece>>),
    /// A user task with a message boundary event: interrupting; whose turn comes before the task's.
    Guarded(bool, bool, Vec<Piece>),
    /// A sub-process; `true`: a transaction.
    Sub(bool, Vec<Piece>),
    /// A sub-process that may end with an error, which a boundary event catches.
    Failing(Vec<Piece>, Vec<Piece>),
    /// A sub-process with a message boundary event: interrupting; whose turn comes first.
    GuardedSub(bool, bool, Vec<Piece>),
    /// A user task in a standard loop of so many rounds.
    Loop(u8),
    /// A user task, for each: sequential, how many.
    Multi(bool, u8),
    /// A call of another process.
    Call,
}

/// One way between two gateways.
#[derive(Debug, Clone)]
pub struct Way {
    /// In sequence.
    pub pieces: Vec<Piece>,
    /// Ends here: `Some(true)` with all of its level.
    pub ends: Option<bool>,
}

impl Piece {
    /// The sequences inside.
    #[must_use]
    pub fn inside(&self) -> Vec<&[Piece]> {
        match self {
            Self::Split(_, ways) => ways.iter().map(|way| way.pieces.as_slice()).collect(),
            Self::Circle(one) | Self::Guarded(_, _, one) | Self::Sub(_, one) | Self::GuardedSub(_, _, one) => vec![one],
            Self::Choose(ways) => ways.iter().map(Vec::as_slice).collect(),
            Self::Failing(one, other) => vec![one, other],
            _ => Vec::new(),
        }
    }

    /// Whether this piece, or one inside it, fits.
    pub fn any(&self, fits: &dyn Fn(&Piece) -> bool) -> bool {
        fits(self) || self.inside().into_iter().flatten().any(|inner| inner.any(fits))
    }
}

/// A random process.
pub fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let leaf = prop_oneof![
        6 => Just(Piece::User),
        1 => Just(Piece::Manual),
        3 => Just(Piece::Pass),
        2 => Just(Piece::Catch),
        1 => Just(Piece::Receive),
        1 => (1u8..4).prop_map(Piece::Loop),
        1 => (any::<bool>(), 1u8..4).prop_map(|(sequential, count)| Piece::Multi(sequential, count)),
        1 => any::<(bool, bool)>().prop_map(|(interrupts, first)| Piece::Guarded(interrupts, first, vec![Piece::Pass])),
        1 => Just(Piece::Call),
    ];
    let piece = leaf.prop_recursive(3, 20, 3, |inner| {
        let some = vec(inner, 1..3).boxed();
        let ends = prop_oneof![8 => Just(None), 1 => Just(Some(false)), 1 => Just(Some(true))];
        let way = (some.clone(), ends).prop_map(|(pieces, ends)| Way { pieces, ends });
        let gate = prop_oneof![Just("exclusive"), Just("parallel"), Just("inclusive")];
        prop_oneof![
            4 => (gate, vec(way, 2..4)).prop_map(|(gate, ways)| Piece::Split(gate, ways)),
            1 => some.clone().prop_map(Piece::Circle),
            1 => vec(some.clone(), 2..3).prop_map(Piece::Choose),
            1 => (any::<bool>(), any::<bool>(), some.clone()).prop_map(|(a, b, pieces)| Piece::Guarded(a, b, pieces)),
            2 => (any::<bool>(), some.clone()).prop_map(|(transaction, pieces)| Piece::Sub(transaction, pieces)),
            1 => (some.clone(), some.clone()).prop_map(|(inside, then)| Piece::Failing(inside, then)),
            1 => (any::<bool>(), any::<bool>(), some).prop_map(|(a, b, pieces)| Piece::GuardedSub(a, b, pieces)),
        ]
    });
    vec(piece, 1..4)
}

/// The first variables of a set of bits.
#[must_use]
pub fn data(bits: u8) -> Map<String, Value> {
    (0..4)
        .map(|n| (format!("c{n}"), Value::Bool(bits >> n & 1 == 1)))
        .collect()
}

/// The file of a process `p`; each process that it calls has two tasks.
#[must_use]
pub fn xml(pieces: &[Piece]) -> String {
    let mut writer = Writer::default();
    let start = writer.node("startEvent", None, "");
    let last = writer.all(pieces, start);
    writer.node("endEvent", Some(&last), "");
    format!(
        r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="https://sinfonia.it/proof">{}<error id="E" name="E" errorCode="E"/><process id="p" isExecutable="true">{}</process>{}</definitions>"#,
        writer.messages, writer.xml, writer.others
    )
}

#[derive(Default)]
struct Writer {
    xml: String,
    messages: String,
    /// Processes that are called.
    others: String,
    count: u32,
}

impl Writer {
    fn id(&mut self, letter: char) -> String {
        self.count += 1;
        format!("{letter}{}", self.count)
    }

    fn flow(&mut self, from: &str, to: &str, condition: Option<&str>) {
        let condition = condition.map_or(String::new(), |text| {
            format!(r#"<conditionExpression>{text}</conditionExpression>"#)
        });
        self.xml += &format!(
            r#"<sequenceFlow id="{from}-{to}" sourceRef="{from}" targetRef="{to}">{condition}</sequenceFlow>"#
        );
    }

    fn node(&mut self, tag: &str, from: Option<&str>, inside: &str) -> String {
        let id = self.id('n');
        self.xml += &format!(r#"<{tag} id="{id}">{inside}</{tag}>"#);
        if let Some(from) = from {
            self.flow(from, &id, None);
        }
        id
    }

    /// The definition of a message of its own.
    fn message(&mut self, id: &str) -> String {
        self.messages += &format!(r#"<message id="M-{id}" name="m-{id}"/>"#);
        format!(r#"<messageEventDefinition messageRef="M-{id}"/>"#)
    }

    fn all(&mut self, pieces: &[Piece], from: String) -> String {
        pieces.iter().fold(from, |from, piece| self.piece(piece, &from))
    }

    fn piece(&mut self, piece: &Piece, from: &str) -> String {
        match piece {
            Piece::User => self.node("userTask", Some(from), ""),
            Piece::Manual => self.user_like_manual(from),
            Piece::Pass => self.node("task", Some(from), ""),
            Piece::Catch => {
                let id = self.id('n');
                let definition = self.message(&id);
                self.xml += &format!(r#"<intermediateCatchEvent id="{id}">{definition}</intermediateCatchEvent>"#);
                self.flow(from, &id, None);
                id
            }
            Piece::Receive => {
                let id = self.id('n');
                self.message(&id);
                self.xml += &format!(r#"<receiveTask id="{id}" messageRef="M-{id}"/>"#);
                self.flow(from, &id, None);
                id
            }
            Piece::Split(gate, ways) => self.split(gate, ways, from),
            Piece::Circle(inner) => self.circle(inner, from),
            Piece::Choose(ways) => self.choose(ways, from),
            Piece::Guarded(interrupts, first, then) => self.guarded(None, *interrupts, *first, then, from),
            Piece::GuardedSub(interrupts, first, inner) => {
                self.guarded(Some(inner), *interrupts, *first, &[Piece::User], from)
            }
            Piece::Sub(transaction, inner) => {
                let tag = if *transaction { "transaction" } else { "subProcess" };
                let id = self.id('n');
                self.sub(tag, &id, inner, from);
                id
            }
            Piece::Failing(inner, then) => self.failing(inner, then, from),
            Piece::Loop(most) => {
                let inside = format!(r#"<standardLoopCharacteristics loopMaximum="{most}"/>"#);
                self.node("userTask", Some(from), &inside)
            }
            Piece::Multi(sequential, count) => {
                let inside = format!(
                    r#"<multiInstanceLoopCharacteristics isSequential="{sequential}"><loopCardinality>{count}</loopCardinality></multiInstanceLoopCharacteristics>"#
                );
                self.node("userTask", Some(from), &inside)
            }
            Piece::Call => {
                let id = self.id('n');
                self.xml += &format!(r#"<callActivity id="{id}" calledElement="q{id}"/>"#);
                self.flow(from, &id, None);
                self.called(&id);
                id
            }
        }
    }

    /// A manual task that someone must tick off here as there: it has a performer.
    fn user_like_manual(&mut self, from: &str) -> String {
        let inside = r#"<potentialOwner id="OWNER"><resourceAssignmentExpression><formalExpression>g</formalExpression></resourceAssignmentExpression></potentialOwner>"#;
        let inside = inside.replace("OWNER", &format!("o{}", self.count));
        self.node("manualTask", Some(from), &inside)
    }

    fn split(&mut self, gate: &str, ways: &[Way], from: &str) -> String {
        let (split, join, first) = (self.id('n'), self.id('n'), self.id('n'));
        let entries: Vec<String> = ways
            .iter()
            .enumerate()
            .map(|(n, _)| if n == 0 { first.clone() } else { self.id('n') })
            .collect();
        let conditions = gate != "parallel";
        let default = if conditions {
            format!(r#" default="{split}-{first}""#)
        } else {
            String::new()
        };
        self.xml += &format!(r#"<{gate}Gateway id="{split}"{default}/><{gate}Gateway id="{join}"/>"#);
        self.flow(from, &split, None);
        for (number, (way, entry)) in ways.iter().zip(entries).enumerate() {
            self.xml += &format!(r#"<task id="{entry}"/>"#);
            let condition = format!("c{number}");
            self.flow(&split, &entry, (conditions && number > 0).then_some(condition.as_str()));
            let last = self.all(&way.pieces, entry);
            match way.ends.filter(|_| number > 0) {
                None => self.flow(&last, &join, None),
                Some(all) => {
                    // what ends others waits first: else it races with what moves in the same step
                    let last = if all {
                        self.node("userTask", Some(&last), "")
                    } else {
                        last
                    };
                    let inside = if all { "<terminateEventDefinition/>" } else { "" };
                    self.node("endEvent", Some(&last), inside);
                }
            }
        }
        join
    }

    /// A process of its own for each call: two calls of one process would have the same tasks open.
    fn called(&mut self, id: &str) {
        let outside = std::mem::take(&mut self.xml);
        let start = self.node("startEvent", None, "");
        let last = self.all(&[Piece::User, Piece::Pass], start);
        self.node("endEvent", Some(&last), "");
        let inside = std::mem::replace(&mut self.xml, outside);
        self.others += &format!(r#"<process id="q{id}" isExecutable="true">{inside}</process>"#);
    }

    fn circle(&mut self, inner: &[Piece], from: &str) -> String {
        let merge = self.node("exclusiveGateway", Some(from), "");
        let task = self.node("userTask", Some(&merge), "");
        let last = self.all(inner, task.clone());
        let (split, out) = (self.id('n'), self.id('n'));
        self.xml += &format!(r#"<exclusiveGateway id="{split}" default="{split}-{out}"/><task id="{out}"/>"#);
        self.flow(&last, &split, None);
        self.flow(&split, &out, None);
        self.flow(&split, &merge, Some(&format!("r{task}")));
        out
    }

    fn choose(&mut self, ways: &[Vec<Piece>], from: &str) -> String {
        let gateway = self.node("eventBasedGateway", Some(from), "");
        let merge = self.node("exclusiveGateway", None, "");
        for way in ways {
            let event = self.piece(&Piece::Catch, &gateway);
            let last = self.all(way, event);
            self.flow(&last, &merge, None);
        }
        merge
    }

    fn sub(&mut self, tag: &str, id: &str, inner: &[Piece], from: &str) {
        self.xml += &format!(r#"<{tag} id="{id}">"#);
        let start = self.node("startEvent", None, "");
        let last = self.all(inner, start);
        self.node("endEvent", Some(&last), "");
        self.xml += &format!("</{tag}>");
        self.flow(from, id, None);
    }

    fn guarded(
        &mut self,
        inner: Option<&[Piece]>,
        interrupts: bool,
        first: bool,
        then: &[Piece],
        from: &str,
    ) -> String {
        let letter = if interrupts { 'n' } else { 'b' };
        let early = first.then(|| self.id(letter));
        let host = self.id('n');
        match inner {
            Some(inner) => self.sub("subProcess", &host, inner, from),
            None => {
                self.xml += &format!(r#"<userTask id="{host}"/>"#);
                self.flow(from, &host, None);
            }
        }
        let event = early.unwrap_or_else(|| self.id(letter));
        let definition = self.message(&event);
        self.xml += &format!(
            r#"<boundaryEvent id="{event}" attachedToRef="{host}" cancelActivity="{interrupts}">{definition}</boundaryEvent>"#
        );
        let merge = self.node("exclusiveGateway", Some(&host), "");
        let last = self.all(then, event);
        if interrupts {
            self.flow(&last, &merge, None);
        } else {
            self.node("endEvent", Some(&last), "");
        }
        merge
    }

    fn failing(&mut self, inner: &[Piece], then: &[Piece], from: &str) -> String {
        let host = self.id('n');
        self.xml += &format!(r#"<subProcess id="{host}">"#);
        let start = self.node("startEvent", None, "");
        let last = self.all(inner, start);
        let last = self.node("userTask", Some(&last), "");
        let (split, good) = (self.id('n'), self.id('n'));
        self.xml += &format!(r#"<exclusiveGateway id="{split}" default="{split}-{good}"/><endEvent id="{good}"/>"#);
        self.flow(&last, &split, None);
        self.flow(&split, &good, None);
        let bad = self.node("endEvent", None, r#"<errorEventDefinition errorRef="E"/>"#);
        self.flow(&split, &bad, Some("c2"));
        self.xml += "</subProcess>";
        self.flow(from, &host, None);
        let event = self.id('n');
        self.xml += &format!(
            r#"<boundaryEvent id="{event}" attachedToRef="{host}"><errorEventDefinition errorRef="E"/></boundaryEvent>"#
        );
        let merge = self.node("exclusiveGateway", Some(&host), "");
        let last = self.all(then, event);
        self.flow(&last, &merge, None);
        merge
    }
}
