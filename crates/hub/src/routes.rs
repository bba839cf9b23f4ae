//! Every interaction of the hub in one table: HTTP routes, batch entries and the CapabilityStatement all come from it.

use crate::http::{Answer, Ask, run};
use crate::operations::{
    cross_reference, everything, expand, lastn, lookup, matching, meta, subscription, subsumes, translate, validate,
    validate_code, viewdefinition,
};
use crate::scope::Scope;
use crate::{
    Hub, HubError, batch, bulk, capabilities, create, delete, erase, history, patch, read, reindex, search,
    search_system, subscriptions, update, vread,
};
use access::{Policy, Routes};
use axum::extract::{RawPathParams, Request};
use axum::routing::{MethodFilter, MethodRouter, on};
use futures::future::BoxFuture;
use http::Method;
use std::sync::{Arc, LazyLock};

/// What runs an interaction.
pub(crate) type Handler = fn(Arc<Hub>, Ask) -> BoxFuture<'static, Result<Answer, HubError>>;

/// Whom an interaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    /// Anyone.
    Anyone,
    /// Whoever is signed in: what is seen and written depends on the actor's view.
    Readers,
    /// Whoever works for the health service, within the view.
    Professionals,
    /// Who runs the installation.
    Admins,
}

/// One row.
pub(crate) struct Row {
    pub method: Method,
    /// Path below the base, axum syntax.
    pub path: &'static str,
    /// FHIR interaction code; empty for what the CapabilityStatement does not list.
    pub interaction: &'static str,
    pub who: For,
    pub handler: Handler,
}

macro_rules! row {
    ($method:ident $path:literal $interaction:literal $who:ident $handler:path) => {
        Row {
            method: Method::$method,
            path: $path,
            interaction: $interaction,
            who: For::$who,
            handler: |hub, ask| Box::pin($handler(hub, ask)),
        }
    };
}

/// The table.
pub(crate) fn table() -> Vec<Row> {
    let mut rows = of_terminology();
    rows.extend(of_resources());
    rows
}

/// The terminology service.
fn of_terminology() -> Vec<Row> {
    vec![
        row!(GET "/{type}/$expand" "" Professionals expand::handle),
        row!(GET "/{type}/{id}/$expand" "" Professionals expand::handle),
        row!(POST "/{type}/$expand" "" Professionals expand::handle),
        row!(POST "/{type}/{id}/$expand" "" Professionals expand::handle),
        row!(GET "/{type}/$validate-code" "" Professionals validate_code::handle),
        row!(GET "/{type}/{id}/$validate-code" "" Professionals validate_code::handle),
        row!(POST "/{type}/$validate-code" "" Professionals validate_code::handle),
        row!(POST "/{type}/{id}/$validate-code" "" Professionals validate_code::handle),
        row!(GET "/{type}/$lookup" "" Professionals lookup::handle),
        row!(POST "/{type}/$lookup" "" Professionals lookup::handle),
        row!(GET "/{type}/$subsumes" "" Professionals subsumes::handle),
        row!(GET "/{type}/{id}/$subsumes" "" Professionals subsumes::handle),
        row!(POST "/{type}/$subsumes" "" Professionals subsumes::handle),
        row!(POST "/{type}/{id}/$subsumes" "" Professionals subsumes::handle),
        row!(GET "/{type}/$translate" "" Professionals translate::handle),
        row!(GET "/{type}/{id}/$translate" "" Professionals translate::handle),
        row!(POST "/{type}/$translate" "" Professionals translate::handle),
        row!(POST "/{type}/{id}/$translate" "" Professionals translate::handle),
    ]
}

