//! What one actor may see and write at one moment.

use super::labels;
use super::sight::{Of, Sights};
use super::ties::{AccessGrant, Tie, Ties};
use crate::{Actor, ScopeContext, trace};
use policy::{Action, Asker, Explanation, LabelSet, Policies, Question, Relation, Relations, Ruling};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use store::{Seen, StoredResource};

pub(super) struct Inner {
    pub policies: Arc<Policies>,
    pub sights: Sights,
    pub asker: Asker,
    /// The actor's own patient id, and that of whom it acts for.
    pub myself: Option<String>,
    pub acts_for: Option<String>,
    /// The one patient whom an application with `patient/` scopes ends at; without one, nobody.
    pub context: Option<Option<String>>,
    pub purpose: String,
    /// Who it is: `Practitioner/…`, `Patient/…`, `client/…`.
    pub subject: String,
    /// The organization it acts for.
    pub unit: Option<String>,
    pub ties: Vec<Arc<Ties>>,
    pub everything: bool,
}

/// What one actor may see and write at one moment; cheap to clone. Take it as an extractor argument, or from
/// [`crate::Authorizer::view`].
#[derive(Clone)]
pub struct View(pub(super) Arc<Inner>);

/// How a permitted fact may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// As it is.
    Whole,
    /// These elements only: all that the steps in hand declare.
    Elements(Vec<String>),
    /// Not at all: it does not exist for this actor.
    Hidden,
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Inner { asker, purpose, .. } = &*self.0;
        f.debug_struct("View")
            .field("asker", asker)
            .field("purpose", purpose)
            .finish_non_exhaustive()
    }
}

impl PartialEq for View {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl View {
    pub(super) fn new(
        policies: Arc<Policies>,
        sights: Sights,
        asker: Asker,
        actor: &Actor,
        purpose: &str,
        ties: Vec<Arc<Ties>>,
    ) -> Self {
        let acts_for = actor
            .acts_for
            .as_deref()
            .and_then(|reference| reference.strip_prefix("Patient/"));
        Self(Arc::new(Inner {
            everything: asker.has_role("system"),
            myself: actor.patient().map(str::to_owned),
            acts_for: acts_for.map(str::to_owned),
            context: context(actor),
            purpose: purpose.to_owned(),
            subject: actor.subject.clone(),
            unit: actor.organization.clone(),
            policies,
            sights,
            asker,
            ties,
        }))
    }

    /// Whether nothing is hidden: the program itself.
    pub fn is_everything(&self) -> bool {
        self.0.everything
    }

    /// Whether one of the actor's roles is known to policies: who has none reaches nothing.
    pub fn has_known_role(&self) -> bool {
        let roles = self.0.policies.roles();
        self.0.asker.roles().any(|role| roles.knows(role))
    }

    /// Whether the actor has a role.
    pub fn has_role(&self, role: &str) -> bool {
        self.0.asker.has_role(role)
    }

    /// Whether nothing of a type can be hidden: it lies in nobody's compartment, and may be read.
    pub fn sees_whole_type(&self, rtype: &str) -> bool {
        let definitions = fhir::Definitions::r4();
        let personal = rtype == "Patient" || !definitions.patient_compartment(rtype).is_empty();
        !personal && self.ruling(Action::Read, rtype, None, LabelSet::NONE).permit
    }

    /// The policies that decide.
    pub fn policies(&self) -> &Arc<Policies> {
        &self.0.policies
    }

    /// Purpose of use.
    pub fn purpose(&self) -> &str {
        &self.0.purpose
    }

    /// Who the actor is, as a reference.
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// The organization that the actor acts for, as a reference.
    pub fn unit(&self) -> Option<String> {
        self.0.unit.as_ref().map(|id| format!("Organization/{id}"))
    }

    /// Patients that the actor is tied to by more than a policy for everybody.
    pub fn patients(&self) -> BTreeSet<&str> {
        if let Some(only) = &self.0.context {
            return only.iter().map(String::as_str).collect();
        }
        let own = self.0.myself.iter().chain(&self.0.acts_for).map(String::as_str);
        own.chain(
            self.0
                .ties
                .iter()
                .flat_map(|ties| ties.patients.keys().map(String::as_str)),
        )
        .collect()
    }

    /// The accesses that the actor opened for a time and that are open: emergencies, categories unlocked.
    pub fn grants(&self) -> Vec<Arc<AccessGrant>> {
        let open = self.0.ties.iter().flat_map(|ties| ties.grants.iter().cloned());
        open.collect()
    }

