//! What ties a person to patients, read from the facts: one file per kind of tie.

mod consent;
mod everybody;
mod gp;
mod grant;
mod made;
mod person;
mod search;
mod team;
mod work;

pub(super) use everybody::{EVERYBODY, concerns as concerns_everybody};
pub(super) use grant::holder as grant_holder;
pub use grant::{AccessGrant, GRANT, GrantKind, GrantReview};
pub(crate) use grant::{GRANT_LOG, GRANT_UNTOLD};
pub use made::{makes_ties, settle_ties};
pub(super) use person::{OwnRecords, values as person_values};
pub(super) use work::CANDIDATE_SYSTEM;
pub use work::{STEP_DATA_EXTENSION, StepData};

use jiff::Timestamp;
use policy::{LabelSet, Policies, Relation, Relations};
use std::collections::HashMap;
use std::sync::Arc;
use store::{Store, StoreError};

/// Types whose resources tie people to patients.
pub(super) const TYPES: &[&str] = &[
    "Patient",
    "CareTeam",
    "EpisodeOfCare",
    "Encounter",
    "Task",
    "Consent",
    "PractitionerRole",
    "RelatedPerson",
];

/// Types of which a write is to be noticed: those, and who is who.
pub(super) const WATCHED: &[&str] = &[
    "Patient",
    "CareTeam",
    "EpisodeOfCare",
    "Encounter",
    "Task",
    "Consent",
    "PractitionerRole",
    "RelatedPerson",
    "Practitioner",
];

/// Whether resources of a type say who is tied to whom: rights come from them.
pub fn ties_people(rtype: &str) -> bool {
    TYPES.contains(&rtype)
}

/// Patients that one person is tied to at most, by one kind of tie.
const MAX: usize = 200_000;

/// What one patient is to somebody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tie {
    /// The ties. `work` is told by `steps`.
    pub relations: Relations,
    /// Steps in hand, with the data they declare.
    pub steps: Vec<Arc<StepData>>,
    /// Sensitive categories unlocked for this patient.
    pub unlocked: LabelSet,
}

impl Tie {
    pub fn add(&mut self, other: &Tie) {
        self.relations = self.relations.and(other.relations);
        self.unlocked = self.unlocked.and(other.unlocked);
        self.steps.extend(other.steps.iter().cloned());
    }
}

/// Ties of one kind.
#[derive(Debug, Default)]
pub(super) struct Ties {
    /// By patient id.
    pub patients: HashMap<String, Tie>,
    /// Whether some are steps in hand.
    pub steps: bool,
    /// Accesses that are open.
    pub grants: Vec<Arc<AccessGrant>>,
    /// Who the actor is in the staff registry.
    pub own: Option<OwnRecords>,
    /// When they change by themselves: a period ends or begins.
    pub until: Option<Timestamp>,
}

impl Ties {
    fn tie(&mut self, patient: &str, relation: Relation) -> Result<(), StoreError> {
        let tie = self.entry(patient)?;
        tie.relations = tie.relations.with(relation);
        Ok(())
    }

    fn entry(&mut self, patient: &str) -> Result<&mut Tie, StoreError> {
        if self.patients.len() >= MAX && !self.patients.contains_key(patient) {
            return Err(StoreError::Limit(format!(
                "a person or unit may be tied to {MAX} patients in one way; here are more"
            )));
        }
        Ok(self.patients.entry(patient.to_owned()).or_default())
    }

    /// What was read is no longer true from then on.
    fn changes_at(&mut self, moment: Timestamp, now: Timestamp) {
        if moment > now {
            self.until = Some(self.until.map_or(moment, |until| until.min(moment)));
        }
    }
}

/// A kind of tie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Gp,
    Team,
    Unit,
    Work,
    Consent,
    Grant,
    /// Who the actor is in the staff registry.
    Person,
    /// What patients said to everybody; the same for every actor.
    Everybody,
}

impl Kind {
    /// Types of resources (or the record kind) that say so.
    pub fn sources(self) -> &'static [&'static str] {
        match self {
            Self::Gp => &["Patient", "PractitionerRole"],
            Self::Team | Self::Unit => &["CareTeam", "EpisodeOfCare", "Encounter"],
            Self::Work => &["Task"],
            Self::Consent | Self::Everybody => &["Consent"],
            Self::Grant => &[GRANT],
            Self::Person => &["Practitioner"],
        }
    }

    /// Reads the ties of `who` (type and id).
    pub async fn read(
        self,
        store: &dyn Store,
        policies: &Policies,
        who: (&str, &str),
        now: Timestamp,
    ) -> Result<Ties, StoreError> {
        match self {
            Self::Gp => gp::read(store, who, now).await,
            Self::Team => team::read(store, policies.tying(), who, Relation::Team, now).await,
            Self::Unit => team::read(store, policies.tying(), who, Relation::Unit, now).await,
            Self::Work => work::read(store, policies, who).await,
            Self::Consent => consent::read(store, who, now).await,
            Self::Grant => grant::read(store, policies, who, now).await,
            Self::Person => person::read(store, policies, who).await,
            Self::Everybody => everybody::read(store, now).await,
        }
    }
}
