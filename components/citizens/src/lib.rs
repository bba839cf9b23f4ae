//! The regional registry of assisted people (Anagrafe Regionale degli Assistiti): who a person is, where they live, since when they
//! are assisted and by whom.
//!
//! It keeps nothing of its own: a person is a FHIR `Patient`, assistance and exemptions are `Coverage`, the choice of a doctor is an
//! `EpisodeOfCare` and `Patient.generalPractitioner`. What was true when is the period inside a resource; what was known when is its
//! FHIR history. Each operation stands in a module of its own, with its `routes` function called here by one line.

mod choice;
pub mod demo;
pub mod events;
mod exemptions;
mod fiscal;
mod import;
pub mod matching;
mod people;
mod person;
mod search;

use access::{Actor, Description, Policy, Routes};
use axum::extract::FromRef;
use axum::routing::MethodRouter;
use component::{Component, Context, DeploymentFile, Fhir, NavigationItem, Worker};
use http::Method;
use web::{Kit, Page};

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
        name: "citizens",
        needs: &["hub", "orchestrator"],
        routes,
        navigation: NAVIGATION,
        workers,
        deployments: DEPLOYMENTS,
        demo: Some(demo::demo),
    }
}

const DEPLOYMENTS: &[DeploymentFile] = &[
    DeploymentFile {
        name: "ammissibilita-scelta.dmn",
        content: include_str!("../decisions/ammissibilita-scelta.dmn"),
    },
    DeploymentFile {
        name: "chiusura-decesso.bpmn",
        content: include_str!("../processes/chiusura-decesso.bpmn"),
    },
    DeploymentFile {
        name: "evento-vita.bpmn",
        content: include_str!("../processes/evento-vita.bpmn"),
    },
    DeploymentFile {
        name: "fusione-schede.bpmn",
        content: include_str!("../processes/fusione-schede.bpmn"),
    },
    DeploymentFile {
        name: "scadenze-anagrafe.bpmn",
        content: include_str!("../processes/scadenze-anagrafe.bpmn"),
    },
    DeploymentFile {
        name: "scelta-medico.bpmn",
        content: include_str!("../processes/scelta-medico.bpmn"),
    },
];

/// Who works at the registry's desk: the capability `citizens.desk`.
const DESK: &[&str] = &["operatore-anagrafe"];

const NAVIGATION: &[NavigationItem] = &[
    NavigationItem {
        path: "/anagrafe",
        it: "Anagrafe assistiti",
        en: "Assisted people",
        roles: DESK,
    },
    NavigationItem {
        path: "/anagrafe/doppioni",
        it: "Schede doppie",
        en: "Duplicate records",
        roles: DESK,
    },
    NavigationItem {
        path: "/anagrafe/scelta",
        it: "Scelta del medico",
        en: "Choice of the doctor",
        roles: DESK,
    },
    NavigationItem {
        path: "/anagrafe/eventi",
        it: "Eventi della vita",
        en: "Life events",
        roles: DESK,
    },
    NavigationItem {
        path: "/anagrafe/esenzioni",
        it: "Esenzioni allo sportello",
        en: "Exemptions at the desk",
        roles: DESK,
    },
    NavigationItem {
        path: "/il-mio-medico",
        it: "Il mio medico",
        en: "My doctor",
        roles: &["assistito"],
    },
    NavigationItem {
        path: "/esenzioni",
        it: "Esenzioni",
        en: "Exemptions",
        roles: &["assistito"],
    },
    NavigationItem {
        path: "/i-miei-assistiti",
        it: "I miei assistiti",
        en: "My patients",
        roles: &["mmg", "pls"],
    },
];

fn workers() -> Vec<Worker> {
    let mut all = choice::workers();
    all.extend(exemptions::workers());
    all.extend(matching::workers());
    all
}

/// The component's messages in a language, where there is no page.
pub(crate) fn texts(lang: web::Lang) -> web::Texts {
    web::Texts::base().with(&*LOCALES).in_lang(lang)
}

/// What the handlers share.
#[derive(Clone, FromRef)]
pub(crate) struct App {
    context: Context,
    kit: Kit,
}

impl App {
    /// The hub as whoever asks: what they may not see does not exist.
    pub(crate) fn fhir(&self, page: &Page) -> Fhir {
        self.context.peers.fhir(page.actor())
    }

    /// The hub as somebody.
    pub(crate) fn fhir_as(&self, actor: &Actor) -> Fhir {
        self.context.peers.fhir(actor)
    }

    /// The hub as the program itself. Only after the right of whoever asks was ascertained.
    pub(crate) fn system(&self) -> Fhir {
        self.context.peers.fhir(&Actor::system())
    }
}

/// Routes being declared.
pub(crate) struct Declared {
    app: App,
    routes: Routes,
}

impl Declared {
    /// A route that only those with the capability `may` can call.
    pub(crate) fn with(mut self, may: &'static str, method: Method, path: &str, handler: MethodRouter<App>) -> Self {
        self.routes = self
            .routes
            .route(method, path, Policy::May(may), handler.with_state(self.app.clone()));
        self
    }

    /// A page.
    pub(crate) fn get(self, may: &'static str, path: &str, handler: MethodRouter<App>) -> Self {
        self.with(may, Method::GET, path, handler)
    }

    /// A form that is sent.
    pub(crate) fn post(self, may: &'static str, path: &str, handler: MethodRouter<App>) -> Self {
        self.with(may, Method::POST, path, handler)
    }

    /// Tells the catalogue of the API what the route declared last does: `describe(&handler)` of `access` reads its signature.
    pub(crate) fn described(mut self, summary: &'static str, description: Description) -> Self {
        self.routes = self.routes.described(summary, description);
        self
    }
}

fn routes(context: &Context) -> Routes {
    let app = App {
        context: context.clone(),
        kit: Kit::new(context, &*LOCALES),
    };
    let declared = Declared {
        app,
        routes: Routes::new(),
    };
    let declared = choice::routes(fiscal::routes(import::routes(person::routes(search::routes(declared)))));
    let declared = exemptions::routes(events::routes(declared));
    matching::routes(declared).routes
}
