//! Call activities: the called process runs inside the same instance, with variables of its own.

use super::eval::Spot;
use super::{Failure, Run};
use crate::state::{At, ScopeKind, ScopeState};
use crate::{Event, Variables};
use bpmn::{Binding, NodeKind, Text};

impl Run<'_> {
    pub(super) fn open_call(
        &mut self,
        token: u64,
        called: &Text,
        binding: &Binding,
        all_in: bool,
    ) -> Result<(), Failure> {
        let name = self.eval_name(Spot::Token(token), called, "called process id")?;
        let missing = || {
            Failure::new(
                "call",
                format!("the called process '{name}' is not deployed. Deploy it and retry"),
            )
        };
        let key = self.called_key(token, &name, binding)?.ok_or_else(missing)?;
        let process = self.env.models.by_key(&key).ok_or_else(missing)?;
        let Some(parent) = self.state.token(token).map(|token| token.scope) else {
            return Ok(());
        };
        let limit = self.env.limits.call_depth;
        if self.call_depth(parent) >= limit {
            let message =
                format!("processes call each other more than {limit} deep. Correct the model that calls itself");
            return Err(Failure::new("limit", message));
        }
        let startable = process.scopes.first().is_some_and(|scope| !scope.starts.is_empty());
        if !startable {
            let message = format!("the called process '{name}' has no none start event. Give it one and retry");
            return Err(Failure::new("call", message));
        }
        let vars = if all_in {
            self.context(Spot::Token(token)).into_owned()
        } else {
            self.state
                .token(token)
                .map(|token| token.vars.clone())
                .unwrap_or_default()
        };
        let number = self.called_number(key.clone(), &process);
        let n = self.next();
        let element = self.state.token(token).map(|token| token.element.clone());
        self.events.push(Event::Called {
            element: element.as_deref().unwrap_or_default().to_owned(),
            token: self.id(token),
            definition: key,
        });
        self.told(n, &vars);
        self.set_at(token, At::Scope);
        self.state.scopes.push(ScopeState {
            n,
            kind: ScopeKind::Process,
            parent: Some(parent),
            owner: Some(token),
            process: number,
            element,
            vars,
            live: 0,
            done: Vec::new(),
            pending: Vec::new(),
            complex: Vec::new(),
            compensating: false,
        });
        let begun = self.arm_event_subs(n, &process, 0);
        let starts = &process.scope(0).starts;
        if let Err(failure) = begun.and_then(|()| self.begin_process(n, &process, starts, false)) {
            self.remove_scope(n);
            self.set_at(token, At::Here);
            return Err(failure);
        }
        Ok(())
    }

    /// The key of the version that a call activity wants.
    fn called_key(&self, token: u64, name: &str, binding: &Binding) -> Result<Option<String>, Failure> {
        let models = self.env.models;
        Ok(match binding {
            Binding::Latest => models.latest(name),
            Binding::Version(version) => {
                let version = self.eval_name(Spot::Token(token), version, "version of the called process")?;
                let key = format!("{name}:{version}");
                models.by_key(&key).map(|_| key)
            }
            Binding::Tag(tag) => {
                let tag = self.eval_name(Spot::Token(token), tag, "version tag of the called process")?;
                models.tagged(name, &tag)
            }
            Binding::Deployment => {
                let caller = self.state.token(token).map(|token| self.state.definition_of(token));
                caller.and_then(|caller| models.beside(caller, name))
            }
        })
    }

    fn called_number(&mut self, key: String, process: &std::sync::Arc<bpmn::Process>) -> u32 {
        match self.state.called.iter().position(|other| *other == key) {
            Some(place) => place as u32 + 1,
            None => {
                self.state.called.push(key);
                self.processes.push(process.clone());
                self.state.called.len() as u32
            }
        }
    }

    fn call_depth(&self, scope: u64) -> u32 {
        let mut depth = 0;
        let mut at = self.state.scope(scope);
        while let Some(scope) = at {
            depth += u32::from(scope.kind == ScopeKind::Process && scope.parent.is_some());
            at = scope.parent.and_then(|parent| self.state.scope(parent));
        }
        depth
    }

    /// The called process has completed: its variables come out by the output mappings, or all that changed.
    pub(super) fn call_done(&mut self, owner: u64, scope: u64) {
        let Some((process, id)) = self.place(owner) else { return };
        let Some(done) = self.remove_scope(scope) else { return };
        let node = process.node(id);
        let NodeKind::Call { all_out, .. } = &node.kind else {
            return;
        };
        self.set_at(owner, At::Here);
        let mut payload = Variables::new();
        if !node.io.outputs.is_empty() {
            payload = done.vars;
        } else if *all_out {
            for (name, value) in done.vars {
                if self.lookup(Spot::Token(owner), &name) != Some(&value) {
                    payload.insert(name, value);
                }
            }
        }
        self.complete(owner, &process, id, payload);
    }
}
