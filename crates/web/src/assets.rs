//! Styles, scripts, fonts and icons: built into the program, served under names that hold their content's hash.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use include_dir::{Dir, include_dir};
use std::collections::BTreeMap;
use std::sync::LazyLock;

static DIST: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/dist");

static MANIFEST: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let file = DIST.get_file("manifest.json").expect("build.mjs writes manifest.json");
    serde_json::from_slice(file.contents()).expect("manifest.json maps names to files")
});

/// The address of an asset by its plain name; an unknown name gives an address that answers 404.
pub(crate) fn path(name: &str) -> String {
    format!("/assets/{}", MANIFEST.get(name).map_or(name, String::as_str))
}

/// `GET /assets/{file}`.
pub(crate) fn serve(file: &str, headers: &HeaderMap) -> Response {
    if file == "manifest.json" || file.ends_with(".gz") {
        return StatusCode::NOT_FOUND.into_response();
    }
    let Some(plain) = DIST.get_file(file) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let accepts_gzip = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|v| v.to_str().ok())
        .is_some_and(gzip);
    let packed = DIST.get_file(format!("{file}.gz"));
    let mut response = match packed.filter(|_| accepts_gzip) {
        Some(packed) => {
            let mut response = Response::new(Body::from(packed.contents()));
            response
                .headers_mut()
                .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            response
        }
        None => Response::new(Body::from(plain.contents())),
    };
    let kept = HeaderValue::from_static("public, max-age=31536000, immutable");
    response.headers_mut().insert(header::CACHE_CONTROL, kept);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(file)));
    if packed.is_some() {
        response
            .headers_mut()
            .insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    response
}

fn gzip(accepted: &str) -> bool {
    accepted.split(',').any(|part| {
        let mut pieces = part.split(';').map(str::trim);
        pieces.next() == Some("gzip") && !pieces.any(|p| p == "q=0")
    })
}

fn media_type(file: &str) -> &'static str {
    match file.rsplit_once('.').map_or("", |(_, ext)| ext) {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(accept: &'static str) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accept));
        serve(path("app.css").strip_prefix("/assets/").unwrap(), &headers)
    }

    #[test]
    fn assets_are_packed_when_the_browser_can_unpack() {
        assert_eq!(ask("gzip, br").headers()[header::CONTENT_ENCODING], "gzip");
        assert!(!ask("br, gzip;q=0").headers().contains_key(header::CONTENT_ENCODING));
        assert!(
            ask("").headers()[header::CACHE_CONTROL]
                .to_str()
                .unwrap()
                .contains("immutable")
        );
    }

    #[test]
    fn nothing_else_is_served() {
        for file in ["manifest.json", "../Cargo.toml", "app.css", "nothing.js"] {
            assert_eq!(serve(file, &HeaderMap::new()).status(), StatusCode::NOT_FOUND, "{file}");
        }
    }
}
