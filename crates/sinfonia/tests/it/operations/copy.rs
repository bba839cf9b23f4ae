//! `sinfonia copy`: there, and back, and served from there.

use super::{Serving, fill, run, status, text};
use postgres_fixture::Database;

/// The table that a copy prints, without the sentence at its end.
fn seals(out: &str) -> Vec<String> {
    let lines = out.lines().filter(|line| line.starts_with(' '));
    lines.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn a_region_goes_to_postgres_and_comes_back_the_same() {
    let Some(database) = Database::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (first, third) = (folder.path().join("primo"), folder.path().join("terzo"));
    let serving = Serving::start(&["--data", text(&first)], &[]);
    fill(&serving);
    let before = serving.ask("GET /fhir/Patient?name=Rossi7&_summary=count", "");
    serving.stop();
    let address = database.address();
    let there = run(&["copy", "--from", text(&first), "--to", &address, "--data", text(&first)]).good();
    let back = run(&["copy", "--from", &address, "--to", text(&third), "--data", text(&first)]).good();
    assert_eq!(seals(&there.out), seals(&back.out));
    assert!(seals(&there.out).len() > 8, "{}", there.out);
    assert!(there.out.contains("access records holds"), "{}", there.out);
    assert!(third.join("internal.key").exists());
    // Both copies serve, and go on where the first one was.
    for arguments in [
        vec!["--data", text(&first), "--store", &address],
        vec!["--data", text(&third)],
    ] {
        let serving = Serving::start(&arguments, &[]);
        let found = serving.ask("GET /fhir/Patient?name=Rossi7&_summary=count", "");
        let total = |answer: &str| answer.split("\"total\":").nth(1).map(|rest| rest[..1].to_owned());
        assert_eq!(total(&found), total(&before), "{found}");
        assert_eq!(status(&serving.ask("GET /fhir/Patient/p39", "")), 410);
        assert!(serving.ask("GET /fhir/Patient/p3/_history", "").contains("Maria"));
        let written = serving.ask("PUT /fhir/Patient/nuovo", r#"{"resourceType":"Patient","id":"nuovo"}"#);
        assert_eq!(status(&written), 201, "{written}");
        let started = serving.ask(
            "POST /orchestrator/instances",
            r#"{"definition":"attesa","variables":{}}"#,
        );
        assert_eq!(status(&started) / 100, 2, "{started}");
        serving.stop();
        let mut doctor = arguments.clone();
        doctor.push("doctor");
        run(&doctor).good();
    }
    let full = run(&["copy", "--from", text(&third), "--to", &address, "--data", text(&third)]);
    assert_eq!(full.code, 1);
    assert!(
        full.sentence().contains("the target must be empty"),
        "{}",
        full.sentence()
    );
}

#[test]
fn an_interrupted_copy_is_no_store_and_goes_on() {
    let Some(database) = Database::new() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (first, other) = (folder.path().join("primo"), folder.path().join("altro"));
    let serving = Serving::start(&["--data", text(&first)], &[]);
    fill(&serving);
    serving.stop();
    let address = database.address();
    let copy = ["copy", "--from", text(&first), "--to", &address, "--data", text(&first)];
    run(&copy).good();
    // As it is when the program is killed in the middle: the later tables are empty, the marks are there.
    database.run(
        "CREATE TABLE copy_mark(name TEXT COLLATE \"C\" PRIMARY KEY, value TEXT NOT NULL);
         INSERT INTO copy_mark SELECT 'rtype', '[' || max(code) || ']' FROM rtype;
         INSERT INTO copy_mark SELECT 'resource', '[' || rid || ']' FROM resource ORDER BY rid OFFSET 20 LIMIT 1;
         DELETE FROM idx WHERE rid > (SELECT (value::json->>0)::bigint FROM copy_mark WHERE name = 'resource');
         DELETE FROM resource WHERE rid > (SELECT (value::json->>0)::bigint FROM copy_mark WHERE name = 'resource');
         TRUNCATE param_many, resource_history, instance, history, timer, wait, lease, definition, outbox, delivery, cursor,
           record, audit_batch, audit_patient, search_param, reindex",
    );
    let served = run(&[
        "--data",
        text(&first),
        "--store",
        &address,
        "serve",
        "--listen",
        "127.0.0.1:0",
    ]);
    assert_eq!(served.code, 4, "{}", served.err);
    assert!(served.sentence().contains("was interrupted"), "{}", served.sentence());
    // Without the stamp it is the copy of something else.
    let foreign = run(&copy);
    assert!(foreign.sentence().contains("something else"), "{}", foreign.sentence());
    let begun = run(&["copy", "--from", text(&first), "--to", text(&other)]).good();
    assert!(begun.out.contains("rows copied"));
    database.run(&format!("INSERT INTO copy_mark VALUES ('', '{}')", stamp(&first)));
    let on = run(&copy).good();
    assert!(
        on.out.contains("goes on") && on.out.contains("hashes of every table agree"),
        "{}",
        on.out
    );
    run(&["--data", text(&first), "--store", &address, "doctor"]).good();
}

/// What the program writes down of a source.
fn stamp(folder: &std::path::Path) -> String {
    use store::transfer::{Source as _, TABLES};
    let store = store_sqlite::SqliteStore::open(folder.join("sinfonia.sqlite"), Default::default()).unwrap();
    let mut source = store.source().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let stamp = runtime.block_on(async {
        let mut counts = Vec::new();
        for table in TABLES {
            counts.push(source.count(table).await.unwrap());
        }
        sinfonia::commands::copy::stamp(&counts, source.numbers().await.unwrap())
    });
    drop(source);
    store.close();
    stamp
}
