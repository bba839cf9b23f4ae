//! What the scopes of a client ask of the one resource that it reads or writes: it must match a search of theirs
//! (SMART App Launch 2.2, scopes with search parameters). Looked at in memory, on the version itself; a condition that
//! cannot be told so is not met.

use crate::http::Ask;
use crate::subscriptions::{Candidate, Criteria};
use crate::{Hub, HubError};
use access::ScopeCondition;
use serde_json::Value;
use store::{Method, StoredResource};

fn holds(hub: &Hub, condition: &ScopeCondition, resource: &StoredResource, value: &Value) -> Result<bool, HubError> {
    let entries = fhir::extract(hub.definitions, value)?.entries;
    let candidate = Candidate {
        resource,
        entries: &entries,
    };
    let met = |query: &String| {
        let text = format!("{}?{query}", condition.rtype);
        // A condition that is no search of ours lets nothing through.
        Criteria::parse(&hub.parse_context(), &text).is_ok_and(|criteria| criteria.holds(candidate))
    };
    Ok(condition.rtype == resource.rtype && condition.queries.iter().any(met))
}

impl Ask {
    /// Whether the scopes of the client let it see a stored version; one that they do not does not exist for it.
    pub(crate) fn within_condition(&self, hub: &Hub, resource: &StoredResource) -> Result<(), HubError> {
        let Some(condition) = &self.condition else {
            return Ok(());
        };
        let body = resource.body.as_deref().unwrap_or_default();
        let value: Value = serde_json::from_slice(body).map_err(|error| HubError::json(&error))?;
        if holds(hub, condition, resource, &value)? {
            return Ok(());
        }
        Err(HubError::not_found(&resource.rtype, &resource.id))
    }

    /// Whether the scopes of the client let it write a resource; `current`: what it would replace, which must match, too.
    pub(crate) fn writes_within_condition(
        &self,
        hub: &Hub,
        id: Option<&str>,
        current: Option<&StoredResource>,
        value: &Value,
    ) -> Result<(), HubError> {
        let Some(condition) = &self.condition else {
            return Ok(());
        };
        let rtype = condition.rtype.clone();
        if let Some(current) = current.filter(|current| current.body.is_some()) {
            self.within_condition(hub, current)?;
        }
        let mut value = value.clone();
        hub.make_relative(&mut value);
        let to_be = StoredResource {
            rtype,
            id: id.unwrap_or_default().to_owned(),
            version: 0,
            last_updated: hub.clock.now(),
            method: Method::Put,
            body: None,
            patient: fhir::extract(hub.definitions, &value)?.patient,
        };
        if holds(hub, condition, &to_be, &value)? {
            return Ok(());
        }
        let text = format!(
            "the scopes of this application let it {} a {} that matches {}",
            if id.is_some() { "update" } else { "create" },
            to_be.rtype,
            condition.queries.join(" or ")
        );
        Err(HubError::Forbidden(text))
    }

    /// Refuses a form that reaches for other types than the scopes of the client cover.
    pub(crate) fn form_within_scopes(&self, pairs: &[crate::parse::pairs::Pair]) -> Result<(), HubError> {
        let actor = access::acting();
        let client = actor.as_ref().and_then(|actor| actor.client.as_deref());
        let names = || pairs.iter().map(|(name, _)| name.as_str());
        if client.is_some_and(|client| access::form_reaches_out(client, names())) {
            return Err(HubError::Forbidden(
                "what a search form brings in from other types (_include, _has, chains) needs a scope on all types"
                    .into(),
            ));
        }
        Ok(())
    }
}

/// Refuses what does not look at the conditions of scopes.
pub(crate) async fn not_looked_at() -> Result<crate::http::Answer, HubError> {
    let text = "a scope with search conditions does not cover this interaction: it needs one without";
    Err(HubError::Forbidden(text.into()))
}
