//! What a deployment would find, without deploying: for tools that look at models before there is a store.

use super::files::Bundle;
use super::issue::FileIssue;
use crate::api::DeployFile;
use crate::registry::Registry;
use crate::{Config, OrchestratorError};
use bpmn::Process;
use dmn::Feel;
use std::collections::HashSet;
use std::sync::Arc;

/// Files that were read as one deployment.
pub struct Checked {
    /// Every executable process, in the order of the files.
    pub processes: Vec<Arc<Process>>,
    /// Ids of decisions and of forms.
    pub others: Vec<String>,
    /// Everything found; an error refuses the deployment.
    pub issues: Vec<FileIssue>,
    /// Evaluates FEEL and the decisions of the files.
    pub evaluator: Arc<Feel>,
}

/// Reads files as a deployment on an empty store would.
///
/// # Errors
/// Only for requests beyond the limits of `config`; what is wrong with the files is in [`Checked::issues`].
pub fn check_files(config: &Config, files: &[DeployFile]) -> Result<Checked, OrchestratorError> {
    let registry = Registry::build(Vec::new(), HashSet::new(), HashSet::new())?;
    let bundle = Bundle::read(config, &registry, files)?;
    let evaluator = bundle.evaluator();
    let (mut processes, mut others) = (Vec::new(), Vec::new());
    for item in bundle.items {
        match item.process {
            Some(process) => processes.push(process),
            None => others.push(item.id),
        }
    }
    Ok(Checked {
        processes,
        others,
        issues: bundle.issues,
        evaluator,
    })
}
