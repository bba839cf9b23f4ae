//! Small process models.

/// A BPMN file around a process body; `shared` stands beside the process (messages, signals, errors).
pub fn bpmn(shared: &str, id: &str, body: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:sinfonia="https://sinfonia.it/bpmn" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="d_{id}" targetNamespace="https://sinfonia.it/test">
{shared}
<bpmn:process id="{id}" name="Processo {id}" isExecutable="true">
{body}
</bpmn:process>
</bpmn:definitions>"#
    )
}

pub fn flow(from: &str, to: &str) -> String {
    format!(r#"<bpmn:sequenceFlow id="{from}-{to}" sourceRef="{from}" targetRef="{to}"/>"#)
}

/// Start, the given nodes one after the other, end.
pub fn line(shared: &str, id: &str, nodes: &[(&str, String)]) -> String {
    let mut body = String::from(r#"<bpmn:startEvent id="inizio"/>"#);
    let mut before = "inizio";
    for (node, xml) in nodes {
        body += xml;
        body += &flow(before, node);
        before = node;
    }
    body += r#"<bpmn:endEvent id="fine"/>"#;
    body += &flow(before, "fine");
    bpmn(shared, id, &body)
}

pub fn user_task<'a>(id: &'a str, role: &str) -> (&'a str, String) {
    let xml = format!(
        r#"<bpmn:userTask id="{id}" name="Compito {id}"><bpmn:documentation>Che cosa fare</bpmn:documentation><bpmn:extensionElements><zeebe:assignmentDefinition candidateGroups="{role}"/><zeebe:formDefinition formId="modulo-{id}"/><zeebe:taskSchedule dueDate="P7D"/></bpmn:extensionElements></bpmn:userTask>"#
    );
    (id, xml)
}

pub fn service_task<'a>(id: &'a str, job_type: &str) -> (&'a str, String) {
    let xml = format!(
        r#"<bpmn:serviceTask id="{id}"><bpmn:extensionElements><zeebe:taskDefinition type="{job_type}" retries="3"/></bpmn:extensionElements></bpmn:serviceTask>"#
    );
    (id, xml)
}

pub fn catch_message<'a>(id: &'a str, message: &str) -> (&'a str, String) {
    let xml = format!(
        r#"<bpmn:intermediateCatchEvent id="{id}"><bpmn:messageEventDefinition messageRef="{message}"/></bpmn:intermediateCatchEvent>"#
    );
    (id, xml)
}

pub fn throw_message<'a>(id: &'a str, message: &str) -> (&'a str, String) {
    let xml = format!(
        r#"<bpmn:intermediateThrowEvent id="{id}"><bpmn:messageEventDefinition messageRef="{message}"/></bpmn:intermediateThrowEvent>"#
    );
    (id, xml)
}

pub fn catch_signal<'a>(id: &'a str, signal: &str) -> (&'a str, String) {
    let xml = format!(
        r#"<bpmn:intermediateCatchEvent id="{id}"><bpmn:signalEventDefinition signalRef="{signal}"/></bpmn:intermediateCatchEvent>"#
    );
    (id, xml)
}

pub fn timer<'a>(id: &'a str, duration: &str) -> (&'a str, String) {
    let xml = format!(
        r#"<bpmn:intermediateCatchEvent id="{id}"><bpmn:timerEventDefinition id="t_{id}"><bpmn:timeDuration xsi:type="bpmn:tFormalExpression">{duration}</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>"#
    );
    (id, xml)
}

pub fn message(id: &str, name: &str) -> String {
    format!(r#"<bpmn:message id="{id}" name="{name}"/>"#)
}

/// A message that an HbA1c result in the hub sends.
pub fn hba1c_message(id: &str, name: &str) -> String {
    format!(
        r#"<bpmn:message id="{id}" name="{name}"><bpmn:extensionElements><sinfonia:fhirTrigger criteria="Observation?code=http://loinc.org|4548-4"/></bpmn:extensionElements></bpmn:message>"#
    )
}
