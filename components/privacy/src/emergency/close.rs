//! `POST /emergenza/{id}/chiudi`: ends an access before its time.

use crate::{App, grants};
use access::Grants;
use axum::extract::{Path, State};
use web::{Answer, Flash, Page};

/// Ends it.
pub async fn close(State(app): State<App>, page: Page, Path(id): Path<String>) -> Answer {
    let grant = app.own_grant(&page, &id).await?;
    let by = page.actor().subject.clone();
    let closed = grants::one(&app.context, Grants::Close { id: grant.id, by }).await;
    closed.map_err(|error| grants::failure(&page, error))?;
    page.redirect("/", Flash::success(page.t("emergency-closed")))
}
