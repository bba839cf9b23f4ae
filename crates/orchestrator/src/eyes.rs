//! Whose processes somebody may see and work on: those of the patients they are tied to (docs/access.md).

use crate::{Orchestrator, OrchestratorError};
use access::{Actor, Authorizer, View};
use policy::Action;
use serde_json::Value;

/// What somebody may see.
pub(crate) enum Eyes {
    /// Everything: the program itself, who runs the installation, and an orchestrator without an authoriser.
    All,
    /// What the assisted, and who acts for them, see of this person's pathways: that they are there and where they stand.
    Own(String),
    /// What the view permits.
    View(View),
}

impl Eyes {
    /// Whether an instance or task of this patient; those of no patient are the staff's.
    pub(crate) fn sees(&self, patient: Option<&str>) -> bool {
        self.reads("Task", patient) || self.knows(patient)
    }

    /// Whether what an instance knows of this patient (its variables): it goes with the whole plan, not with one step.
    /// The assisted do not: what the staff notes for its work is in there, too (`shown`).
    pub(crate) fn knows(&self, patient: Option<&str>) -> bool {
        !matches!(self, Self::Own(_)) && self.reads("CarePlan", patient)
    }

    /// Whether these are the eyes of an assisted person.
    pub(crate) fn are_own(&self) -> bool {
        matches!(self, Self::Own(_))
    }

    fn reads(&self, rtype: &str, patient: Option<&str>) -> bool {
        match (self, patient) {
            (Self::All, _) | (Self::View(_), None) => true,
            (Self::Own(own), patient) => patient == Some(own),
            (Self::View(view), Some(_)) => view.ruling(Action::Read, rtype, patient, policy::LabelSet::NONE).permit,
        }
    }
}

impl Eyes {
    /// Whether the pathways of this patient may be worked on: a tie is there besides an emergency access.
    pub(crate) fn works_for(&self, patient: Option<&str>) -> bool {
        match (self, patient) {
            (Self::All, _) | (Self::View(_), None) => true,
            (Self::Own(own), patient) => patient == Some(own),
            (Self::View(view), Some(patient)) => {
                view.reads_beyond_emergency("Task", patient) || view.reads_beyond_emergency("CarePlan", patient)
            }
        }
    }

    /// Refuses what is to be done to an instance of a patient whom they do not work for. Where they see nothing of the
    /// patient either, the instance does not exist.
    pub(crate) fn operate(&self, instance: &str, patient: Option<&str>) -> Result<(), OrchestratorError> {
        if self.works_for(patient) {
            return Ok(());
        }
        if self.sees(patient) {
            return Err(only_looks());
        }
        Err(OrchestratorError::NotFound {
            what: "instance",
            id: instance.to_owned(),
        })
    }

    /// Whether what is about to begin may: it is about a patient whom they work for, also by its key.
    pub(crate) fn begin(&self, patient: Option<&str>, key: Option<&str>) -> bool {
        let by_key = key.and_then(|key| key.strip_prefix("Patient/"));
        self.works_for(patient) && (by_key.is_none() || self.works_for(by_key))
    }
}

fn only_looks() -> OrchestratorError {
    OrchestratorError::Forbidden(
        "an emergency access lets you look, not work on a pathway: you have no other tie to this patient".into(),
    )
}

impl Orchestrator {
    /// What an actor may see now. Who runs the installation sees every instance: it mends what stands still.
    pub(crate) async fn eyes(&self, actor: &Actor) -> Result<Eyes, OrchestratorError> {
        if let Some(own) = actor.patient() {
            return Ok(Eyes::Own(own.to_owned()));
        }
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
        if let Some(own) = actor.patient() {
            return Ok(Eyes::Own(own.to_owned()));
        }
        match &self.config.authorizer {
            Some(authorizer) => self.looks(authorizer, actor).await,
            None => Ok(Eyes::All),
        }
    }

    async fn looks(&self, authorizer: &Authorizer, actor: &Actor) -> Result<Eyes, OrchestratorError> {
        if actor.has_role("system") || actor.has_role("worker") {
            // Programs do jobs, not tasks.
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

    /// Refuses a command on an instance of a patient whom the actor does not work for: one that is not theirs does not
    /// exist for them. Who runs the installation may: it mends what stands still, without seeing what it knows.
    pub(crate) async fn may_operate(&self, actor: &Actor, instance: &str) -> Result<(), OrchestratorError> {
        let eyes = self.eyes(actor).await?;
        if matches!(eyes, Eyes::All) {
            return Ok(());
        }
        let patient = self.load(instance).await?.patient.clone();
        eyes.operate(instance, patient.as_deref())
    }

    /// Refuses to begin something about a patient whom the actor does not work for.
    pub(crate) async fn may_begin(
        &self,
        actor: &Actor,
        patient: Option<&str>,
        key: Option<&str>,
    ) -> Result<(), OrchestratorError> {
        if self.eyes(actor).await?.begin(patient, key) {
            return Ok(());
        }
        let by_key = key.and_then(|key| key.strip_prefix("Patient/"));
        self.may_look(actor, patient).await?;
        self.may_look(actor, by_key.or(patient)).await?;
        Err(only_looks())
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
            return Err(only_looks());
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
