//! Whose processes somebody may see and work on: those of the patients they are tied to (docs/access.md).

use crate::{Orchestrator, OrchestratorError};
use access::{Actor, Authorizer, View};
use policy::Action;
use serde_json::Value;

/// What somebody may see.
pub(crate) enum Eyes {
    /// Everything: the program itself, who runs the installation, and an orchestrator without an authoriser.
    All,
    /// What the view permits.
    View(View),
}

impl Eyes {
    /// Whether an instance or task of this patient; those of no patient are the staff's.
    pub(crate) fn sees(&self, patient: Option<&str>) -> bool {
        self.reads("Task", patient) || self.knows(patient)
    }

    /// Whether what an instance knows of this patient (its variables): it goes with the whole plan, not with one step.
    pub(crate) fn knows(&self, patient: Option<&str>) -> bool {
        self.reads("CarePlan", patient)
    }

    fn reads(&self, rtype: &str, patient: Option<&str>) -> bool {
        match (self, patient) {
            (Self::All, _) | (Self::View(_), None) => true,
            (Self::View(view), Some(_)) => view.ruling(Action::Read, rtype, patient, policy::LabelSet::NONE).permit,
        }
    }
}

impl Eyes {
    /// Whether the tasks of this patient may be worked on: a tie is there besides an emergency access.
    fn works_for(&self, patient: Option<&str>) -> bool {
        match (self, patient) {
            (Self::All, _) | (Self::View(_), None) => true,
            (Self::View(view), Some(patient)) => {
                view.reads_beyond_emergency("Task", patient) || view.reads_beyond_emergency("CarePlan", patient)
            }
        }
    }
}

impl Orchestrator {
    /// What an actor may see now. Who runs the installation sees every instance: it mends what stands still.
    pub(crate) async fn eyes(&self, actor: &Actor) -> Result<Eyes, OrchestratorError> {
        let Some(authorizer) = &self.config.authorizer else {
            return Ok(Eyes::All);
        };
        if actor.has_role("admin") {
            return Ok(Eyes::All);
        }
        self.looks(authorizer, actor).await
    }

    /// Whose variables an actor may see now: who runs the installation sees that an instance is there and where it
    /// stands, not what it knows of a patient.
    pub(crate) async fn facts(&self, actor: &Actor) -> Result<Eyes, OrchestratorError> {
        match &self.config.authorizer {
            Some(authorizer) => self.looks(authorizer, actor).await,
            None => Ok(Eyes::All),
        }
    }

    async fn looks(&self, authorizer: &Authorizer, actor: &Actor) -> Result<Eyes, OrchestratorError> {
        if actor.has_role("system") || actor.has_role("worker") || actor.patient().is_some() {
            // Programs do jobs, not tasks; the assisted are confined by their own rules.
            return Ok(Eyes::All);
        }
        let view = authorizer.view(actor, None).await;
        view.map(Eyes::View)
            .map_err(|error| OrchestratorError::Damaged(format!("what {} may see: {error}", actor.subject)))
    }

    /// Refuses what belongs to a patient whom the actor is not tied to.
    pub(crate) async fn may_look(&self, actor: &Actor, patient: Option<&str>) -> Result<(), OrchestratorError> {
        if self.eyes(actor).await?.sees(patient) {
            return Ok(());
        }
        Err(OrchestratorError::Forbidden(
            "this belongs to a patient you have no tie to (chosen doctor, care team, unit, step in hand)".into(),
        ))
    }

    /// Refuses a command on a task of a patient whom the actor is not tied to, unless the task names the actor.
    pub(crate) async fn may_touch(&self, actor: &Actor, task: &str) -> Result<(), OrchestratorError> {
        self.may_reach(actor, task, true).await
    }

    /// As [`Orchestrator::may_touch`], of who only looks at a task.
    pub(crate) async fn may_see_task(&self, actor: &Actor, task: &str) -> Result<(), OrchestratorError> {
        self.may_reach(actor, task, false).await
    }

    async fn may_reach(&self, actor: &Actor, task: &str, to_work: bool) -> Result<(), OrchestratorError> {
        let eyes = self.eyes(actor).await?;
        let Eyes::View(_) = &eyes else { return Ok(()) };
        let Some(stored) = self.store.read("Task", task).await? else {
            // What is not there is told by the command itself.
            return Ok(());
        };
        // An emergency lets one look: it is no way into work, from which rights would come that outlive it.
        if eyes.works_for(stored.patient.as_deref())
            || names(stored.body.as_deref().unwrap_or_default(), &actor.subject)
        {
            return Ok(());
        }
        if to_work && eyes.sees(stored.patient.as_deref()) {
            return Err(OrchestratorError::Forbidden(
                "an emergency access lets you look, not work on a pathway: you have no other tie to this patient"
                    .into(),
            ));
        }
        self.may_look(actor, stored.patient.as_deref()).await
    }
}

/// Whether a task is held by somebody, or offered to them in person.
fn names(body: &[u8], subject: &str) -> bool {
    let Ok(task) = serde_json::from_slice::<Value>(body) else {
        return false;
    };
    let offered = task.pointer("/restriction/recipient").and_then(Value::as_array);
    let mut people = offered.into_iter().flatten().chain([&task["owner"]]);
    people.any(|person| person["reference"] == subject)
}
