//! Whose events are taken: the keys of the sources, and whether something without a signature is accepted at all. It is a setting
//! of the installation (`sinfonia events trust`), kept in the store so that every node has the same.

use crate::matching::kept::Kept;
use access::Actor;
use component::{Context, PeerError};
use jose::{Algorithm, Jwks, verify_compact, verify_detached};
use std::borrow::Cow;

/// Code and id of the setting.
const CODE: &str = "fonti-eventi";
/// Algorithms that a source may sign with.
const ALLOWED: [Algorithm; 6] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Whose events are taken.
#[derive(Debug, Clone, Default)]
pub struct Trust {
    /// Keys of the sources.
    pub keys: Jwks,
    /// Whether what carries no signature is taken; one that does not fit never is.
    pub unsigned: bool,
}

/// A text that may be taken, and the name of the key that signed it (empty: nobody did).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checked<'a> {
    pub text: Cow<'a, str>,
    pub signer: String,
}

impl Trust {
    /// The setting; without one nobody is trusted and everything must be signed.
    ///
    /// # Errors
    /// The hub does not answer; what is kept cannot be read.
    pub async fn read(context: &Context) -> Result<Self, PeerError> {
        let Some(kept) = find(context).await? else {
            return Ok(Self::default());
        };
        let keys = match kept.get("chiavi") {
            "" => Jwks::default(),
            text => Jwks::parse(text.as_bytes()).map_err(|error| PeerError::Malformed(error.to_string()))?,
        };
        Ok(Self {
            keys,
            unsigned: kept.get("senza-firma") == "si",
        })
    }

    /// Writes the setting, if nobody else did meanwhile.
    ///
    /// # Errors
    /// The hub refused, or did not answer.
    pub async fn write(&self, context: &Context) -> Result<(), PeerError> {
        let mut kept = find(context).await?.unwrap_or_else(|| Kept::new(CODE, CODE, "attiva"));
        kept.set("chiavi", self.keys.to_json().to_string());
        kept.set("senza-firma", if self.unsigned { "si" } else { "" });
        kept.save(&context.peers.fhir(&Actor::system())).await
    }

    /// The text of a file or body, if its source is trusted. `signature`: a detached JWS; a text may also be a compact JWS itself.
    ///
    /// # Errors
    /// In Italian: what is wrong with the signature, and what to do. Then nothing of the text may be taken.
    pub(super) fn check<'a>(&self, body: &'a [u8], signature: Option<&str>) -> Result<Checked<'a>, String> {
        const REMEDY: &str = "Non è stato preso alcun evento: chiedere alla fonte di firmare di nuovo, o registrarne la chiave \
                              con «sinfonia events trust»";
        let refuse = |error: jose::JoseError| format!("firma: {error}. {REMEDY}");
        let utf8 = |_| "il testo non è in UTF-8: salvare il file in UTF-8".to_owned();
        let signature = signature.map(str::trim).filter(|text| !text.is_empty());
        if let Some(signature) = signature {
            let signed = verify_detached(signature, body, &self.keys, &ALLOWED).map_err(refuse)?;
            return Ok(Checked {
                text: Cow::Borrowed(std::str::from_utf8(body).map_err(|_| utf8(()))?),
                signer: signed.kid,
            });
        }
        let text = std::str::from_utf8(body).map_err(|_| utf8(()))?;
        if jose::is_compact(text) {
            let signed = verify_compact(text, &self.keys, &ALLOWED).map_err(refuse)?;
            return Ok(Checked {
                text: Cow::Owned(String::from_utf8(signed.content).map_err(|_| utf8(()))?),
                signer: signed.kid,
            });
        }
        if !self.unsigned {
            return Err(format!(
                "firma: manca, e questa installazione prende soltanto eventi firmati (JWS, RFC 7515). {REMEDY}"
            ));
        }
        Ok(Checked {
            text: Cow::Borrowed(text),
            signer: String::new(),
        })
    }
}

async fn find(context: &Context) -> Result<Option<Kept>, PeerError> {
    Kept::find(&context.peers.fhir(&Actor::system()), CODE, CODE).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use jose::PrivateKey;

    #[test]
    fn only_what_a_trusted_key_signed_is_taken() {
        let key = PrivateKey::generate(Algorithm::ES256).unwrap().named("anpr");
        let stranger = PrivateKey::generate(Algorithm::ES256).unwrap().named("anpr");
        let trust = Trust {
            keys: Jwks {
                keys: vec![key.public().clone()],
            },
            unsigned: false,
        };
        let body = br#"{"id":"e1"}"#;
        let signature = key.sign_detached(body).unwrap();
        assert_eq!(trust.check(body, Some(&signature)).unwrap().signer, "anpr");
        let compact = signature.replace("..", &format!(".{}.", jose::base64url(body)));
        assert_eq!(trust.check(compact.as_bytes(), None).unwrap().text, r#"{"id":"e1"}"#);
        assert!(trust.check(body, None).unwrap_err().contains("manca"));
        let open = Trust {
            unsigned: true,
            ..trust.clone()
        };
        assert_eq!(open.check(body, None).unwrap().signer, "");
        // a signature that does not fit is refused even where none is needed
        for trust in [trust, open] {
            assert!(trust.check(b"{}", Some(&signature)).unwrap_err().starts_with("firma: "));
            let forged = stranger.sign_detached(body).unwrap();
            assert!(trust.check(body, Some(&forged)).unwrap_err().contains("alcun evento"));
        }
    }
}
