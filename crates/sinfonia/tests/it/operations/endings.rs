//! How the program ends when something is wrong: one sentence, a code, nothing damaged.

use super::{Serving, fill, program, run, status, text};
use std::net::TcpListener;
use std::path::Path;

fn served(folder: &Path) {
    let serving = Serving::start(&["--data", text(folder)], &[]);
    serving.stop();
}

fn serve(folder: &Path) -> super::Ran {
    run(&["--data", text(folder), "serve", "--listen", "127.0.0.1:0"])
}

fn bytes(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("sinfonia.sqlite")).unwrap()
}

#[test]
fn a_broken_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sinfonia.toml");
    std::fs::write(&file, "[serve]\nlisten = \"127.0.0.1:0\"\nlisen = \"x\"\n").unwrap();
    let ran = run(&["--config", text(&file), "serve"]);
    assert_eq!(ran.code, 3);
    let said = ran.sentence();
    assert!(said.contains("line 3") && said.contains("serve.listen"), "{said}");
    std::fs::write(&file, "[access]\nidentity_providers = \"/non/esiste.json\"\n").unwrap();
    for what in [vec!["serve"], vec!["config", "check"]] {
        let mut arguments = vec!["--config", text(&file), "--data", text(folder.path())];
        arguments.extend(&what);
        let ran = run(&arguments);
        assert_eq!(ran.code, 3, "{what:?}: {}", ran.err);
        assert!(ran.sentence().contains("/non/esiste.json"), "{}", ran.err);
    }
    std::fs::write(&file, "[tls]\ncert = \"/a.pem\"\n").unwrap();
    assert!(
        run(&["--config", text(&file), "config", "check"])
            .sentence()
            .contains("key")
    );
    assert!(!folder.path().join("sinfonia.sqlite").exists(), "nothing was begun");
    let missing = run(&["--config", "/non/esiste.toml", "serve"]);
    assert_eq!(missing.code, 3);
}

#[test]
fn the_example_is_right_and_secrets_are_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    let example = run(&["config", "example"]).good().out;
    let file = folder.path().join("sinfonia.toml");
    std::fs::write(&file, &example).unwrap();
    run(&["--config", text(&file), "config", "check"]).good();
    let shown = program(&["--config", text(&file), "config", "show"])
        .env("SINFONIA_STORE", "postgres://u:segreto@h/d")
        .env("SINFONIA_HISTORY", "last:3")
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(!shown.contains("segreto") && shown.contains("u:***@h/d"), "{shown}");
    assert!(shown.contains("history = \"last:3\"  # environment"), "{shown}");
    assert!(shown.contains("listen = \"127.0.0.1:8080\"  # file"), "{shown}");
}

#[test]
fn a_newer_schema_a_foreign_file_and_an_older_schema() {
    let folder = tempfile::tempdir().unwrap();
    served(folder.path());
    let file = folder.path().join("sinfonia.sqlite");
    let version = |to: i64| {
        let status = std::process::Command::new("python3")
            .args(["-c", "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.execute('PRAGMA user_version='+sys.argv[2]); c.execute('PRAGMA wal_checkpoint(TRUNCATE)'); c.close()"])
            .arg(&file)
            .arg(to.to_string())
            .status();
        status.is_ok_and(|status| status.success())
    };
    if version(99) {
        let before = bytes(folder.path());
        let ran = serve(folder.path());
        assert_eq!(ran.code, 4);
        assert!(ran.sentence().contains("version 99"), "{}", ran.err);
        assert!(before == bytes(folder.path()), "the file is as it was");
    } else {
        eprintln!("SKIPPED: there is no python3 that writes another schema version");
    }
    older_schemas();
    let foreign = tempfile::tempdir().unwrap();
    std::fs::write(
        foreign.path().join("sinfonia.sqlite"),
        b"this is no database at all, only a text of some length",
    )
    .unwrap();
    let ran = serve(foreign.path());
    assert!(ran.code != 0 && ran.sentence().contains("SQLite"), "{}", ran.err);
    assert!(bytes(foreign.path()).starts_with(b"this is"));
}

