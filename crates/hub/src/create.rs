//! Create: `POST [base]/Type`, also conditional (`If-None-Exist`).

use crate::http::{Answer, Ask};
use crate::hub::{Effect, Written, stored};
use crate::parse;
use crate::scope::Scope;
use crate::{Hub, HubError, binary};
use serde_json::Value;
use std::sync::Arc;
use store::{Method, Precondition, Query, StoredResource, Transaction};

impl Hub {
    /// Stores a new resource under an id of the server's choosing.
    ///
    /// With `if_none_exist` (search criteria without `?`): nothing is written when one resource matches
    /// ([`Effect::Existed`]), and more than one is an error. Two concurrent calls with the same criteria make one.
    pub async fn create(&self, rtype: &str, value: Value, if_none_exist: Option<&str>) -> Result<Written, HubError> {
        self.create_by(&Scope::All, rtype, value, if_none_exist).await
    }

    /// As [`Hub::create`], on behalf of somebody.
    pub(crate) async fn create_by(
        &self,
        by: &Scope,
        rtype: &str,
        value: Value,
        if_none_exist: Option<&str>,
    ) -> Result<Written, HubError> {
        self.check_type(rtype)?;
        expect_type(rtype, &value)?;
        let criteria = match if_none_exist {
            Some(text) => {
                let mut query = parse::criteria(&self.parse_context(), rtype, text)?;
                by.narrow(&mut query)?;
                Some((text, query))
            }
            None => None,
        };
        let id = self.ids.next();
        let mut turn = None;
        for attempt in 0..=self.config.limits.retries {
            self.turns.wait((rtype, if_none_exist), attempt, &mut turn).await;
            let mut transaction = Transaction::default();
            if let Some((text, query)) = &criteria {
                if let Some(resource) = self.the_match(query, text).await? {
                    return Ok(Written {
                        resource,
                        effect: Effect::Existed,
                        issues: Vec::new(),
                    });
                }
                transaction.preconditions.push(Precondition::NoMatch(query.clone()));
            }
            let prepared = self.prepare_checked(by, value.clone(), &id, None, Method::Post).await?;
            let resource = stored(&prepared.write);
            transaction.resources.push(prepared.write);
            if self.try_commit(transaction).await?.is_some() {
                return Ok(Written {
                    resource,
                    effect: Effect::Created,
                    issues: prepared.issues,
                });
            }
        }
        Err(HubError::Contention {
            rtype: rtype.to_owned(),
            id,
            attempts: self.config.limits.retries + 1,
        })
    }

    /// The one resource that matches; `None` if none does.
    pub(crate) async fn the_match(&self, query: &Query, text: &str) -> Result<Option<StoredResource>, HubError> {
        let mut page = self.snapshot().await?.search(query).await?;
        if page.matches.len() > 1 {
            return Err(HubError::MultipleMatches {
                criteria: text.to_owned(),
                count: "several".into(),
            });
        }
        Ok(page.matches.pop())
    }
}

/// The body must be of the type the URL names.
pub(crate) fn expect_type(rtype: &str, value: &Value) -> Result<(), HubError> {
    let found = fhir::resource_type(value)?;
    if found == rtype {
        return Ok(());
    }
    Err(HubError::bad(format!(
        "the URL is about {rtype}, but the body's resourceType is '{found}'"
    )))
}

/// The HTTP handler.
pub(crate) async fn handle(hub: Arc<Hub>, mut ask: Ask) -> Result<Answer, HubError> {
    ask.may_write(&hub)?;
    let value = match binary::sent(&hub, &mut ask, None).await? {
        Some(value) => value,
        None => ask.json(&hub).await?,
    };
    ask.writes_within_condition(&hub, None, None, &value)?;
    let rtype = ask.param("type");
    let criteria = ask
        .header("if-none-exist")?
        .map(|text| parse::criteria_text(rtype, text));
    let written = hub.create_by(&ask.scope, rtype, value, criteria).await?;
    Ok(Answer::written(&ask.scope, &written))
}
