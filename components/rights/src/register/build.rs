//! Gathering it.

use crate::rules;
use component::{PeerError, Peers};
use jiff::Timestamp;
use policy::Policies;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Processes that are read at most.
const MAX_PROCESSES: usize = 500;

/// What only the program that runs it can say of an installation.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Components that run; none: not known here.
    pub components: Vec<String>,
    /// Measures that were looked at.
    pub measures: Vec<Measure>,
    /// Recipients beside subscriptions.
    pub recipients: Vec<Recipient>,
}

/// A measure (art. 32) and what shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Measure {
    /// What.
    pub name: String,
    /// What shows it.
    pub evidence: String,
    /// `confirmed` or `unverified`.
    pub status: String,
}

/// Who receives data.
#[derive(Debug, Clone, Serialize)]
pub struct Recipient {
    /// Who.
    pub name: String,
    /// By which way.
    pub way: String,
    /// What.
    pub data: String,
}

/// A kind of processing, by component.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Activity {
    /// Component.
    pub component: String,
    /// Name.
    pub name: String,
    /// Purpose.
    pub purpose: String,
    /// Legal basis.
    pub basis: String,
    /// Whose data.
    pub subjects: String,
    /// Which data.
    pub data: String,
    /// `confirmed` or `unverified`.
    pub status: String,
}

/// A deployed process.
#[derive(Debug, Clone, Serialize)]
pub struct Process {
    /// Key of the version.
    pub key: String,
    /// Name.
    pub name: String,
    /// Roles that work in it.
    pub roles: BTreeSet<String>,
    /// Types of data its steps declare.
    pub data: BTreeSet<String>,
    /// Steps that declare nothing: they open what the policies say for such.
    pub undeclared: Vec<String>,
}

/// A policy in force.
#[derive(Debug, Clone, Serialize)]
pub struct Rule {
    /// Id.
    pub id: String,
    /// What it says.
    pub it: String,
    /// Where it comes from.
    pub source: String,
    /// Whether it forbids.
    pub forbids: bool,
    /// `confirmed` or `unverified`.
    pub status: String,
}

/// How long something is kept.
#[derive(Debug, Clone, Serialize)]
pub struct Kept {
    /// What.
    pub what: String,
    /// How long, or until what.
    pub how_long: String,
    /// Source.
    pub source: String,
    /// `confirmed` or `unverified`.
    pub status: String,
}

/// Who answers for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Controller {
    /// Controller.
    pub name: String,
    /// Contact.
    pub contact: String,
    /// Data-protection officer.
    pub officer: String,
    /// `confirmed` or `unverified`.
    pub status: String,
}

/// The register.
#[derive(Debug, Clone, Serialize)]
pub struct Register {
    /// When it was made.
    pub made: Timestamp,
    /// Who answers.
    pub controller: Controller,
    /// Kinds of processing.
    pub activities: Vec<Activity>,
    /// Deployed processes.
    pub processes: Vec<Process>,
    /// Set of policies in force.
    pub policy_set: String,
    /// Policies.
    pub policies: Vec<Rule>,
    /// Recipients.
    pub recipients: Vec<Recipient>,
    /// Retention.
    pub retention: Vec<Kept>,
    /// Measures.
    pub measures: Vec<Measure>,
    /// How much of it nobody has confirmed.
    pub unverified: usize,
}

#[derive(Deserialize)]
struct File {
    controller: Controller,
    activities: Vec<Activity>,
    measures: Vec<Measure>,
}

/// Makes it.
///
/// # Errors
/// Hub or orchestrator do not answer.
pub async fn build(
    peers: &Peers,
    policies: &Policies,
    evidence: &Evidence,
    now: Timestamp,
) -> Result<Register, PeerError> {
    let file: File = rules::table(include_str!("../../rules/register.json"));
    let mut recipients = evidence.recipients.clone();
    recipients.extend(subscribers(peers).await?);
    let mut measures = file.measures;
    measures.extend(evidence.measures.iter().cloned());
    let mut register = Register {
        made: now,
        controller: file.controller,
        activities: activities(file.activities, &evidence.components),
        processes: processes(peers).await?,
        policy_set: policies.version().to_owned(),
        policies: policies.list().map(rule).collect(),
        recipients,
        retention: retention(),
        measures,
        unverified: 0,
    };
    let open = |status: &String| status == "unverified";
    register.unverified = register.activities.iter().filter(|one| open(&one.status)).count()
        + register.policies.iter().filter(|one| open(&one.status)).count()
        + register.retention.iter().filter(|one| open(&one.status)).count()
        + register.measures.iter().filter(|one| open(&one.status)).count()
        + usize::from(open(&register.controller.status));
    Ok(register)
}

/// Those of the components that run; one that the file does not describe says so.
fn activities(known: Vec<Activity>, running: &[String]) -> Vec<Activity> {
    if running.is_empty() {
        return known;
    }
    let unknown = |name: &String| Activity {
        component: name.clone(),
        name: name.clone(),
        purpose: "da descrivere".into(),
        basis: "da indicare".into(),
        subjects: "da indicare".into(),
        data: "da indicare".into(),
        status: "unverified".into(),
    };
    let find = |name: &String| {
        known
            .iter()
            .find(|one| one.component == *name)
            .cloned()
            .unwrap_or_else(|| unknown(name))
    };
    running.iter().map(find).collect()
}

