//! `Content-Encoding: gzip` of request bodies, within the stated maximum of what comes out.

use crate::HubError;
use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::{HeaderMap, header};
use std::io::Read as _;

/// Whether the body is compressed; an encoding this server does not know is refused.
pub(super) fn is_gzip(headers: &HeaderMap) -> Result<bool, HubError> {
    let Some(given) = headers.get(header::CONTENT_ENCODING) else {
        return Ok(false);
    };
    match given.to_str().unwrap_or("?").trim().to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => Ok(true),
        "identity" | "" => Ok(false),
        other => Err(HubError::UnsupportedMediaType(format!(
            "{other} (a body may be compressed with Content-Encoding gzip only)"
        ))),
    }
}

/// What the compressed bytes hold, at most `max`.
pub(super) fn inflate(bytes: &[u8], max: usize) -> Result<Bytes, HubError> {
    let mut out = Vec::new();
    let read = MultiGzDecoder::new(bytes).take(max as u64 + 1).read_to_end(&mut out);
    read.map_err(|error| HubError::bad(format!("the body is not gzip: {error}")))?;
    if out.len() > max {
        return Err(HubError::BodyTooLarge { max, found: None });
    }
    Ok(Bytes::from(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn bombs_stop_at_the_limit() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![b' '; 100_000]).unwrap();
        let packed = encoder.finish().unwrap();
        assert!(packed.len() < 1000);
        assert_eq!(inflate(&packed, 100_000).unwrap().len(), 100_000);
        assert!(matches!(
            inflate(&packed, 99_999),
            Err(HubError::BodyTooLarge { max: 99_999, .. })
        ));
        assert!(inflate(b"not gzip", 10).is_err());
    }
}