/// A file of schema 7 (what later steps add is taken out of a new one) is brought forward; a damaged one is refused and left alone.
fn older_schemas() {
    let folder = tempfile::tempdir().unwrap();
    served(folder.path());
    let sql = |statements: &str| {
        let script = "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.executescript(sys.argv[2]); print(c.execute('PRAGMA user_version').fetchone()[0]); c.execute('PRAGMA wal_checkpoint(TRUNCATE)'); c.close()";
        let mut python = std::process::Command::new("python3");
        let ran = python
            .args(["-c", script])
            .arg(folder.path().join("sinfonia.sqlite"))
            .arg(statements);
        let ran = ran.output().ok().filter(|ran| ran.status.success());
        ran.map(|ran| String::from_utf8_lossy(&ran.stdout).trim().to_owned())
    };
    let Some(newest) = sql("") else {
        return eprintln!("SKIPPED: there is no python3 that writes another schema version");
    };
    sql("DROP TABLE audit_anchor; PRAGMA user_version = 8").unwrap();
    served(folder.path());
    assert_eq!(sql("").unwrap(), newest, "from version 8");
    sql("DROP TABLE audit_anchor; ALTER TABLE audit_batch DROP COLUMN chain; PRAGMA user_version = 7").unwrap();
    served(folder.path());
    assert_eq!(sql("").unwrap(), newest, "from version 7");
    // It says version 8 and has what version 9 adds.
    sql("PRAGMA user_version = 8").unwrap();
    let before = bytes(folder.path());
    let ran = serve(folder.path());
    assert_eq!(ran.code, 4, "{}", ran.err);
    assert!(ran.sentence().contains("migration 9 failed"), "{}", ran.err);
    assert!(before == bytes(folder.path()), "the file is as it was");
}

#[test]
fn a_store_in_use_and_an_address_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(&["--data", text(folder.path())], &[]);
    let ran = serve(folder.path());
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(ran.sentence().contains("in use"), "{}", ran.err);
    let port = format!("127.0.0.1:{}", serving.port);
    let other = tempfile::tempdir().unwrap();
    let ran = run(&["--data", text(other.path()), "serve", "--listen", &port]);
    assert_eq!(ran.code, 7, "{}", ran.err);
    assert!(ran.sentence().contains("another program"), "{}", ran.err);
    serving.stop();
    // A port that nothing answers at.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("host=127.0.0.1 port={nobody} user=x dbname=x password=segreto");
    let ran = run(&[
        "--data",
        text(other.path()),
        "--store",
        &address,
        "serve",
        "--listen",
        "127.0.0.1:0",
    ]);
    assert_eq!(ran.code, 8, "{}", ran.err);
    assert!(!ran.err.contains("segreto"));
}

/// A file system of a few megabytes, unmounted at the end.
struct Small(tempfile::TempDir);

impl Small {
    fn new(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder.path())
            .output();
        if mount.is_ok_and(|output| output.status.success()) {
            return Some(Self(folder));
        }
        eprintln!("SKIPPED: a full disk wants a file system of its own, which only root can mount");
        None
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg("-l")
            .arg(self.0.path())
            .status();
    }
}

#[test]
fn a_full_disk() {
    let Some(small) = Small::new("24m") else { return };
    let data = small.0.path().join("dati");
    let serving = Serving::start(&["--data", text(&data)], &[]);
    fill(&serving);
    let ballast = small.0.path().join("zavorra");
    // Until nothing goes in any more.
    let mut file = std::fs::File::create(&ballast).unwrap();
    while std::io::Write::write_all(&mut file, &[7; 4096]).is_ok() {}
    drop(file);
    let large = format!(
        r#"{{"resourceType":"Basic","code":{{"text":"{}"}}}}"#,
        "x".repeat(600_000)
    );
    let mut answers = Vec::new();
    while !answers.contains(&507) && answers.len() < 20 {
        answers.push(status(&serving.ask("POST /fhir/Basic", &large)));
    }
    assert!(answers.contains(&507), "{answers:?}");
    assert!(answers.iter().all(|code| [201, 503, 507].contains(code)), "{answers:?}");
    let ready = serving.ask("GET /health/ready", "");
    assert!(status(&ready) == 503 && ready.contains("the disk is full"), "{ready}");
    assert_eq!(status(&serving.ask("GET /health/live", "")), 200);
    std::fs::remove_file(&ballast).unwrap();
    let again = serving.ask("PUT /fhir/Patient/dopo", r#"{"resourceType":"Patient","id":"dopo"}"#);
    assert_eq!(status(&again), 201, "with space it goes on: {again}");
    serving.stop();
    let mut file = std::fs::File::create(&ballast).unwrap();
    while std::io::Write::write_all(&mut file, &[7; 512]).is_ok() {}
    drop(file);
    let other = small.0.path().join("altri");
    let ran = serve(&other);
    assert_eq!(ran.code, 6, "{}", ran.err);
    ran.sentence();
    std::fs::remove_file(&ballast).unwrap();
    let doctor = run(&["--data", text(&data), "doctor", "--lang", "en"]);
    assert!(
        doctor.out.contains("sound") && doctor.out.contains("none changed"),
        "{}\n{}",
        doctor.out,
        doctor.err
    );
    assert!(doctor.code == 1 && doctor.out.contains("GB are free"), "{}", doctor.out);
}
