//! What somebody may file with a task or with the start of a process: the resources that go into its commit. They do not
//! pass the hub, so that its rules on writing are looked at here.

use crate::{Orchestrator, OrchestratorError};
use access::{Actor, View};
use policy::Action;
use serde_json::Value;
use store::StoredResource;

/// With what resources are filed.
pub(crate) enum Filed<'a> {
    /// With a task that the actor may complete: the right to write comes from the step.
    Task,
    /// With the start of a process about somebody: the right to write comes from a tie.
    Start(Option<&'a str>),
}

impl Orchestrator {
    /// Labels resources by their codes, and refuses what does not go this way: whatever ties people to patients or is no
    /// clinical fact, what the actor may not see, what the actor may not write about that person.
    pub(crate) async fn may_file(
        &self,
        actor: &Actor,
        resources: &mut [Value],
        filed: Filed<'_>,
    ) -> Result<(), OrchestratorError> {
        let Some(authorizer) = self.config.authorizer.as_ref().filter(|_| !resources.is_empty()) else {
            return Ok(());
        };
        let labels = authorizer.policies().labels();
        resources
            .iter_mut()
            .for_each(|value| policy::label_by_code(labels, value));
        let mut visits = access::HiddenVisits::new();
        for value in resources.iter_mut() {
            authorizer.look_up_visits(value, &mut visits).await?;
        }
        if actor.has_role("system") {
            resources
                .iter_mut()
                .for_each(|value| drop(authorizer.hide_with_visits(value, &visits)));
            return Ok(());
        }
        let view = authorizer
            .view(actor, None)
            .await
            .map_err(|error| OrchestratorError::Damaged(format!("what {} may write: {error}", actor.subject)))?;
        for value in resources {
            let rtype = value["resourceType"].as_str().unwrap_or_default().to_owned();
            let group = authorizer.policies().types().group(&rtype);
            if access::ties_people(&rtype) || !["clinical", "workflow"].contains(&group) {
                return Err(OrchestratorError::Forbidden(format!(
                    "resources: a {rtype} is not filed with a task or a start: write it over FHIR, where its own rules hold"
                )));
            }
            if let Some(id) = value["id"].as_str() {
                let stored = self.store.read(&rtype, id).await?;
                if let Some(stored) = stored.filter(|stored| stored.body.is_some()) {
                    keep_labels(&view, &stored, value)?;
                }
            }
            let Filed::Start(patient) = filed else {
                drop(authorizer.hide_with_visits(value, &visits));
                continue;
            };
            let own = patient.is_some() && actor.patient() == patient;
            if !own && !view.may(Action::Write, &rtype, patient, Some(value)).permit {
                return Err(OrchestratorError::Forbidden(format!(
                    "resources: you may not write a {rtype} about this person"
                )));
            }
            drop(authorizer.hide_with_visits(value, &visits));
        }
        Ok(())
    }
}

/// What protects or hides a fact stays, and what is hidden cannot be written over.
fn keep_labels(view: &View, stored: &StoredResource, value: &mut Value) -> Result<(), OrchestratorError> {
    if !view.sees(stored) {
        return Err(OrchestratorError::Forbidden(format!(
            "resources: there is no {}/{} that you may change",
            stored.rtype, stored.id
        )));
    }
    let labels = view.policies().labels();
    let before = view.labels_of_body(stored.body.as_deref().unwrap_or_default());
    for index in before.iter() {
        policy::add_label(&labels.list()[index], value);
    }
    Ok(())
}
