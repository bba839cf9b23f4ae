//! The state of one instance.

use crate::{Assignment, Command, Variables};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;

/// A new, empty instance or one in flight. Serialises to compact JSON; elements are named by their BPMN id, so that a
/// state outlives the program that wrote it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Instance id.
    pub id: String,
    /// Definition key `process-id:version`.
    pub definition: String,
    /// Business key.
    pub business_key: Option<String>,
    pub(crate) status: InstanceState,
    /// Last number given; ids are `<instance>.<n>`.
    pub(crate) next: u64,
    /// Definition keys of called processes; number `k` of a scope is entry `k - 1`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) called: Vec<String>,
    /// Sorted by number; the first is the root.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<ScopeState>,
    /// Sorted by number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tokens: Vec<Token>,
    /// Sorted by number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) waits: Vec<Wait>,
    /// Sorted by number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) incidents: Vec<Incident>,
    /// Suspended: what came since, in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) held: Option<Vec<Command>>,
}

/// Where an instance stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum InstanceState {
    /// Not started.
    New,
    /// Running or waiting.
    Active,
    /// Ended well.
    Completed,
    /// Ended by cancel or unhandled error.
    Terminated,
}

/// What a dynamic scope is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ScopeKind {
    /// The process, or a called one: variables are not looked up further out.
    Process,
    /// A sub-process of any kind.
    Sub,
    /// One round of a loop or one instance of a multi-instance activity.
    Iteration,
}

/// One level in flight: variables and how many tokens live in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ScopeState {
    pub n: u64,
    pub kind: ScopeKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
    /// The token at the activity that this scope is the inside of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<u64>,
    /// 0: the instance's own process; `k`: `called[k - 1]`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub process: u32,
    /// The activity; `None` for a process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub element: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Variables::is_empty")]
    pub vars: Variables,
    pub live: u32,
    /// Completed activities that can be compensated, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<Completed>,
    /// Ad-hoc: elements still to be activated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending: Vec<Arc<str>>,
    /// Complex gateways that fired and wait for reset, with the flows they have seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub complex: Vec<(Arc<str>, Vec<Arc<str>>)>,
    /// Opened again to compensate what completed inside.
    #[serde(default, skip_serializing_if = "is_false")]
    pub compensating: bool,
}

/// A completed activity that can be compensated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Completed {
    pub element: Arc<str>,
    /// Variables of the inside when it completed.
    #[serde(default, skip_serializing_if = "Variables::is_empty")]
    pub vars: Variables,
    /// What completed inside (sub-processes).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inner: Vec<Completed>,
}

/// One visit of a flow node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Token {
    pub n: u64,
    pub scope: u64,
    pub element: Arc<str>,
    #[serde(with = "jiff::fmt::serde::timestamp::microsecond::required")]
    pub since: Timestamp,
    pub at: At,
    /// Local variables (input mappings).
    #[serde(default, skip_serializing_if = "Variables::is_empty")]
    pub vars: Variables,
    /// The compensation throw that waits for this handler.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compensates: Option<u64>,
}

/// What a token waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum At {
    /// Nothing: it moves. Never outside a step.
    Here,
    /// A person.
    Task(Box<TaskState>),
    /// A worker.
    Job(Box<JobState>),
    /// An event.
    Catch,
    /// Other tokens, having come by this flow.
    Join(Option<Arc<str>>),
    /// The completion of its scope.
    Scope,
    /// The rounds of its loop.
    Loop(Box<LoopState>),
    /// Compensation handlers.
    Compensating(Box<Compensating>),
    /// The retry of its incident.
    Stuck,
}

/// A task's evaluated properties.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TaskState {
    #[serde(default)]
    pub assignment: Assignment,
    /// To whom it comes back, when someone does it for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegated_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<Timestamp>,
    pub priority: u8,
}

/// A job's evaluated properties.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct JobState {
    pub job_type: String,
    pub retries: u32,
    #[serde(default, skip_serializing_if = "is_zero_priority")]
    pub priority: i32,
    /// It is not the work of the element itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside: Option<Box<Beside>>,
}

