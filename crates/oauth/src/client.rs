//! Applications and systems that may ask for tokens, as an administrator registered them.

use crate::records::{self, CLIENT};
use crate::{Code, Oauth, OauthError};
use access::ResourceScope;
use jiff::Timestamp;
use jose::Jwks;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most clients of an installation.
const MAX_CLIENTS: usize = 5_000;
/// Most redirect URIs of a client.
const MAX_REDIRECTS: usize = 20;

/// How a client proves who it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientAuth {
    /// Not at all: an application in a browser or on a phone, which cannot keep a secret. PKCE binds its codes.
    Public,
    /// `private_key_jwt` with the keys of this set.
    Keys(Value),
    /// `private_key_jwt` with the keys published at this address.
    KeysAt(String),
    /// `client_secret_basic` or `client_secret_post`; kept as SHA-256 (the secret has 256 random bits).
    Secret(String),
    /// The certificate of the TLS connection (RFC 8705 section 2.2), by `x5t#S256`.
    Certificate(String),
}

/// A registered client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// Name shown to persons.
    pub name: String,
    /// How it proves who it is.
    pub auth: ClientAuth,
    /// Where answers to the browser may go: compared letter by letter.
    #[serde(default)]
    pub redirects: Vec<String>,
    /// Where an EHR launch begins.
    #[serde(default)]
    pub launch: Option<String>,
    /// Scopes it may be given at most.
    pub scopes: Vec<String>,
    /// For a system without a user (client credentials): the roles it acts with, e.g. `sistema`.
    #[serde(default)]
    pub roles: Vec<String>,
    /// Organization id it acts for.
    #[serde(default)]
    pub organization: Option<String>,
    /// Tokens are bound to the certificate of the connection they were asked for (RFC 8705 section 3).
    #[serde(default)]
    pub bound: bool,
    /// Gets no tokens, and those it has end.
    #[serde(default)]
    pub disabled: bool,
    /// When it was registered.
    pub created: Timestamp,
}

impl Client {
    /// Whether it can keep a secret.
    pub fn is_confidential(&self) -> bool {
        self.auth != ClientAuth::Public
    }

    /// Checks what an administrator wrote.
    ///
    /// # Errors
    /// [`Code::InvalidRequest`] with the field.
    pub fn check(&self) -> Result<(), OauthError> {
        let fail = |why: String| Err(OauthError::request(why));
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        if self.id.is_empty() || self.id.len() > 64 || !self.id.bytes().all(plain) {
            return fail("id: 1 to 64 letters, digits and - . _ ~".into());
        }
        if self.name.trim().is_empty() || self.name.len() > 200 {
            return fail("name: 1 to 200 characters".into());
        }
        if self.redirects.len() > MAX_REDIRECTS {
            return fail(format!("redirects: at most {MAX_REDIRECTS}"));
        }
        if let Some(bad) = self
            .redirects
            .iter()
            .chain(&self.launch)
            .find(|uri| !good_redirect(uri))
        {
            return fail(format!(
                "redirects, launch: '{bad}' is not accepted: https, http on this machine, or a scheme of the application's \
                 own with a dot (it.example.app:/cb); no fragment"
            ));
        }
        for scope in &self.scopes {
            ResourceScope::parse(scope).map_err(|error| OauthError::request(format!("scopes: {error}")))?;
        }
        if self.scopes.is_empty() || self.scopes.len() > access::MAX_SCOPES {
            return fail(format!("scopes: 1 to {}", access::MAX_SCOPES));
        }
        if self.roles.iter().any(|role| role == "system" || role == "admin") {
            return fail("roles: 'system' and 'admin' are not for clients; 'sistema' is an external system".into());
        }
        if !self.roles.is_empty() && !self.is_confidential() {
            return fail("roles: a public client cannot act by itself: register its keys".into());
        }
        match &self.auth {
            ClientAuth::Keys(set) => {
                let keys = Jwks::from_json(set).map_err(|error| OauthError::request(format!("keys: {error}")))?;
                if keys.keys.is_empty() {
                    return fail("keys: no key in the set that can be used".into());
                }
            }
            ClientAuth::Certificate(thumbprint) if thumbprint.len() != 43 => {
                return fail("certificate: the SHA-256 of the certificate's DER in base64url (43 characters)".into());
            }
            _ => {}
        }
        Ok(())
    }
}

