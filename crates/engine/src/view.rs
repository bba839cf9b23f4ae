//! Looking at a state.

use crate::run::listeners_of;
use crate::state::{At, Next, On, ScopeKind, Token};
use crate::{InstanceState, JobKind, JobSpec, Models, State, TaskSpec, Variables};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a token is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActiveKind {
    /// Waits for a person; `id` is the task.
    Task,
    /// Waits for a worker; `id` is the job.
    Job,
    /// Waits for events; `id` is the first wait.
    Event,
    /// Waits for other tokens.
    Join,
    /// Its inside runs (sub-process, call, loop, compensation).
    Inside,
    /// Stands still until its incident is retried; `id` is the incident.
    Incident,
}

/// A live token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Active {
    /// BPMN element.
    pub element: String,
    /// Definition key of the process that holds the element (a called one, or the instance's own).
    pub definition: String,
    /// Token id.
    pub token: String,
    /// What it does.
    pub kind: ActiveKind,
    /// Id of the task, job, wait or incident.
    pub id: Option<String>,
    /// Since when.
    pub since: Timestamp,
    /// Due moment of the task, or of the earliest timer.
    pub due: Option<Timestamp>,
}

/// An open incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenIncident {
    /// Incident id, for `Retry`.
    pub id: String,
    /// BPMN element.
    pub element: String,
    /// Kind, e.g. `job`, `expression`, `unhandled-error`.
    pub kind: String,
    /// What happened and what to do.
    pub message: String,
}

/// Variables of an inner scope, or local ones of a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Local {
    /// Scope or token id.
    pub id: String,
    /// The activity.
    pub element: Option<String>,
    /// The variables.
    pub variables: Variables,
}

/// An open subscription to a message or signal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenWait {
    /// Wait id, for `Deliver`.
    pub id: String,
    /// Element that catches.
    pub element: String,
    /// Message or signal name.
    pub name: String,
    /// Correlation key; `None` for signals.
    pub key: Option<String>,
}

impl State {
    /// Where the instance stands.
    pub fn status(&self) -> InstanceState {
        self.status
    }

    /// Whether nothing moves until it is resumed.
    pub fn suspended(&self) -> bool {
        self.held.is_some()
    }

    /// How many events and results wait for the resume.
    pub fn held(&self) -> usize {
        self.held.as_ref().map_or(0, Vec::len)
    }

    /// Variables of the process (the root scope).
    pub fn variables(&self) -> &Variables {
        static EMPTY: std::sync::OnceLock<Variables> = std::sync::OnceLock::new();
        self.scopes
            .first()
            .map_or_else(|| EMPTY.get_or_init(Variables::new), |scope| &scope.vars)
    }

    /// Every live token, oldest first.
    pub fn active(&self) -> Vec<Active> {
        self.tokens.iter().map(|token| self.active_token(token)).collect()
    }

    /// Open incidents, oldest first.
    pub fn incidents(&self) -> Vec<OpenIncident> {
        let open = self.incidents.iter().map(|incident| OpenIncident {
            id: self.id_of(incident.n),
            element: incident.element.to_string(),
            kind: incident.kind.clone(),
            message: incident.message.clone(),
        });
        open.collect()
    }

    /// Timers that are set: id and moment.
    pub fn timers(&self) -> Vec<(String, Timestamp)> {
        let timers = self.waits.iter().filter_map(|wait| match &wait.on {
            On::Timer { due, .. } => Some((self.id_of(wait.n), *due)),
            _ => None,
        });
        timers.collect()
    }

    /// Messages and signals waited for.
    pub fn waits(&self) -> Vec<OpenWait> {
        let waits = self.waits.iter().filter_map(|wait| {
            let (name, key) = match &wait.on {
                On::Message { name, key } => (name, Some(key.clone())),
                On::Signal { name } => (name, None),
                _ => return None,
            };
            let (id, element) = (self.id_of(wait.n), wait.target.to_string());
            Some(OpenWait {
                id,
                element,
                name: name.clone(),
                key,
            })
        });
        waits.collect()
    }

    /// Whether an incident is open.
    pub fn has_incidents(&self) -> bool {
        !self.incidents.is_empty()
    }

    /// Variables that are not those of the process as a whole: of inner scopes, then of tokens.
    pub fn locals(&self) -> Vec<Local> {
        let scopes = self.scopes.iter().skip(1);
        let scopes = scopes.map(|scope| (scope.n, scope.element.as_deref(), &scope.vars));
        let tokens = self.tokens.iter();
        let tokens = tokens.map(|token| (token.n, Some(&*token.element), &token.vars));
        scopes
            .chain(tokens)
            .filter(|(.., vars)| !vars.is_empty())
            .map(|(n, element, vars)| Local {
                id: self.id_of(n),
                element: element.map(str::to_owned),
                variables: vars.clone(),
            })
            .collect()
    }

