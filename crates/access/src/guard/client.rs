//! The floor under every request of a client that holds a token: whatever the handler does, a request that no scope covers
//! does not reach it. Handlers then confine to the patient in context and to the conditions of scopes.
//!
//! Clients reach the FHIR interface by their scopes, the orchestrator's with the scope `orchestrator`, and
//! `/oauth/userinfo`. The pages and the other interfaces are for people with a session.

use crate::scopes::{Action, Permit, Way};
use crate::{Actor, ClientGrant};
use http::request::Parts;
use http::{Method, Uri};

/// What a FHIR request does, as far as method and path tell.
enum Does<'a> {
    /// Something anybody may.
    Nothing,
    /// Actions on one type.
    With(&'a str, &'static [Action]),
    /// Actions that may touch every type.
    WithAll(&'static [Action]),
}

/// Lets a request through, narrowed to the conditions of the scopes where there are any, or gives the rule that refuses it.
pub(super) fn admit(actor: &Actor, parts: &mut Parts) -> Result<(), &'static str> {
    if let Some(rule) = refuses(actor, parts) {
        return Err(rule);
    }
    let Some(client) = actor.client.as_deref() else {
        return Ok(());
    };
    let Some(rtype) = searched_type(parts) else {
        return Ok(());
    };
    let Permit::Granted(ways) = client.permits(&rtype, Action::Search) else {
        return Ok(());
    };
    if ways.iter().any(|way| way.query.is_none()) {
        return Ok(());
    }
    // The body of a search by POST is not read here.
    let conditions = conditions(&ways)
        .filter(|_| parts.method != Method::POST)
        .ok_or("client-condition")?;
    parts.uri = with_conditions(&parts.uri, &conditions).ok_or("client-condition")?;
    Ok(())
}

fn searched_type(parts: &Parts) -> Option<String> {
    let rest = parts.uri.path().strip_prefix("/fhir/")?;
    match does(&parts.method, rest, false) {
        Does::With(rtype, [Action::Search]) => Some(rtype.to_owned()),
        _ => None,
    }
}

/// The search parameters that mean any of the ways; `None` when parameters cannot say that (different parameters in different
/// scopes).
fn conditions(ways: &[Way]) -> Option<Vec<String>> {
    let queries: Vec<&str> = ways.iter().filter_map(|way| way.query.as_deref()).collect();
    let ([first], several) = (queries.get(..1)?, queries.len() > 1) else {
        return None;
    };
    if !several {
        return Some(first.split('&').map(str::to_owned).collect());
    }
    let pairs: Option<Vec<_>> = queries.iter().map(|query| query.split_once('=')).collect();
    let pairs = pairs?;
    let name = pairs[0].0;
    let same = pairs.iter().all(|(own, value)| *own == name && !value.contains('&'));
    let values: Vec<_> = pairs.iter().map(|(_, value)| *value).collect();
    same.then(|| vec![format!("{name}={}", values.join(","))])
}

fn with_conditions(uri: &Uri, conditions: &[String]) -> Option<Uri> {
    let old = uri.query().unwrap_or_default();
    let mut pairs: Vec<&str> = old.split('&').filter(|pair| !pair.is_empty()).collect();
    // The links to further pages bring the conditions back: they need not be said twice.
    let new: Vec<String> = conditions.iter().map(|pair| pair.replace('|', "%7C")).collect();
    pairs.extend(
        new.iter()
            .map(String::as_str)
            .filter(|pair| !old.split('&').any(|own| own == *pair)),
    );
    format!("{}?{}", uri.path(), pairs.join("&")).parse().ok()
}

/// The rule that refuses, if any.
fn refuses(actor: &Actor, parts: &Parts) -> Option<&'static str> {
    let client = actor.client.as_deref()?;
    let path = parts.uri.path();
    let below = |prefix: &str| {
        path.strip_prefix(prefix)
            .filter(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if let Some(rest) = below("/fhir") {
        return (!fhir(client, &parts.method, rest, parts)).then_some("client-scope");
    }
    if below("/orchestrator").is_some() && client.has_scope("orchestrator") || path == "/oauth/userinfo" {
        return None;
    }
    Some("client-path")
}

fn fhir(client: &ClientGrant, method: &Method, rest: &str, parts: &Parts) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    let conditional = parts.headers.contains_key("if-none-exist");
    let covered = match does(method, rest, conditional) {
        Does::Nothing => true,
        Does::With(rtype, actions) => actions
            .iter()
            .all(|action| covers(&client.permits(rtype, *action), *action)),
        Does::WithAll(actions) => actions
            .iter()
            .all(|action| client.permits_all_types(*action).without_query()),
    };
    covered && (!reaches_out(query) || client.permits_all_types(Action::Search).without_query())
}

