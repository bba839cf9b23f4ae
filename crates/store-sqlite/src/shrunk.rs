//! How bodies and packed keys lie in the file: shrunk (Zstandard, RFC 8878) with a dictionary of what FHIR resources have in common.
//!
//! A resource is some 800 bytes of JSON of which most is the same in every other one, and its search values say half of it again: a
//! row is a quarter as long this way, so that four times as many lie on a page of the file, in memory and in a backup. To shrink
//! a row takes some 7 µs, before it queues for the writer; to read it 2 µs.
//!
//! What is not shorter for it lies as it is, and so does what programs before schema 10 wrote; the first byte tells: JSON begins with
//! `{`, packed keys with the high byte of a parameter's number; were that ever [`MARK`], they are shrunk however long it makes them.
//!
//! The dictionaries (`data/*-1.dict`) were trained on synthetic patients (Synthea), the demo region and people of `sinfonia
//! population`. They are part of the format: **a dictionary is never changed**, a better one gets a mark of its own.

use crate::error::Outcome;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use search::corrupt;
use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::LazyLock;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

/// Before what was shrunk with the first dictionaries.
const MARK: u8 = 0xff;
/// Shorter ones lie as they are.
const SHORTEST: usize = 96;
/// Of the encoder; a higher one makes rows of this size hardly shorter.
const LEVEL: i32 = 1;
/// Longer ones lie as they are: both forms would be in memory at once. What is shrunk and says that it is longer is damaged.
const LONGEST: usize = 32 << 20;

static BODIES: &[u8] = include_bytes!("../data/bodies-1.dict");
static KEYS: &[u8] = include_bytes!("../data/keys-1.dict");

/// What makes and reads one of the two kinds.
struct Kind {
    encoder: LazyLock<EncoderDictionary<'static>>,
    decoder: LazyLock<DecoderDictionary<'static>>,
}

static BODY: Kind = Kind {
    encoder: LazyLock::new(|| EncoderDictionary::copy(BODIES, LEVEL)),
    decoder: LazyLock::new(|| DecoderDictionary::copy(BODIES)),
};
static KEY: Kind = Kind {
    encoder: LazyLock::new(|| EncoderDictionary::copy(KEYS, LEVEL)),
    decoder: LazyLock::new(|| DecoderDictionary::copy(KEYS)),
};

/// The tools of a thread: each holds memory that is used again.
struct Tools {
    encoder: Option<Compressor<'static>>,
    decoder: Option<Decompressor<'static>>,
}

impl Tools {
    const NONE: Self = Self {
        encoder: None,
        decoder: None,
    };

    fn encoder(&mut self, kind: &'static Kind) -> std::io::Result<&mut Compressor<'static>> {
        if self.encoder.is_none() {
            let mut encoder = Compressor::with_prepared_dictionary(&kind.encoder)?;
            encoder.include_checksum(false)?;
            encoder.include_dictid(false)?;
            self.encoder = Some(encoder);
        }
        self.encoder.as_mut().ok_or_else(|| std::io::ErrorKind::Other.into())
    }

    fn decoder(&mut self, kind: &'static Kind) -> std::io::Result<&mut Decompressor<'static>> {
        if self.decoder.is_none() {
            self.decoder = Some(Decompressor::with_prepared_dictionary(&kind.decoder)?);
        }
        self.decoder.as_mut().ok_or_else(|| std::io::ErrorKind::Other.into())
    }
}

thread_local! {
    static OF_BODIES: RefCell<Tools> = const { RefCell::new(Tools::NONE) };
    static OF_KEYS: RefCell<Tools> = const { RefCell::new(Tools::NONE) };
}

fn shrink<'a>(plain: &'a [u8], kind: &'static Kind, tools: &RefCell<Tools>) -> Cow<'a, [u8]> {
    let marked = plain.first() == Some(&MARK);
    if !(SHORTEST..=LONGEST).contains(&plain.len()) && !marked {
        return Cow::Borrowed(plain);
    }
    let shrunk = tools.borrow_mut().encoder(kind).and_then(|encoder| {
        let mut shrunk = vec![0; 1 + zstd::zstd_safe::compress_bound(plain.len())];
        shrunk[0] = MARK;
        let length = encoder.compress_to_buffer(plain, &mut shrunk[1..])?;
        shrunk.truncate(1 + length);
        Ok(shrunk)
    });
    match shrunk {
        Ok(shrunk) if marked || shrunk.len() < plain.len() => Cow::Owned(shrunk),
        // As it is, it can be read as well.
        _ => Cow::Borrowed(plain),
    }
}

fn whole<'a>(stored: &'a [u8], kind: &'static Kind, tools: &RefCell<Tools>) -> Outcome<Cow<'a, [u8]>> {
    let Some((&MARK, shrunk)) = stored.split_first() else {
        return Ok(Cow::Borrowed(stored));
    };
    let damaged = || corrupt("a resource or its search values cannot be unpacked");
    let length = zstd::zstd_safe::get_frame_content_size(shrunk).ok().flatten();
    let length = length.and_then(|length| usize::try_from(length).ok());
    let length = length.filter(|length| *length <= LONGEST).ok_or_else(damaged)?;
    let mut tools = tools.borrow_mut();
    let plain = tools
        .decoder(kind)
        .and_then(|decoder| decoder.decompress(shrunk, length));
    plain.map(Cow::Owned).map_err(|_| damaged())
}

/// A body as its row holds it.
pub(crate) fn shrink_body(plain: &[u8]) -> Cow<'_, [u8]> {
    OF_BODIES.with(|tools| shrink(plain, &BODY, tools))
}

/// Packed keys as their row holds them.
pub(crate) fn shrink_keys(plain: &[u8]) -> Cow<'_, [u8]> {
    OF_KEYS.with(|tools| shrink(plain, &KEY, tools))
}

