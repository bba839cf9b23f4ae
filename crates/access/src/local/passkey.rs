//! Passkeys (WebAuthn level 3, by `webauthn_rp`): registered with user verification as discoverable credentials, so that
//! one signs in with nothing but the device. The state of a ceremony travels in a ticket; a ticket ends with its use.

use super::account::{Account, StoredPasskey};
use super::ticket::{Tickets, hex};
use super::totp::unhex;
use crate::{Challenge, Refused};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Random;
use webauthn_rp::bin::{Decode as _, Encode as _};
use webauthn_rp::request::auth::AuthenticationVerificationOptions;
use webauthn_rp::request::register::{
    Nickname, PublicKeyCredentialUserEntity, RegistrationVerificationOptions, UserHandle64, Username,
};
use webauthn_rp::request::{AsciiDomain, PublicKeyCredentialDescriptor, RpId};
use webauthn_rp::response::register::{CompressedPubKey, DynamicState, StaticState};
use webauthn_rp::response::{AuthTransports, CredentialId};
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthentication64, DiscoverableAuthenticationServerState,
    DiscoverableCredentialRequestOptions, PublicKeyCredentialCreationOptions, Registration, RegistrationServerState,
};

/// Passkeys an account may have.
pub(super) const MAX: usize = 10;
const REGISTER: &str = "passkey registration";
const SIGN_IN: &str = "passkey sign-in";

/// The site that passkeys belong to.
#[derive(Clone)]
pub(super) struct Site {
    origin: String,
    rp: RpId,
}

#[derive(Serialize, Deserialize)]
struct Ceremony {
    /// Empty for a sign-in.
    username: String,
    /// Server state, hexadecimal.
    state: String,
}

/// A sign-in whose signature has still to be checked against the account that it names.
pub(super) struct Claim {
    pub credential: String,
    pub handle: String,
    answer: DiscoverableAuthentication64,
    state: DiscoverableAuthenticationServerState,
}

type StoredKey = CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>;

impl Site {
    /// The site at a base URL; `None` where browsers know no passkeys: no domain name, or no TLS (but `localhost`).
    pub(super) fn at(base_url: &str) -> Option<Self> {
        let url = url::Url::parse(base_url).ok()?;
        let domain = match url.host()? {
            url::Host::Domain(domain) => domain.to_owned(),
            _ => return None,
        };
        if url.scheme() != "https" && domain != "localhost" {
            return None;
        }
        let rp = RpId::Domain(AsciiDomain::try_from(domain).ok()?);
        Some(Self {
            origin: url.origin().ascii_serialization(),
            rp,
        })
    }

    /// Begins a registration.
    pub(super) fn start(&self, tickets: &Tickets, account: &Account) -> Result<Challenge, Refused> {
        let handle = account.handle.as_deref().and_then(handle_of).ok_or_else(defect)?;
        let display = Nickname::try_from(account.actor.name.as_str()).ok();
        let user = PublicKeyCredentialUserEntity {
            name: Username::try_from(account.username.as_str()).map_err(|_| defect())?,
            id: &handle,
            display_name: display,
        };
        let mut known = Vec::new();
        for passkey in &account.passkeys {
            known.push(PublicKeyCredentialDescriptor {
                id: credential_id(passkey)?,
                transports: AuthTransports::decode(passkey.transports).map_err(|_| defect())?,
            });
        }
        let mut options = PublicKeyCredentialCreationOptions::passkey(&self.rp, user, known);
        // Most platform authenticators know no credProtect: asking for it would turn them away.
        options.extensions = webauthn_rp::request::register::Extension::default();
        let (server, client) = options.start_ceremony().map_err(|_| defect())?;
        let ceremony = Ceremony {
            username: account.username.clone(),
            state: hex(&server.encode().map_err(|_| defect())?),
        };
        Ok(Challenge {
            ceremony: tickets.issue(REGISTER, &ceremony),
            options: serde_json::to_value(&client).map_err(|_| defect())?,
        })
    }

    /// Ends a registration: the passkey to be kept.
    pub(super) fn finish(
        &self,
        tickets: &Tickets,
        account: &Account,
        ceremony: &str,
        answer: &Value,
        name: &str,
        now: Timestamp,
    ) -> Result<StoredPasskey, Refused> {
        let begun: Ceremony = tickets.open(REGISTER, ceremony)?.body;
        if begun.username != account.username {
            return Err(Refused::Ended);
        }
        let state = unhex(&begun.state).ok_or(Refused::Ended)?;
        let state = RegistrationServerState::<64>::decode(&state).map_err(|_| Refused::Ended)?;
        let answer = Registration::from_json_relaxed(answer.to_string().as_bytes()).map_err(|error| told(&error))?;
        let origins = [self.origin.as_str()];
        let options = RegistrationVerificationOptions::<&str, &str> {
            allowed_origins: &origins,
            error_on_unsolicited_extensions: false,
            ..RegistrationVerificationOptions::default()
        };
        let made = state
            .verify(&self.rp, &answer, &options)
            .map_err(|error| told(&error))?;
        Ok(StoredPasskey {
            id: hex(made.id().as_ref()),
            key: hex(&made.static_state().encode().map_err(|_| defect())?),
            state: hex(&made.dynamic_state().encode().map_err(|_| defect())?),
            transports: made.transports().encode().map_err(|_| defect())?,
            name: name.chars().take(60).collect(),
            since: now,
            used: None,
        })
    }

