//! `GET /app-autorizzate`, `POST /app-autorizzate/{id}/revoca`: the permissions a person has given, and taking one back.

use super::wording::{Line, lines};
use super::{Apps, failure};
use crate::{Answer, Flash, Page};
use askama::Template;
use axum::extract::{Path, State};
use jiff::Timestamp;

#[derive(Template)]
#[template(path = "app_granted.html")]
struct GrantedPage {
    page: Page,
    grants: Vec<Given>,
}

struct Given {
    id: String,
    client: String,
    since: String,
    until: String,
    lines: Vec<Line>,
}

/// The list.
pub(super) async fn list(State(apps): State<Apps>, page: Page) -> Answer {
    let grants = apps.oauth.grants_of(&page.actor().subject).await.map_err(failure)?;
    let day = |second| {
        let at = Timestamp::from_second(second).unwrap_or_default();
        crate::date(crate::local_date(at))
    };
    let grants = grants
        .into_iter()
        .map(|grant| Given {
            since: day(grant.since),
            until: day(grant.until),
            lines: lines(&page, &grant.scopes),
            id: grant.id,
            client: grant.client_name,
        })
        .collect();
    crate::show(&GrantedPage {
        page: page.titled("app-granted-title"),
        grants,
    })
}

/// Takes a permission back.
pub(super) async fn revoke(State(apps): State<Apps>, page: Page, Path(id): Path<String>) -> Answer {
    let subject = page.actor().subject.clone();
    let done = apps.oauth.revoke_grant(&subject, &id, "revoked by the person").await;
    done.map_err(failure)?;
    page.redirect("/app-autorizzate", Flash::success(page.t("app-revoked")))
}
