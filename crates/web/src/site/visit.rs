//! Where a sign-in comes from, in words that a person recognises in the list of sessions.

use access::{Place, Visit, cookie, session_cookie_name};
use http::request::Parts;
use http::{HeaderMap, header};

/// The visit of a request; `back` is where to go after the sign-in.
pub(super) fn visit(parts: &Parts, secure_cookies: bool, back: &str) -> Visit {
    let place = parts.extensions.get::<Place>();
    Visit {
        device: device(&parts.headers),
        place: place.map(|place| place.0.clone()).unwrap_or_default(),
        previous: cookie(&parts.headers, session_cookie_name(secure_cookies)).map(str::to_owned),
        back: back.chars().take(512).collect(),
    }
}

/// `Firefox su Windows`. What a browser says of itself proves nothing: it only helps the person to tell sessions apart.
fn device(headers: &HeaderMap) -> String {
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    // The order matters: each of these browsers also names those after it.
    const BROWSERS: [(&str, &str); 7] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("SamsungBrowser", "Samsung Internet"),
        ("Firefox/", "Firefox"),
        ("FxiOS", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "Mac"),
        ("Linux", "Linux"),
    ];
    let named = |table: &[(&str, &'static str)]| {
        table
            .iter()
            .find(|(mark, _)| agent.contains(mark))
            .map(|(_, name)| *name)
    };
    match (named(&BROWSERS), named(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} su {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_named_in_words() {
        let named = |agent: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::USER_AGENT, http::HeaderValue::from_static(agent));
            device(&headers)
        };
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0";
        assert_eq!(named(edge), "Edge su Windows");
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1";
        assert_eq!(named(phone), "Safari su iPhone");
        assert_eq!(named("curl/8"), "");
    }
}
