//! Whose a Subscription is: who wrote it last. Nothing is notified that its owner may not see at the moment it is sent.
//!
//! The owner is kept in the resource, in an extension that only the server writes: roles and application as of the
//! writing, ties as of each notification. A Subscription without one (written before owners were kept) gets nothing until
//! it is written again.

use crate::scope::Scope;
use crate::{Hub, HubError};
use access::{Action, Actor, ClientGrant};
use serde_json::{Value, json};
use std::sync::Arc;
use store::{Snapshot, StoredResource};

/// Extension of `Subscription`, set by the server: who wrote it, in which roles, through which application.
pub const OWNER: &str = "https://sinfonia.it/fhir/StructureDefinition/subscription-owner";

/// Puts the acting person or program into a Subscription about to be written, in the place of whatever stood there.
pub(super) fn stamp(value: &mut Value) {
    let Some(object) = value.as_object_mut() else { return };
    if let Some(list) = object.get_mut("extension").and_then(Value::as_array_mut) {
        list.retain(|extension| extension["url"] != OWNER);
    }
    let Some(actor) = access::acting() else { return };
    let mut parts = vec![json!({"url": "who", "valueString": actor.subject})];
    let mut add = |url: &str, text: &str| parts.push(json!({"url": url, "valueString": text}));
    actor.roles.iter().for_each(|role| add("role", role));
    if let Some(organization) = &actor.organization {
        add("organization", organization);
    }
    if let Some(other) = &actor.acts_for {
        add("acts-for", other);
    }
    if let Some(client) = &actor.client {
        add("client", &client.client);
        client.scopes.iter().for_each(|scope| add("scope", scope));
        if let Some(patient) = &client.patient {
            add("patient", patient);
        }
    }
    parts.push(json!({"url": "assurance", "valueInteger": actor.assurance}));
    let extension = json!({"url": OWNER, "extension": parts});
    match object.get_mut("extension").and_then(Value::as_array_mut) {
        Some(list) => list.push(extension),
        None => {
            object.insert("extension".into(), json!([extension]));
        }
    }
}

/// The owner that a stored Subscription names.
pub(super) fn of(value: &Value) -> Option<Arc<Actor>> {
    let all = value["extension"].as_array()?;
    let parts = all.iter().find(|extension| extension["url"] == OWNER)?["extension"].as_array()?;
    let texts = |url: &str| {
        let own = parts.iter().filter(|part| part["url"] == url);
        own.filter_map(|part| Some(part["valueString"].as_str()?.to_owned()))
            .collect::<Vec<_>>()
    };
    let one = |url: &str| texts(url).into_iter().next();
    let assurance = parts.iter().find(|part| part["url"] == "assurance");
    let assurance = assurance.and_then(|part| part["valueInteger"].as_u64());
    let client = one("client").map(|client| {
        Arc::new(ClientGrant {
            client,
            scopes: texts("scope"),
            patient: one("patient"),
            purpose: None,
        })
    });
    Some(Arc::new(Actor {
        subject: one("who")?,
        name: String::new(),
        roles: texts("role"),
        organization: one("organization"),
        acts_for: one("acts-for"),
        assurance: assurance.and_then(|level| level.try_into().ok()).unwrap_or(0),
        client,
    }))
}

/// Whether somebody manages a stored Subscription: who wrote it last, through the same application if through one, and
/// who runs the installation.
pub(crate) fn manages(actor: &Actor, subscription: &Value) -> bool {
    if actor.has_role("admin") || actor.has_role("system") {
        return true;
    }
    let application = |actor: &Actor| actor.client.as_ref().map(|client| client.client.clone());
    of(subscription).is_some_and(|owner| {
        owner.subject == actor.subject
            && owner.acts_for == actor.acts_for
            && (actor.client.is_none() || application(&owner) == application(actor))
    })
}

/// Whether an owner may see a version now.
pub(super) async fn sees(hub: &Hub, owner: Option<&Actor>, version: &StoredResource) -> Result<bool, HubError> {
    Ok(scope(hub, owner, version).await?.is_some())
}

/// What an owner reaches now; `None`: not this version.
pub(super) async fn scope(
    hub: &Hub,
    owner: Option<&Actor>,
    version: &StoredResource,
) -> Result<Option<Scope>, HubError> {
    let Some(authorizer) = &hub.config.authorizer else {
        return Ok(Some(Scope::All));
    };
    let Some(owner) = owner else { return Ok(None) };
    if let Some(client) = &owner.client
        && !client.permits(&version.rtype, Action::Read).without_query()
    {
        return Ok(None);
    }
    let view = authorizer.view(owner, None).await;
    let view = view.map_err(|error| HubError::Unavailable(error.to_string()))?;
    let scope = if view.is_everything() {
        Scope::All
    } else {
        Scope::View(view)
    };
    Ok(scope.sees(version).then_some(scope))
}

/// The version that a change is about: of a deletion, what was deleted.
pub(super) async fn told(
    snapshot: &mut dyn Snapshot,
    version: &StoredResource,
) -> Result<Option<StoredResource>, store::StoreError> {
    if version.body.is_some() {
        return Ok(None);
    }
    let before = version.version.saturating_sub(1);
    snapshot.vread(&version.rtype, &version.id, before).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_wrote_it_manages_it_and_who_runs_the_installation() {
        let owned =
            |who: &str| json!({"extension": [{"url": OWNER, "extension": [{"url": "who", "valueString": who}]}]});
        let actor = |subject: &str, role: &str| Actor {
            subject: subject.into(),
            roles: vec![role.into()],
            ..Actor::default()
        };
        let mine = owned("Practitioner/1");
        assert!(manages(&actor("Practitioner/1", "data-manager"), &mine));
        assert!(!manages(&actor("Practitioner/2", "data-manager"), &mine));
        assert!(manages(&actor("Practitioner/2", "admin"), &mine));
        assert!(!manages(&actor("", "mmg"), &json!({})), "an old one, of nobody");
        let mut through = actor("Practitioner/1", "data-manager");
        through.client = Some(Arc::default());
        assert!(
            !manages(&through, &mine),
            "through an application that did not write it"
        );
    }

    #[test]
    fn what_somebody_claims_to_own_goes_away() {
        let mut value = json!({"extension": [{"url": OWNER, "extension": [{"url": "who", "valueString": "system"}]}]});
        stamp(&mut value);
        assert_eq!(of(&value), None, "nobody acts here, so nobody owns it");
    }
}