fn of_resources() -> Vec<Row> {
    vec![
        row!(GET "/metadata" "" Anyone capabilities::handle),
        row!(GET "/" "search-system" Readers search_system::handle),
        row!(POST "/" "batch" Professionals batch::handle),
        row!(GET "/_search" "search-system" Readers search_system::handle),
        row!(POST "/_search" "search-system" Readers search_system::handle),
        row!(GET "/_history" "history-system" Readers history::handle_system),
        row!(GET "/$reindex" "" Professionals reindex::handle_status),
        row!(POST "/$reindex" "" Admins reindex::handle),
        row!(POST "/$erase" "" Professionals erase::handle),
        // Before what their paths would mean with an id in the place of the operation.
        row!(GET "/{type}/$lastn" "" Readers lastn::handle),
        row!(POST "/{type}/$lastn" "" Readers lastn::handle),
        row!(POST "/{type}/$match" "" Professionals matching::handle),
        row!(GET "/{type}/$ihe-pix" "" Professionals cross_reference::handle),
        row!(POST "/{type}/$ihe-pix" "" Professionals cross_reference::handle),
        row!(POST "/{type}/$validate" "" Readers validate::handle_type),
        row!(GET "/{type}/{id}/$validate" "" Readers validate::handle_instance),
        row!(POST "/{type}/{id}/$validate" "" Readers validate::handle_instance),
        row!(GET "/{type}/{id}/$everything" "" Readers everything::handle),
        row!(POST "/{type}/{id}/$everything" "" Readers everything::handle),
        row!(GET "/{type}/$everything" "" Readers everything::handle_type),
        row!(POST "/{type}/$everything" "" Readers everything::handle_type),
        row!(GET "/$meta" "" Professionals meta::handle_system),
        row!(POST "/$meta" "" Professionals meta::handle_system),
        row!(GET "/{type}/$meta" "" Professionals meta::handle_type),
        row!(POST "/{type}/$meta" "" Professionals meta::handle_type),
        row!(GET "/{type}/{id}/$meta" "" Readers meta::handle),
        row!(POST "/{type}/{id}/$meta" "" Readers meta::handle),
        row!(POST "/{type}/{id}/$meta-add" "" Professionals meta::handle_add),
        row!(POST "/{type}/{id}/$meta-delete" "" Professionals meta::handle_delete),
        row!(GET "/{type}/$status" "" Professionals subscription::handle_all),
        row!(GET "/{type}/{id}/$status" "" Professionals subscription::handle_status),
        row!(GET "/{type}/{id}/$dead-letters" "" Professionals subscription::handle_dead),
        row!(GET "/{type}/{id}/$waiting" "" Professionals subscription::handle_waiting),
        row!(POST "/{type}/{id}/$replay" "" Professionals subscription::handle_replay),
        row!(POST "/{type}/{id}/$drop" "" Professionals subscription::handle_drop),
        row!(GET "/{type}" "search-type" Readers search::handle),
        row!(POST "/{type}" "create" Professionals create::handle),
        row!(PUT "/{type}" "" Professionals update::handle_matching),
        row!(PATCH "/{type}" "" Professionals patch::handle_matching),
        row!(DELETE "/{type}" "" Professionals delete::handle_matching),
        row!(GET "/{type}/_search" "search-type" Readers search::handle),
        row!(POST "/{type}/_search" "search-type" Readers search::handle),
        row!(GET "/{type}/_history" "history-type" Readers history::handle_type),
        row!(GET "/{type}/{id}" "read" Readers read::handle),
        row!(PUT "/{type}/{id}" "update" Professionals update::handle),
        row!(PATCH "/{type}/{id}" "patch" Professionals patch::handle),
        row!(DELETE "/{type}/{id}" "delete" Professionals delete::handle),
        row!(GET "/{type}/{id}/_history" "history-instance" Readers history::handle_instance),
        row!(GET "/{type}/{id}/_history/{version}" "vread" Readers vread::handle),
    ]
}

/// Paths where nothing is, so that these too are answered with an OperationOutcome.
const NOWHERE: &[&str] = &[
    "/{type}/{id}/{a}",
    "/{type}/{id}/{a}/{b}",
    "/{type}/{id}/{a}/{b}/{*rest}",
];

