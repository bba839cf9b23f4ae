//! Who may do what: identity, the one authorisation and audit wrapper, accounts, sessions.
//!
//! A crate that serves HTTP declares [`Routes`], each with a [`Policy`]; the binary puts them behind a [`Guard`]. The
//! guard finds out who asks (session cookie, internal token, HTTP Basic), checks that a browser's request comes from our
//! own pages (CSRF), decides, calls the handler and writes the audit entry.

mod actor;
mod api;
mod ask;
mod audit;
mod authorize;
mod bearer;
mod cookie;
mod describe;
mod error;
mod explain;
mod extract;
mod grants;
mod guard;
mod identity;
mod key;
mod local;
mod oidc;
mod openapi;
mod outgoing;
mod persons;
mod policy;
pub mod registry;
mod routes;
mod scopes;
mod seal;
pub mod spans;
mod token;
mod trace;
mod trace_context;

pub use actor::{Actor, ClientGrant};
pub use api::{PasswordBody, TokenBody, identity_routes};
pub use ask::{
    AccountView, Ask, AskError, Capacity, Challenge, Manage, Mine, MyAccess, Need, PasskeyInfo, PasswordFault, Place,
    Refused, Reply, SessionInfo, Step, TotpOffer, Visit, WaitingRoles, Ward, WardReason,
};
pub use audit::{Audit, AuditPatient, NotRecorded};
pub use authorize::{
    Access, AccessGrant, Authorizer, GRANT, GrantKind, GrantReview, HiddenVisits, NOT_ONESELF, STEP_DATA_EXTENSION,
    StepData, View, makes_ties, settle_ties, ties_people,
};
pub use bearer::{BearerError, BearerVerifier, ClientCertificate};
pub use cookie::{cookie, session_cookie_name, set_cookie};
pub use describe::{Described, Description, Gives, SchemaOf, Takes, describe, schema_of};
pub use error::{AccessError, SignInError};
pub use explain::{Explain, Explained, PolicyText, explain_routes};
pub use extract::NoActor;
pub use grants::Grants;
pub use guard::{Guard, GuardOptions, Refusal, ScopeCondition, TrustedOrigin, form_reaches_out};
pub use identity::{DemoAccount, Identity, Session, SignedIn};
pub use key::SigningKey;
pub use local::{AccountInfo, Accounts, IdentityOptions, LocalIdentity, NewAccount, PasswordCost, SignInRules};
pub use oidc::{OidcConfig, ProviderFault, ProviderLink};
pub use openapi::{ApiInfo, openapi};
pub use outgoing::{EndpointPolicy, GuardedResolver};
pub use persons::Persons;
pub use policy::{Decision, Policy};
pub use routes::{RouteInfo, Routes};
pub use scopes::{Action, MAX_SCOPES, Permit, ResourceScope, ScopeContext, ScopeError, Way};
pub use seal::Seal;
pub use spans::{SpanKind, Spans, Work};
pub use token::{TokenError, Tokens};
pub use trace::{WithinRequest, acting, carry, carry_work, note_actor, note_patient};
pub use trace_context::{TRACEPARENT, TraceContext};
