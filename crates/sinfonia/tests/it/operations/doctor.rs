//! `sinfonia doctor` finds what is wrong: each thing is broken here on purpose.

use super::{Ran, Serving, fill, run, text};
use std::path::Path;
use std::process::Command;

fn doctor(folder: &Path, more: &[&str]) -> Ran {
    let mut all = vec!["--data", text(folder), "doctor", "--lang", "en"];
    all.extend(more);
    run(&all)
}

/// Changes the file of the store behind the program's back; `None` without python3.
fn sql(folder: &Path, statements: &str) -> Option<()> {
    let script =
        "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.executescript(sys.argv[2]); c.commit(); c.close()";
    let mut python = Command::new("python3");
    let ran = python
        .args(["-c", script])
        .arg(folder.join("sinfonia.sqlite"))
        .arg(statements)
        .output();
    match ran {
        Ok(ran) => {
            assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
            Some(())
        }
        Err(_) => {
            eprintln!("SKIPPED: there is no python3 that damages a store");
            None
        }
    }
}

/// A certificate that is valid for so many days; `None` without openssl.
fn certificate(folder: &Path, days: &str) -> Option<String> {
    let (key, chain) = (folder.join("key.pem"), folder.join(format!("{days}.pem")));
    let mut openssl = Command::new("openssl");
    openssl.args([
        "req",
        "-x509",
        "-nodes",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
    ]);
    openssl.args([
        "-subj",
        "/CN=localhost",
        "-days",
        days,
        "-keyout",
        text(&key),
        "-out",
        text(&chain),
    ]);
    if openssl.output().is_ok_and(|made| made.status.success()) {
        return Some(text(&chain).to_owned());
    }
    eprintln!("SKIPPED: there is no openssl that makes a certificate");
    None
}

#[test]
fn what_is_in_order_and_certificates_that_end() {
    let folder = tempfile::tempdir().unwrap();
    Serving::start(&["--data", text(folder.path())], &[]).stop();
    let found = doctor(folder.path(), &["--full"]);
    for part in [
        "Disk: ",
        "Clock: ",
        "Certificate: ",
        "Store: ",
        "Record of accesses: ",
        "Waiting work: nothing",
    ] {
        assert!(found.out.contains(part), "{part}\n{}", found.out);
    }
    assert!(found.out.contains("reaches the medium in"), "{}", found.out);
    let missing = doctor(folder.path(), &["--tls-cert", "/non/esiste.pem"]);
    assert_eq!(missing.code, 1);
    assert!(missing.out.contains("/non/esiste.pem"), "{}", missing.out);
    missing.sentence();
    let (Some(soon), Some(late)) = (certificate(folder.path(), "10"), certificate(folder.path(), "400")) else {
        return;
    };
    let told = |chain: &str| doctor(folder.path(), &["--tls-cert", chain]).out;
    let warned = told(&soon);
    assert!(
        warned.contains("WARNING") && warned.contains("days: renew it"),
        "{warned}"
    );
    assert!(told(&late).contains("more days"));
    let italian = run(&["--data", text(folder.path()), "doctor"]);
    assert!(italian.out.contains("Orologio: "), "{}", italian.out);
}

#[test]
fn work_that_does_not_come_on_an_index_that_lacks_a_row_and_a_chain_that_is_broken() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let serving = Serving::start(&["--data", text(folder)], &[]);
    fill(&serving);
    serving.stop();
    let Some(()) = sql(folder, "UPDATE timer SET due = 1") else {
        return;
    };
    let late = doctor(folder, &[]);
    assert!(late.out.contains("timers are due, the oldest since"), "{}", late.out);
    sql(
        folder,
        "DELETE FROM idx WHERE (param, key, rid) = (SELECT param, key, rid FROM idx LIMIT 1)",
    )
    .unwrap();
    let index = doctor(folder, &["--full"]);
    assert_eq!(index.code, 1, "{}", index.out);
    assert!(index.out.contains("ERROR      Store: "), "{}", index.out);
    assert!(index.out.contains("none changed"), "{}", index.out);
    sql(
        folder,
        "DELETE FROM audit_batch WHERE n = (SELECT max(n) / 2 FROM audit_batch)",
    )
    .unwrap();
    let chain = doctor(folder, &[]);
    assert_eq!(chain.code, 1, "{}", chain.out);
    assert!(chain.out.contains("the chain is broken"), "{}", chain.out);
    chain.sentence();
    sql(folder, "PRAGMA user_version = 99").unwrap();
    let newer = doctor(folder, &[]);
    assert_eq!(newer.code, 4, "{}", newer.err);
    assert!(newer.sentence().contains("version 99"), "{}", newer.err);
}