/// The job of a listener, or of a continuation in a commit of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Beside {
    /// The place of the listener among those of its phase's element, flow or process; `None`: a continuation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hook: Option<usize>,
    /// The phase it is part of, or (a continuation) that it leads to.
    pub next: Next,
}

/// The phases of a visit that have listeners, or follow a commit of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Next {
    /// The token comes by this flow.
    Arrive { via: Option<Arc<str>> },
    /// It enters its element.
    Enter { via: Option<Arc<str>> },
    /// Its event has happened.
    Caught { payload: Variables },
    /// An activity begins its work.
    Work,
    /// An activity ends, with this result.
    End { payload: Variables },
    /// An end event throws what ends its own token.
    Throw,
    /// The token leaves by these flows.
    Leave { flows: Vec<Arc<str>> },
    /// It has left.
    Go { flows: Vec<Arc<str>> },
    /// Of the events after an event-based gateway this one happened.
    Chose { target: Arc<str>, payload: Variables },
    /// The gateway is left for it.
    Chosen { target: Arc<str>, payload: Variables },
    /// A round of a loop or a compensation handler is over.
    Finish,
    /// The process begins, by an event or not.
    Begin { event: bool },
    /// The process ends.
    Done,
    /// Something happened to a task, which goes on meanwhile.
    Aside,
}

impl Next {
    /// Whether the boundary events of the activity are armed in this phase.
    pub fn in_activity(&self) -> bool {
        matches!(self, Self::Work | Self::End { .. })
    }

    /// The flow by which the token came, if it has not arrived yet.
    pub fn comes_by(&self) -> Option<&Arc<str>> {
        match self {
            Self::Arrive { via } | Self::Enter { via } => via.as_ref(),
            _ => None,
        }
    }

    /// The sequence flows that it names.
    pub fn flows_mut(&mut self) -> Vec<&mut Arc<str>> {
        match self {
            Self::Arrive { via } | Self::Enter { via } => via.iter_mut().collect(),
            Self::Leave { flows } | Self::Go { flows } => flows.iter_mut().collect(),
            _ => Vec::new(),
        }
    }

    /// The element that it names.
    pub fn target_mut(&mut self) -> Option<&mut Arc<str>> {
        match self {
            Self::Chose { target, .. } | Self::Chosen { target, .. } => Some(target),
            _ => None,
        }
    }
}

impl JobState {
    /// Whether boundary events of the activity are armed while the job is open.
    pub fn in_activity(&self) -> bool {
        self.beside.as_ref().is_none_or(|beside| beside.next.in_activity())
    }

    /// Whether its token was made for it alone and visits no element.
    pub fn is_no_visit(&self) -> bool {
        let next = self.beside.as_ref().map(|beside| &beside.next);
        matches!(next, Some(Next::Aside | Next::Done))
    }

    /// Whether it is that of a continuation.
    pub fn continues(&self) -> bool {
        self.beside.as_ref().is_some_and(|beside| beside.hook.is_none())
    }
}

/// A loop under way.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct LoopState {
    /// Multi-instance: how many in all; standard loop: 0.
    pub total: u32,
    pub started: u32,
    pub completed: u32,
    /// Sequential multi-instance: elements not yet started, next one last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Value>,
    /// Results by place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<Value>,
}

/// A compensation throw under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Compensating {
    /// What is still to be compensated and the scope it completed in, next one last.
    pub queue: Vec<(u64, Completed)>,
    pub then: Then,
}

/// What follows the last handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Then {
    /// The thrower goes on.
    Leave,
    /// The transaction's cancel boundary event.
    Cancel,
    /// The reopened sub-process is done.
    End,
}

/// A subscription: timer, message, signal or condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Wait {
    pub n: u64,
    /// The token that waits, or whose activity the boundary event sits on; `None` for event sub-processes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<u64>,
    /// The scope of the event.
    pub scope: u64,
    /// The catch event, receive task, boundary event or event sub-process.
    pub target: Arc<str>,
    pub on: On,
    /// The timer is that of a timeout listener of the task, of this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listener: Option<usize>,
}

