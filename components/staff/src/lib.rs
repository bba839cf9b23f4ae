//! The registry of the staff of the regional health service: people, their registrations and credits, their assignments to
//! units with contract, role, discipline, hours and sites, all dated; absences and substitutes; the conventions of chosen
//! doctors; the organisation chart; what is sent to higher bodies.
//!
//! It keeps nothing of its own: a person is a FHIR `Practitioner`, an assignment a `PractitionerRole`, from which
//! `crates/access` takes roles at each request; what is not for the directory (absences, credits, files sent) is a `Basic`
//! that only the program reads. What was true when is the period in the resource; what was known when is its history.

mod absences;
mod alerts;
mod api;
mod app;
mod assignment;
mod chart;
mod check;
mod confirm;
mod conventions;
mod credits;
pub mod demo;
pub mod exports;
mod find;
mod import;
mod note;
mod pages;
mod person;
mod registry;
mod rules;
mod systems;

use access::Routes;
pub(crate) use app::{App, Declared};
use component::{Component, Context, DeploymentFile, NavigationItem};
use web::Kit;

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
        name: "staff",
        needs: &["hub", "orchestrator"],
        routes,
        navigation: NAVIGATION,
        workers: alerts::workers,
        deployments: DEPLOYMENTS,
        demo: Some(demo::demo),
    }
}

const DEPLOYMENTS: &[DeploymentFile] = &[DeploymentFile {
    name: "scadenza-iscrizione.bpmn",
    content: include_str!("../processes/scadenza-iscrizione.bpmn"),
}];

/// Roles that look people up without keeping the registry.
const READERS: &[&str] = &[
    "ufficio-personale",
    "operatore-anagrafe",
    "operatore-cup",
    "case-manager",
    "risk-manager",
    "programmatore",
];

const NAVIGATION: &[NavigationItem] = &[
    NavigationItem {
        path: "/personale",
        it: "Personale",
        en: "Staff",
        roles: READERS,
    },
    NavigationItem {
        path: "/personale/conferme",
        it: "Conferme",
        en: "Confirmations",
        roles: &["admin"],
    },
];

fn routes(context: &Context) -> Routes {
    let declared = Declared::new(App::new(context.clone(), Kit::new(context, &*LOCALES)));
    let declared = pages::routes(declared);
    let declared = conventions::routes(chart::routes(alerts::routes(declared)));
    let declared = import::routes(exports::routes(credits::routes(absences::routes(declared))));
    api::routes(confirm::routes(declared)).finish()
}
