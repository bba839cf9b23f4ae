//! Secrets in Subscriptions (authorisation headers, the key of the signature) are sealed before they are stored, so that
//! no read, search, history, export or backup shows them. AES-256-GCM under the installation's own key.
//!
//! The seal covers the subscription, the header and the target: copied elsewhere, or with another endpoint beside it, a
//! sealed value does not open, so nobody can have it sent to themselves.

use std::sync::Arc;
use store::Random;

/// How a sealed value starts.
pub(super) const PREFIX: &str = "sealed:";

/// The key, and where nonces come from.
#[derive(Debug, Clone)]
pub struct Seal(access::Seal);

impl Seal {
    /// A seal with a 256-bit key, which must stay the same as long as sealed values shall open.
    pub fn new(key: [u8; 32], random: Arc<dyn Random>) -> Self {
        Self(access::Seal::new(key, random))
    }

    /// Seals `text` for a place.
    pub(super) fn close(&self, text: &str, place: &str) -> String {
        format!("{PREFIX}{}", self.0.close(text, place))
    }

    /// Opens a sealed value; `None` when it was not sealed here for this place.
    pub(super) fn open(&self, sealed: &str, place: &str) -> Option<String> {
        let text = self.0.open(sealed.strip_prefix(PREFIX)?, place)?;
        Some(text.as_str().to_owned())
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
