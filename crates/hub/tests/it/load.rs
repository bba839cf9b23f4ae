//! Import: whole folders, twice, interrupted, with bad files among them.

use crate::server::Server;
use hub::load::{Options, import_bytes, load_dir};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

const PATIENT: &str = "11111111-2222-3333-4444-555555555555";

fn transaction(observations: usize) -> Value {
    let mut entries = vec![json!({"fullUrl": format!("urn:uuid:{PATIENT}"),
        "request": {"method": "POST", "url": "Patient"}, "resource": {"resourceType": "Patient"}})];
    for n in 0..observations {
        entries.push(json!({"fullUrl": format!("urn:uuid:00000000-0000-0000-0000-{n:012}"),
            "request": {"method": "POST", "url": "Observation"},
            "resource": {"resourceType": "Observation", "status": "final", "code": {"text": "x"},
                "subject": {"reference": format!("urn:uuid:{PATIENT}")},
                "performer": [{"reference": "Practitioner?identifier=urn:npi|1"}]}}));
    }
    json!({"resourceType": "Bundle", "type": "transaction", "entry": entries})
}

fn write(dir: &Path, name: &str, text: impl AsRef<[u8]>) {
    std::fs::write(dir.join(name), text).unwrap();
}

fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    // Its practitioner comes in a file that sorts after it.
    write(dir.path(), "a-patient.json", transaction(20).to_string());
    let staff = json!({"resourceType": "Bundle", "type": "batch", "entry": [{
        "fullUrl": "urn:uuid:99999999-2222-3333-4444-555555555555",
        "request": {"method": "POST", "url": "Practitioner", "ifNoneExist": "identifier=urn:npi|1"},
        "resource": {"resourceType": "Practitioner", "identifier": [{"system": "urn:npi", "value": "1"}]}}]});
    write(dir.path(), "z-staff.json", staff.to_string());
    let mut lines: Vec<String> = (0..1200)
        .map(|n| {
            json!({"resourceType": "Condition", "id": format!("c{n}"), "subject": {"reference": "Patient/x"}})
                .to_string()
        })
        .collect();
    lines[7] = "{not json".into();
    lines[1100] = json!({"resourceType": "Condition", "id": "c1100", "wrong": true}).to_string();
    write(dir.path(), "conditions.ndjson", lines.join("\n"));
    let collection = json!({"resourceType": "Bundle", "type": "collection", "entry": [
        {"fullUrl": "urn:uuid:aaaaaaaa-2222-3333-4444-555555555555", "resource": {"resourceType": "Basic",
            "code": {"text": "x"}, "subject": {"reference": "urn:uuid:bbbbbbbb-2222-3333-4444-555555555555"}}},
        {"fullUrl": "urn:uuid:bbbbbbbb-2222-3333-4444-555555555555", "resource": {"resourceType": "Patient"}},
        {"fullUrl": "urn:uuid:cccccccc-2222-3333-4444-555555555555", "resource": {"resourceType": "Patient", "x": 1}}]});
    write(dir.path(), "collection.json", collection.to_string());
    write(
        dir.path(),
        "single.json",
        json!({"resourceType": "Organization", "id": "asl", "name": "ASL"}).to_string(),
    );
    write(dir.path(), "broken.json", "{\"resourceType\": \"Bundle\",\n oops");
    write(
        dir.path(),
        "refused.json",
        json!({"resourceType": "Bundle", "type": "transaction", "entry": [
        {"request": {"method": "POST", "url": "Patient"}, "resource": {"resourceType": "Patient"}},
        {"request": {"method": "POST", "url": "Patient"}, "resource": {"resourceType": "Patient", "x": 1}}]})
        .to_string(),
    );
    write(dir.path(), "notes.txt", "not looked at");
    dir
}

async fn count(server: &Server, rtype: &str) -> Value {
    server.get(&format!("/{rtype}?_summary=count")).await.json()["total"].clone()
}