const VERBS: [(Method, MethodFilter); 5] = [
    (Method::GET, MethodFilter::GET),
    (Method::POST, MethodFilter::POST),
    (Method::PUT, MethodFilter::PUT),
    (Method::PATCH, MethodFilter::PATCH),
    (Method::DELETE, MethodFilter::DELETE),
];

/// Where the hub is in the site.
pub const MOUNT: &str = "/fhir";

/// Where clients listen to subscriptions.
pub(crate) const WEBSOCKET: &str = "/fhir/websocket";

/// The routes, under [`MOUNT`].
pub fn routes(hub: Arc<Hub>) -> Routes {
    let rows = table();
    let mut routes = bulk::routes(&hub).merge(viewdefinition::routes(&hub));
    if hub.subscriptions.is_some() {
        let shared = hub.clone();
        let listen = on(MethodFilter::GET, move |actor, headers, upgrade| {
            subscriptions::socket_handle(shared.clone(), actor, headers, upgrade)
        });
        routes = routes.route(Method::GET, WEBSOCKET, Policy::May("fhir.work"), listen);
    }
    let mut paths: Vec<&'static str> = Vec::new();
    for row in &rows {
        if !paths.contains(&row.path) {
            paths.push(row.path);
        }
    }
    for (method, filter) in VERBS {
        for path in &paths {
            let row = rows.iter().find(|row| row.path == *path && row.method == method);
            let (who, handler): (For, Handler) = match row {
                Some(row) => (row.who, row.handler),
                None => (For::Readers, |_, ask| Box::pin(not_allowed(ask))),
            };
            let looks = row.is_some_and(|row| LOOKING.contains(&row.interaction));
            routes = routes.route(
                method.clone(),
                &format!("{MOUNT}{path}"),
                policy(who),
                serve(&hub, who, filter, handler, looks),
            );
            // Clients write these two with and without the slash at the end.
            let alias = match *path {
                "/" => MOUNT.to_owned(),
                "/{type}" => format!("{MOUNT}/{{type}}/"),
                _ => continue,
            };
            routes = routes.route(
                method.clone(),
                &alias,
                policy(who),
                serve(&hub, who, filter, handler, looks),
            );
        }
        for path in NOWHERE {
            let handler: Handler = |_, ask| Box::pin(nowhere(ask));
            let path = format!("{MOUNT}{path}");
            routes = routes.route(
                method.clone(),
                &path,
                policy(For::Readers),
                serve(&hub, For::Readers, filter, handler, false),
            );
        }
    }
    routes
}

fn policy(who: For) -> Policy {
    match who {
        For::Anyone => Policy::Public,
        For::Readers => Policy::SignedIn,
        For::Professionals => Policy::May("fhir.work"),
        For::Admins => Policy::May("fhir.administer"),
    }
}

/// Interactions that look at the conditions of a client's scopes; the others are refused where there are some.
const LOOKING: &[&str] = &["read", "vread", "history-instance", "create", "update"];

/// `looks`: whether the handler looks at the conditions of a client's scopes.
fn serve(hub: &Arc<Hub>, who: For, filter: MethodFilter, handler: Handler, looks: bool) -> MethodRouter {
    let hub = hub.clone();
    on(filter, move |params: RawPathParams, request: Request| {
        let ask = Ask::of(&params, request);
        let stranger = who != For::Anyone && ask.scope == Scope::Nothing;
        let chosen: Handler = match stranger {
            true => refused,
            false if ask.condition.is_some() && !looks => |_, _| Box::pin(crate::condition::not_looked_at()),
            false => handler,
        };
        run(hub.clone(), chosen, ask)
    })
}

fn refused(_: Arc<Hub>, _: Ask) -> BoxFuture<'static, Result<Answer, HubError>> {
    let message = "none of your roles is known here: ask who gives out roles";
    Box::pin(async move { Err(HubError::Forbidden(message.into())) })
}

