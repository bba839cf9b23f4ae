//! What pages ask of the identity service, and what it answers: one pair of types, so that the node that has the store
//! and the nodes that have none speak the same way.

use crate::{AccessError, AccessGrant, Actor, Grants, ProviderFault, ProviderLink, Session};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Where a request comes from, as shown in the list of sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// Browser and system in words, e.g. `Firefox su Windows`.
    pub device: String,
    /// Network address.
    pub place: String,
    /// The session cookie that the browser came with: closed when a new session opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// Path to go to after the sign-in.
    #[serde(default)]
    pub back: String,
}

/// In a request's extensions: the network address it comes from, as the program that serves it knows it.
#[derive(Debug, Clone)]
pub struct Place(pub String);

/// A question to the identity service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Ask {
    /// Begins a sign-in with a password. Answers [`Reply::Step`].
    Password {
        /// User name.
        username: String,
        /// Password.
        password: String,
        /// Where from.
        visit: Visit,
    },
    /// What a sign-in that was begun still needs. Answers [`Reply::Step`].
    Look {
        /// The ticket of the sign-in.
        ticket: String,
    },
    /// A code of the authenticator app, or a recovery code. Answers [`Reply::Step`].
    Code {
        /// The ticket of the sign-in.
        ticket: String,
        /// Six digits, or a recovery code.
        code: String,
    },
    /// Confirms the authenticator app that a role demands. Answers [`Reply::Step`].
    Enrol {
        /// The ticket of the sign-in.
        ticket: String,
        /// [`TotpOffer::ticket`].
        offer: String,
        /// Six digits of the new app.
        code: String,
    },
    /// The new password that is demanded. Answers [`Reply::Step`].
    NewPassword {
        /// The ticket of the sign-in.
        ticket: String,
        /// Password.
        password: String,
    },
    /// In which capacity one comes in. Answers [`Reply::Step`].
    Choose {
        /// The ticket of the sign-in.
        ticket: String,
        /// [`Capacity::key`].
        capacity: String,
    },
    /// Begins a sign-in with the one-time code that an administrator gave. Answers [`Reply::Step`].
    Recover {
        /// User name.
        username: String,
        /// The code.
        code: String,
        /// Where from.
        visit: Visit,
    },
    /// Options for `navigator.credentials.get`. Answers [`Reply::Challenge`].
    PasskeyChallenge,
    /// Signs in with a passkey; no user name is needed. Answers [`Reply::Step`].
    Passkey {
        /// [`Challenge::ceremony`].
        ceremony: String,
        /// What the browser's credential says (`AuthenticationResponseJSON`).
        answer: Value,
        /// Where from.
        visit: Visit,
    },
    /// The identity providers, for the sign-in page. Answers [`Reply::Providers`].
    Providers,
    /// Our public keys for the providers. Answers [`Reply::Keys`].
    ProviderKeys,
    /// Begins a sign-in at a provider. Answers [`Reply::Away`].
    Provider {
        /// Its name.
        provider: String,
        /// Where from.
        visit: Visit,
    },
    /// The browser comes back from a provider. Answers [`Reply::Step`].
    ProviderBack {
        /// The ticket of [`Reply::Away`].
        ticket: String,
        /// The query of the address.
        query: BTreeMap<String, String>,
    },
    /// Closes the session of a cookie. Answers [`Reply::SignedOut`].
    SignOut {
        /// The cookie.
        token: String,
    },
    /// A provider's logout token. Answers [`Reply::Done`].
    BackChannel {
        /// Its name.
        provider: String,
        /// The token.
        token: String,
    },
    /// A provider's logout in the browser. Answers [`Reply::Done`].
    FrontChannel {
        /// Its name.
        provider: String,
        /// `iss`.
        issuer: String,
        /// `sid`.
        sid: String,
    },
    /// A question of a signed-in person about the own access.
    Mine {
        /// [`Session::id`].
        session: String,
        /// Which.
        ask: Mine,
    },
    /// Opens, ends, looks up accesses opened for a time. Only components ask, which decide by their rules.
    Grants(Grants),
    /// As whom a person may act: one actor for each capacity of their accounts. Answers [`Reply::Actors`].
    ActorsOf {
        /// `Practitioner/…`.
        subject: String,
    },
    /// A question of an administrator about accounts.
    Manage {
        /// [`Session::id`].
        session: String,
        /// Which.
        ask: Manage,
    },
}