    /// The ties to a patient.
    pub fn relations(&self, patient: &str) -> Relations {
        self.tie(patient).relations
    }

    /// Whether a patient is beyond the context that an application was given.
    pub(super) fn is_beyond(&self, patient: &str) -> bool {
        self.0
            .context
            .as_ref()
            .is_some_and(|only| only.as_deref() != Some(patient))
    }

    pub(super) fn tie(&self, patient: &str) -> Tie {
        let mut all = Tie::default();
        for tie in self.0.ties.iter().filter_map(|ties| ties.patients.get(patient)) {
            all.add(tie);
        }
        // Who acts for somebody else is in that person's place, not in the own.
        match (&self.0.acts_for, &self.0.myself) {
            (Some(other), _) if other == patient => all.relations = all.relations.with(Relation::Delegate),
            (None, Some(own)) if own == patient => all.relations = all.relations.with(Relation::Myself),
            _ => {}
        }
        all
    }

    /// Decides on a kind of fact. `patient`: in whose compartment it lies.
    pub fn ruling(&self, action: Action, rtype: &str, patient: Option<&str>, labels: LabelSet) -> Ruling {
        if patient.is_some_and(|patient| self.is_beyond(patient)) {
            return Ruling {
                permit: false,
                policy: "client-context".into(),
            };
        }
        let tie = patient.map(|patient| self.tie(patient)).unwrap_or_default();
        self.rule(action, rtype, patient.is_some(), &tie, labels)
    }

    pub(super) fn rule(&self, action: Action, rtype: &str, about_patient: bool, tie: &Tie, labels: LabelSet) -> Ruling {
        let mut question = Question {
            asker: &self.0.asker,
            action,
            rtype,
            about_patient,
            relations: declared(tie, rtype),
            labels,
            unlocked: tie.unlocked,
            purpose: &self.0.purpose,
        };
        let first = self.0.policies.decide(&question);
        if first.permit || !question.relations.has(Relation::Emergency) {
            return first;
        }
        // An emergency access states its purpose by being open.
        question.purpose = "ETREAT";
        let second = self.0.policies.decide(&question);
        if second.permit { second } else { first }
    }

    /// Why a kind of fact may or may not be reached.
    pub fn explain(&self, action: Action, rtype: &str, patient: Option<&str>, labels: LabelSet) -> Explanation {
        let tie = patient.map(|patient| self.tie(patient)).unwrap_or_default();
        let relations = declared(&tie, rtype);
        let purpose = if relations.has(Relation::Emergency) {
            "ETREAT"
        } else {
            &self.0.purpose
        };
        self.0.policies.explain(&Question {
            asker: &self.0.asker,
            action,
            rtype,
            about_patient: patient.is_some(),
            relations,
            labels,
            unlocked: tie.unlocked,
            purpose,
        })
    }

    /// Whether, and how, a stored version may be seen.
    pub fn access(&self, resource: &StoredResource) -> Access {
        if self.0.everything {
            return Access::Whole;
        }
        let labels = labels::of_body(self.0.policies.labels(), resource.body.as_deref().unwrap_or_default());
        let patient = resource.patient.as_deref();
        if patient.is_some_and(|patient| self.is_beyond(patient)) {
            return Access::Hidden;
        }
        let tie = patient.map(|patient| self.tie(patient)).unwrap_or_default();
        if !self
            .rule(Action::Read, &resource.rtype, patient.is_some(), &tie, labels)
            .permit
        {
            return Access::Hidden;
        }
        self.shown(&resource.rtype, patient, &tie, labels)
    }

    /// Whether a stored version may be seen at all.
    pub fn sees(&self, resource: &StoredResource) -> bool {
        self.access(resource) != Access::Hidden
    }

    /// The elements to be shown of what is permitted.
    fn shown(&self, rtype: &str, patient: Option<&str>, tie: &Tie, labels: LabelSet) -> Access {
        if patient.is_none() || tie.steps.is_empty() {
            return Access::Whole;
        }
        let mut other = tie.clone();
        other.steps.clear();
        other.relations = other.relations.without(Relation::Work);
        if self.rule(Action::Read, rtype, true, &other, labels).permit {
            return Access::Whole;
        }
        let mut elements = BTreeSet::new();
        for step in &tie.steps {
            match step.types.get(rtype) {
                Some(list) if list.is_empty() => return Access::Whole,
                Some(list) => elements.extend(list.iter().cloned()),
                None => {}
            }
        }
        Access::Elements(elements.into_iter().collect())
    }

