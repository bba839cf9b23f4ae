//! `/accesso/password`: changes one's password; the other sessions end.

use crate::{App, refused};
use access::{AskError, Mine, Refused, Session};
use askama::Template;
use axum::Form;
use axum::extract::State;
use serde::Deserialize;
use web::{Answer, Flash, Page, refusal};

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage {
    page: Page,
    error: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    vecchia: String,
    #[serde(default)]
    nuova: String,
    #[serde(default)]
    ripeti: String,
}

/// Asks for the present and the new one.
pub(crate) async fn form(page: Page) -> Answer {
    show(page, None)
}

/// Changes it.
pub(crate) async fn submit(State(app): State<App>, page: Page, session: Session, Form(sent): Form<Sent>) -> Answer {
    if sent.nuova != sent.ripeti {
        let error = page.t("password-differs");
        return show(page, Some(error));
    }
    let ask = Mine::ChangePassword {
        old: sent.vecchia,
        new: sent.nuova,
    };
    match app.mine(&session, ask).await {
        Ok(_) => page.redirect("/accesso", Flash::success(page.t("password-changed"))),
        Err(AskError::Refused(why)) if why != Refused::ProofNeeded => {
            let error = refusal::told(&page, &why);
            let mut response = show(page, Some(error))?;
            *response.status_mut() = refusal::status(&why);
            Ok(response)
        }
        Err(error) => refused(&page, error, "/accesso/password"),
    }
}

fn show(page: Page, error: Option<String>) -> Answer {
    web::show(&PasswordPage {
        page: page.titled("password-title").crumb("/accesso", "access-title"),
        error,
    })
}
