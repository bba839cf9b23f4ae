//! Bulk data: export and import in the background, interrupted and gone on with.

use crate::server::{BASE, Reply, Server};
use ::access::Guard;
use axum::body::Body;
use http::{Method, StatusCode};
use hub::{Hub, HubConfig};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use store::{Clock as _, ManualClock, SequentialIds};
use test_store::{Place, TestStore};

const ASYNC: (&str, &str) = ("prefer", "respond-async");

fn server(dir: &Path) -> Server {
    let folder = dir.join("bulk");
    Server::with(|config| {
        config.bulk.folder = Some(folder);
        config.bulk.rows_per_file = 2;
    })
}

async fn fill(server: &Server) {
    for n in 1..=3 {
        let patient = json!({"resourceType": "Patient", "id": format!("p{n}"), "birthDate": "1980-01-01",
            "name": [{"family": format!("F{n}")}]});
        assert_eq!(server.put(&patient).await.status, StatusCode::CREATED);
        let observation = json!({"resourceType": "Observation", "id": format!("o{n}"),
            "status": if n == 1 { "final" } else { "preliminary" }, "code": {"text": "x"},
            "subject": {"reference": format!("Patient/p{n}")}});
        assert_eq!(server.put(&observation).await.status, StatusCode::CREATED);
    }
    let organization = json!({"resourceType": "Organization", "id": "org", "name": "ASL"});
    server.put(&organization).await;
    let group = json!({"resourceType": "Group", "id": "g", "type": "person", "actual": true, "member": [
        {"entity": {"reference": "Patient/p1"}}, {"entity": {"reference": "Patient/p2"}, "inactive": true}]});
    assert_eq!(server.put(&group).await.status, StatusCode::CREATED);
}

/// Kicks off, waits, gives the manifest.
async fn export(server: &Server, path: &str) -> Value {
    let kick = server.call(Method::GET, path, &[ASYNC], Body::empty()).await;
    assert_eq!(kick.status, StatusCode::ACCEPTED, "{}", kick.text);
    server.hub.bulk_ended().await;
    let reply = server.get(kick.header("content-location")).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    assert!(!reply.header("expires").is_empty());
    reply.json()
}

fn kinds(manifest: &Value, list: &str) -> Vec<(String, u64)> {
    let files = manifest[list].as_array().unwrap();
    let one = |file: &Value| {
        (
            file["type"].as_str().unwrap().to_owned(),
            file["count"].as_u64().unwrap(),
        )
    };
    files.iter().map(one).collect()
}

async fn lines(server: &Server, manifest: &Value, list: &str) -> Vec<Value> {
    let mut lines = Vec::new();
    for file in manifest[list].as_array().unwrap() {
        let reply: Reply = server.get(file["url"].as_str().unwrap()).await;
        assert_eq!(reply.status, StatusCode::OK);
        assert_eq!(reply.header("content-type"), "application/fhir+ndjson");
        lines.extend(
            reply
                .text
                .lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap()),
        );
    }
    lines
}

