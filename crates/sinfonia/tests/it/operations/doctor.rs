//! `sinfonia doctor` finds what is wrong: each thing is broken here on purpose.

use super::{Ran, Serving, fill, program, run, status, text};
use postgres_fixture::Database;
use proof::chaos::{Control, Shim};
use std::path::Path;
use std::process::Command;
use store::{Clock as _, SystemClock};

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

/// A machine whose clock and disk are what a test says.
struct Machine {
    folder: tempfile::TempDir,
    control: Control,
    shim: Shim,
}

impl Machine {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            control: Control::new(folder.path().join("control")).unwrap(),
            shim: Shim::build(folder.path()).unwrap(),
            folder,
        }
    }

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// What the doctor says there, in Italian.
    fn doctor(&self, more: &[&str]) -> Ran {
        let data = self.data();
        let mut all = vec!["--data", text(&data), "doctor"];
        all.extend(more);
        let environment = self.shim.environment(&self.control);
        Ran::of(program(&all).envs(environment).output().unwrap())
    }
}

/// The line about a part.
fn line<'a>(ran: &'a Ran, part: &str) -> &'a str {
    let mark = format!(" {part}: ");
    let found = ran.out.lines().rfind(|line| line.contains(&mark));
    found.unwrap_or_else(|| panic!("nothing about '{part}':\n{}\n{}", ran.out, ran.err))
}

#[test]
fn a_clock_that_is_wrong_and_a_disk_that_is_slow() {
    let machine = Machine::new();
    let serving = Serving::start(&["--data", text(&machine.data())], &[]);
    let patient = r#"{"resourceType":"Patient","id":"a"}"#;
    assert_eq!(status(&serving.ask("PUT /fhir/Patient/a", patient)), 201);
    serving.stop();
    let right = machine.doctor(&[]);
    assert!(line(&right, "Orologio").starts_with("bene"), "{}", right.out);
    assert_eq!(right.code, 0, "{}", right.out);

    machine.control.clock(-3_600).unwrap();
    let behind = machine.doctor(&[]);
    let told = line(&behind, "Orologio");
    let seconds: i64 = told
        .split(" secondi indietro")
        .next()
        .and_then(|before| before.rsplit(' ').next()?.replace('.', "").parse().ok())
        .unwrap_or_else(|| panic!("{told}"));
    // The test itself takes some of the hour.
    assert!((3_000..=3_600).contains(&seconds), "{told}");
    assert!(
        told.starts_with("ERRORE") && told.contains("attivare la sincronizzazione (NTP)"),
        "{told}"
    );
    assert_eq!(behind.code, 1);
    assert!(behind.sentence().contains("c'è un problema"), "{}", behind.err);

    // A battery that is empty: a machine begins in 1970 or a little later.
    machine.control.clock(-40 * 365 * 86_400).unwrap();
    let unset = machine.doctor(&[]);
    let told = line(&unset, "Orologio");
    assert!(
        told.starts_with("ERRORE") && told.contains("prima della data di questo programma: impostarla"),
        "{told}"
    );

    machine.control.clock(0).unwrap();
    machine.control.flush_delay(30).unwrap();
    let slow = machine.doctor(&[]);
    let told = line(&slow, "Disco");
    assert!(
        told.starts_with("ATTENZIONE") && told.contains("usare un disco locale"),
        "{told}"
    );
    let micros: u64 = told
        .split(" µs")
        .next()
        .and_then(|before| before.rsplit(' ').next()?.parse().ok())
        .unwrap_or_else(|| panic!("{told}"));
    assert!(micros >= 30_000, "{told}");
    assert_eq!(slow.code, 0, "a slow disk works");
}

#[tokio::test]
async fn a_clock_that_is_not_the_databases_and_one_of_another_node() {
    let Some(database) = Database::new() else { return };
    let (machine, address) = (Machine::new(), database.address());
    let serving = Serving::start(&["--data", text(&machine.data()), "--store", &address], &[]);
    let told = |machine: &Machine| {
        let ran = machine.doctor(&["--store", &address]);
        let lines = ran.out.lines().filter(|line| line.contains(" Orologio: "));
        (lines.map(str::to_owned).collect::<Vec<_>>(), ran.code)
    };
    let (right, code) = told(&machine);
    assert!(right.len() == 1 && right[0].starts_with("bene"), "{right:?}");
    assert_eq!(code, 0);
    machine.control.clock(3_600).unwrap();
    let (ahead, code) = told(&machine);
    assert!(
        ahead.len() == 1 && ahead[0].starts_with("ERRORE") && ahead[0].contains("questa macchina differisce di 3"),
        "{ahead:?}"
    );
    assert_eq!(code, 1);
    machine.control.clock(0).unwrap();
    let other = store_postgres::PostgresStore::open(&address, store_postgres::Options::default());
    let other = other.await.unwrap();
    let wrong = SystemClock.now() - jiff::SignedDuration::from_secs(90);
    assert!(other.note_clock(|| wrong).await.unwrap() <= -90_000);
    let (node, code) = told(&machine);
    assert!(
        node.len() == 1 && node[0].contains("l'orologio del nodo local differisce di -9"),
        "{node:?}"
    );
    assert_eq!(code, 1);
    other.note_clock(|| SystemClock.now()).await.unwrap();
    assert_eq!(told(&machine).1, 0, "it was set right");
    other.close().await;
    serving.stop();
}