/// What a person asks about the own access.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Mine {
    /// Everything that the page shows. Answers [`Reply::Access`].
    View,
    /// Proves anew who one is, by password or code, before something that matters. Answers [`Reply::Renewed`].
    Prove {
        /// The password, a code of the app or a recovery code.
        secret: String,
    },
    /// The same by passkey. Answers [`Reply::Renewed`].
    ProvePasskey {
        /// [`Challenge::ceremony`].
        ceremony: String,
        /// What the browser's credential says.
        answer: Value,
    },
    /// Changes the password; the other sessions end. Answers [`Reply::Done`].
    ChangePassword {
        /// The present one.
        old: String,
        /// The new one.
        new: String,
    },
    /// A new secret for an authenticator app. Answers [`Reply::Totp`].
    StartTotp,
    /// Confirms it by its first code. Answers [`Reply::Codes`]: the recovery codes, never shown again.
    ConfirmTotp {
        /// [`TotpOffer::ticket`].
        ticket: String,
        /// Six digits.
        code: String,
    },
    /// Removes the authenticator app. Answers [`Reply::Done`].
    RemoveTotp,
    /// Makes new recovery codes; the old ones end. Answers [`Reply::Codes`].
    NewCodes,
    /// Options for `navigator.credentials.create`. Answers [`Reply::Challenge`].
    StartPasskey,
    /// Keeps a passkey. Answers [`Reply::Done`].
    FinishPasskey {
        /// [`Challenge::ceremony`].
        ceremony: String,
        /// What the browser's credential says (`RegistrationResponseJSON`).
        answer: Value,
        /// How the person calls it.
        name: String,
    },
    /// Removes a passkey. Answers [`Reply::Done`].
    RemovePasskey {
        /// [`PasskeyInfo::id`].
        id: String,
    },
    /// Ends a session of one's own. Answers [`Reply::Done`].
    Revoke {
        /// [`SessionInfo::id`].
        id: String,
    },
    /// Ends every other session. Answers [`Reply::Done`].
    RevokeOthers,
    /// Goes on in another capacity, e.g. for another unit. Answers [`Reply::Renewed`].
    Switch {
        /// [`Capacity::key`].
        capacity: String,
    },
    /// Goes on for somebody else, or for oneself again. Answers [`Reply::Renewed`].
    ActFor {
        /// `Patient/…`; `None`: for oneself.
        patient: Option<String>,
    },
}

/// What an administrator asks about accounts. Whoever asks must have the role `admin`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Manage {
    /// Accounts whose user name starts so, or whose name holds these words; at most 200. Answers [`Reply::Accounts`].
    List {
        /// Text; empty for all.
        query: String,
    },
    /// One account. Answers [`Reply::Account`].
    View {
        /// User name.
        username: String,
    },
    /// Makes an account with a one-time code instead of a password. Answers [`Reply::Reset`].
    Create {
        /// User name.
        username: String,
        /// Name shown.
        name: String,
        /// `Practitioner/…` or `Patient/…`.
        subject: String,
        /// Roles given by hand.
        roles: Vec<String>,
        /// Whether the staff registry gives more roles.
        registry: bool,
    },
    /// Changes the roles given by hand. Answers [`Reply::Done`], or [`Reply::Waiting`] when some wait for a second person.
    SetRoles {
        /// User name.
        username: String,
        /// Roles.
        roles: Vec<String>,
        /// Whether the staff registry gives more roles.
        registry: bool,
    },
    /// The accounts with roles that wait for a second person. Answers [`Reply::Accounts`].
    Waiting,
    /// Confirms the roles that wait for an account, or refuses them. Answers [`Reply::Done`].
    Decide {
        /// User name.
        username: String,
        /// Confirmed, or refused.
        confirm: bool,
    },
    /// A one-time code with which the person chooses a new password; the old one and all sessions end. Answers
    /// [`Reply::Reset`].
    Reset {
        /// User name.
        username: String,
        /// Forget the second factors too (the phone is lost).
        factors: bool,
    },
    /// Refuses sign-in and ends all sessions at once, or allows it again. Answers [`Reply::Done`].
    Disable {
        /// User name.
        username: String,
        /// Refuse or allow.
        disabled: bool,
    },
    /// Ends one session, or all. Answers [`Reply::Done`].
    Revoke {
        /// User name.
        username: String,
        /// [`SessionInfo::id`]; `None`: all.
        id: Option<String>,
    },
}

