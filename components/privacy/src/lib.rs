//! Data protection, the side of professionals and of the office: emergency access, unlocking of protected categories,
//! notices, reviews, why somebody may see, the desk of the data-protection officer, anomalies in the log of accesses.
//!
//! It keeps nothing of its own: accesses opened for a time are with the identity service, findings and lists are FHIR
//! resources that policies show to the office only, reviews are instances of a process.

mod anomaly;
pub mod demo;
mod desk;
mod emergency;
mod exposed;
mod grants;
mod identity;
mod log;
mod notices;
mod notify;
mod person;
mod review;
mod routes;
mod rules;
mod unlock;
mod watch;
mod why;

pub use watch::{EVERY_MINUTES, Watched, watch};

use axum::extract::FromRef;
use component::{Component, Context, DeploymentFile, NavigationItem};
use identity::Pace;
use std::sync::Arc;
use web::Kit;

web::fluent_templates::static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "it",
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

/// System of the security code that keeps a resource to the office for data protection (`labels.json`).
pub(crate) const RESTRICTED_SYSTEM: &str = "https://sinfonia.it/fhir/CodeSystem/riservatezza";
/// That code.
pub(crate) const RESTRICTED_CODE: &str = "DPO";
/// The code beside it of what the program tells a citizen: written by the program only, read by whom it is about.
pub(crate) const NOTICE_CODE: &str = "AVVISO";
/// System of the kinds of notices.
pub(crate) const CATEGORY_SYSTEM: &str = "https://sinfonia.it/fhir/CodeSystem/avviso-privacy";

/// The component.
pub fn component() -> Component {
    Component {
        name: "privacy",
        needs: &["hub", "orchestrator"],
        routes: routes::routes,
        navigation: NAVIGATION,
        workers: review::workers,
        deployments: DEPLOYMENTS,
        demo: Some(demo::demo),
    }
}

const NAVIGATION: &[NavigationItem] = &[
    NavigationItem {
        path: "/emergenza",
        it: "Emergenza",
        en: "Emergency",
        roles: &[
            "mmg",
            "pls",
            "medico",
            "specialista",
            "diabetologo",
            "infermiere",
            "ostetrica",
        ],
    },
    NavigationItem {
        path: "/perche",
        it: "Perché vedo",
        en: "Why I see",
        roles: &[
            "mmg",
            "pls",
            "medico",
            "specialista",
            "diabetologo",
            "infermiere",
            "ostetrica",
            "psicologo",
            "fisioterapista",
            "case-manager",
            "operatore-cup",
            "dpo",
        ],
    },
    NavigationItem {
        path: "/ufficio-privacy",
        it: "Ufficio privacy",
        en: "Privacy office",
        roles: &["dpo"],
    },
    NavigationItem {
        path: "/avvisi-privacy",
        it: "Avvisi sui miei dati",
        en: "Notices on my data",
        roles: &["assistito"],
    },
];

/// The process of reviews and its form.
pub const DEPLOYMENTS: &[DeploymentFile] = &[
    DeploymentFile {
        name: "esito-revisione-accesso.json",
        content: include_str!("../forms/esito-revisione-accesso.json"),
    },
    DeploymentFile {
        name: "revisione-accesso-emergenza.bpmn",
        content: include_str!("../processes/revisione-accesso-emergenza.bpmn"),
    },
];

/// What the handlers share.
#[derive(Clone, FromRef)]
pub(crate) struct App {
    context: Context,
    kit: Kit,
    pace: Arc<Pace>,
    /// Of questions why, so that none of them takes away a search in an emergency.
    #[from_ref(skip)]
    asking: Arc<Pace>,
}
