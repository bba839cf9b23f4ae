//! Cookies, read and written.

use http::{HeaderMap, HeaderValue, header};

/// The session cookie's name. Over TLS the `__Host-` prefix lets the browser refuse a cookie set by a sibling domain.
pub fn session_cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-sinfonia" } else { "sinfonia" }
}

/// The value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// A `Set-Cookie` value: HttpOnly, SameSite=Lax, whole site. `max_age_s` 0 removes it; `None` ends with the browser.
/// `value` must be plain (letters, digits, `-_.~%`); anything else gives an empty cookie.
pub fn set_cookie(name: &str, value: &str, secure: bool, max_age_s: Option<u64>) -> HeaderValue {
    let plain = value
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-_.~%".contains(&b));
    let value = if plain { value } else { "" };
    let secure = if secure { "; Secure" } else { "" };
    let age = max_age_s.map(|s| format!("; Max-Age={s}")).unwrap_or_default();
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}");
    HeaderValue::from_str(&text).expect("checked characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_cookie_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; sinfonia=xyz"));
        headers.append(header::COOKIE, HeaderValue::from_static("lang=en"));
        assert_eq!(cookie(&headers, "sinfonia"), Some("xyz"));
        assert_eq!(cookie(&headers, "lang"), Some("en"));
        assert_eq!(cookie(&headers, "infonia"), None);
    }

    #[test]
    fn a_value_cannot_smuggle_attributes() {
        let header = set_cookie("x", "a; Domain=evil", false, None);
        assert_eq!(header.to_str().unwrap(), "x=; Path=/; HttpOnly; SameSite=Lax");
    }
}
