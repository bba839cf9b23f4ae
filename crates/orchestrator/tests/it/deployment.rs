//! Deployments: versions, refusals, forms.

use crate::models::{bpmn, flow, line, user_task};
use crate::support::{System, gp};
use access::Actor;
use orchestrator::api::{Deploy, DeployFile};
use orchestrator::{DefinitionsQuery, OrchestratorError};
use serde_json::{Value, json};

fn file(name: &str, content: String) -> DeployFile {
    DeployFile {
        name: name.into(),
        content,
    }
}

#[tokio::test]
async fn the_same_bytes_keep_their_version_and_running_instances_theirs() {
    let system = System::new();
    let model = line("", "visita", &[user_task("visita-mmg", "mmg")]);
    assert_eq!(system.deploy("visita.bpmn", model.clone()).await, ["visita:1"]);
    let old = system.start("visita", None).await;
    assert_eq!(system.deploy("visita.bpmn", model.clone()).await, ["visita:1"]);
    assert_eq!(
        system.deploy("visita.bpmn", model.replace("Compito", "Lavoro")).await,
        ["visita:2"]
    );
    assert_eq!(system.start("visita", None).await.definition, "visita:2");
    let system = system.restart();
    assert_eq!(system.info(&old.id).await.definition, "visita:1");
    let listed = system
        .orchestrator
        .definitions(DefinitionsQuery::default())
        .await
        .unwrap()
        .items;
    assert_eq!(listed.iter().map(|d| d.key.as_str()).collect::<Vec<_>>(), ["visita:2"]);
    let source = system.orchestrator.definition_source("visita:1").await.unwrap();
    assert_eq!(std::str::from_utf8(&source).unwrap(), model);
    let unknown = system.orchestrator.definition_source("altro").await.unwrap_err();
    assert_eq!(unknown.status(), 404);
}

#[tokio::test]
async fn a_refused_deployment_says_everything_and_changes_nothing() {
    let system = System::new();
    let body = format!(
        r#"<bpmn:startEvent id="inizio"/><bpmn:exclusiveGateway id="bivio"/><bpmn:endEvent id="fine"/>{}<bpmn:sequenceFlow id="condizionato" sourceRef="bivio" targetRef="fine"><bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">=hba1c &gt; (7</bpmn:conditionExpression></bpmn:sequenceFlow>"#,
        flow("inizio", "bivio"),
    );
    let bad_trigger = r#"<bpmn:message id="m" name="esito"><bpmn:extensionElements><sinfonia:fhirTrigger criteria="Observation?colour=red"/></bpmn:extensionElements></bpmn:message>"#;
    let request = Deploy {
        files: vec![
            file("buono.bpmn", line("", "buono", &[user_task("visita-mmg", "mmg")])),
            file("cattivo.bpmn", bpmn(bad_trigger, "cattivo", &body)),
            file("rotto.bpmn", "<bpmn:definitions".into()),
            file(
                "modulo.json",
                json!({"resourceType": "Questionnaire", "id": "m", "status": "active", "item": [{"text": 7}]})
                    .to_string(),
            ),
            file("testo.txt", "ciao".into()),
        ],
    };
    let error = system
        .orchestrator
        .deploy(&Actor::system(), request, None)
        .await
        .unwrap_err();
    assert_eq!(error.status(), 422);
    let OrchestratorError::Refused { issues, .. } = error else {
        panic!("{error}")
    };
    insta::assert_snapshot!(serde_json::to_string_pretty(&issues).unwrap());
    assert!(
        system
            .orchestrator
            .definitions(DefinitionsQuery::default())
            .await
            .unwrap()
            .items
            .is_empty()
    );
}

