//! The one wrapper around every handler: authenticate, check the origin, decide, handle, audit.

mod authenticate;
mod client;
mod csrf;
mod pace;
mod refusal;
#[cfg(test)]
mod tests;

pub use client::{ScopeCondition, form_reaches_out};
pub use refusal::Refusal;

use crate::audit::NotRecorded;
use crate::policy::Verdict;
use crate::trace::{Trace, WithinRequest};
use crate::{
    Actor, Audit, AuditPatient, Authorizer, BearerVerifier, Identity, IdentityOptions, LocalIdentity, RouteInfo,
    Session, SigningKey, Tokens, session_cookie_name, set_cookie,
};
use authenticate::{BasicCache, Caller, Means};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode, header};
use std::sync::{Arc, OnceLock};
use store::{AuditEntry, Clock, Random, Store, SystemRandom};

/// How a guard behaves.
#[derive(Debug, Clone, Copy, Default)]
pub struct GuardOptions {
    /// API requests without credentials act as a development administrator. The binary permits it on loopback only.
    pub open_api: bool,
    /// The site is served over TLS: cookies are `Secure`.
    pub secure_cookies: bool,
    /// Requests are counted, and refused beyond the measure of `rules/pace.json`.
    pub paced: bool,
}

struct Inner {
    identity: Arc<dyn Identity>,
    authorizer: Authorizer,
    tokens: Tokens,
    clock: Arc<dyn Clock>,
    audit: Audit,
    basic: BasicCache,
    bearers: OnceLock<Vec<Arc<dyn BearerVerifier>>>,
    options: GuardOptions,
    pace: Option<pace::Pace>,
}

/// In a request's extensions: its `Origin` is one the installation lets call its API, so it is no forged request as long
/// as it identifies itself by more than a cookie.
#[derive(Debug, Clone, Copy)]
pub struct TrustedOrigin;

/// The wrapper; cheap to clone. Make one per process, inside the tokio runtime (it starts the audit writer).
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

impl Guard {
    /// A guard that asks `identity` who somebody is and writes the audit there, and `authorizer` what they may see.
    pub fn new(
        identity: Arc<dyn Identity>,
        authorizer: Authorizer,
        key: &SigningKey,
        clock: Arc<dyn Clock>,
        random: &dyn Random,
        options: GuardOptions,
    ) -> Self {
        let tokens = Tokens::new(key, clock.clone());
        let audit = Audit::start(identity.clone());
        Self(Arc::new(Inner {
            identity,
            authorizer,
            tokens,
            clock,
            audit,
            basic: BasicCache::new(random),
            bearers: OnceLock::new(),
            pace: options.paced.then(pace::Pace::standard),
            options,
        }))
    }

    /// A guard over `store` that lets API requests in without credentials: for tests and benches of the floors above.
    pub fn open(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        let random = Arc::new(SystemRandom);
        let key = SigningKey::random(random.as_ref());
        let authorizer = Authorizer::standard(store.clone(), clock.clone());
        let identity = LocalIdentity::new(store, clock.clone(), random, IdentityOptions::default());
        let options = GuardOptions {
            open_api: true,
            ..GuardOptions::default()
        };
        Self::new(Arc::new(identity), authorizer, &key, clock, &SystemRandom, options)
    }

    /// Who checks the bearer tokens of clients, asked in this order. Said once, before the first request: the authorisation
    /// server is built from parts that are themselves behind the guard. A second call changes nothing.
    pub fn accept_bearers(&self, verifiers: Vec<Arc<dyn BearerVerifier>>) {
        if self.0.bearers.set(verifiers).is_err() {
            tracing::warn!("the verifiers of bearer tokens were given already: the first ones stay");
        }
    }

    /// Internal identity tokens, for calls between nodes and from workers.
    pub fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    /// What actors may see.
    pub fn authorizer(&self) -> &Authorizer {
        &self.0.authorizer
    }

    /// Accounts and sessions.
    pub fn identity(&self) -> &Arc<dyn Identity> {
        &self.0.identity
    }

    /// The audit writer; flush it at shutdown.
    pub fn audit(&self) -> &Audit {
        &self.0.audit
    }

    /// Options.
    pub fn options(&self) -> GuardOptions {
        self.0.options
    }

