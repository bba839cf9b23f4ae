//! The process that is run: four things at the same time, then one more.

/// Its id.
pub const PROCESS: &str = "uccisioni";

/// Its file.
pub fn model() -> String {
    let work = |id: &str| {
        format!(
            r#"<serviceTask id="{id}"><extensionElements><zeebe:taskDefinition type="{id}"/></extensionElements></serviceTask>"#
        )
    };
    let flow =
        |from: &str, to: &str| format!(r#"<sequenceFlow id="{from}--{to}" sourceRef="{from}" targetRef="{to}"/>"#);
    let branches =
        ["compito", "lavoro", "attesa", "esito"].map(|id| [flow("insieme", id), flow(id, "riunione")].concat());
    format!(
        r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d" targetNamespace="https://sinfonia.it/proof"><message id="m" name="esito"/>
<process id="{PROCESS}" isExecutable="true"><startEvent id="inizio"/><parallelGateway id="insieme"/><userTask id="compito"/>{}
<intermediateCatchEvent id="attesa"><timerEventDefinition><timeDuration>PT1S</timeDuration></timerEventDefinition></intermediateCatchEvent>
<intermediateCatchEvent id="esito"><messageEventDefinition messageRef="m"/></intermediateCatchEvent>
<parallelGateway id="riunione"/>{}<endEvent id="fine"/>{}{}{}{}</process></definitions>"#,
        work("lavoro"),
        work("chiusura"),
        flow("inizio", "insieme"),
        branches.concat(),
        flow("riunione", "chiusura"),
        flow("chiusura", "fine"),
    )
}
