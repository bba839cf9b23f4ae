//! Forms there and back.

use super::{About, Form, FormError, Prefill};
use crate::Texts;
use jiff::civil::date;
use serde_json::{Map, Value, json};

fn questionnaire() -> Value {
    json!({
        "resourceType": "Questionnaire", "id": "visita", "url": "https://example.org/Questionnaire/visita", "version": "2",
        "title": "Visita", "status": "active",
        "item": [
            { "linkId": "misure", "text": "Misure", "type": "group", "item": [
                { "linkId": "data", "text": "Data del prelievo", "type": "date", "required": true,
                  "extension": [{ "url": "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-initialExpression",
                    "valueExpression": { "language": "text/fhirpath", "expression": "today()" } }] },
                { "linkId": "hba1c", "text": "HbA1c", "type": "decimal", "required": true,
                  "code": [{ "system": "http://loinc.org", "code": "59261-8" }],
                  "extension": [
                    { "url": "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-observationExtract", "valueBoolean": true },
                    { "url": "http://hl7.org/fhir/StructureDefinition/questionnaire-unit",
                      "valueCoding": { "system": "http://unitsofmeasure.org", "code": "mmol/mol", "display": "mmol/mol" } },
                    { "url": "http://hl7.org/fhir/StructureDefinition/minValue", "valueDecimal": 20 },
                    { "url": "http://hl7.org/fhir/StructureDefinition/maxValue", "valueDecimal": 200.5 }],
                  "item": [{ "linkId": "hba1c-aiuto", "text": "Dal referto.", "type": "display" }] },
                { "linkId": "eta", "text": "Età", "type": "integer", "readOnly": true,
                  "extension": [{ "url": "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-initialExpression",
                    "valueExpression": { "language": "text/fhirpath", "expression": "(today() - %patient.birthDate).years" } }] } ] },
            { "linkId": "fuma", "text": "Fuma?", "type": "boolean", "required": true },
            { "linkId": "quante", "text": "Quante al giorno?", "type": "integer", "required": true,
              "enableWhen": [{ "question": "fuma", "operator": "=", "answerBoolean": true }] },
            { "linkId": "smettere", "text": "Vuole smettere?", "type": "choice",
              "enableWhen": [{ "question": "quante", "operator": ">=", "answerInteger": 5 }],
              "answerOption": [{ "valueCoding": { "system": "urn:x", "code": "si", "display": "Sì, subito" } },
                               { "valueCoding": { "system": "urn:x", "code": "no", "display": "No" } }] },
            { "linkId": "sintomi", "text": "Sintomi", "type": "open-choice", "repeats": true,
              "answerOption": [{ "valueCoding": { "code": "sete", "display": "Sete" } },
                               { "valueCoding": { "code": "fame", "display": "Fame" } }] },
            { "linkId": "note", "text": "Note <libere>", "type": "text", "maxLength": 20 }
        ]
    })
}

const PATIENT: &str = r#"{ "resourceType": "Patient", "birthDate": "1960-11-22" }"#;

