//! Steps of pathways in hand: each opens the data it declares, while it is open.

use super::search::{each, naming, tokens};
use super::{Ties, made};
use policy::{Policies, Relation};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Store, StoreError};

/// Extension of a Task: the data its step declares, as the model's `sinfonia:data` says.
pub const STEP_DATA_EXTENSION: &str = "https://sinfonia.it/fhir/StructureDefinition/step-data";

/// System of the codes in `Task.performerType` that name a person to whom the step is offered (`Practitioner/…`).
pub(crate) const CANDIDATE_SYSTEM: &str = "https://sinfonia.it/fhir/sid/candidate";

/// States of a task that nobody has taken.
pub(super) const UNCLAIMED: &[&str] = &["requested", "received", "ready"];

/// States of a task in somebody's hands.
pub(super) const OPEN: &[&str] = &["requested", "received", "accepted", "ready", "in-progress", "on-hold"];

/// What a step declares: FHIR types, each with the elements it needs (empty: all).
///
/// ```
/// let data = access::StepData::parse("12", "Patient(name, birthDate) Observation").unwrap();
/// assert_eq!(data.types["Patient"], ["name", "birthDate"]);
/// assert!(data.types["Observation"].is_empty());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepData {
    /// Id of the Task.
    pub task: String,
    /// By type.
    pub types: BTreeMap<String, Vec<String>>,
}

impl StepData {
    /// Reads a declaration: types separated by blanks, elements of a type between brackets.
    ///
    /// # Errors
    /// What cannot be read, for the lint of models.
    pub fn parse(task: &str, text: &str) -> Result<Self, String> {
        let mut types = BTreeMap::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            if !name.starts_with(|c: char| c.is_ascii_uppercase()) {
                return Err(format!(
                    "'{rest}': a FHIR type is expected, e.g. Patient(name, birthDate) Observation"
                ));
            }
            let mut elements = Vec::new();
            rest = after.trim_start();
            if let Some(inner) = rest.strip_prefix('(') {
                let (list, after) = inner
                    .split_once(')')
                    .ok_or_else(|| format!("'(' after {name} is not closed"))?;
                let list = list.split(',').map(str::trim).filter(|element| !element.is_empty());
                elements.extend(list.map(str::to_owned));
                rest = after;
            }
            rest = rest.trim_start_matches([' ', ',', ';', '\n', '\t']);
            types.insert(name.to_owned(), elements);
        }
        Ok(Self {
            task: task.to_owned(),
            types,
        })
    }
}

pub(super) async fn read(store: &dyn Store, policies: &Policies, who: (&str, &str)) -> Result<Ties, StoreError> {
    let mut ties = Ties::default();
    let me = format!("{}/{}", who.0, who.1);
    naming(store, "Task", "owner", who, Some(("status", OPEN)), |resource, task| {
        let Some(patient) = resource.patient.as_ref().filter(|_| made::ties(task, &me)) else {
            return Ok(());
        };
        ties.steps = true;
        let tie = ties.entry(patient)?;
        tie.relations = tie.relations.with(Relation::Work);
        tie.steps.push(Arc::new(declared(policies, &resource.id, task)));
        Ok(())
    })
    .await?;
    let clauses = vec![
        tokens("Task", "performer", Some(CANDIDATE_SYSTEM), &[&me])?,
        tokens("Task", "status", None, UNCLAIMED)?,
    ];
    each(store, "Task", clauses, |resource, task| {
        let offered = task["owner"].is_null() && made::ties(task, &me);
        let (Some(patient), true) = (&resource.patient, offered) else {
            return Ok(());
        };
        let opens = StepData::parse(&resource.id, policies.types().offered_step()).unwrap_or_default();
        ties.steps = true;
        let tie = ties.entry(patient)?;
        tie.relations = tie.relations.with(Relation::Work);
        tie.steps.push(Arc::new(opens));
        Ok(())
    })
    .await?;
    Ok(ties)
}

/// What the task's step declares; a step that declares nothing gets what the table says for such.
fn declared(policies: &Policies, id: &str, task: &Value) -> StepData {
    let mut extensions = task["extension"].as_array().into_iter().flatten();
    let text = extensions
        .find(|extension| extension["url"] == STEP_DATA_EXTENSION)
        .and_then(|extension| extension["valueString"].as_str());
    let text = text.unwrap_or(policies.types().undeclared_step());
    // A declaration that cannot be read was refused at deployment; one that came another way opens nothing.
    StepData::parse(id, text).unwrap_or_default()
}
