//! Pages that belong to no component: sign-in, sign-out, language, assets.

mod language;
mod sign_in;
mod sign_out;
#[cfg(test)]
mod tests;

use crate::{Kit, assets};
use access::{Guard, Policy, Routes};
use axum::extract::{FromRef, Path};
use axum::routing::{get, post};
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
    Routes::new()
        .route(
            Method::GET,
            "/accedi",
            Policy::Public,
            get(sign_in::form).with_state(site.clone()),
        )
        .route(
            Method::POST,
            "/accedi",
            Policy::Public,
            post(sign_in::submit).with_state(site.clone()),
        )
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
