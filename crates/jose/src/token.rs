//! Reading a compact JWS (RFC 7515) whose payload is a JWT (RFC 7519).

use crate::{Algorithm, Claims, JoseError, Jwk, Jwks, from_base64url};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// Largest token read, bytes.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;
/// Most certificates of `x5c`.
const MAX_CHAIN: usize = 8;

/// The header of a token. What it says is not to be trusted before the signature is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// `alg`.
    pub algorithm: Algorithm,
    /// `kid`.
    pub kid: Option<String>,
    /// `typ`, in lower case and without the prefix `application/`.
    pub typ: Option<String>,
    /// `x5c`: certificates, DER, the signer's first.
    pub x5c: Vec<Vec<u8>>,
    /// `x5t#S256`.
    pub x5t_s256: Option<String>,
}

/// A token of good form whose signature has not been checked.
#[derive(Debug, Clone)]
pub struct Unverified<'a> {
    header: Header,
    message: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Unverified<'a> {
    /// Reads the form. `allowed` are the algorithms the caller accepts, whatever the token says.
    ///
    /// # Errors
    /// Too large, malformed, an algorithm not allowed (`none` and HMAC never are), `crit`.
    pub fn parse(token: &'a str, allowed: &[Algorithm]) -> Result<Self, JoseError> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(JoseError::TooLarge {
                what: "token",
                limit: MAX_TOKEN_BYTES,
            });
        }
        let (message, signature) = token
            .rsplit_once('.')
            .ok_or(JoseError::Malformed("three parts are needed"))?;
        let (header, payload) = message
            .split_once('.')
            .ok_or(JoseError::Malformed("three parts are needed"))?;
        if payload.contains('.') {
            return Err(JoseError::Malformed("more than three parts"));
        }
        let header = read_header(&object(header, "the header is not a JSON object in base64url")?)?;
        if !allowed.contains(&header.algorithm) {
            return Err(JoseError::AlgorithmNotAllowed(header.algorithm));
        }
        Ok(Self {
            header,
            message,
            payload,
            signature,
        })
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// A claim of the unchecked token, only to find out whose key to check it with (`iss`).
    pub fn peek(&self, claim: &str) -> Option<String> {
        let claims = object(self.payload, "").ok()?;
        claims.get(claim)?.as_str().map(str::to_owned)
    }

    /// Checks the signature with one key.
    ///
    /// # Errors
    /// [`JoseError::Signature`]; [`JoseError::NoKey`] when the key is of another kind or name than the header says.
    pub fn verify(self, key: &Jwk) -> Result<Claims, JoseError> {
        if !key.may_have_made(self.header.algorithm, self.header.kid.as_deref()) {
            return Err(self.no_key());
        }
        key.key
            .verify(self.header.algorithm, self.message.as_bytes(), self.signature)?;
        let members = object(self.payload, "the claims are not a JSON object in base64url")?;
        Ok(Claims::new(members, self.header.typ))
    }

    /// Checks the signature with the keys of a set that can have made it.
    ///
    /// # Errors
    /// See [`Unverified::verify`].
    pub fn verify_with(self, keys: &Jwks) -> Result<Claims, JoseError> {
        let mut last = self.no_key();
        for key in keys.candidates(self.header.algorithm, self.header.kid.as_deref()) {
            match self.clone().verify(key) {
                Ok(claims) => return Ok(claims),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn no_key(&self) -> JoseError {
        let kid = self.header.kid.as_deref().unwrap_or("-");
        JoseError::NoKey {
            kid: kid.chars().take(80).collect(),
            algorithm: self.header.algorithm,
        }
    }
}

fn object(part: &str, why: &'static str) -> Result<Map<String, Value>, JoseError> {
    let bytes = from_base64url(part).ok_or(JoseError::Malformed(why))?;
    serde_json::from_slice(&bytes).map_err(|_| JoseError::Malformed(why))
}

pub(crate) fn read_header(members: &Map<String, Value>) -> Result<Header, JoseError> {
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
    if members.contains_key("crit") || members.contains_key("zip") || members.contains_key("b64") {
        return Err(JoseError::Critical);
    }
    let algorithm = Algorithm::named(&text("alg").ok_or(JoseError::Malformed("the header has no 'alg'"))?)?;
    let typ = text("typ").map(|typ| typ.to_ascii_lowercase());
    Ok(Header {
        algorithm,
        kid: text("kid"),
        typ: typ.map(|typ| typ.strip_prefix("application/").map_or(typ.clone(), str::to_owned)),
        x5c: chain(members.get("x5c"))?,
        x5t_s256: text("x5t#S256"),
    })
}

fn chain(value: Option<&Value>) -> Result<Vec<Vec<u8>>, JoseError> {
    let Some(value) = value else { return Ok(vec![]) };
    let wrong = JoseError::Malformed("'x5c' is not an array of at most 8 certificates in base64");
    let list = value
        .as_array()
        .filter(|list| list.len() <= MAX_CHAIN)
        .ok_or(wrong.clone())?;
    let der = |value: &Value| value.as_str().and_then(|text| STANDARD.decode(text).ok());
    list.iter().map(|value| der(value).ok_or(wrong.clone())).collect()
}

#[cfg(test)]
mod tests;
