//! Deploying and deciding, through the public interface.

use crate::{EvalError, Evaluator, Feel, ModelIssue, Typed, Variables};
use serde_json::{Value, json};

const STRATIFICATION: &str = include_str!("../../tests/models/stratificazione.dmn");

fn variables(value: Value) -> Variables {
    match value {
        Value::Object(map) => map,
        _ => panic!("the variables are an object"),
    }
}

fn now() -> jiff::Timestamp {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn deployed(xml: &str) -> Feel {
    let feel = Feel::new();
    feel.deploy(xml).unwrap_or_else(|issues| panic!("{issues:#?}"));
    feel
}

fn refused(xml: &str) -> Vec<ModelIssue> {
    Feel::new().deploy(xml).expect_err("the model was accepted")
}

fn model(body: &str) -> String {
    format!(
        "<definitions xmlns=\"https://www.omg.org/spec/DMN/20191111/MODEL/\" id=\"m\" name=\"m\" namespace=\"urn:m\">\n{body}\n</definitions>"
    )
}

#[test]
fn a_deployment_tells_its_decisions_and_what_they_read() {
    let decisions = Feel::new().deploy(STRATIFICATION).unwrap();
    let names: Vec<_> = decisions.iter().map(|decision| decision.name.as_str()).collect();
    assert_eq!(names, ["Complessità", "Intervallo dei controlli"]);
    let inputs: Vec<_> = decisions[1].inputs.iter().map(|input| input.name.as_str()).collect();
    assert_eq!(inputs, ["hba1c", "complicanze", "età del paziente", "ultimo controllo"]);
    assert_eq!(decisions[1].requires, ["complessita"]);
}

#[test]
fn a_decision_tells_which_rules_matched_and_why() {
    let feel = deployed(STRATIFICATION);
    let context = variables(json!({
        "hba1c": 8.4, "complicanze": ["retinopatia"], "età del paziente": 71, "ultimo controllo": "2026-07-21",
        "Complessità": "questa variabile del processo non sostituisce la decisione",
    }));
    let decided = feel.decide("Intervallo dei controlli", &context, now()).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&decided).unwrap());
}

#[test]
fn a_decision_is_found_by_id_and_reads_missing_inputs_as_null() {
    let feel = deployed(STRATIFICATION);
    let decided = feel.decide("complessita", &Variables::new(), now()).unwrap();
    assert_eq!(decided.value, json!(null));
    assert_eq!(decided.trace[0]["rules"], json!([]));
    assert!(matches!(
        feel.decide("altro", &Variables::new(), now()),
        Err(EvalError::UnknownDecision(_))
    ));
}

#[test]
fn an_input_of_the_wrong_kind_is_an_error_that_names_it() {
    let feel = deployed(STRATIFICATION);
    for (input, value, kind) in [
        ("hba1c", json!("alta"), "number"),
        ("ultimo controllo", json!("ieri"), "date"),
    ] {
        let error = feel
            .decide("intervallo", &variables(json!({ input: value })), now())
            .unwrap_err()
            .to_string();
        assert!(error.contains(input) && error.contains(kind), "{error}");
    }
}

#[test]
fn rules_that_overlap_in_a_unique_table_are_an_error() {
    let xml = STRATIFICATION.replace("<text>&gt;= 8</text>", "<text>&gt;= 7</text>");
    let context = variables(json!({"hba1c": 7.5, "complicanze": [], "età del paziente": 40}));
    let error = deployed(&xml)
        .decide("complessita", &context, now())
        .unwrap_err()
        .to_string();
    assert!(error.contains("UNIQUE") && error.contains("rules 2, 3"), "{error}");
}

#[test]
fn now_in_a_model_is_the_given_moment() {
    let body = r#"<decision id="d" name="d"><variable name="d"/>
        <literalExpression><text>string(today()) + " " + string(now() - now())</text></literalExpression></decision>"#;
    let decided = deployed(&model(body)).decide("d", &Variables::new(), now()).unwrap();
    assert_eq!(decided.value, json!("2026-11-21 PT0S"));
}