#[tokio::test]
async fn forms_become_questionnaires_and_decisions_decide() {
    let system = System::new();
    let form = json!({
        "resourceType": "Questionnaire", "id": "modulo-visita-mmg", "status": "active", "title": "Visita",
        "item": [{"linkId": "peso", "type": "decimal", "text": "Peso (kg)"}],
    });
    let decide = r#"<bpmn:businessRuleTask id="decidi"><bpmn:extensionElements><zeebe:calledDecision decisionId="rischio" resultVariable="rischio"/></bpmn:extensionElements></bpmn:businessRuleTask>"#;
    let dmn = r##"<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="rischio" namespace="https://sinfonia.it/test/rischio">
  <inputData id="i" name="hba1c"><variable name="hba1c" typeRef="number"/></inputData>
  <decision id="rischio" name="rischio"><variable name="rischio" typeRef="string"/><informationRequirement id="r"><requiredInput href="#i"/></informationRequirement>
    <literalExpression id="l"><text>if hba1c &gt; 8 then "alto" else "basso"</text></literalExpression>
  </decision>
</definitions>"##;
    let request = Deploy {
        files: vec![
            file(
                "visita.bpmn",
                line(
                    "",
                    "visita",
                    &[("decidi", decide.into()), user_task("visita-mmg", "mmg")],
                ),
            ),
            file("modulo.json", form.to_string()),
            file("rischio.dmn", dmn.into()),
        ],
    };
    let deployed = system
        .orchestrator
        .deploy(&Actor::system(), request, None)
        .await
        .unwrap();
    let mut keys = deployed.keys.clone();
    keys.sort();
    assert_eq!(keys, ["modulo-visita-mmg:1", "rischio:1", "visita:1"]);
    assert_eq!(deployed.issues, Vec::<Value>::new());
    let stored = system.read("Questionnaire", "modulo-visita-mmg").await.unwrap();
    assert_eq!(stored["item"][0]["linkId"], "peso");
    let system = system.restart();
    let instance = system.start_with("visita", None, json!({"hba1c": 9})).await.id;
    assert_eq!(system.info(&instance).await.variables["rischio"], "alto");
    let task = system.task_of(&instance).await;
    assert_eq!(task.form.as_deref(), Some("modulo-visita-mmg"));
    assert_eq!(
        system.orchestrator.task(&gp(), &task.id).await.unwrap().variables["rischio"],
        "alto"
    );
}

#[tokio::test]
async fn a_start_form_is_told_with_the_definition_and_read_as_a_questionnaire() {
    let system = System::new();
    let fields = r#"<process id="richiesta" isExecutable="true" camunda:historyTimeToLive="1"><startEvent id="avvio"><extensionElements><camunda:formData>
        <camunda:formField id="quanti" label="Quanti" type="long"><camunda:validation><camunda:constraint name="min" config="1"/></camunda:validation></camunda:formField>
        <camunda:formField id="nota" label="Nota" type="string"><camunda:validation><camunda:constraint name="minlength" config="3"/></camunda:validation></camunda:formField>
        </camunda:formData></extensionElements></startEvent><endEvent id="fine"/><sequenceFlow id="f" sourceRef="avvio" targetRef="fine"/></process>"#;
    let named = r#"<process id="altra" isExecutable="true"><startEvent id="avvio"><extensionElements><zeebe:formDefinition formId="manca"/></extensionElements></startEvent><endEvent id="fine"/><sequenceFlow id="f" sourceRef="avvio" targetRef="fine"/></process>"#;
    let model = |inner: &str| {
        format!(
            r#"<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" targetNamespace="x">{inner}</definitions>"#
        )
    };
    let request = Deploy {
        files: vec![file("richiesta.bpmn", model(fields)), file("altra.bpmn", model(named))],
    };
    let deployed = system
        .orchestrator
        .deploy(&Actor::system(), request, None)
        .await
        .unwrap();
    let said: Vec<&str> = deployed.issues.iter().filter_map(|i| i["message"].as_str()).collect();
    assert!(said.iter().any(|m| m.contains("start form 'manca'")), "{said:?}");
    let told = system.orchestrator.definitions(Default::default()).await.unwrap().items;
    let forms: Vec<_> = told.iter().map(|d| (d.id.as_str(), d.start_form.as_deref())).collect();
    assert!(forms.contains(&("richiesta", Some("richiesta.avvio"))), "{forms:?}");
    let form = system.orchestrator.start_form("richiesta").await.unwrap();
    let form: Value = serde_json::from_slice(&form).unwrap();
    assert_eq!(form["item"][0]["type"], "integer");
    assert_eq!(form["item"][1]["extension"][1]["valueInteger"], 3);
    assert!(system.orchestrator.start_form("altra").await.is_err());
}
