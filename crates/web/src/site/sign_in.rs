//! `GET /accedi`, `POST /accedi`.

use super::Site;
use super::steps::{follow, with_status};
use super::visit::visit;
use crate::page::redirect;
use crate::{Answer, Failure, Lang, Page, refusal};
use access::{Ask, AskError, DemoAccount, ProviderLink, Refused, Reply};
use askama::Template;
use axum::extract::{Query, Request, State};
use axum::{Form, RequestExt as _};
use http::{HeaderValue, StatusCode, header};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    page: Page,
    back: String,
    username: String,
    error: Option<String>,
    demo: Vec<Demo>,
    /// Name and text of the link of each provider.
    providers: Vec<(String, String)>,
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
struct Credentials {
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
        return redirect(if query.da.is_empty() { "/" } else { &query.da });
    }
    show(&site, page, query.da, String::new(), None).await
}

/// Checks user name and password; opens a session, or asks for what the account needs besides.
pub(super) async fn submit(State(site): State<Site>, page: Page, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let again = Request::from_parts(parts.clone(), body);
    let Form(given) = again
        .extract::<Form<Credentials>, _>()
        .await
        .map_err(|e| Failure::Unprocessable(e.to_string()))?;
    let ask = Ask::Password {
        username: given.utente.clone(),
        password: given.password,
        visit: visit(&parts, site.guard.options().secure_cookies, &given.da),
    };
    match site.ask(ask).await {
        Ok(step) => follow(&site, page, step),
        Err(AskError::Refused(refused)) => refuse(&site, page, given.da, given.utente, &refused).await,
        Err(AskError::Access(error)) => Err(Failure::Unavailable(error.to_string())),
    }
}

async fn refuse(site: &Site, page: Page, back: String, username: String, refused: &Refused) -> Answer {
    let error = match refused {
        Refused::Wrong => page.t("sign-in-wrong"),
        other => refusal::told(&page, other),
    };
    let mut response = with_status(
        show(site, page, back, username, Some(error)).await,
        refusal::status(refused),
    )?;
    if let Refused::Locked { retry_after_s } = refused {
        let value = HeaderValue::from(*retry_after_s);
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    Ok(response)
}

/// The sign-in page again: what was begun took too long.
pub(super) async fn ended(site: &Site, page: Page) -> Answer {
    let error = refusal::told(&page, &Refused::Ended);
    with_status(
        show(site, page, String::new(), String::new(), Some(error)).await,
        StatusCode::UNAUTHORIZED,
    )
}

pub(super) async fn show(site: &Site, page: Page, back: String, username: String, error: Option<String>) -> Answer {
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
    let providers = match site.guard.identity().ask(Ask::Providers).await {
        Ok(Reply::Providers(links)) => links,
        _ => Vec::new(),
    };
    let italian = page.lang() == Lang::It;
    let text = |link: ProviderLink| (link.name, if italian { link.it } else { link.en });
    crate::show(&SignInPage {
        providers: providers.into_iter().map(text).collect(),
        page: page.titled("sign-in-title").with_passkey(),
        back,
        username,
        error,
        demo,
    })
}
