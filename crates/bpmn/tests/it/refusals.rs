//! What is refused, with element, line, rule and remedy.

use crate::{file, issues, line};

/// Refusals of a process, snapshot by name.
fn check(name: &str, root: &str, process: &str) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(name, issues(&file(root, process)));
    });
}

#[test]
fn flows() {
    let process = r#"<startEvent id="s"/>
<task id="a"/>
<subProcess id="sub"><startEvent id="si"/></subProcess>
<sequenceFlow id="f1" sourceRef="s" targetRef="nowhere"/>
<sequenceFlow id="f2" sourceRef="a"/>
<sequenceFlow id="f3" sourceRef="a" targetRef="si"/>
<sequenceFlow id="f4" sourceRef="a" targetRef="s"/>
<endEvent id="e"/>
<sequenceFlow id="f5" sourceRef="e" targetRef="a"/>
<sequenceFlow id="f5" sourceRef="s" targetRef="a"/>
<task name="without id"/>
<task id="b" default="f9"/>"#;
    check("flows", "", process);
}

#[test]
fn gateways() {
    let process = r#"<startEvent id="s"/>
<exclusiveGateway id="x"/>
<task id="a"/>
<task id="b"/>
<eventBasedGateway id="g"/>
<parallelGateway id="alone"/>
<complexGateway id="c"/>
<sequenceFlow id="f1" sourceRef="s" targetRef="x"/>
<sequenceFlow id="f2" sourceRef="x" targetRef="a"/>
<sequenceFlow id="f3" sourceRef="x" targetRef="b"/>
<sequenceFlow id="f4" sourceRef="a" targetRef="g"/>
<sequenceFlow id="f5" sourceRef="g" targetRef="c"/>
<sequenceFlow id="f6" sourceRef="b" targetRef="c"/>"#;
    check("gateways", "", process);
}

#[test]
fn events() {
    let root = r#"<message id="m" name="m"/>"#;
    let process = r#"<startEvent id="s"><errorEventDefinition/></startEvent>
<intermediateCatchEvent id="nothing"/>
<intermediateCatchEvent id="t1"><timerEventDefinition><timeDuration>10 minutes</timeDuration></timerEventDefinition></intermediateCatchEvent>
<intermediateCatchEvent id="t2"><timerEventDefinition/></intermediateCatchEvent>
<intermediateCatchEvent id="t3"><timerEventDefinition><timeCycle>0 0 8 * * ?</timeCycle></timerEventDefinition></intermediateCatchEvent>
<intermediateCatchEvent id="m1"><messageEventDefinition messageRef="other"/></intermediateCatchEvent>
<intermediateCatchEvent id="m2"><messageEventDefinition/></intermediateCatchEvent>
<intermediateCatchEvent id="g1"><signalEventDefinition signalRef="unknown"/></intermediateCatchEvent>
<intermediateCatchEvent id="c1"><conditionalEventDefinition/></intermediateCatchEvent>
<intermediateThrowEvent id="l1"><linkEventDefinition name="L"/></intermediateThrowEvent>
<boundaryEvent id="b1" attachedToRef="nobody"><errorEventDefinition errorRef="E"/></boundaryEvent>
<task id="a"/>
<boundaryEvent id="b2" attachedToRef="a"><cancelEventDefinition/></boundaryEvent>
<boundaryEvent id="b3" attachedToRef="a"><compensateEventDefinition/></boundaryEvent>
<boundaryEvent id="b4" attachedToRef="a"/>
<subProcess id="es" triggeredByEvent="true"><startEvent id="ess"/></subProcess>
<endEvent id="e"><cancelEventDefinition/></endEvent>
<intermediateThrowEvent id="i"><timerEventDefinition><timeDuration>PT1S</timeDuration></timerEventDefinition></intermediateThrowEvent>"#;
    check("events", root, process);
}

#[test]
fn activities() {
    let process = r#"<startEvent id="s"/>
<task id="q" startQuantity="0" completionQuantity="x"/>
<task id="l1"><standardLoopCharacteristics loopMaximum="-1"/></task>
<task id="l2"><standardLoopCharacteristics/></task>
<task id="m1"><multiInstanceLoopCharacteristics/></task>
<task id="m2"><multiInstanceLoopCharacteristics><loopCardinality>-3</loopCardinality></multiInstanceLoopCharacteristics></task>
<sendTask id="send"/>
<receiveTask id="receive"/>
<businessRuleTask id="rule"/>
<callActivity id="call"/>
<serviceTask id="plain"/>
<serviceTask id="java" camunda:class="it.example.Send"/>
<serviceTask id="retry"><extensionElements><zeebe:taskDefinition type="t" retries="many"/></extensionElements></serviceTask>
<userTask id="due"><extensionElements><zeebe:taskSchedule dueDate="next week"/></extensionElements></userTask>
<userTask id="juel" camunda:assignee="${bean.pick(x)}"/>
<scriptTask id="empty"/>
<choreographyTask id="choreography"/>
<subProcess id="hollow"><task id="h1"/><task id="h2"/><sequenceFlow id="h12" sourceRef="h1" targetRef="h2"/><sequenceFlow id="h21" sourceRef="h2" targetRef="h1"/></subProcess>"#;
    check("activities", "", process);
}

#[test]
fn processes() {
    check("process_empty", "", "");
    check("process_two_starts", "", &line(r#"<startEvent id="again"/>"#, ""));
    let circle = r#"<task id="a"/><task id="b"/><sequenceFlow id="f" sourceRef="a" targetRef="b"/><sequenceFlow id="g" sourceRef="b" targetRef="a"/>"#;
    check("process_without_start", "", circle);
    let text = issues(r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>"#);
    assert!(text.contains("no-process"), "{text}");
    let text = issues("<html/>");
    assert!(text.contains("not-bpmn"), "{text}");
}

#[test]
fn a_sound_model_is_accepted_without_a_word() {
    let model = line(r#"<userTask id="t"/>"#, "t");
    assert_eq!(issues(&file("", &model)), "accepted");
}
