//! One step: a command in, a state and effects out.

use crate::run::Run;
use crate::{Command, Effect, Env, Event, InstanceState, State, StepError};
use bpmn::Process;
use std::sync::Arc;

/// What a step gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The next state.
    pub state: State,
    /// What the world must do in the same commit, in order.
    pub effects: Vec<Effect>,
    /// What happened, for history, in order.
    pub events: Vec<Event>,
}

/// Applies a command to an instance of `process` (the model of `state.definition`).
///
/// # Errors
/// A refused command: the thing it names is not open, the instance has ended or cannot start. What goes wrong inside
/// the process is no error but an incident in the state.
pub fn step(process: &Arc<Process>, mut state: State, command: Command, env: &Env<'_>) -> Result<Outcome, StepError> {
    let (effects, events) = apply(process, &mut state, command, env)?;
    Ok(Outcome { state, effects, events })
}

/// As [`step`], in place. On an error the state is unchanged.
///
/// # Errors
/// As [`step`].
pub fn apply(
    process: &Arc<Process>,
    state: &mut State,
    command: Command,
    env: &Env<'_>,
) -> Result<(Vec<Effect>, Vec<Event>), StepError> {
    match (state.status, &command) {
        (InstanceState::New, Command::Start { .. }) => {}
        (InstanceState::Active, Command::Start { .. }) => {
            return Err(StepError::CannotStart("it has been started already".into()));
        }
        (InstanceState::Active, _) => {}
        (InstanceState::New, _) => return Err(StepError::CannotStart("it has not been started yet".into())),
        (InstanceState::Completed | InstanceState::Terminated, _) => return Err(StepError::Ended),
    }
    // These do several things, of which a later one may be refused.
    let several = matches!(command, Command::Modify { .. } | Command::Migrate { .. });
    // what follows a continuation is tried again as a whole
    let tries = match &command {
        Command::CompleteJob { job, .. } => state.continuation(job).filter(|_| !state.suspended()),
        _ => None,
    };
    let again = tries.filter(|(_, retries)| *retries > 1);
    let before = (several || again.is_some()).then(|| state.clone());
    let mut run = Run::new(process, state, env)?;
    if let Err(error) = run.command(command) {
        if let Some(before) = before {
            *state = before;
        }
        return Err(error);
    }
    run.work();
    let trouble = again.zip(run.trouble().map(str::to_owned));
    let (Some(((job, retries), message)), Some(before)) = (trouble, before) else {
        return Ok(run.result());
    };
    *state = before;
    let mut run = Run::new(process, state, env)?;
    run.try_later(job, message, retries - 1)?;
    Ok(run.result())
}
