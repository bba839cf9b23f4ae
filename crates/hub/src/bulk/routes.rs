//! Routes of bulk data. They answer with streams and headers of their own, so they are not in the table of
//! interactions; each has its policy all the same.

use super::job::Job;
use super::{download, import_kickoff, kickoff, status};
use crate::http::{Ask, refusal};
use crate::routes::MOUNT;
use crate::{Hub, HubError};
use access::{Actor, Policy, Routes};
use axum::extract::{RawPathParams, Request};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use futures::future::BoxFuture;
use http::Method;
use std::sync::Arc;

/// A request with its caller.
pub(crate) struct Call {
    pub ask: Ask,
    /// Who asks.
    pub subject: String,
    /// The same, whole.
    pub actor: Option<Actor>,
    all: bool,
}

impl Call {
    /// Whether a job is the caller's, or the caller the program itself.
    pub(crate) fn owns(&self, job: &Job) -> bool {
        self.all || self.subject == job.owner
    }
}

type Handler = fn(Arc<Hub>, Call) -> BoxFuture<'static, Result<Response, HubError>>;

/// A handler that makes its own response; errors become OperationOutcomes.
pub(crate) fn serve(hub: &Arc<Hub>, filter: MethodFilter, handler: Handler) -> MethodRouter {
    let hub = hub.clone();
    on(filter, move |params: RawPathParams, request: Request| {
        let hub = hub.clone();
        let actor = request.extensions().get::<Actor>().cloned();
        let call = Call {
            all: actor.as_ref().is_some_and(|actor| actor.has_role("system")),
            subject: actor.as_ref().map(|actor| actor.subject.clone()).unwrap_or_default(),
            actor,
            ask: Ask::of(&params, request),
        };
        async move {
            let done = match call.ask.within_limits(&hub) {
                Ok(()) => handler(hub.clone(), call).await,
                Err(error) => Err(error),
            };
            done.unwrap_or_else(|error| refusal(&hub, &error))
        }
    })
}

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

/// The routes.
pub(crate) fn routes(hub: &Arc<Hub>) -> Routes {
    let mut routes = Routes::new();
    rows! { routes hub
        GET "/$export" kickoff::system;
        POST "/$export" kickoff::system;
        GET "/{type}/$export" kickoff::of_type;
        POST "/{type}/$export" kickoff::of_type;
        GET "/{type}/{id}/$export" kickoff::of_instance;
        POST "/{type}/{id}/$export" kickoff::of_instance;
        GET "/$export-status/{job}" status::show;
        DELETE "/$export-status/{job}" status::cancel;
        POST "/$import" import_kickoff::handle;
        GET "/$import-status/{job}" status::show;
        DELETE "/$import-status/{job}" status::cancel;
        GET "/$bulk-file/{job}/{file}" download::handle;
    }
    routes
}