/// `Allow` of a path (with or without [`MOUNT`]).
pub(crate) fn allowed(path: &str) -> String {
    let path = path.strip_prefix(MOUNT).unwrap_or(path);
    let verbs = VERBS.iter().filter(|(verb, _)| find(verb, path).is_some());
    let mut names: Vec<&str> = verbs.map(|(verb, _)| verb.as_str()).collect();
    if names.first() == Some(&"GET") {
        names.insert(1, "HEAD");
    }
    names.push("OPTIONS");
    names.join(", ")
}

/// A path that ends in `$name` asks for an operation, which may be none of the table's.
pub(crate) fn unknown_operation(path: &str) -> Option<HubError> {
    let (place, name) = path.trim_end_matches('/').rsplit_once('/').unwrap_or(("", path));
    let known = || ROWS.iter().any(|row| row.path.rsplit('/').next() == Some(name));
    (name.starts_with('$') && !known()).then(|| HubError::UnknownOperation {
        name: name.to_owned(),
        path: if place.is_empty() { "/" } else { place }.to_owned(),
    })
}

async fn not_allowed(ask: Ask) -> Result<Answer, HubError> {
    if let Some(error) = unknown_operation(&ask.path) {
        return Err(error);
    }
    Err(HubError::MethodNotAllowed {
        method: ask.method.to_string(),
        path: ask.path,
    })
}

async fn nowhere(ask: Ask) -> Result<Answer, HubError> {
    if let Some(error) = unknown_operation(&ask.path) {
        return Err(error);
    }
    Err(HubError::NoRoute(ask.path))
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(table);

/// Segments of a path.
fn segments(path: &str) -> Vec<&str> {
    path.split('/').filter(|segment| !segment.is_empty()).collect()
}

/// How many segments of a row's path are the very ones given; `None` if the row is about another path.
fn fits(wanted: &[&str], given: &[&str]) -> Option<usize> {
    let same = |(want, got): (&&str, &&str)| want.starts_with('{') || want == got;
    let all = wanted.len() == given.len() && wanted.iter().zip(given).all(same);
    all.then(|| wanted.iter().filter(|segment| !segment.starts_with('{')).count())
}

/// The row that answers a verb and path (below the base), with its parameters: for batch entries. As in the router, a
/// path that names an operation is not taken for an id.
pub(crate) fn find(method: &Method, path: &str) -> Option<(Handler, Vec<(String, String)>)> {
    let given = segments(path);
    let path = ROWS
        .iter()
        .filter_map(|row| Some((fits(&segments(row.path), &given)?, row.path)))
        .max_by_key(|(literal, _)| *literal)
        .map(|(_, path)| path)?;
    let method = if method == Method::HEAD { &Method::GET } else { method };
    let row = ROWS.iter().find(|row| row.path == path && row.method == *method)?;
    // Entries of a batch carry the right of who sends the batch, no more.
    if row.who == For::Admins {
        return None;
    }
    let named = segments(path).into_iter().zip(given);
    let params =
        named.filter_map(|(want, got)| Some((want.strip_prefix('{')?.strip_suffix('}')?.to_owned(), got.to_owned())));
    Some((row.handler, params.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_as_the_router_finds_them() {
        let (_, params) = find(&Method::HEAD, "Patient/1/_history/2").unwrap();
        let params: Vec<(&str, &str)> = params.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(params, [("type", "Patient"), ("id", "1"), ("version", "2")]);
        assert!(
            find(&Method::PUT, "Observation/$lastn").is_none(),
            "an operation is no id"
        );
        assert_eq!(allowed("/fhir/Patient/1"), "GET, HEAD, PUT, PATCH, DELETE, OPTIONS");
        assert_eq!(allowed("/metadata"), "GET, HEAD, OPTIONS");
    }
}
