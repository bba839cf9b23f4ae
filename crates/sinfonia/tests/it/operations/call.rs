//! `sinfonia call`: the interfaces from the command line, with the rights of an account.

use super::{Ran, Serving, program, status, text};
use std::io::Write as _;
use std::process::Stdio;

const PASSWORD: &str = "una-frase-lunga-e-buona";

/// The program with a line on standard input.
fn with_line(arguments: &[&str], line: &str) -> Ran {
    let mut command = program(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{line}").unwrap();
    Ran::of(child.wait_with_output().unwrap())
}

/// A data folder with a person and two accounts.
struct Region {
    folder: tempfile::TempDir,
}

impl Region {
    fn new() -> Self {
        let region = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let data = region.file("dati");
        let serving = Serving::start(&["--data", &data], &[]);
        let person = r#"{"resourceType":"Patient","id":"p","active":true,"gender":"female","birthDate":"1946-03-12",
            "name":[{"family":"D'Amico","given":["Rosa Maria"]}]}"#;
        assert_eq!(status(&serving.ask("PUT /fhir/Patient/p", person)), 201);
        serving.stop();
        for (name, role, subject) in [
            ("sportello", "operatore-anagrafe", "Practitioner/a"),
            ("infermiera", "infermiere", "Practitioner/b"),
        ] {
            let account = ["account", name, "--role", role, "--subject", subject];
            region.run(&account, PASSWORD).good();
        }
        region
    }

    fn file(&self, name: &str) -> String {
        text(&self.folder.path().join(name)).to_owned()
    }

    fn run(&self, more: &[&str], line: &str) -> Ran {
        with_line(&[&["--data", &self.file("dati")][..], more].concat(), line)
    }
}

const SEARCH: [&str; 5] = [
    "call",
    "GET",
    "/citizens/search?text=damico rosa",
    "--account",
    "sportello",
];

#[test]
fn the_registries_are_asked_on_the_command_line_with_the_rights_of_an_account() {
    let region = Region::new();
    let found = region.run(&SEARCH, PASSWORD).good();
    let value: serde_json::Value = serde_json::from_str(&found.out).expect("JSON");
    assert!(
        found.out.contains("D'Amico") && found.out.lines().count() > 3,
        "{}",
        found.out
    );
    assert!(value.is_object() || value.is_array());

    // Rights are those of the account; a wrong password is none.
    let body = region.file("corpo.json");
    std::fs::write(
        &body,
        r#"{"resourceType":"Patient","active":true,"name":[{"family":"Nuova"}]}"#,
    )
    .unwrap();
    let create = |account: &str, password: &str| {
        let asked = ["call", "POST", "/fhir/Patient", "--account", account, "--body", &body];
        region.run(&asked, password)
    };
    let refused = create("infermiera", PASSWORD);
    assert_eq!(refused.code, 1, "{}", refused.out);
    assert!(
        refused.out.contains("OperationOutcome") && refused.sentence().contains("403"),
        "{}",
        refused.err
    );
    let unknown = create("sportello", "un-altra-frase-lunga");
    assert!(
        unknown.code == 1 && unknown.sentence().contains("401"),
        "{}",
        unknown.err
    );
    let wrong = region.run(&["call", "GET", "citizens/search", "--account", "sportello"], "");
    assert_eq!(wrong.code, 3, "{}", wrong.err);
}

#[test]
fn a_program_that_serves_is_asked_in_the_place_of_its_file() {
    let region = Region::new();
    let here = region.run(&SEARCH, PASSWORD).good();
    let data = region.file("dati");
    let serving = Serving::start(&["--data", &data], &[]);
    let held = region.run(&SEARCH, PASSWORD);
    assert_eq!(held.code, 5, "{}", held.err);
    let (server, file) = (format!("http://127.0.0.1:{}", serving.port), region.file("parola"));
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let more = ["--server", &server, "--password-file", &file];
    let there = region.run(&[&SEARCH[..], &more].concat(), "").good();
    assert_eq!(there.out, here.out);
    serving.stop();
}
