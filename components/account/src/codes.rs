//! `POST /accesso/codici`: new recovery codes, shown once.

use crate::{App, refused};
use access::{Mine, Reply, Session};
use askama::Template;
use axum::extract::State;
use web::{Answer, Failure, Page};

#[derive(Template)]
#[template(path = "recovery_codes.html")]
struct CodesPage {
    page: Page,
    codes: Vec<String>,
    next: String,
}

/// Makes new ones; the old ones end.
pub(crate) async fn renew(State(app): State<App>, page: Page, session: Session) -> Answer {
    match app.mine(&session, Mine::NewCodes).await {
        Ok(Reply::Codes(codes)) => show(page, codes),
        Ok(_) => Err(Failure::Internal("recovery codes were expected".into())),
        Err(error) => refused(&page, error, "/accesso"),
    }
}

/// Shows them.
pub(crate) fn show(page: Page, codes: Vec<String>) -> Answer {
    web::show(&CodesPage {
        page: page.titled("codes-title").crumb("/accesso", "access-title"),
        codes,
        next: "/accesso".into(),
    })
}
