//! ViewDefinitions of SQL on FHIR v2: kept, and run (<https://sql-on-fhir.org/ig/2.0.0/>).
//!
//! `ViewDefinition` is no resource type of R4: views are kept as records of the store, read and written under
//! `[base]/ViewDefinition`, and are not searched, versioned or exported.

mod ask;
mod cells;
mod keep;
mod render;
mod run;

use crate::Hub;
use crate::bulk::serve;
use crate::routes::MOUNT;
use crate::scope::PROFESSIONALS;
use access::{Policy, Routes};
use axum::routing::MethodFilter;
use http::Method;
use std::sync::Arc;

/// Roles that may run a view: it reads many people's data, as a search does.
const RUN: &[&str] = PROFESSIONALS;

/// Roles that may keep and remove views.
const KEEP: &[&str] = crate::bulk::BULK;

macro_rules! rows {
    ($routes:ident $hub:ident $($method:ident $path:literal $roles:ident $handler:path;)*) => {
        $($routes = $routes.route(
            Method::$method,
            &format!("{MOUNT}{}", $path),
            Policy::AnyRole($roles),
            serve($hub, MethodFilter::$method, |hub, call| Box::pin($handler(hub, call))),
        );)*
    };
}

/// The routes. Both names of the operation are in use: the standard's and its short form.
pub(crate) fn routes(hub: &Arc<Hub>) -> Routes {
    let mut routes = Routes::new();
    rows! { routes hub
        GET "/$viewdefinition-run" RUN run::handle;
        POST "/$viewdefinition-run" RUN run::handle;
        GET "/ViewDefinition/$viewdefinition-run" RUN run::handle;
        POST "/ViewDefinition/$viewdefinition-run" RUN run::handle;
        GET "/ViewDefinition/$run" RUN run::handle;
        POST "/ViewDefinition/$run" RUN run::handle;
        GET "/ViewDefinition/{id}/$viewdefinition-run" RUN run::handle;
        POST "/ViewDefinition/{id}/$viewdefinition-run" RUN run::handle;
        GET "/ViewDefinition/{id}/$run" RUN run::handle;
        POST "/ViewDefinition/{id}/$run" RUN run::handle;
        GET "/ViewDefinition" RUN keep::list;
        POST "/ViewDefinition" KEEP keep::create;
        GET "/ViewDefinition/{id}" RUN keep::read;
        PUT "/ViewDefinition/{id}" KEEP keep::put;
        DELETE "/ViewDefinition/{id}" KEEP keep::delete;
    }
    routes
}