    /// Everything that happens around one request.
    pub(crate) async fn run(&self, info: &RouteInfo, request: Request, next: Next) -> Response {
        let mut pending = Pending::new(self, &request);
        let head_of_get = request.method() == Method::HEAD && info.method == Method::GET;
        if request.method() != info.method && !head_of_get {
            return StatusCode::METHOD_NOT_ALLOWED.into_response();
        }
        let within = request.extensions().get::<WithinRequest>().is_some();
        let (rule, mut response) = match self.admit(info, request, &mut pending).await {
            Ok((rule, request)) => {
                pending.entry.outcome = format!("permit {rule}");
                let trace = Trace::new(pending.entry.clone(), request.extensions().get::<Arc<Actor>>().cloned());
                pending.trace = Some(trace.clone());
                (Ok(rule), trace.around(next.run(request)).await)
            }
            Err(refused) if refused.again => {
                // The log has the first of them: it must not grow as fast as somebody asks.
                pending.done = true;
                return refused.response;
            }
            Err(refused) => (Err(refused.rule), refused.response),
        };
        if let Some(share) = pending.share {
            share.tell(response.headers_mut());
        }
        if let Some(renewed) = pending.session.as_ref().and_then(|session| session.renewed.as_deref()) {
            self.renew_cookie(&mut response, renewed);
        }
        // An error page shows who is signed in; it is made outside this wrapper.
        if let Some(session) = pending.session.take().filter(|_| response.status().as_u16() >= 400) {
            response.extensions_mut().insert(*session);
        }
        match pending.finish(rule, &response, info) {
            None => response,
            Some(entry) if within || rule.is_err() => {
                self.0.audit.queue(entry).await;
                response
            }
            Some(entry) => self.answer_once_recorded(entry, response, &info.method).await,
        }
    }

    /// Nothing is shown whose record is not durable. What was done stands, and is answered.
    async fn answer_once_recorded(&self, entry: AuditEntry, response: Response, method: &Method) -> Response {
        match self.0.audit.record(entry).await {
            Err(NotRecorded) if csrf::is_safe(method) => {
                let (parts, ()) = http::Request::new(()).into_parts();
                Refusal::Unavailable.answer(&parts)
            }
            _ => response,
        }
    }

