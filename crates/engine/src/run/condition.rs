//! Conditional events: looked at when they begin to wait and after variables changed.

use super::Run;
use super::eval::Spot;
use crate::Variables;
use crate::state::On;
use bpmn::{EventDefinition, Expression, NodeKind, Process};

impl Run<'_> {
    /// Triggers the conditions that have become true. A condition that cannot be evaluated (yet) is not true.
    pub(super) fn check_conditions(&mut self) {
        if self.state.held.is_some() {
            self.conditions_due = false;
            return;
        }
        while std::mem::take(&mut self.conditions_due) {
            let waiting: Vec<u64> = self
                .state
                .waits
                .iter()
                .filter(|wait| matches!(wait.on, On::Condition { .. }))
                .map(|wait| wait.n)
                .collect();
            for wait in waiting {
                if self.became_true(wait) {
                    self.entered += 1;
                    if self.entered > self.env.limits.nodes_per_step {
                        // conditions that switch each other on and off: the rest of the step stays as it is
                        self.conditions_due = false;
                        return;
                    }
                    self.trigger(wait, Variables::new());
                }
            }
        }
    }

    fn became_true(&mut self, n: u64) -> bool {
        let Some(wait) = self.state.wait(n) else { return false };
        let On::Condition { definition, was } = wait.on else {
            return false;
        };
        let process = self.process(wait.scope);
        let spot = wait.token.map_or(Spot::Scope(wait.scope), Spot::Token);
        let Some(expression) = condition(&process, &wait.target, definition) else {
            return false;
        };
        let holds = self
            .eval(spot, expression)
            .is_ok_and(|value| value.as_bool() == Some(true));
        if let Some(wait) = self.state.wait_mut(n) {
            wait.on = On::Condition { definition, was: holds };
        }
        holds && !was
    }
}

fn condition<'p>(process: &'p Process, target: &str, definition: usize) -> Option<&'p Expression> {
    let node = process.node_by_id(target)?;
    let catch = match &node.kind {
        NodeKind::CatchEvent(catch) | NodeKind::Boundary { catch, .. } => catch,
        _ => node.event_sub_process()?,
    };
    match catch.definitions.get(definition) {
        Some(EventDefinition::Conditional(expression)) => Some(expression),
        _ => None,
    }
}
