//! A signature of a document, which need not be JSON: beside it (RFC 7515, appendix F: `header..signature`), or around it (the
//! compact form, whose payload is the document).

use crate::token::read_header;
use crate::{Algorithm, Header, JoseError, Jwks, PrivateKey, base64url, from_base64url};
use serde_json::json;

/// Longest header and signature read, characters.
const MAX_PART: usize = 16 * 1024;

/// A document whose signature fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The document.
    pub content: Vec<u8>,
    /// Name of the key that signed it; empty where the key has none.
    pub kid: String,
}

/// Whether a text has the form of a document with its signature around it.
pub fn is_compact(text: &str) -> bool {
    let text = text.trim();
    // A JSON object in base64url begins so: `{"`.
    text.starts_with("eyJ")
        && text.bytes().filter(|byte| *byte == b'.').count() == 2
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

/// Checks a signature that lies beside the document.
///
/// # Errors
/// Malformed, an algorithm that is not `allowed`, no such key, or it does not fit.
pub fn verify_detached(
    signature: &str,
    content: &[u8],
    keys: &Jwks,
    allowed: &[Algorithm],
) -> Result<Signed, JoseError> {
    let (header, payload, signature) = parts(signature)?;
    if !payload.is_empty() {
        return Err(JoseError::Malformed(
            "a signature beside the document has nothing between its two dots",
        ));
    }
    let kid = verified(header, &base64url(content), signature, keys, allowed)?;
    Ok(Signed {
        content: content.to_vec(),
        kid,
    })
}

/// Checks a document with its signature around it.
///
/// # Errors
/// As [`verify_detached`].
pub fn verify_compact(text: &str, keys: &Jwks, allowed: &[Algorithm]) -> Result<Signed, JoseError> {
    let (header, payload, signature) = parts(text)?;
    let kid = verified(header, payload, signature, keys, allowed)?;
    let content = from_base64url(payload).ok_or(JoseError::Malformed("the document is not in base64url"))?;
    Ok(Signed { content, kid })
}

fn parts(text: &str) -> Result<(&str, &str, &str), JoseError> {
    let mut parts = text.trim().split('.');
    let (Some(header), Some(payload), Some(signature), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(JoseError::Malformed("three parts are needed"));
    };
    if header.len() > MAX_PART || signature.len() > MAX_PART {
        return Err(JoseError::TooLarge {
            what: "signature",
            limit: MAX_PART,
        });
    }
    Ok((header, payload, signature))
}

/// The name of the key whose signature fits.
fn verified(
    header: &str,
    payload: &str,
    signature: &str,
    keys: &Jwks,
    allowed: &[Algorithm],
) -> Result<String, JoseError> {
    const WHY: JoseError = JoseError::Malformed("the header is not a JSON object in base64url");
    let bytes = from_base64url(header).ok_or(WHY)?;
    let Header { algorithm, kid, .. } = read_header(&serde_json::from_slice(&bytes).map_err(|_| WHY)?)?;
    if !allowed.contains(&algorithm) {
        return Err(JoseError::AlgorithmNotAllowed(algorithm));
    }
    let mut last = JoseError::NoKey {
        kid: kid.as_deref().unwrap_or("-").chars().take(80).collect(),
        algorithm,
    };
    let message = format!("{header}.{payload}");
    for key in keys.candidates(algorithm, kid.as_deref()) {
        match key.key.verify(algorithm, message.as_bytes(), signature) {
            Ok(()) => return Ok(key.kid.clone().unwrap_or_default()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl PrivateKey {
    /// Signs a document: what lies beside it, `header..signature`.
    ///
    /// # Errors
    /// [`JoseError::Crypto`].
    pub fn sign_detached(&self, content: &[u8]) -> Result<String, JoseError> {
        let header = json!({"alg": self.algorithm().name(), "kid": self.kid()}).to_string();
        let header = base64url(header.as_bytes());
        let message = format!("{header}.{}", base64url(content));
        let signature = self.signature(message.as_bytes())?;
        Ok(format!("{header}..{}", base64url(&signature)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOWED: [Algorithm; 2] = [Algorithm::ES256, Algorithm::EdDSA];

    #[test]
    fn what_was_signed_is_known_and_nothing_else() {
        for algorithm in ALLOWED {
            let key = PrivateKey::generate(algorithm).unwrap().named("anpr-1");
            let keys = Jwks {
                keys: vec![key.public().clone()],
            };
            let signature = key.sign_detached("città".as_bytes()).unwrap();
            let signed = verify_detached(&signature, "città".as_bytes(), &keys, &ALLOWED).unwrap();
            assert_eq!(
                (signed.kid.as_str(), signed.content.as_slice()),
                ("anpr-1", "città".as_bytes())
            );
            let other = verify_detached(&signature, b"citta", &keys, &ALLOWED);
            assert_eq!(other, Err(JoseError::Signature));
            // the same with the document inside
            let compact = signature.replace("..", &format!(".{}.", base64url("città".as_bytes())));
            assert!(is_compact(&compact) && !is_compact(&signature.replace("..", ".")) && !is_compact("{\"a\": 1}"));
            assert_eq!(verify_compact(&compact, &keys, &ALLOWED).unwrap(), signed);
            let changed = signature.replace("..", &format!(".{}.", base64url(b"citta")));
            assert_eq!(verify_compact(&changed, &keys, &ALLOWED), Err(JoseError::Signature));
            assert!(matches!(
                verify_detached(&compact, b"", &keys, &ALLOWED),
                Err(JoseError::Malformed(_))
            ));
            let nobody = Jwks { keys: vec![] };
            assert!(matches!(
                verify_detached(&signature, "città".as_bytes(), &nobody, &ALLOWED),
                Err(JoseError::NoKey { .. })
            ));
            assert!(matches!(
                verify_detached(&signature, "città".as_bytes(), &keys, &[Algorithm::RS256]),
                Err(JoseError::AlgorithmNotAllowed(_))
            ));
        }
    }
}
