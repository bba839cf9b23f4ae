//! Taking tokens away.

use super::{Run, Work};
use crate::state::At;
use crate::{Effect, Event};

impl Run<'_> {
    /// Cancels a token with all that hangs on it: task, job, waits, incidents, its inside.
    pub(super) fn cancel_token(&mut self, token: u64) {
        let Some(place) = self.state.token_place(token) else {
            return;
        };
        let id = self.id(token);
        let element = self.state.tokens[place].element.to_string();
        let visits = !matches!(&self.state.tokens[place].at, At::Job(job) if job.is_no_visit());
        match &self.state.tokens[place].at {
            At::Task(_) => {
                self.note_gone(token);
                self.effects.push(Effect::TaskCancelled { id: id.clone() });
                self.events.push(Event::TaskCancelled {
                    element: element.clone(),
                    task: id.clone(),
                });
            }
            At::Job(job) => {
                let (job_type, priority) = (job.job_type.clone(), job.priority);
                self.effects.push(Effect::JobRemoved {
                    id: id.clone(),
                    job_type,
                    priority,
                });
            }
            _ => {}
        }
        self.cancel_inside(token);
        self.disarm(token);
        if visits {
            self.events.push(Event::Cancelled { element, token: id });
        }
        self.drop_token(token);
    }

    /// Cancels the scopes inside the activity of a token.
    pub(super) fn cancel_inside(&mut self, owner: u64) {
        let scopes: Vec<u64> = self
            .state
            .scopes
            .iter()
            .filter(|scope| scope.owner == Some(owner))
            .map(|scope| scope.n)
            .collect();
        for scope in scopes {
            self.cancel_tokens(scope, None);
            self.remove_scope(scope);
        }
    }

    /// Cancels the tokens of a scope but one.
    pub(super) fn cancel_tokens(&mut self, scope: u64, keep: Option<u64>) {
        let tokens: Vec<u64> = self
            .state
            .tokens
            .iter()
            .filter(|token| token.scope == scope && Some(token.n) != keep)
            .map(|token| token.n)
            .collect();
        for token in tokens {
            self.cancel_token(token);
        }
    }

    /// Removes a token; the scope may then be complete.
    fn drop_token(&mut self, token: u64) {
        self.close_incidents(token);
        let Some(place) = self.state.token_place(token) else {
            return;
        };
        let scope = self.state.tokens.remove(place).scope;
        if let Some(state) = self.state.scope_mut(scope) {
            state.live -= 1;
            if state.live == 0 {
                self.queue.push_back(Work::ScopeDone(scope));
            }
        }
    }
}
