//! The pages: my tasks, one task with its form, people, a person with their pathway, the case manager's list, starting
//! a pathway, incidents, models.

mod answered;
mod cases;
mod drawing;
mod facts;
mod history;
mod home;
mod incidents;
mod instance;
mod models;
mod patient;
mod patients;
mod people;
mod sources;
mod start;
mod task;
mod task_actions;
mod task_row;
mod tasks;

use access::{Policy, Routes};
use axum::extract::FromRef;
use axum::routing::{MethodRouter, get, post};
use component::{Context, NavigationItem};
use http::Method;
use web::Kit;

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
    sources: sources::Sources,
}

impl App {
    fn fhir(&self, page: &web::Page) -> component::Fhir {
        self.context.peers.fhir(page.actor())
    }

    /// Forms and the staff's names, which are nobody's health data, whoever asks: the hub shows an assisted person the
    /// own compartment only. Never read anything else with it.
    fn common(&self) -> component::Fhir {
        self.context.peers.fhir(&access::Actor::system())
    }

    fn orchestrator(&self, page: &web::Page) -> component::Orchestrator {
        self.context.peers.orchestrator(page.actor())
    }
}

/// Who works in pathways.
const STAFF: &[&str] = &["mmg", "diabetologo", "infermiere", "case-manager"];
/// Who sees the whole population of a pathway.
const COORDINATORS: &[&str] = &["case-manager", "mmg", "diabetologo"];
const ADMIN: &[&str] = &["admin"];

/// Entries of the main navigation.
pub const NAVIGATION: &[NavigationItem] = &[
    NavigationItem {
        path: "/attivita",
        it: "Attività",
        en: "Tasks",
        roles: &[],
    },
    NavigationItem {
        path: "/assistiti",
        it: "Assistiti",
        en: "People",
        roles: STAFF,
    },
    NavigationItem {
        path: "/casi",
        it: "Percorsi in corso",
        en: "Pathways in progress",
        roles: COORDINATORS,
    },
    NavigationItem {
        path: "/il-mio-percorso",
        it: "Il mio percorso",
        en: "My pathway",
        roles: &["assistito"],
    },
    NavigationItem {
        path: "/modelli",
        it: "Modelli",
        en: "Models",
        roles: ADMIN,
    },
    NavigationItem {
        path: "/incidenti",
        it: "Incidenti",
        en: "Incidents",
        roles: ADMIN,
    },
];

/// Every page, with its policy.
pub fn routes(context: &Context) -> Routes {
    let app = App {
        context: context.clone(),
        kit: Kit::new(context, &*LOCALES),
        sources: sources::Sources::default(),
    };
    let with = |handler: MethodRouter<App>| handler.with_state(app.clone());
    let staff = Policy::AnyRole(STAFF);
    let admin = Policy::AnyRole(ADMIN);
    Routes::new()
        .route(Method::GET, "/", Policy::SignedIn, with(get(home::home)))
        .route(Method::GET, "/il-mio-percorso", Policy::SignedIn, with(get(home::mine)))
        .route(Method::GET, "/attivita", Policy::SignedIn, with(get(tasks::list)))
        .route(Method::GET, "/attivita/{id}", Policy::SignedIn, with(get(task::show)))
        .route(
            Method::POST,
            "/attivita/{id}/completa",
            Policy::SignedIn,
            with(post(task::complete)),
        )
        .route(
            Method::POST,
            "/attivita/{id}/prendi",
            Policy::SignedIn,
            with(post(task_actions::claim)),
        )
        .route(
            Method::POST,
            "/attivita/{id}/rilascia",
            Policy::SignedIn,
            with(post(task_actions::unclaim)),
        )
        .route(
            Method::POST,
            "/attivita/{id}/riassegna",
            staff,
            with(post(task_actions::reassign)),
        )
        .route(Method::GET, "/assistiti", staff, with(get(patients::search)))
        .route(
            Method::GET,
            "/assistiti/{id}",
            Policy::SignedIn,
            with(get(patient::show)),
        )
        .route(
            Method::GET,
            "/assistiti/{id}/percorsi/nuovo",
            staff,
            with(get(start::form)),
        )
        .route(
            Method::POST,
            "/assistiti/{id}/percorsi/nuovo",
            staff,
            with(post(start::submit)),
        )
        .route(
            Method::GET,
            "/casi",
            Policy::AnyRole(COORDINATORS),
            with(get(cases::list)),
        )
        .route(
            Method::GET,
            "/casi.csv",
            Policy::AnyRole(COORDINATORS),
            with(get(cases::csv)),
        )
        .route(
            Method::GET,
            "/percorsi/{id}",
            Policy::SignedIn,
            with(get(instance::show)),
        )
        .route(
            Method::POST,
            "/percorsi/{id}/messaggio",
            staff,
            with(post(instance::message)),
        )
        .route(Method::GET, "/incidenti", admin, with(get(incidents::list)))
        .route(
            Method::POST,
            "/incidenti/{id}/riprova",
            admin,
            with(post(incidents::retry)),
        )
        .route(Method::GET, "/modelli", admin, with(get(models::list)))
        .route(Method::POST, "/modelli", admin, with(post(models::deploy)))
        .route(Method::GET, "/modelli/{key}", admin, with(get(models::show)))
}
