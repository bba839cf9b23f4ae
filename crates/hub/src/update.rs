//! Update: `PUT [base]/Type/id` (creates under a client's id too), with `If-Match`; `PUT [base]/Type?criteria`.

use crate::create::expect_type;
use crate::http::{Answer, Ask};
use crate::hub::{Effect, Written, stored};
use crate::parse;
use crate::scope::Scope;
use crate::{Hub, HubError, binary, is_id};
use serde_json::Value;
use std::sync::Arc;
use store::{Method, Precondition, Transaction};

impl Hub {
    /// Stores `value` as the next version of `rtype/id`; creates it if it is not there.
    ///
    /// `if_match`: the version it must replace; another current version is [`HubError::VersionMismatch`]. Without it
    /// the last writer wins.
    pub async fn update(
        &self,
        rtype: &str,
        id: &str,
        value: Value,
        if_match: Option<u64>,
    ) -> Result<Written, HubError> {
        self.update_by(&Scope::All, rtype, id, value, if_match).await
    }

    /// As [`Hub::update`], on behalf of somebody.
    pub(crate) async fn update_by(
        &self,
        by: &Scope,
        rtype: &str,
        id: &str,
        value: Value,
        if_match: Option<u64>,
    ) -> Result<Written, HubError> {
        self.check_type(rtype)?;
        check_identity(rtype, id, &value)?;
        let mut turn = None;
        for attempt in 0..=self.config.limits.retries {
            self.turns.wait((rtype, id), attempt, &mut turn).await;
            let current = self.snapshot().await?.read(rtype, id).await?;
            let version = current.as_ref().map_or(0, |c| c.version);
            let live = current.as_ref().is_some_and(|c| c.body.is_some());
            by.admit_to_write(rtype, id, current.as_ref())?;
            check_match(rtype, id, if_match, version)?;
            let prepared = self
                .prepare_checked(by, value.clone(), id, current.as_ref(), Method::Put)
                .await?;
            let resource = stored(&prepared.write);
            let transaction = Transaction {
                resources: vec![prepared.write],
                ..Transaction::default()
            };
            if self.try_commit(transaction).await?.is_some() {
                let effect = if live { Effect::Updated } else { Effect::Created };
                return Ok(Written {
                    resource,
                    effect,
                    issues: prepared.issues,
                });
            }
        }
        let attempts = self.config.limits.retries + 1;
        Err(HubError::Contention {
            rtype: rtype.to_owned(),
            id: id.to_owned(),
            attempts,
        })
    }

    /// Updates the one resource that matches `criteria`; creates one when none does.
    pub async fn update_matching(
        &self,
        rtype: &str,
        criteria: &str,
        value: Value,
        if_match: Option<u64>,
    ) -> Result<Written, HubError> {
        self.update_matching_by(&Scope::All, rtype, criteria, value, if_match)
            .await
    }

    /// As [`Hub::update_matching`], on behalf of somebody.
    pub(crate) async fn update_matching_by(
        &self,
        by: &Scope,
        rtype: &str,
        criteria: &str,
        mut value: Value,
        if_match: Option<u64>,
    ) -> Result<Written, HubError> {
        self.check_type(rtype)?;
        expect_type(rtype, &value)?;
        let mut query = parse::criteria(&self.parse_context(), rtype, criteria)?;
        by.narrow(&mut query)?;
        let mut turn = None;
        for attempt in 0..=self.config.limits.retries {
            self.turns.wait((rtype, criteria), attempt, &mut turn).await;
            if let Some(found) = self.the_match(&query, criteria).await? {
                match value.get("id").and_then(Value::as_str) {
                    Some(id) if id != found.id => {
                        return Err(HubError::bad(format!(
                            "the body has the id '{id}', but {}/{} matches",
                            rtype, found.id
                        )));
                    }
                    _ => value["id"] = Value::from(found.id.as_str()),
                }
                // Its own turn may be the same lock.
                drop(turn);
                return self.update_by(by, rtype, &found.id, value, if_match).await;
            }
            if let Some(id) = value.get("id").and_then(Value::as_str) {
                let id = id.to_owned();
                drop(turn);
                return self.update_by(by, rtype, &id, value, if_match).await;
            }
            let prepared = self
                .prepare_checked(by, value.clone(), &self.ids.next(), None, Method::Post)
                .await?;
            let resource = stored(&prepared.write);
            let preconditions = vec![Precondition::NoMatch(query.clone())];
            let transaction = Transaction {
                preconditions,
                resources: vec![prepared.write],
                ..Transaction::default()
            };
            if self.try_commit(transaction).await?.is_some() {
                return Ok(Written {
                    resource,
                    effect: Effect::Created,
                    issues: prepared.issues,
                });
            }
        }
        let attempts = self.config.limits.retries + 1;
        Err(HubError::Contention {
            rtype: rtype.to_owned(),
            id: criteria.to_owned(),
            attempts,
        })
    }
}

/// The body must be the resource the URL names.
pub(crate) fn check_identity(rtype: &str, id: &str, value: &Value) -> Result<(), HubError> {
    expect_type(rtype, value)?;
    if !is_id(id) {
        return Err(HubError::bad(format!(
            "'{id}' is no id: 1 to 64 letters, digits, '-' or '.'"
        )));
    }
    match value.get("id").and_then(Value::as_str) {
        Some(found) if found == id => Ok(()),
        Some(found) => Err(HubError::bad(format!(
            "the URL names {rtype}/{id}, but the body's id is '{found}'"
        ))),
        None => Err(HubError::bad(format!(
            "the body has no id: to update {rtype}/{id} it must be \"{id}\""
        ))),
    }
}

/// Refuses when another version is current than the client expects.
pub(crate) fn check_match(rtype: &str, id: &str, if_match: Option<u64>, current: u64) -> Result<(), HubError> {
    match if_match {
        Some(expected) if expected != current => Err(HubError::VersionMismatch {
            rtype: rtype.to_owned(),
            id: id.to_owned(),
            expected: expected.to_string(),
            current,
        }),
        _ => Ok(()),
    }
}

/// The HTTP handler of `PUT [base]/Type/id`.
pub(crate) async fn handle(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    ask.may_write(&hub)?;
    let if_match = ask.if_match()?;
    let id = ask.param("id").to_owned();
    let value = match binary::sent(&hub, &mut ask, Some(&id)).await? {
        Some(value) => value,
        None => ask.json(&hub).await?,
    };
    let current = match ask.condition {
        Some(_) => hub.store.read(ask.param("type"), &id).await?,
        None => None,
    };
    ask.writes_within_condition(&hub, Some(&id), current.as_deref(), &value)?;
    let written = hub
        .update_by(&ask.scope, ask.param("type"), ask.param("id"), value, if_match)
        .await?;
    Ok(Answer::written(&ask.scope, &written))
}

/// The HTTP handler of `PUT [base]/Type?criteria`.
pub(crate) async fn handle_matching(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    ask.may_write(&hub)?;
    let if_match = ask.if_match()?;
    let value = ask.json(&hub).await?;
    let written = hub
        .update_matching_by(&ask.scope, ask.param("type"), &ask.query, value, if_match)
        .await?;
    Ok(Answer::written(&ask.scope, &written))
}