/// What a [`Wait`] waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum On {
    Timer {
        due: Timestamp,
        /// Further repetitions; `None`: for ever. Only with `every`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left: Option<u32>,
        /// ISO 8601 interval of a cycle.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        every: Option<String>,
    },
    Message {
        name: String,
        key: String,
    },
    Signal {
        name: String,
    },
    Condition {
        /// Place among the event's definitions.
        definition: usize,
        /// It was true when last looked at: fires on the edge.
        was: bool,
    },
}

/// Something went wrong and someone must look.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Incident {
    pub n: u64,
    pub token: u64,
    pub element: Arc<str>,
    pub kind: String,
    pub message: String,
    pub resume: Resume,
}

/// Where a retry goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Resume {
    /// Enters the element again.
    Enter {
        /// The flow it came by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        via: Option<Arc<str>>,
    },
    /// Does the activity's work again; its boundary events are armed.
    Perform,
    /// Runs a listener again, or goes on once more after a commit.
    Beside(Box<Beside>),
    /// Completes it again (output mappings).
    Complete {
        /// The result that waits to be mapped.
        #[serde(default, skip_serializing_if = "Variables::is_empty")]
        payload: Variables,
    },
    /// Takes the outgoing flows again.
    Leave,
    /// Looks at a finished loop round again.
    Round(u64),
}

impl Resume {
    /// Whether the boundary events of the activity are armed while this is waited for.
    pub fn in_activity(&self) -> bool {
        match self {
            Self::Perform | Self::Round(_) => true,
            Self::Beside(beside) => beside.next.in_activity(),
            Self::Enter { .. } | Self::Complete { .. } | Self::Leave => false,
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero_priority(value: &i32) -> bool {
    *value == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

impl State {
    /// A new instance of a definition, to be given [`crate::Command::Start`].
    pub fn new(id: impl Into<String>, definition: impl Into<String>, business_key: Option<String>) -> Self {
        Self {
            id: id.into(),
            definition: definition.into(),
            business_key,
            status: InstanceState::New,
            next: 0,
            called: Vec::new(),
            scopes: Vec::new(),
            tokens: Vec::new(),
            waits: Vec::new(),
            incidents: Vec::new(),
            held: None,
        }
    }

    /// The full id of a number.
    pub(crate) fn id_of(&self, n: u64) -> String {
        use std::fmt::Write;
        let mut text = String::with_capacity(self.id.len() + 8);
        let _ = write!(text, "{}.{n}", self.id);
        text
    }

    /// The number in a full id of this instance.
    pub(crate) fn number(&self, id: &str) -> Option<u64> {
        id.strip_prefix(self.id.as_str())?.strip_prefix('.')?.parse().ok()
    }

    pub(crate) fn token_place(&self, n: u64) -> Option<usize> {
        self.tokens.binary_search_by_key(&n, |token| token.n).ok()
    }

    pub(crate) fn token(&self, n: u64) -> Option<&Token> {
        self.token_place(n).map(|place| &self.tokens[place])
    }

    pub(crate) fn token_mut(&mut self, n: u64) -> Option<&mut Token> {
        self.token_place(n).map(|place| &mut self.tokens[place])
    }

    pub(crate) fn scope_place(&self, n: u64) -> Option<usize> {
        self.scopes.binary_search_by_key(&n, |scope| scope.n).ok()
    }

    pub(crate) fn scope(&self, n: u64) -> Option<&ScopeState> {
        self.scope_place(n).map(|place| &self.scopes[place])
    }

    pub(crate) fn scope_mut(&mut self, n: u64) -> Option<&mut ScopeState> {
        self.scope_place(n).map(|place| &mut self.scopes[place])
    }

    pub(crate) fn wait(&self, n: u64) -> Option<&Wait> {
        self.waits
            .binary_search_by_key(&n, |wait| wait.n)
            .ok()
            .map(|place| &self.waits[place])
    }

    pub(crate) fn wait_mut(&mut self, n: u64) -> Option<&mut Wait> {
        self.waits
            .binary_search_by_key(&n, |wait| wait.n)
            .ok()
            .map(|place| &mut self.waits[place])
    }
}
