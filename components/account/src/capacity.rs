//! `POST /accesso/veste`, `POST /accesso/per`: goes on in another capacity, or for somebody else.

use crate::{App, refused, renew};
use access::{Mine, Reply, Session};
use axum::Form;
use axum::extract::State;
use http::HeaderMap;
use serde::Deserialize;
use web::{Answer, Flash, Page};

#[derive(Deserialize)]
pub(crate) struct Capacity {
    veste: String,
}

#[derive(Deserialize)]
pub(crate) struct Whom {
    #[serde(default)]
    assistito: String,
}

/// Another capacity: another unit, or as a citizen.
pub(crate) async fn switch(
    State(app): State<App>,
    page: Page,
    session: Session,
    headers: HeaderMap,
    Form(to): Form<Capacity>,
) -> Answer {
    turn(
        &app,
        &page,
        &session,
        &headers,
        Mine::Switch { capacity: to.veste },
        "capacity-changed",
    )
    .await
}

/// For somebody else; for oneself again when nobody is named.
pub(crate) async fn act_for(
    State(app): State<App>,
    page: Page,
    session: Session,
    headers: HeaderMap,
    Form(whom): Form<Whom>,
) -> Answer {
    let patient = (!whom.assistito.is_empty()).then_some(whom.assistito);
    let done = if patient.is_some() {
        "acting-begun"
    } else {
        "acting-ended"
    };
    turn(&app, &page, &session, &headers, Mine::ActFor { patient }, done).await
}

async fn turn(app: &App, page: &Page, session: &Session, headers: &HeaderMap, ask: Mine, done: &str) -> Answer {
    match app.mine(session, ask).await {
        Ok(Reply::Renewed(token)) => {
            let mut response = page.redirect("/", Flash::success(page.t(done)))?;
            renew(&mut response, headers, &token);
            Ok(response)
        }
        Ok(_) => page.redirect("/", Flash::success(page.t(done))),
        Err(error) => refused(page, error, "/accesso"),
    }
}
