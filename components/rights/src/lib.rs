//! The citizen's side of data protection, and the office that answers: who saw my data, consents, oscuramento, requests
//! under GDPR 15-22 with their process, export, erasure, pseudonyms, register of processing activities.
//!
//! It keeps nothing of its own: consents are FHIR `Consent`, requests and reports are `Basic` resources in the person's
//! compartment, what was done is `Provenance`, the log is the hub's `AuditEvent`. Who may do something is decided by
//! reading as the person who asks; what a citizen has no policy to write is then written as the program itself.

mod accesses;
mod consents;
pub mod demo;
mod export;
mod hiding;
mod people;
pub mod pseudonyms;
pub mod register;
mod requests;
mod rules;

use access::{Actor, Policy, Routes};
use axum::extract::FromRef;
use axum::routing::{MethodRouter, get, post};
use component::{Component, Context, DeploymentFile, Fhir, NavigationItem};
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
        name: "rights",
        needs: &["hub", "orchestrator"],
        routes,
        navigation: NAVIGATION,
        workers: requests::workers,
        deployments: DEPLOYMENTS,
        demo: Some(demo::demo),
    }
}

const DEPLOYMENTS: &[DeploymentFile] = &[
    DeploymentFile {
        name: "segnalazione-accesso.bpmn",
        content: include_str!("../processes/segnalazione-accesso.bpmn"),
    },
    DeploymentFile {
        name: "richiesta-diritti.bpmn",
        content: include_str!("../processes/richiesta-diritti.bpmn"),
    },
];

/// Who records a consent for a person at the desk, with the paper.
const DESK: &[&str] = &["operatore-cup", "operatore-anagrafe"];

/// Who reads requests: the office, which answers them, and the data-protection officer.
const OFFICE: &[&str] = &["ufficio-privacy", "dpo"];

const NAVIGATION: &[NavigationItem] = &[
    NavigationItem {
        path: "/diritti",
        it: "I miei dati",
        en: "My data",
        roles: &["assistito"],
    },
    NavigationItem {
        path: "/sportello-consensi",
        it: "Consensi allo sportello",
        en: "Consents at the desk",
        roles: DESK,
    },
    NavigationItem {
        path: "/richieste-dati",
        it: "Richieste sui dati",
        en: "Data requests",
        roles: OFFICE,
    },
    NavigationItem {
        path: "/registro-trattamenti",
        it: "Registro dei trattamenti",
        en: "Register of processing",
        roles: OFFICE,
    },
];

/// What the handlers share.
#[derive(Clone, FromRef)]
struct App {
    context: Context,
    kit: Kit,
}

impl App {
    /// The hub as whoever asks: what they may not see does not exist.
    fn fhir(&self, page: &Page) -> Fhir {
        self.context.peers.fhir(page.actor())
    }

    /// The hub as the program itself. Only after the person's own right was ascertained.
    fn system(&self) -> Fhir {
        self.context.peers.fhir(&Actor::system())
    }
}

/// Routes being declared.
struct Declared {
    app: App,
    routes: Routes,
}

impl Declared {
    fn with(mut self, may: &'static str, method: Method, path: &str, handler: MethodRouter<App>) -> Self {
        self.routes = self
            .routes
            .route(method, path, Policy::May(may), handler.with_state(self.app.clone()));
        self
    }

    fn get(self, may: &'static str, path: &str, handler: MethodRouter<App>) -> Self {
        self.with(may, Method::GET, path, handler)
    }

    fn post(self, may: &'static str, path: &str, handler: MethodRouter<App>) -> Self {
        self.with(may, Method::POST, path, handler)
    }
}

fn routes(context: &Context) -> Routes {
    let app = App {
        context: context.clone(),
        kit: Kit::new(context, &*LOCALES),
    };
    let routes = Routes::new();
    offices(citizens(Declared { app, routes })).routes
}

/// What citizens open.
fn citizens(declared: Declared) -> Declared {
    const OWN: &str = "rights.citizen";
    declared
        .get(OWN, "/diritti", get(people::home))
        .get(OWN, "/diritti/accessi", get(accesses::show))
        .get(OWN, "/diritti/accessi/segnala", get(accesses::ask))
        .post(OWN, "/diritti/accessi/segnala", post(accesses::report))
        .get(OWN, "/diritti/consensi", get(consents::list))
        .get(OWN, "/diritti/consensi/{tipo}", get(consents::choice))
        .post(OWN, "/diritti/consensi/{tipo}", post(consents::choose))
        .get(OWN, "/diritti/nascondi", get(hiding::list))
        .get(OWN, "/diritti/nascondi/conferma", get(hiding::ask))
        .post(OWN, "/diritti/nascondi", post(hiding::hide))
        .post(OWN, "/diritti/nascondi/togli", post(hiding::show_again))
        .get(OWN, "/diritti/richieste", get(requests::list))
        .post(OWN, "/diritti/richieste", post(requests::make))
        .get(OWN, "/diritti/richieste/nuova", get(requests::ask))
        .get(OWN, "/diritti/richieste/{id}", get(requests::show))
        .get(OWN, "/diritti/richieste/{id}/lettera", get(requests::letter))
        .get(OWN, "/diritti/richieste/{id}/copia/{parte}", get(export::download))
}

/// What the desk and the office open.
fn offices(declared: Declared) -> Declared {
    const DESK: &str = "rights.desk";
    const OFFICE: &str = "rights.office";
    const DECIDE: &str = "rights.decide";
    const OFFICER: &str = "rights.officer";
    declared
        .get(DESK, "/sportello-consensi", get(consents::desk_form))
        .post(DESK, "/sportello-consensi", post(consents::desk_find))
        .post(DESK, "/sportello-consensi/registra", post(consents::desk_record))
        .get(OFFICE, "/registro-trattamenti", get(register::show))
        .get(OFFICE, "/registro-trattamenti.json", get(register::json))
        .get(OFFICE, "/richieste-dati", get(requests::office_list))
        .get(OFFICE, "/richieste-dati/{id}", get(requests::office_show))
        .post(DECIDE, "/richieste-dati/{id}", post(requests::decide))
        .post(DECIDE, "/richieste-dati/{id}/proroga", post(requests::prolong))
        .post(DECIDE, "/richieste-dati/{id}/blocco", post(requests::set_hold))
        .get(OFFICER, "/richieste-dati/segnalazioni/{id}", get(requests::show_report))
        .post(
            OFFICER,
            "/richieste-dati/segnalazioni/{id}",
            post(requests::answer_report),
        )
}