    /// Begins a sign-in, of anybody.
    pub(super) fn challenge(&self, tickets: &Tickets) -> Result<Challenge, Refused> {
        let options = DiscoverableCredentialRequestOptions::passkey(&self.rp);
        let (server, client) = options.start_ceremony().map_err(|_| defect())?;
        let ceremony = Ceremony {
            username: String::new(),
            state: hex(&server.encode().map_err(|_| defect())?),
        };
        Ok(Challenge {
            ceremony: tickets.issue(SIGN_IN, &ceremony),
            options: serde_json::to_value(&client).map_err(|_| defect())?,
        })
    }

    /// Reads an answer: whom it names. Nothing is proven yet.
    pub(super) fn claim(&self, tickets: &Tickets, ceremony: &str, answer: &Value) -> Result<Claim, Refused> {
        let begun: Ceremony = tickets.open(SIGN_IN, ceremony)?.body;
        let state = unhex(&begun.state).ok_or(Refused::Ended)?;
        let state = DiscoverableAuthenticationServerState::decode(&state).map_err(|_| Refused::Ended)?;
        let answer = DiscoverableAuthentication64::from_json_relaxed(answer.to_string().as_bytes())
            .map_err(|_| Refused::Wrong)?;
        Ok(Claim {
            credential: hex(answer.raw_id().as_ref()),
            handle: hex(answer.response().user_handle().as_ref()),
            answer,
            state,
        })
    }

    /// Checks the signature with the account's key; notes the counter and the use.
    pub(super) fn verify(&self, claim: Claim, account: &mut Account, now: Timestamp) -> Result<(), Refused> {
        let handle = account.handle.as_deref().and_then(handle_of).ok_or(Refused::Wrong)?;
        let kept = account.passkeys.iter_mut().find(|kept| kept.id == claim.credential);
        let kept = kept.ok_or(Refused::Wrong)?;
        let id = credential_id(kept)?;
        let key = unhex(&kept.key).ok_or_else(defect)?;
        let key = StaticState::<StoredKey>::decode(&key).map_err(|_| defect())?;
        let state = unhex(&kept.state)
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(defect)?;
        let state = DynamicState::decode(state).map_err(|_| defect())?;
        let mut known = AuthenticatedCredential::new((&id).into(), &handle, key, state).map_err(|_| defect())?;
        let origins = [self.origin.as_str()];
        let options = AuthenticationVerificationOptions::<&str, &str> {
            allowed_origins: &origins,
            error_on_unsolicited_extensions: false,
            ..AuthenticationVerificationOptions::default()
        };
        let proven = claim.state.verify(&self.rp, &claim.answer, &mut known, &options);
        proven.map_err(|error| {
            tracing::info!(%error, "a passkey was refused");
            Refused::Wrong
        })?;
        kept.state = hex(&known.dynamic_state().encode().map_err(|_| defect())?);
        kept.used = Some(now);
        Ok(())
    }
}

/// A user handle that says nothing about the person.
pub(super) fn new_handle(random: &dyn Random) -> String {
    let mut bytes = [0; 64];
    random.fill(&mut bytes);
    hex(&bytes)
}

fn handle_of(text: &str) -> Option<UserHandle64> {
    UserHandle64::decode(unhex(text)?.try_into().ok()?).ok()
}

fn credential_id(passkey: &StoredPasskey) -> Result<CredentialId<Vec<u8>>, Refused> {
    let bytes = unhex(&passkey.id).ok_or_else(defect)?;
    CredentialId::<Vec<u8>>::decode(bytes).map_err(|_| defect())
}

fn told(error: &dyn std::fmt::Display) -> Refused {
    Refused::Invalid {
        field: "passkey".into(),
        message: error.to_string(),
    }
}

fn defect() -> Refused {
    Refused::Invalid {
        field: "passkey".into(),
        message: "the stored passkey cannot be read: remove it and register it again".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_need_a_name_and_tls() {
        assert!(Site::at("https://salute.example.it").is_some());
        assert!(Site::at("http://localhost:8080").is_some());
        assert!(Site::at("http://salute.example.it").is_none());
        assert!(Site::at("https://192.0.2.1").is_none());
        assert!(Site::at("http://127.0.0.1:8080").is_none());
    }
}
