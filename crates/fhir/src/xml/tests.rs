use super::*;
use crate::Definitions;
use serde_json::{Value, json};

fn xml(value: &Value) -> String {
    let text = to_xml(Definitions::r4(), value).unwrap_or_else(|error| panic!("{error}"));
    text.split_once('\n').expect("a prolog").1.to_owned()
}

fn read(text: &str) -> Value {
    from_xml(Definitions::r4(), text).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(text: &str) -> String {
    match from_xml(Definitions::r4(), text) {
        Ok(value) => panic!("accepted as {value}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn elements_stand_in_their_defined_order() {
    let patient = json!({
        "birthDate": "1950-01-02", "name": [{"given": ["Ada", "B"], "family": "Rossi", "id": "n"}],
        "id": "p", "resourceType": "Patient", "active": true
    });
    let expected = "<Patient xmlns=\"http://hl7.org/fhir\"><id value=\"p\"/><active value=\"true\"/>\
        <name id=\"n\"><family value=\"Rossi\"/><given value=\"Ada\"/><given value=\"B\"/></name>\
        <birthDate value=\"1950-01-02\"/></Patient>";
    assert_eq!(xml(&patient), expected);
    assert_eq!(read(expected), patient);
}

#[test]
fn primitives_keep_digits_ids_extensions_and_control_characters() {
    let text = r##"{"resourceType":"Observation","status":"final","code":{"text":"a\n\"<&>\tb"},
        "_status":{"id":"s","extension":[{"url":"http://x","valueDecimal":1.50}]},
        "component":[{"code":{"text":"c"},"valueQuantity":{"value":6.100e-3}}],
        "performer":[{"reference":"#o"}],
        "contained":[{"resourceType":"Organization","id":"o","alias":["a",null,"c"],
            "_alias":[null,{"extension":[{"url":"http://y","valueCode":"unknown"}]}]}]}"##;
    let value: Value = serde_json::from_str(text).unwrap();
    let written = xml(&value);
    assert!(
        written.contains("value=\"6.100e-3\"") && written.contains("value=\"1.50\""),
        "{written}"
    );
    assert!(written.contains("<status id=\"s\" value=\"final\">") || written.contains("value=\"final\" id=\"s\""));
    let mut back = read(&written);
    // what follows the last extension needs no place
    let beside = back["contained"][0]["_alias"].as_array_mut().unwrap();
    assert_eq!(beside.pop(), Some(Value::Null));
    assert_eq!(back, value);
}

#[test]
fn resources_stand_inside_bundles_and_parameters() {
    let bundle = json!({"resourceType": "Bundle", "type": "collection",
        "entry": [{"resource": {"resourceType": "Parameters",
            "parameter": [{"name": "x", "resource": {"resourceType": "Patient", "active": false}}]}}]});
    let written = xml(&bundle);
    assert!(
        written.contains("<resource><Patient><active value=\"false\"/></Patient></resource>"),
        "{written}"
    );
    assert_eq!(read(&written), bundle);
}

#[test]
fn narratives_pass_through_and_cannot_break_out() {
    let with = |div: &str| json!({"resourceType": "Patient", "text": {"status": "generated", "div": div}});
    let div = "<div xmlns=\"http://www.w3.org/1999/xhtml\">a &amp; <b title='x'>b</b>\r\n<br/></div>";
    assert_eq!(read(&xml(&with(div))), with(div));
    assert!(xml(&with("<div>x</div>")).contains("<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>"));
    for bad in [
        "<div>&nbsp;</div>",
        "<div></div></text><active value='true'/>",
        "x",
        "<p>x</p>",
    ] {
        assert!(to_xml(Definitions::r4(), &with(bad)).is_err(), "{bad}");
    }
    let prefixed = "<f:Patient xmlns:f='http://hl7.org/fhir' xmlns:h='http://www.w3.org/1999/xhtml'><f:text>\
        <f:status value='generated'/><h:div>a &lt; <h:b class='c'>b</h:b></h:div></f:text></f:Patient>";
    let div = "<div xmlns=\"http://www.w3.org/1999/xhtml\">a &lt; <b class=\"c\">b</b></div>";
    assert_eq!(read(prefixed), with(div));
}

#[test]
fn what_is_wrong_is_told_with_line_and_place() {
    let patient = |inner: &str| format!("<Patient xmlns='http://hl7.org/fhir'>\n{inner}</Patient>");
    let cases = [
        (
            patient("<nome value='x'/>"),
            "line 2, Patient: 'nome' is not an element of Patient",
        ),
        (
            patient("<active value='yes'/>"),
            "line 2, Patient.active: must be true or false, not 'yes'",
        ),
        (
            patient("<active value='true'/><active value='true'/>"),
            "line 2, Patient: 'active' does not repeat, but is there again",
        ),
        (
            patient("<name><family/></name>"),
            "line 2, Patient.name[0].family: has neither value nor extension; leave the element out or give it a value",
        ),
        (
            patient("<name/>"),
            "line 2, Patient.name[0]: is empty; leave the element out or give it a value",
        ),
        (
            patient("<name use='usual'/>"),
            "line 2, Patient.name[0]: HumanName has no attribute 'use'",
        ),
        (
            patient("<multipleBirthInteger value='two'/>"),
            "line 2, Patient.multipleBirthInteger: must be a number such as 6.50, not 'two'",
        ),
        (
            "<Patient/>".to_owned(),
            "line 1, Patient: <Patient> must be in the namespace http://hl7.org/fhir",
        ),
        (
            "<Nothing xmlns='http://hl7.org/fhir'/>".to_owned(),
            "line 1, Nothing: 'Nothing' is not a FHIR R4 resource type",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(refused(&text), expected);
    }
    assert!(refused(&patient("<id>x</id>")).contains("holds text"));
    assert!(refused("<Patient xmlns='http://hl7.org/fhir'>\n<id").starts_with("the body is not valid XML: line 2"));
}

#[test]
fn entities_depth_and_prefixes_are_limited() {
    let bomb = "<!DOCTYPE p [<!ENTITY a 'aaaa'>]><Patient xmlns='http://hl7.org/fhir'><id value='&a;'/></Patient>";
    assert!(refused(bomb).contains("DTD"), "{}", refused(bomb));
    let deep = format!(
        "<Basic xmlns='http://hl7.org/fhir'>{}{}</Basic>",
        "<extension url='x'>".repeat(50_000),
        "</extension>".repeat(50_000)
    );
    assert!(refused(&deep).ends_with("is nested more than 60 elements deep; flatten the resource"));
    let prefixes: String = (0..101).map(|n| format!(" xmlns:p{n}='u'")).collect();
    assert!(refused(&format!("<Basic{prefixes}/>")).contains("namespace prefixes"));
    let control = json!({"resourceType": "Patient", "id": "a\u{1}"});
    let error = to_xml(Definitions::r4(), &control).unwrap_err().to_string();
    assert_eq!(
        error,
        "Patient.id: holds the control character U+0001, which XML cannot hold"
    );
}
