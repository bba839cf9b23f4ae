//! X.509 certificates as far as ModI and mutual TLS need them: the key, the period, the thumbprint. Whether a certificate is
//! trusted is not decided here: it is by its thumbprint, in a list.

use crate::{JoseError, Jwk, PublicKey, s256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Largest certificate read, bytes.
const MAX_DER: usize = 16 * 1024;

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// DER.
    pub der: Vec<u8>,
    /// Its public key, named by the thumbprint of the certificate.
    pub key: Jwk,
    /// Good from, seconds since 1970.
    pub not_before: i64,
    /// Good until, seconds since 1970.
    pub not_after: i64,
}

impl Certificate {
    /// From PEM or from base64 of DER.
    ///
    /// # Errors
    /// [`JoseError::Key`].
    pub fn from_text(text: &str) -> Result<Self, JoseError> {
        let body = text
            .split_once("-----BEGIN CERTIFICATE-----")
            .map_or(text, |(_, rest)| rest);
        let body = body.split_once("-----END").map_or(body, |(body, _)| body);
        let plain: String = body.split_ascii_whitespace().collect();
        let der = STANDARD
            .decode(plain)
            .map_err(|_| wrong("it is neither PEM nor base64"))?;
        Self::from_der(&der)
    }

    /// From DER (RFC 5280 section 4.1).
    ///
    /// # Errors
    /// [`JoseError::Key`]: not a certificate, or one with a key of another kind than RSA, EC on P-256 or P-384, Ed25519.
    pub fn from_der(der: &[u8]) -> Result<Self, JoseError> {
        if der.len() > MAX_DER {
            return Err(JoseError::TooLarge {
                what: "certificate",
                limit: MAX_DER,
            });
        }
        let (certificate, rest) = take(der, SEQUENCE)?;
        if !rest.is_empty() {
            return Err(wrong("there is something after it"));
        }
        let (mut body, _) = take(certificate, SEQUENCE)?;
        if body.first() == Some(&0xa0) {
            (_, body) = take(body, 0xa0)?; // version
        }
        for tag in [INTEGER, SEQUENCE, SEQUENCE] {
            (_, body) = take(body, tag)?; // serial number, algorithm, issuer
        }
        let (validity, body) = take(body, SEQUENCE)?;
        let (not_before, validity) = moment(validity)?;
        let (not_after, _) = moment(validity)?;
        let (_, body) = take(body, SEQUENCE)?; // subject
        let (info, _) = take(body, SEQUENCE)?;
        Ok(Self {
            der: der.to_vec(),
            key: Jwk {
                key: key_of(info)?.checked()?,
                kid: Some(s256(der)),
                alg: None,
            },
            not_before,
            not_after,
        })
    }

    /// `x5t#S256`.
    pub fn thumbprint(&self) -> String {
        s256(&self.der)
    }

    /// Whether it is within its period.
    pub fn is_good_at(&self, now: i64) -> bool {
        (self.not_before..=self.not_after).contains(&now)
    }
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_ID: u8 = 0x06;
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];

fn wrong(why: &str) -> JoseError {
    JoseError::Key(format!("not a certificate that can be read: {why}"))
}

/// The value of the first element, which must have this tag, and what follows it.
fn take(bytes: &[u8], tag: u8) -> Result<(&[u8], &[u8]), JoseError> {
    let short = || wrong("it ends too early");
    let [found, length, rest @ ..] = bytes else {
        return Err(short());
    };
    if *found != tag {
        return Err(wrong("an element is of another kind than expected"));
    }
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        0x81 | 0x82 => {
            let count = usize::from(length & 0x0f);
            let (digits, rest) = rest.split_at_checked(count).ok_or_else(short)?;
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        }
        _ => return Err(wrong("an element has no definite, reasonable length")),
    };
    rest.split_at_checked(length).ok_or_else(short)
}

