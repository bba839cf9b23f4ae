//! Public keys: the numbers, and checking a signature with them.

use crate::{Algorithm, JoseError};
use jsonwebtoken::DecodingKey;

/// Shortest RSA modulus accepted, bits (NIST SP 800-131A; AgID's guidelines on ModI ask for 2048).
const MIN_RSA_BITS: usize = 2048;
/// Longest RSA modulus accepted, bits: beyond it a signature costs its receiver too much.
const MAX_RSA_BITS: usize = 8192;

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// RSA: modulus and exponent, big-endian without leading zeros.
    Rsa {
        /// Modulus.
        n: Vec<u8>,
        /// Exponent.
        e: Vec<u8>,
    },
    /// A point of P-256.
    P256 {
        /// 32 bytes.
        x: Vec<u8>,
        /// 32 bytes.
        y: Vec<u8>,
    },
    /// A point of P-384.
    P384 {
        /// 48 bytes.
        x: Vec<u8>,
        /// 48 bytes.
        y: Vec<u8>,
    },
    /// Ed25519, 32 bytes.
    Ed25519 {
        /// The key.
        x: Vec<u8>,
    },
}

impl PublicKey {
    /// Checks sizes. Whether a point lies on its curve is checked with each signature.
    ///
    /// # Errors
    /// [`JoseError::Key`].
    pub fn checked(self) -> Result<Self, JoseError> {
        let fail = |why: &str| Err(JoseError::Key(why.into()));
        match &self {
            Self::Rsa { n, e } => {
                let bits = n.len() * 8 - n.first().map_or(0, |byte| byte.leading_zeros() as usize);
                if n.first() == Some(&0) || !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) {
                    return fail("an RSA modulus has 2048 to 8192 bits");
                }
                if e.len() > 8 || e.last().is_none_or(|byte| byte % 2 == 0) || e[..] == [1] {
                    return fail("an RSA exponent is odd, larger than 1 and of 8 bytes at most");
                }
            }
            Self::P256 { x, y } if x.len() != 32 || y.len() != 32 => {
                return fail("the coordinates of P-256 have 32 bytes each");
            }
            Self::P384 { x, y } if x.len() != 48 || y.len() != 48 => {
                return fail("the coordinates of P-384 have 48 bytes each");
            }
            Self::Ed25519 { x } if x.len() != 32 => return fail("a key of Ed25519 has 32 bytes"),
            _ => {}
        }
        Ok(self)
    }

    /// Whether signatures of this algorithm can be checked with it.
    pub fn fits(&self, algorithm: Algorithm) -> bool {
        use Algorithm::{ES256, ES384, EdDSA, PS256, RS256, RS384, RS512};
        match self {
            Self::Rsa { .. } => matches!(algorithm, RS256 | RS384 | RS512 | PS256),
            Self::P256 { .. } => algorithm == ES256,
            Self::P384 { .. } => algorithm == ES384,
            Self::Ed25519 { .. } => algorithm == EdDSA,
        }
    }

    /// Checks a signature given in base64url.
    pub(crate) fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &str) -> Result<(), JoseError> {
        if !self.fits(algorithm) {
            return Err(JoseError::Signature);
        }
        let key = match self {
            Self::Rsa { n, e } => DecodingKey::from_rsa_raw_components(n, e),
            Self::P256 { x, y } | Self::P384 { x, y } => DecodingKey::from_ec_der(&[&[4], &x[..], &y[..]].concat()),
            Self::Ed25519 { x } => DecodingKey::from_ed_der(x),
        };
        match jsonwebtoken::crypto::verify(signature, message, &key, algorithm.inner()) {
            Ok(true) => Ok(()),
            _ => Err(JoseError::Signature),
        }
    }
}
