//! Query strings and search forms to name-value pairs, and back.

use super::ParseError;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// A decoded parameter: name and value.
pub type Pair = (String, String);

/// Characters that stay readable in the links we write.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b':')
    .remove(b'/')
    .remove(b',')
    .remove(b'$');

/// Splits `a=1&b=2`; decodes `%` and `+`.
pub fn decode(query: &str) -> Result<Vec<Pair>, ParseError> {
    query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Ok((decode_part(name)?, decode_part(value)?))
        })
        .collect()
}

fn decode_part(text: &str) -> Result<String, ParseError> {
    let spaced = text.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(_) => Err(ParseError::value(text, text, "UTF-8 text, percent-encoded")),
    }
}

/// Joins pairs to a query string.
pub fn encode(pairs: &[Pair]) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        out.extend(utf8_percent_encode(name, KEPT));
        out.push('=');
        out.extend(utf8_percent_encode(value, KEPT));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_and_encodes() {
        let pairs = decode("name=D%27Am%C3%ACco+S&&code=http://loinc.org|4548-4&flag").unwrap();
        assert_eq!(pairs[0], ("name".into(), "D'Amìco S".into()));
        assert_eq!(pairs[2], ("flag".into(), String::new()));
        assert_eq!(
            encode(&pairs),
            "name=D%27Am%C3%ACco%20S&code=http://loinc.org%7C4548-4&flag="
        );
        assert_eq!(decode(&encode(&pairs)).unwrap(), pairs);
    }

    #[test]
    fn refuses_what_is_not_utf8() {
        assert!(decode("a=%FF").is_err());
    }
}
