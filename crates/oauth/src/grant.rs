//! What persons granted to applications: listed, and revoked by them at any time.

use crate::records::{self, GRANT};
use crate::{Oauth, OauthError};
use access::{Actor, ClientGrant};
use serde::{Deserialize, Serialize};

/// Most grants of a person that are listed.
const MAX_LISTED: usize = 500;

/// One permission that a person gave to an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Id.
    pub id: String,
    /// `client_id`.
    pub client: String,
    /// Name of the application when it was given.
    pub client_name: String,
    /// Who gave it, as who it was then.
    pub actor: Actor,
    /// The account, so that the person can be asked for again.
    #[serde(default)]
    pub username: Option<String>,
    /// Scopes.
    pub scopes: Vec<String>,
    /// Id of the patient in context.
    pub patient: Option<String>,
    /// Id of the encounter in context.
    pub encounter: Option<String>,
    /// Given at, seconds since 1970.
    pub since: i64,
    /// Ends at, seconds since 1970.
    pub until: i64,
    /// Why it was revoked.
    #[serde(default)]
    pub revoked: Option<String>,
}

impl Grant {
    pub(crate) fn key(&self) -> String {
        format!("{}~{}", self.actor.subject, self.id)
    }

    /// What an access token of it says.
    pub(crate) fn client_grant(&self, scopes: Vec<String>) -> ClientGrant {
        ClientGrant {
            client: self.client.clone(),
            scopes,
            patient: self.patient.clone(),
            purpose: None,
        }
    }
}

impl Oauth {
    /// The permissions of a person that are in force, newest first.
    ///
    /// # Errors
    /// The store fails.
    pub async fn grants_of(&self, subject: &str) -> Result<Vec<Grant>, OauthError> {
        let prefix = format!("{subject}~");
        let rows = self.store.snapshot().await?.records(GRANT, &prefix, MAX_LISTED).await?;
        let mut list = vec![];
        for (key, bytes) in rows {
            let grant: Grant = records::parse(GRANT, &key, &bytes)?;
            if grant.revoked.is_none() && grant.until > self.now() {
                list.push(grant);
            }
        }
        list.sort_by_key(|grant| std::cmp::Reverse(grant.since));
        Ok(list)
    }

    /// Revokes a permission of a person: its tokens end at once. One that is not there, or another's, is no error.
    ///
    /// # Errors
    /// The store fails.
    pub async fn revoke_grant(&self, subject: &str, id: &str, why: &str) -> Result<(), OauthError> {
        self.revoke_grant_key(&format!("{subject}~{id}"), why).await
    }

    pub(crate) async fn revoke_grant_key(&self, key: &str, why: &str) -> Result<(), OauthError> {
        let Some(mut grant) = records::read::<Grant>(self.store.as_ref(), GRANT, key).await? else {
            return Ok(());
        };
        if grant.revoked.is_some() {
            return Ok(());
        }
        grant.revoked = Some(why.to_owned());
        let mark = self
            .revoked
            .mark(&format!("sid:{}", grant.id), self.now(), self.config.access_s);
        let writes = vec![mark, records::write(GRANT, key, false, &grant)];
        let audit = self.audited(
            &grant.actor.subject,
            "oauth revoke",
            &grant.client,
            grant.patient.as_deref(),
            why,
        );
        self.commit(writes, vec![audit]).await
    }

    /// A permission with its person as of today; revoked when there is none any more.
    pub(crate) async fn as_of_today(&self, mut grant: Grant) -> Result<Option<Grant>, OauthError> {
        let (Some(persons), Some(username)) = (&self.config.persons, &grant.username) else {
            return Ok(Some(grant));
        };
        match persons.present(username, &grant.actor).await? {
            Some(actor) => {
                grant.actor = actor;
                Ok(Some(grant))
            }
            None => {
                let why = "the person's account or capacity has ended";
                self.revoke_grant_key(&grant.key(), why).await?;
                Ok(None)
            }
        }
    }

    /// A permission that is in force.
    pub(crate) async fn grant(&self, key: &str) -> Result<Option<Grant>, OauthError> {
        let grant: Option<Grant> = records::read(self.store.as_ref(), GRANT, key).await?;
        Ok(grant.filter(|grant| grant.revoked.is_none() && grant.until > self.now()))
    }
}