fn good_redirect(uri: &str) -> bool {
    if uri.len() > 1_000
        || uri.contains(['#', ' ', '\\', '"', '<', '>'])
        || !uri.bytes().all(|b| (33..127).contains(&b))
    {
        return false;
    }
    let Some((scheme, rest)) = uri.split_once(':') else {
        return false;
    };
    let host = rest
        .strip_prefix("//")
        .map(|rest| rest.split(['/', '?']).next().unwrap_or_default());
    match (scheme, host) {
        ("https", Some(host)) => !host.is_empty() && !host.contains('@'),
        ("http", Some(host)) => {
            ["127.0.0.1", "[::1]", "localhost"].contains(&host.rsplit_once(':').map_or(host, |h| h.0))
        }
        _ => scheme.contains('.') && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)),
    }
}

impl Oauth {
    /// A client that may ask for tokens.
    ///
    /// # Errors
    /// [`Code::InvalidClient`] when there is none of this id, or it is disabled.
    pub async fn client(&self, id: &str) -> Result<Client, OauthError> {
        let found: Option<Client> = match id.len() {
            1..=64 => records::read(self.store.as_ref(), CLIENT, id).await?,
            _ => None,
        };
        let found = found.filter(|client| !client.disabled);
        found.ok_or_else(|| OauthError::client("there is no such client here: ask the administrator to register it"))
    }

    /// Every client, by id.
    ///
    /// # Errors
    /// The store fails.
    pub async fn clients(&self) -> Result<Vec<Client>, OauthError> {
        let rows = self.store.snapshot().await?.records(CLIENT, "", MAX_CLIENTS).await?;
        rows.iter()
            .map(|(key, bytes)| records::parse(CLIENT, key, bytes))
            .collect()
    }

    /// Registers a client.
    ///
    /// # Errors
    /// [`Code::InvalidRequest`]: a field is not accepted, or the id is taken.
    pub async fn add_client(&self, client: &Client) -> Result<(), OauthError> {
        client.check()?;
        if let ClientAuth::KeysAt(url) = &client.auth {
            self.config
                .endpoints
                .check(url)
                .map_err(|why| OauthError::request(format!("keys: {why}")))?;
        }
        if self.clients().await?.len() >= MAX_CLIENTS {
            return Err(OauthError::request(format!("there are {MAX_CLIENTS} clients already")));
        }
        let written = records::commit(
            self.store.as_ref(),
            vec![records::write(CLIENT, &client.id, true, client)],
        )
        .await;
        match written {
            Err(error) if records::is_conflict(&error) => Err(OauthError::request(format!(
                "id: there is a client '{}' already",
                client.id
            ))),
            other => Ok(other?),
        }
    }

    /// Gives a client other means to prove who it is, or disables it (its tokens end at once), or enables it again.
    ///
    /// # Errors
    /// No such client; a value that is not accepted.
    pub async fn change_client(&self, id: &str, change: ClientChange) -> Result<Client, OauthError> {
        let found: Option<Client> = records::read(self.store.as_ref(), CLIENT, id).await?;
        let mut client = found.ok_or_else(|| OauthError::new(Code::InvalidRequest, "there is no such client"))?;
        match change {
            ClientChange::Auth(auth) => client.auth = auth,
            ClientChange::Disabled(disabled) => client.disabled = disabled,
        }
        client.check()?;
        let mut writes = vec![records::write(CLIENT, id, false, &client)];
        if client.disabled {
            writes.push(
                self.revoked
                    .mark(&format!("client:{id}"), self.now(), self.config.access_s),
            );
        }
        records::commit(self.store.as_ref(), writes).await?;
        Ok(client)
    }

    /// A new secret for a client, shown once: `(secret, what is kept)`.
    pub fn new_secret(&self) -> (String, ClientAuth) {
        let secret = self.secret();
        let kept = ClientAuth::Secret(jose::s256(&secret));
        (secret, kept)
    }
}

/// What changes about a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClientChange {
    /// How it proves who it is.
    Auth(ClientAuth),
    /// Whether it is disabled.
    Disabled(bool),
}