fn with<T>(run: impl FnOnce(&Form, &Prefill<'_>, &Texts) -> T) -> T {
    let form = Form::parse(&questionnaire()).unwrap();
    let patient = serde_json::from_str(PATIENT).unwrap();
    let prefill = Prefill {
        today: date(2026, 11, 21),
        now: "2026-11-21T09:30:00Z".parse().unwrap(),
        patient: Some(&patient),
        values: &Map::new(),
    };
    run(&form, &prefill, &Texts::base())
}

fn posted(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn about() -> About<'static> {
    About {
        subject: "Patient/p1",
        author: "Practitioner/rossi",
        authored: "2026-11-21T09:30:00Z".parse().unwrap(),
        task: "i1.3",
    }
}

#[test]
fn a_filled_form_becomes_response_variables_and_observations() {
    with(|form, prefill, texts| {
        let sent = posted(&[
            ("data", "2026-11-18"),
            ("hba1c", "53,50"),
            ("eta", "12"),
            ("fuma", "true"),
            ("quante", "10"),
            ("smettere", "si"),
            ("sintomi", "sete"),
            ("sintomi", "fame"),
            ("sintomi.altro", "prurito"),
            ("note", "due\r\nrighe"),
            ("estraneo", "x"),
        ]);
        let done = form.submit(&sent, prefill, texts).unwrap();
        let made = json!({ "variables": done.variables(), "resources": done.resources(&about()) });
        insta::assert_snapshot!(serde_json::to_string_pretty(&made).unwrap());
    });
}

#[test]
fn what_is_wrong_is_said_at_the_top_and_at_the_field() {
    with(|form, prefill, texts| {
        let sent = posted(&[
            ("data", "31/02/2026"),
            ("hba1c", "200,6"),
            ("fuma", "true"),
            ("note", "più lunga di venti caratteri"),
        ]);
        let entry = form.submit(&sent, prefill, texts).unwrap_err();
        let said: Vec<&str> = entry.errors().iter().map(|e| e.message.as_str()).collect();
        assert_eq!(
            said,
            [
                "«Data del prelievo»: scrivi una data esistente, per esempio 21/11/2026.",
                "«HbA1c»: il valore più alto ammesso è 200,5 mmol/mol.",
                "«Quante al giorno?»: serve una risposta.",
                "«Note <libere>»: al massimo 20 caratteri.",
            ]
        );
        let html = entry.html(texts).0;
        assert!(
            html.contains(r##"<a href="#q-hba1c">"##),
            "the summary leads to the field"
        );
        assert!(html.contains(r#"value="200,6""#), "what was typed stays");
        assert!(html.contains(r#"aria-invalid="true""#) && !html.contains("<libere>"));
    });
}

#[test]
fn questions_that_are_not_asked_need_and_keep_no_answer() {
    with(|form, prefill, texts| {
        let sent = posted(&[
            ("data", "2026-11-18"),
            ("hba1c", "48"),
            ("fuma", "false"),
            ("quante", "molte"),
            ("smettere", "si"),
        ]);
        let done = form.submit(&sent, prefill, texts).unwrap();
        let variables = done.variables();
        assert_eq!(variables["quante"], Value::Null);
        assert_eq!(variables["smettere"], Value::Null, "hidden behind a hidden question");
        assert_eq!(variables["fuma"], json!(false));
        assert_eq!(variables["eta"], json!(65), "read-only values come from us");
    });
}

#[test]
fn choices_and_booleans_take_only_what_was_offered() {
    with(|form, prefill, texts| {
        let sent = posted(&[
            ("data", "2026-11-18"),
            ("hba1c", "48"),
            ("fuma", "forse"),
            ("sintomi", "vaiolo"),
        ]);
        let entry = form.submit(&sent, prefill, texts).unwrap_err();
        let links: Vec<&str> = entry.errors().iter().map(|e| e.link.as_str()).collect();
        assert_eq!(links, ["fuma", "sintomi"]);
    });
}

#[test]
fn the_html_of_a_form() {
    with(|form, prefill, texts| {
        insta::assert_snapshot!(form.fill(prefill).html(texts).0);
    });
}

#[test]
fn a_question_shows_what_the_process_knows_only_where_the_form_asks_for_it() {
    let asks = |name: &str| {
        json!([{ "url": "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-initialExpression",
            "valueExpression": { "language": "text/fhirpath", "expression": format!("%process.{name}") } }])
    };
    let form = json!({ "resourceType": "Questionnaire", "item": [
        { "linkId": "hba1c", "text": "HbA1c", "type": "decimal" },
        { "linkId": "dose", "text": "Dose", "type": "decimal", "extension": asks("dose") },
        { "linkId": "sintomi", "text": "Sintomi", "type": "open-choice", "repeats": true, "extension": asks("sintomi"),
          "answerOption": [{ "valueCoding": { "code": "sete", "display": "Sete" } }] },
        { "linkId": "note", "text": "Note", "type": "string", "extension": asks("note"),
          "initial": [{ "valueString": "nessuna" }] }
    ] });
    let form = Form::parse(&form).unwrap();
    let values = json!({ "hba1c": 61.5, "dose": 2.5, "sintomi": ["sete", "prurito"], "note": null });
    let prefill = Prefill {
        today: date(2026, 11, 21),
        now: "2026-11-21T09:30:00Z".parse().unwrap(),
        patient: None,
        values: values.as_object().unwrap(),
    };
    let html = form.fill(&prefill).html(&Texts::base()).0;
    assert!(!html.contains("61,5"), "the last result is not today's");
    assert!(html.contains(r#"value="2,5""#));
    assert!(html.contains(r#"name="sintomi.altro" value="prurito""#));
    assert!(html.contains(r#"value="nessuna""#), "null is no value");
}

#[test]
fn what_cannot_be_shown_faithfully_is_refused() {
    let refused = |item: Value| {
        Form::parse(&json!({ "resourceType": "Questionnaire", "item": [item] }))
            .unwrap_err()
            .to_string()
    };
    assert!(refused(json!({ "linkId": "a", "type": "reference" })).contains("'reference'"));
    assert!(refused(json!({ "linkId": "a", "type": "choice" })).contains("answerOption"));
    assert!(
        refused(json!({ "linkId": "a", "type": "choice", "answerValueSet": "http://x" })).contains("not contained")
    );
    assert!(refused(json!({ "type": "string" })).contains("linkId"));
    assert!(refused(json!({ "linkId": "a", "type": "string", "repeats": true })).contains("repeats"));
    let unknown = json!({ "linkId": "a", "type": "string",
        "enableWhen": [{ "question": "zz", "operator": "=", "answerString": "1" }] });
    assert!(refused(unknown).contains("'zz'"));
    let deep = (0..12).fold(
        json!({ "linkId": "x", "type": "string" }),
        |inner, n| json!({ "linkId": format!("g{n}"), "type": "group", "item": [inner] }),
    );
    assert!(refused(deep).contains("levels"));
    assert!(matches!(
        Form::parse(&json!({ "resourceType": "Patient" })),
        Err(FormError::NotAQuestionnaire(_))
    ));
}

#[test]
fn contained_value_sets_give_options() {
    let form = Form::parse(&json!({
        "resourceType": "Questionnaire",
        "contained": [{ "resourceType": "ValueSet", "id": "v", "compose": { "include": [
            { "system": "urn:s", "concept": [{ "code": "1", "display": "Uno" }, { "code": "2" }] }] } }],
        "item": [{ "linkId": "a", "type": "choice", "answerValueSet": "#v" }]
    }))
    .unwrap();
    let labels: Vec<&str> = form.items[0].options.iter().map(|o| o.label.as_str()).collect();
    assert_eq!(labels, ["Uno", "2"]);
}