#[test]
fn what_may_not_run_is_refused_with_place_and_remedy() {
    let literal = |text: &str| {
        format!(
            "<decision id=\"d\" name=\"d\"><variable name=\"d\"/><literalExpression id=\"l\"><text>{text}</text></literalExpression></decision>"
        )
    };
    let cases = [
        ("<definitions", "xml", 1),
        ("<bpmn/>", "not-dmn", 1),
        (&model(&literal("1 +")), "expression", 2),
        (
            &model(&literal(
                "function(a) external { java: {class: \"x\", method signature: \"y()\"} }",
            )),
            "external-function",
            2,
        ),
        (
            &model(
                "<businessKnowledgeModel id=\"b\" name=\"b\">\n<encapsulatedLogic kind=\"PMML\"/></businessKnowledgeModel>",
            ),
            "external-function",
            3,
        ),
        (
            &model(
                "<decision id=\"a\" name=\"a\"><informationRequirement><requiredDecision href=\"#b\"/></informationRequirement></decision><decision id=\"b\" name=\"b\"><informationRequirement><requiredDecision href=\"#a\"/></informationRequirement></decision>",
            ),
            "requirement-cycle",
            2,
        ),
        (
            &model(
                "<decision id=\"a\" name=\"a\"><informationRequirement><requiredInput href=\"#z\"/></informationRequirement></decision>",
            ),
            "requirement-missing",
            2,
        ),
        (
            &STRATIFICATION.replacen("<inputEntry id=\"r1c\"><text>-</text></inputEntry>", "", 1),
            "table-shape",
            31,
        ),
        (&STRATIFICATION.replace("&gt;= 8", "&gt;= (8"), "expression", 48),
        (
            &model(
                "<import name=\"x\" namespace=\"urn:x\" importType=\"https://www.omg.org/spec/DMN/20191111/MODEL/\"/>",
            ),
            "import-missing",
            1,
        ),
    ];
    for (xml, rule, line) in cases {
        let issues = refused(xml);
        assert_eq!((issues[0].rule, issues[0].line), (rule, line), "{xml}\n{issues:#?}");
        assert!(!issues[0].message.is_empty() && !issues[0].remedy.is_empty());
    }
}

#[test]
fn a_decision_id_belongs_to_one_model_and_a_model_may_be_deployed_again() {
    let feel = deployed(STRATIFICATION);
    feel.deploy(&STRATIFICATION.replace("\"alta\"", "\"molto alta\""))
        .unwrap();
    let context = variables(json!({"hba1c": 9, "complicanze": ["x"], "età del paziente": 40}));
    assert_eq!(
        feel.decide("complessita", &context, now()).unwrap().value,
        json!("molto alta")
    );
    let other = STRATIFICATION.replace("name=\"Stratificazione\"", "name=\"Altra\"");
    let issues = feel.deploy(&other).unwrap_err();
    assert_eq!(issues[0].rule, "id-taken");
    assert!(issues[0].message.contains("Stratificazione"), "{issues:?}");
    assert_eq!(feel.decisions().len(), 2);
}

#[test]
fn models_import_each_other() {
    let base = r##"<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="b" name="base" namespace="urn:base">
        <inputData id="i" name="x"><variable name="x" typeRef="number"/></inputData>
        <decision id="doppio" name="doppio"><variable name="doppio"/><informationRequirement><requiredInput href="#i"/></informationRequirement>
        <literalExpression><text>x * 2</text></literalExpression></decision></definitions>"##;
    let user = r##"<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" id="u" name="user" namespace="urn:user">
        <import name="base" namespace="urn:base" importType="https://www.omg.org/spec/DMN/20230324/MODEL/"/>
        <decision id="più uno" name="piu"><variable name="piu"/><informationRequirement><requiredDecision href="urn:base#doppio"/></informationRequirement>
        <literalExpression><text>base.doppio + 1</text></literalExpression></decision></definitions>"##;
    let feel = Feel::new();
    feel.deploy_together(&[user, base]).unwrap();
    let context = variables(json!({"base": {"x": 20}}));
    assert_eq!(feel.decide("piu", &context, now()).unwrap().value, json!(41));
    let typed = feel
        .invoke("doppio", &[("x".into(), Typed::Number("4".into()))], now())
        .unwrap();
    assert!(typed.same(&Typed::Number("8".into())), "{typed:?}");
}

#[test]
fn what_modellers_add_is_ignored_and_older_versions_are_read() {
    for namespace in [
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    ] {
        let xml = STRATIFICATION.replace("https://www.omg.org/spec/DMN/20191111/MODEL/", namespace);
        let context = variables(json!({"hba1c": 6.5, "complicanze": [], "età del paziente": 40}));
        assert_eq!(
            deployed(&xml).decide("complessita", &context, now()).unwrap().value,
            json!("bassa"),
            "{namespace}"
        );
    }
}

