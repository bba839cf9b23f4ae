//! EHR launch: a professional opens an application on the patient (and encounter) in front of them.

use crate::records::{self, Ending, LAUNCH};
use crate::{Code, Oauth, OauthError};
use access::Actor;
use serde::{Deserialize, Serialize};

/// How long a launch is good, seconds.
const LAUNCH_S: i64 = 300;

/// What is in front of the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launch {
    /// The application, by `client_id`.
    pub client: String,
    /// Who launches.
    #[serde(default)]
    pub subject: String,
    /// Id of the patient.
    pub patient: Option<String>,
    /// Id of the encounter.
    #[serde(default)]
    pub encounter: Option<String>,
}

impl Oauth {
    /// The address at which an application begins, on what is in front of `actor`.
    ///
    /// # Errors
    /// The application is not there or has no launch address; a citizen launches on another's data.
    pub async fn launch(&self, actor: &Actor, launch: Launch) -> Result<String, OauthError> {
        if actor.patient().is_some() && actor.patient() != launch.patient.as_deref() {
            let why = "an application may see your own data only";
            return Err(OauthError::new(Code::AccessDenied, why));
        }
        let client = self.client(&launch.client).await?;
        let begins = client.launch.ok_or_else(|| {
            OauthError::request(format!(
                "the application '{}' was registered without a launch address",
                client.id
            ))
        })?;
        let id = self.secret();
        let now = self.now();
        let record = Ending {
            until: now + LAUNCH_S,
            value: Launch {
                subject: actor.subject.clone(),
                ..launch
            },
        };
        let mut writes = records::ended(self.store.as_ref(), LAUNCH, &id, now).await?;
        writes.push(records::write(LAUNCH, &id, true, &record));
        records::commit(self.store.as_ref(), writes).await?;
        let pairs = [("iss", self.config.fhir.as_str()), ("launch", id.as_str())];
        let query = serde_urlencoded::to_string(pairs).expect("pairs of texts encode");
        let joint = if begins.contains('?') { '&' } else { '?' };
        Ok(format!("{begins}{joint}{query}"))
    }

    /// The applications that can be launched.
    ///
    /// # Errors
    /// The store fails.
    pub async fn launchable(&self) -> Result<Vec<crate::Client>, OauthError> {
        let mut all = self.clients().await?;
        all.retain(|client| client.launch.is_some() && !client.disabled);
        Ok(all)
    }
}
