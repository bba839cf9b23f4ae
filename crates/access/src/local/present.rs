//! [`Persons`] over the accounts of this node.

use super::LocalIdentity;
use super::account::find;
use crate::{AccessError, Actor, Persons, registry};
use async_trait::async_trait;

#[async_trait]
impl Persons for LocalIdentity {
    async fn username(&self, session: &str) -> Result<Option<String>, AccessError> {
        Ok(self.sessions.alive(session).await?.map(|stored| stored.username))
    }

    async fn present(&self, username: &str, was: &Actor) -> Result<Option<Actor>, AccessError> {
        let (store, now) = (self.store.as_ref(), self.clock.now());
        let account = find(store, username).await?.filter(|account| !account.disabled);
        let Some(account) = account else { return Ok(None) };
        let capacities = registry::capacities(store, &account, now).await?;
        let same =
            |subject: &str, organization: &Option<String>| subject == was.subject && *organization == was.organization;
        let Some(capacity) = capacities.into_iter().find(|one| same(&one.subject, &one.organization)) else {
            return Ok(None);
        };
        let actor = Actor {
            roles: capacity.roles,
            ..was.clone()
        };
        if let Some(ward) = &was.acts_for {
            let wards = registry::wards(store, &actor, now).await?;
            if !wards.iter().any(|known| known.patient == *ward) {
                return Ok(None);
            }
        }
        Ok(Some(actor))
    }
}