/// A body out of its row.
///
/// # Errors
/// It is damaged.
pub(crate) fn body(stored: &[u8]) -> Outcome<Cow<'_, [u8]>> {
    OF_BODIES.with(|tools| whole(stored, &BODY, tools))
}

/// Packed keys out of their row.
///
/// # Errors
/// They are damaged.
pub(crate) fn keys(stored: &[u8]) -> Outcome<Cow<'_, [u8]>> {
    OF_KEYS.with(|tools| whole(stored, &KEY, tools))
}

/// What bytes of a file of a store say to whoever knows the format: themselves, and whatever in them can be unpacked. For who wants
/// to know that something is gone from a file. A value that lies on several pages is not put together.
pub fn legible(bytes: &[u8]) -> Vec<u8> {
    const MAGIC: [u8; 5] = [MARK, 0x28, 0xb5, 0x2f, 0xfd];
    let mut found = bytes.to_vec();
    for (at, _) in bytes
        .windows(MAGIC.len())
        .enumerate()
        .filter(|(_, window)| *window == MAGIC)
    {
        let Ok(length) = zstd::zstd_safe::find_frame_compressed_size(&bytes[at + 1..]) else {
            continue;
        };
        let frame = &bytes[at..=at + length];
        for plain in [body(frame), keys(frame)].into_iter().flatten() {
            found.extend_from_slice(&plain);
        }
    }
    found
}

/// The column `body`, as a value of a row.
pub(crate) struct Body(pub Vec<u8>);

/// The column `keys`, as a value of a row.
pub(crate) struct Keys(pub Vec<u8>);

fn column(found: Outcome<Cow<'_, [u8]>>) -> FromSqlResult<Vec<u8>> {
    found
        .map(Cow::into_owned)
        .map_err(|error| FromSqlError::Other(Box::new(error)))
}

impl FromSql for Body {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        column(body(value.as_blob()?)).map(Self)
    }
}

impl FromSql for Keys {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        column(keys(value.as_blob()?)).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENT: &str = r#"{"resourceType":"Patient","id":"p1","meta":{"versionId":"1","lastUpdated":"2026-11-23T10:03:53.868Z"},"identifier":[{"system":"http://hl7.it/sid/codiceFiscale","value":"SPERSO91L49F839W"}],"name":[{"family":"Sepe","given":["Rosa"]}],"gender":"female","birthDate":"1991-07-09"}"#;

    #[test]
    fn a_body_is_less_than_half_and_comes_back() {
        let shrunk = shrink_body(PATIENT.as_bytes());
        assert!(
            shrunk.len() * 2 < PATIENT.len(),
            "{} of {}",
            shrunk.len(),
            PATIENT.len()
        );
        assert_eq!(body(&shrunk).unwrap(), PATIENT.as_bytes());
    }

    #[test]
    fn every_length_comes_back_as_body_and_as_keys() {
        let text: Vec<u8> = PATIENT.bytes().cycle().take(5_000).collect();
        for length in (0..300).chain([1_000, 4_999, 5_000]) {
            assert_eq!(body(&shrink_body(&text[..length])).unwrap(), &text[..length]);
            assert_eq!(keys(&shrink_keys(&text[..length])).unwrap(), &text[..length]);
        }
        let large = text.repeat(1_000);
        assert_eq!(body(&shrink_body(&large)).unwrap(), large);
    }

    #[test]
    fn what_cannot_be_shorter_lies_as_it_is() {
        let mut state = 1u64;
        let noise: Vec<u8> = std::iter::once(b'{')
            .chain((0..400).map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            }))
            .collect();
        assert_eq!(shrink_body(&noise), noise);
        assert_eq!(body(&noise).unwrap(), noise);
        assert_eq!(body(b"{}").unwrap(), b"{}".as_slice());
        // The last of the numbers that users' parameters may have begins as what was shrunk does.
        let last = [&[MARK, MARK, 3][..], b"abc"].concat();
        assert_eq!(keys(&shrink_keys(&last)).unwrap(), last);
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        let shrunk = shrink_body(PATIENT.as_bytes()).into_owned();
        for cut in 1..shrunk.len() {
            assert!(body(&shrunk[..cut]).is_err(), "cut at {cut}");
        }
        for at in 1..shrunk.len() {
            let mut other = shrunk.clone();
            other[at] ^= 0x55;
            // It may be read as something else; what matters is that it returns.
            let _ = body(&other);
        }
    }
}