    /// An open task as it was announced, with today's assignee and variables.
    pub fn task(&self, id: &str, models: &dyn Models) -> Option<TaskSpec> {
        let token = self.token(self.number(id)?)?;
        let process = models.by_key(self.definition_of(token))?;
        self.task_spec(token, &process)
    }

    /// Ids of the open tasks.
    pub fn tasks(&self) -> Vec<String> {
        self.tokens
            .iter()
            .filter(|token| matches!(token.at, At::Task(_)))
            .map(|token| self.id_of(token.n))
            .collect()
    }

    /// An open job as it was announced.
    pub fn job(&self, id: &str, models: &dyn Models) -> Option<JobSpec> {
        let token = self.token(self.number(id)?)?;
        let process = models.by_key(self.definition_of(token))?;
        self.job_spec(token, &process)
    }

    /// Ids of the open jobs.
    pub fn jobs(&self) -> Vec<String> {
        self.tokens
            .iter()
            .filter(|token| matches!(token.at, At::Job(_)))
            .map(|token| self.id_of(token.n))
            .collect()
    }

    /// The element and token of a wait or timer id.
    pub fn element_of(&self, id: &str) -> Option<&str> {
        let n = self.number(id)?;
        self.wait(n)
            .map(|wait| &*wait.target)
            .or_else(|| self.token(n).map(|token| &*token.element))
    }

    /// Checks what must always hold between steps; a text says what does not.
    pub fn check(&self) -> Result<(), String> {
        let sorted = |list: Vec<u64>| list.windows(2).all(|pair| pair[0] < pair[1]);
        let tokens: Vec<u64> = self.tokens.iter().map(|token| token.n).collect();
        if !sorted(tokens) || !sorted(self.scopes.iter().map(|scope| scope.n).collect()) {
            return Err("numbers are not in order".into());
        }
        for token in &self.tokens {
            if token.at == At::Here {
                return Err(format!("token {} at '{}' still moves", token.n, token.element));
            }
            if self.scope(token.scope).is_none() {
                return Err(format!("token {} has lost its scope", token.n));
            }
            let stuck = self.incidents.iter().any(|incident| incident.token == token.n);
            if token.at == At::Stuck && !stuck {
                return Err(format!("token {} is stuck without an incident", token.n));
            }
        }
        for scope in &self.scopes {
            let live = self.tokens.iter().filter(|token| token.scope == scope.n).count();
            if live != scope.live as usize {
                return Err(format!("scope {} counts {} tokens and has {live}", scope.n, scope.live));
            }
            if scope.owner.is_some_and(|owner| self.token(owner).is_none()) {
                return Err(format!("scope {} has lost its owner", scope.n));
            }
        }
        for wait in &self.waits {
            if wait.token.is_some_and(|token| self.token(token).is_none()) || self.scope(wait.scope).is_none() {
                return Err(format!("wait {} at '{}' belongs to nothing", wait.n, wait.target));
            }
        }
        let ended = matches!(self.status, InstanceState::Completed | InstanceState::Terminated);
        if ended && !(self.tokens.is_empty() && self.waits.is_empty() && self.incidents.is_empty()) {
            return Err("it has ended and still holds work".into());
        }
        if self.status == InstanceState::Active && self.tokens.is_empty() {
            return Err("it is active without a token".into());
        }
        Ok(())
    }

    pub(crate) fn definition_of(&self, token: &Token) -> &str {
        let process = self.scope(token.scope).map_or(0, |scope| scope.process);
        if process == 0 {
            &self.definition
        } else {
            &self.called[process as usize - 1]
        }
    }

