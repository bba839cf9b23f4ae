//! Tasks for people.

use super::eval::Spot;
use super::{Failure, Run};
use crate::state::{At, TaskState};
use crate::timers::moment;
use crate::{Assignment, Effect, Event};
use bpmn::{HookAt, NodeId, PersonTask, Process, Text};
use jiff::Timestamp;
use serde_json::Value;

/// Most candidates of one task.
const MAX_CANDIDATES: usize = 1000;

impl Run<'_> {
    pub(super) fn create_task(
        &mut self,
        token: u64,
        process: &Process,
        id: NodeId,
        task: &PersonTask,
    ) -> Result<(), Failure> {
        let spot = Spot::Token(token);
        let mut assignment = Assignment {
            assignee: self
                .optional(spot, task.assignment.assignee.as_ref())?
                .filter(|name| !name.is_empty()),
            candidate_groups: self.list(spot, task.assignment.candidate_groups.as_ref())?,
            candidate_users: self.list(spot, task.assignment.candidate_users.as_ref())?,
        };
        // without any assignment the lane is the role
        if task.assignment.is_empty()
            && let Some(lane) = process.lane_name(id)
        {
            assignment.candidate_groups.push(lane.to_owned());
        }
        let priority = match &task.priority {
            None => 50,
            Some(text) => self.priority(spot, text)?,
        };
        let state = TaskState {
            assignment,
            delegated_by: None,
            form: self.optional(spot, task.form.as_ref())?,
            due: self.moment(spot, task.due.as_ref(), "due date")?,
            follow_up: self.moment(spot, task.follow_up.as_ref(), "follow-up date")?,
            priority,
        };
        let timeouts = self.timeouts(spot, process.node(id))?;
        let assigned = state.assignment.assignee.is_some();
        self.set_at(token, At::Task(Box::new(state)));
        let spec = self
            .state
            .token(token)
            .and_then(|token| self.state.task_spec(token, process));
        if let Some(spec) = spec {
            self.events.push(Event::TaskCreated {
                element: spec.element.clone(),
                task: spec.id.clone(),
                assignee: spec.assignment.assignee.clone(),
                roles: spec.assignment.candidate_groups.clone(),
            });
            self.effect(Effect::TaskCreated(Box::new(spec)));
        }
        self.arm_timeouts(token, timeouts);
        if assigned {
            self.tell_listeners(token, HookAt::Assign);
        }
        Ok(())
    }

    fn optional(&self, spot: Spot, text: Option<&Text>) -> Result<Option<String>, Failure> {
        text.map_or(Ok(None), |text| self.eval_text(spot, text))
    }

    /// A comma list, or an expression that gives a list or a comma list.
    fn list(&self, spot: Spot, text: Option<&Text>) -> Result<Vec<String>, Failure> {
        let split = |text: &str| {
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let found = match text {
            None => Vec::new(),
            Some(Text::Literal(text)) => split(text),
            Some(Text::Feel(expression)) => match self.eval(spot, expression)? {
                Value::Null => Vec::new(),
                Value::String(text) => split(&text),
                Value::Array(items) => items
                    .into_iter()
                    .filter(|item| !item.is_null())
                    .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                    .collect(),
                other => {
                    return Err(Failure::new(
                        "expression",
                        format!("the candidates are {other}, not a list of names"),
                    ));
                }
            },
        };
        if found.len() > MAX_CANDIDATES {
            let message = format!(
                "the task has {} candidates; at most {MAX_CANDIDATES} are kept",
                found.len()
            );
            return Err(Failure::new("limit", message));
        }
        Ok(found)
    }

    fn moment(&self, spot: Spot, text: Option<&Text>, what: &str) -> Result<Option<Timestamp>, Failure> {
        let Some(text) = self.optional(spot, text)? else {
            return Ok(None);
        };
        let read = moment(&text, self.env.now);
        read.map(Some)
            .map_err(|reason| Failure::new("expression", format!("the {what}: {reason}")))
    }

    fn priority(&self, spot: Spot, text: &Text) -> Result<u8, Failure> {
        let Some(text) = self.eval_text(spot, text)? else {
            return Ok(50);
        };
        match text.parse::<f64>() {
            Ok(value) if (0.0..=100.0).contains(&value) => Ok(value as u8),
            _ => Err(Failure::new(
                "expression",
                format!("the priority is '{text}', not a number from 0 to 100"),
            )),
        }
    }
}
