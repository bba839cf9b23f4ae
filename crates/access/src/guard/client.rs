//! The floor under every request of a client that holds a token: whatever the handler does, a request that no scope covers
//! does not reach it. Handlers then confine to the patient in context and to the conditions of scopes.
//!
//! Clients reach the FHIR interface by their scopes, the orchestrator's with the scope `orchestrator`, the registry's with `citizens`, and
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

/// What the resource of a request must match, by the conditions of the scopes that cover it: whoever answers `/fhir` looks
/// at it, or refuses the request (SMART App Launch 2.2, "Finer-grained resource constraints using search parameters").
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeCondition {
    /// FHIR type.
    pub rtype: String,
    /// Searches, without type and `?`: one of them must find the resource, as it is and as it would be.
    pub queries: Vec<String>,
}

/// Lets a request through, narrowed to the conditions of the scopes where there are any, or gives the rule that refuses it.
pub(super) fn admit(actor: &Actor, parts: &mut Parts) -> Result<(), &'static str> {
    if let Some(rule) = refuses(actor, parts) {
        return Err(rule);
    }
    let Some(client) = actor.client.as_deref() else {
        return Ok(());
    };
    if let Some(condition) = condition(client, parts) {
        parts.extensions.insert(condition);
    }
    let Some(rtype) = searched_type(parts) else {
        return Ok(());
    };
    let Permit::Granted(ways) = client.permits(&rtype, Action::Search) else {
        return Ok(());
    };
    if ways.iter().any(|way| way.query.is_none()) {
        return Ok(());
    }
    // Those in the address hold beside what the body of a search by POST asks.
    let conditions = conditions(&ways).ok_or("client-condition")?;
    parts.uri = with_conditions(&parts.uri, &conditions).ok_or("client-condition")?;
    Ok(())
}

/// The condition on the one resource of a request, where no scope covers it without one.
fn condition(client: &ClientGrant, parts: &Parts) -> Option<ScopeCondition> {
    let rest = parts.uri.path().strip_prefix("/fhir/")?;
    let (rtype, action) = of_one(&parts.method, rest, parts.headers.contains_key("if-none-exist"))?;
    let permit = client.permits(rtype, action);
    if permit.without_query() {
        return None;
    }
    let Permit::Granted(ways) = permit else { return None };
    Some(ScopeCondition {
        rtype: rtype.to_owned(),
        queries: ways.into_iter().filter_map(|way| way.query).collect(),
    })
}

/// The interactions whose handlers look at a [`ScopeCondition`]: read, vread, history of one, create, update.
fn of_one<'a>(method: &Method, rest: &'a str, conditional: bool) -> Option<(&'a str, Action)> {
    let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
    let (rtype, action) = match (method.as_str(), parts.as_slice()) {
        ("GET" | "HEAD", [rtype, _] | [rtype, _, "_history"] | [rtype, _, "_history", _]) => (*rtype, Action::Read),
        ("POST", [rtype]) if !conditional => (*rtype, Action::Create),
        ("PUT", [rtype, _]) => (*rtype, Action::Update),
        _ => return None,
    };
    // Of the record of accesses a search is asked, not what is stored.
    let plain = parts.iter().all(|part| !part.starts_with('$')) && rtype != "AuditEvent";
    let of_type = parts.get(1).is_some_and(|part| ["_search", "_history"].contains(part));
    (plain && !of_type).then_some((rtype, action))
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
    // The registry's own operations: life events from the national registry, exemptions at the point of use.
    if below("/citizens").is_some() && client.has_scope("citizens") {
        return None;
    }
    Some("client-path")
}

fn fhir(client: &ClientGrant, method: &Method, rest: &str, parts: &Parts) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    let conditional = parts.headers.contains_key("if-none-exist");
    let covered = match does(method, rest, conditional) {
        Does::Nothing => true,
        Does::With(rtype, actions) => actions.iter().all(|action| {
            covers(
                &client.permits(rtype, *action),
                *action,
                of_one(method, rest, conditional).is_some(),
            )
        }),
        Does::WithAll(actions) => actions
            .iter()
            .all(|action| client.permits_all_types(*action).without_query()),
    };
    covered && (!reaches_out(query) || client.permits_all_types(Action::Search).without_query())
}

