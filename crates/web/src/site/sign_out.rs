//! `POST /esci`.

use super::Site;
use crate::{Answer, Failure, Flash, Page};
use access::{Ask, Reply, session_cookie_name, set_cookie};
use askama::Template;
use axum::extract::State;
use http::{HeaderMap, header};

/// Says that the provider's own session goes on, and where it ends.
#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOutPage {
    page: Page,
    provider: String,
    url: String,
}

/// Closes the session and forgets the cookie. The provider's session is ended by a link: a form's redirect may not leave
/// the site.
pub(super) async fn submit(State(site): State<Site>, page: Page, headers: HeaderMap) -> Answer {
    let secure = site.guard.options().secure_cookies;
    let name = session_cookie_name(secure);
    let mut elsewhere = None;
    if let Some(token) = access::cookie(&headers, name) {
        let ask = Ask::SignOut {
            token: token.to_owned(),
        };
        match site.guard.identity().ask(ask).await {
            Ok(Reply::SignedOut(provider)) => elsewhere = provider,
            Ok(_) => {}
            Err(error) => return Err(Failure::Unavailable(error.to_string())),
        }
    }
    let mut response = match elsewhere {
        None => page.redirect("/accedi", Flash::success(page.t("signed-out")))?,
        Some((provider, url)) => crate::show(&SignedOutPage {
            page: page.signed_off().titled("signed-out-title"),
            provider,
            url,
        })?,
    };
    response
        .headers_mut()
        .append(header::SET_COOKIE, set_cookie(name, "", secure, Some(0)));
    Ok(response)
}