#[tokio::test]
async fn a_folder_goes_in_once_however_often_it_is_imported() {
    let server = Server::new();
    let dir = folder();
    let calls = AtomicUsize::new(0);
    let progress = |p: &hub::load::Progress| {
        calls.fetch_add(1, Ordering::Relaxed);
        assert!(p.files_done <= p.files && p.bytes_done <= p.bytes);
    };
    let first = load_dir(&server.hub, dir.path(), &progress, Options::default())
        .await
        .unwrap();
    let problems: Vec<String> = first.problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(format!("{first}\n{}", problems.join("\n")));
    assert!(calls.load(Ordering::Relaxed) >= 7);
    assert_eq!(count(&server, "Observation").await, 20);
    assert_eq!(count(&server, "Condition").await, 1198);
    let found = server
        .get("/Observation?performer:Practitioner.identifier=1&_summary=count")
        .await
        .json();
    assert_eq!(
        found["total"], 20,
        "the staff file came later, and yet its practitioner is referred to"
    );
    assert_eq!(server.get(&format!("/Patient/{PATIENT}")).await.status.as_u16(), 200);
    let basic = server.get("/Basic/aaaaaaaa-2222-3333-4444-555555555555").await.json();
    assert_eq!(
        basic["subject"]["reference"],
        "Patient/bbbbbbbb-2222-3333-4444-555555555555"
    );

    let again = load_dir(&server.hub, dir.path(), &|_| {}, Options::default())
        .await
        .unwrap();
    assert_eq!((again.skipped, again.created, again.updated), (3, 0, 0), "{again}");
    let anew = Options {
        again: true,
        ..Options::default()
    };
    let third = load_dir(&server.hub, dir.path(), &|_| {}, anew).await.unwrap();
    assert_eq!((third.skipped, third.created, third.updated), (0, 0, 0), "{third}");
    assert_eq!(server.get("/Condition/c1").await.header("etag"), "W/\"1\"");
}

#[tokio::test]
async fn a_changed_file_updates_what_changed() {
    let server = Server::new();
    let line = |name: &str| json!({"resourceType": "Organization", "id": name, "name": name}).to_string();
    let text = format!("{}\n{}\n", line("a"), line("b"));
    let first = import_bytes(&server.hub, "x.ndjson", text.clone().into())
        .await
        .unwrap();
    assert_eq!((first.created, first.updated, first.unchanged), (2, 0, 0));
    let same = import_bytes(&server.hub, "renamed.ndjson", text.clone().into())
        .await
        .unwrap();
    assert_eq!((same.skipped, same.created), (1, 0));
    let changed = text.replace("\"name\":\"b\"", "\"name\":\"c\"");
    let second = import_bytes(&server.hub, "x.ndjson", changed.into()).await.unwrap();
    assert_eq!((second.created, second.updated, second.unchanged), (0, 1, 1));
    assert_eq!(server.get("/Organization/b").await.json()["name"], "c");
}

#[tokio::test]
async fn an_interrupted_import_goes_on_where_it_was() {
    let server = Server::new();
    let lines: Vec<String> = (0..1700)
        .map(|n| json!({"resourceType": "Basic", "id": format!("b{n}"), "code": {"text": "x"}}).to_string())
        .collect();
    let text = bytes::Bytes::from(lines.join("\n"));
    // The import is dropped as soon as the second chunk is under way.
    let chunks = AtomicUsize::new(0);
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "basics.ndjson", &text);
    let notify = tokio::sync::Notify::new();
    let progress = |_: &hub::load::Progress| {
        if chunks.fetch_add(1, Ordering::Relaxed) == 1 {
            notify.notify_one();
        }
    };
    tokio::select! {
        biased;
        () = notify.notified() => {}
        _ = load_dir(&server.hub, dir.path(), &progress, Options::default()) => panic!("it ended before it was stopped"),
    }
    let rest = load_dir(&server.hub, dir.path(), &|_| {}, Options::default())
        .await
        .unwrap();
    assert!(rest.created <= 700, "{rest}");
    assert_eq!(count(&server, "Basic").await, 1700);
}

#[tokio::test]
async fn bundles_in_flight_that_share_a_condition_make_one() {
    let server = Server::new();
    let dir = tempfile::tempdir().unwrap();
    for n in 0..8 {
        let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": [
            {"fullUrl": "urn:uuid:d", "request": {"method": "POST", "url": "Organization", "ifNoneExist": "identifier=A"},
                "resource": {"resourceType": "Organization", "identifier": [{"value": "A"}], "name": "A"}},
            {"fullUrl": format!("urn:uuid:00000000-0000-0000-0000-{n:012}"),
                "request": {"method": "POST", "url": "Patient"},
                "resource": {"resourceType": "Patient", "managingOrganization": {"reference": "urn:uuid:d"}}}]});
        write(dir.path(), &format!("{n}.json"), bundle.to_string());
    }
    let summary = load_dir(
        &server.hub,
        dir.path(),
        &|_| {},
        Options {
            in_flight: 8,
            again: false,
        },
    )
    .await
    .unwrap();
    assert_eq!((summary.problems_total, summary.created), (0, 9), "{summary}");
    assert_eq!(
        server
            .get("/Patient?organization.identifier=A&_summary=count")
            .await
            .json()["total"],
        8
    );
}