fn rule(about: &policy::About) -> Rule {
    Rule {
        id: about.id.clone(),
        it: about.it.clone(),
        source: about.source.clone(),
        forbids: about.forbids,
        status: if about.unverified { "unverified" } else { "confirmed" }.into(),
    }
}

async fn subscribers(peers: &Peers) -> Result<Vec<Recipient>, PeerError> {
    let fhir = peers.fhir(&access::Actor::system());
    let found = fhir
        .search("Subscription", &[("status", "active"), ("_count", "500")])
        .await?;
    let recipient = |one: &serde_json::Value| {
        let endpoint = one["channel"]["endpoint"].as_str().unwrap_or("websocket");
        // The host says who; the rest of the address may hold a secret.
        let host = endpoint.split('/').nth(2).unwrap_or(endpoint);
        Recipient {
            name: host.to_owned(),
            way: format!("Subscription/{}", one["id"].as_str().unwrap_or_default()),
            data: one["criteria"]
                .as_str()
                .unwrap_or_default()
                .split('?')
                .next()
                .unwrap_or_default()
                .to_owned(),
        }
    };
    Ok(found.iter().map(recipient).collect())
}

async fn processes(peers: &Peers) -> Result<Vec<Process>, PeerError> {
    let orchestrator = peers.orchestrator(&access::Actor::system());
    let mut all = Vec::new();
    for definition in orchestrator.definitions().await?.into_iter().take(MAX_PROCESSES) {
        let xml = orchestrator.definition_xml(&definition.key).await?;
        all.push(process(&definition.key, &definition.name, &xml));
    }
    Ok(all)
}

/// What the user tasks of a model say.
fn process(key: &str, name: &str, xml: &str) -> Process {
    let mut process = Process {
        key: key.to_owned(),
        name: name.to_owned(),
        roles: BTreeSet::new(),
        data: BTreeSet::new(),
        undeclared: Vec::new(),
    };
    let Ok(document) = roxmltree::Document::parse(xml) else {
        return process;
    };
    for task in document
        .descendants()
        .filter(|node| node.tag_name().name() == "userTask")
    {
        let inside = |name: &'static str| task.descendants().filter(move |node| node.tag_name().name() == name);
        for assignment in inside("assignmentDefinition") {
            let groups = assignment.attribute("candidateGroups").unwrap_or_default();
            process.roles.extend(
                groups
                    .split(',')
                    .map(|role| role.trim().to_owned())
                    .filter(|role| !role.is_empty()),
            );
        }
        let data = inside("property").find(|node| node.attribute("name") == Some("sinfonia:data"));
        match data
            .and_then(|node| node.attribute("value"))
            .map(|text| access::StepData::parse("", text))
        {
            Some(Ok(data)) => process.data.extend(data.types.into_keys()),
            _ => process
                .undeclared
                .push(task.attribute("name").unwrap_or_default().to_owned()),
        }
    }
    process
}

fn retention() -> Vec<Kept> {
    let rules = rules::retention();
    let kept = Kept {
        what: "Documentazione sanitaria".into(),
        how_long: rules.keep_because.it.clone(),
        source: rules.keep_because.source.clone(),
        status: rules.keep_because.status.clone(),
    };
    let copies = Kept {
        what: "Copie dei dati preparate per gli interessati".into(),
        how_long: format!("{} giorni, poi cancellate per sempre", rules::requests().copy_days),
        source: "scelta di progetto".into(),
        status: "confirmed".into(),
    };
    let erasable = rules.erasable.iter().map(|rule| Kept {
        what: format!("{} ({})", rule.it, rule.rtype),
        how_long: "fino alla richiesta di cancellazione".into(),
        source: rule.source.clone(),
        status: rule.status.clone(),
    });
    [kept, copies].into_iter().chain(erasable).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_says_who_works_with_which_data() {
        let xml = r#"<d xmlns:b="x" xmlns:z="y"><b:userTask name="Visita"><z:assignmentDefinition candidateGroups="mmg, infermiere"/>
            <z:property name="sinfonia:data" value="Patient(name) Observation"/></b:userTask><b:userTask name="Altro"/></d>"#;
        let process = process("k:1", "K", xml);
        assert_eq!(process.roles.into_iter().collect::<Vec<_>>(), ["infermiere", "mmg"]);
        assert_eq!(process.data.into_iter().collect::<Vec<_>>(), ["Observation", "Patient"]);
        assert_eq!(process.undeclared, ["Altro"]);
    }

    #[test]
    fn a_component_that_nobody_described_says_so() {
        let file: File = rules::table(include_str!("../../rules/register.json"));
        let all = activities(file.activities, &["pathways".into(), "nuova".into()]);
        assert_eq!((all.len(), all[1].purpose.as_str()), (2, "da descrivere"));
    }
}
