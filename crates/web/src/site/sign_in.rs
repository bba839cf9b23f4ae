//! `GET /accedi`, `POST /accedi`.

use super::Site;
use crate::page::redirect;
use crate::{Answer, Failure, Page};
use access::{DemoAccount, SignInError, session_cookie_name, set_cookie};
use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    page: Page,
    back: String,
    username: String,
    error: Option<String>,
    demo: Vec<Demo>,
}

struct Demo {
    account: DemoAccount,
    role: String,
}

#[derive(Deserialize)]
pub(super) struct BackTo {
    #[serde(default)]
    da: String,
}

#[derive(Deserialize)]
pub(super) struct Credentials {
    #[serde(default)]
    utente: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    da: String,
}

/// The sign-in page; `da` is where to go afterwards.
pub(super) async fn form(State(site): State<Site>, page: Page, Query(query): Query<BackTo>) -> Answer {
    if page.signed_in() {
        return redirect(target(&query.da));
    }
    show(&site, page, query.da, String::new(), None).await
}

/// Checks user name and password and opens a session.
pub(super) async fn submit(
    State(site): State<Site>,
    page: Page,
    headers: HeaderMap,
    Form(given): Form<Credentials>,
) -> Answer {
    let secure = site.guard.options().secure_cookies;
    let name = session_cookie_name(secure);
    let previous = access::cookie(&headers, name);
    let signed_in = match site
        .guard
        .identity()
        .sign_in(&given.utente, &given.password, previous)
        .await
    {
        Ok(signed_in) => signed_in,
        Err(SignInError::Wrong) => {
            let error = page.t("sign-in-wrong");
            return refused(
                show(&site, page, given.da, given.utente, Some(error)).await,
                StatusCode::UNAUTHORIZED,
                0,
            );
        }
        Err(SignInError::Locked { retry_after_s }) => {
            let error = page.t1("sign-in-locked", "seconds", retry_after_s);
            let answer = show(&site, page, given.da, given.utente, Some(error)).await;
            return refused(answer, StatusCode::TOO_MANY_REQUESTS, retry_after_s);
        }
        Err(SignInError::Access(error)) => return Err(Failure::Unavailable(error.to_string())),
    };
    let mut response = redirect(target(&given.da))?;
    response
        .headers_mut()
        .append(header::SET_COOKIE, set_cookie(name, &signed_in.token, secure, None));
    Ok(response)
}

async fn show(site: &Site, page: Page, back: String, username: String, error: Option<String>) -> Answer {
    let accounts = site.guard.identity().demo_accounts().await;
    let accounts = accounts.map_err(|e| Failure::Unavailable(e.to_string()))?;
    let role = |a: &DemoAccount| a.roles.first().map(|r| page.role_name(r)).unwrap_or_default();
    let demo = accounts
        .into_iter()
        .map(|account| Demo {
            role: role(&account),
            account,
        })
        .collect();
    crate::show(&SignInPage {
        page: page.titled("sign-in-title"),
        back,
        username,
        error,
        demo,
    })
}

fn refused(answer: Answer, status: StatusCode, retry_after_s: u64) -> Answer {
    let mut response = answer?;
    *response.status_mut() = status;
    if retry_after_s > 0 {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(retry_after_s));
    }
    Ok(response)
}

fn target(back: &str) -> &str {
    if back.is_empty() { "/" } else { back }
}
