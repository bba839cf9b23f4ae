//! A browser sends its session cookie with whatever any site makes it send. So a state-changing request that is
//! authenticated by the cookie must also carry the session's token, which only our own pages know.

use super::{Refusal, TrustedOrigin};
use crate::Session;
use axum::body::{Body, Bytes};
use http::{Method, header, request::Parts};
use subtle::ConstantTimeEq as _;

/// Largest form read for its `_csrf` field, bytes.
const MAX_FORM: usize = 2 * 1024 * 1024;
/// Largest form with files, bytes: what the page kit's forms take (5 MB of files) and some fields.
const MAX_UPLOAD: usize = 6 * 1024 * 1024;

pub(super) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Gives the body back, whole. `by_cookie`: the caller was identified by the session cookie.
pub(super) async fn check(
    parts: &Parts,
    body: Body,
    session: Option<&Session>,
    by_cookie: bool,
) -> Result<Body, Refusal> {
    let trusted = !by_cookie && parts.extensions.get::<TrustedOrigin>().is_some();
    if !trusted
        && parts
            .headers
            .get("sec-fetch-site")
            .is_some_and(|site| site == "cross-site")
    {
        return Err(Refusal::ForeignForm("the request comes from another site"));
    }
    let Some(session) = session.filter(|_| by_cookie) else {
        return Ok(body);
    };
    if let Some(token) = parts.headers.get("x-csrf-token") {
        return if same(token.as_bytes(), &session.csrf) {
            Ok(body)
        } else {
            Err(WRONG)
        };
    }
    let content_type = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or("");
    let multipart = content_type.starts_with("multipart/form-data");
    if !multipart && !content_type.starts_with("application/x-www-form-urlencoded") {
        return Err(Refusal::ForeignForm(
            "the request carries no x-csrf-token header (forms: field _csrf, url-encoded or multipart)",
        ));
    }
    let most = if multipart { MAX_UPLOAD } else { MAX_FORM };
    let bytes = axum::body::to_bytes(body, most).await.map_err(|_| Refusal::TooLarge)?;
    let token = if multipart { part(&bytes) } else { field(&bytes) };
    match token {
        Some(token) if same(&token, &session.csrf) => Ok(Body::from(bytes)),
        _ => Err(WRONG),
    }
}

const WRONG: Refusal =
    Refusal::ForeignForm("the form is not from a page of this session: go back, reload the page and send it again");

fn same(given: &[u8], expected: &str) -> bool {
    given.ct_eq(expected.as_bytes()).into()
}

/// The `_csrf` field of a url-encoded form. The token itself is base64url, so it needs no decoding.
fn field(form: &Bytes) -> Option<Vec<u8>> {
    form.split(|b| *b == b'&')
        .find_map(|pair| pair.strip_prefix(b"_csrf="))
        .map(<[u8]>::to_vec)
}

/// The `_csrf` part of a form with files. Only our own pages know the token, so it proves where the form is from
/// wherever in the body it stands; parts are not read any further here.
fn part(form: &Bytes) -> Option<Vec<u8>> {
    const NAME: &[u8] = b"name=\"_csrf\"\r\n\r\n";
    let start = form.windows(NAME.len()).position(|at| at == NAME)? + NAME.len();
    let value = &form[start..];
    let end = value.iter().position(|b| *b == b'\r')?;
    Some(value[..end].to_vec())
}
