//! Applications of others and what they may see: the page that asks a person's permission (SMART App Launch), the list of
//! permissions given, the launch of an application on a patient.

mod consent;
mod granted;
mod launch;
mod wording;

use crate::Kit;
use access::{Policy, Routes};
use axum::extract::FromRef;
use axum::routing::{get, post};
use component::Context;
use http::Method;
use oauth::{Code, Oauth, OauthError};
use std::sync::Arc;

/// State of these pages.
#[derive(Clone, FromRef)]
struct Apps {
    context: Context,
    kit: Kit,
    oauth: Arc<Oauth>,
}

/// The routes; the binary merges them with those of the site.
pub fn apps(kit: &Kit, context: &Context, oauth: &Arc<Oauth>) -> Routes {
    let apps = Apps {
        context: context.clone(),
        kit: kit.clone(),
        oauth: oauth.clone(),
    };
    let signed_in = Policy::SignedIn;
    Routes::new()
        .route(
            Method::GET,
            "/oauth/consenti/{id}",
            signed_in,
            get(consent::show).with_state(apps.clone()),
        )
        .route(
            Method::POST,
            "/oauth/consenti/{id}",
            signed_in,
            post(consent::answer).with_state(apps.clone()),
        )
        .route(
            Method::GET,
            "/app-autorizzate",
            signed_in,
            get(granted::list).with_state(apps.clone()),
        )
        .route(
            Method::POST,
            "/app-autorizzate/{id}/revoca",
            signed_in,
            post(granted::revoke).with_state(apps.clone()),
        )
        .route(
            Method::GET,
            "/assistiti/{id}/app",
            Policy::May("applications.launch"),
            get(launch::list).with_state(apps.clone()),
        )
        .route(
            Method::POST,
            "/assistiti/{id}/app/{client}",
            Policy::May("applications.launch"),
            post(launch::open).with_state(apps),
        )
}

fn failure(error: OauthError) -> crate::Failure {
    match error.code {
        Code::ServerError | Code::TemporarilyUnavailable => crate::Failure::Unavailable(error.why),
        Code::AccessDenied => crate::Failure::Forbidden(error.why),
        _ => crate::Failure::Unprocessable(error.why),
    }
}
