//! `GET /lingua/{code}?da=/path`: a preference, so a plain link may change it.

use crate::page::{LANG_COOKIE, redirect};
use crate::{Answer, Failure, Lang};
use axum::extract::{Path, Query};
use http::header;
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct BackTo {
    #[serde(default)]
    da: String,
}

const A_YEAR_S: u64 = 365 * 24 * 3600;

/// Sets the language and goes back.
pub(super) async fn choose(Path(code): Path<String>, Query(query): Query<BackTo>) -> Answer {
    let Some(lang) = Lang::from_code(&code) else {
        return Err(Failure::NotFound(format!("language {code}")));
    };
    let mut response = redirect(if query.da.is_empty() { "/" } else { &query.da })?;
    let cookie = access::set_cookie(LANG_COOKIE, lang.code(), false, Some(A_YEAR_S));
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}
