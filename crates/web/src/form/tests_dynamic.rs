//! Rows, computed parts, patterns and files, there and back.

use super::{About, Completed, Form, Posted, Prefill, Uploaded};
use crate::Texts;
use jiff::civil::date;
use serde_json::{Map, Value, json};

const SDC: &str = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-";
const EXT: &str = "http://hl7.org/fhir/StructureDefinition/";

fn feel(url: &str, expression: &str) -> Value {
    json!({ "url": url, "valueExpression": { "language": "text/feel", "expression": expression } })
}

fn form() -> Form {
    let table = json!({ "url": "https://sinfonia.it/fhir/StructureDefinition/questionnaire-table", "extension": [
        { "url": "source", "valueString": "visite" },
        { "url": "column", "extension": [{ "url": "key", "valueString": "giorno" }, { "url": "label", "valueString": "Giorno" }] }] });
    let questionnaire = json!({ "resourceType": "Questionnaire", "id": "d", "title": "D", "status": "active", "item": [
        { "linkId": "saluto", "type": "display", "text": "…",
          "_text": { "extension": [feel(&format!("{EXT}cqf-expression"), "\"Ciao **\" + nome + \"**\"")] } },
        { "linkId": "visite-tabella", "type": "display", "text": "Visite", "extension": [table] },
        { "linkId": "farmaci", "type": "group", "text": "Farmaci", "repeats": true, "required": true, "item": [
            { "linkId": "nome_farmaco", "type": "string", "text": "Nome", "required": true },
            { "linkId": "dose", "type": "decimal", "text": "Dose" },
            { "linkId": "perche", "type": "string", "text": "Perché così tanto?", "required": true,
              "enableWhen": [{ "question": "dose", "operator": ">", "answerDecimal": 10 }] }] },
        { "linkId": "sede", "type": "choice", "text": "Sede", "extension": [feel(&format!("{SDC}answerExpression"), "sedi")] },
        { "linkId": "cf", "type": "string", "text": "Codice", "maxLength": 6, "extension": [
            { "url": format!("{EXT}minLength"), "valueInteger": 3 },
            { "url": format!("{EXT}regex"), "valueString": "^[A-Z]+$" }] },
        { "linkId": "somma", "type": "string", "text": "Somma", "extension": [
            feel(&format!("{SDC}calculatedExpression"), "sum(for f in farmaci return f.dose)"),
            { "url": format!("{EXT}questionnaire-hidden"), "valueBoolean": true }] },
        { "linkId": "motivo", "type": "string", "text": "Motivo", "required": true,
          "extension": [feel(&format!("{SDC}enableWhenExpression"), "(count(farmaci) < 2) != true")] },
        { "linkId": "segreto", "type": "string", "text": "Segreto", "required": true,
          "extension": [feel(&format!("{SDC}enableWhenExpression"), "nome = \"Bea\"")] },
        { "linkId": "referto", "type": "attachment", "text": "Referto", "repeats": true,
          "extension": [{ "url": format!("{EXT}mimeType"), "valueCode": "application/pdf" }] }
    ] });
    Form::parse(&questionnaire).unwrap()
}

fn values() -> Map<String, Value> {
    let values = json!({ "nome": "Anna", "visite": [{ "giorno": "2026-03-01" }],
        "sedi": [{ "label": "Napoli", "value": { "id": 7 } }, "Salerno"] });
    values.as_object().unwrap().clone()
}

fn prefill(values: &Map<String, Value>) -> Prefill<'_> {
    Prefill {
        today: date(2026, 11, 21),
        now: "2026-11-21T09:30:00Z".parse().unwrap(),
        patient: None,
        values,
    }
}

fn posted(pairs: &[(&str, &str)]) -> Posted {
    Posted::of(
        &pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect::<Vec<_>>(),
    )
}

fn file(bytes: &'static [u8]) -> Uploaded {
    Uploaded {
        field: "referto".into(),
        id: "f1".into(),
        name: "esami.pdf".into(),
        bytes: bytes.into(),
    }
}

fn links(form: &Form, sent: &Posted) -> Vec<String> {
    let values = values();
    match form.submit_all(sent, &prefill(&values), &Texts::base()) {
        Ok(_) => Vec::new(),
        Err(entry) => entry
            .errors()
            .iter()
            .map(|e| format!("{}: {}", e.link, e.message))
            .collect(),
    }
}

#[test]
fn what_is_computed_is_on_the_page() {
    let (form, values) = (form(), values());
    let html = form.fill(&prefill(&values)).html(&Texts::base()).0;
    assert!(html.contains("Ciao Anna"), "{html}");
    assert!(html.contains("<td data-label=\"Giorno\">01/03/2026</td>"), "{html}");
    assert!(html.contains(">Napoli</label>") && html.contains(">Salerno</label>"));
    assert!(html.contains("name=\"farmaci[0].nome_farmaco\"") && html.contains("name=\"farmaci._righe\" value=\"1\""));
    assert!(!html.contains("Segreto"), "what the process decides is not on the page");
    assert!(html.contains("Motivo"), "what the answers decide is");
    assert!(html.contains("accept=\"application/pdf\" multiple"));
}

