//! The configuration of the relying party: a JSON file, told in `docs/identity.md`.

use crate::AccessError;
use jose::{Algorithm, PrivateKey};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Providers at once, at most.
const MAX: usize = 20;
/// `acr` values of SPID and CIE (Regole tecniche OpenID Connect in SPID, section on `acr_values`).
const LEVELS: [(&str, u8); 3] = [
    ("https://www.spid.gov.it/SpidL1", 1),
    ("https://www.spid.gov.it/SpidL2", 2),
    ("https://www.spid.gov.it/SpidL3", 3),
];

/// Providers and our keys.
pub struct OidcConfig {
    pub(super) providers: Vec<Provider>,
    pub(super) keys: Vec<PrivateKey>,
}

impl std::fmt::Debug for OidcConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OidcConfig")
            .field("providers", &self.providers)
            .finish_non_exhaustive()
    }
}

/// A provider as the sign-in page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderLink {
    /// Name in addresses.
    pub name: String,
    /// Text of the link, Italian.
    pub it: String,
    /// Text of the link, English.
    pub en: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Provider {
    pub name: String,
    pub label: Label,
    pub issuer: String,
    pub client_id: String,
    #[serde(default = "default_scopes")]
    pub scopes: Vec<String>,
    /// `acr_values` asked for, best first.
    #[serde(default)]
    pub acr_values: Vec<String>,
    /// Levels of other `acr` values than SPID's.
    #[serde(default)]
    levels: BTreeMap<String, u8>,
    /// Lowest level taken.
    #[serde(default = "default_level")]
    pub min_level: u8,
    /// Send the parameters as a signed request object (RFC 9101).
    #[serde(default)]
    pub request_object: bool,
    /// Claims asked for beside those of the scopes (OpenID Connect Core 5.5).
    #[serde(default)]
    pub claims: Option<serde_json::Value>,
    #[serde(default)]
    pub prompt: Option<String>,
    /// Addresses beside the issuer's that its metadata may name.
    #[serde(default)]
    pub endpoints: Vec<String>,
    /// Claims that may hold the codice fiscale.
    #[serde(default = "default_fiscal")]
    pub fiscal_claims: Vec<String>,
    /// How far its clock may differ, seconds.
    #[serde(default = "default_skew")]
    pub skew_seconds: u16,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Label {
    pub it: String,
    pub en: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    /// PEM files beside this one: the first signs, all are published.
    key_files: Vec<String>,
    providers: Vec<Provider>,
}

fn default_scopes() -> Vec<String> {
    vec!["openid".into()]
}

fn default_level() -> u8 {
    2
}

fn default_skew() -> u16 {
    60
}

fn default_fiscal() -> Vec<String> {
    vec![
        "https://attributes.eid.gov.it/fiscal_number".into(),
        "fiscal_number".into(),
    ]
}

impl OidcConfig {
    /// Reads a file and the keys it names. The first key is made (RSA, 3072 bits, mode 600) when its file is not there.
    ///
    /// # Errors
    /// [`AccessError::Invalid`] names file and field.
    pub fn load(path: &Path) -> Result<Self, AccessError> {
        let invalid = |message: String| AccessError::Invalid {
            field: "oidc",
            message: format!("{}: {message}", path.display()),
        };
        let text = std::fs::read_to_string(path).map_err(|e| invalid(format!("cannot be read: {e}")))?;
        let file: File = serde_json::from_str(&text).map_err(|e| invalid(e.to_string()))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        if file.key_files.is_empty() {
            return Err(invalid(
                "keyFiles: name one at least; it is made when it is not there".into(),
            ));
        }
        let mut keys = Vec::new();
        for (i, name) in file.key_files.iter().enumerate() {
            keys.push(key(&folder.join(name), i == 0).map_err(|e| invalid(format!("keyFiles {name}: {e}")))?);
        }
        check(&file.providers).map_err(invalid)?;
        Ok(Self {
            providers: file.providers,
            keys,
        })
    }

    /// Addresses that requests may go to.
    pub(super) fn trusted(&self) -> Vec<String> {
        let named = |provider: &Provider| {
            let mut all = provider.endpoints.clone();
            all.push(provider.issuer.clone());
            // The metadata's endpoints stand beside the issuer, not below it.
            if let Ok(url) = url::Url::parse(&provider.issuer) {
                all.push(url.origin().ascii_serialization());
            }
            all
        };
        self.providers.iter().flat_map(named).collect()
    }
}

impl Provider {
    pub(super) fn link(&self) -> ProviderLink {
        ProviderLink {
            name: self.name.clone(),
            it: self.label.it.clone(),
            en: self.label.en.clone(),
        }
    }

    /// The level of an `acr` value; 0 for one that is not known.
    pub(super) fn level(&self, acr: &str) -> u8 {
        let own = self.levels.get(acr).copied();
        own.or_else(|| LEVELS.iter().find(|(known, _)| *known == acr).map(|(_, level)| *level))
            .unwrap_or(0)
    }
}

fn check(providers: &[Provider]) -> Result<(), String> {
    if providers.len() > MAX {
        return Err(format!("providers: {MAX} at most"));
    }
    for (i, provider) in providers.iter().enumerate() {
        let name = &provider.name;
        let plain = !name.is_empty() && name.len() <= 20;
        if !plain
            || !name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        {
            return Err(format!("provider '{name}': name: 1 to 20 of a-z 0-9 and hyphens"));
        }
        if providers[..i]
            .iter()
            .any(|other| other.name == *name || other.issuer == provider.issuer)
        {
            return Err(format!("provider '{name}': its name or issuer is there twice"));
        }
        let url = url::Url::parse(&provider.issuer).map_err(|e| format!("provider '{name}': issuer: {e}"))?;
        let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if url.scheme() != "https" && !(url.scheme() == "http" && here) {
            return Err(format!(
                "provider '{name}': issuer: https is needed (http only on this machine)"
            ));
        }
        if !provider.scopes.iter().any(|scope| scope == "openid") {
            return Err(format!("provider '{name}': scopes: 'openid' is missing"));
        }
    }
    Ok(())
}

fn key(path: &Path, make: bool) -> Result<PrivateKey, String> {
    if !path.exists() && make {
        let made = PrivateKey::generate(Algorithm::RS256).map_err(|e| e.to_string())?;
        let der = made.pkcs8().map_err(|e| e.to_string())?;
        write(path, &pem(&der)).map_err(|e| format!("cannot be written: {e}"))?;
        return Ok(made);
    }
    let text = std::fs::read_to_string(path).map_err(|e| format!("cannot be read: {e}"))?;
    PrivateKey::from_pem(&text).map_err(|e| e.to_string())
}

fn pem(der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|i| &text[i..text.len().min(i + 64)])
        .collect();
    format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        lines.join("\n")
    )
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    std::io::Write::write_all(&mut options.open(path)?, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(provider: &str) -> Result<OidcConfig, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("oidc.json");
        std::fs::write(
            &path,
            format!("{{\"keyFiles\": [\"rp.pem\"], \"providers\": [{provider}]}}"),
        )
        .unwrap();
        OidcConfig::load(&path).map_err(|e| e.to_string())
    }

    #[test]
    fn a_configuration_is_read_and_what_is_wrong_is_named() {
        let good = r#"{"name": "spid", "label": {"it": "Entra con SPID", "en": "Sign in with SPID"},
            "issuer": "https://idp.example.it", "clientId": "x", "levels": {"loa2": 2}}"#;
        let config = load(good).unwrap();
        let provider = &config.providers[0];
        assert_eq!(provider.level("https://www.spid.gov.it/SpidL3"), 3);
        assert_eq!(
            (provider.level("loa2"), provider.level("loa9"), provider.min_level),
            (2, 0, 2)
        );
        for (from, to, why) in [
            ("https://idp", "http://idp", "https is needed"),
            ("\"spid\"", "\"SPID 1\"", "name"),
            ("clientId", "client", "client"),
        ] {
            let error = load(&good.replace(from, to)).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
