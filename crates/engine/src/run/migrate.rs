//! Moving an instance to another version of its process (or of one it called), wherever it stands.
//!
//! Nothing moves: a token stays at the element its own is mapped to, with its task, job, incident and variables. What is
//! waited for stays as it is where the definition of the event is the same in both versions (a timer keeps its due
//! moment), and is armed anew, from now, where it differs. Boundary events and event sub-processes that were added are
//! armed, those removed are disarmed.

use super::eval::Spot;
use super::{Failure, Run};
use crate::state::{At, Beside, Completed, Next, Resume, ScopeKind, Token};
use crate::{Effect, Event, StepError};
use bpmn::{Catch, EventDefinition, Loop, MessageRef, Node, NodeId, NodeKind, Process, ScopeId, Script};
use std::collections::BTreeMap;
use std::mem::discriminant;
use std::sync::Arc;

/// From which model to which, element by element.
pub(crate) struct Change<'a> {
    pub source: &'a Process,
    pub target: &'a Process,
    /// Elements that have another id in the target; all others keep theirs.
    pub mapping: &'a BTreeMap<String, String>,
}

impl Change<'_> {
    fn name(&self, element: &str) -> Arc<str> {
        let name = self.mapping.get(element).map_or(element, String::as_str);
        Arc::from(name)
    }

    /// The flow that stands for another one: of the same id, or between the same elements.
    fn flow(&self, id: &str) -> Option<Arc<str>> {
        let old = self.source.flows.iter().find(|flow| &*flow.id == id)?;
        let ends = |flow: &&bpmn::Flow| {
            let same = |new: NodeId, old: NodeId| *self.target.node(new).id == *self.name(&self.source.node(old).id);
            same(flow.source, old.source) && same(flow.target, old.target)
        };
        let target = self.name(&self.source.node(old.target).id);
        let same_id = |flow: &&bpmn::Flow| *flow.id == *id && self.target.node(flow.target).id == target;
        let mut flows = self.target.flows.iter();
        let found = flows.clone().find(same_id).or_else(|| flows.find(ends));
        found.map(|flow| flow.id.clone())
    }

    /// Why a token cannot stand where it is mapped to.
    fn unfit(&self, token: &Token, level: Option<ScopeId>) -> Option<String> {
        let element = &token.element;
        let name = self.name(element);
        let old = self.source.node_by_id(element)?;
        let Some(new) = self.target.node_by_id(&name) else {
            return Some(format!(
                "'{element}': the target has no element '{name}'; map it to one of the same kind"
            ));
        };
        if let Some(why) = unlike(old, new, &token.at) {
            return Some(format!("'{element}' cannot become '{name}': {why}"));
        }
        let aside = matches!(&token.at, At::Job(job) if job.is_no_visit());
        if level.is_some_and(|level| level != new.scope) && !aside {
            return Some(format!(
                "'{element}': '{name}' lies in another sub-process of the target; tokens stay on their level"
            ));
        }
        match &token.at {
            At::Join(Some(via)) if self.flow(via).is_none() => Some(format!(
                "'{element}': the flow '{via}' by which the token came has no counterpart"
            )),
            At::Job(job) => self.unfit_beside(element, job.beside.as_deref()),
            At::Compensating(state) => {
                let missing = state.queue.iter().find(|(_, done)| self.completed(done).is_none());
                missing.map(|(_, done)| {
                    format!(
                        "'{}' is to be compensated and has no handler in the target",
                        done.element
                    )
                })
            }
            _ => None,
        }
    }

    /// Why what stands beside an element has no counterpart.
    fn unfit_beside(&self, element: &str, beside: Option<&Beside>) -> Option<String> {
        let mut next = beside?.next.clone();
        let flows = next.flows_mut();
        if let Some(lost) = flows.iter().find(|flow| self.flow(flow).is_none()) {
            return Some(format!(
                "'{element}': the flow '{lost}' that it takes has no counterpart"
            ));
        }
        let listener = beside?.hook.is_some();
        let of_flow = |process: &Process, id: &str| {
            let flow = process.flows.iter().find(|flow| *flow.id == *id);
            flow.map(|flow| flow.hooks.clone())
        };
        let arrives = matches!(next, Next::Arrive { .. }) && listener;
        let changed = next.flows_mut().into_iter().find(|flow| {
            let there = self.flow(flow).and_then(|there| of_flow(self.target, &there));
            arrives && of_flow(self.source, flow) != there
        });
        if let Some(flow) = changed {
            return Some(format!(
                "'{element}': the listeners of the flow '{flow}' are others in the target"
            ));
        }
        if matches!(next, Next::Begin { .. } | Next::Done) && self.source.hooks != self.target.hooks {
            return Some("the listeners of the process are others in the target".to_owned());
        }
        let target = next.target_mut()?;
        let there = self.target.node_by_id(&self.name(target)).is_some();
        (!there).then(|| format!("'{element}': the event '{target}' that happened is not in the target; map it"))
    }

    /// The names of the target in what stands beside an element.
    fn rename_beside(&self, beside: &mut Beside) {
        for flow in beside.next.flows_mut() {
            *flow = self.flow(flow).unwrap_or_else(|| flow.clone());
        }
        if let Some(target) = beside.next.target_mut() {
            *target = self.name(target);
        }
    }

    /// The names of the target in what a token waits for.
    fn rename_at(&self, at: &mut At) {
        match at {
            At::Join(Some(via)) => *via = self.flow(via).unwrap_or_else(|| via.clone()),
            At::Job(job) => {
                if let Some(beside) = &mut job.beside {
                    self.rename_beside(beside);
                }
            }
            At::Compensating(state) => {
                for (_, done) in &mut state.queue {
                    *done = self.completed(done).unwrap_or_else(|| done.clone());
                }
            }
            _ => {}
        }
    }

    /// The names of the target in what a retry does.
    fn rename_resume(&self, resume: &mut Resume) {
        match resume {
            Resume::Enter { via } => *via = via.as_deref().and_then(|via| self.flow(via)),
            Resume::Beside(beside) => self.rename_beside(beside),
            _ => {}
        }
    }

    /// A completed activity in the target; `None` when it cannot be compensated there.
    fn completed(&self, done: &Completed) -> Option<Completed> {
        let element = self.name(&done.element);
        let node = self.target.node_by_id(&element)?;
        if node.compensation_handler.is_none() && !matches!(node.kind, NodeKind::SubProcess { .. }) {
            return None;
        }
        Some(Completed {
            element,
            vars: done.vars.clone(),
            inner: done.inner.iter().filter_map(|inner| self.completed(inner)).collect(),
        })
    }

    /// The level in the target of the inside of an activity.
    fn level(&self, element: &str) -> Option<ScopeId> {
        match self.target.node_by_id(&self.name(element))?.kind {
            NodeKind::SubProcess { scope, .. } => Some(scope),
            _ => None,
        }
    }

    /// Pairs of events of both versions: mapped ones, and those that exist in one only.
    fn pairs(&self, old: &[NodeId], new: &[NodeId]) -> Vec<(Option<NodeId>, Option<NodeId>)> {
        let counterpart = |id: NodeId| {
            let name = self.name(&self.source.node(id).id);
            new.iter().copied().find(|new| self.target.node(*new).id == name)
        };
        let mut pairs: Vec<_> = old.iter().map(|id| (Some(*id), counterpart(*id))).collect();
        let added = new
            .iter()
            .filter(|id| !pairs.iter().any(|(_, paired)| paired == &Some(**id)));
        let added: Vec<_> = added.map(|id| (None, Some(*id))).collect();
        pairs.extend(added);
        pairs
    }
}

