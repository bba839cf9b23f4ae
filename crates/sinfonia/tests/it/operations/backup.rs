//! `sinfonia backup` and `sinfonia restore`.

use super::{Serving, fill, run, status, text};
use postgres_fixture::Database;

#[test]
fn a_backup_is_made_while_the_program_serves_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (data, back) = (at("dati"), at("ripresa"));
    let serving = Serving::start(&["--data", text(&data)], &[]);
    fill(&serving);
    let (plain, sealed, key, other) = (at("copia"), at("cifrata"), at("chiave"), at("altra"));
    run(&["backup", "key", text(&key)]).good();
    run(&["backup", "key", text(&other)]).good();
    run(&["--data", text(&data), "backup", "--to", text(&plain)]).good();
    run(&[
        "--data",
        text(&data),
        "backup",
        "--to",
        text(&sealed),
        "--key-file",
        text(&key),
    ])
    .good();
    let written = serving.ask("PUT /fhir/Patient/dopo", r#"{"resourceType":"Patient","id":"dopo"}"#);
    assert_eq!(status(&written), 201, "it goes on serving: {written}");
    serving.stop();
    let verified = run(&["backup", "verify", text(&plain)]).good().out;
    assert!(
        verified.contains("the store is sound") && verified.contains("access records holds"),
        "{verified}"
    );
    let verified = run(&["backup", "verify", text(&sealed), "--key-file", text(&key)])
        .good()
        .out;
    assert!(verified.contains("with the key of the installation"), "{verified}");
    let whole = std::fs::read(&sealed).unwrap();
    assert!(
        !contains(&whole, b"Rossi") && !contains(&whole, b"SQLite"),
        "it is encrypted"
    );
    nobody_reads_it_without_its_key(&sealed, &other);
    damaged_ones_are_refused(&plain, &at("guasta"));
    let restore = [
        "--data",
        text(&back),
        "restore",
        "--from",
        text(&sealed),
        "--key-file",
        text(&key),
    ];
    run(&restore).good();
    let twice = run(&restore);
    assert!(
        twice.code == 1 && twice.sentence().contains("never overwrites"),
        "{}",
        twice.err
    );
    assert_eq!(
        std::fs::read(data.join("internal.key")).unwrap(),
        std::fs::read(back.join("internal.key")).unwrap()
    );
    let serving = Serving::start(&["--data", text(&back)], &[]);
    assert_eq!(status(&serving.ask("GET /fhir/Patient/p3", "")), 200);
    assert_eq!(
        status(&serving.ask("GET /fhir/Patient/dopo", "")),
        404,
        "it was written after the backup"
    );
    serving.stop();
}

fn nobody_reads_it_without_its_key(sealed: &std::path::Path, other: &std::path::Path) {
    for wrong in [vec!["--key-file", text(other)], vec![]] {
        let mut arguments = vec!["backup", "verify", text(sealed)];
        arguments.extend(wrong);
        let ran = run(&arguments);
        assert!(ran.code == 1 && ran.sentence().contains("key"), "{}", ran.err);
    }
}

/// Cut off, changed in the middle, and no backup at all.
fn damaged_ones_are_refused(plain: &std::path::Path, damaged: &std::path::Path) {
    for change in 0..3 {
        let mut bytes = std::fs::read(plain).unwrap();
        match change {
            0 => bytes.truncate(bytes.len() - 7),
            1 => {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
            }
            _ => bytes[0] = b'X',
        }
        std::fs::write(damaged, bytes).unwrap();
        let ran = run(&["backup", "verify", text(damaged)]);
        assert_eq!(ran.code, 1, "{change}: {}", ran.out);
        ran.sentence();
    }
}

fn contains(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_backup_of_postgres_comes_back_into_postgres() {
    let (Some(database), Some(empty)) = (Database::new(), Database::new()) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("dati"), folder.path().join("copia"));
    let (address, goal) = (database.address(), empty.address());
    let serving = Serving::start(&["--data", text(&data), "--store", &address], &[]);
    fill(&serving);
    run(&[
        "--data",
        text(&data),
        "--store",
        &address,
        "backup",
        "--to",
        text(&file),
    ])
    .good();
    serving.stop();
    run(&["backup", "verify", text(&file)]).good();
    run(&[
        "--data",
        text(&data),
        "--store",
        &goal,
        "restore",
        "--from",
        text(&file),
    ])
    .good();
    let serving = Serving::start(&["--data", text(&data), "--store", &goal], &[]);
    assert!(serving.ask("GET /fhir/Patient/p3/_history", "").contains("Maria"));
    serving.stop();
}
