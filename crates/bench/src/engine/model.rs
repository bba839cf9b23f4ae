//! The process that is measured: ten service tasks in a row.

use super::STEPS;

/// Process id.
pub const PROCESS: &str = "dieci-passi";
/// Type of its jobs.
pub const JOB_TYPE: &str = "passo";

/// Its BPMN.
pub fn xml() -> String {
    let mut body = String::from(r#"<bpmn:startEvent id="inizio"/><bpmn:endEvent id="fine"/>"#);
    let mut before = "inizio".to_owned();
    for n in 1..=STEPS {
        body += &format!(
            r#"<bpmn:serviceTask id="passo-{n}"><bpmn:extensionElements><zeebe:taskDefinition type="{JOB_TYPE}"/></bpmn:extensionElements></bpmn:serviceTask><bpmn:sequenceFlow id="f-{n}" sourceRef="{before}" targetRef="passo-{n}"/>"#
        );
        before = format!("passo-{n}");
    }
    body += &format!(r#"<bpmn:sequenceFlow id="f-fine" sourceRef="{before}" targetRef="fine"/>"#);
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="https://sinfonia.it/bench"><bpmn:process id="{PROCESS}" isExecutable="true">{body}</bpmn:process></bpmn:definitions>"#
    )
}