    /// Whether a resource may be written or deleted. `value`: the resource as it would be.
    pub fn may(&self, action: Action, rtype: &str, patient: Option<&str>, value: Option<&Value>) -> Ruling {
        let labels = self.0.policies.labels();
        let labels = value.map_or(LabelSet::NONE, |value| labels::of_value(labels, value));
        let ruling = match patient {
            Some(_) => self.ruling(action, rtype, patient, labels),
            None => self.rule(action, rtype, false, &self.own_tie(rtype, value), labels),
        };
        match ruling.permit {
            _ if self.0.everything => {}
            true => trace::note_policy(&ruling.policy),
            false => trace::note_refusal(&ruling.policy),
        }
        ruling
    }

    /// Whether a kind of fact may be read for another reason than an emergency, which lets one look and no more.
    pub fn reads_beyond_emergency(&self, rtype: &str, patient: &str) -> bool {
        if self.is_beyond(patient) {
            return false;
        }
        let mut tie = self.tie(patient);
        tie.relations = tie.relations.without(Relation::Emergency);
        self.rule(Action::Read, rtype, true, &tie, LabelSet::NONE).permit
    }

    /// By which policy a kind of fact that is not labelled may be read, and the steps in hand (ids of their tasks) that
    /// the right comes from.
    pub(crate) fn right_to_read(&self, rtype: &str, patient: Option<&str>) -> (Ruling, Vec<String>) {
        let tie = patient.map(|patient| self.tie(patient)).unwrap_or_default();
        let about = patient.is_some();
        let ruling = self.rule(Action::Read, rtype, about, &tie, LabelSet::NONE);
        let mut steps = Vec::new();
        if tie.relations.has(Relation::Work) {
            let mut without = tie.clone();
            without.relations = tie.relations.without(Relation::Work);
            if !self.rule(Action::Read, rtype, about, &without, LabelSet::NONE).permit {
                let declare = tie.steps.iter().filter(|step| step.types.contains_key(rtype));
                steps.extend(declare.map(|step| step.task.clone()));
            }
        }
        (ruling, steps)
    }

    /// Whether there is anybody, or anything in no patient's compartment, with whom this may be done. A quick refusal for
    /// who may do it with nothing.
    pub fn may_ever(&self, action: Action, rtype: &str) -> bool {
        let may = |about_patient, tie: &Tie| self.rule(action, rtype, about_patient, tie, LabelSet::NONE).permit;
        let mut kinds = std::collections::HashSet::new();
        let mut of = |patient: &str| {
            let tie = self.tie(patient);
            let declared = tie.steps.iter().any(|step| step.types.contains_key(rtype));
            kinds.insert((tie.relations.bits(), declared)) && may(true, &tie)
        };
        may(false, &Tie::default()) || may(true, &Tie::default()) || self.patients().into_iter().any(&mut of)
    }

    /// Whether some steps of pathways are in hand: then not all that is seen is shown whole.
    pub fn has_steps(&self) -> bool {
        self.0.ties.iter().any(|ties| ties.steps)
    }

    /// The sensitive labels of a stored body.
    pub fn labels_of_body(&self, body: &[u8]) -> LabelSet {
        labels::of_body(self.0.policies.labels(), body)
    }

    /// The sensitive labels of a resource.
    pub fn labels_of(&self, value: &Value) -> LabelSet {
        labels::of_value(self.0.policies.labels(), value)
    }

    /// What a search may see; `None`: everything.
    pub fn sight(&self) -> Option<Seen> {
        (!self.0.everything).then(|| Seen(Arc::new(Of(self.clone()))))
    }
}

/// The patient that an application ends at, if its scopes are those of one patient. What other scopes it may have besides
/// does not widen it.
fn context(actor: &Actor) -> Option<Option<String>> {
    let client = actor.client.as_deref()?;
    let confined = client
        .resource_scopes()
        .any(|scope| scope.context == ScopeContext::Patient);
    confined.then(|| client.patient.clone())
}

/// The ties that count for a type: a step in hand counts where it declares it.
fn declared(tie: &Tie, rtype: &str) -> Relations {
    if tie.steps.iter().any(|step| step.types.contains_key(rtype)) {
        tie.relations
    } else {
        tie.relations.without(Relation::Work)
    }
}
