//! `/emergenza/{id}/proroga`: more time, by a new reason. It is a new access that follows the first, with a review of its
//! own.

use super::{Reason, reasons};
use crate::rules::{Choice, RULES};
use crate::{App, grants};
use access::{AccessGrant, GrantKind, Grants};
use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use http::StatusCode;
use web::{Answer, Failure, Flash, Page};

#[derive(Template)]
#[template(path = "extend.html")]
struct ExtendPage {
    page: Page,
    id: String,
    name: String,
    minutes: i64,
    grant: String,
    reasons: Vec<(Choice, String)>,
    sent: Reason,
    error: Option<String>,
}

/// The form.
pub async fn form(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let grant = extendable(&app, &page, &id).await?;
    show(&app, page, &grant, Reason::default(), None)
}

/// Carries it on.
pub async fn extend(State(app): State<App>, page: Page, Path(id): Path<String>, Form(sent): Form<Reason>) -> Answer {
    let to = |grant: &AccessGrant| format!("/assistiti/{}", grant.patient);
    let grant = app.own_grant(&page, &id).await?;
    if !grant.is_open(page.now()) {
        // Sent twice: the one that follows is open already.
        let live = grants::several(&app.context, Grants::Live).await;
        let live = live.map_err(|error| grants::failure(&page, error))?;
        let follows = |next: &&AccessGrant| next.follows.as_deref() == Some(grant.id.as_str()) && next.who == grant.who;
        return match live.iter().find(follows) {
            Some(next) => page.go(&to(next)),
            None => page.redirect("/emergenza", Flash::warning(page.t("emergency-over"))),
        };
    }
    let grant = extendable(&app, &page, &id).await?;
    if let Some(fault) = sent.fault(&page) {
        let mut response = show(&app, page, &grant, sent, Some(fault))?;
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(response);
    }
    let mut next = sent.grant(&app, &page, &grant.patient, &grant.patient_name);
    next.follows = Some(grant.id.clone());
    let opened = grants::open(&app.context, next).await;
    let (next, _) = opened.map_err(|error| grants::failure(&page, error))?;
    let text = page.t1("emergency-opened", "time", web::time(next.until));
    page.redirect(&to(&next), Flash::success(text))
}

/// The own emergency that is open and may be carried on.
async fn extendable(app: &App, page: &Page, id: &str) -> Result<AccessGrant, Failure> {
    let grant = app.own_grant(page, id).await?;
    if grant.kind != GrantKind::Emergency || !grant.is_open(page.now()) {
        return Err(Failure::Conflict(page.t("emergency-over")));
    }
    let (mut chain, mut before) = (0, grant.follows.clone());
    while let Some(id) = before.filter(|_| chain < RULES.emergency.extensions) {
        chain += 1;
        let found = grants::one(&app.context, Grants::Get { id }).await;
        before = found.map_err(|error| grants::failure(page, error))?.0.follows;
    }
    if chain >= RULES.emergency.extensions {
        return Err(Failure::Conflict(page.t1(
            "emergency-extended-enough",
            "n",
            RULES.emergency.extensions,
        )));
    }
    Ok(grant)
}

fn show(app: &App, page: Page, grant: &AccessGrant, sent: Reason, error: Option<&'static str>) -> Answer {
    let fresh = sent.accesso.is_empty() || error == Some("emergency-form-old");
    let page = page.titled("extend-title").crumb("/emergenza", "emergency-title");
    web::show(&ExtendPage {
        id: grant.id.clone(),
        name: grant.patient_name.clone(),
        minutes: RULES.emergency.minutes,
        grant: if fresh {
            app.new_grant_id(&page)
        } else {
            sent.accesso.clone()
        },
        reasons: reasons(&page),
        error: error.map(|key| page.t(key)),
        sent,
        page,
    })
}
