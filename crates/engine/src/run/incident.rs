//! Incidents: opening, closing, retrying.

use super::{Failure, Run, Work};
use crate::state::{At, Beside, Incident, Resume, ScopeKind};
use crate::{Effect, Event, StepError};
use bpmn::NodeKind;

impl Run<'_> {
    /// The token stands still until someone retries.
    pub(super) fn fail(&mut self, token: u64, failure: Failure, resume: Resume) {
        self.set_at(token, At::Stuck);
        self.fail_in_place(token, failure, resume);
    }

    /// As [`Self::fail`], but what runs inside the token's activity goes on.
    pub(super) fn fail_in_place(&mut self, token: u64, failure: Failure, resume: Resume) {
        let Some(element) = self.state.token(token).map(|token| token.element.clone()) else {
            return;
        };
        let n = self.next();
        let incident = self.id(n);
        let (kind, message) = (failure.kind.to_owned(), failure.message);
        self.events.push(Event::IncidentOpened {
            element: element.to_string(),
            incident: incident.clone(),
            kind: kind.clone(),
            message: message.clone(),
        });
        self.effect(Effect::IncidentOpened {
            id: incident,
            element: element.to_string(),
            kind: kind.clone(),
            message: message.clone(),
        });
        self.state.incidents.push(Incident {
            n,
            token,
            element,
            kind,
            message,
            resume,
        });
    }

    /// Closes the incidents of a token that is going away.
    pub(super) fn close_incidents(&mut self, token: u64) {
        if self.state.incidents.is_empty() {
            return;
        }
        let open: Vec<u64> = self
            .state
            .incidents
            .iter()
            .filter(|incident| incident.token == token)
            .map(|incident| incident.n)
            .collect();
        for n in open {
            self.close_incident(n);
        }
    }

    fn close_incident(&mut self, n: u64) -> Option<Incident> {
        let place = self.state.incidents.iter().position(|incident| incident.n == n)?;
        let incident = self.state.incidents.remove(place);
        let id = self.id(n);
        self.events.push(Event::IncidentResolved { incident: id.clone() });
        self.effect(Effect::IncidentClosed {
            id,
            kind: incident.kind.clone(),
        });
        Some(incident)
    }

    /// Tries again what opened an incident.
    pub(super) fn retry(&mut self, id: &str) -> Result<(), StepError> {
        let missing = || StepError::NotOpen {
            what: "incident",
            id: id.to_owned(),
        };
        let n = self.state.number(id).ok_or_else(missing)?;
        let incident = self.close_incident(n).ok_or_else(missing)?;
        let token = incident.token;
        let Some((process, node)) = self.place(token) else {
            return Ok(());
        };
        match incident.resume {
            Resume::Enter { via } => {
                let via = via.and_then(|via| process.flows.iter().position(|flow| flow.id == via));
                self.set_at(token, At::Here);
                if let Some(token) = self.state.token_mut(token) {
                    token.vars.clear();
                }
                self.queue.push_back(Work::Enter {
                    token,
                    via: via.map(|flow| flow as u32),
                    again: true,
                });
            }
            Resume::Perform => self.perform_again(token),
            Resume::Beside(beside) => {
                self.set_at(token, At::Here);
                let Beside { hook, next } = *beside;
                match hook {
                    Some(number) => self.proceed(token, &process, node, next, number),
                    None => self.wait_apart(token, &process, node, next),
                }
            }
            Resume::Complete { payload } => {
                self.set_at(token, At::Here);
                self.complete(token, &process, node, payload);
            }
            Resume::Leave => {
                self.set_at(token, At::Here);
                if matches!(process.node(node).kind, NodeKind::Exclusive) {
                    let (via, again) = (None, true);
                    self.queue.push_back(Work::Enter { token, via, again });
                } else {
                    self.leave(token, &process, node);
                }
            }
            Resume::Round(scope) => match self.state.scope(scope).map(|scope| scope.kind) {
                Some(ScopeKind::Iteration) => self.scope_done(scope),
                Some(_) => self.ad_hoc_step(scope),
                None => {}
            },
        }
        Ok(())
    }
}