#[test]
fn a_certificate_that_is_not_valid_yet_ends_soon_or_is_over() {
    let machine = Machine::new();
    Serving::start(&["--data", text(&machine.data())], &[]).stop();
    let Some(chain) = certificate(machine.folder.path(), "40") else {
        return;
    };
    let at = |days: i64| {
        machine.control.clock(days * 86_400 + 60).unwrap();
        let found = machine.doctor(&["--tls-cert", &chain]);
        (line(&found, "Certificato").to_owned(), found.code)
    };
    let (valid, code) = at(0);
    assert!(
        valid.starts_with("bene") && valid.contains("valido ancora 39 giorni"),
        "{valid}"
    );
    assert_eq!(code, 0);
    let (soon, code) = at(30);
    assert!(
        soon.starts_with("ATTENZIONE") && soon.ends_with("scade fra 9 giorni: rinnovarlo"),
        "{soon}"
    );
    assert_eq!(code, 0, "it is valid");
    let (last, _) = at(39);
    assert!(
        last.starts_with("ATTENZIONE") && last.ends_with("scade entro un giorno: rinnovarlo"),
        "{last}"
    );
    let (over, code) = at(40);
    assert!(
        over.starts_with("ERRORE") && over.contains("scaduto: i browser rifiutano la connessione; rinnovarlo subito"),
        "{over}"
    );
    assert_eq!(code, 1);
    let (early, code) = at(-2);
    assert!(
        early.starts_with("ERRORE") && early.contains("non ancora valido: controllare l'ora"),
        "{early}"
    );
    assert_eq!(code, 1);
    std::fs::write(&chain, "non è un certificato").unwrap();
    let (unreadable, code) = at(0);
    assert!(
        unreadable.starts_with("ERRORE") && unreadable.contains("in formato PEM"),
        "{unreadable}"
    );
    assert_eq!(code, 1);
}

/// A process that throws a message for which nobody waits.
const THROWS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">
  <bpmn:message id="m" name="referto"/>
  <bpmn:process id="manda" isExecutable="true">
    <bpmn:startEvent id="inizio"/>
    <bpmn:sequenceFlow id="a" sourceRef="inizio" targetRef="invio"/>
    <bpmn:intermediateThrowEvent id="invio"><bpmn:messageEventDefinition messageRef="m"/></bpmn:intermediateThrowEvent>
    <bpmn:sequenceFlow id="b" sourceRef="invio" targetRef="fine"/>
    <bpmn:endEvent id="fine"/>
  </bpmn:process>
</bpmn:definitions>"#;

#[test]
fn an_event_that_nothing_sends() {
    let machine = Machine::new();
    let serving = Serving::start(&["--data", text(&machine.data())], &[]);
    let files = serde_json::json!({"files": [{"name": "manda.bpmn", "content": THROWS}]}).to_string();
    let deployed = serving.ask("POST /orchestrator/deployments", &files);
    assert_eq!(status(&deployed) / 100, 2, "{deployed}");
    let started = serving.ask(
        "POST /orchestrator/instances",
        r#"{"definition":"manda","businessKey":"k","variables":{}}"#,
    );
    assert_eq!(status(&started) / 100, 2, "{started}");
    serving.stop();
    let waits = machine.doctor(&[]);
    assert_eq!(
        line(&waits, "Lavoro in attesa"),
        "bene       Lavoro in attesa: niente di fermo"
    );
    // The message is kept for a day, then dropped: a program that does not serve leaves it where it is.
    machine.control.clock(24 * 3_600 + 900).unwrap();
    let stuck = machine.doctor(&[]);
    let told = line(&stuck, "Lavoro in attesa");
    assert!(
        told.starts_with("ATTENZIONE")
            && told.contains(
                "un evento è fermo in uscita da più di dieci minuti: l'invio riprende quando il programma serve"
            ),
        "{told}"
    );
}
