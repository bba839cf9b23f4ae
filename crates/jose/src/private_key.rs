//! Private keys: making, keeping, signing.
//!
//! A key lives in the memory of AWS-LC, which overwrites it when it is dropped; bytes that leave ([`PrivateKey::pkcs8`])
//! are overwritten by [`Zeroizing`].

use crate::{Algorithm, JoseError, Jwk, PublicKey, base64url};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self as sig, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

/// Longest key file read, bytes.
const MAX_PEM: usize = 32 * 1024;

enum Pair {
    Rsa(Box<RsaKeyPair>),
    Ec(Box<EcdsaKeyPair>),
    Ed(Box<Ed25519KeyPair>),
}

/// A private key with the algorithm it signs with and the name (`kid`) under which its public part is published.
pub struct PrivateKey {
    pair: Pair,
    algorithm: Algorithm,
    public: Jwk,
}

/// What a header says besides `alg`, `kid` and `typ`.
#[derive(Debug, Clone, Default)]
pub struct SignHeader<'a> {
    /// `typ`, e.g. `JWT`, `at+jwt`, `dpop+jwt`; absent when empty.
    pub typ: &'a str,
    /// `kid` other than the key's own (the name a directory such as PDND gave it).
    pub kid: Option<&'a str>,
    /// `x5c`: certificates, DER, the signer's first.
    pub x5c: &'a [Vec<u8>],
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PrivateKey({} {})", self.algorithm, self.kid())
    }
}

