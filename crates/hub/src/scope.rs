//! What a request may reach, decided in this one place from the actor's [`access::View`].

use crate::{HubError, withheld};
use access::{Access, View};
use bytes::Bytes;
use policy::{Action, LabelKind};
use serde_json::Value;
use store::{Method, Query, ResourceWrite, StoredResource};

/// What a request may reach.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Scope {
    /// Everything, to read and write: the program itself.
    All,
    /// What the view permits.
    View(View),
    /// Nothing.
    #[default]
    Nothing,
}

impl Scope {
    /// The scope of a request whose actor sees so much.
    pub fn of(view: &View) -> Self {
        if view.is_everything() {
            Self::All
        } else if !view.has_known_role() {
            Self::Nothing
        } else {
            Self::View(view.clone())
        }
    }

    /// Whether it may do what cannot be narrowed to what it sees (history of a type, views over everybody's data).
    pub(crate) fn everything(&self, message: &str) -> Result<(), HubError> {
        if *self == Self::All {
            Ok(())
        } else {
            Err(HubError::Forbidden(message.to_owned()))
        }
    }

    /// Whether it runs the installation.
    pub(crate) fn administers(&self) -> Result<(), HubError> {
        match self {
            Self::All => Ok(()),
            Self::View(view) if view.has_role("admin") => Ok(()),
            _ => Err(HubError::Forbidden("this is for who runs the installation".into())),
        }
    }

    /// Refuses at once who may not do this with anything of a type, whatever the body says.
    pub(crate) fn may_begin(&self, action: Action, rtype: &str) -> Result<(), HubError> {
        let ever = match self {
            Self::All => true,
            Self::View(view) => view.may_ever(action, rtype),
            Self::Nothing => false,
        };
        if ever { Ok(()) } else { Err(forbidden(action, rtype)) }
    }

    /// Whether it may take this version out in bulk.
    pub(crate) fn exports(&self, resource: &StoredResource) -> bool {
        match self {
            Self::All => true,
            Self::View(view) => {
                let labels = view.labels_of_body(resource.body.as_deref().unwrap_or_default());
                view.ruling(Action::Export, &resource.rtype, resource.patient.as_deref(), labels)
                    .permit
            }
            Self::Nothing => false,
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
            Self::View(view) => view.sees(resource),
            Self::Nothing => false,
        }
    }

    /// Whether a version carries labels that protect or hide it.
    pub(crate) fn hides(&self, resource: &StoredResource) -> bool {
        match self {
            Self::View(view) => {
                let labels = view.labels_of_body(resource.body.as_deref().unwrap_or_default());
                !labels.is_empty()
            }
            Self::All | Self::Nothing => false,
        }
    }

    /// The bytes of a version that may be seen: with no more elements than the steps in hand declare, and without what
    /// policies decide on by itself and withhold.
    pub(crate) fn shown(&self, resource: &StoredResource, body: &Bytes) -> Bytes {
        match self {
            Self::View(view) => view.note_shown(resource),
            Self::All => resource.patient.as_deref().into_iter().for_each(access::note_patient),
            Self::Nothing => {}
        }
        match self {
            Self::View(view) if view.has_steps() => match view.access(resource) {
                Access::Elements(elements) => crate::http::View::of_elements(elements).apply(body),
                Access::Whole => withheld::strip(view, resource, body),
                Access::Hidden => Bytes::new(),
            },
            Self::View(view) => withheld::strip(view, resource, body),
            Self::All | Self::Nothing => body.clone(),
        }
    }

    /// The bytes of what somebody wrote, or would have, as they may be given back to them.
    pub(crate) fn without_withheld(&self, resource: &StoredResource, body: &Bytes) -> Bytes {
        match self {
            Self::View(view) => withheld::strip(view, resource, body),
            Self::All | Self::Nothing => body.clone(),
        }
    }

    /// Whether a patch, which is applied to all that is stored, may be applied by it.
    pub(crate) fn may_patch(&self, current: &StoredResource) -> Result<(), HubError> {
        match self {
            Self::View(view) => withheld::may_patch(view, current),
            Self::All | Self::Nothing => Ok(()),
        }
    }