/// A search can be narrowed by the conditions of a scope; what names one resource cannot be answered without looking first,
/// and a write not at all: those need a scope without conditions.
fn covers(permit: &Permit, action: Action) -> bool {
    match action {
        Action::Search => permit.is_granted(),
        _ => permit.without_query(),
    }
}

fn does<'a>(method: &Method, rest: &'a str, conditional: bool) -> Does<'a> {
    use Action::{Create, Delete, Read, Search, Update};
    let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    let read = matches!(*method, Method::GET | Method::HEAD);
    if let Some(operation) = parts.iter().find(|part| part.starts_with('$')) {
        return operates(operation, parts[0], read);
    }
    match (method.as_str(), parts.as_slice()) {
        ("GET" | "HEAD", ["metadata"] | [".well-known", ..]) => Does::Nothing,
        ("GET" | "HEAD" | "POST", ["_search"]) | ("GET" | "HEAD", [] | ["_history"]) => Does::WithAll(&[Read, Search]),
        ("GET" | "HEAD", [rtype] | [rtype, "_history"]) | ("GET" | "HEAD" | "POST", [rtype, "_search"]) => {
            Does::With(rtype, &[Search])
        }
        ("POST", [rtype]) if conditional => Does::With(rtype, &[Create, Search]),
        ("POST", [rtype]) => Does::With(rtype, &[Create]),
        ("PUT" | "PATCH", [rtype]) => Does::With(rtype, &[Create, Update, Search]),
        ("DELETE", [rtype]) => Does::With(rtype, &[Delete, Search]),
        ("GET" | "HEAD", [rtype, _] | [rtype, _, "_history"] | [rtype, _, "_history", _]) => Does::With(rtype, &[Read]),
        ("PUT" | "PATCH", [rtype, _]) => Does::With(rtype, &[Update]),
        ("DELETE", [rtype, _] | [rtype, _, "_history", ..]) => Does::With(rtype, &[Delete]),
        ("GET" | "HEAD", [_, _, other]) if *other != "*" => Does::With(other, &[Search]),
        ("GET" | "HEAD", _) => Does::WithAll(&[Read, Search]),
        _ => Does::WithAll(EVERY),
    }
}

const EVERY: &[Action] = &[
    Action::Create,
    Action::Read,
    Action::Update,
    Action::Delete,
    Action::Search,
];

fn operates<'a>(operation: &str, first: &'a str, read: bool) -> Does<'a> {
    use Action::{Read, Search};
    match operation {
        "$validate" => Does::Nothing,
        "$expand" | "$lookup" | "$validate-code" | "$translate" | "$subsumes" => Does::With(first, &[Read]),
        "$lastn" => Does::With(first, &[Read, Search]),
        "$export" | "$everything" => Does::WithAll(&[Read, Search]),
        _ if read => Does::WithAll(&[Read, Search]),
        _ => Does::WithAll(EVERY),
    }
}