/// A search can be narrowed by the conditions of a scope, and what reads or writes one resource looks at it; what else
/// there is needs a scope without conditions.
fn covers(permit: &Permit, action: Action, looks: bool) -> bool {
    match action {
        Action::Search => permit.is_granted(),
        Action::Read | Action::Create | Action::Update if looks => permit.is_granted(),
        _ => permit.without_query(),
    }
}

/// Whether a search form brings or asks for resources of other types while no scope of the client covers all of them. The
/// guard sees the address only: whoever reads the form asks this.
pub fn form_reaches_out<'a>(client: &ClientGrant, mut names: impl Iterator<Item = &'a str>) -> bool {
    names.any(name_reaches_out) && !client.permits_all_types(Action::Search).without_query()
}

fn name_reaches_out(name: &str) -> bool {
    // A name that is spelt in another way is not looked into: it counts as reaching out.
    name.contains(['.', '%'])
        || ["_include", "_revinclude", "_has", "_filter", "_query"]
            .iter()
            .any(|control| name.starts_with(control))
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
        "$lastn" | "$match" | "$ihe-pix" => Does::With(first, &[Read, Search]),
        "$export" | "$everything" => Does::WithAll(&[Read, Search]),
        _ if read => Does::WithAll(&[Read, Search]),
        _ => Does::WithAll(EVERY),
    }
}

/// Whether a search brings or asks for resources of other types (`_include`, `_has`, chains).
fn reaches_out(query: &str) -> bool {
    query.split('&').any(|pair| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        name_reaches_out(&name.replace("%3A", ":").replace("%3a", ":"))
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
    fn what_reads_or_writes_one_resource_brings_its_condition_along() {
        let scope = [
            "user/Observation.cruds?category=laboratory",
            "user/Observation.r?code=a",
        ];
        let of = |scopes: &[&str], method: &str, uri: &str| {
            let (actor, mut parts) = ask(scopes, method, uri);
            let admitted = admit(&actor, &mut parts);
            admitted.map(|()| parts.extensions.get::<ScopeCondition>().map(|one| one.queries.clone()))
        };
        let laboratory = Ok(Some(vec!["category=laboratory".to_owned()]));
        for uri in [
            "/fhir/Observation/1",
            "/fhir/Observation/1/_history",
            "/fhir/Observation/1/_history/2",
        ] {
            let both = Ok(Some(vec!["category=laboratory".to_owned(), "code=a".to_owned()]));
            assert_eq!(of(&scope, "GET", uri), both, "{uri}");
            assert_eq!(
                of(&["user/Observation.r?code=a", "user/Observation.r"], "GET", uri),
                Ok(None)
            );
        }
        assert_eq!(of(&scope, "POST", "/fhir/Observation"), laboratory);
        assert_eq!(of(&scope, "PUT", "/fhir/Observation/1"), laboratory);
        assert_eq!(
            of(&scope, "GET", "/fhir/Observation?code=x"),
            Ok(None),
            "the search itself is narrowed"
        );
        for (method, uri) in [
            ("PATCH", "/fhir/Observation/1"),
            ("DELETE", "/fhir/Observation/1"),
            ("PUT", "/fhir/Observation?code=x"),
            ("GET", "/fhir/Observation/1/$meta"),
            ("GET", "/fhir/Observation/$lastn"),
            ("POST", "/fhir/Observation/1/$meta-add"),
        ] {
            assert!(of(&scope, method, uri).is_err(), "{method} {uri}");
        }
        let audit = ["user/AuditEvent.r?date=2026"];
        assert!(of(&audit, "GET", "/fhir/AuditEvent/log-1-1").is_err());
    }

    #[test]
    fn a_form_reaches_no_further_than_the_address() {
        let (actor, _) = ask(&["user/Observation.s"], "GET", "/");
        let client = actor.client.as_deref().unwrap();
        for name in [
            "_include",
            "_has:Observation:patient:code",
            "subject.name",
            "_revinclude:iterate",
        ] {
            assert!(form_reaches_out(client, [name].into_iter()), "{name}");
        }
        assert!(!form_reaches_out(client, ["code", "_count", "date"].into_iter()));
        let (actor, _) = ask(&["user/*.s"], "GET", "/");
        assert!(!form_reaches_out(
            actor.client.as_deref().unwrap(),
            ["_include"].into_iter()
        ));
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
        assert_eq!(admit(&actor, &mut parts), Ok(()));
        assert_eq!(
            parts.uri.to_string(),
            "/fhir/Observation/_search?category=http://x%7Claboratory"
        );
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
