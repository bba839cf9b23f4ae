//! What must hold between steps, looked at with the models: nothing is orphaned, and nothing waits for what cannot come.

use crate::state::{At, Completed, Incident, Next, On, Resume, ScopeKind, ScopeState, Token, Wait};
use crate::{InstanceState, Models, State};
use bpmn::{Catch, EventDefinition, Node, NodeId, NodeKind, Process, ScopeId};
use std::sync::Arc;

type Checked = Result<(), String>;

/// A state beside its models.
struct Check<'a> {
    state: &'a State,
    processes: Vec<Arc<Process>>,
}

impl State {
    /// As [`Self::check`], and with the models: every token stands at an element of its own level and waits for
    /// something that is there (a task, a job, an event, other tokens, the retry of its incident), every wait belongs
    /// to a token or scope whose model has it, every armed event has its wait, no scope is left without a token.
    ///
    /// # Errors
    /// A sentence that names what does not hold, or the model that is missing.
    pub fn check_against(&self, models: &dyn Models) -> Checked {
        self.check()?;
        let keys = std::iter::once(&self.definition).chain(&self.called);
        let processes: Option<Vec<_>> = keys.map(|key| models.by_key(key)).collect();
        let check = Check {
            state: self,
            processes: processes.ok_or("a model that it runs is missing")?,
        };
        if self.status != InstanceState::Active {
            return check.ended();
        }
        self.scopes.iter().try_for_each(|scope| check.scope(scope))?;
        self.tokens.iter().try_for_each(|token| check.token(token))?;
        self.waits.iter().try_for_each(|wait| check.wait(wait))?;
        self.incidents.iter().try_for_each(|incident| check.incident(incident))
    }
}

fn ensure(holds: bool, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(what()) }
}

