//! Delete: `DELETE [base]/Type/id`, with `If-Match`; `DELETE [base]/Type?criteria`, of at most as many as the
//! installation permits.

use crate::http::{Answer, Ask, Return};
use crate::hub::stored;
use crate::outcome::{self, Issue};
use crate::parse;
use crate::routes::unknown_operation;
use crate::scope::Scope;
use crate::update::check_match;
use crate::{Hub, HubError};
use std::sync::Arc;
use store::{StoredResource, Transaction, prepare_delete};

/// Deletions that an OperationOutcome names.
const MAX_TOLD: usize = 100;

impl Hub {
    /// Deletes; earlier versions stay readable. `Ok(None)`: there was nothing to delete.
    pub async fn delete(
        &self,
        rtype: &str,
        id: &str,
        if_match: Option<u64>,
    ) -> Result<Option<StoredResource>, HubError> {
        self.delete_by(&Scope::All, rtype, id, if_match).await
    }

    /// As [`Hub::delete`], on behalf of somebody.
    pub(crate) async fn delete_by(
        &self,
        by: &Scope,
        rtype: &str,
        id: &str,
        if_match: Option<u64>,
    ) -> Result<Option<StoredResource>, HubError> {
        self.check_type(rtype)?;
        let mut turn = None;
        for attempt in 0..=self.config.limits.retries {
            self.turns.wait((rtype, id), attempt, &mut turn).await;
            let current = self.snapshot().await?.read(rtype, id).await?;
            by.admit_to_write(rtype, id, current.as_ref())?;
            if let Some(current) = &current {
                by.may_delete(current)?;
            }
            check_match(rtype, id, if_match, current.as_ref().map_or(0, |c| c.version))?;
            let Some(current) = current.filter(|c| c.body.is_some()) else {
                return Ok(None);
            };
            let write = prepare_delete(rtype, id, current.version, current.patient, self.clock.now());
            let resource = stored(&write);
            let transaction = Transaction {
                resources: vec![write],
                ..Transaction::default()
            };
            if self.try_commit(transaction).await?.is_some() {
                return Ok(Some(resource));
            }
        }
        let attempts = self.config.limits.retries + 1;
        Err(HubError::Contention {
            rtype: rtype.to_owned(),
            id: id.to_owned(),
            attempts,
        })
    }

    /// Deletes what matches, in one commit; gives the deletions. More matches than
    /// [`HubConfig::delete_matches`](crate::HubConfig::delete_matches) are an error, and nothing is deleted.
    pub async fn delete_matching(&self, rtype: &str, criteria: &str) -> Result<Vec<StoredResource>, HubError> {
        self.delete_matching_by(&Scope::All, rtype, criteria).await
    }

    /// As [`Hub::delete_matching`], on behalf of somebody.
    pub(crate) async fn delete_matching_by(
        &self,
        by: &Scope,
        rtype: &str,
        criteria: &str,
    ) -> Result<Vec<StoredResource>, HubError> {
        self.check_type(rtype)?;
        let most = self.config.delete_matches.max(1);
        let mut query = parse::criteria(&self.parse_context(), rtype, criteria)?;
        query.page.count = most + 1;
        by.narrow(&mut query)?;
        let mut turn = None;
        for attempt in 0..=self.config.limits.retries {
            self.turns.wait((rtype, criteria), attempt, &mut turn).await;
            let found = self.snapshot().await?.search(&query).await?.matches;
            if found.len() > most {
                return Err(HubError::MultipleMatches {
                    criteria: criteria.to_owned(),
                    count: if most == 1 {
                        "several".into()
                    } else {
                        format!("more than {most}")
                    },
                });
            }
            found.iter().try_for_each(|one| by.may_delete(one))?;
            let now = self.clock.now();
            let write = |one: StoredResource| prepare_delete(rtype, &one.id, one.version, one.patient, now);
            let resources: Vec<_> = found.into_iter().map(write).collect();
            let deleted: Vec<StoredResource> = resources.iter().map(stored).collect();
            let transaction = Transaction {
                resources,
                ..Transaction::default()
            };
            if deleted.is_empty() || self.try_commit(transaction).await?.is_some() {
                return Ok(deleted);
            }
        }
        Err(HubError::Contention {
            rtype: rtype.to_owned(),
            id: criteria.to_owned(),
            attempts: self.config.limits.retries + 1,
        })
    }
}

/// The HTTP handler of `DELETE [base]/Type/id`.
pub(crate) async fn handle(hub: Arc<Hub>, ask: Ask) -> Result<Answer, HubError> {
    let (rtype, id) = (ask.param("type"), ask.param("id"));
    ask.may_write(&hub)?;
    if let Some(error) = unknown_operation(&format!("{rtype}/{id}")) {
        return Err(error);
    }
    let deleted = hub.delete_by(&ask.scope, rtype, id, ask.if_match()?).await?;
    Ok(answer(&ask, deleted.as_slice()))
}

/// The HTTP handler of `DELETE [base]/Type?criteria`.
pub(crate) async fn handle_matching(hub: Arc<Hub>, ask: Ask) -> Result<Answer, HubError> {
    let rtype = ask.param("type");
    ask.may_write(&hub)?;
    let deleted = hub.delete_matching_by(&ask.scope, rtype, &ask.query).await?;
    Ok(answer(&ask, &deleted))
}

/// 204, or what was done in words for who prefers an OperationOutcome.
fn answer(ask: &Ask, deleted: &[StoredResource]) -> Answer {
    let about = if let [one] = deleted { Some(one) } else { None };
    let empty = Answer::deleted(about);
    if ask.prefer.returns != Some(Return::Outcome) {
        return empty;
    }
    let told = |one: &StoredResource| Issue::information(format!("deleted {}/{}", one.rtype, one.id));
    let issues: Vec<Issue> = match deleted {
        [] => vec![Issue::information("there was nothing to delete")],
        some => some.iter().take(MAX_TOLD).map(told).collect(),
    };
    Answer::made(outcome::bytes(&issues)).speaking_of(empty.about)
}
