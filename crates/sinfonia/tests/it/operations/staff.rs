//! `sinfonia staff`: a file for a higher body, and its receipt.

use super::{Serving, run, status, text};

const PERSON: &str = r#"{"resourceType":"Practitioner","id":"rossi","active":true,"gender":"male","birthDate":"1980-01-01",
    "identifier":[{"system":"http://hl7.it/sid/codiceFiscale","value":"RSSMRA80A01H501U"}],
    "name":[{"family":"Rossi","given":["Mario"]}]}"#;
const WITHOUT_CODE: &str =
    r#"{"resourceType":"Practitioner","id":"verdi","active":true,"name":[{"family":"Verdi","given":["Anna"]}]}"#;
const UNIT: &str = r#"{"resourceType":"Organization","id":"asl","active":true,"name":"ASL"}"#;

fn role(id: &str, who: &str) -> String {
    format!(
        r#"{{"resourceType":"PractitionerRole","id":"{id}","active":true,"practitioner":{{"reference":"Practitioner/{who}"}},
        "organization":{{"reference":"Organization/asl"}},"period":{{"start":"2026-01-01"}},
        "code":[{{"coding":[{{"system":"https://sinfonia.it/fhir/CodeSystem/role","code":"infermiere"}}]}}],
        "extension":[{{"url":"https://sinfonia.it/fhir/StructureDefinition/contratto","valueCode":"dipendente"}}]}}"#
    )
}

#[test]
fn a_file_is_made_on_the_command_line_and_its_receipt_taken() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("dati");
    let at = ["--data", text(&data)];
    let with = |more: &[&str]| run(&[&at[..], more].concat());
    let layouts = with(&["staff", "layouts"]).good().out;
    assert!(
        layouts.contains("personale-conto-annuale\tunverified\tPersonale in servizio"),
        "{layouts}"
    );
    let serving = Serving::start(&at, &[]);
    for (path, body) in [
        ("Organization/asl", UNIT),
        ("Practitioner/rossi", PERSON),
        ("Practitioner/verdi", WITHOUT_CODE),
        ("PractitionerRole/a", &role("a", "rossi")),
        ("PractitionerRole/b", &role("b", "verdi")),
    ] {
        let put = serving.ask(&format!("PUT /fhir/{path}"), body);
        assert_eq!(status(&put), 201, "{put}");
    }
    serving.stop();
    let out = folder.path().join("personale.csv");
    let export =
        |layout: &str, day: &str| with(&["staff", "export", "--layout", layout, "--day", day, "--out", text(&out)]);
    let made = export("personale-conto-annuale", "2026-11-22").good().out;
    assert!(made.contains("left out: Anna Verdi: CODICE_FISCALE: "), "{made}");
    assert!(made.contains("1 rows, 1 left out, sha256 "), "{made}");
    let file = std::fs::read_to_string(&out).unwrap();
    assert!(
        file.contains("RSSMRA80A01H501U;Rossi;Mario;M;01/01/1980;;TI;;;asl;01/01/2026;;"),
        "{file}"
    );
    for (layout, day, told) in [
        ("nessuno", "2026-11-22", "`sinfonia staff layouts` lists them"),
        ("personale-conto-annuale", "22/11/2026", "is no date (2026-12-31)"),
    ] {
        let refused = export(layout, day);
        assert_ne!(refused.code, 0);
        assert!(refused.sentence().contains(told), "{}", refused.err);
    }
    let id = made.lines().last().unwrap().split(':').next().unwrap().to_owned();
    let receipt = folder.path().join("ricevuta.csv");
    std::fs::write(
        &receipt,
        "CODICE_FISCALE;ESITO;MESSAGGIO\nRSSMRA80A01H501U;OK;\nALTRO;KO;chi è\n",
    )
    .unwrap();
    let take = |run: &str| with(&["staff", "receipt", "--run", run, "--file", text(&receipt)]);
    let taken = take(&id).good().out;
    assert_eq!(taken.trim(), "1 rows accepted, 0 refused, 1 lines of no row");
    assert!(take("invio-altro").sentence().contains("there is no run 'invio-altro'"));
}