    /// As [`Scope::shown`], of a resource.
    pub(crate) fn dressed(&self, mut resource: StoredResource) -> StoredResource {
        if let Some(body) = &resource.body {
            resource.body = Some(self.shown(&resource, body));
        }
        resource
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

    /// Narrows a search to what may be seen.
    pub(crate) fn narrow(&self, query: &mut Query) -> Result<(), HubError> {
        match self {
            Self::All => Ok(()),
            Self::View(view) => {
                withheld::refuse_search(view, query)?;
                query.sight = view.sight();
                Ok(())
            }
            Self::Nothing => Err(HubError::Forbidden("you may read nothing here".into())),
        }
    }

    /// Whether it may know what is stored under an id it would write to. What it may not see, what was deleted and what
    /// never was look the same to it.
    pub(crate) fn admit_to_write(
        &self,
        rtype: &str,
        id: &str,
        current: Option<&StoredResource>,
    ) -> Result<(), HubError> {
        match (self, current.filter(|current| current.body.is_some())) {
            (Self::All, _) => Ok(()),
            (_, Some(current)) => self.admit(current),
            (Self::View(view), None) if view.sees_whole_type(rtype) => Ok(()),
            (_, None) => Err(HubError::not_found(rtype, id)),
        }
    }

    /// Whether a version may be written in the place of `current`. `value`: the resource as it would be.
    pub(crate) fn may_write(
        &self,
        write: &ResourceWrite,
        value: &Value,
        current: Option<&StoredResource>,
    ) -> Result<(), HubError> {
        let view = match self {
            Self::All => return Ok(()),
            Self::View(view) => view,
            Self::Nothing => return Err(forbidden(Action::Write, &write.rtype)),
        };
        let live = current.filter(|current| current.body.is_some());
        match live {
            Some(current) => {
                self.admit(current)?;
                self.keeps_labels(view, current, value)?;
                // What was about another, or about oneself, is judged as such, whatever is made of it.
                if current.patient != write.patient || write.rtype == "PractitionerRole" {
                    let before = current.body.as_deref().filter(|_| current.patient.is_none());
                    let before: Option<Value> = before.and_then(|body| serde_json::from_slice(body).ok());
                    self.rule(
                        view,
                        Action::Write,
                        &write.rtype,
                        current.patient.as_deref(),
                        before.as_ref(),
                    )?;
                }
            }
            // Whether an id is free would tell that another is not: new resources get theirs from the server.
            None if write.method == Method::Put && !view.sees_whole_type(&write.rtype) => {
                return Err(HubError::not_found(&write.rtype, &write.id));
            }
            None => {}
        }
        withheld::may_write(view, &write.id, value, live)?;
        self.rule(view, Action::Write, &write.rtype, write.patient.as_deref(), Some(value))
    }

    /// Whether the current version may be deleted.
    pub(crate) fn may_delete(&self, current: &StoredResource) -> Result<(), HubError> {
        match self {
            Self::All => Ok(()),
            Self::View(view) => {
                self.admit(current)?;
                let value = current
                    .body
                    .as_deref()
                    .and_then(|body| serde_json::from_slice(body).ok());
                let (rtype, patient) = (&current.rtype, current.patient.as_deref());
                self.rule(view, Action::Delete, rtype, patient, value.as_ref())
            }
            Self::Nothing => Err(forbidden(Action::Delete, &current.rtype)),
        }
    }

    fn rule(
        &self,
        view: &View,
        action: Action,
        rtype: &str,
        patient: Option<&str>,
        value: Option<&Value>,
    ) -> Result<(), HubError> {
        let ruling = view.may(action, rtype, patient, value);
        match &*ruling.policy {
            _ if ruling.permit => Ok(()),
            access::NOT_ONESELF => Err(not_oneself(rtype)),
            _ => Err(forbidden(action, rtype)),
        }
    }

    /// What protects or hides a fact is not taken away by writing the fact again.
    fn keeps_labels(&self, view: &View, current: &StoredResource, value: &Value) -> Result<(), HubError> {
        let labels = view.policies().labels();
        let kept = labels.of_kind(LabelKind::Protected);
        let before = view.labels_of_body(current.body.as_deref().unwrap_or_default());
        let after = view.labels_of(value);
        if before.within(kept).is_within(after) {
            return Ok(());
        }
        Err(HubError::Forbidden(format!(
            "meta.security: {} cannot be taken away here; keep the labels of the version you read",
            labels.names(before.within(kept)).join(", ")
        )))
    }
}

/// Why nobody does this for oneself, and who does.
pub(crate) fn not_oneself(rtype: &str) -> HubError {
    HubError::Forbidden(format!(
        "{rtype}: nobody gives, changes or ends an assignment of their own, or brings their own codice fiscale to another \
         record of the staff, for roles come from there (policy not-oneself); a colleague of the office that keeps the \
         registry of the staff does it"
    ))
}

fn forbidden(action: Action, rtype: &str) -> HubError {
    let verb = match action {
        Action::Read => "read",
        Action::Write => "write",
        Action::Delete => "delete",
        Action::Export => "export",
    };
    HubError::Forbidden(format!(
        "you may not {verb} this {rtype}: it needs a tie to the patient (chosen doctor, care team, unit, step in hand, \
         consent) that a policy accepts for it"
    ))
}
