//! Extensions of Camunda 7 and 8, and our own.

use crate::{file, line};
use bpmn::{EventDefinition, Loop, NodeKind, Process, Script, StartTrigger, Text};
use std::sync::Arc;

fn process(root: &str, nodes: &str, ids: &str) -> Arc<Process> {
    let model = bpmn::parse(&file(root, &line(nodes, ids))).unwrap_or_else(|issues| panic!("{issues:#?}"));
    model.processes[0].clone()
}

#[test]
fn camunda_7_attributes_are_read() {
    let nodes = r#"<userTask id="u" camunda:assignee="${doctor}" camunda:candidateGroups="gp,nurse" camunda:dueDate="P3D" camunda:formKey="visit" camunda:priority="70"/>
<serviceTask id="v" camunda:type="external" camunda:topic="mail"><extensionElements><camunda:inputOutput>
<camunda:inputParameter name="to">${p.mail}</camunda:inputParameter><camunda:inputParameter name="subject">Ciao "tu"</camunda:inputParameter>
<camunda:inputParameter name="list"><camunda:list><camunda:value>a</camunda:value></camunda:list></camunda:inputParameter>
</camunda:inputOutput><camunda:failedJobRetryTimeCycle>R5/PT1M</camunda:failedJobRetryTimeCycle></extensionElements></serviceTask>
<businessRuleTask id="w" camunda:decisionRef="risk" camunda:resultVariable="risk"/>
<callActivity id="c" calledElement="other"><extensionElements><camunda:in source="a" target="b"/><camunda:out sourceExpression="${x + 1}" target="y"/></extensionElements></callActivity>"#;
    let process = process("", nodes, "u v w c");
    let NodeKind::UserTask(task) = &process.node_by_id("u").unwrap().kind else {
        panic!()
    };
    assert_eq!(task.assignment.assignee, Some(Text::read("=doctor").unwrap()));
    assert_eq!(task.due.as_ref().and_then(Text::literal), Some("P3D"));
    assert_eq!(task.priority.as_ref().and_then(Text::literal), Some("70"));
    let service = process.node_by_id("v").unwrap();
    let NodeKind::ServiceTask(job) = &service.kind else {
        panic!()
    };
    assert_eq!(
        (job.job_type.literal(), job.retries.literal()),
        (Some("mail"), Some("5"))
    );
    let inputs: Vec<(&str, &str)> = service
        .io
        .inputs
        .iter()
        .map(|mapping| (mapping.target.as_str(), mapping.source.as_str()))
        .collect();
    assert_eq!(
        inputs,
        [("to", "p.mail"), ("subject", r#""Ciao \"tu\"""#), ("list", r#"["a"]"#)]
    );
    assert!(
        matches!(&process.node_by_id("w").unwrap().kind, NodeKind::DecisionTask { result: Some(result), .. } if result == "risk")
    );
    let call = process.node_by_id("c").unwrap();
    assert!(matches!(&call.kind, NodeKind::Call { all_in: false, .. }));
    assert_eq!(call.io.outputs[0].source.as_str(), "x + 1");
}

#[test]
fn camunda_8_elements_are_read() {
    let nodes = r#"<scriptTask id="a"><extensionElements><zeebe:script expression="=1" resultVariable="x"/></extensionElements></scriptTask>
<serviceTask id="b"><extensionElements><zeebe:taskDefinition type="t"/><zeebe:properties><zeebe:property name="k" value="v"/></zeebe:properties></extensionElements>
<multiInstanceLoopCharacteristics isSequential="true"><extensionElements><zeebe:loopCharacteristics inputCollection="=xs" inputElement="x" outputCollection="ys" outputElement="=y"/></extensionElements></multiInstanceLoopCharacteristics></serviceTask>"#;
    let process = process("", nodes, "a b");
    assert!(
        matches!(&process.node_by_id("a").unwrap().kind, NodeKind::ScriptTask(Script::Feel { result: Some(result), .. }) if result == "x")
    );
    let node = process.node_by_id("b").unwrap();
    assert_eq!(node.extensions.get("k"), Some("v"));
    let Some(Loop::Multi(multi)) = &node.repeat else {
        panic!()
    };
    assert_eq!(
        (multi.element.as_deref(), multi.output_collection.as_deref()),
        (Some("x"), Some("ys"))
    );
    assert!(multi.sequential);
}

#[test]
fn hub_triggers_and_foreign_extensions_are_kept() {
    let root = r#"<message id="m" name="hba1c"><extensionElements><zeebe:subscription correlationKey="=patient"/><s:fhirTrigger criteria="Observation?code=http://loinc.org|4548-4"/></extensionElements></message>"#;
    let model = bpmn::parse(&file(
        root,
        r#"<startEvent id="s"><messageEventDefinition messageRef="m"/></startEvent><task id="t" s:phase="visit"><extensionElements><s:grant type="Observation"><s:why>cura</s:why></s:grant></extensionElements></task><sequenceFlow id="f" sourceRef="s" targetRef="t"/>"#,
    ))
    .unwrap();
    let criteria = "Observation?code=http://loinc.org|4548-4".to_owned();
    assert_eq!(&*model.messages[0].fhir_triggers, std::slice::from_ref(&criteria));
    let process = &model.processes[0];
    let starts = process.start_events();
    let StartTrigger::Message(message) = &starts[0].trigger else {
        panic!()
    };
    assert_eq!(&*message.fhir_triggers, [criteria]);
    assert_eq!(message.correlation_key.as_ref().unwrap().as_str(), "patient");
    let task = process.node_by_id("t").unwrap();
    assert_eq!(task.extensions.get("sinfonia:phase"), Some("visit"));
    let grant = task.extensions.elements_named("sinfonia:grant").next().unwrap();
    assert_eq!(
        (grant.attributes["type"].as_str(), grant.children[0].text.as_str()),
        ("Observation", "cura")
    );
}

#[test]
fn lanes_nest_and_reach_into_sub_processes() {
    let nodes = r#"<laneSet id="ls"><lane id="outer" name="Territorio"><flowNodeRef>sub</flowNodeRef><flowNodeRef>t</flowNodeRef><childLaneSet id="cl"><lane id="inner" name="MMG"><flowNodeRef>t</flowNodeRef></lane></childLaneSet></lane></laneSet>
<task id="t"/><subProcess id="sub"><startEvent id="si"/><userTask id="u"/><sequenceFlow id="siu" sourceRef="si" targetRef="u"/></subProcess>"#;
    let process = process("", nodes, "t sub");
    let lane = |element: &str| process.lane_name(process.node_id(element).unwrap());
    assert_eq!(
        (lane("t"), lane("u"), lane("e")),
        (Some("MMG"), Some("Territorio"), None)
    );
}

#[test]
fn several_triggers_give_several_starts() {
    let root = r#"<message id="m" name="m"/><signal id="g" name="G"/>"#;
    let model = bpmn::parse(&file(
        root,
        r#"<startEvent id="s"><messageEventDefinition messageRef="m"/><signalEventDefinition signalRef="g"/><timerEventDefinition><timeCycle>R/P1D</timeCycle></timerEventDefinition></startEvent><receiveTask id="r" messageRef="m" instantiate="true"/>"#,
    ))
    .unwrap();
    let starts = model.processes[0].start_events();
    let kinds: Vec<&str> = starts
        .iter()
        .map(|start| match start.trigger {
            StartTrigger::None => "none",
            StartTrigger::Message(_) => "message",
            StartTrigger::Signal(_) => "signal",
            StartTrigger::Timer(_) => "timer",
            StartTrigger::Conditional(_) => "conditional",
        })
        .collect();
    assert_eq!(kinds, ["message", "signal", "timer", "message"]);
}

#[test]
fn expressions_can_be_listed_for_checking() {
    let nodes = r#"<userTask id="u"><extensionElements><zeebe:assignmentDefinition assignee="=who"/><zeebe:ioMapping><zeebe:input source="=a" target="b"/></zeebe:ioMapping></extensionElements></userTask>
<intermediateCatchEvent id="c"><timerEventDefinition><timeDuration>=wait</timeDuration></timerEventDefinition></intermediateCatchEvent>"#;
    let process = process("", nodes, "u c");
    let found: Vec<(String, &str)> = process
        .expressions()
        .into_iter()
        .map(|(id, _, text)| (id.to_string(), text.as_str()))
        .collect();
    assert_eq!(found, [("u".into(), "a"), ("u".into(), "who"), ("c".into(), "wait")]);
    let NodeKind::CatchEvent(catch) = &process.node_by_id("c").unwrap().kind else {
        panic!()
    };
    assert!(matches!(catch.definitions[0], EventDefinition::Timer(_)));
}
