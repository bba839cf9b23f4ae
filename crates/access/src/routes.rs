//! Routes that cannot be declared without a policy.

use crate::policy::Verdict;
use crate::{Actor, Description, Guard, Policy};
use axum::Router;
use axum::routing::MethodRouter;
use http::Method;
use policy::Capability;
use std::sync::Arc;

/// One declared route, for the test that enumerates them all.
#[derive(Debug, Clone)]
pub struct RouteInfo {
    /// Verb. A `GET` route also answers `HEAD`.
    pub method: Method,
    /// Path pattern in axum's syntax, e.g. `/tasks/{id}`.
    pub path: String,
    /// Policy.
    pub policy: Policy,
    /// What it takes and gives, where it is an operation for programs.
    pub description: Option<Description>,
    /// What the policies in force say of the capability that the policy names; looked up once, by [`Routes::guard`].
    pub(crate) capability: Option<Arc<Capability>>,
}

impl RouteInfo {
    /// Decides for a caller.
    pub(crate) fn decide(&self, actor: Option<&Actor>, parts: &http::request::Parts) -> Verdict {
        self.policy.decide(self.capability.as_deref(), actor, parts)
    }

    /// Who may call it, for people: `public`, `signed-in`, a capability, or roles.
    pub fn who(&self) -> String {
        match self.policy {
            Policy::Public => "public".into(),
            Policy::SignedIn => "signed-in".into(),
            Policy::May(capability) => format!("may {capability}"),
            Policy::AnyRole(roles) => format!("roles {}", roles.join(" ")),
            Policy::Check(_) => "check".into(),
        }
    }
}

/// A router whose every route has a policy; [`Routes::guard`] turns it into an `axum::Router` behind the one
/// authorisation and audit wrapper. There is no other way out of this type, so a handler cannot be served unguarded.
///
/// ```
/// use access::{Actor, Policy, Routes};
/// use axum::routing::{get, post};
/// use http::Method;
///
/// async fn list(actor: Actor) -> String {
///     format!("tasks of {}", actor.name)
/// }
/// async fn claim(actor: Actor, axum::extract::Path(id): axum::extract::Path<String>) -> String {
///     format!("{id} is now {}'s", actor.subject)
/// }
/// let routes = Routes::new()
///     .route(Method::GET, "/tasks", Policy::SignedIn, get(list))
///     .route(Method::POST, "/tasks/{id}/claim", Policy::May("pathways.work"), post(claim));
/// assert_eq!(routes.list().len(), 2);
/// ```
#[derive(Default)]
pub struct Routes {
    list: Vec<RouteInfo>,
    handlers: Vec<MethodRouter>,
}

impl Routes {
    /// No routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route: `routes.route(Method::GET, "/tasks", Policy::SignedIn, get(list_tasks))`. `handler` must answer
    /// `method`; whatever else it answers is refused with 405. The same path may be declared again for another verb.
    /// Handlers carry their state by closure, `Extension` or `with_state` before they come here.
    #[must_use]
    pub fn route(mut self, method: Method, path: &str, policy: Policy, handler: MethodRouter) -> Self {
        self.list.push(RouteInfo {
            method,
            path: path.to_owned(),
            policy,
            capability: None,
            description: None,
        });
        self.handlers.push(handler);
        self
    }

    /// Says what the route that was added last takes and gives: it comes into the catalogue of the API.
    #[must_use]
    pub fn described(mut self, summary: &'static str, description: Description) -> Self {
        if let Some(last) = self.list.last_mut() {
            last.description = Some(Description { summary, ..description });
        }
        self
    }

    /// Joins two sets.
    #[must_use]
    pub fn merge(mut self, other: Routes) -> Self {
        self.list.extend(other.list);
        self.handlers.extend(other.handlers);
        self
    }

    /// Puts every route under a prefix such as `/pathways` (no trailing slash); `/` becomes the prefix itself.
    #[must_use]
    pub fn nest(mut self, prefix: &str) -> Self {
        for info in &mut self.list {
            info.path = if info.path == "/" {
                prefix.to_owned()
            } else {
                format!("{prefix}{}", info.path)
            };
        }
        self
    }

    /// Every route.
    pub fn list(&self) -> &[RouteInfo] {
        &self.list
    }

    /// The router, every route behind `guard`: authenticate, check the request's origin, decide, handle, audit.
    ///
    /// # Panics
    /// When the same verb and path are declared twice.
    pub fn guard(self, guard: &Guard) -> Router {
        let mut router = Router::new();
        let capabilities = guard.authorizer().policies().capabilities();
        for (mut info, handler) in self.list.into_iter().zip(self.handlers) {
            if let Policy::May(name) = info.policy {
                info.capability = capabilities.named(name).cloned();
                if info.capability.is_none() {
                    tracing::error!(path = %info.path, name, "capabilities.json does not know it: nobody may call the route");
                }
            }
            let path = info.path.clone();
            let (guard, info) = (guard.clone(), Arc::new(info));
            let wrapped = handler.route_layer(axum::middleware::from_fn(move |request, next| {
                let (guard, info) = (guard.clone(), info.clone());
                async move { guard.run(&info, request, next).await }
            }));
            router = router.route(&path, wrapped);
        }
        router
    }
}
