//! Routes that cannot be declared without a policy.

use crate::Policy;
use axum::Router;
use axum::routing::MethodRouter;
use http::Method;

/// One declared route, for the test that enumerates them all.
#[derive(Debug, Clone)]
pub struct RouteInfo {
    /// Verb.
    pub method: Method,
    /// Path pattern.
    pub path: String,
    /// Policy.
    pub policy: Policy,
}

/// A router whose every route has a policy; [`Routes::guard`] turns it into an `axum::Router` behind the one
/// authorisation and audit wrapper.
#[derive(Default)]
pub struct Routes {
    router: Router,
    list: Vec<RouteInfo>,
}

impl Routes {
    /// No routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route: `routes.route(Method::GET, "/tasks", Policy::SignedIn, get(list_tasks))`.
    /// Handlers carry their state by closure or `with_state` before they come here.
    pub fn route(self, _method: Method, _path: &str, _policy: Policy, _handler: MethodRouter) -> Self {
        unimplemented!("helper access")
    }

    /// Joins two sets.
    pub fn merge(self, _other: Routes) -> Self {
        unimplemented!("helper access")
    }

    /// Every route.
    pub fn list(&self) -> &[RouteInfo] {
        &self.list
    }
}
