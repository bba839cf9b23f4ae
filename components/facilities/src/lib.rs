//! The regional registry of structures (Anagrafe Regionale delle Strutture Sanitarie): who provides care, where, since when, with what,
//! and when it is open.
//!
//! It keeps nothing of its own: a structure is a FHIR `Organization`, its site a `Location`, what it offers `HealthcareService`s, to whom
//! it belongs `OrganizationAffiliation`s. What was true when is the period inside a resource; what was known when is its FHIR history. It
//! is public: the law wants it so (D.lgs. 33/2013 art. 41), and no person's data stand in it.

mod change;
pub mod demo;
mod find;
mod fold;
pub mod lists;
mod model;
mod names;
mod open;
mod open_data;
mod pages;
mod period;
mod places;
mod register;
mod rules;
pub mod seed;
mod who;

use access::{Actor, Description, Policy, Routes, describe};
use axum::extract::FromRef;
use axum::routing::{MethodRouter, get, post};
use component::{Component, Context, DeploymentFile, Fhir, NavigationItem, Worker};
use http::Method;
use register::{Kept, Register};
use std::sync::Arc;
use web::{Failure, Kit};

web::fluent_templates::static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "it",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// The component.
pub fn component() -> Component {
    Component {
        name: "facilities",
        needs: &["hub", "orchestrator"],
        routes,
        navigation: NAVIGATION,
        workers,
        deployments: DEPLOYMENTS,
        demo: Some(demo::demo),
    }
}

const DEPLOYMENTS: &[DeploymentFile] = &[DeploymentFile {
    name: "richiesta-variazione-struttura.bpmn",
    content: include_str!("../processes/richiesta-variazione-struttura.bpmn"),
}];

const NAVIGATION: &[NavigationItem] = &[NavigationItem {
    path: "/strutture",
    it: "Strutture",
    en: "Structures",
    roles: &[],
}];

fn workers() -> Vec<Worker> {
    change::workers()
}

/// What the handlers share.
#[derive(Clone, FromRef)]
pub(crate) struct App {
    context: Context,
    kit: Kit,
    kept: Kept,
}

impl App {
    /// The hub as the program itself: structures are public, and whoever comes without signing in reads them, too.
    pub(crate) fn system(&self) -> Fhir {
        self.context.peers.fhir(&Actor::system())
    }

    /// All structures.
    pub(crate) async fn register(&self) -> Result<Arc<Register>, Failure> {
        let register = self.kept.get(&self.system(), self.context.clock.now()).await?;
        Ok(register)
    }
}

/// Routes being declared.
pub(crate) struct Declared {
    app: App,
    routes: Routes,
}

impl Declared {
    fn with(mut self, policy: Policy, method: Method, path: &str, handler: MethodRouter<App>) -> Self {
        let handler = handler.with_state(self.app.clone());
        self.routes = self.routes.route(method, path, policy, handler);
        self
    }

    /// Tells the catalogue of the API what the route declared last does.
    pub(crate) fn described(mut self, summary: &'static str, description: Description) -> Self {
        self.routes = self.routes.described(summary, description);
        self
    }

    /// A route for those with a capability.
    fn may(self, name: &'static str, method: Method, path: &str, handler: MethodRouter<App>) -> Self {
        self.with(Policy::May(name), method, path, handler)
    }

    /// A page for everybody.
    pub(crate) fn public(self, path: &str, handler: MethodRouter<App>) -> Self {
        self.with(Policy::Public, Method::GET, path, handler)
    }
}

fn routes(context: &Context) -> Routes {
    let app = App {
        context: context.clone(),
        kit: Kit::new(context, &*LOCALES),
        kept: Kept::default(),
    };
    let declared = Declared {
        app,
        routes: Routes::new(),
    };
    const ASK: &str = "facilities.ask";
    lists::routes(declared)
        .public("/strutture", get(pages::search))
        .public("/strutture/dati-aperti", get(open_data::page))
        .public("/strutture/{id}", get(pages::show))
        .public("/strutture/documenti/{id}", get(change::document))
        .may(ASK, Method::GET, "/strutture/{id}/variazione", get(change::ask))
        .may(
            ASK,
            Method::POST,
            "/strutture/{id}/variazione",
            post(change::send).layer(change::limit()),
        )
        .may(ASK, Method::GET, "/strutture/variazioni", get(change::list))
        .may(ASK, Method::GET, "/strutture/variazioni/{id}", get(change::show))
        .may(
            "facilities.decide",
            Method::POST,
            "/strutture/variazioni/{id}",
            post(change::decide),
        )
        .public("/mappa", get(pages::map))
        .public("/mappa/comuni.geojson", get(pages::borders))
        .public("/facilities/structures", get(open_data::json))
        .described("Every health structure of a day", describe(&open_data::json))
        .public("/facilities/structures/{id}", get(open_data::one))
        .described("One health structure, as it is on a day", describe(&open_data::one))
        .public("/facilities/search", get(open_data::search))
        .described(
            "Health structures by name, place, kind, service; open now; nearest first",
            describe(&open_data::search),
        )
        .public("/facilities/structures.csv", get(open_data::csv))
        .described("The same as CSV, a row each", describe(&open_data::csv))
        .public("/facilities/structures.geojson", get(open_data::geojson))
        .described("The same as GeoJSON, with positions", describe(&open_data::geojson))
        .public("/facilities/catalogue.jsonld", get(open_data::catalogue))
        .described(
            "What the data set is (DCAT-AP_IT, JSON-LD)",
            describe(&open_data::catalogue),
        )
        .routes
}
