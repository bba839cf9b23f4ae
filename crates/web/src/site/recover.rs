//! `/accedi/recupero`: the one-time code that an administrator gave opens the way to a new password.

use super::Site;
use super::steps::{follow, with_status};
use super::visit::visit;
use crate::{Answer, Failure, Page, refusal};
use access::{Ask, AskError};
use askama::Template;
use axum::extract::{Request, State};
use axum::{Form, RequestExt as _};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "recover.html")]
struct RecoverPage {
    page: Page,
    username: String,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    utente: String,
    #[serde(default)]
    codice: String,
}

/// Asks for user name and code.
pub(super) async fn form(page: Page) -> Answer {
    show(page, String::new(), None)
}

/// Checks them.
pub(super) async fn submit(State(site): State<Site>, page: Page, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let again = Request::from_parts(parts.clone(), body);
    let Form(sent) = again
        .extract::<Form<Sent>, _>()
        .await
        .map_err(|e| Failure::Unprocessable(e.to_string()))?;
    let ask = Ask::Recover {
        username: sent.utente.clone(),
        code: sent.codice,
        visit: visit(&parts, site.guard.options().secure_cookies, ""),
    };
    match site.ask(ask).await {
        Ok(step) => follow(&site, page, step),
        Err(AskError::Refused(refused)) => {
            let error = refusal::told(&page, &refused);
            with_status(show(page, sent.utente, Some(error)), refusal::status(&refused))
        }
        Err(AskError::Access(error)) => Err(Failure::Unavailable(error.to_string())),
    }
}

fn show(page: Page, username: String, error: Option<String>) -> Answer {
    crate::show(&RecoverPage {
        page: page.titled("recover-title").crumb("/accedi", "sign-in-title"),
        username,
        error,
    })
}
