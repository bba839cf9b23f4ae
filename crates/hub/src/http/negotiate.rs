//! Formats: this server speaks JSON; whoever insists on another one is told so.

use crate::HubError;
use crate::parse::pairs::Pair;
use http::{HeaderMap, header};

/// Media types without parameters that mean FHIR JSON.
fn is_json(media: &str) -> bool {
    matches!(
        media,
        "application/fhir+json" | "application/json" | "text/json" | "application/json+fhir" | "json"
    )
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

/// `_format` wins over `Accept`.
pub(super) fn check_accept(headers: &HeaderMap, pairs: &[Pair]) -> Result<(), HubError> {
    if let Some((_, format)) = pairs.iter().find(|(name, _)| name == "_format") {
        return if is_json(&essence(format)) {
            Ok(())
        } else {
            Err(HubError::NotAcceptable(format.clone()))
        };
    }
    let mut offered = Vec::new();
    for value in headers.get_all(header::ACCEPT).iter().filter_map(|v| v.to_str().ok()) {
        offered.extend(value.split(',').map(essence).filter(|e| !e.is_empty()));
    }
    let fits = |media: &String| is_json(media) || matches!(media.as_str(), "*/*" | "application/*" | "text/*");
    if offered.is_empty() || offered.iter().any(fits) {
        return Ok(());
    }
    Err(HubError::NotAcceptable(offered.join(", ")))
}

/// The body must be JSON; a missing `Content-Type` is taken for it.
pub(super) fn check_content(headers: &HeaderMap) -> Result<(), HubError> {
    let Some(given) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let text = String::from_utf8_lossy(given.as_bytes());
    if is_json(&essence(&text)) {
        return Ok(());
    }
    Err(HubError::UnsupportedMediaType(text.into_owned()))
}

/// Whether the body is a url-encoded form.
pub(super) fn is_form(headers: &HeaderMap) -> bool {
    let given = headers
        .get(header::CONTENT_TYPE)
        .map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
    given.is_some_and(|text| essence(&text) == "application/x-www-form-urlencoded")
}
