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
use access::{Policy, Routes};
use axum::routing::MethodFilter;
use http::Method;
use std::sync::Arc;

macro_rules! rows {
    ($routes:ident $hub:ident $($method:ident $path:literal $handler:path;)*) => {
        $($routes = $routes.route(
            Method::$method,
            &format!("{MOUNT}{}", $path),
            Policy::May("fhir.bulk"),
            serve($hub, MethodFilter::$method, |hub, call| Box::pin($handler(hub, call))),
        );)*
    };
}

/// The routes. Both names of the operation are in use: the standard's and its short form.
pub(crate) fn routes(hub: &Arc<Hub>) -> Routes {
    let mut routes = Routes::new();
    rows! { routes hub
        GET "/$viewdefinition-run" run::handle;
        POST "/$viewdefinition-run" run::handle;
        GET "/ViewDefinition/$viewdefinition-run" run::handle;
        POST "/ViewDefinition/$viewdefinition-run" run::handle;
        GET "/ViewDefinition/$run" run::handle;
        POST "/ViewDefinition/$run" run::handle;
        GET "/ViewDefinition/{id}/$viewdefinition-run" run::handle;
        POST "/ViewDefinition/{id}/$viewdefinition-run" run::handle;
        GET "/ViewDefinition/{id}/$run" run::handle;
        POST "/ViewDefinition/{id}/$run" run::handle;
        GET "/ViewDefinition" keep::list;
        POST "/ViewDefinition" keep::create;
        GET "/ViewDefinition/{id}" keep::read;
        PUT "/ViewDefinition/{id}" keep::put;
        DELETE "/ViewDefinition/{id}" keep::delete;
    }
    routes
}