/// Whether a search brings or asks for resources of other types (`_include`, `_has`, chains).
fn reaches_out(query: &str) -> bool {
    query.split('&').any(|pair| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        let name = name.replace("%3A", ":").replace("%3a", ":");
        // A name that is spelt in another way is not looked into: it counts as reaching out.
        name.contains(['.', '%'])
            || ["_include", "_revinclude", "_has", "_filter", "_query"]
                .iter()
                .any(|control| name.starts_with(control))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn refused(scopes: &[&str], method: &str, uri: &str) -> bool {
        let (actor, parts) = ask(scopes, method, uri);
        refuses(&actor, &parts).is_some()
    }

    fn ask(scopes: &[&str], method: &str, uri: &str) -> (Actor, Parts) {
        let actor = Actor {
            client: Some(Arc::new(ClientGrant {
                client: "app".into(),
                scopes: scopes.iter().map(|s| (*s).to_owned()).collect(),
                patient: Some("7".into()),
                purpose: None,
            })),
            ..Actor::default()
        };
        let request = http::Request::builder().method(method).uri(uri).body(()).unwrap();
        (actor, request.into_parts().0)
    }

    #[test]
    fn a_person_is_not_looked_at() {
        let request = http::Request::builder().uri("/assistiti").body(()).unwrap();
        assert_eq!(refuses(&Actor::system(), &request.into_parts().0), None);
    }

    #[test]
    fn each_interaction_needs_its_letter() {
        for (method, uri, letter) in [
            ("GET", "/fhir/Observation/1", 'r'),
            ("GET", "/fhir/Observation/1/_history", 'r'),
            ("GET", "/fhir/Observation/1/_history/2", 'r'),
            ("GET", "/fhir/Observation?code=x", 's'),
            ("POST", "/fhir/Observation/_search", 's'),
            ("GET", "/fhir/Observation/_history", 's'),
            ("GET", "/fhir/Patient/7/Observation", 's'),
            ("POST", "/fhir/Observation", 'c'),
            ("PUT", "/fhir/Observation/1", 'u'),
            ("PATCH", "/fhir/Observation/1", 'u'),
            ("DELETE", "/fhir/Observation/1", 'd'),
        ] {
            for own in "cruds".chars() {
                let scope = format!("patient/Observation.{own}");
                assert_eq!(refused(&[&scope], method, uri), own != letter, "{own} {method} {uri}");
            }
            assert!(refused(&["patient/Patient.cruds"], method, uri), "{method} {uri}");
            assert!(!refused(&["patient/*.cruds"], method, uri), "{method} {uri}");
        }
    }

    #[test]
    fn what_touches_all_types_needs_a_scope_on_all() {
        for (method, uri) in [
            ("POST", "/fhir"),
            ("POST", "/fhir/"),
            ("GET", "/fhir?_type=Patient"),
            ("GET", "/fhir/_history"),
            ("GET", "/fhir/$export"),
            ("GET", "/fhir/Patient/7/$everything"),
            ("GET", "/fhir/Patient/7/*"),
            ("GET", "/fhir/Observation?_include=Observation:subject"),
            ("GET", "/fhir/Observation?patient.name=x"),
            ("GET", "/fhir/Observation?%5Finclude=*"),
            ("GET", "/fhir/Patient?_has:Observation:patient:code=x"),
            ("POST", "/fhir/Observation/$meta-add"),
        ] {
            let two = ["user/Observation.cruds", "user/Patient.cruds"];
            assert!(refused(&two, method, uri), "{method} {uri}");
            assert!(!refused(&["user/*.cruds"], method, uri), "{method} {uri}");
        }
    }

    #[test]
    fn conditions_let_search_but_not_read_or_write() {
        let scope = ["user/Observation.cruds?category=laboratory"];
        assert!(!refused(&scope, "GET", "/fhir/Observation?code=x"));
        assert!(refused(&scope, "GET", "/fhir/Observation/1"));
        assert!(refused(&scope, "PUT", "/fhir/Observation/1"));
    }

    #[test]
    fn a_search_gets_the_conditions_of_its_scopes() {
        let narrowed = |scopes: &[&str], uri: &str| {
            let (actor, mut parts) = ask(scopes, "GET", uri);
            admit(&actor, &mut parts).map(|()| parts.uri.to_string())
        };
        let laboratory = "user/Observation.rs?category=http://x|laboratory";
        let uri = "/fhir/Observation?code=a";
        let once = narrowed(&[laboratory], uri).unwrap();
        assert_eq!(once, "/fhir/Observation?code=a&category=http://x%7Claboratory");
        assert_eq!(narrowed(&[laboratory], &once).unwrap(), once);
        let two = [laboratory, "user/Observation.s?category=vital-signs"];
        let both = "/fhir/Observation?category=http://x%7Claboratory,vital-signs";
        assert_eq!(narrowed(&two, "/fhir/Observation").unwrap(), both);
        assert_eq!(narrowed(&[laboratory, "user/Observation.s"], uri).unwrap(), uri);
        let differing = [laboratory, "user/Observation.s?code=b"];
        assert_eq!(narrowed(&differing, uri), Err("client-condition"));
        let (actor, mut parts) = ask(&[laboratory], "POST", "/fhir/Observation/_search");
        assert_eq!(admit(&actor, &mut parts), Err("client-condition"));
        assert_eq!(narrowed(&["user/Patient.rs"], uri), Err("client-scope"));
    }

    #[test]
    fn pages_are_not_for_clients() {
        for uri in [
            "/",
            "/assistiti",
            "/api/x",
            "/access/session",
            "/orchestrator/instances",
            "/fhirx",
        ] {
            assert!(refused(&["user/*.cruds"], "GET", uri), "{uri}");
        }
        assert!(!refused(&["orchestrator"], "POST", "/orchestrator/jobs/fetch"));
        assert!(!refused(&[], "GET", "/oauth/userinfo"));
        assert!(!refused(&[], "GET", "/fhir/metadata"));
    }
}