/// UTCTime or GeneralizedTime, in the one form that RFC 5280 permits.
fn moment(bytes: &[u8]) -> Result<(i64, &[u8]), JoseError> {
    let bad = || wrong("a moment of its period is not readable");
    let (year_digits, (text, rest)) = match bytes.first() {
        Some(0x17) => (2, take(bytes, 0x17)?),
        _ => (4, take(bytes, 0x18)?),
    };
    let text = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.strip_suffix('Z'))
        .ok_or_else(bad)?;
    if text.len() != year_digits + 10 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad());
    }
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().map_err(|_| bad());
    let year = match (year_digits, number(0, year_digits)?) {
        (2, year) if year >= 50 => 1900 + year,
        (2, year) => 2000 + year,
        (_, year) => year,
    };
    let at = |index: usize| number(year_digits + 2 * index, year_digits + 2 * index + 2);
    let (month, day) = (at(0)?, at(1)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return Err(bad());
    }
    Ok((
        days(year, month, day) * 86_400 + at(2)? * 3_600 + at(3)? * 60 + at(4)?,
        rest,
    ))
}

/// Days since 1970-01-01 in the Gregorian calendar (years counted from March, so that leap days come last).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468
}

fn key_of(info: &[u8]) -> Result<PublicKey, JoseError> {
    let (algorithm, rest) = take(info, SEQUENCE)?;
    let (id, parameters) = take(algorithm, OBJECT_ID)?;
    let (bits, _) = take(rest, BIT_STRING)?;
    let Some((0, key)) = bits.split_first() else {
        return Err(wrong("its key is no whole number of bytes"));
    };
    if id == RSA {
        let (pair, _) = take(key, SEQUENCE)?;
        let (n, rest) = take(pair, INTEGER)?;
        let (e, _) = take(rest, INTEGER)?;
        let strip = |bytes: &[u8]| bytes.strip_prefix(&[0]).unwrap_or(bytes).to_vec();
        return Ok(PublicKey::Rsa {
            n: strip(n),
            e: strip(e),
        });
    }
    if id == ED25519 {
        return Ok(PublicKey::Ed25519 { x: key.to_vec() });
    }
    let unknown = || wrong("its key is neither RSA, nor EC on P-256 or P-384, nor Ed25519");
    let (curve, _) = take(parameters, OBJECT_ID).map_err(|_| unknown())?;
    let Some((4, point)) = key.split_first() else {
        return Err(unknown());
    };
    let (x, y) = point.split_at(point.len() / 2);
    let (x, y) = (x.to_vec(), y.to_vec());
    match (id == EC, curve) {
        (true, P256) => Ok(PublicKey::P256 { x, y }),
        (true, P384) => Ok(PublicKey::P384 { x, y }),
        _ => Err(unknown()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_the_calendar_does() {
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2000, 3, 1), 11_017);
        assert_eq!(days(2026, 11, 22), 20_779);
    }

    #[test]
    fn certificates_made_by_openssl_are_read() {
        let rsa = Certificate::from_text(include_str!("certificate/rsa.pem")).unwrap();
        assert!(matches!(rsa.key.key, PublicKey::Rsa { .. }));
        let ec = Certificate::from_text(include_str!("certificate/ec.pem")).unwrap();
        assert!(matches!(ec.key.key, PublicKey::P256 { .. }));
        // openssl x509 -noout -dates, -fingerprint -sha256
        let key = crate::PrivateKey::from_pem(include_str!("certificate/ec.key")).unwrap();
        assert_eq!(key.public().key, ec.key.key);
        assert!(ec.is_good_at(1_800_000_000) && !ec.is_good_at(1_600_000_000) && !ec.is_good_at(9_999_999_999));
    }

    #[test]
    fn damaged_ones_are_refused_without_a_panic() {
        let good = Certificate::from_text(include_str!("certificate/ec.pem")).unwrap().der;
        for cut in 0..good.len() {
            assert!(Certificate::from_der(&good[..cut]).is_err(), "{cut}");
        }
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 0xff;
            let _ = Certificate::from_der(&bad);
        }
        assert!(Certificate::from_text("x").is_err());
        assert!(Certificate::from_der(&[0; MAX_DER + 1]).is_err());
    }
}
