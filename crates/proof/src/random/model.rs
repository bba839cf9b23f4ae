//! What a random model is made of. Everything has one way in and one way out, but for [`crate::random::Graph`].

use super::graph::Graph;

/// A file: a main process `p`, and two that it calls, `q0` and `q1`.
#[derive(Debug, Clone)]
pub struct Model {
    /// How the main process begins.
    pub start: Start,
    /// The main process.
    pub main: Level,
    /// The called ones.
    pub called: Vec<Level>,
    /// Where listeners and commits in between are ([`super::beside::strew`]); 0: nowhere.
    pub beside: u64,
}

/// How a process begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// A none start event.
    None,
    /// A none start event, and beside it one with a message.
    Message,
    /// An instantiating receive task.
    Receive,
    /// An instantiating event-based gateway; `true`: a parallel one, that needs all its events.
    Gateway(bool),
}

/// The inside of a process or sub-process.
#[derive(Debug, Clone)]
pub struct Level {
    /// In sequence.
    pub blocks: Vec<Block>,
    /// Its end event.
    pub end: End,
    /// Event sub-processes.
    pub subs: Vec<EventSub>,
}

/// A piece with one way in and one way out.
#[derive(Debug, Clone)]
pub enum Block {
    /// An activity.
    Act(Act),
    /// A catch event: of several triggers any one, or all.
    Catch(Vec<Trigger>, bool),
    /// A throw event.
    Throw(Throw),
    /// A loop drawn with gateways.
    Circle(Vec<Block>),
    /// Branches between two gateways.
    Split(Gate, Vec<Branch>),
    /// An event-based gateway.
    Choose(Vec<(Trigger, Vec<Block>)>),
    /// A pair of link events.
    Link,
    /// An arbitrary graph.
    Graph(Graph),
}

/// What splits and joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Exclusive.
    Exclusive,
    /// Parallel.
    Parallel,
    /// Inclusive.
    Inclusive,
    /// Parallel split, complex join that needs this many.
    Complex(u8),
    /// Conditional flows out of an activity, exclusive join.
    Activity,
}

/// One way between two gateways.
#[derive(Debug, Clone)]
pub struct Branch {
    /// In sequence.
    pub blocks: Vec<Block>,
    /// Ends here, instead of at the join.
    pub end: Option<End>,
}

/// An activity.
#[derive(Debug, Clone)]
pub struct Act {
    /// What it does.
    pub work: Work,
    /// How often.
    pub repeat: Repeat,
    /// Boundary events.
    pub on: Vec<Boundary>,
    /// Has input and output mappings.
    pub io: bool,
    /// What undoes it.
    pub undo: Option<Work>,
}

/// What an activity does.
#[derive(Debug, Clone)]
pub enum Work {
    /// Nothing.
    Pass,
    /// Service task.
    Job,
    /// User task.
    User,
    /// Manual task for a role.
    Manual,
    /// FEEL script that sets variables; now and then one that fails.
    Script(u8),
    /// Send task.
    Send(u8),
    /// Receive task.
    Receive(u8),
    /// Business rule task of a worker.
    Rule,
    /// Call of a process.
    Call(u8),
    /// Sub-process.
    Sub(SubKind, Box<Level>),
}

/// Kinds of sub-process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubKind {
    /// Embedded.
    Embedded,
    /// Transaction.
    Transaction,
    /// Ad-hoc: sequential, with completion condition, cancelling the rest.
    AdHoc(bool, bool, bool),
}

/// How often an activity runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// Once.
    Once,
    /// Standard loop: tested before; with this maximum.
    Standard(bool, u8),
    /// For each: sequential; how many (4: a variable collection); with completion condition; with results.
    Multi(bool, u8, bool, bool),
}

/// A boundary event.
#[derive(Debug, Clone)]
pub struct Boundary {
    /// What it waits for.
    pub triggers: Vec<Trigger>,
    /// All of them.
    pub all: bool,
    /// Ends the activity.
    pub interrupting: bool,
    /// What follows.
    pub then: Vec<Block>,
    /// What follows leads back behind the activity, instead of ending.
    pub merges: bool,
    /// In the first version (1), the second (2), both (3).
    pub versions: u8,
}

/// An event sub-process.
#[derive(Debug, Clone)]
pub struct EventSub {
    /// What starts it.
    pub trigger: Trigger,
    /// Takes the level over.
    pub interrupting: bool,
    /// What it does.
    pub level: Level,
    /// As for [`Boundary::versions`].
    pub versions: u8,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// Time.
    Timer(Timer),
    /// Message `m<n>`.
    Message(u8),
    /// Signal `s<n>`.
    Signal(u8),
    /// Variable `c<n>` is true.
    Condition(u8),
    /// Error `E<n>`; from 2 on: any.
    Error(u8),
    /// Escalation `U<n>`; from 2 on: any.
    Escalation(u8),
    /// Compensation (event sub-processes only).
    Compensation,
    /// Cancel (boundary of transactions only).
    Cancel,
}

/// Kinds of timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// A duration in minutes, another one in the second version.
    Minutes(u8),
    /// A cycle of this many.
    Cycle(u8),
    /// An endless cycle.
    Endless,
    /// A date that a variable holds.
    Date,
}

/// What is thrown on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Throw {
    /// Nothing.
    None,
    /// Message.
    Message(u8),
    /// Signal.
    Signal(u8),
    /// Escalation.
    Escalation(u8),
    /// Compensation; `false`: without waiting for it.
    Compensation(bool),
}

/// How a way ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Just so.
    None,
    /// All of the level.
    Terminate,
    /// With an error.
    Error(u8),
    /// With an escalation.
    Escalation(u8),
    /// With a signal.
    Signal(u8),
    /// With a message.
    Message(u8),
    /// With compensation.
    Compensation,
    /// Cancels the transaction around it, if there is one.
    Cancel,
}
