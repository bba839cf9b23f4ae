//! Delete: `DELETE [base]/Type/id`, with `If-Match`; `DELETE [base]/Type?criteria` (at most one match).

use crate::http::{Answer, Ask};
use crate::hub::stored;
use crate::parse;
use crate::update::check_match;
use crate::{Hub, HubError};
use std::sync::Arc;
use store::{StoredResource, Transaction, prepare_delete};

impl Hub {
    /// Deletes; earlier versions stay readable. `Ok(None)`: there was nothing to delete.
    pub async fn delete(
        &self,
        rtype: &str,
        id: &str,
        if_match: Option<u64>,
    ) -> Result<Option<StoredResource>, HubError> {
        self.check_type(rtype)?;
        let mut turn = None;
        for attempt in 0..=self.config.limits.retries {
            self.turns.wait((rtype, id), attempt, &mut turn).await;
            let current = self.snapshot().await?.read(rtype, id).await?;
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

    /// Deletes the one resource that matches; more than one is an error.
    pub async fn delete_matching(&self, rtype: &str, criteria: &str) -> Result<Option<StoredResource>, HubError> {
        self.check_type(rtype)?;
        let query = parse::criteria(&self.parse_context(), rtype, criteria)?;
        match self.the_match(&query, criteria).await? {
            Some(found) => self.delete(rtype, &found.id, None).await,
            None => Ok(None),
        }
    }
}

/// The HTTP handler of `DELETE [base]/Type/id`.
pub(crate) async fn handle(hub: Arc<Hub>, ask: Ask) -> Result<Answer, HubError> {
    let (rtype, id) = (ask.param("type"), ask.param("id"));
    ask.may_write(&hub)?;
    let deleted = hub.delete(rtype, id, ask.if_match()?).await?;
    Ok(Answer::deleted(deleted.as_ref()))
}

/// The HTTP handler of `DELETE [base]/Type?criteria`.
pub(crate) async fn handle_matching(hub: Arc<Hub>, ask: Ask) -> Result<Answer, HubError> {
    let rtype = ask.param("type");
    ask.may_write(&hub)?;
    let deleted = hub.delete_matching(rtype, &ask.query).await?;
    Ok(Answer::deleted(deleted.as_ref()))
}