/// Why a token at one node cannot stand at the other.
fn unlike(old: &Node, new: &Node, at: &At) -> Option<&'static str> {
    let job = |kind: &NodeKind| {
        matches!(
            kind,
            NodeKind::ServiceTask(_)
                | NodeKind::RuleJob(_)
                | NodeKind::ScriptTask(Script::Job(_))
                | NodeKind::SendTask { job: Some(_), .. }
        )
    };
    let same = match (&old.kind, &new.kind) {
        (NodeKind::SubProcess { kind: old, .. }, NodeKind::SubProcess { kind: new, .. }) => {
            discriminant(old) == discriminant(new)
        }
        (kind, other) if matches!(at, At::Job(job) if job.beside.is_some()) => {
            discriminant(kind) == discriminant(other) && old.hooks == new.hooks
        }
        (old, new) if matches!(at, At::Job(_)) => job(old) && job(new),
        (old, new) => discriminant(old) == discriminant(new),
    };
    if !same {
        return Some("it is of another kind");
    }
    let alike = match (&old.repeat, &new.repeat) {
        (None, None) | (Some(Loop::Standard(_)), Some(Loop::Standard(_))) => true,
        (Some(Loop::Multi(old)), Some(Loop::Multi(new))) => {
            old.sequential == new.sequential && old.output_collection.is_some() == new.output_collection.is_some()
        }
        _ => false,
    };
    (!alike).then_some("it loops in another way")
}

