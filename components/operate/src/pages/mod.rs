//! The pages of the running of processes.

mod act;
mod ask;
mod batch;
mod batches;
mod incidents;
mod instance;
mod new_batch;
mod search;

use access::{Policy, Routes};
use axum::extract::FromRef;
use axum::routing::{MethodRouter, get, post};
use component::{Context, NavigationItem, PeerError};
use http::Method;
use web::{Flash, Kit, Page};

web::fluent_templates::static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "it",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// What the handlers share.
#[derive(Clone, FromRef)]
pub struct App {
    context: Context,
    kit: Kit,
}

impl App {
    fn orchestrator(&self, page: &Page) -> component::Orchestrator {
        self.context.peers.orchestrator(page.actor())
    }
}

/// Whose navigation leads here.
const OPERATORS: &[&str] = &["case-manager"];

/// Entries of the main navigation.
pub const NAVIGATION: &[NavigationItem] = &[NavigationItem {
    path: "/regia",
    it: "Regia dei processi",
    en: "Process operations",
    roles: OPERATORS,
}];

/// Every page, with its policy.
pub fn routes(context: &Context) -> Routes {
    let app = App {
        context: context.clone(),
        kit: Kit::new(context, &*LOCALES),
    };
    let with = |handler: MethodRouter<App>| handler.with_state(app.clone());
    let route = |routes: Routes, method, path, handler| {
        routes.route(method, path, Policy::May("processes.operate"), with(handler))
    };
    let r = route(Routes::new(), Method::GET, "/regia", get(search::list));
    let r = route(r, Method::GET, "/regia/istanze/{id}", get(instance::show));
    let r = route(r, Method::POST, "/regia/istanze/{id}/{azione}", post(act::submit));
    let r = route(r, Method::GET, "/regia/incidenti", get(incidents::list));
    let r = route(r, Method::POST, "/regia/incidenti/{id}/riprova", post(incidents::retry));
    let r = route(r, Method::GET, "/regia/lotti", get(batches::list));
    let r = route(r, Method::GET, "/regia/lotti/nuovo", get(new_batch::form));
    let r = route(r, Method::POST, "/regia/lotti/anteprima", post(new_batch::preview));
    let r = route(r, Method::POST, "/regia/lotti", post(new_batch::start));
    let r = route(r, Method::GET, "/regia/lotti/{id}", get(batch::show));
    let r = route(r, Method::GET, "/regia/lotti/{id}/esiti", get(batch::export));
    route(r, Method::POST, "/regia/lotti/{id}/{azione}", post(batch::steer))
}

/// What to tell of a command: that it was done, or why it was refused.
fn told<T>(page: &Page, result: Result<T, PeerError>, done: &str) -> Result<Flash, PeerError> {
    match result {
        Ok(_) => Ok(Flash::success(page.t(done))),
        Err(PeerError::Status { status, message }) if matches!(status.as_u16(), 400 | 404 | 409 | 422) => {
            Ok(Flash::danger(format!("{} {message}", page.t("refused"))))
        }
        Err(other) => Err(other),
    }
}

/// An id that came from outside; what is none leads to no page.
fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 200 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:".contains(&b))
}
