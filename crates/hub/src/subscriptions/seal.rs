//! Secrets in Subscriptions (authorisation headers, the key of the signature) are sealed before they are stored, so that
//! no read, search, history, export or backup shows them. AES-256-GCM under the installation's own key.
//!
//! The seal covers the subscription, the header and the target: copied elsewhere, or with another endpoint beside it, a
//! sealed value does not open, so nobody can have it sent to themselves.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::sync::Arc;
use store::Random;

/// How a sealed value starts.
pub(super) const PREFIX: &str = "sealed:";

/// The key, and where nonces come from.
#[derive(Clone)]
pub struct Seal {
    key: [u8; 32],
    random: Arc<dyn Random>,
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(..)")
    }
}

impl Seal {
    /// A seal with a 256-bit key, which must stay the same as long as sealed values shall open.
    pub fn new(key: [u8; 32], random: Arc<dyn Random>) -> Self {
        Self { key, random }
    }

    fn cipher(&self) -> LessSafeKey {
        let key = UnboundKey::new(&AES_256_GCM, &self.key).expect("the key has the length of the cipher");
        LessSafeKey::new(key)
    }

    /// Seals `text` for a place.
    pub(super) fn close(&self, text: &str, place: &str) -> String {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce);
        let mut bytes = text.as_bytes().to_vec();
        self.cipher()
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.as_bytes()),
                &mut bytes,
            )
            .expect("a short text can be sealed");
        let mut whole = nonce.to_vec();
        whole.extend(bytes);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(whole))
    }

    /// Opens a sealed value; `None` when it was not sealed here for this place.
    pub(super) fn open(&self, sealed: &str, place: &str) -> Option<String> {
        let whole = URL_SAFE_NO_PAD.decode(sealed.strip_prefix(PREFIX)?).ok()?;
        let (nonce, bytes) = whole.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut bytes = bytes.to_vec();
        let text = self
            .cipher()
            .open_in_place(nonce, Aad::from(place.as_bytes()), &mut bytes)
            .ok()?;
        String::from_utf8(text.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::SeededRandom;

    #[test]
    fn a_value_opens_only_in_its_place() {
        let seal = Seal::new([7; 32], Arc::new(SeededRandom::new(1)));
        let sealed = seal.close("Bearer abc", "s1 https://a");
        assert!(!sealed.contains("abc"));
        assert_ne!(sealed, seal.close("Bearer abc", "s1 https://a"));
        assert_eq!(seal.open(&sealed, "s1 https://a").as_deref(), Some("Bearer abc"));
        assert_eq!(seal.open(&sealed, "s1 https://b"), None);
        assert_eq!(seal.open("sealed:AAAA", "s1 https://a"), None);
        assert_eq!(seal.open("Bearer abc", "s1 https://a"), None);
        let other = Seal::new([8; 32], Arc::new(SeededRandom::new(1)));
        assert_eq!(other.open(&sealed, "s1 https://a"), None);
    }
}
