//! `GET /accesso`: everything about one's own access on one page.

use crate::App;
use access::{AskError, Mine, MyAccess, Reply, Session, Ward, WardReason};
use askama::Template;
use axum::extract::State;
use web::{Answer, Failure, Page};

#[derive(Template)]
#[template(path = "access.html")]
struct AccessPage {
    page: Page,
    access: Box<MyAccess>,
}

/// The overview.
pub(crate) async fn show(State(app): State<App>, page: Page, session: Session) -> Answer {
    let access = view(&app, &page, &session).await?;
    web::show(&AccessPage {
        page: page.titled("access-title"),
        access,
    })
}

/// What the identity service says of the person.
pub(crate) async fn view(app: &App, page: &Page, session: &Session) -> Result<Box<MyAccess>, Failure> {
    match app.mine(session, Mine::View).await {
        Ok(Reply::Access(access)) => Ok(access),
        Ok(_) => Err(Failure::Internal("the identity service answered something else".into())),
        Err(AskError::Refused(refused)) => Err(Failure::Forbidden(web::refusal::told(page, &refused))),
        Err(AskError::Access(error)) => Err(Failure::Unavailable(error.to_string())),
    }
}

impl AccessPage {
    /// Key of the reason.
    fn why(&self, ward: &Ward) -> &'static str {
        match ward.why {
            WardReason::Parent => "ward-parent",
            WardReason::Guardian => "ward-guardian",
            WardReason::Delegate => "ward-delegate",
        }
    }
}
