//! base64url and the hashes that protocols build from it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// base64url without padding (RFC 7515 section 2).
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of base64url without padding; `None` when it is anything else.
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// base64url of the SHA-256: the PKCE challenge `S256` of a verifier (RFC 7636 section 4.2), `x5t#S256` of a certificate's
/// DER (RFC 7515 section 4.1.8).
pub fn s256(bytes: impl AsRef<[u8]>) -> String {
    base64url(&Sha256::digest(bytes))
}

/// base64url of the left half of the SHA-256: `at_hash` and `c_hash` of an ID token signed with a 256-bit algorithm
/// (OpenID Connect Core 1.0 section 3.1.3.6).
pub fn half_hash(bytes: impl AsRef<[u8]>) -> String {
    base64url(&Sha256::digest(bytes)[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_of_rfc_7636() {
        // Appendix B.
        assert_eq!(
            s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn padding_and_other_alphabets_are_refused() {
        for text in ["YQ==", "Y Q", "+/8", "YR"] {
            assert!(from_base64url(text).is_none(), "{text}");
        }
        assert_eq!(from_base64url("YQ").unwrap(), b"a");
    }
}
