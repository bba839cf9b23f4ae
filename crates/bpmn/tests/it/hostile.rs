//! Input that wants to hurt.

use crate::{file, issues, line};
use proptest::prelude::*;

#[test]
fn malformed_xml_names_the_line() {
    let text = issues("<definitions>\n<process>\n</definitions>");
    assert!(text.starts_with("refused\nE 3 xml-malformed"), "{text}");
    assert!(issues("").contains("xml-malformed"));
    assert!(issues("\u{0}").contains("xml-malformed"));
}

#[test]
fn entities_are_not_read() {
    let text = issues(r#"<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><definitions>&b;</definitions>"#);
    assert!(text.contains("DOCTYPE"), "{text}");
}

#[test]
fn size_and_depth_are_limited() {
    assert!(issues(&" ".repeat(bpmn::MAX_BYTES + 1)).contains("file-too-large"));
    let deep = "<subProcess>".repeat(100_000) + &*"</subProcess>".repeat(100_000);
    assert!(issues(&file("", &deep)).contains("too-deep"));
    let many = "<task/>".repeat(bpmn::MAX_ELEMENTS as usize + 1);
    assert!(issues(&file("", &many)).contains("XML nodes"));
}

#[test]
fn a_long_process_is_read_in_time_that_grows_with_its_length() {
    let ids: Vec<String> = (0..5_000).map(|n| format!("t{n}")).collect();
    let nodes: String = ids.iter().map(|id| format!("<task id=\"{id}\"/>\n")).collect();
    let model = bpmn::parse(&file("", &line(&nodes, &ids.join(" ")))).unwrap();
    assert_eq!(model.processes[0].nodes.len(), 5_002);
    assert_eq!(model.processes[0].node_by_id("t4999").unwrap().line, 5_004);
}

const SAMPLE: &str = r#"<startEvent id="s"/><subProcess id="a"><startEvent id="i"/><userTask id="u"><multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics></userTask><sequenceFlow id="f" sourceRef="i" targetRef="u"/></subProcess><boundaryEvent id="b" attachedToRef="a"><timerEventDefinition><timeCycle>R3/PT1S</timeCycle></timerEventDefinition></boundaryEvent><exclusiveGateway id="x" default="g"/><sequenceFlow id="g" sourceRef="x" targetRef="a"/><sequenceFlow id="h" sourceRef="s" targetRef="x"/><adHocSubProcess id="d"><task id="k"/></adHocSubProcess><sequenceFlow id="j" sourceRef="x" targetRef="d"><conditionExpression>${y > 1}</conditionExpression></sequenceFlow>"#;

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Cutting, repeating and swapping pieces of a model is refused or accepted, never a panic.
    #[test]
    fn damaged_models_never_panic(edits in prop::collection::vec((any::<u16>(), 0usize..40, 0u8..4), 1..12)) {
        let mut text: Vec<char> = file(r#"<message id="m" name="m"/>"#, SAMPLE).chars().collect();
        for (at, length, kind) in edits {
            let at = at as usize % text.len();
            let end = (at + length).min(text.len());
            match kind {
                0 => drop(text.drain(at..end)),
                1 => { let piece = text[at..end].to_vec(); text.splice(at..at, piece); }
                2 => text[at] = '"',
                _ => text[at..end].reverse(),
            }
            if text.is_empty() { text.push('<'); }
        }
        let _ = bpmn::parse(&text.into_iter().collect::<String>());
    }

    /// Renaming ids at random makes every reference go astray in every way.
    #[test]
    fn astray_references_never_panic(names in prop::collection::vec("[a-k]", 30)) {
        let mut names = names.into_iter().cycle();
        let mut out = String::new();
        for piece in SAMPLE.split('"') {
            let one = piece.len() == 1 && piece.chars().all(char::is_alphabetic);
            out += &*if one { format!("\"{}\"", names.next().unwrap_or_default()) } else { piece.to_owned() };
        }
        let repaired = out.replace("\"\"", "\"");
        let _ = bpmn::parse(&file("", &repaired));
        let _ = bpmn::parse(&file("", &out));
    }

    /// Any text as an expression is read or refused.
    #[test]
    fn any_expression_is_read_or_refused(text in "\\PC{0,40}") {
        let _ = bpmn::Expression::read(&text);
        let _ = bpmn::Text::read(&format!("${{{text}}}"));
        let _ = bpmn::parse_cycle(&format!("R{text}"));
        let _ = bpmn::parse_duration(&format!("P{text}"));
        let _ = bpmn::parse_date(&text);
    }
}
