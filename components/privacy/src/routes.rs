//! Every page, with its policy.

use crate::{App, LOCALES, anomaly, desk, emergency, exposed, log, notices, review, unlock, why};
use access::{Policy, Routes};
use axum::routing::{MethodRouter, get, post};
use component::Context;
use http::Method;
use web::Kit;

/// The routes.
pub(crate) fn routes(context: &Context) -> Routes {
    let app = App {
        context: context.clone(),
        kit: Kit::new(context, &*LOCALES),
        pace: Default::default(),
        asking: Default::default(),
    };
    professional_routes(&app).merge(office_routes(&app))
}

fn professional_routes(app: &App) -> Routes {
    let with = |handler: MethodRouter<App>| handler.with_state(app.clone());
    let rescue = Policy::May("privacy.emergency");
    let add = |routes: Routes, method, path, policy, handler| routes.route(method, path, policy, with(handler));
    let r = add(Routes::new(), Method::GET, "/emergenza", rescue, get(emergency::form));
    let r = add(r, Method::POST, "/emergenza/cerca", rescue, post(emergency::search));
    let r = add(r, Method::POST, "/emergenza/apri", rescue, post(emergency::open));
    let extend = "/emergenza/{id}/proroga";
    let r = add(r, Method::GET, extend, rescue, get(emergency::extend_form));
    let r = add(r, Method::POST, extend, rescue, post(emergency::extend));
    // Whose role ended meanwhile may still end what they opened.
    let r = add(
        r,
        Method::POST,
        "/emergenza/{id}/chiudi",
        Policy::May("privacy.why"),
        post(emergency::close),
    );
    let unlockers = Policy::May("privacy.unlock");
    let r = add(r, Method::GET, "/sblocco/{id}", unlockers, get(unlock::form));
    let r = add(r, Method::POST, "/sblocco/{id}", unlockers, post(unlock::submit));
    let r = add(r, Method::GET, "/perche", Policy::May("privacy.why"), get(why::show));
    let r = add(
        r,
        Method::POST,
        "/perche",
        Policy::May("privacy.why"),
        post(why::by_code),
    );
    add(
        r,
        Method::GET,
        "/avvisi-privacy",
        Policy::May("privacy.notices"),
        get(notices::list),
    )
}

fn office_routes(app: &App) -> Routes {
    let with = |handler: MethodRouter<App>| handler.with_state(app.clone());
    let add = |routes: Routes, method, path, handler| {
        routes.route(method, path, Policy::May("privacy.office"), with(handler))
    };
    let r = add(Routes::new(), Method::GET, "/ufficio-privacy", get(desk::show));
    let r = add(r, Method::GET, "/ufficio-privacy/accessi", get(review::list));
    let one = "/ufficio-privacy/accessi/{id}";
    let r = add(r, Method::GET, one, get(review::show));
    let r = add(r, Method::POST, one, post(review::submit));
    let r = add(
        r,
        Method::POST,
        "/ufficio-privacy/accessi/{id}/chiudi",
        post(review::close),
    );
    let r = add(r, Method::GET, "/ufficio-privacy/anomalie", get(anomaly::list));
    let r = add(
        r,
        Method::POST,
        "/ufficio-privacy/anomalie/valuta",
        post(anomaly::evaluate_now),
    );
    let one = "/ufficio-privacy/anomalie/{id}";
    let r = add(r, Method::GET, one, get(anomaly::show));
    let r = add(r, Method::POST, one, post(anomaly::change));
    let r = add(r, Method::GET, "/ufficio-privacy/registro", get(log::show));
    let r = add(r, Method::POST, "/ufficio-privacy/registro", post(log::by_code));
    let r = add(r, Method::GET, "/ufficio-privacy/registro.csv", get(log::csv));
    let r = add(r, Method::GET, "/ufficio-privacy/persone-esposte", get(exposed::list));
    add(
        r,
        Method::POST,
        "/ufficio-privacy/persone-esposte",
        post(exposed::change),
    )
}