#[tokio::test]
async fn everything_goes_out_in_files_of_limited_length() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(dir.path());
    fill(&server).await;
    let manifest = export(&server, "/$export").await;
    assert_eq!(
        kinds(&manifest, "output"),
        [
            ("Group", 1),
            ("Observation", 2),
            ("Observation", 1),
            ("Organization", 1),
            ("Patient", 2),
            ("Patient", 1)
        ]
        .map(|(kind, count)| (kind.to_owned(), count))
    );
    assert_eq!(manifest["requiresAccessToken"], true);
    assert_eq!(manifest["request"], format!("{BASE}/$export"));
    assert_eq!(lines(&server, &manifest, "output").await.len(), 8);
    let mode = |path: &Path| std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions());
    let job = std::fs::read_dir(dir.path().join("bulk"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    assert_eq!(mode(&job) & 0o777, 0o700);
    assert_eq!(mode(&job.join("Patient.1.ndjson")) & 0o777, 0o600);
    // Whoever's data went out can know it.
    let filter = store::AuditFilter::newest(Some("p3"), 100);
    let accesses = server
        .store
        .snapshot()
        .await
        .unwrap()
        .audit(&filter)
        .await
        .unwrap()
        .entries();
    assert!(accesses.iter().any(|access| access.action == "EXPORT"), "{accesses:?}");
}

#[tokio::test]
async fn an_export_is_narrowed() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(dir.path());
    fill(&server).await;
    let ids = |lines: &[Value]| -> Vec<String> {
        let mut ids: Vec<_> = lines
            .iter()
            .map(|line| line["id"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    };
    let cases = [
        ("/$export?_type=Patient", vec!["p1", "p2", "p3"]),
        ("/Patient/$export", vec!["g", "o1", "o2", "o3", "p1", "p2", "p3"]),
        ("/Group/g/$export", vec!["g", "o1", "p1"]),
        (
            "/$export?_type=Observation&_typeFilter=Observation%3Fstatus%3Dfinal",
            vec!["o1"],
        ),
        (
            "/$export?_typeFilter=Observation%3Fstatus%3Dfinal&_type=Observation,Organization",
            vec!["o1", "org"],
        ),
    ];
    for (path, expected) in cases {
        let manifest = export(&server, path).await;
        assert_eq!(ids(&lines(&server, &manifest, "output").await), expected, "{path}");
    }
    let body = json!({"resourceType": "Parameters", "parameter": [
        {"name": "patient", "valueReference": {"reference": "Patient/p3"}}, {"name": "_elements", "valueString": "Patient.name"}]});
    let headers = [ASYNC, ("content-type", "application/fhir+json")];
    let kick = server
        .call(Method::POST, "/Patient/$export", &headers, body.to_string())
        .await;
    server.hub.bulk_ended().await;
    let manifest = server.get(kick.header("content-location")).await.json();
    let lines = lines(&server, &manifest, "output").await;
    assert_eq!(ids(&lines), ["o3", "p3"]);
    let patient = lines.iter().find(|line| line["id"] == "p3").unwrap();
    assert!(
        patient["birthDate"].is_null() && patient["name"][0]["family"] == "F3",
        "{patient}"
    );
    assert_eq!(patient["meta"]["tag"][0]["code"], "SUBSETTED");
}

#[tokio::test]
async fn since_tells_what_is_new_and_what_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(dir.path());
    fill(&server).await;
    server.clock.advance(SignedDuration::from_secs(60));
    let first = export(&server, "/$export").await;
    server.clock.advance(SignedDuration::from_secs(60));
    server.call(Method::DELETE, "/Observation/o2", &[], Body::empty()).await;
    server
        .put(&json!({"resourceType": "Organization", "id": "new", "name": "New"}))
        .await;
    let since = first["transactionTime"].as_str().unwrap();
    let manifest = export(&server, &format!("/$export?_since={since}")).await;
    let lines_of = lines(&server, &manifest, "output").await;
    assert_eq!(
        lines_of
            .iter()
            .map(|line| line["id"].as_str().unwrap())
            .collect::<Vec<_>>(),
        ["new"]
    );
    let deleted = lines(&server, &manifest, "deleted").await;
    assert_eq!(
        deleted[0]["entry"][0]["request"],
        json!({"method": "DELETE", "url": "Observation/o2"})
    );
    assert!(first["deleted"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(dir.path());
    let cases = [
        (
            "/$export?includeAssociatedData=LatestProvenanceResources",
            "includeAssociatedData (name the types",
        ),
        ("/$export?_outputFormat=text/csv", "the _outputFormat 'text/csv'"),
        ("/$export?_type=Pazient", "'Pazient' is not a FHIR R4 resource type"),
        ("/$export?_typeFilter=Observation%3Fnothing%3Dx", "nothing"),
        ("/$export?_since=yesterday", "cannot read _since 'yesterday'"),
        ("/$export?patient=Patient/1", "patient narrows"),
        ("/Group/nobody/$export", "Group/nobody does not exist"),
        ("/Observation/$export", "$export of Observation"),
    ];
    for (path, expected) in cases {
        let reply = server.call(Method::GET, path, &[ASYNC], Body::empty()).await;
        assert!(reply.status.is_client_error(), "{path}: {}", reply.status);
        assert!(reply.diagnostics().contains(expected), "{path}: {}", reply.text);
    }
    let reply = server.get("/$export").await;
    assert!(reply.diagnostics().contains("Prefer: respond-async"), "{}", reply.text);
    let without = Server::new();
    let reply = without.call(Method::GET, "/$export", &[ASYNC], Body::empty()).await;
    assert!(reply.diagnostics().contains("no folder"), "{}", reply.text);
}

#[tokio::test]
async fn a_job_is_its_owners_and_goes_away() {
    let dir = tempfile::tempdir().unwrap();
    let server = server(dir.path());
    fill(&server).await;
    let call = async |method: Method, path: &str, who: &str, role: &str| {
        let bearer = server.bearer(who, role);
        server
            .call(method, path, &[ASYNC, ("authorization", &bearer)], Body::empty())
            .await
    };
    for role in ["assistito", "mmg", "infermiere"] {
        let reply = call(Method::GET, "/$export", "Patient/p1", role).await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{role}");
    }
    let kick = call(Method::GET, "/$export", "Practitioner/1", "data-manager").await;
    assert_eq!(kick.status, StatusCode::ACCEPTED, "{}", kick.text);
    server.hub.bulk_ended().await;
    let place = kick.header("content-location").to_owned();
    let stranger = call(Method::GET, &place, "Practitioner/2", "data-manager").await;
    assert_eq!(stranger.status, StatusCode::NOT_FOUND);
    let mine = call(Method::GET, &place, "Practitioner/1", "data-manager").await;
    assert_eq!(mine.status, StatusCode::OK);
    let file = mine.json()["output"][0]["url"].as_str().unwrap().to_owned();
    assert_eq!(
        call(Method::GET, &file, "Practitioner/2", "data-manager").await.status,
        StatusCode::NOT_FOUND
    );
    assert_eq!(
        call(Method::GET, &file, "Practitioner/1", "data-manager").await.status,
        StatusCode::OK
    );
    let up = file.rsplit_once('/').unwrap().0.to_owned() + "/..%2f..%2fhub.db";
    assert_eq!(
        call(Method::GET, &up, "Practitioner/1", "data-manager").await.status,
        StatusCode::NOT_FOUND
    );

    server.clock.advance(SignedDuration::from_hours(25));
    assert_eq!(
        call(Method::GET, &place, "Practitioner/1", "data-manager").await.status,
        StatusCode::NOT_FOUND
    );
    let manifest = export(&server, "/$export?_type=Patient").await;
    let jobs = std::fs::read_dir(dir.path().join("bulk")).unwrap().count();
    assert_eq!(jobs, 1, "expired files are removed");
    let file = manifest["output"][0]["url"].as_str().unwrap().to_owned();
    let job = file.rsplit('/').nth(1).unwrap();
    let removed = server
        .call(Method::DELETE, &format!("/$export-status/{job}"), &[], Body::empty())
        .await;
    assert_eq!(removed.status, StatusCode::ACCEPTED);
    assert_eq!(server.get(&file).await.status, StatusCode::NOT_FOUND);
    assert_eq!(std::fs::read_dir(dir.path().join("bulk")).unwrap().count(), 0);
}

/// A hub over a folder and a store, as a process would open them.
fn open(place: &Place, dir: &Path, parallel: usize, prefix: &str) -> (Arc<Hub>, axum::Router, TestStore) {
    let under = place.open(None);
    let store = under.store.clone();
    let clock = Arc::new(ManualClock::new("2026-01-02T03:04:05Z".parse().unwrap()));
    assert!(clock.now().as_second() > 0);
    let mut config = HubConfig::new(BASE);
    config.bulk.folder = Some(dir.join("bulk"));
    config.bulk.import.folder = Some(dir.join("inputs"));
    config.bulk.parallel = parallel;
    let hub = Hub::new(
        store.clone(),
        clock.clone(),
        Arc::new(SequentialIds::new(prefix)),
        config,
    );
    let router = hub::routes(hub.clone()).guard(&Guard::open(store, clock));
    (hub, router, under)
}

async fn ask(router: &axum::Router, method: Method, url: &str, body: String) -> (StatusCode, String, String) {
    let path = url.strip_prefix(BASE).unwrap_or(url);
    let request = http::Request::builder()
        .method(method)
        .uri(format!("/fhir{path}"))
        .header("prefer", "respond-async");
    let request = request
        .header("content-type", "application/fhir+json")
        .body(Body::from(body))
        .unwrap();
    let response = tower::ServiceExt::oneshot(router.clone(), request).await.unwrap();
    let place = response
        .headers()
        .get("content-location")
        .map_or("", |value| value.to_str().unwrap())
        .to_owned();
    let status = response.status();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, place, String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn a_restart_begins_the_job_again() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("inputs")).unwrap();
    let place = Arc::new(Place::new(&dir.path().join("hub.db")));
    let runtime = std::thread::spawn({
        let (dir, place) = (dir.path().to_owned(), place.clone());
        move || {
            // A process of its own: no job ever gets its turn, then everything it holds is gone at once.
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap();
            let place = runtime.block_on(async {
                let (_, router, _under) = open(&place, &dir, 0, "first");
                let patient = json!({"resourceType": "Patient", "id": "p"}).to_string();
                let (status, ..) = ask(&router, Method::PUT, "/Patient/p", patient).await;
                assert_eq!(status, StatusCode::CREATED);
                let (status, place, _) = ask(&router, Method::GET, "/$export", String::new()).await;
                assert_eq!(status, StatusCode::ACCEPTED);
                let (status, ..) = ask(&router, Method::GET, &place, String::new()).await;
                assert_eq!(status, StatusCode::ACCEPTED, "it waits");
                // What a killed attempt leaves behind.
                let job = place.rsplit('/').next().unwrap();
                let left = dir.join("bulk").join(job);
                std::fs::create_dir_all(&left).unwrap();
                std::fs::write(left.join("Patient.1.ndjson"), "{\"half").unwrap();
                place
            });
            drop(runtime);
            place
        }
    });
    let job = tokio::task::spawn_blocking(move || runtime.join().unwrap())
        .await
        .unwrap();
    let (hub, router, _under) = open(&place, dir.path(), 1, "second");
    assert_eq!(hub.resume_bulk().await.unwrap(), 1);
    hub.bulk_ended().await;
    let (status, _, text) = ask(&router, Method::GET, &job, String::new()).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let manifest: Value = serde_json::from_str(&text).unwrap();
    let (_, _, line) = ask(
        &router,
        Method::GET,
        manifest["output"][0]["url"].as_str().unwrap(),
        String::new(),
    )
    .await;
    assert!(line.starts_with("{\"resourceType\":\"Patient\",\"id\":\"p\""), "{line}");
    assert_eq!(hub.resume_bulk().await.unwrap(), 0);
}

fn inputs(names: &[&str], mode: &str) -> String {
    let input = |name: &&str| {
        json!({"name": "input", "part": [
        {"name": "type", "valueCode": "Patient"}, {"name": "url", "valueUrl": format!("file:{name}")}]})
    };
    let mut list: Vec<Value> = names.iter().map(input).collect();
    list.push(json!({"name": "mode", "valueCode": mode}));
    json!({"resourceType": "Parameters", "parameter": list}).to_string()
}

/// A sound file, one with two bad lines, a packed one.
fn write_inputs(folder: &Path) {
    let good = "{\"resourceType\":\"Patient\",\"id\":\"a\"}\n{\"resourceType\":\"Patient\",\"id\":\"b\"}\n";
    std::fs::write(folder.join("good.ndjson"), good).unwrap();
    std::fs::write(
        folder.join("bad.ndjson"),
        format!(
            "{}{{\"resourceType\":\"Patient\",\"id\":\"c\",\"x\":1}}\nnot json\n",
            good.replace("\"a\"", "\"d\"")
        ),
    )
    .unwrap();
    let packed = std::fs::File::create(folder.join("packed.ndjson.gz")).unwrap();
    let mut packer = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
    std::io::Write::write_all(&mut packer, good.replace("\"a\"", "\"z\"").as_bytes()).unwrap();
    packer.finish().unwrap();
}

#[tokio::test]
async fn an_import_tells_every_bad_line_and_may_be_repeated() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("inputs");
    std::fs::create_dir(&folder).unwrap();
    write_inputs(&folder);
    let place = Place::new(&dir.path().join("hub.db"));
    let (hub, router, _under) = open(&place, dir.path(), 1, "id");
    let run = async |body: String| {
        let (status, place, text) = ask(&router, Method::POST, "/$import", body).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{text}");
        hub.bulk_ended().await;
        let (status, _, text) = ask(&router, Method::GET, &place, String::new()).await;
        assert_eq!(status, StatusCode::OK, "{text}");
        serde_json::from_str::<Value>(&text).unwrap()
    };
    let manifest = run(inputs(&["bad.ndjson"], "all-or-nothing")).await;
    assert_eq!(manifest["error"][0]["count"], 2, "{manifest}");
    assert_eq!(
        ask(&router, Method::GET, "/Patient/d", String::new()).await.0,
        StatusCode::NOT_FOUND
    );

    let manifest = run(inputs(&["good.ndjson", "bad.ndjson", "packed.ndjson.gz"], "keep-going")).await;
    let (_, _, errors) = ask(
        &router,
        Method::GET,
        manifest["error"][0]["url"].as_str().unwrap(),
        String::new(),
    )
    .await;
    assert_eq!(errors.lines().count(), 2, "{errors}");
    assert!(
        errors.contains("file:bad.ndjson, line 3: ") && errors.contains("file:bad.ndjson, line 4: "),
        "{errors}"
    );
    for id in ["a", "b", "d", "z"] {
        assert_eq!(
            ask(&router, Method::GET, &format!("/Patient/{id}"), String::new())
                .await
                .0,
            StatusCode::OK,
            "{id}"
        );
    }
    run(inputs(&["good.ndjson"], "keep-going")).await;
    run(inputs(&["good.ndjson"], "all-or-nothing")).await;
    let (_, _, history) = ask(&router, Method::GET, "/Patient/a/_history", String::new()).await;
    assert_eq!(
        serde_json::from_str::<Value>(&history).unwrap()["total"],
        1,
        "nothing is written twice"
    );
    for refused in ["../hub.db", "/etc/passwd"] {
        let (status, ..) = ask(&router, Method::POST, "/$import", inputs(&[refused], "keep-going")).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{refused}");
    }
    let outside = inputs(&["good.ndjson"], "keep-going").replace("file:good.ndjson", "http://127.0.0.1:1/x.ndjson");
    assert_eq!(
        ask(&router, Method::POST, "/$import", outside).await.0,
        StatusCode::FORBIDDEN
    );
}