#[test]
fn rows_come_and_go_without_a_script() {
    let (form, values) = (form(), values());
    let typed = [
        ("farmaci._righe", "2"),
        ("farmaci[0].dose", "1"),
        ("farmaci[1].dose", "2,5"),
    ];
    let more: Vec<_> = typed.iter().copied().chain([("_aggiungi", "farmaci")]).collect();
    let entry = form.rows_changed(&posted(&more), &prefill(&values)).unwrap();
    let html = entry.html(&Texts::base()).0;
    assert!(
        html.contains("name=\"farmaci[2].dose\"") && html.contains("value=\"2,5\""),
        "{html}"
    );
    let fewer: Vec<_> = typed.iter().copied().chain([("_togli", "farmaci[0]")]).collect();
    let entry = form.rows_changed(&posted(&fewer), &prefill(&values)).unwrap();
    let html = entry.html(&Texts::base()).0;
    assert!(
        html.contains("name=\"farmaci[0].dose\" value=\"2,5\"") && !html.contains("farmaci[1]"),
        "{html}"
    );
    assert!(form.rows_changed(&posted(&typed), &prefill(&values)).is_none());
    let many = posted(&[("farmaci._righe", "999999"), ("_aggiungi", "farmaci")]);
    let entry = form.rows_changed(&many, &prefill(&values)).unwrap();
    assert_eq!(entry.form.find("farmaci").unwrap().items.len(), super::MAX_ROWS);
}

#[test]
fn rows_are_checked_and_become_a_list() {
    let (form, values) = (form(), values());
    let sent = Posted {
        files: vec![file(b"%PDF-1.4")],
        ..posted(&[
            ("farmaci._righe", "2"),
            ("farmaci[0].nome_farmaco", "Metformina"),
            ("farmaci[0].dose", "2"),
            ("farmaci[1].nome_farmaco", "Insulina"),
            ("farmaci[1].dose", "12,5"),
            ("farmaci[1].perche", "Lenta"),
            ("farmaci[0].perche", "non chiesto"),
            ("sede", "{\"id\":7}"),
            ("cf", "ABC"),
            ("motivo", "due"),
            ("segreto", "x"),
            ("somma", "1000"),
        ])
    };
    let done: Completed<'_> = form.submit_all(&sent, &prefill(&values), &Texts::base()).unwrap();
    let made = done.variables();
    assert_eq!(
        made["farmaci"],
        json!([{ "nome_farmaco": "Metformina", "dose": 2, "perche": null },
               { "nome_farmaco": "Insulina", "dose": 12.5, "perche": "Lenta" }])
    );
    assert_eq!(made["somma"].to_string(), "14.5", "computed here, whatever was sent");
    assert_eq!((&made["sede"], &made["segreto"]), (&json!({ "id": 7 }), &Value::Null));
    assert_eq!(made["referto"][0]["reference"], "DocumentReference/f1");
    let about = About {
        subject: "Patient/p1",
        author: "Practitioner/rossi",
        authored: "2026-11-21T09:30:00Z".parse().unwrap(),
        task: "i1.3",
    };
    let resources = done.resources(&about);
    let kinds: Vec<&str> = resources.iter().filter_map(|r| r["resourceType"].as_str()).collect();
    assert_eq!(kinds, ["QuestionnaireResponse", "DocumentReference"]);
    let rows = resources[0]["item"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|i| i["linkId"] == "farmaci");
    assert_eq!(rows.count(), 2);
    assert_eq!(resources[1]["subject"]["reference"], "Patient/p1");
    for resource in &resources {
        assert!(fhir::check(fhir::Definitions::r4(), resource).is_ok(), "{resource}");
    }
}

#[test]
fn what_is_wrong_in_a_row_a_pattern_or_a_file_is_said() {
    let form = form();
    let sent = Posted {
        files: vec![file(b"<script>alert(1)</script>")],
        ..posted(&[
            ("farmaci._righe", "1"),
            ("farmaci[0].dose", "99"),
            ("sede", "Roma"),
            ("cf", "ab"),
        ])
    };
    assert_eq!(
        links(&form, &sent),
        [
            "farmaci[0].nome_farmaco: «Nome»: serve una risposta.",
            "farmaci[0].perche: «Perché così tanto?»: serve una risposta.",
            "sede: «Sede»: scegli una delle risposte proposte.",
            "cf: «Codice»: almeno 3 caratteri.",
            "referto: «Referto»: il file esami.pdf non è di un tipo ammesso (PDF).",
        ]
    );
    let none = posted(&[("farmaci._righe", "0"), ("cf", "abcd")]);
    assert_eq!(
        links(&form, &none),
        [
            "farmaci: «Farmaci»: serve una risposta.",
            "cf: «Codice»: il testo non è nel formato richiesto.",
        ]
    );
}