/// An answer of the identity service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Reply {
    /// Roles wait for a second person; the rest is done.
    Waiting,
    /// It is done.
    Done,
    /// The sign-in goes on, or is over.
    Step(Box<Step>),
    /// Identity providers.
    Providers(Vec<ProviderLink>),
    /// A JSON Web Key Set.
    Keys(Value),
    /// Where the browser must go.
    Away {
        /// The address.
        url: String,
        /// For its cookie.
        ticket: String,
    },
    /// The session is closed; name and address of the provider whose own session goes on.
    SignedOut(Option<(String, String)>),
    /// Options for the browser's credentials.
    Challenge(Challenge),
    /// The person's access.
    Access(Box<MyAccess>),
    /// A new secret for an app.
    Totp(TotpOffer),
    /// Recovery codes.
    Codes(Vec<String>),
    /// The session has a new secret, to be put into the cookie.
    Renewed(String),
    /// Accounts.
    Accounts(Vec<AccountView>),
    /// One account with its sessions.
    Account(Box<AccountView>, Vec<SessionInfo>),
    /// An access opened for a time, and whether it is new.
    Grant(Box<AccessGrant>, bool),
    /// Accesses opened for a time.
    Grants(Vec<AccessGrant>),
    /// People as they may act.
    Actors(Vec<Actor>),
    /// A one-time code.
    Reset {
        /// The code, never shown again.
        code: String,
        /// Until when.
        until: Timestamp,
    },
}

/// How a sign-in stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Step {
    /// It is over.
    Open(Box<crate::SignedIn>),
    /// It needs something more.
    Need {
        /// Brings the sign-in back with the next answer; good for ten minutes.
        ticket: String,
        /// What.
        need: Need,
    },
}

/// What a sign-in needs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Need {
    /// A second factor.
    Code {
        /// Whether there is an authenticator app.
        app: bool,
        /// Whether there is a passkey.
        passkey: bool,
    },
    /// An authenticator app must be set up first: a role demands it.
    Enrol(TotpOffer),
    /// A new password.
    NewPassword,
    /// A choice of capacity.
    Choose(Vec<Capacity>),
}

/// In which capacity a person acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// Names it among those of the person: the subject, and the unit for staff.
    pub key: String,
    /// `Practitioner/…` or `Patient/…`.
    pub subject: String,
    /// Roles it gives.
    pub roles: Vec<String>,
    /// Organization id.
    pub organization: Option<String>,
    /// Name of the organization.
    pub organization_name: Option<String>,
    /// Until when, if it ends.
    pub until: Option<Timestamp>,
}

/// Options for the browser's credentials.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Challenge {
    /// Must come back with the answer.
    pub ceremony: String,
    /// `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON`.
    pub options: Value,
}

/// A secret for an authenticator app.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TotpOffer {
    /// Must come back with the first code.
    pub ticket: String,
    /// The secret in base32, to be typed.
    pub secret: String,
    /// `otpauth://` address as an SVG drawing.
    pub qr: String,
}

/// What a person sees of the own access.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MyAccess {
    /// The account.
    pub account: AccountView,
    /// Open sessions, the present one first.
    pub sessions: Vec<SessionInfo>,
    /// Passkeys.
    pub passkeys: Vec<PasskeyInfo>,
    /// When the authenticator app was set up.
    pub app_since: Option<Timestamp>,
    /// Recovery codes left.
    pub codes_left: usize,
    /// Whether passkeys can work at this site's address (they need a domain name and TLS, or localhost).
    pub passkeys_possible: bool,
    /// Capacities one may act in.
    pub capacities: Vec<Capacity>,
    /// The present one.
    pub capacity: Option<String>,
    /// People one may act for.
    pub wards: Vec<Ward>,
}

/// Somebody one may act for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ward {
    /// `Patient/…`.
    pub patient: String,
    /// Name.
    pub name: String,
    /// Why one may.
    pub why: WardReason,
    /// Until when, if it ends.
    pub until: Option<Timestamp>,
}

/// Why one may act for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WardReason {
    /// A parent, for a child under 18.
    Parent,
    /// A guardian or administrator of support, appointed by a judge.
    Guardian,
    /// The person said so.
    Delegate,
}

/// A passkey as listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyInfo {
    /// Id.
    pub id: String,
    /// Name the person gave.
    pub name: String,
    /// When it was registered.
    pub since: Timestamp,
    /// When it was last used.
    pub used: Option<Timestamp>,
}