    /// The session's next secret, unless the handler set the cookie itself (sign-out, sign-in).
    fn renew_cookie(&self, response: &mut Response, token: &str) {
        let secure = self.0.options.secure_cookies;
        let name = session_cookie_name(secure);
        let sets = |value: &http::HeaderValue| {
            value
                .to_str()
                .is_ok_and(|text| text.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')))
        };
        if !response.headers().get_all(header::SET_COOKIE).iter().any(sets) {
            let cookie = set_cookie(name, token, secure, None);
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }

    /// Authenticates and decides; gives the request with actor and session in its extensions.
    async fn admit(
        &self,
        info: &RouteInfo,
        request: Request,
        pending: &mut Pending,
    ) -> Result<(&'static str, Request), Refused> {
        let (mut parts, body) = request.into_parts();
        let caller = self.authenticate(&parts).await;
        let mut caller = caller.map_err(|refusal| Refused::new("authentication", &refusal, &parts))?;
        if let Some(caller) = &mut caller {
            // Whoever got here proved at least a password.
            caller.actor.assurance = caller.actor.assurance.max(1);
        }
        if let Some(caller) = &caller {
            pending.name(&caller.actor);
            pending.session = caller.session().cloned().map(Box::new);
        }
        self.keep_pace(info, caller.as_ref(), &parts, pending)
            .map_err(|refused| *refused)?;
        if let Some(caller) = &caller {
            let admitted = client::admit(&caller.actor, &mut parts);
            admitted.map_err(|rule| Refused::new(rule, &Refusal::OutOfScope, &parts))?;
        }
        let by_cookie = caller.as_ref().is_some_and(|c| matches!(c.means, Means::Session(_)));
        match info.decide(caller.as_ref().map(|c| &c.actor), &parts) {
            Verdict::Permit(rule) => {
                let body = if csrf::is_safe(&parts.method) {
                    body
                } else {
                    let session = caller.as_ref().and_then(|c| c.session());
                    let checked = csrf::check(&parts, body, session, by_cookie).await;
                    checked.map_err(|refusal| Refused::new("csrf", &refusal, &parts))?
                };
                if let Some(caller) = caller {
                    let purpose = pending.entry.purpose.as_deref().filter(|code| is_code(code));
                    let view = self.0.authorizer.view(&caller.actor, purpose).await;
                    let view = view.map_err(|error| {
                        tracing::error!(%error, "what the actor may see could not be found out");
                        Refused::new("authorization", &Refusal::Unavailable, &parts)
                    })?;
                    parts.extensions.insert(view);
                    if let Means::Session(session) = caller.means {
                        parts.extensions.insert(*session);
                    }
                    parts.extensions.insert(Arc::new(caller.actor.clone()));
                    parts.extensions.insert::<Actor>(caller.actor);
                }
                Ok((rule, Request::from_parts(parts, body)))
            }
            Verdict::Anonymous => Err(Refused::new("anonymous", &Refusal::SignInNeeded, &parts)),
            Verdict::Deny(rule) => Err(Refused::new(rule, &Refusal::Forbidden, &parts)),
        }
    }

    /// Counts a request from outside, and refuses it when there were too many.
    fn keep_pace(
        &self,
        info: &RouteInfo,
        caller: Option<&Caller>,
        parts: &http::request::Parts,
        pending: &mut Pending,
    ) -> Result<(), Box<Refused>> {
        let public = matches!(info.policy, crate::Policy::Public) && csrf::is_safe(&parts.method);
        let node = caller.is_some_and(|caller| matches!(caller.means, Means::Node));
        let inside = node || parts.extensions.get::<WithinRequest>().is_some();
        let Some(pace) = self.0.pace.as_ref().filter(|_| !public && !inside) else {
            return Ok(());
        };
        let place = parts.extensions.get::<crate::Place>().map_or("", |place| &place.0);
        match pace.take(caller.map(|caller| &caller.actor), place, self.0.clock.now()) {
            None => Ok(()),
            Some(Ok(share)) => {
                pending.share = Some(share).filter(|_| refusal::Audience::of(parts) != refusal::Audience::Browser);
                Ok(())
            }
            Some(Err(fast)) => {
                let refusal = Refusal::TooFast {
                    retry_after_s: fast.retry_after_s,
                };
                let mut refused = Refused::new("pace", &refusal, parts);
                fast.share.tell(refused.response.headers_mut());
                refused.again = !fast.first;
                Err(Box::new(refused))
            }
        }
    }
}

struct Refused {
    rule: &'static str,
    response: Response,
    /// One of many alike, of which the log has the first.
    again: bool,
}

impl Refused {
    fn new(rule: &'static str, refusal: &Refusal, parts: &http::request::Parts) -> Self {
        Self {
            rule,
            response: refusal.answer(parts),
            again: false,
        }
    }
}

/// The audit entry of a request that has not been answered yet. Dropped unfinished (the caller went away), it is
/// written with status 499.
struct Pending {
    audit: Audit,
    entry: AuditEntry,
    trace: Option<Arc<Trace>>,
    session: Option<Box<Session>>,
    share: Option<pace::Share>,
    done: bool,
}

impl Pending {
    fn new(guard: &Guard, request: &Request) -> Self {
        let header = |name| request.headers().get(name).and_then(|v| v.to_str().ok());
        let entry = AuditEntry {
            at: guard.0.clock.now(),
            actor: "anonymous".into(),
            action: request.method().as_str().into(),
            target: request.uri().path().chars().take(512).collect(),
            patient: patient_in_path(request.uri().path()),
            purpose: header("x-purpose-of-use").map(|p| p.chars().take(64).collect()),
            outcome: "abandoned".into(),
            policy_set: Some(guard.0.authorizer.policies().version().to_owned()),
            status: 499,
            ..AuditEntry::default()
        };
        Self {
            audit: guard.0.audit.clone(),
            entry,
            trace: None,
            session: None,
            share: None,
            done: false,
        }
    }

    /// Who acts, for whom, through which application.
    fn name(&mut self, actor: &Actor) {
        self.entry.actor.clone_from(&actor.subject);
        self.entry.acts_for.clone_from(&actor.acts_for);
        self.entry.client = actor.client.as_ref().map(|client| client.client.clone());
    }

    /// The entry to be written, if the request is one to be kept and commits do not hold it already.
    fn finish(
        mut self,
        rule: Result<&'static str, &'static str>,
        response: &Response,
        info: &RouteInfo,
    ) -> Option<AuditEntry> {
        self.done = true;
        // What anyone may read (assets, the sign-in page, the health check) is no access to anybody's data; nor is what
        // nodes ask each other about accounts and sessions, which is recorded where it is asked for.
        let public = matches!(info.policy, crate::Policy::Public) && csrf::is_safe(&info.method);
        if public || (rule == Ok("internal") && info.path.starts_with("/access/")) {
            return None;
        }
        let mut entry = self.entry.clone();
        entry.outcome = match rule {
            Ok(rule) => format!("permit {rule}"),
            Err(rule) => format!("deny {rule}"),
        };
        entry.status = response.status().as_u16();
        if let Some(AuditPatient(named)) = response.extensions().get() {
            entry.patient = Some(named.clone());
        }
        match &self.trace {
            Some(trace) if !trace.finish(&mut entry) => None,
            _ => Some(entry),
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.done {
            self.audit.record_now(self.entry.clone());
        }
    }
}

/// Whether a purpose of use can be a code.
fn is_code(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// `…/Patient/{id}…` names its patient.
fn patient_in_path(path: &str) -> Option<String> {
    let mut parts = path.split('/');
    parts.find(|part| *part == "Patient")?;
    let id = parts.next()?;
    (!id.is_empty() && !id.starts_with(['_', '$'])).then(|| id.to_owned())
}
