//! JSON Web Keys and signed tokens: what OpenID Connect, OAuth 2 and ModI share.
//!
//! A token is read in three steps that cannot be skipped or swapped: [`Unverified::parse`] (form, size, an algorithm that
//! the caller allows), [`Unverified::verify`] (the signature, with a key of the right kind) and [`Claims::expect`] (who made
//! it, for whom, until when). There is no way to the claims of a token whose signature was not checked, other than
//! [`Unverified::peek`], which says in its name what it is for.
//!
//! Symmetric algorithms and `none` do not exist here: [`Algorithm`] has no word for them, so a public key can never be taken
//! for a secret. Signatures are checked by `jsonwebtoken` on AWS-LC; the header and the claims are read here because the
//! moment must be a parameter and because `crit`, sizes and life times need rules of their own.

mod algorithm;
mod certificate;
mod claims;
mod document;
mod encode;
mod error;
mod jwk;
mod jwks;
mod private_key;
mod public_key;
mod seal;
mod token;

pub use algorithm::Algorithm;
pub use certificate::Certificate;
pub use claims::{Claims, Expect};
pub use document::{Signed, is_compact, verify_compact, verify_detached};
pub use encode::{base64url, from_base64url, half_hash, s256};
pub use error::JoseError;
pub use jwk::Jwk;
pub use jwks::{Jwks, MAX_JWKS_BYTES, MAX_KEYS};
pub use private_key::{PrivateKey, SignHeader};
pub use public_key::PublicKey;
pub use token::{Header, MAX_TOKEN_BYTES, Unverified};