    fn active_token(&self, token: &Token) -> Active {
        let own = Some(self.id_of(token.n));
        let wait = |token: &Token| {
            self.waits
                .iter()
                .find(|wait| wait.token == Some(token.n))
                .map(|wait| self.id_of(wait.n))
        };
        let incident = self.incidents.iter().find(|incident| incident.token == token.n);
        let (kind, id) = match &token.at {
            _ if incident.is_some() => (ActiveKind::Incident, incident.map(|incident| self.id_of(incident.n))),
            At::Task(_) => (ActiveKind::Task, own),
            At::Job(_) => (ActiveKind::Job, own),
            At::Catch => (ActiveKind::Event, wait(token)),
            At::Join(_) => (ActiveKind::Join, None),
            At::Here | At::Scope | At::Loop(_) | At::Compensating(_) | At::Stuck => (ActiveKind::Inside, None),
        };
        let timers = self
            .waits
            .iter()
            .filter(|wait| wait.token == Some(token.n))
            .filter_map(|wait| match &wait.on {
                On::Timer { due, .. } => Some(*due),
                _ => None,
            });
        let due = match &token.at {
            At::Task(task) => task.due,
            _ => timers.min(),
        };
        Active {
            element: token.element.to_string(),
            definition: self.definition_of(token).to_owned(),
            token: self.id_of(token.n),
            kind,
            id,
            since: token.since,
            due,
        }
    }

    pub(crate) fn task_spec(&self, token: &Token, process: &bpmn::Process) -> Option<TaskSpec> {
        let At::Task(task) = &token.at else { return None };
        let id = process.node_id(&token.element)?;
        let node = process.node(id);
        Some(TaskSpec {
            id: self.id_of(token.n),
            element: token.element.to_string(),
            name: node.name.to_string(),
            documentation: node.documentation.clone(),
            lane: process.lane_name(id).map(str::to_owned),
            assignment: task.assignment.clone(),
            delegated_by: task.delegated_by.clone(),
            form: task.form.clone(),
            due: task.due,
            follow_up: task.follow_up,
            priority: task.priority,
            variables: self.visible(token),
        })
    }

    pub(crate) fn job_spec(&self, token: &Token, process: &bpmn::Process) -> Option<JobSpec> {
        let At::Job(job) = &token.at else { return None };
        let node = process.node_by_id(&token.element)?;
        let plain;
        let (def, kind) = match (&job.beside, &node.kind) {
            (Some(beside), _) => match (beside.hook, node.apart.as_deref()) {
                (None, Some(apart)) => (&apart.job, JobKind::Continuation),
                (None, None) => {
                    plain = bpmn::Continuation::plain_job();
                    (&plain, JobKind::Continuation)
                }
                (Some(number), _) => match listeners_of(process, node, &beside.next).0.get(number)?.action {
                    bpmn::HookAction::Job(ref def) => (def, JobKind::Listener),
                    bpmn::HookAction::Set { .. } => return None,
                },
            },
            (
                None,
                bpmn::NodeKind::ServiceTask(def)
                | bpmn::NodeKind::RuleJob(def)
                | bpmn::NodeKind::ScriptTask(bpmn::Script::Job(def))
                | bpmn::NodeKind::SendTask { job: Some(def), .. },
            ) => (def, JobKind::Work),
            _ => return None,
        };
        let next = job.beside.as_ref().map(|beside| &beside.next);
        let mut variables = self.visible(token);
        if let Some(Next::End { payload }) = next {
            variables.extend(payload.clone());
        }
        let element = match next {
            Some(Next::Begin { .. } | Next::Done) => process.id.clone(),
            Some(Next::Arrive { via: Some(flow) }) => flow.to_string(),
            _ => token.element.to_string(),
        };
        Some(JobSpec {
            id: self.id_of(token.n),
            element,
            job_type: job.job_type.clone(),
            headers: def
                .headers
                .iter()
                .map(|(key, value)| (key.clone(), value.clone().into()))
                .collect(),
            retries: job.retries,
            priority: job.priority,
            pauses: def.pauses.clone(),
            variables,
            kind,
        })
    }

    /// An open continuation job: its id and how many tries it has left.
    pub(crate) fn continuation(&self, id: &str) -> Option<(String, u32)> {
        match &self.token(self.number(id)?)?.at {
            At::Job(job) if job.continues() => Some((id.to_owned(), job.retries)),
            _ => None,
        }
    }

    /// All variables a token sees; inner ones hide outer ones.
    pub(crate) fn visible(&self, token: &Token) -> Variables {
        let mut found = self.visible_in(token.scope);
        found.extend(token.vars.iter().map(|(name, value)| (name.clone(), value.clone())));
        found
    }

    /// All variables seen in a scope.
    pub(crate) fn visible_in(&self, scope: u64) -> Variables {
        let mut chain = Vec::new();
        let mut at = self.scope(scope);
        while let Some(scope) = at {
            chain.push(&scope.vars);
            at = if scope.kind == ScopeKind::Process {
                None
            } else {
                scope.parent.and_then(|parent| self.scope(parent))
            };
        }
        let mut found = Variables::new();
        for vars in chain.into_iter().rev() {
            found.extend(vars.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        found
    }
}
