//! From what a batch does to the commands for one instance, as it stands.

use crate::api::BatchOperation;
use crate::instance::Hot;
use crate::query::selection::meant;
use crate::{Orchestrator, OrchestratorError};
use engine::{Command, OpenIncident, StepError};
use parking_lot::Mutex;
use std::collections::HashMap;

/// Most tries that may be given to a job.
const MAX_RETRIES: u32 = 1_000;

/// What is done, with the migration of each definition as it comes up.
pub(crate) struct Doing {
    operation: BatchOperation,
    reason: String,
    migrations: Mutex<HashMap<String, Command>>,
}

impl Doing {
    pub(crate) fn new(operation: BatchOperation, reason: String) -> Self {
        Self {
            operation,
            reason,
            migrations: Mutex::default(),
        }
    }

    /// What has to be known of an instance's definition before its commands can be given.
    pub(crate) async fn prepare(&self, orchestrator: &Orchestrator, hot: &Hot) -> Result<(), OrchestratorError> {
        let BatchOperation::Migrate { from, to, mapping } = &self.operation else {
            return Ok(());
        };
        let from = from.clone().unwrap_or_else(|| hot.state.definition.clone());
        if self.migrations.lock().contains_key(&from) {
            return Ok(());
        }
        let command = orchestrator
            .migration(from.clone(), to.clone(), mapping.clone())
            .await?;
        self.migrations.lock().insert(from, command);
        Ok(())
    }

    /// The commands, in order, for one commit.
    ///
    /// # Errors
    /// [`OrchestratorError::NothingToDo`] where the instance is as it should be.
    pub(crate) fn commands(&self, hot: &Hot) -> Result<Vec<Command>, OrchestratorError> {
        if hot.ended.is_some() {
            return Err(StepError::Ended.into());
        }
        let nothing = |text: &str| Err(OrchestratorError::NothingToDo(text.to_owned()));
        let reason = self.reason.clone();
        Ok(match &self.operation {
            BatchOperation::Cancel {} => vec![Command::Cancel { reason }],
            BatchOperation::Suspend {} if hot.state.suspended() => return nothing("it is suspended already"),
            BatchOperation::Suspend {} => vec![Command::Suspend { reason }],
            BatchOperation::Resume {} if !hot.state.suspended() => return nothing("it is not suspended"),
            BatchOperation::Resume {} => vec![Command::Resume],
            BatchOperation::Modify { instructions } => vec![Command::Modify {
                instructions: instructions.clone(),
                reason,
            }],
            BatchOperation::Migrate { from, .. } => {
                let from = from.as_ref().unwrap_or(&hot.state.definition);
                let known = self.migrations.lock().get(from).cloned();
                match known {
                    Some(Command::Migrate { from, to, .. }) if from == to => {
                        return nothing("it is on that version already");
                    }
                    Some(command) => vec![command],
                    None => return Err(OrchestratorError::Contended(format!("instance {}", hot.state.id))),
                }
            }
            BatchOperation::Retry { .. } => self.retries(hot)?,
            BatchOperation::SetVariables { variables } => vec![Command::SetVariables {
                variables: variables.clone(),
            }],
            BatchOperation::Message { name, variables } => {
                let waits = hot.state.waits();
                let wait = waits.iter().find(|wait| wait.key.is_some() && wait.name == *name);
                let Some(wait) = wait else {
                    return Err(OrchestratorError::NothingToDo(format!(
                        "it does not wait for message '{name}'"
                    )));
                };
                vec![Command::Deliver {
                    wait: wait.id.clone(),
                    variables: variables.clone(),
                }]
            }
        })
    }

    /// The commands that try again what opened one incident.
    ///
    /// # Errors
    /// It is not open (any more).
    pub(crate) fn retry_of(&self, hot: &Hot, incident: &str) -> Result<Vec<Command>, OrchestratorError> {
        if hot.ended.is_some() {
            return Err(StepError::Ended.into());
        }
        let missing = || StepError::NotOpen {
            what: "incident",
            id: incident.to_owned(),
        };
        let commands = self.retries_where(hot, |open| open.id == incident);
        commands.ok_or_else(|| missing().into())
    }

    fn retries(&self, hot: &Hot) -> Result<Vec<Command>, OrchestratorError> {
        let BatchOperation::Retry { kind, message, .. } = &self.operation else {
            return Ok(Vec::new());
        };
        let wanted = |open: &OpenIncident| meant(&open.kind, &open.message, kind.as_deref(), message.as_deref());
        let commands = self.retries_where(hot, wanted);
        commands.ok_or_else(|| OrchestratorError::NothingToDo("no such incident is open".into()))
    }

    /// `None`: there is no such incident.
    fn retries_where(&self, hot: &Hot, wanted: impl Fn(&OpenIncident) -> bool) -> Option<Vec<Command>> {
        let BatchOperation::Retry { variables, retries, .. } = &self.operation else {
            return None;
        };
        let mut commands = Vec::new();
        if !variables.is_empty() {
            commands.push(Command::SetVariables {
                variables: variables.clone(),
            });
        }
        let before = commands.len();
        let active = hot.state.active();
        for incident in hot.state.incidents() {
            if !wanted(&incident) {
                continue;
            }
            let token = active.iter().find(|a| a.id.as_ref() == Some(&incident.id));
            commands.push(Command::Retry { incident: incident.id });
            // A job has the id of its token.
            if let (Some(retries), Some(token)) = (*retries, token) {
                commands.push(Command::SetRetries {
                    job: token.token.clone(),
                    retries,
                });
            }
        }
        (commands.len() > before).then_some(commands)
    }
}

/// Refuses an operation that can do nothing.
pub(crate) fn check(operation: &BatchOperation) -> Result<(), OrchestratorError> {
    let invalid = |text: String| Err(OrchestratorError::Invalid(text));
    match operation {
        BatchOperation::Modify { instructions } if instructions.is_empty() => {
            invalid("operation.modify.instructions: at least one".into())
        }
        BatchOperation::SetVariables { variables } if variables.is_empty() => {
            invalid("operation.setVariables.variables: at least one".into())
        }
        BatchOperation::Message { name, .. } if name.is_empty() => {
            invalid("operation.message.name: which message?".into())
        }
        BatchOperation::Retry {
            retries: Some(retries), ..
        } if *retries == 0 || *retries > MAX_RETRIES => invalid(format!("operation.retry.retries: 1 to {MAX_RETRIES}")),
        _ => Ok(()),
    }
}