/// What an element waits for, in a form that compares across models.
#[derive(PartialEq)]
enum Awaited<'a> {
    Message(&'a bpmn::Text, Option<&'a str>),
    Definition(&'a EventDefinition),
}

fn message(message: &MessageRef) -> Awaited<'_> {
    Awaited::Message(
        &message.name,
        message.correlation_key.as_ref().map(bpmn::Expression::as_str),
    )
}

fn awaited(node: &Node) -> (Vec<Awaited<'_>>, bool, bool) {
    let catch = match &node.kind {
        NodeKind::ReceiveTask { message: name, .. } => return (vec![message(name)], false, true),
        NodeKind::CatchEvent(catch) | NodeKind::Boundary { catch, .. } => Some(catch),
        _ => node.event_sub_process(),
    };
    let Some(catch) = catch else {
        return (Vec::new(), false, true);
    };
    let found = catch.definitions.iter().filter_map(|definition| match definition {
        EventDefinition::Message(name) => Some(message(name)),
        EventDefinition::Timer(_) | EventDefinition::Signal(_) | EventDefinition::Conditional(_) => {
            Some(Awaited::Definition(definition))
        }
        _ => None,
    });
    (found.collect(), catch.all, catch.interrupting)
}

fn catch(node: &Node) -> Option<&Catch> {
    match &node.kind {
        NodeKind::CatchEvent(catch) | NodeKind::Boundary { catch, .. } => Some(catch),
        _ => node.event_sub_process(),
    }
}

