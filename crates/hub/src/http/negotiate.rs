//! Formats: JSON, which is stored and goes out as it is, and XML, made from it; whoever insists on another one is told
//! so.

use crate::HubError;
use crate::binary::Wanted;
use crate::parse::pairs::Pair;
use bytes::Bytes;
use fhir::{Definitions, xml};
use http::{HeaderMap, header};
use serde_json::Value;

/// FHIR versions of the media type parameter `fhirVersion` that mean R4.
const R4: &[&str] = &["4.0", "4.0.1"];

/// How resources are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Format {
    /// `application/fhir+json`.
    #[default]
    Json,
    /// `application/fhir+xml`.
    Xml,
}

impl Format {
    /// Of a media type without parameters, or its short name.
    pub(crate) fn of(media: &str) -> Option<Self> {
        Some(match media {
            "application/fhir+json" | "application/json" | "text/json" | "application/json+fhir" | "json" => Self::Json,
            "application/fhir+xml" | "application/xml" | "text/xml" | "application/xml+fhir" | "xml" => Self::Xml,
            _ => return None,
        })
    }
}

fn essence(text: &str) -> String {
    // A `+` of a query string arrives as a space.
    text.split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
        .replace(' ', "+")
}

/// A parameter of a media type, e.g. `charset`.
fn parameter(text: &str, wanted: &str) -> Option<String> {
    text.split(';').skip(1).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        (name.trim().eq_ignore_ascii_case(wanted)).then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    })
}

/// Whether a media type is of this FHIR version, or of none in particular.
fn is_r4(text: &str) -> bool {
    parameter(text, "fhirversion").is_none_or(|version| R4.contains(&version.as_str()))
}

/// The weight of one part of `Accept`, in thousandths.
fn weight(part: &str) -> u16 {
    let given = part
        .split(';')
        .skip(1)
        .find_map(|parameter| parameter.trim().strip_prefix("q="));
    let number = given.and_then(|text| text.trim().parse::<f32>().ok()).unwrap_or(1.0);
    // the cast saturates and takes NaN for 0
    (number.clamp(0.0, 1.0) * 1000.0) as u16
}

/// The format to answer in: `_format` wins over `Accept`; whoever accepts anything gets what was sent.
pub(super) fn asked(headers: &HeaderMap, pairs: &[Pair]) -> Result<Format, HubError> {
    if let Some((_, format)) = pairs.iter().find(|(name, _)| name == "_format") {
        let known = Format::of(&essence(format)).filter(|_| is_r4(format));
        return known.ok_or_else(|| HubError::NotAcceptable(format.clone()));
    }
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|v| v.to_str().ok());
    let parts: Vec<&str> = values
        .flat_map(|value| value.split(','))
        .filter(|part| !part.trim().is_empty())
        .collect();
    let sent = || content(headers).unwrap_or_default();
    if parts.is_empty() {
        return Ok(sent());
    }
    let mut best: Option<(u16, Format)> = None;
    for part in &parts {
        let media = essence(part);
        let format = match media.as_str() {
            "*/*" | "application/*" | "text/*" => Some(sent()),
            media => Format::of(media).filter(|_| is_r4(part)),
        };
        let q = weight(part);
        if let Some(format) = format.filter(|_| q > 0)
            && best.is_none_or(|(other, _)| q > other)
        {
            best = Some((q, format));
        }
    }
    let offered = || parts.iter().map(|part| essence(part)).collect::<Vec<_>>().join(", ");
    best.map(|(_, format)| format)
        .ok_or_else(|| HubError::NotAcceptable(offered()))
}

/// The format of the body; a missing `Content-Type` is taken for JSON.
pub(super) fn content(headers: &HeaderMap) -> Result<Format, HubError> {
    let Some(given) = headers.get(header::CONTENT_TYPE) else {
        return Ok(Format::Json);
    };
    let text = String::from_utf8_lossy(given.as_bytes());
    let utf8 = parameter(&text, "charset").is_none_or(|set| matches!(set.as_str(), "utf-8" | "utf8" | "us-ascii"));
    Format::of(&essence(&text))
        .filter(|_| utf8 && is_r4(&text))
        .ok_or_else(|| HubError::UnsupportedMediaType(text.into_owned()))
}