impl PrivateKey {
    /// A new key: RSA of 3072 bits, or on the algorithm's curve. Random bytes come from AWS-LC, which has no other source;
    /// the key is a secret, never part of what is replayed.
    ///
    /// # Errors
    /// [`JoseError::Crypto`].
    pub fn generate(algorithm: Algorithm) -> Result<Self, JoseError> {
        let fail = |_| JoseError::Crypto("make a key");
        let pair = match algorithm {
            Algorithm::ES256 => ec(EcdsaKeyPair::generate(&sig::ECDSA_P256_SHA256_FIXED_SIGNING).map_err(fail)?),
            Algorithm::ES384 => ec(EcdsaKeyPair::generate(&sig::ECDSA_P384_SHA384_FIXED_SIGNING).map_err(fail)?),
            Algorithm::EdDSA => Pair::Ed(Box::new(Ed25519KeyPair::generate().map_err(fail)?)),
            _ => Pair::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa3072).map_err(fail)?)),
        };
        Self::of(pair, algorithm)
    }

    /// A key from PKCS#8 DER, to sign with `algorithm`.
    ///
    /// # Errors
    /// [`JoseError::Key`] when it is not a key for that algorithm.
    pub fn from_pkcs8(der: &[u8], algorithm: Algorithm) -> Result<Self, JoseError> {
        let fail = |e: aws_lc_rs::error::KeyRejected| JoseError::Key(format!("not a PKCS#8 key for {algorithm}: {e}"));
        let pair = match algorithm {
            Algorithm::ES256 => ec(EcdsaKeyPair::from_pkcs8(&sig::ECDSA_P256_SHA256_FIXED_SIGNING, der).map_err(fail)?),
            Algorithm::ES384 => ec(EcdsaKeyPair::from_pkcs8(&sig::ECDSA_P384_SHA384_FIXED_SIGNING, der).map_err(fail)?),
            Algorithm::EdDSA => Pair::Ed(Box::new(Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(fail)?)),
            _ => Pair::Rsa(Box::new(RsaKeyPair::from_pkcs8(der).map_err(fail)?)),
        };
        Self::of(pair, algorithm)
    }

    /// A key from a PEM file (`BEGIN PRIVATE KEY` as `openssl genpkey` writes it, or `BEGIN RSA PRIVATE KEY`); the algorithm
    /// follows from the key: RS256, ES256, ES384 or EdDSA.
    ///
    /// # Errors
    /// [`JoseError::Key`].
    pub fn from_pem(pem: &str) -> Result<Self, JoseError> {
        if pem.len() > MAX_PEM {
            return Err(JoseError::TooLarge {
                what: "key file",
                limit: MAX_PEM,
            });
        }
        if let Some(der) = pem_block(pem, "RSA PRIVATE KEY") {
            let pair = RsaKeyPair::from_der(&der).map_err(|e| JoseError::Key(format!("not an RSA key: {e}")))?;
            return Self::of(Pair::Rsa(Box::new(pair)), Algorithm::RS256);
        }
        let der = pem_block(pem, "PRIVATE KEY").ok_or_else(|| {
            JoseError::Key("no '-----BEGIN PRIVATE KEY-----' (PKCS#8, not encrypted) in the file".into())
        })?;
        let tried = [Algorithm::RS256, Algorithm::ES256, Algorithm::ES384, Algorithm::EdDSA];
        let found = tried
            .iter()
            .find_map(|algorithm| Self::from_pkcs8(&der, *algorithm).ok());
        found.ok_or_else(|| JoseError::Key("it is neither RSA, nor EC on P-256 or P-384, nor Ed25519".into()))
    }

    /// The same key for another algorithm of its kind (`RS384` instead of `RS256`).
    ///
    /// # Errors
    /// [`JoseError::Key`] when the key is of another kind.
    pub fn signing_with(mut self, algorithm: Algorithm) -> Result<Self, JoseError> {
        if !self.public.key.fits(algorithm) {
            return Err(JoseError::Key(format!("it cannot sign with {algorithm}")));
        }
        self.algorithm = algorithm;
        self.public.alg = Some(algorithm);
        Ok(self)
    }

    /// The same key under another name.
    #[must_use]
    pub fn named(mut self, kid: impl Into<String>) -> Self {
        self.public.kid = Some(kid.into());
        self
    }

    /// PKCS#8 DER, to be kept sealed.
    ///
    /// # Errors
    /// [`JoseError::Crypto`].
    pub fn pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, JoseError> {
        let fail = |_| JoseError::Crypto("write the key");
        Ok(Zeroizing::new(match &self.pair {
            Pair::Rsa(pair) => pair.as_der().map_err(fail)?.as_ref().to_vec(),
            Pair::Ec(pair) => pair.to_pkcs8v1().map_err(fail)?.as_ref().to_vec(),
            Pair::Ed(pair) => pair.to_pkcs8v1().map_err(fail)?.as_ref().to_vec(),
        }))
    }

    /// Its public part.
    pub fn public(&self) -> &Jwk {
        &self.public
    }

    /// Its name.
    pub fn kid(&self) -> &str {
        self.public.kid.as_deref().unwrap_or_default()
    }

    /// What it signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Signs claims as a JWT in compact form.
    ///
    /// # Errors
    /// [`JoseError::Crypto`]; [`JoseError::Malformed`] when the claims are no JSON object.
    pub fn sign(&self, header: &SignHeader<'_>, claims: &impl Serialize) -> Result<String, JoseError> {
        let claims = serde_json::to_value(claims).map_err(|_| JoseError::Malformed("the claims do not serialise"))?;
        if !claims.is_object() {
            return Err(JoseError::Malformed("the claims are not an object"));
        }
        let mut members = Map::new();
        members.insert("alg".into(), json!(self.algorithm.name()));
        members.insert("kid".into(), json!(header.kid.unwrap_or(self.kid())));
        if !header.typ.is_empty() {
            members.insert("typ".into(), json!(header.typ));
        }
        if !header.x5c.is_empty() {
            let chain: Vec<_> = header.x5c.iter().map(|der| STANDARD.encode(der)).collect();
            members.insert("x5c".into(), json!(chain));
        }
        let header = Value::Object(members).to_string();
        let message = format!(
            "{}.{}",
            base64url(header.as_bytes()),
            base64url(claims.to_string().as_bytes())
        );
        let signature = self.signature(message.as_bytes())?;
        Ok(format!("{message}.{}", base64url(&signature)))
    }

    /// The bare signature of some bytes: ECDSA as `r || s`.
    ///
    /// # Errors
    /// [`JoseError::Crypto`].
    pub fn signature(&self, message: &[u8]) -> Result<Vec<u8>, JoseError> {
        let fail = |_| JoseError::Crypto("sign");
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ec(pair) => Ok(pair.sign(&random, message).map_err(fail)?.as_ref().to_vec()),
            Pair::Ed(pair) => Ok(pair.try_sign(message).map_err(fail)?.as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let padding: &'static dyn sig::RsaEncoding = match self.algorithm {
                    Algorithm::RS384 => &sig::RSA_PKCS1_SHA384,
                    Algorithm::RS512 => &sig::RSA_PKCS1_SHA512,
                    Algorithm::PS256 => &sig::RSA_PSS_SHA256,
                    _ => &sig::RSA_PKCS1_SHA256,
                };
                let mut out = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut out).map_err(fail)?;
                Ok(out)
            }
        }
    }

    fn of(pair: Pair, algorithm: Algorithm) -> Result<Self, JoseError> {
        let split = |bytes: &[u8]| {
            let half = bytes.len() / 2;
            (bytes[1..=half].to_vec(), bytes[1 + half..].to_vec())
        };
        let public = match &pair {
            Pair::Rsa(pair) => {
                let key = pair.public_key();
                let strip = |bytes: &[u8]| bytes.iter().copied().skip_while(|b| *b == 0).collect::<Vec<_>>();
                PublicKey::Rsa {
                    n: strip(key.modulus().big_endian_without_leading_zero()),
                    e: strip(key.exponent().big_endian_without_leading_zero()),
                }
            }
            Pair::Ec(pair) => {
                let (x, y) = split(pair.public_key().as_ref());
                match algorithm {
                    Algorithm::ES384 => PublicKey::P384 { x, y },
                    _ => PublicKey::P256 { x, y },
                }
            }
            Pair::Ed(pair) => PublicKey::Ed25519 {
                x: pair.public_key().as_ref().to_vec(),
            },
        };
        Ok(Self {
            pair,
            algorithm,
            public: Jwk::new(public.checked()?, Some(algorithm)),
        })
    }
}

