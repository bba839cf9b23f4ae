//! The pages: my tasks, one task with its form, people, a person with their pathway, the case manager's list, starting
//! a pathway, incidents, models.

mod analysis;
mod answered;
mod cases;
mod decisions;
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
mod simulation;
mod sources;
mod start;
mod start_form;
mod steps;
mod task;
mod task_actions;
mod task_form;
mod task_row;
mod tasks;

use access::{Policy, Routes};
use axum::extract::{DefaultBodyLimit, FromRef};
use axum::routing::{MethodRouter, get, post};
use component::{Context, NavigationItem};
use http::Method;
use web::Kit;
use web::form::Posted;

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

/// Whose navigation leads to the people of pathways.
const STAFF: &[&str] = &[
    "mmg",
    "pls",
    "medico",
    "specialista",
    "diabetologo",
    "infermiere",
    "case-manager",
];
/// Who sees the whole population of a pathway.
const COORDINATORS: &[&str] = &["case-manager", "mmg", "diabetologo"];
const ADMIN: &[&str] = &["admin"];
/// Who looks at how processes go.
const ANALYSTS: &[&str] = &["case-manager", "admin"];

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
        path: "/analisi",
        it: "Analisi dei processi",
        en: "Process analysis",
        roles: ANALYSTS,
    },
    NavigationItem {
        path: "/il-mio-percorso",
        it: "Il mio percorso",
        en: "My pathway",
        roles: &["assistito"],
    },
    NavigationItem {
        path: "/simulazioni",
        it: "Simulazioni",
        en: "Simulations",
        roles: simulation::PLANNERS,
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
    task_routes(&app)
        .merge(people_routes(&app))
        .merge(model_routes(&app))
        .merge(simulation_routes(&app))
}

/// My work.
fn task_routes(app: &App) -> Routes {
    let with = |handler: MethodRouter<App>| handler.with_state(app.clone());
    let route = |routes: Routes, method, path, handler| routes.route(method, path, Policy::SignedIn, with(handler));
    let r = route(Routes::new(), Method::GET, "/", get(home::home));
    let r = route(r, Method::GET, "/il-mio-percorso", get(home::mine));
    let r = route(r, Method::GET, "/attivita", get(tasks::list));
    let r = route(r, Method::GET, "/attivita/{id}", get(task::show));
    let r = route(
        r,
        Method::POST,
        "/attivita/{id}/completa",
        with_files(post(task::complete)),
    );
    let r = route(r, Method::POST, "/attivita/{id}/prendi", post(task_actions::claim));
    let r = route(r, Method::POST, "/attivita/{id}/rilascia", post(task_actions::unclaim));
    let reassign = with(post(task_actions::reassign));
    let put_off = with(post(task_actions::put_off));
    let r = r.route(
        Method::POST,
        "/attivita/{id}/rimanda",
        Policy::May("pathways.work"),
        put_off,
    );
    r.route(
        Method::POST,
        "/attivita/{id}/riassegna",
        Policy::May("pathways.work"),
        reassign,
    )
}

/// People and their pathways.
fn people_routes(app: &App) -> Routes {
    let with = |handler: MethodRouter<App>| handler.with_state(app.clone());
    let route = |routes: Routes, method, path, policy, handler| routes.route(method, path, policy, with(handler));
    let (staff, coordinators) = (Policy::May("pathways.work"), Policy::May("pathways.coordinate"));
    let new = "/assistiti/{id}/percorsi/nuovo";
    let r = route(Routes::new(), Method::GET, "/assistiti", staff, get(patients::search));
    let r = route(r, Method::GET, "/assistiti/{id}", Policy::SignedIn, get(patient::show));
    let r = route(r, Method::GET, new, staff, get(start::form));
    let r = route(r, Method::POST, new, staff, post(start::submit));
    let new = "/assistiti/{id}/percorsi/nuovo/{process}";
    let r = route(r, Method::GET, new, staff, get(start_form::for_patient));
    let submit = with_files(post(start_form::submit_for_patient));
    let r = route(r, Method::POST, new, staff, submit);
    let r = route(r, Method::POST, "/api/avvii/{process}", staff, post(start_form::api));
    let r = route(r, Method::GET, "/casi", coordinators, get(cases::list));
    let r = route(r, Method::GET, "/casi.csv", coordinators, get(cases::csv));
    let r = route(r, Method::GET, "/percorsi/{id}", Policy::SignedIn, get(instance::show));
    let r = route(r, Method::GET, "/percorsi/{id}/passi", staff, get(steps::show));
    let r = route(
        r,
        Method::GET,
        "/analisi",
        Policy::May("pathways.analyse"),
        get(analysis::show),
    );
    route(
        r,
        Method::POST,
        "/percorsi/{id}/messaggio",
        staff,
        post(instance::message),
    )
}

/// What an administrator keeps an eye on.
fn model_routes(app: &App) -> Routes {
    let with = |handler: MethodRouter<App>| handler.with_state(app.clone());
    let admin = Policy::May("pathways.administer");
    let route = |routes: Routes, method, path, handler| routes.route(method, path, admin, with(handler));
    let r = route(Routes::new(), Method::GET, "/incidenti", get(incidents::list));
    let r = route(r, Method::POST, "/incidenti/{id}/riprova", post(incidents::retry));
    let r = route(r, Method::GET, "/modelli", get(models::list));
    let r = route(r, Method::POST, "/modelli", post(models::deploy));
    let r = route(r, Method::GET, "/modelli/{key}", get(models::show));
    let r = route(r, Method::GET, "/modelli/{key}/avvia", get(start_form::for_nobody));
    let submit = with_files(post(start_form::submit_for_nobody));
    route(r, Method::POST, "/modelli/{key}/avvia", submit)
}

/// A handler that takes the files of a form.
fn with_files(handler: MethodRouter<App>) -> MethodRouter<App> {
    handler.layer(DefaultBodyLimit::max(Posted::MAX_BODY))
}

/// What would happen if: for planners.
fn simulation_routes(app: &App) -> Routes {
    let with = |handler: MethodRouter<App>| handler.with_state(app.clone());
    let planners = Policy::May("processes.plan");
    let route = |routes: Routes, method, path, handler| routes.route(method, path, planners, with(handler));
    let r = route(Routes::new(), Method::GET, "/simulazioni", get(simulation::list));
    let r = route(r, Method::POST, "/simulazioni", post(simulation::submit));
    let r = route(r, Method::GET, "/simulazioni/nuova", get(simulation::edit));
    let r = route(r, Method::GET, "/simulazioni/{id}", get(simulation::show));
    let r = route(r, Method::GET, "/simulazioni/{id}/tabella.csv", get(simulation::csv));
    let r = route(r, Method::GET, "/simulazioni/{id}/confronto", get(simulation::compare));
    route(r, Method::POST, "/simulazioni/{id}/annulla", post(simulation::cancel))
}