/// What the reader of a Binary of type `media` wants: its content, unless a FHIR format is named.
pub(super) fn of_binary(headers: &HeaderMap, pairs: &[Pair], media: &str) -> Wanted {
    if pairs.iter().any(|(name, _)| name == "_format") {
        return Wanted::Resource;
    }
    let own = essence(media);
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|v| v.to_str().ok());
    let offered: Vec<String> = values
        .flat_map(|value| value.split(','))
        .filter(|p| !p.trim().is_empty())
        .map(essence)
        .collect();
    let any_of = |part: &String| match part.split_once('/') {
        Some(("*", "*")) => true,
        Some((kind, "*")) => own.split('/').next() == Some(kind),
        _ => *part == own,
    };
    if offered
        .iter()
        .any(|part| *part == own && !own.starts_with("application/fhir+"))
    {
        Wanted::Content
    } else if offered.iter().any(|part| Format::of(part).is_some()) {
        Wanted::Resource
    } else if offered.is_empty() || offered.iter().any(any_of) {
        Wanted::Content
    } else {
        Wanted::Other(offered.join(", "))
    }
}

/// A content type without its parameters; empty if there is none.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let given = headers.get(header::CONTENT_TYPE);
    given.map_or_else(String::new, |v| essence(&String::from_utf8_lossy(v.as_bytes())))
}

/// Whether the body is a url-encoded form.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    media_type(headers) == "application/x-www-form-urlencoded"
}

/// An XML body as a JSON value.
pub(super) fn from_xml(bytes: &[u8]) -> Result<Value, HubError> {
    let text = std::str::from_utf8(super::strict::without_mark(bytes))
        .map_err(|error| HubError::bad(format!("the XML is not UTF-8 (byte {})", error.valid_up_to())))?;
    Ok(xml::from_xml(Definitions::r4(), text)?)
}

/// A JSON body as XML.
pub(crate) fn to_xml(body: &[u8]) -> Result<Bytes, HubError> {
    let value: Value = serde_json::from_slice(body).map_err(|error| HubError::json(&error))?;
    Ok(Bytes::from(xml::to_xml(Definitions::r4(), &value)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(accept: &str, sent: &str) -> Result<Format, HubError> {
        let mut headers = HeaderMap::new();
        for (name, value) in [(header::ACCEPT, accept), (header::CONTENT_TYPE, sent)] {
            if !value.is_empty() {
                headers.insert(name, value.parse().unwrap());
            }
        }
        asked(&headers, &[])
    }

    #[test]
    fn the_heaviest_format_wins_and_anything_means_what_was_sent() {
        for (accept, sent, format) in [
            ("", "", Format::Json),
            ("*/*", "application/fhir+xml; charset=utf-8", Format::Xml),
            ("*/*", "application/x-www-form-urlencoded", Format::Json),
            ("application/json", "application/fhir+xml", Format::Json),
            ("text/xml;q=0.5, application/fhir+json;q=0.4", "", Format::Xml),
            ("application/fhir+xml;q=0, */*;q=0.1", "", Format::Json),
            ("text/html, application/xml", "", Format::Xml),
        ] {
            assert_eq!(answer(accept, sent).unwrap(), format, "{accept} {sent}");
        }
        assert!(answer("text/html", "").is_err());
        assert!(answer("application/fhir+json; fhirVersion=3.0", "").is_err());
        assert_eq!(
            answer("application/fhir+xml; fhirVersion=4.0", "").unwrap(),
            Format::Xml
        );
        for (sent, good) in [
            ("application/fhir+json; charset=UTF-8", true),
            ("application/fhir+json;charset=utf-16", false),
            ("application/fhir+json; fhirVersion=\"4.0\"", true),
            ("application/fhir+json; fhirVersion=5.0", false),
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, sent.parse().unwrap())]);
            assert_eq!(content(&headers).is_ok(), good, "{sent}");
        }
        let pairs = [("_format".to_owned(), "application/fhir xml".to_owned())];
        assert_eq!(asked(&HeaderMap::new(), &pairs).unwrap(), Format::Xml);
    }
}