#[test]
fn recursion_works_and_is_bounded() {
    let body = |text: &str| {
        format!(
            r##"<businessKnowledgeModel id="b" name="f"><variable name="f"/><encapsulatedLogic><formalParameter name="n"/>
            <literalExpression><text>{text}</text></literalExpression></encapsulatedLogic></businessKnowledgeModel>
            <decision id="d" name="d"><variable name="d"/><knowledgeRequirement><requiredKnowledge href="#b"/></knowledgeRequirement>
            <literalExpression><text>f(10)</text></literalExpression></decision>"##
        )
    };
    let feel = deployed(&model(&body("if n = 0 then 0 else n + f(n - 1)")));
    assert_eq!(feel.decide("d", &Variables::new(), now()).unwrap().value, json!(55));
    let run = move || {
        let feel = deployed(&model(&body("f(n + 1)")));
        feel.decide("d", &Variables::new(), now()).unwrap_err().to_string()
    };
    let error = std::thread::Builder::new()
        .stack_size(2 << 20)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
    assert!(error.contains("too deeply"), "{error}");
}

/// Monday to Friday, but for calendars it does not know.
struct Weekdays;

impl crate::Calendars for Weekdays {
    fn days_after(&self, calendar: &str, from: jiff::civil::Date, days: i64) -> Result<jiff::civil::Date, String> {
        if calendar != "it" {
            return Err(format!("there is no calendar '{calendar}'"));
        }
        Ok(from.saturating_add(jiff::Span::new().days(days)))
    }

    fn days_until(&self, _: &str, _: jiff::civil::Date, _: jiff::civil::Date) -> Result<i64, String> {
        Ok(3)
    }

    fn is_business_day(&self, _: &str, day: jiff::civil::Date) -> Result<bool, String> {
        Ok(day.weekday().to_monday_zero_offset() < 5)
    }

    fn time_after(&self, _: &str, from: &jiff::Zoned, _: jiff::SignedDuration) -> Result<jiff::Zoned, String> {
        Ok(from.clone())
    }
}

const WORKING_DAYS: &str = r##"<decision id="d" name="Scadenza"><variable name="Scadenza"/>
<informationRequirement><requiredInput href="#i"/></informationRequirement><knowledgeRequirement><requiredKnowledge href="#k"/></knowledgeRequirement>
<decisionTable hitPolicy="FIRST"><input id="c"><inputExpression><text>is business day(date(giorno), "it")</text></inputExpression></input><output/>
<rule id="r1"><inputEntry><text>true</text></inputEntry><outputEntry><text>business days after(from: date(giorno), days: 2, calendar: if giorno = "2026-11-20" then "manca" else "it")</text></outputEntry></rule>
<rule id="r2"><inputEntry><text>-</text></inputEntry><outputEntry><text>fra("business days after(x)", giorno)</text></outputEntry></rule></decisionTable></decision>
<inputData id="i" name="giorno"><variable name="giorno" typeRef="string"/></inputData>
<businessKnowledgeModel id="k" name="fra"><variable name="fra"/><encapsulatedLogic><formalParameter name="testo"/><formalParameter name="da"/><literalExpression><text>string(business days until(date(da), date("2026-12-01"), "it")) + " " + testo</text></literalExpression></encapsulatedLogic></businessKnowledgeModel>"##;

#[test]
fn decisions_count_working_days() {
    let feel = Feel::new().with_calendars(std::sync::Arc::new(Weekdays));
    feel.deploy(&model(WORKING_DAYS)).unwrap();
    let on = |day: &str| feel.decide("d", &variables(json!({ "giorno": day })), now());
    let decided = on("2026-11-19").unwrap();
    assert_eq!(decided.value, json!("2026-11-21"));
    assert_eq!(decided.trace[0]["rules"][0]["inputs"][0]["value"], json!(true));
    // a knowledge model asks too, and what stands in quotes is a text
    assert_eq!(on("2026-11-21").unwrap().value, json!("3 business days after(x)"));
    let error = on("2026-11-20").unwrap_err().to_string();
    assert!(error.contains("there is no calendar 'manca'"), "{error}");
}

#[test]
fn without_calendars_working_days_are_an_error_and_no_silent_null() {
    let feel = deployed(&model(WORKING_DAYS));
    let error = feel
        .decide("d", &variables(json!({"giorno": "2026-11-19"})), now())
        .unwrap_err();
    assert!(error.to_string().contains("no business calendars"), "{error}");
}