fn ec(pair: EcdsaKeyPair) -> Pair {
    Pair::Ec(Box::new(pair))
}

/// The bytes of the first block of a PEM text with this label (RFC 7468).
fn pem_block(pem: &str, label: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (_, rest) = pem.split_once(&format!("-----BEGIN {label}-----"))?;
    let (body, _) = rest.split_once("-----END")?;
    let text: Zeroizing<String> = Zeroizing::new(body.split_ascii_whitespace().collect());
    STANDARD.decode(text.as_bytes()).ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_file() {
        for algorithm in [Algorithm::ES256, Algorithm::ES384, Algorithm::EdDSA, Algorithm::RS256] {
            let key = PrivateKey::generate(algorithm).unwrap();
            let again = PrivateKey::from_pkcs8(&key.pkcs8().unwrap(), algorithm).unwrap();
            assert_eq!(again.public(), key.public());
            let pem = format!(
                "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
                STANDARD.encode(key.pkcs8().unwrap())
            );
            let from_pem = PrivateKey::from_pem(&pem).unwrap();
            assert_eq!((from_pem.kid(), from_pem.algorithm()), (key.kid(), algorithm));
        }
    }

    #[test]
    fn other_files_and_other_kinds_are_refused() {
        let key = PrivateKey::generate(Algorithm::ES256).unwrap();
        assert!(PrivateKey::from_pkcs8(&key.pkcs8().unwrap(), Algorithm::ES384).is_err());
        assert!(PrivateKey::from_pkcs8(b"x", Algorithm::RS256).is_err());
        assert!(PrivateKey::from_pem("-----BEGIN ENCRYPTED PRIVATE KEY-----").is_err());
        assert!(key.signing_with(Algorithm::RS256).is_err());
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = PrivateKey::generate(Algorithm::EdDSA).unwrap();
        assert_eq!(format!("{key:?}"), format!("PrivateKey(EdDSA {})", key.kid()));
    }
}