/// A session as listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// Id.
    pub id: String,
    /// Browser and system.
    pub device: String,
    /// Network address.
    pub place: String,
    /// When it was opened.
    pub opened: Timestamp,
    /// Last request, to the minute.
    pub seen: Timestamp,
    /// Assurance, see [`Actor::assurance`].
    pub assurance: u8,
    /// Whether it is the one that asks.
    pub current: bool,
    /// The provider that vouched for it.
    pub provider: Option<String>,
}

/// An account without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// User name.
    pub username: String,
    /// Who it is.
    pub actor: Actor,
    /// Whether sign-in is refused.
    pub disabled: bool,
    /// When it was made.
    pub created: Timestamp,
    /// Whether it has a password.
    pub password: bool,
    /// Whether it has an authenticator app.
    pub app: bool,
    /// How many passkeys it has.
    pub passkeys: usize,
    /// Whether the staff registry gives roles.
    pub registry: bool,
    /// Providers that vouch for it.
    pub providers: Vec<String>,
    /// Whether a one-time code is waiting to be used.
    pub reset: bool,
    /// Roles that wait for a second person.
    #[serde(default)]
    pub waiting: Option<WaitingRoles>,
}

/// Roles of an account that wait for a second person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingRoles {
    /// Which.
    pub roles: Vec<String>,
    /// Whether the staff registry is to give roles, too.
    pub registry: bool,
    /// User name of who gave them.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Why the identity service says no. Nothing here tells a stranger whether an account exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refused {
    /// User name, password, code or passkey are wrong.
    #[error("user name, password or code are wrong")]
    Wrong,
    /// Too many failures.
    #[error("too many failed tries: try again in {retry_after_s} seconds")]
    Locked {
        /// Seconds until the next try counts.
        retry_after_s: u64,
    },
    /// The sign-in took too long, or was finished already.
    #[error("the sign-in took longer than ten minutes, or was finished already: begin again")]
    Ended,
    /// The password is not acceptable.
    #[error("the password is not acceptable: {0}")]
    Password(PasswordFault),
    /// One must prove who one is again.
    #[error("prove again who you are (password, code or passkey)")]
    ProofNeeded,
    /// Not permitted.
    #[error("this is not permitted to you")]
    NotAllowed,
    /// Nobody gives roles to the own account.
    #[error("nobody gives roles to an account of their own: another administrator does")]
    OwnRoles,
    /// Somebody else must confirm.
    #[error(
        "a second person confirms: neither who gave the roles nor whose they are, nor who waits for roles, nor two people in turn"
    )]
    SecondPerson,
    /// There is no such thing.
    #[error("there is no such {0}")]
    Unknown(String),
    /// There is one already.
    #[error("there is already such a {0}")]
    Taken(String),
    /// A second factor that a role demands cannot be removed.
    #[error("a role demands a second factor: set up another one first")]
    FactorNeeded,
    /// At most so many.
    #[error("at most {0} are kept: remove one first")]
    TooMany(usize),
    /// Passkeys do not work at this site's address.
    #[error("passkeys need a domain name with TLS, or localhost: this site's address is another one")]
    NoPasskeysHere,
    /// No role holds at the moment.
    #[error("no role of this person holds at the moment")]
    NoCapacity,
    /// An identity provider.
    #[error(transparent)]
    Provider(ProviderFault),
    /// A value is not acceptable.
    #[error("{field}: {message}")]
    Invalid {
        /// Which value.
        field: String,
        /// What is wrong and what is allowed.
        message: String,
    },
}

/// What is wrong with a new password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum PasswordFault {
    /// Too short.
    #[error("at least {0} characters")]
    Short(usize),
    /// Too long.
    #[error("at most {0} bytes")]
    Long(usize),
    /// One of the commonest, or made of one.
    #[error("it is one of the commonest passwords, or made of one")]
    Common,
    /// Holds the user name or a name of the person.
    #[error("it holds your name or user name")]
    Personal,
    /// One character or a sequence, repeated.
    #[error("it is a repetition or a sequence")]
    Repetition,
    /// The same as before.
    #[error("it is the one you have")]
    Same,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The service says no.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The service failed.
    #[error(transparent)]
    Access(#[from] AccessError),
}

impl From<store::StoreError> for AskError {
    fn from(error: store::StoreError) -> Self {
        Self::Access(error.into())
    }
}

impl Session {
    /// The question of this session's person.
    pub fn mine(&self, ask: Mine) -> Ask {
        Ask::Mine {
            session: self.id.clone(),
            ask,
        }
    }

    /// The question of this session's administrator.
    pub fn manage(&self, ask: Manage) -> Ask {
        Ask::Manage {
            session: self.id.clone(),
            ask,
        }
    }
}