impl Check<'_> {
    fn ended(&self) -> Checked {
        let state = self.state;
        ensure(state.scopes.len() <= 1, || "it has ended and keeps inner scopes".into())?;
        ensure(state.held.is_none(), || "it has ended and holds commands".into())
    }

    fn process(&self, scope: &ScopeState) -> Result<&Arc<Process>, String> {
        let found = self.processes.get(scope.process as usize);
        found.ok_or_else(|| format!("scope {} runs process number {}, which is none", scope.n, scope.process))
    }

    /// The level of a scope in its model; `None` for a loop round.
    fn level(&self, scope: &ScopeState) -> Result<Option<ScopeId>, String> {
        match (scope.kind, scope.element.as_deref()) {
            (ScopeKind::Process, _) => Ok(Some(0)),
            (ScopeKind::Iteration, _) => Ok(None),
            (ScopeKind::Sub, element) => match element.and_then(|id| self.process(scope).ok()?.node_by_id(id)) {
                Some(Node {
                    kind: NodeKind::SubProcess { scope, .. },
                    ..
                }) => Ok(Some(*scope)),
                _ => Err(format!(
                    "scope {} is the inside of {element:?}, no sub-process",
                    scope.n
                )),
            },
        }
    }

    fn scope(&self, scope: &ScopeState) -> Checked {
        let (state, n) = (self.state, scope.n);
        let process = self.process(scope)?;
        self.level(scope)?;
        let Some(owner) = scope.owner else {
            return ensure(scope.parent.is_none() && scope.live > 0, || {
                format!("root scope {n} is not whole")
            });
        };
        let owner = state
            .token(owner)
            .ok_or_else(|| format!("scope {n} has lost its owner"))?;
        ensure(scope.parent == Some(owner.scope), || {
            format!("scope {n} lies elsewhere than its owner")
        })?;
        ensure(scope.element.as_ref() == Some(&owner.element), || {
            format!(
                "scope {n} is the inside of {:?}, its owner stands at '{}'",
                scope.element, owner.element
            )
        })?;
        let held = match scope.kind {
            ScopeKind::Iteration => matches!(owner.at, At::Loop(_)),
            ScopeKind::Sub | ScopeKind::Process => owner.at == At::Scope,
        };
        ensure(held, || {
            format!(
                "scope {n}: its owner {} at '{}' waits for something else",
                owner.n, owner.element
            )
        })?;
        let looked_at = |incident: &Incident| incident.token == owner.n && incident.resume == Resume::Round(n);
        ensure(scope.live > 0 || state.incidents.iter().any(looked_at), || {
            format!("scope {n} inside '{}' has no token and does not end", owner.element)
        })?;
        let known = |record: &Completed| process.node_by_id(&record.element).is_some();
        ensure(scope.done.iter().all(known), || {
            format!("scope {n} remembers elements that are not there")
        })
    }

    fn token(&self, token: &Token) -> Checked {
        let wrong = |what: &str| format!("token {} at '{}' ({:?}): {what}", token.n, token.element, token.at);
        let scope = self.state.scope(token.scope).ok_or_else(|| wrong("no scope"))?;
        let process = self.process(scope)?;
        let id = process
            .node_id(&token.element)
            .ok_or_else(|| wrong("no such element"))?;
        let node = process.node(id);
        // what undoes a scope stands in it for its owner
        let undoes = matches!(token.at, At::Compensating(_)) || self.is_aside(token);
        let home = match self.level(scope)? {
            Some(level) => node.scope == level || undoes,
            None => scope.element.as_deref() == Some(&*node.id),
        };
        ensure(home, || wrong("it lies on another level"))?;
        if let Some(thrower) = token.compensates.filter(|thrower| *thrower != 0) {
            let waits = self
                .state
                .token(thrower)
                .is_some_and(|token| matches!(token.at, At::Compensating(_)));
            ensure(waits, || wrong("nobody waits for this compensation"))?;
        }
        self.waits_for_something(token, process, id)
            .map_err(|what| wrong(&what))?;
        self.armed(token, process, node).map_err(|what| wrong(&what))
    }

    /// Tells of a task that is gone, with what was around it perhaps.
    fn is_aside(&self, token: &Token) -> bool {
        let mut incidents = self.state.incidents.iter();
        match &token.at {
            At::Job(job) => job.beside.as_ref().is_some_and(|beside| beside.next == Next::Aside),
            At::Stuck => incidents.any(|incident| {
                incident.token == token.n
                    && matches!(&incident.resume, Resume::Beside(beside) if beside.next == Next::Aside)
            }),
            _ => false,
        }
    }

    fn waits_for_something(&self, token: &Token, process: &Process, id: NodeId) -> Checked {
        let (state, node) = (self.state, process.node(id));
        let inside = |iteration: bool| {
            let own = state.scopes.iter().filter(|scope| scope.owner == Some(token.n));
            own.filter(|scope| (scope.kind == ScopeKind::Iteration) == iteration)
                .count()
        };
        let fits = match &token.at {
            At::Here => false,
            At::Task(_) => matches!(node.kind, NodeKind::UserTask(_) | NodeKind::ManualTask(_)),
            At::Job(_) => state.job_spec(token, process).is_some(),
            At::Catch => self.has_own_wait(token, process, id),
            At::Join(_) => node.start_quantity > 1 || (node.is_gateway() && node.incoming.len() > 1),
            At::Scope => {
                let opens = matches!(node.kind, NodeKind::SubProcess { .. } | NodeKind::Call { .. });
                opens && inside(false) == 1 && inside(true) == 0
            }
            At::Loop(rounds) => {
                let open = rounds.started.checked_sub(rounds.completed);
                node.repeat.is_some() && inside(false) == 0 && inside(true) > 0 && open == Some(inside(true) as u32)
            }
            At::Compensating(_) => state.tokens.iter().any(|other| other.compensates == Some(token.n)),
            At::Stuck => {
                state
                    .incidents
                    .iter()
                    .filter(|incident| incident.token == token.n)
                    .count()
                    == 1
            }
        };
        ensure(fits, || "it waits for what cannot come".into())
    }

    fn has_own_wait(&self, token: &Token, process: &Process, id: NodeId) -> bool {
        let own = |target: &Node| {
            let mut waits = self.state.waits.iter();
            waits.any(|wait| wait.token == Some(token.n) && wait.target == target.id)
        };
        match &process.node(id).kind {
            NodeKind::CatchEvent(_) | NodeKind::ReceiveTask { .. } => own(process.node(id)),
            NodeKind::EventBased { .. } => process.targets(id).any(own),
            _ => false,
        }
    }

    /// Whether the boundary events of a token's activity wait.
    fn boundary_waits(&self, token: &Token, node: &Node) -> bool {
        let in_round = self
            .state
            .scope(token.scope)
            .is_some_and(|scope| scope.kind == ScopeKind::Iteration && scope.element.as_deref() == Some(&*node.id));
        let again = |incident: &Incident| incident.token == token.n && incident.resume.in_activity();
        node.is_activity()
            && !in_round
            && match token.at {
                At::Task(_) | At::Catch | At::Scope | At::Loop(_) => true,
                At::Job(ref job) => job.in_activity(),
                At::Stuck => self.state.incidents.iter().any(again),
                At::Here | At::Join(_) | At::Compensating(_) => false,
            }
    }

    /// Every boundary event that can happen has its wait.
    fn armed(&self, token: &Token, process: &Process, node: &Node) -> Checked {
        if !self.boundary_waits(token, node) || token.compensates.is_some() {
            return Ok(());
        }
        for boundary in node.boundary.iter().map(|id| process.node(*id)) {
            let NodeKind::Boundary { catch, .. } = &boundary.kind else {
                continue;
            };
            let found =
                self.state.waits.iter().filter(|wait| {
                    wait.token == Some(token.n) && wait.target == boundary.id && wait.scope == token.scope
                });
            whole(catch, found.count()).map_err(|what| format!("its boundary event '{}' {what}", boundary.id))?;
        }
        Ok(())
    }

    fn wait(&self, wait: &Wait) -> Checked {
        let wrong = |what: &str| format!("wait {} for '{}': {what}", wait.n, wait.target);
        let scope = self.state.scope(wait.scope).ok_or_else(|| wrong("no scope"))?;
        let process = self.process(scope)?;
        let target = process
            .node_by_id(&wait.target)
            .ok_or_else(|| wrong("no such element"))?;
        let Some(token) = wait.token else {
            let level = self
                .level(scope)?
                .ok_or_else(|| wrong("a loop round has no event sub-processes"))?;
            let known = process
                .scope(level)
                .event_subs
                .iter()
                .any(|sub| process.node(*sub).id == target.id);
            return ensure(known && !scope.compensating, || {
                wrong("its scope has no such event sub-process")
            });
        };
        let token = self.state.token(token).ok_or_else(|| wrong("no token"))?;
        ensure(token.scope == wait.scope, || wrong("its token lies in another scope"))?;
        let at = process
            .node_id(&token.element)
            .ok_or_else(|| wrong("its token stands nowhere"))?;
        let fits = match &target.kind {
            NodeKind::Boundary { host, .. } => *host == at && self.boundary_waits(token, process.node(at)),
            _ if wait.listener.is_some() => {
                target.id == token.element && matches!(token.at, At::Task(_) | At::Job(_) | At::Stuck)
            }
            _ if target.id == token.element => token.at == At::Catch,
            _ => token.at == At::Catch && process.targets(at).any(|follower| follower.id == target.id),
        };
        ensure(fits, || {
            wrong(&format!(
                "its token at '{}' ({:?}) does not wait for it",
                token.element, token.at
            ))
        })?;
        let same = |other: &&Wait| {
            let place = |wait: &Wait| (wait.token, wait.target.clone(), wait.listener);
            place(other) == place(wait) && alike(&other.on, &wait.on)
        };
        ensure(self.state.waits.iter().filter(same).count() == 1, || {
            wrong("it waits twice for the same")
        })
    }

    fn incident(&self, incident: &Incident) -> Checked {
        let wrong = |what: &str| format!("incident {} at '{}': {what}", incident.n, incident.element);
        let token = self.state.token(incident.token).ok_or_else(|| wrong("no token"))?;
        ensure(token.element == incident.element, || {
            wrong("its token stands elsewhere")
        })?;
        let stands = match incident.resume {
            Resume::Round(scope) => self
                .state
                .scope(scope)
                .is_some_and(|scope| scope.owner == Some(token.n)),
            _ => token.at == At::Stuck,
        };
        ensure(stands, || wrong(&format!("its token goes on ({:?})", token.at)))
    }
}

/// Whether this many waits are right for an event: all of its parts, but for timers, which are over once they fired.
fn whole(catch: &Catch, found: usize) -> Checked {
    let count = |wanted: fn(&EventDefinition) -> bool| catch.definitions.iter().filter(|one| wanted(one)).count();
    let lasting = count(|one| {
        matches!(
            one,
            EventDefinition::Message(_) | EventDefinition::Signal(_) | EventDefinition::Conditional(_)
        )
    });
    let timers = count(|one| matches!(one, EventDefinition::Timer(_)));
    // of an event that needs all its parts, some may have happened
    let least = match (catch.all && catch.definitions.len() > 1, catch.interrupting) {
        (true, _) => usize::from(lasting + timers > 0),
        (false, true) => lasting + timers,
        (false, false) => lasting,
    };
    ensure(found >= least && found <= lasting + timers, || {
        format!("has {found} waits, not {least} to {}", lasting + timers)
    })
}

fn alike(one: &On, other: &On) -> bool {
    match (one, other) {
        (On::Timer { .. }, On::Timer { .. }) => true,
        (On::Condition { definition: one, .. }, On::Condition { definition: other, .. }) => one == other,
        (one, other) => one == other,
    }
}
