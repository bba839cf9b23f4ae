//! `/accesso/app`: sets up, or removes, the authenticator app.

use crate::{App, answered, refused};
use access::{AskError, Mine, Refused, Reply, Session, TotpOffer};
use askama::Template;
use axum::Form;
use axum::extract::State;
use serde::Deserialize;
use web::{Answer, Failure, Html, Page, refusal};

#[derive(Template)]
#[template(path = "totp.html")]
struct TotpPage {
    page: Page,
    qr: Html,
    offer: TotpOffer,
    error: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Sent {
    offerta: String,
    #[serde(default)]
    codice: String,
}

/// A new secret, as a drawing and as text.
pub(crate) async fn form(State(app): State<App>, page: Page, session: Session) -> Answer {
    offer(&app, page, &session, None).await
}

/// Its first code: the app counts from now on; recovery codes are shown once.
pub(crate) async fn confirm(State(app): State<App>, page: Page, session: Session, Form(sent): Form<Sent>) -> Answer {
    let ask = Mine::ConfirmTotp {
        ticket: sent.offerta,
        code: sent.codice,
    };
    match app.mine(&session, ask).await {
        Ok(Reply::Codes(codes)) => crate::codes::show(page, codes),
        Ok(_) => Err(Failure::Internal("recovery codes were expected".into())),
        Err(AskError::Refused(why @ (Refused::Wrong | Refused::Ended))) => {
            let error = refusal::told(&page, &why);
            offer(&app, page, &session, Some(error)).await
        }
        Err(error) => refused(&page, error, "/accesso/app"),
    }
}

/// Removes it.
pub(crate) async fn remove(State(app): State<App>, page: Page, session: Session) -> Answer {
    let result = app.mine(&session, Mine::RemoveTotp).await;
    answered(&page, result, "app-removed", "/accesso")
}

async fn offer(app: &App, page: Page, session: &Session, error: Option<String>) -> Answer {
    match app.mine(session, Mine::StartTotp).await {
        Ok(Reply::Totp(offer)) => web::show(&TotpPage {
            page: page.titled("app-title").crumb("/accesso", "access-title"),
            qr: Html(offer.qr.clone()),
            offer,
            error,
        }),
        Ok(_) => Err(Failure::Internal("a secret was expected".into())),
        Err(error) => refused(&page, error, "/accesso/app"),
    }
}
