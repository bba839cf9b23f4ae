//! What an assistito reaches: the own compartment, to read.

use crate::server::{Reply, Server};
use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::json;

async fn region() -> Server {
    let server = Server::new();
    for n in ["1", "2"] {
        server
            .put(&json!({"resourceType": "Patient", "id": n, "name": [{"family": "Rossi"}]}))
            .await;
        server
            .put(
                &json!({"resourceType": "Observation", "id": format!("o{n}"), "status": "final",
                "code": {"text": "x"}, "subject": {"reference": format!("Patient/{n}")}}),
            )
            .await;
    }
    server
}

async fn ask(server: &Server, who: (&str, &str), method: Method, path: &str) -> Reply {
    let bearer = server.bearer(who.0, who.1);
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/fhir+json"),
    ];
    server.call(method, path, &headers, Body::from("{}")).await
}

#[tokio::test]
async fn a_patient_reads_own_data_only() {
    let server = region().await;
    let me = ("Patient/1", "assistito");
    let get = |path: &'static str| ask(&server, me, Method::GET, path);
    assert_eq!(get("/Patient/1").await.status, StatusCode::OK);
    assert_eq!(get("/Observation/o1").await.status, StatusCode::OK);
    let other = get("/Observation/o2").await;
    let none = get("/Observation/o3").await;
    assert_eq!(
        (other.status, none.status),
        (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND)
    );
    assert_eq!(
        other.diagnostics().replace("o2", "o3"),
        none.diagnostics(),
        "what is hidden looks as what is not there"
    );
    assert_eq!(get("/Patient?family=Rossi").await.ids("match"), ["1"]);
    assert_eq!(get("/Observation").await.ids("match"), ["o1"]);
    assert_eq!(get("/Observation?_summary=count").await.json()["total"], 1);
    assert_eq!(
        get("/Patient/1?_revinclude=Observation:subject").await.status,
        StatusCode::OK
    );
    let included = get("/Patient?_revinclude=Observation:subject").await;
    assert_eq!(included.ids("include"), ["o1"]);
    // Conditions on other resources see no more than the search itself.
    let has = get("/Patient?_has:Observation:subject:status=final").await;
    assert_eq!(has.ids("match"), ["1"]);
    let chained = get("/Observation?subject:Patient.family=Rossi&_total=accurate").await;
    assert_eq!(
        (chained.ids("match"), chained.json()["total"].as_u64()),
        (vec!["o1".to_owned()], Some(1))
    );
    assert_eq!(get("/Observation/o1/_history").await.status, StatusCode::OK);
    assert_eq!(get("/Observation/o2/_history").await.status, StatusCode::NOT_FOUND);
    assert_eq!(get("/Observation/_history").await.status, StatusCode::FORBIDDEN);
    assert_eq!(get("/_history").await.status, StatusCode::FORBIDDEN);
    assert_eq!(get("/?_type=Patient,Observation").await.ids("match"), ["1", "o1"]);
}

#[tokio::test]
async fn a_patient_writes_nothing() {
    let server = region().await;
    let me = ("Patient/1", "assistito");
    for (method, path) in [
        (Method::POST, "/Observation"),
        (Method::PUT, "/Patient/1"),
        (Method::DELETE, "/Patient/1"),
        (Method::POST, "/"),
        (Method::PUT, "/Patient?name=x"),
        (Method::DELETE, "/Patient?name=x"),
    ] {
        assert_eq!(
            ask(&server, me, method.clone(), path).await.status,
            StatusCode::FORBIDDEN,
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn strangers_are_refused() {
    let server = region().await;
    assert_eq!(
        ask(&server, ("Patient/1", "x"), Method::GET, "/Patient/1").await.status,
        StatusCode::FORBIDDEN
    );
    for role in ["mmg", "diabetologo", "infermiere", "case-manager", "admin", "dpo"] {
        // A role alone opens nobody's data.
        let who = ("Practitioner/9", role);
        for path in [
            "/Patient/2",
            "/Patient/2/_history",
            "/Patient/2/$everything",
            "/Patient/2/$meta",
        ] {
            let answer = ask(&server, who, Method::GET, path).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{role} {path}");
        }
        assert_eq!(
            ask(&server, who, Method::GET, "/Patient").await.ids("match"),
            [] as [&str; 0]
        );
    }
    // Every route but metadata refuses who is not signed in with the right role.
    for info in hub::routes(server.hub.clone()).list() {
        let path = info
            .path
            .replace("{type}", "Patient")
            .replace("{*rest}", "x")
            .replace(['{', '}'], "");
        let path = path.strip_prefix("/fhir").unwrap();
        let reply = ask(&server, ("Patient/1", "x"), info.method.clone(), path).await;
        let expected = if path == "/metadata" && info.method == Method::GET {
            StatusCode::OK
        } else {
            StatusCode::FORBIDDEN
        };
        assert_eq!(reply.status, expected, "{} {path}", info.method);
    }
}
