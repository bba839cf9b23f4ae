//! `POST /esci`.

use super::Site;
use crate::{Answer, Failure, Flash, Page};
use access::{session_cookie_name, set_cookie};
use axum::extract::State;
use http::{HeaderMap, header};

/// Closes the session and forgets the cookie.
pub(super) async fn submit(State(site): State<Site>, page: Page, headers: HeaderMap) -> Answer {
    let secure = site.guard.options().secure_cookies;
    let name = session_cookie_name(secure);
    if let Some(token) = access::cookie(&headers, name) {
        let closed = site.guard.identity().sign_out(token).await;
        closed.map_err(|e| Failure::Unavailable(e.to_string()))?;
    }
    let mut response = page.redirect("/accedi", Flash::success(page.t("signed-out")))?;
    response
        .headers_mut()
        .append(header::SET_COOKIE, set_cookie(name, "", secure, Some(0)));
    Ok(response)
}
