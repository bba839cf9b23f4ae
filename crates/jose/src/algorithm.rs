//! The signature algorithms that are known here: asymmetric ones only.

use crate::JoseError;
use serde::{Deserialize, Serialize};

/// A signature algorithm of RFC 7518 section 3.1 and RFC 8037. `none` and the HMAC family are absent on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// Ed25519.
    EdDSA,
}

impl Algorithm {
    /// Every one.
    pub const ALL: &'static [Self] = &[
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::PS256,
        Self::ES256,
        Self::ES384,
        Self::EdDSA,
    ];
    /// What SMART App Launch 2.2 asks of clients with keys (ES384, RS384), with what others use besides. The default of
    /// whoever receives tokens from elsewhere.
    pub const USUAL: &'static [Self] = &[
        Self::ES384,
        Self::RS384,
        Self::ES256,
        Self::RS256,
        Self::PS256,
        Self::EdDSA,
    ];

    /// Its name in a header.
    pub fn name(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::EdDSA => "EdDSA",
        }
    }

    /// By its name.
    ///
    /// # Errors
    /// [`JoseError::Algorithm`] for names that are not known here, `none` and `HS256` among them.
    pub fn named(name: &str) -> Result<Self, JoseError> {
        let found = Self::ALL.iter().find(|algorithm| algorithm.name() == name);
        found
            .copied()
            .ok_or_else(|| JoseError::Algorithm(name.chars().take(20).collect()))
    }

    pub(crate) fn inner(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::RS256 => jsonwebtoken::Algorithm::RS256,
            Self::RS384 => jsonwebtoken::Algorithm::RS384,
            Self::RS512 => jsonwebtoken::Algorithm::RS512,
            Self::PS256 => jsonwebtoken::Algorithm::PS256,
            Self::ES256 => jsonwebtoken::Algorithm::ES256,
            Self::ES384 => jsonwebtoken::Algorithm::ES384,
            Self::EdDSA => jsonwebtoken::Algorithm::EdDSA,
        }
    }
}

impl std::fmt::Display for Algorithm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_and_secrets_have_no_name_here() {
        for name in ["none", "None", "HS256", "HS512", "", "rs256", "ES256K"] {
            assert!(Algorithm::named(name).is_err(), "{name}");
        }
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::named(algorithm.name()).unwrap(), *algorithm);
        }
    }
}
