//! The person's word on a request: what is asked, yes or no.

use crate::authorize::{PENDING, Pending};
use crate::records::{self, CODE, Ending, GRANT};
use crate::{Client, Code, Grant, Oauth, OauthError, scope};
use access::{Actor, Session};
use serde::{Deserialize, Serialize};

/// How long a code is good, seconds (RFC 6749 section 4.1.2: at most ten minutes, and short).
const CODE_S: i64 = 60;
/// Longest sealed request read, bytes.
const MAX_SEALED: usize = 32 * 1024;
/// How long a used code is recognised as one, seconds.
const REMEMBER_S: i64 = 900;

/// A code's record.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CodeRecord {
    pub client: String,
    pub redirect: String,
    pub challenge: String,
    pub nonce: Option<String>,
    /// Key of the grant.
    pub grant: String,
    /// Good until, seconds since 1970.
    pub good: i64,
}

/// Who gives a permission, in which session: by it the person can be asked for again when the application comes back.
#[derive(Debug, Clone, Copy)]
pub struct Who<'a> {
    /// The person.
    pub actor: &'a Actor,
    /// Id of the session.
    pub session: Option<&'a str>,
}

impl<'a> From<&'a Actor> for Who<'a> {
    fn from(actor: &'a Actor) -> Self {
        Self { actor, session: None }
    }
}

impl<'a> From<&'a Session> for Who<'a> {
    fn from(session: &'a Session) -> Self {
        Self {
            actor: &session.actor,
            session: Some(&session.id),
        }
    }
}

/// What the person is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The application.
    pub client: Client,
    /// What it wants to do.
    pub scopes: Vec<String>,
    /// Whether one patient must be in context.
    pub needs_patient: bool,
    /// The patient that the launch brought.
    pub patient: Option<String>,
    /// Host the answer goes to.
    pub goes_to: String,
}

impl Oauth {
    /// What a waiting request asks; `None` when it is unknown, answered or too old.
    ///
    /// # Errors
    /// The client is not there any more, or the store fails.
    pub async fn question(&self, id: &str, actor: &Actor) -> Result<Option<Question>, OauthError> {
        let Some(pending) = self.pending(id).await? else {
            return Ok(None);
        };
        let client = self.client(&pending.client).await?;
        Ok(Some(Question {
            needs_patient: scope::needs_patient(&pending.scopes),
            patient: self.patient_of(&pending, actor, None).unwrap_or_default(),
            goes_to: host(&pending.redirect),
            scopes: pending.scopes,
            client,
        }))
    }

    /// The person says yes, to all of `scopes` that were asked for. Gives the address the browser goes to.
    ///
    /// # Errors
    /// The request is unknown, answered or too old; a patient is needed or may not be chosen; the launch is another person's.
    pub async fn approve(
        &self,
        id: &str,
        who: impl Into<Who<'_>>,
        scopes: &[String],
        patient: Option<&str>,
    ) -> Result<String, OauthError> {
        let Who { actor, session } = who.into();
        let over =
            || OauthError::request("the request was answered already, or took longer than 15 minutes: begin again");
        let pending = self.pending(id).await?.ok_or_else(over)?;
        let client = self.client(&pending.client).await?;
        if actor.client.is_some() {
            return Err(OauthError::new(
                Code::AccessDenied,
                "only a person can give a permission",
            ));
        }
        let granted: Vec<String> = pending
            .scopes
            .iter()
            .filter(|scope| scopes.contains(scope))
            .cloned()
            .collect();
        if granted.is_empty() {
            return Err(OauthError::new(Code::InvalidScope, "nothing was permitted"));
        }
        let patient = self.patient_of(&pending, actor, patient)?;
        if patient.is_none() && scope::needs_patient(&granted) {
            return Err(OauthError::request(
                "choose the patient whose data the application may see",
            ));
        }
        let now = self.now();
        let grant = Grant {
            id: self.ids.next(),
            client: client.id.clone(),
            client_name: client.name,
            actor: actor.clone(),
            username: self.username(session).await?,
            scopes: granted,
            patient,
            encounter: pending.launch.as_ref().and_then(|launch| launch.encounter.clone()),
            since: now,
            until: now + self.config.grant_s,
            revoked: None,
        };
        let code = self.secret();
        let key = jose::s256(&code);
        let record = Ending {
            until: now + REMEMBER_S,
            value: CodeRecord {
                client: client.id,
                redirect: pending.redirect.clone(),
                challenge: pending.challenge,
                nonce: pending.nonce,
                grant: grant.key(),
                good: now + CODE_S,
            },
        };
        let mut writes = records::ended(self.store.as_ref(), CODE, &key, now).await?;
        writes.push(records::write(CODE, &key, true, &record));
        writes.push(records::write(GRANT, &grant.key(), true, &grant));
        // Of two clicks one counts.
        if !self.use_once_with("pending", id, now + 900, writes).await? {
            return Err(over());
        }
        let audit = self.audited(
            &actor.subject,
            "oauth grant",
            &grant.client,
            grant.patient.as_deref(),
            "permit person",
        );
        self.commit(vec![], vec![audit]).await?;
        Ok(self.back(&pending.redirect, pending.state.as_deref(), &[("code", &code)]))
    }

