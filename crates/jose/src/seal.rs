//! Private keys at rest: AES-256-GCM under a key of the installation. The seal covers the key's name, so that a sealed key
//! does not open under another one.

use crate::{Algorithm, JoseError, PrivateKey, base64url, from_base64url};
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

impl PrivateKey {
    /// The key, sealed with 256 bits: base64url of nonce and cipher text.
    ///
    /// # Errors
    /// [`JoseError::Crypto`].
    pub fn seal(&self, with: &[u8; 32]) -> Result<String, JoseError> {
        let fail = |_| JoseError::Crypto("seal a key");
        let cipher = RandomizedNonceKey::new(&AES_256_GCM, with).map_err(fail)?;
        let mut bytes = self.pkcs8()?;
        let aad = Aad::from(self.kid().as_bytes());
        let nonce = cipher.seal_in_place_append_tag(aad, &mut *bytes).map_err(fail)?;
        let mut whole = nonce.as_ref().to_vec();
        whole.extend_from_slice(&bytes);
        Ok(base64url(&whole))
    }

    /// Opens a sealed key.
    ///
    /// # Errors
    /// [`JoseError::Key`]: sealed with other bits or under another name, changed, or no key for the algorithm.
    pub fn unseal(sealed: &str, with: &[u8; 32], kid: &str, algorithm: Algorithm) -> Result<Self, JoseError> {
        let wrong = || {
            JoseError::Key(format!(
                "the signing key '{kid}' was sealed under another key of the installation"
            ))
        };
        let whole = from_base64url(sealed).ok_or_else(wrong)?;
        let (nonce, bytes) = whole.split_at_checked(NONCE_LEN).ok_or_else(wrong)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| wrong())?;
        let cipher = RandomizedNonceKey::new(&AES_256_GCM, with).map_err(|_| wrong())?;
        let mut bytes = Zeroizing::new(bytes.to_vec());
        let aad = Aad::from(kid.as_bytes());
        let der = cipher.open_in_place(nonce, aad, &mut bytes).map_err(|_| wrong())?;
        Ok(Self::from_pkcs8(der, algorithm)?.named(kid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_key_opens_under_its_name_only() {
        let key = PrivateKey::generate(Algorithm::ES256).unwrap();
        let sealed = key.seal(&[7; 32]).unwrap();
        assert_ne!(sealed, key.seal(&[7; 32]).unwrap());
        let open = |sealed: &str, with: u8, kid: &str| PrivateKey::unseal(sealed, &[with; 32], kid, Algorithm::ES256);
        assert_eq!(open(&sealed, 7, key.kid()).unwrap().public(), key.public());
        assert!(open(&sealed, 8, key.kid()).is_err());
        assert!(open(&sealed, 7, "other").is_err());
        assert!(open("AAAA", 7, key.kid()).is_err());
    }
}
