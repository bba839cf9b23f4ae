//! Beginning an instance.

use super::Run;
use crate::state::{ScopeKind, ScopeState};
use crate::{Event, InstanceState, StartBy, StepError, Variables};
use bpmn::{NodeId, NodeKind, Process};
use std::sync::Arc;

impl Run<'_> {
    pub(super) fn start(&mut self, by: StartBy, variables: Variables) -> Result<(), StepError> {
        let process = self.processes[0].clone();
        let starts = match &by {
            StartBy::None => {
                let starts = process
                    .scopes
                    .first()
                    .map(|scope| scope.starts.clone())
                    .unwrap_or_default();
                if starts.is_empty() {
                    let ways: Vec<&str> = process.start_events().iter().map(|start| start.element).collect();
                    let message = format!("the process has no none start event; it begins at {}", ways.join(", "));
                    return Err(StepError::CannotStart(message));
                }
                starts
            }
            StartBy::Element(element) => vec![start_element(&process, element)?],
        };
        let definition = self.state.definition.clone();
        self.events.push(Event::Started { definition });
        let root = self.next();
        self.state.scopes.push(ScopeState {
            n: root,
            kind: ScopeKind::Process,
            parent: None,
            owner: None,
            process: 0,
            element: None,
            vars: Variables::new(),
            live: 0,
            done: Vec::new(),
            pending: Vec::new(),
            complex: Vec::new(),
            compensating: false,
        });
        self.state.status = InstanceState::Active;
        for (name, value) in variables {
            self.set_in(root, name, value);
        }
        let event = matches!(by, StartBy::Element(_));
        let begun = self.arm_event_subs(root, &process, 0);
        if let Err(failure) = begun.and_then(|()| self.begin_process(root, &process, &starts, event)) {
            let state = &mut *self.state;
            *state = crate::State::new(state.id.clone(), state.definition.clone(), state.business_key.take());
            return Err(StepError::CannotStart(failure.message));
        }
        Ok(())
    }

    /// Begins at an element whose event has happened; with a parallel event-based gateway the others are waited for.
    /// `token`: one that stands there already.
    pub(super) fn start_at(&mut self, root: u64, process: &Arc<Process>, element: NodeId, token: Option<u64>) {
        let gateway = gateway_before(process, element);
        if let Some(gateway) = gateway
            && matches!(process.node(gateway).kind, NodeKind::EventBased { parallel: true, .. })
        {
            for flow in &process.node(gateway).outgoing {
                let target = process.flow(*flow).target;
                if target != element {
                    self.spawn(root, process.node(target), None);
                }
            }
        }
        match token {
            Some(token) => self.happened(token, process, element, Variables::new()),
            None => self.triggered_at(root, process, element, Variables::new()),
        }
    }
}

fn gateway_before(process: &Process, element: NodeId) -> Option<NodeId> {
    let flow = process.node(element).incoming.first()?;
    let source = process.flow(*flow).source;
    matches!(
        process.node(source).kind,
        NodeKind::EventBased { instantiate: true, .. }
    )
    .then_some(source)
}

/// The node of a start element, if an instance can begin there.
fn start_element(process: &Process, element: &str) -> Result<NodeId, StepError> {
    if process.start_events().iter().any(|start| start.element == element)
        && let Some(id) = process.node_id(element)
    {
        return Ok(id);
    }
    Err(StepError::CannotStart(format!(
        "'{element}' is no start event of the process '{}'",
        process.id
    )))
}
