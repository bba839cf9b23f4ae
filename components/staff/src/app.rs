//! What the handlers share, and how routes are declared.

use access::{Actor, Description, Policy, Routes};
use axum::extract::FromRef;
use axum::routing::MethodRouter;
use component::{Context, Fhir};
use http::Method;
use web::{Failure, Kit, Page};

/// What the handlers share.
#[derive(Clone, FromRef)]
pub(crate) struct App {
    /// Peers, time, ids.
    pub context: Context,
    kit: Kit,
}

/// Who keeps the registry (capability `staff.office`).
pub(crate) const OFFICE: &str = "ufficio-personale";

impl App {
    /// Of the context, with the texts of the component.
    pub fn new(context: Context, kit: Kit) -> Self {
        Self { context, kit }
    }

    /// The hub as whoever asks.
    pub fn fhir(&self, page: &Page) -> Fhir {
        self.context.peers.fhir(page.actor())
    }

    /// The hub as the program itself: what is kept from the directory. Only after the right of whoever asks was
    /// ascertained.
    pub fn system(&self) -> Fhir {
        self.context.peers.fhir(&Actor::system())
    }

    /// What was read meanwhile by somebody else is no longer so: told as such.
    pub fn changed(page: &Page, error: component::PeerError) -> Failure {
        if error.is_conflict() {
            Failure::Conflict(page.t("changed-meanwhile"))
        } else {
            error.into()
        }
    }
}

/// Routes being declared.
pub(crate) struct Declared {
    app: App,
    routes: Routes,
}

impl Declared {
    /// None yet.
    pub fn new(app: App) -> Self {
        Self {
            app,
            routes: Routes::new(),
        }
    }

    fn with(mut self, may: &'static str, method: Method, path: &str, handler: MethodRouter<App>) -> Self {
        self.routes = self
            .routes
            .route(method, path, Policy::May(may), handler.with_state(self.app.clone()));
        self
    }

    /// A page or an answer.
    pub fn get(self, may: &'static str, path: &str, handler: MethodRouter<App>) -> Self {
        self.with(may, Method::GET, path, handler)
    }

    /// A form or a command.
    pub fn post(self, may: &'static str, path: &str, handler: MethodRouter<App>) -> Self {
        self.with(may, Method::POST, path, handler)
    }

    /// Tells the catalogue of the API what the route declared last does.
    pub fn described(mut self, summary: &'static str, description: Description) -> Self {
        self.routes = self.routes.described(summary, description);
        self
    }

    /// All of them.
    pub fn finish(self) -> Routes {
        self.routes
    }
}