#[tokio::test]
async fn a_missing_folder_is_told() {
    let server = Server::new();
    let error = load_dir(&server.hub, Path::new("/nowhere/at/all"), &|_| {}, Options::default())
        .await
        .unwrap_err();
    assert!(error.to_string().starts_with("/nowhere/at/all: "), "{error}");
}

/// Real people, when the reference data are there.
#[tokio::test]
async fn a_file_that_cannot_be_read_is_named_and_the_others_go_in() {
    let server = Server::new();
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(dir.path().join("nowhere"), dir.path().join("gone.json")).unwrap();
    let single = json!({"resourceType": "Organization", "id": "asl", "name": "ASL"});
    write(dir.path(), "single.json", single.to_string());
    let summary = load_dir(&server.hub, dir.path(), &|_| {}, Options::default())
        .await
        .unwrap();
    assert_eq!((summary.created, summary.problems.len()), (1, 1));
    assert_eq!(summary.problems[0].file, "gone.json");
}

#[tokio::test]
async fn synthea_goes_in_whole() {
    let folder = std::env::var("SINFONIA_SYNTHEA")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference/synthea").into());
    let Ok(files) = std::fs::read_dir(&folder) else {
        println!("SKIPPED: no Synthea bundles in {folder} (set SINFONIA_SYNTHEA)");
        return;
    };
    let mut files: Vec<_> = files
        .map(|f| f.unwrap())
        .filter(|f| f.path().extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort_by_key(|f| f.metadata().unwrap().len());
    let server = Server::new();
    let mut expected = std::collections::BTreeMap::<String, std::collections::BTreeSet<String>>::new();
    let dir = tempfile::tempdir().unwrap();
    for file in files.iter().take(4) {
        let text = std::fs::read(file.path()).unwrap();
        let bundle: Value = serde_json::from_slice(&text).unwrap();
        for entry in bundle["entry"].as_array().unwrap() {
            let id = entry["fullUrl"]
                .as_str()
                .unwrap()
                .trim_start_matches("urn:uuid:")
                .to_owned();
            expected
                .entry(entry["resource"]["resourceType"].as_str().unwrap().into())
                .or_default()
                .insert(id);
        }
        write(dir.path(), file.file_name().to_str().unwrap(), text);
    }
    for again in [false, true] {
        let summary = load_dir(
            &server.hub,
            dir.path(),
            &|_| {},
            Options {
                again,
                ..Options::default()
            },
        )
        .await
        .unwrap();
        assert_eq!(summary.problems, [], "{summary}");
        assert!(!again || (summary.created, summary.updated) == (0, 0), "{summary}");
        for (rtype, ids) in &expected {
            assert_eq!(count(&server, rtype).await, ids.len(), "{rtype}");
        }
    }
    let patient = expected["Patient"].first().unwrap();
    let found = server
        .get(&format!("/Observation?subject=Patient/{patient}&_summary=count"))
        .await
        .json();
    assert!(
        found["total"].as_u64().unwrap() > 0,
        "observations refer to their patient: {found}"
    );
}

/// Larger than what is read at once: its type stands after the entries, and the first refers to the last.
#[tokio::test]
async fn a_large_bundle_is_read_entry_by_entry() {
    let server = Server::new();
    let dir = tempfile::tempdir().unwrap();
    let text = "x".repeat(20_000);
    let last = "urn:uuid:00000000-0000-0000-0000-000000000599";
    let entry = |n: usize| {
        json!({"fullUrl": format!("urn:uuid:00000000-0000-0000-0000-{n:012}"),
            "resource": {"resourceType": "Basic", "id": format!("b{n}"), "code": {"text": text}, "subject": {"reference": last}}})
    };
    let mut entries: Vec<Value> = (0..600).map(entry).collect();
    entries[599]["resource"] = json!({"resourceType": "Patient", "id": "last"});
    entries[3]["resource"]["wrong"] = json!(1);
    let entries = Value::from(entries);
    let bundle = format!("{{\"resourceType\":\"Bundle\",\"entry\":{entries},\"type\":\"collection\"}}");
    assert!(bundle.len() > 8 * 1024 * 1024);
    write(dir.path(), "large.json", bundle);
    let summary = load_dir(&server.hub, dir.path(), &|_| {}, Options::default())
        .await
        .unwrap();
    assert_eq!((summary.created, summary.problems_total), (599, 1), "{summary:?}");
    assert_eq!(summary.problems[0].place, "entry 3");
    assert_eq!(
        server.get("/Basic/b0").await.json()["subject"]["reference"],
        "Patient/last"
    );
    let again = load_dir(&server.hub, dir.path(), &|_| {}, Options::default())
        .await
        .unwrap();
    assert_eq!((again.created, again.unchanged), (0, 599), "{again:?}");
}