    /// The person says no.
    ///
    /// # Errors
    /// The request is unknown, answered or too old.
    pub async fn deny(&self, id: &str) -> Result<String, OauthError> {
        let pending = self.pending(id).await?;
        let over = || OauthError::request("the request was answered already");
        let pending = pending.ok_or_else(over)?;
        if !self.use_once("pending", id, self.now() + 900).await? {
            return Err(over());
        }
        let error = OauthError::new(Code::AccessDenied, "the person did not permit it");
        Ok(self.back_with_error(&pending.redirect, pending.state.as_deref(), &error))
    }

    async fn username(&self, session: Option<&str>) -> Result<Option<String>, OauthError> {
        match (&self.config.persons, session) {
            (Some(persons), Some(session)) => Ok(persons.username(session).await?),
            _ => Ok(None),
        }
    }

    /// The sealed request, if it is ours, not too old and not answered.
    async fn pending(&self, id: &str) -> Result<Option<Pending>, OauthError> {
        if id.len() > MAX_SEALED {
            return Ok(None);
        }
        let text = self.seal.open(id, PENDING);
        let found: Option<Ending<Pending>> = text.and_then(|text| serde_json::from_str(&text).ok());
        let found = found.filter(|found| found.until > self.now()).map(|found| found.value);
        if found.is_some() && self.was_used("pending", id).await? {
            return Ok(None);
        }
        Ok(found)
    }

    /// The patient in context: that of the launch, the person itself (or whom it acts for), or the one chosen.
    fn patient_of(&self, pending: &Pending, actor: &Actor, chosen: Option<&str>) -> Result<Option<String>, OauthError> {
        let denied = |why: &str| Err(OauthError::new(Code::AccessDenied, why));
        if let Some(launch) = &pending.launch {
            if launch.subject != actor.subject {
                return denied("the launch was begun by another person");
            }
            if chosen.is_some_and(|chosen| launch.patient.as_deref() != Some(chosen)) {
                return denied("the launch has another patient");
            }
            return Ok(launch.patient.clone());
        }
        let own = actor
            .acts_for
            .as_deref()
            .unwrap_or(&actor.subject)
            .strip_prefix("Patient/");
        match (own, chosen) {
            (Some(own), Some(chosen)) if own != chosen => denied("an application may see your own data only"),
            (Some(own), _) => Ok(Some(own.to_owned())),
            (None, Some(chosen)) if !good_id(chosen) => Err(OauthError::request("the patient's id is not one of FHIR")),
            (None, chosen) => Ok(chosen.map(str::to_owned)),
        }
    }
}

fn good_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

/// Host of a redirect URI, or its scheme where it has none.
fn host(uri: &str) -> String {
    let (scheme, rest) = uri.split_once(':').unwrap_or((uri, ""));
    let host = rest.strip_prefix("//").and_then(|rest| rest.split(['/', '?']).next());
    host.filter(|host| !host.is_empty()).unwrap_or(scheme).to_owned()
}