impl Run<'_> {
    /// Moves everything that runs `from` to `to`, or nothing. After an error the caller puts the old state back.
    pub(super) fn migrate(
        &mut self,
        from: &str,
        to: &str,
        mapping: &BTreeMap<String, String>,
    ) -> Result<(), StepError> {
        let target = self.env.models.by_key(to);
        let target = target.ok_or_else(|| StepError::UnknownDefinition(to.to_owned()))?;
        let mut numbers: Vec<u32> = Vec::new();
        if self.state.definition == from {
            numbers.push(0);
        }
        let called = self.state.called.iter().enumerate().filter(|(_, key)| *key == from);
        numbers.extend(called.map(|(place, _)| place as u32 + 1));
        let Some(source) = numbers.first().map(|number| self.processes[*number as usize].clone()) else {
            return Err(StepError::Refused(format!(
                "migrate: the instance does not run '{from}'"
            )));
        };
        let change = Change {
            source: &source,
            target: &target,
            mapping,
        };
        let problems = self.problems(&change, &numbers);
        if !problems.is_empty() {
            return Err(StepError::NotMigratable { problems });
        }
        self.events.push(Event::Migrated {
            from: from.to_owned(),
            to: to.to_owned(),
        });
        for number in &numbers {
            self.processes[*number as usize] = target.clone();
            match number {
                0 => self.state.definition = to.to_owned(),
                k => self.state.called[*k as usize - 1] = to.to_owned(),
            }
        }
        let moved = self.rename(&change, &numbers);
        moved
            .and_then(|()| self.migrate_waits(&change, &target, &numbers))
            .map_err(|failure| StepError::NotMigratable {
                problems: vec![failure.message],
            })
    }

    fn concerns(&self, scope: u64, numbers: &[u32]) -> bool {
        self.state
            .scope(scope)
            .is_some_and(|scope| numbers.contains(&scope.process))
    }

    fn problems(&self, change: &Change<'_>, numbers: &[u32]) -> Vec<String> {
        let mut problems = Vec::new();
        for scope in self
            .state
            .scopes
            .iter()
            .filter(|scope| numbers.contains(&scope.process))
        {
            let level = match (scope.kind, scope.element.as_deref()) {
                (ScopeKind::Process, _) => Some(0),
                (ScopeKind::Sub, Some(element)) => change.level(element),
                _ => None,
            };
            let tokens = self.state.tokens.iter().filter(|token| token.scope == scope.n);
            problems.extend(tokens.filter_map(|token| change.unfit(token, level)));
            let missing = |element: &&Arc<str>| change.target.node_by_id(&change.name(element)).is_none();
            let waiting = scope
                .pending
                .iter()
                .chain(scope.complex.iter().map(|(gateway, _)| gateway));
            problems.extend(
                waiting
                    .filter(missing)
                    .map(|element| format!("'{element}' is still to run here and is not in the target; map it")),
            );
        }
        problems
    }

    /// Everything that names an element gets the new name.
    fn rename(&mut self, change: &Change<'_>, numbers: &[u32]) -> Result<(), Failure> {
        let concerned: Vec<u64> = self
            .state
            .scopes
            .iter()
            .filter(|scope| numbers.contains(&scope.process))
            .map(|scope| scope.n)
            .collect();
        // The scope of a called process is named by the element of its caller.
        let own = |scope: &crate::state::ScopeState| scope.kind != ScopeKind::Process;
        let outer: Vec<u64> = self
            .state
            .scopes
            .iter()
            .filter(|scope| match scope.parent {
                Some(parent) if !own(scope) => concerned.contains(&parent),
                _ => own(scope) && concerned.contains(&scope.n),
            })
            .map(|scope| scope.n)
            .collect();
        for scope in &mut self.state.scopes {
            if outer.contains(&scope.n) {
                scope.element = scope.element.as_deref().map(|element| change.name(element));
            }
            if !concerned.contains(&scope.n) {
                continue;
            }
            scope.done = scope.done.iter().filter_map(|done| change.completed(done)).collect();
            for element in &mut scope.pending {
                *element = change.name(element);
            }
            for (gateway, seen) in &mut scope.complex {
                *gateway = change.name(gateway);
                *seen = seen.iter().filter_map(|flow| change.flow(flow)).collect();
            }
        }
        let mut moved = Vec::new();
        for token in self
            .state
            .tokens
            .iter_mut()
            .filter(|token| concerned.contains(&token.scope))
        {
            token.element = change.name(&token.element);
            change.rename_at(&mut token.at);
            moved.push(token.n);
        }
        for incident in self
            .state
            .incidents
            .iter_mut()
            .filter(|incident| moved.contains(&incident.token))
        {
            incident.element = change.name(&incident.element);
            change.rename_resume(&mut incident.resume);
        }
        self.tell_tasks(&moved);
        Ok(())
    }

    fn tell_tasks(&mut self, moved: &[u64]) {
        let specs: Vec<_> = moved
            .iter()
            .filter_map(|n| self.state.token(*n))
            .filter_map(|token| self.state.task_spec(token, &self.process(token.scope)))
            .collect();
        self.effects
            .extend(specs.into_iter().map(|spec| Effect::TaskMigrated(Box::new(spec))));
    }

    fn migrate_waits(&mut self, change: &Change<'_>, target: &Arc<Process>, numbers: &[u32]) -> Result<(), Failure> {
        let tokens: Vec<u64> = self.state.tokens.iter().map(|token| token.n).collect();
        for n in tokens {
            let Some(token) = self.state.token(n).filter(|token| self.concerns(token.scope, numbers)) else {
                continue;
            };
            let scope = token.scope;
            let (Some(new), catches) = (target.node_id(&token.element), token.at == At::Catch) else {
                continue;
            };
            let element = token.element.clone();
            let old = change
                .source
                .nodes
                .iter()
                .position(|node| change.name(&node.id) == element);
            let Some(old) = old.map(|old| old as NodeId) else {
                continue;
            };
            if catches {
                self.own_waits(n, change, target, old, new)?;
            }
            self.timeout_waits(n, change.source.node(old), target.node(new))?;
            if self.boundary_armed(n, target.node(new)) {
                let pairs = change.pairs(&change.source.node(old).boundary, &target.node(new).boundary);
                self.pair_waits(Some(n), scope, change, target, pairs)?;
            }
        }
        let scopes: Vec<u64> = self.state.scopes.iter().map(|scope| scope.n).collect();
        for scope in scopes {
            if self.concerns(scope, numbers) {
                self.event_sub_waits(scope, change, target)?;
            }
        }
        Ok(())
    }

    /// Whether the boundary events of a token's activity are armed.
    fn boundary_armed(&self, token: u64, node: &Node) -> bool {
        let Some(state) = self
            .state
            .token(token)
            .filter(|_| node.is_activity() && !self.in_round(token, node))
        else {
            return false;
        };
        let resumes = |incident: &crate::state::Incident| incident.token == token && incident.resume.in_activity();
        match state.at {
            At::Task(_) | At::Catch | At::Scope | At::Loop(_) => true,
            At::Job(ref job) => job.in_activity(),
            At::Stuck => self.state.incidents.iter().any(resumes),
            At::Here | At::Join(_) | At::Compensating(_) => false,
        }
    }

    /// The timers of the timeout listeners of a task: as they are where the listeners are the same.
    fn timeout_waits(&mut self, token: u64, old: &Node, new: &Node) -> Result<(), Failure> {
        let of_task = |wait: &crate::state::Wait| wait.token == Some(token) && wait.listener.is_some();
        if old.hooks == new.hooks {
            for wait in self.state.waits.iter_mut().filter(|wait| of_task(wait)) {
                wait.target = new.id.clone();
            }
            return Ok(());
        }
        self.remove_waits(of_task);
        if matches!(self.state.token(token).map(|token| &token.at), Some(At::Task(_))) {
            let found = self.timeouts(Spot::Token(token), new)?;
            self.arm_timeouts(token, found);
        }
        Ok(())
    }

    /// A token that waits for an event, or for one of several.
    fn own_waits(
        &mut self,
        token: u64,
        change: &Change<'_>,
        target: &Arc<Process>,
        old: NodeId,
        new: NodeId,
    ) -> Result<(), Failure> {
        let (source, node) = (change.source, target.node(new));
        if matches!(node.kind, NodeKind::EventBased { .. }) {
            let followers = |process: &Process, id: NodeId| -> Vec<NodeId> {
                let flows = process.node(id).outgoing.iter();
                flows.map(|flow| process.flow(*flow).target).collect()
            };
            let pairs = change.pairs(&followers(source, old), &followers(target, new));
            let Some(scope) = self.state.token(token).map(|token| token.scope) else {
                return Ok(());
            };
            return self.pair_waits(Some(token), scope, change, target, pairs);
        }
        let Some(scope) = self.state.token(token).map(|token| token.scope) else {
            return Ok(());
        };
        self.pair_waits(Some(token), scope, change, target, vec![(Some(old), Some(new))])
    }

    fn event_sub_waits(&mut self, scope: u64, change: &Change<'_>, target: &Arc<Process>) -> Result<(), Failure> {
        let Some(state) = self.state.scope(scope).filter(|scope| !scope.compensating) else {
            return Ok(());
        };
        let level = match (state.kind, state.element.as_deref()) {
            (ScopeKind::Process, _) => Some(0),
            (ScopeKind::Sub, Some(element)) => target.node_by_id(element).and_then(level_inside),
            _ => None,
        };
        let Some(level) = level else { return Ok(()) };
        let new = target.scope(level).event_subs.clone();
        let inside = target.scope(level).node.map(|node| target.node(node).id.clone());
        let old = change
            .source
            .scopes
            .iter()
            .find(|scope| scope.node.map(|node| change.name(&change.source.node(node).id)) == inside);
        let old = old.map(|scope| scope.event_subs.clone()).unwrap_or_default();
        // An interrupting event sub-process that runs has taken the scope over: none is armed any more.
        let taken = self
            .state
            .tokens
            .iter()
            .filter(|token| token.scope == scope)
            .any(|token| {
                let node = target.node_by_id(&token.element);
                node.and_then(Node::event_sub_process)
                    .is_some_and(|catch| catch.interrupting)
            });
        let mut pairs = change.pairs(&old, &new);
        if taken {
            pairs.retain(|(old, _)| old.is_some());
        }
        self.pair_waits(None, scope, change, target, pairs)
    }

    /// What is the same stays under its new name; the rest is disarmed and armed anew.
    fn pair_waits(
        &mut self,
        token: Option<u64>,
        scope: u64,
        change: &Change<'_>,
        target: &Arc<Process>,
        pairs: Vec<(Option<NodeId>, Option<NodeId>)>,
    ) -> Result<(), Failure> {
        let mut fresh = Vec::new();
        // By the old names first: a name may be given to another element.
        let mut kept: Vec<(u64, Arc<str>)> = Vec::new();
        for (old, new) in pairs {
            let before: Vec<u64> = old.map_or_else(Vec::new, |old| {
                let name = &change.source.node(old).id;
                let waits = self.state.waits.iter();
                let own = waits.filter(|wait| wait.token == token && wait.scope == scope && wait.target == *name);
                own.map(|wait| wait.n).collect()
            });
            match (old, new) {
                (Some(old), Some(new)) if awaited(change.source.node(old)) == awaited(target.node(new)) => {
                    kept.extend(before.into_iter().map(|n| (n, target.node(new).id.clone())));
                }
                (_, new) => {
                    self.remove_waits(|wait| before.contains(&wait.n));
                    fresh.extend(new);
                }
            }
        }
        for (n, name) in kept {
            if let Some(wait) = self.state.wait_mut(n) {
                wait.target = name;
            }
        }
        let spot = token.map_or(Spot::Scope(scope), Spot::Token);
        for new in fresh {
            let found = match (&target.node(new).kind, catch(target.node(new))) {
                (NodeKind::ReceiveTask { message, .. }, _) => vec![self.message_wait(spot, message)?],
                (_, Some(catch)) => self.subscriptions(spot, catch)?,
                _ => Vec::new(),
            };
            self.subscribe(token, scope, target, new, found);
        }
        Ok(())
    }
}

fn level_inside(node: &Node) -> Option<ScopeId> {
    match node.kind {
        NodeKind::SubProcess { scope, .. } => Some(scope),
        _ => None,
    }
}
