//! Nobody gets past the guard: every route of every part, in one process and in two.

use crate::world::{Node, World, actor, ask, send};
use access::{Actor, Policy};
use axum::body::Body;
use http::{Method, Request, header};
use std::collections::{BTreeMap, BTreeSet};

const PUBLIC: &str = include_str!("../data/public-routes.tsv");
const SIGNED_IN: &str = include_str!("../data/signed-in-routes.tsv");

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.split('\t').collect())
}

/// A path that fits a pattern: `{id}` becomes something that looks like one.
fn filled(pattern: &str, id: &str) -> String {
    let parts = pattern.split('/').map(|part| match part {
        "{type}" => "Patient",
        "{version}" => "1",
        "{code}" => "it",
        "{azione}" => "sospendi",
        part if part.starts_with('{') => id,
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

fn name(node: &Node) -> String {
    format!("{}: {} {}", node.part, node.route.method, node.route.path)
}

#[test]
fn a_public_route_is_on_the_reviewed_list_and_a_signed_in_one_says_what_narrows_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let world = runtime.block_on(World::whole());
    let public: BTreeMap<_, _> = rows(PUBLIC).map(|row| ((row[0], row[1]), row[2])).collect();
    let narrowed: Vec<_> = rows(SIGNED_IN).map(|row| row[0]).collect();
    let (mut wrong, mut seen) = (vec![], BTreeSet::new());
    for node in world.nodes() {
        let (method, path) = (node.route.method.as_str(), node.route.path.as_str());
        let listed = public.contains_key(&(method, path));
        seen.insert((method.to_owned(), path.to_owned()));
        let fits = |own: &&str| match own.strip_suffix('*') {
            Some(start) => path.starts_with(start),
            None => path == *own,
        };
        match node.route.policy {
            Policy::Public if !listed => wrong.push(format!("{} is public and not on the list", name(&node))),
            Policy::Public => {}
            _ if listed => wrong.push(format!("{} is on the public list and not public", name(&node))),
            Policy::SignedIn if !narrowed.iter().any(fits) => {
                wrong.push(format!(
                    "{}: for whoever is signed in, and nothing says what narrows it",
                    name(&node)
                ));
            }
            Policy::Check(_) if !narrowed.iter().any(fits) => {
                wrong.push(format!("{}: give it a capability (capabilities.json)", name(&node)))
            }
            _ => {}
        }
    }
    for (method, path) in public.keys() {
        if !seen.contains(&((*method).to_owned(), (*path).to_owned())) {
            wrong.push(format!("{method} {path} is on the public list and is no route"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Somebody who is signed in and has none of the roles that a route wants: an assisted person and, where there is one, a
/// member of the staff.
fn strangers(world: &World, policy: &Policy) -> Vec<Actor> {
    let policies = world.system.guard.authorizer().policies();
    let lacks = |role: &str| match policy {
        Policy::May(name) => {
            let capability = policies.capabilities().named(name).unwrap();
            !capability.has(std::iter::once(role))
        }
        Policy::AnyRole(roles) => !roles.contains(&role) && role != "admin" && role != "system",
        _ => false,
    };
    let mut found = vec![];
    if lacks("assistito") {
        found.push(actor("Patient/straniero", &["assistito"]));
    }
    let staff = ["ricercatore", "farmacista", "operatore-cup", "mmg", "admin"];
    found.extend(
        staff
            .iter()
            .find(|role| lacks(role))
            .map(|role| actor("Practitioner/straniero", &[role])),
    );
    found
}

/// Who asked what, and the status of the answer.
type Asked = (String, String, String, u16);

/// Adds what the record of accesses does not tell.
async fn unlogged(world: &World, expected: &[Asked], wrong: &mut Vec<String>) {
    let log = world.log().await;
    let written: BTreeSet<_> = log
        .iter()
        .map(|entry| {
            (
                entry.actor.as_str(),
                entry.action.as_str(),
                entry.target.as_str(),
                entry.status,
            )
        })
        .collect();
    for (actor, method, path, status) in expected {
        if !written.contains(&(actor.as_str(), method.as_str(), path.as_str(), *status)) {
            wrong.push(format!(
                "{method} {path}: {actor} was answered {status}, and the log does not say so"
            ));
        }
    }
}

async fn denies(world: &World) {
    let (mut wrong, mut expected) = (vec![], vec![]);
    let mut routes = 0;
    for node in world.nodes() {
        let (method, path) = (node.route.method.as_str(), filled(&node.route.path, "x1"));
        routes += 1;
        if matches!(node.route.policy, Policy::Public) {
            continue;
        }
        let answer = send(&node.router, ask(method, &path, None)).await;
        if answer.status != 401 {
            wrong.push(format!("{}: anonymous gets {}", name(&node), answer.status));
        }
        expected.push((
            "anonymous".to_owned(),
            method.to_owned(),
            path.clone(),
            answer.status.as_u16(),
        ));
        let api = ["/fhir", "/orchestrator", "/api", "/access"];
        if !api.iter().any(|start| path.starts_with(start)) {
            let mut request = ask(method, &path, None);
            request
                .headers_mut()
                .insert(header::ACCEPT, "text/html".parse().unwrap());
            let answer = send(&node.router, request).await;
            let to = answer.headers.get(header::LOCATION).and_then(|to| to.to_str().ok());
            if answer.status != 303 || !to.is_some_and(|to| to.starts_with("/accedi")) {
                wrong.push(format!("{}: a browser gets {} {to:?}", name(&node), answer.status));
            }
        }
        for stranger in strangers(world, &node.route.policy) {
            let answer = send(&node.router, ask(method, &path, Some(&world.bearer(&stranger)))).await;
            if !matches!(answer.status.as_u16(), 403 | 404) {
                wrong.push(format!("{}: {:?} gets {}", name(&node), stranger.roles, answer.status));
            }
            expected.push((
                stranger.subject,
                method.to_owned(),
                path.clone(),
                answer.status.as_u16(),
            ));
        }
    }
    unlogged(world, &expected, &mut wrong).await;
    println!("{routes} routes, {} refusals, all in the log", expected.len());
    assert!(
        routes > 250 && wrong.is_empty(),
        "{} of {routes}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_denies_strangers_and_logs_it_in_one_process() {
    denies(&World::whole().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_denies_strangers_and_logs_it_when_components_run_apart() {
    denies(&World::split().await).await;
}

/// Path parameters that are nothing.
fn bad_ids() -> Vec<String> {
    let mut ids: Vec<String> = [
        "%00",
        "..%2F..%2Fetc%2Fpasswd",
        "%2e%2e",
        "%FF%FE",
        "%27%22%3B--",
        "%F0%9F%98%80",
        "-1",
    ]
    .map(str::to_owned)
    .into();
    ids.extend(["9".repeat(40), "a".repeat(5000)]);
    ids
}

/// Queries that mean nothing.
fn bad_queries() -> Vec<String> {
    let mut queries: Vec<String> = [
        "_count=99999999999999999999&limit=99999999999999999999&pagina=-1",
        "%00=%00&a=%FF&_sort=%00&cursor=%00&stato=%FF",
        "date=2026-99-99&birthdate=ge0000&_lastUpdated=x&from=x&to=x&time=x&dal=x&al=9999-99-99",
        "_include=*&_has=::::&_filter=((((&name:exact:exact=x&code=||||",
    ]
    .map(str::to_owned)
    .into();
    queries.push("x=1&".repeat(4000));
    queries
}

/// Bodies that no handler can want.
fn bad_bodies() -> Vec<(&'static str, Vec<u8>)> {
    let deep = |open: &str| open.repeat(20_000).into_bytes();
    let bomb = r#"<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><Patient xmlns="http://hl7.org/fhir"><id value="&x;"/></Patient>"#;
    let huge = r#"{"resourceType":"Patient","id":"a","multipleBirthInteger":1e400,"x":-99999999999999999999999999999}"#;
    vec![
        ("application/json", b"{".to_vec()),
        (
            "application/fhir+json",
            br#"{"resourceType":"Patient","name":[{"family":"Ro"#.to_vec(),
        ),
        ("application/fhir+json", huge.into()),
        ("application/json", deep("[")),
        ("application/json", deep(r#"{"a":"#)),
        ("application/json", b"\xff\xfe\x00{}".to_vec()),
        (
            "application/json",
            br#"{"username":"\u0000","token":"\u0000","worker":"\u0000","id":"\ud800"}"#.to_vec(),
        ),
        ("application/json", b"null".to_vec()),
        ("application/json", b"[]".to_vec()),
        ("application/json", b"".to_vec()),
        (
            "application/fhir+xml",
            b"<Patient xmlns=\"http://hl7.org/fhir\"><name".to_vec(),
        ),
        ("application/fhir+xml", bomb.into()),
        (
            "application/json-patch+json",
            br#"[{"op":"replace","path":"/../..","value":1e999}]"#.to_vec(),
        ),
        (
            "application/x-www-form-urlencoded",
            b"%&=%FF&a=%00&%zz=1&_csrf=%".to_vec(),
        ),
        ("multipart/form-data", b"--x\r\n".to_vec()),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"../../b\"\r\n\r\n".to_vec(),
        ),
        ("text/plain", b"\x00\x01\x02".to_vec()),
        ("not a type at all", b"x".to_vec()),
        ("application/json; charset=utf-16", b"{\x00}\x00".to_vec()),
    ]
}

fn bad_requests(node: &Node) -> Vec<(String, Request<Body>)> {
    let method = node.route.method.as_str();
    let plain = filled(&node.route.path, "x1");
    let mut requests = vec![];
    let mut add = |what: String, path: &str, headers: &[(&str, &[u8])], body: Vec<u8>| {
        let mut request = Request::builder().method(method).uri(path);
        for (header, value) in headers {
            request = request.header(*header, *value);
        }
        if let Ok(request) = request.body(Body::from(body)) {
            requests.push((what, request));
        }
    };
    if node.route.path.contains('{') {
        for id in bad_ids() {
            add(format!("id {id:.20}"), &filled(&node.route.path, &id), &[], vec![]);
        }
        if node.route.path.contains("{type}") {
            for other in ["Nope", "patient", "%00"] {
                add(format!("type {other}"), &plain.replace("Patient", other), &[], vec![]);
            }
        }
    }
    for query in bad_queries() {
        add(format!("query {query:.20}"), &format!("{plain}?{query}"), &[], vec![]);
    }
    let strange: &[(&str, &[u8])] = &[
        ("if-match", b"W/\"\xff"),
        ("if-none-exist", b"%00=%FF&a"),
        ("accept", b"no/\xffsuch"),
        ("accept-language", b"\xff"),
        ("prefer", b"return=\xff"),
        ("cookie", b"sinfonia=\xff; sinfonia_lingua=%00; sinfonia_avviso=%00%FF"),
        ("range", b"bytes=9-1"),
        ("x-purpose-of-use", b"\xff"),
        ("idempotency-key", &[b'k'; 3000]),
        ("content-encoding", b"gzip"),
    ];
    add("headers".into(), &plain, strange, b"not gzip".to_vec());
    if !matches!(node.route.method, Method::GET | Method::DELETE) {
        for (kind, body) in bad_bodies() {
            let what = format!("body {kind} {:.20}", String::from_utf8_lossy(&body));
            add(what, &plain, &[("content-type", kind.as_bytes())], body);
        }
    }
    requests
}

/// Sends nonsense as one who may do everything, so that it reaches the handlers.
async fn stands_nonsense(world: &World, nodes: &[Node]) {
    let everybody = ["system", "admin", "case-manager", "mmg", "data-manager"];
    let (mut wrong, mut sent) = (vec![], 0);
    for node in nodes {
        let bearer = world.bearer(&actor("system", &everybody));
        let citizen = world.bearer(&actor("Patient/p1", &["assistito"]));
        for (number, (what, mut request)) in bad_requests(node).into_iter().enumerate() {
            let who = if number % 7 == 3 { &citizen } else { &bearer };
            request
                .headers_mut()
                .insert(header::AUTHORIZATION, who.parse().unwrap());
            let answer = send(&node.router, request).await;
            sent += 1;
            let silent = answer.status.is_client_error() && answer.body.is_empty();
            if answer.status.is_server_error() || silent {
                let said: String = answer.text().chars().take(300).collect();
                wrong.push(format!("{} [{what}]: {} {said}", name(node), answer.status));
            }
        }
    }
    println!("{} routes, {sent} malformed requests", nodes.len());
    assert!(wrong.is_empty(), "{} of {sent}:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_nonsense_makes_a_route_fail_in_one_process() {
    let world = World::whole().await;
    stands_nonsense(&world, &world.nodes()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_nonsense_makes_a_route_fail_when_components_run_apart() {
    let world = World::split().await;
    let mut nodes = world.nodes();
    nodes.retain(|node| !["hub", "orchestrator", "oauth", "site"].contains(&node.part));
    stands_nonsense(&world, &nodes).await;
}
