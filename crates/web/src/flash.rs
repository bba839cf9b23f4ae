//! A message that survives one redirect, in a cookie.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;

pub(crate) const COOKIE: &str = "sinfonia_avviso";
/// Longest message kept, bytes.
const MAX: usize = 1000;

/// A message shown at the top of the next page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    /// `success`, `warning` or `danger` (names of the style sheet).
    pub kind: &'static str,
    /// Text.
    pub text: String,
}

impl Flash {
    /// Something was done.
    pub fn success(text: impl Into<String>) -> Self {
        Self {
            kind: "success",
            text: text.into(),
        }
    }

    /// Something needs attention.
    pub fn warning(text: impl Into<String>) -> Self {
        Self {
            kind: "warning",
            text: text.into(),
        }
    }

    /// Something did not work.
    pub fn danger(text: impl Into<String>) -> Self {
        Self {
            kind: "danger",
            text: text.into(),
        }
    }

    pub(crate) fn encode(&self) -> String {
        let cut = (0..=MAX).rev().find(|i| self.text.is_char_boundary(*i)).unwrap_or(0);
        let text = if self.text.len() > MAX {
            &self.text[..cut]
        } else {
            &self.text
        };
        URL_SAFE_NO_PAD.encode(format!("{}:{text}", self.kind))
    }

    pub(crate) fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(access::cookie(headers, COOKIE)?).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (kind, text) = text.split_once(':')?;
        let kind = ["success", "warning", "danger"].into_iter().find(|k| *k == kind)?;
        Some(Self {
            kind,
            text: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flash_survives_the_cookie() {
        let flash = Flash::success("Attività presa in carico: «però»");
        let mut headers = HeaderMap::new();
        headers.insert(
            http::header::COOKIE,
            format!("{COOKIE}={}", flash.encode()).parse().unwrap(),
        );
        assert_eq!(Flash::from_headers(&headers), Some(flash));
        assert!(Flash::danger("è".repeat(2000)).encode().len() < 2000);
    }
}
