//! The partners of direct trust: who they are, by certificate or key, and what they may do.

use crate::OauthError;
use access::Actor;
use jose::{Algorithm, Certificate, Claims, Header, JoseError, Jwk, Jwks, Unverified};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// A public administration (or other body) that signs its requests.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partner {
    /// Id, for the audit: letters, digits, `-`.
    pub id: String,
    /// Name.
    pub name: String,
    /// Its certificates, PEM or base64 of DER.
    #[serde(default)]
    pub certificates: Vec<String>,
    /// Its keys known by `kid` (JWKS), where there are no certificates.
    #[serde(default)]
    pub keys: Option<Value>,
    /// Scopes, e.g. `system/Patient.rs`.
    pub scopes: Vec<String>,
    /// Roles; `sistema` unless said otherwise.
    #[serde(default = "sistema")]
    pub roles: Vec<String>,
    /// Organization id it acts for.
    #[serde(default)]
    pub organization: Option<String>,
    /// Each token is good once (ID_AUTH_REST_02).
    #[serde(default)]
    pub unique: bool,
    /// Bodies must be signed (INTEGRITY_REST).
    #[serde(default)]
    pub integrity: bool,
    /// Who asked must come along (AUDIT_REST).
    #[serde(default)]
    pub evidence: bool,
}

fn sistema() -> Vec<String> {
    vec!["sistema".into()]
}

/// A key of a partner with the period of its certificate.
struct Known {
    partner: Arc<Partner>,
    key: Jwk,
    certificate: Option<Certificate>,
}

/// Every partner, found by certificate or `kid`.
#[derive(Default)]
pub struct Trust {
    known: HashMap<String, Known>,
}

impl Trust {
    /// From the list of partners.
    ///
    /// # Errors
    /// A certificate or key cannot be read; two partners have the same one; a partner has none.
    pub fn new(partners: Vec<Partner>) -> Result<Self, OauthError> {
        let mut trust = Self::default();
        for partner in partners {
            trust.add(Arc::new(partner))?;
        }
        Ok(trust)
    }

    fn add(&mut self, partner: Arc<Partner>) -> Result<(), OauthError> {
        let fail = |why: String| OauthError::request(format!("partner '{}': {why}", partner.id));
        if partner.id.is_empty() || !partner.id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(fail("the id has letters, digits and -".into()));
        }
        if partner.roles.iter().any(|role| role == "system" || role == "admin") {
            return Err(fail("the roles 'system' and 'admin' are not for partners".into()));
        }
        let mut found = vec![];
        for text in &partner.certificates {
            let certificate = Certificate::from_text(text).map_err(|error| fail(error.to_string()))?;
            found.push((certificate.thumbprint(), certificate.key.clone(), Some(certificate)));
        }
        if let Some(keys) = &partner.keys {
            let set = Jwks::from_json(keys).map_err(|error| fail(error.to_string()))?;
            for key in set.keys {
                let kid = key.kid.clone().ok_or_else(|| fail("a key has no 'kid'".into()))?;
                found.push((kid, key, None));
            }
        }
        if found.is_empty() {
            return Err(fail("it has neither certificates nor keys".into()));
        }
        for (name, key, certificate) in found {
            let known = Known {
                partner: partner.clone(),
                key,
                certificate,
            };
            if self.known.insert(name, known).is_some() {
                return Err(fail("a certificate or key is listed twice".into()));
            }
        }
        Ok(())
    }

    /// Whether there are no partners.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Whether a token says it is of somebody in the list. Nothing is checked yet.
    pub(crate) fn names(&self, header: &Header) -> bool {
        self.find(header).is_some()
    }

    fn find(&self, header: &Header) -> Option<&Known> {
        let by_chain = header.x5c.first().map(jose::s256);
        let name = by_chain
            .or_else(|| header.x5t_s256.clone())
            .or_else(|| header.kid.clone())?;
        self.known.get(&name)
    }

    /// Checks a token's signature with the key of the partner it names.
    pub(crate) fn verify(&self, token: &str, now: i64) -> Result<(Arc<Partner>, Claims), JoseError> {
        let read = Unverified::parse(token, Algorithm::USUAL)?;
        let stranger = || JoseError::Key("its certificate or key is not one that was agreed".into());
        let known = self.find(read.header()).ok_or_else(stranger)?;
        if known
            .certificate
            .as_ref()
            .is_some_and(|certificate| !certificate.is_good_at(now))
        {
            return Err(JoseError::Key("its certificate has ended, or has not begun".into()));
        }
        // The name in the header was that of the certificate; `kid` may say something else beside it.
        let key = Jwk {
            kid: read.header().kid.clone(),
            ..known.key.clone()
        };
        Ok((known.partner.clone(), read.verify(&key)?))
    }
}

impl Partner {
    /// Who acts.
    pub(crate) fn actor(&self) -> Actor {
        Actor {
            subject: format!("client/modi:{}", self.id),
            name: self.name.clone(),
            roles: self.roles.clone(),
            organization: self.organization.clone(),
            client: Some(Arc::new(access::ClientGrant {
                client: format!("modi:{}", self.id),
                scopes: self.scopes.clone(),
                patient: None,
                purpose: None,
            })),
            ..Actor::default()
        }
    }
}
