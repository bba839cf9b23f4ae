//! What must be kept, or given to a browser to bring back, without being readable or changeable: AES-256-GCM under a key
//! of the installation. The seal covers a place (what the value is, and whose), so that a sealed value does not open
//! elsewhere.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::sync::Arc;
use store::Random;
use zeroize::Zeroizing;

/// The key, and where nonces come from.
#[derive(Clone)]
pub struct Seal {
    key: Arc<Zeroizing<[u8; 32]>>,
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
        Self {
            key: Arc::new(Zeroizing::new(key)),
            random,
        }
    }

    fn cipher(&self) -> LessSafeKey {
        let key = UnboundKey::new(&AES_256_GCM, self.key.as_slice()).expect("the key has the length of the cipher");
        LessSafeKey::new(key)
    }

    /// Seals `text` for a place; the result is base64url.
    pub fn close(&self, text: &str, place: &str) -> String {
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce);
        let mut bytes = text.as_bytes().to_vec();
        let aad = Aad::from(place.as_bytes());
        self.cipher()
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut bytes)
            .expect("a short text can be sealed");
        let mut whole = nonce.to_vec();
        whole.extend(bytes);
        URL_SAFE_NO_PAD.encode(whole)
    }

    /// Opens a sealed value; `None` when it was not sealed here for this place.
    pub fn open(&self, sealed: &str, place: &str) -> Option<Zeroizing<String>> {
        let whole = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, bytes) = whole.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut bytes = Zeroizing::new(bytes.to_vec());
        let text = self
            .cipher()
            .open_in_place(nonce, Aad::from(place.as_bytes()), &mut bytes);
        String::from_utf8(text.ok()?.to_vec()).ok().map(Zeroizing::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::SeededRandom;

    #[test]
    fn a_value_opens_only_in_its_place_and_under_its_key() {
        let seal = Seal::new([7; 32], Arc::new(SeededRandom::new(1)));
        let sealed = seal.close("un segreto", "totp rossi");
        assert_ne!(sealed, seal.close("un segreto", "totp rossi"));
        assert_eq!(seal.open(&sealed, "totp rossi").unwrap().as_str(), "un segreto");
        assert!(seal.open(&sealed, "totp bianchi").is_none());
        assert!(seal.open("AAAA", "totp rossi").is_none());
        let other = Seal::new([8; 32], Arc::new(SeededRandom::new(1)));
        assert!(other.open(&sealed, "totp rossi").is_none());
    }
}
