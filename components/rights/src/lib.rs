//! The citizen's side of data protection, and the office that answers: who saw my data, consents, oscuramento, requests
//! under GDPR 15-22 with their process, export, erasure, pseudonyms, register of processing activities.
//!
//! It keeps nothing of its own: consents are FHIR `Consent`, requests and reports are `Basic` resources in the person's
//! compartment, what was done is `Provenance`, the log is the hub's `AuditEvent`. Who may do something is decided by
//! reading as the person who asks; what a citizen has no policy to write is then written as the program itself.

mod accesses;
mod consents;
mod hiding;
mod people;
mod rules;

use access::{Actor, Decision, Policy, Routes};
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
        workers: Vec::new,
        deployments: DEPLOYMENTS,
        demo: None,
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

/// Who works at a desk: not who runs the installation, whom [`Policy::AnyRole`] would let pass.
fn at_desk(actor: &Actor, _: &http::request::Parts) -> Decision {
    held(actor, DESK, "desk")
}

fn held(actor: &Actor, roles: &[&str], rule: &'static str) -> Decision {
    match roles.iter().any(|role| actor.has_role(role)) {
        true => Decision::Permit(rule),
        false => Decision::Deny(rule),
    }
}

fn routes(context: &Context) -> Routes {
    let app = App {
        context: context.clone(),
        kit: Kit::new(context, &*LOCALES),
    };
    let own = |routes: Routes, method, path, handler: MethodRouter<App>| {
        routes.route(
            method,
            path,
            Policy::AnyRole(&["assistito"]),
            handler.with_state(app.clone()),
        )
    };
    let desk = |routes: Routes, method, path, handler: MethodRouter<App>| {
        routes.route(method, path, Policy::Check(at_desk), handler.with_state(app.clone()))
    };
    let r = own(Routes::new(), Method::GET, "/diritti", get(people::home));
    let r = own(r, Method::GET, "/diritti/accessi", get(accesses::show));
    let r = own(r, Method::GET, "/diritti/accessi/segnala", get(accesses::ask));
    let r = own(r, Method::POST, "/diritti/accessi/segnala", post(accesses::report));
    let r = own(r, Method::GET, "/diritti/consensi", get(consents::list));
    let r = own(r, Method::GET, "/diritti/consensi/{tipo}", get(consents::choice));
    let r = own(r, Method::POST, "/diritti/consensi/{tipo}", post(consents::choose));
    let r = own(r, Method::GET, "/diritti/nascondi", get(hiding::list));
    let r = own(r, Method::GET, "/diritti/nascondi/conferma", get(hiding::ask));
    let r = own(r, Method::POST, "/diritti/nascondi", post(hiding::hide));
    let r = own(r, Method::POST, "/diritti/nascondi/togli", post(hiding::show_again));
    let r = desk(r, Method::GET, "/sportello-consensi", get(consents::desk_form));
    let r = desk(r, Method::POST, "/sportello-consensi", post(consents::desk_find));
    desk(
        r,
        Method::POST,
        "/sportello-consensi/registra",
        post(consents::desk_record),
    )
}
