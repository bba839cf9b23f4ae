//! Who asks: bearer token, HTTP Basic, session cookie, or (development) anyone.

use super::refusal::Audience;
use super::{Guard, Refusal, TrustedOrigin};
use crate::{Actor, BearerError, Session, SignInError, cookie, session_cookie_name};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use http::{header, request::Parts};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;
use std::collections::HashMap;
use std::sync::Mutex;
use store::Random;

pub(super) struct Caller {
    pub actor: Actor,
    pub means: Means,
}

pub(super) enum Means {
    Session(Box<Session>),
    Credentials,
    /// Another part of this program, for the actor.
    Node,
}

impl Caller {
    pub(super) fn session(&self) -> Option<&Session> {
        match &self.means {
            Means::Session(session) => Some(session),
            Means::Credentials | Means::Node => None,
        }
    }

    fn with_credentials(actor: Actor) -> Self {
        Self {
            actor,
            means: Means::Credentials,
        }
    }
}

/// Where HTTP Basic carries the credentials of an OAuth client, which the endpoint itself checks (RFC 6749 section 2.3.1).
const CLIENT_ENDPOINTS: &[&str] = &["/oauth/token", "/oauth/introspect", "/oauth/revoke"];

impl Guard {
    /// `Ok(None)`: nobody. Credentials that are wrong are an error even where none are needed.
    pub(super) async fn authenticate(&self, parts: &Parts) -> Result<Option<Caller>, Refusal> {
        if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
            let value = value
                .to_str()
                .map_err(|_| bad("the Authorization header is not ASCII"))?;
            let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
            return match scheme.to_ascii_lowercase().as_str() {
                "bearer" => self.bearer(rest.trim(), parts).await.map(Some),
                "basic" if CLIENT_ENDPOINTS.contains(&parts.uri.path()) => Ok(None),
                "basic" => self.basic(rest.trim()).await.map(Some),
                _ => Err(bad("only Bearer and Basic are known in the Authorization header")),
            };
        }
        if let Some(token) = cookie(&parts.headers, session_cookie_name(self.0.options.secure_cookies)) {
            let session = self.0.identity.session(token).await.map_err(unavailable)?;
            if let Some(session) = session {
                let actor = session.actor.clone();
                return Ok(Some(Caller {
                    actor,
                    means: Means::Session(Box::new(session)),
                }));
            }
        }
        Ok(self.developer(parts))
    }

    /// A token of ours between nodes, or one of a client.
    async fn bearer(&self, token: &str, parts: &Parts) -> Result<Caller, Refusal> {
        for verifier in self.0.bearers.get().into_iter().flatten() {
            match verifier.verify(token, parts).await {
                Ok(Some(actor)) => return Ok(Caller::with_credentials(actor)),
                Ok(None) => {}
                Err(BearerError::Invalid(why)) => return Err(bad(&why)),
                Err(BearerError::Unavailable(why)) => {
                    tracing::error!(%why, "a bearer token cannot be checked");
                    return Err(Refusal::Unavailable);
                }
            }
        }
        let actor = self.0.tokens.verify(token).map_err(|e| bad(&e.to_string()))?;
        Ok(Caller {
            actor,
            means: Means::Node,
        })
    }

    async fn basic(&self, encoded: &str) -> Result<Caller, Refusal> {
        let now = self.0.clock.now();
        // Before looking: who is disabled meanwhile is not remembered as being there.
        let changes = self.0.identity.changes();
        let known = self.0.basic.get(encoded, now, changes);
        let malformed = || bad("HTTP Basic wants base64 of user:password");
        let bytes = STANDARD.decode(encoded).map_err(|_| malformed())?;
        let text = String::from_utf8(bytes).map_err(|_| malformed())?;
        let (username, password) = text.split_once(':').ok_or_else(malformed)?;
        if let Some(known) = known
            && let Some(actor) = self.0.identity.again(username, &known).await.map_err(unavailable)?
        {
            return Ok(Caller::with_credentials(actor));
        }
        match self.0.identity.verify(username, password).await {
            Ok(actor) => {
                self.0.basic.put(encoded, &actor, now, changes);
                Ok(Caller::with_credentials(actor))
            }
            Err(SignInError::Wrong) => Err(bad("user name or password are wrong")),
            Err(error @ SignInError::MoreNeeded) => Err(bad(&error.to_string())),
            Err(SignInError::Locked { retry_after_s }) => Err(Refusal::TooMany { retry_after_s }),
            Err(SignInError::Access(error)) => Err(unavailable(error)),
        }
    }

    /// Development mode: API calls from this machine's tools, not from a web page of somebody else.
    fn developer(&self, parts: &Parts) -> Option<Caller> {
        let foreign = parts.headers.contains_key(header::ORIGIN)
            || parts
                .headers
                .get("sec-fetch-site")
                .is_some_and(|site| site != "same-origin" && site != "none");
        let foreign = foreign && parts.extensions.get::<TrustedOrigin>().is_none();
        if !self.0.options.open_api || foreign || Audience::of(parts) == Audience::Browser {
            return None;
        }
        Some(Caller::with_credentials(Actor {
            subject: "system".into(),
            name: "Sviluppo".into(),
            roles: vec!["admin".into(), "system".into()],
            ..Actor::default()
        }))
    }
}

fn bad(why: &str) -> Refusal {
    Refusal::BadCredentials(why.to_owned())
}

#[allow(clippy::needless_pass_by_value, reason = "used as map_err argument")]
fn unavailable(error: crate::AccessError) -> Refusal {
    tracing::error!(%error, "identity check failed");
    Refusal::Unavailable
}

/// Right Basic credentials are remembered for a minute: hashing a password per API call would be the cost of the call. What
/// their owner may do is asked anew each time.
pub(super) struct BasicCache {
    mac: Hmac<Sha256>,
    known: Mutex<HashMap<Vec<u8>, (Actor, Timestamp, u64)>>,
}

const REMEMBER: SignedDuration = SignedDuration::from_secs(60);
const MAX_REMEMBERED: usize = 1000;

impl BasicCache {
    pub(super) fn new(random: &dyn Random) -> Self {
        let mut key = [0; 32];
        random.fill(&mut key);
        let mac = Hmac::new_from_slice(&key).expect("HMAC takes a key of any length");
        Self {
            mac,
            known: Mutex::default(),
        }
    }

    /// `changes`: of accounts, see [`crate::Identity::changes`].
    fn get(&self, encoded: &str, now: Timestamp, changes: u64) -> Option<Actor> {
        let known = self.known.lock().expect("cache lock");
        let (actor, until, then) = known.get(&self.key(encoded))?;
        (*until > now && *then == changes).then(|| actor.clone())
    }

    fn put(&self, encoded: &str, actor: &Actor, now: Timestamp, changes: u64) {
        let mut known = self.known.lock().expect("cache lock");
        if known.len() >= MAX_REMEMBERED {
            known.clear();
        }
        known.insert(self.key(encoded), (actor.clone(), now + REMEMBER, changes));
    }

    fn key(&self, encoded: &str) -> Vec<u8> {
        let mut mac = self.mac.clone();
        mac.update(encoded.as_bytes());
        mac.finalize().into_bytes().to_vec()
    }
}
