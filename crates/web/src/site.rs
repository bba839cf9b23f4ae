//! Pages that belong to no component: sign-in, sign-out, language, assets.

mod language;
mod passkey;
mod provider;
mod recover;
mod sign_in;
mod sign_out;
mod steps;
#[cfg(test)]
mod tests;
mod visit;

use crate::{Kit, assets};
use access::{Guard, Policy, Routes};
use axum::extract::{FromRef, Path};
use axum::routing::{MethodRouter, get, post};
use http::{HeaderMap, Method};

/// State of these pages.
#[derive(Clone)]
struct Site {
    kit: Kit,
    guard: Guard,
}

impl FromRef<Site> for Kit {
    fn from_ref(site: &Site) -> Self {
        site.kit.clone()
    }
}

/// The routes of the site itself; the binary merges them with those of the components.
pub fn site(kit: &Kit, guard: &Guard) -> Routes {
    let site = Site {
        kit: kit.clone(),
        guard: guard.clone(),
    };
    let asset = |Path(file): Path<String>, headers: HeaderMap| async move { assets::serve(&file, &headers) };
    sign_in_routes(&site)
        .route(
            Method::POST,
            "/esci",
            Policy::SignedIn,
            post(sign_out::submit).with_state(site.clone()),
        )
        .route(
            Method::GET,
            "/lingua/{code}",
            Policy::Public,
            get(language::choose).with_state(site),
        )
        .route(Method::GET, "/assets/{file}", Policy::Public, get(asset))
        .route(
            Method::GET,
            "/robots.txt",
            Policy::Public,
            get(|| async { "User-agent: *\nDisallow: /\n" }),
        )
}

/// The ways in.
fn sign_in_routes(site: &Site) -> Routes {
    let public = |routes: Routes, method: Method, path: &str, handler: MethodRouter<Site>| {
        routes.route(method, path, Policy::Public, handler.with_state(site.clone()))
    };
    let pages = [
        ("/accedi", get(sign_in::form)),
        ("/accedi/passo", get(steps::form)),
        ("/accedi/recupero", get(recover::form)),
        ("/accedi/con/{provider}", get(provider::begin)),
        ("/accedi/ritorno/{provider}", get(provider::finish)),
        ("/oidc/{provider}/uscita", get(provider::front_channel)),
        ("/oidc/chiavi", get(provider::keys)),
    ];
    let forms = [
        ("/accedi", post(sign_in::submit)),
        ("/accedi/codice", post(steps::code)),
        ("/accedi/attiva", post(steps::enrol)),
        ("/accedi/nuova-password", post(steps::new_password)),
        ("/accedi/scelta", post(steps::choose)),
        ("/accedi/recupero", post(recover::submit)),
        ("/accedi/passkey/sfida", post(passkey::challenge)),
        ("/accedi/passkey", post(passkey::submit)),
        ("/oidc/{provider}/uscita", post(provider::back_channel)),
    ];
    let mut routes = Routes::new();
    for (path, handler) in pages {
        routes = public(routes, Method::GET, path, handler);
    }
    for (path, handler) in forms {
        routes = public(routes, Method::POST, path, handler);
    }
    routes
}
