//! What an actor may reach, decided in this one place: professionals everything, an assistito the resources of the own
//! patient compartment, to read.

use crate::HubError;
use access::{Actor, ScopeContext};
use store::{Clause, Query, StoredResource};

/// Roles that work with everybody's data.
/// `sistema` is an external system with an account of its own, held to its OAuth scopes.
pub(crate) const PROFESSIONALS: &[&str] = &["mmg", "diabetologo", "infermiere", "case-manager", "sistema"];
/// Roles that may read something.
pub(crate) const READERS: &[&str] = &[
    "mmg",
    "diabetologo",
    "infermiere",
    "case-manager",
    "sistema",
    "assistito",
];

/// What a request may reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything, to read and write.
    All,
    /// The compartment of this patient, to read.
    Patient(String),
    /// Nothing.
    Nothing,
}

impl Scope {
    /// The scope of an actor. Behind a client with `patient/` scopes it ends at the patient in context: what other scopes
    /// the client may have besides does not widen it (the guard has checked type and action already).
    pub fn of(actor: &Actor) -> Self {
        let own = Self::of_roles(actor);
        let Some(client) = actor.client.as_deref() else {
            return own;
        };
        let confined = client
            .resource_scopes()
            .any(|scope| scope.context == ScopeContext::Patient);
        match (own, client.patient.as_deref()) {
            (own, _) if !confined => own,
            (Self::All, Some(patient)) => Self::Patient(patient.to_owned()),
            (Self::Patient(id), Some(patient)) if id == patient => Self::Patient(id),
            _ => Self::Nothing,
        }
    }

    fn of_roles(actor: &Actor) -> Self {
        let works = |role: &str| actor.has_role(role);
        if works("system") || works("admin") || PROFESSIONALS.iter().any(|role| works(role)) {
            return Self::All;
        }
        match actor.patient() {
            Some(id) if works("assistito") => Self::Patient(id.to_owned()),
            _ => Self::Nothing,
        }
    }

    /// Whether it may write.
    pub(crate) fn write(&self) -> Result<(), HubError> {
        self.everything("this is not permitted to you: your own data can be read, not written, here")
    }

    /// Whether it may do what cannot be narrowed to one patient (history of a type, batch).
    pub(crate) fn everything(&self, message: &str) -> Result<(), HubError> {
        if *self == Self::All {
            Ok(())
        } else {
            Err(HubError::Forbidden(message.to_owned()))
        }
    }

    /// Whether it may see this version.
    pub(crate) fn admit(&self, resource: &StoredResource) -> Result<(), HubError> {
        if self.sees(resource) {
            return Ok(());
        }
        Err(HubError::not_found(&resource.rtype, &resource.id))
    }

    /// Whether it may see this version. What it may not see does not exist for it (no hint that it does).
    pub(crate) fn sees(&self, resource: &StoredResource) -> bool {
        match self {
            Self::All => true,
            Self::Patient(id) => resource.patient.as_deref() == Some(id),
            Self::Nothing => false,
        }
    }

    /// A deletion must not tell a stranger that there was something.
    pub(crate) fn mask(&self, error: HubError) -> HubError {
        match (self, error) {
            (Self::All, error) => error,
            (
                _,
                HubError::Gone { rtype, id, .. }
                | HubError::Pruned { rtype, id, .. }
                | HubError::NoVersion { rtype, id, .. },
            ) => HubError::NotFound { rtype, id },
            (_, error) => error,
        }
    }

    /// Narrows a search. Conditions on other resources are refused: they could tell what may not be seen.
    pub(crate) fn narrow(&self, query: &mut Query) -> Result<(), HubError> {
        match self {
            Self::All => Ok(()),
            Self::Patient(id) => {
                if query.clauses.iter().any(reaches_out) {
                    return Err(HubError::Forbidden(
                        "chained searches and _has are not permitted to you".into(),
                    ));
                }
                query.clauses.push(Clause::Patient(id.clone()));
                Ok(())
            }
            Self::Nothing => Err(HubError::Forbidden("your role reads nothing here".into())),
        }
    }
}

fn reaches_out(clause: &Clause) -> bool {
    match clause {
        Clause::Chain { .. } | Clause::Has { .. } => true,
        Clause::Or(inner) => inner.iter().any(reaches_out),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn actor(subject: &str, role: &str) -> Actor {
        Actor {
            subject: subject.into(),
            name: "x".into(),
            roles: vec![role.into()],
            ..Actor::default()
        }
    }

    #[test]
    fn roles_decide() {
        assert_eq!(Scope::of(&actor("Practitioner/1", "mmg")), Scope::All);
        assert_eq!(Scope::of(&actor("Patient/1", "assistito")), Scope::Patient("1".into()));
        assert_eq!(Scope::of(&actor("Practitioner/1", "assistito")), Scope::Nothing);
        assert_eq!(Scope::of(&actor("Patient/1", "other")), Scope::Nothing);
        assert_eq!(Scope::of(&Actor::system()), Scope::All);
    }

    #[test]
    fn a_client_ends_at_its_patient() {
        let with = |subject: &str, role: &str, scope: &str, patient: Option<&str>| {
            let client = access::ClientGrant {
                client: "app".into(),
                scopes: vec![scope.into()],
                patient: patient.map(str::to_owned),
                purpose: None,
            };
            Scope::of(&Actor {
                client: Some(std::sync::Arc::new(client)),
                ..actor(subject, role)
            })
        };
        let own = |id: &str| Scope::Patient(id.into());
        assert_eq!(with("Practitioner/1", "mmg", "patient/*.rs", Some("7")), own("7"));
        assert_eq!(with("Practitioner/1", "mmg", "patient/*.rs", None), Scope::Nothing);
        assert_eq!(with("Practitioner/1", "mmg", "user/*.rs", None), Scope::All);
        assert_eq!(with("Patient/1", "assistito", "patient/*.rs", Some("1")), own("1"));
        assert_eq!(
            with("Patient/1", "assistito", "patient/*.rs", Some("2")),
            Scope::Nothing
        );
        assert_eq!(with("Patient/1", "assistito", "user/*.rs", None), own("1"));
        assert_eq!(with("client/x", "sistema", "system/*.rs", None), Scope::All);
    }

    #[test]
    fn a_patient_cannot_reach_out() {
        let mut query = Query {
            clauses: vec![Clause::Or(vec![Clause::Never])],
            ..Query::default()
        };
        let scope = Scope::Patient("1".into());
        scope.narrow(&mut query).unwrap();
        assert_eq!(query.clauses.last(), Some(&Clause::Patient("1".into())));
        let has = Clause::Has {
            source: "Observation".into(),
            param: fhir::ParamId(0),
            clauses: vec![],
        };
        let mut query = Query {
            clauses: vec![Clause::Or(vec![has])],
            ..Query::default()
        };
        assert!(scope.narrow(&mut query).is_err());
    }
}
